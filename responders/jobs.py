"""arq jobs of the responders. Nudges: rows in their states are the queue, and `sweep` finds what a lost nudge left."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from models import job_names
from models.neighbours import forget_old_marks
from responders.asked_numbers import AskedNumbers
from responders.chats.hearing import keep_hearing
from responders.chats.running import look_after
from responders.city_services import ServicesInStep
from responders.claims import release_expired
from responders.errors import CityUnreachable
from responders.fixed_rounds import FixedRounds
from responders.following_city import CityFollower
from responders.giving_up import Unanswered
from responders.joining import let_go_of_dead_heads
from responders.outbox import Outbox
from responders.status import StatusReplies
from responders.submission import Submission
from responders.suggesting import Suggester

log = logging.getLogger(__name__)


async def draft_replies(ctx: dict[str, Any]) -> int:
    """Draft replies for every understood mention; returns how many."""
    suggester: Suggester = ctx["suggester"]
    count = 0
    while done := await asyncio.to_thread(suggester.suggest):
        count += len(done)
    return count


async def submit_request(ctx: dict[str, Any], request_id: int) -> None:
    """File one approved request, then wake the replies that waited for its number."""
    submission: Submission = ctx["submission"]
    await _wake(ctx, await submission.file(request_id))


async def send_reply(ctx: dict[str, Any], reply_id: int) -> None:
    """Send one approved reply."""
    outbox: Outbox = ctx["outbox"]
    await outbox.send(reply_id)


async def send_what_is_due(ctx: dict[str, Any]) -> None:
    """Nudge every reply and request whose time has come, and give back what a claim or a request let go."""
    outbox: Outbox = ctx["outbox"]
    submission: Submission = ctx["submission"]
    nudge: Callable[..., Awaitable[None]] = ctx["nudge"]
    for request_id in await asyncio.to_thread(submission.due):
        await nudge(job_names.SUBMIT_REQUEST, request_id)
    await _wake(ctx, await asyncio.to_thread(outbox.due))
    await asyncio.to_thread(_give_back, outbox)


async def resolve_doubt(ctx: dict[str, Any]) -> None:
    """Look for proof of what may have been sent or filed, and ask what tokens have become."""
    outbox: Outbox = ctx["outbox"]
    submission: Submission = ctx["submission"]
    following: CityFollower | None = ctx["following"]
    await asyncio.to_thread(outbox.expire_leases)
    await asyncio.to_thread(submission.expire_leases)
    await outbox.prove()
    await _wake(ctx, await submission.prove())
    if following:
        await _wake(ctx, await following.poll_tokens())


async def refresh_status(ctx: dict[str, Any]) -> None:
    """Copy what the city says about its open requests."""
    following: CityFollower | None = ctx["following"]
    if following:
        await following.refresh()


async def sync_services(ctx: dict[str, Any]) -> None:
    """Once a day: ask which services the city offers and what they ask."""
    services: ServicesInStep | None = ctx["services"]
    if services is None:
        return
    try:
        changes = await services.sync_if_due()
    except CityUnreachable as error:
        log.info("the city's services: %s", error)
    else:
        if changes:
            log.info("the city's services changed: %s", changes)


async def tell_changes(ctx: dict[str, Any]) -> None:
    """Draft what residents are to be told of the changes at the city."""
    telling: StatusReplies = ctx["telling"]
    await asyncio.to_thread(telling.tell_all)


async def look_up_numbers(ctx: dict[str, Any]) -> None:
    """Ask the city about the numbers of requests that did not come through us, and that somebody asked about."""
    asked: AskedNumbers | None = ctx["asked_numbers"]
    if asked:
        await asked.ask()


async def clear_lookup(ctx: dict[str, Any]) -> None:
    """Take what nobody can repeat any more out of the lookup of neighbours."""
    await asyncio.to_thread(_clear_lookup, ctx["outbox"])


async def _wake(ctx: dict[str, Any], reply_ids: list[int]) -> None:
    for reply_id in reply_ids:
        await ctx["nudge"](job_names.SEND_REPLY, reply_id)


def _clear_lookup(outbox: Outbox) -> None:
    with outbox.database.write() as session:
        forget_old_marks(session, outbox.clock())


def _hear_chats(outbox: Outbox) -> None:
    with outbox.database.write() as session:
        keep_hearing(session, outbox.clock())


def _give_back(outbox: Outbox) -> None:
    with outbox.database.write() as session:
        release_expired(session, outbox.clock())
        let_go_of_dead_heads(session, outbox.clock())


async def follow_fixed(ctx: dict[str, Any]) -> None:
    """Follow our questions whether it is fixed, and close those nobody answered."""
    fixed: FixedRounds = ctx["fixed"]
    await asyncio.to_thread(fixed.look)


async def look_after_chats(ctx: dict[str, Any]) -> int:
    """Open and end tweet chats by the clock, and note when their questions were asked."""
    outbox: Outbox = ctx["outbox"]
    return await asyncio.to_thread(look_after, outbox.database, outbox.clock())


async def hear_chats(ctx: dict[str, Any]) -> None:
    """Begin the searches that tweet chats are heard by, and end those of chats that are over."""
    await asyncio.to_thread(_hear_chats, ctx["outbox"])


async def look_after_questions(ctx: dict[str, Any]) -> int:
    """Remind once of what nobody answers, and hand over to a person what is not answered at all."""
    unanswered: Unanswered = ctx["unanswered"]
    return await asyncio.to_thread(unanswered.look)


JOBS = [draft_replies, submit_request, send_reply, tell_changes]
"""What other packages may nudge, by the names in models.job_names."""

ROUNDS = [
    (send_what_is_due, 2),
    (look_after_chats, 2),
    (hear_chats, 5),
    (resolve_doubt, 5),
    (refresh_status, 30),
    (sync_services, 300),
    (tell_changes, 5),
    (follow_fixed, 10),
    (look_after_questions, 60),
    (look_up_numbers, 5),
    (clear_lookup, 60),
]
"""What runs by itself: (job, every so many seconds)."""
