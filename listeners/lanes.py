"""What an account hears beside its mentions: quotes, direct messages and what rules search for, each in its own lane.

A step hears the lanes that are due, one page each, after the mentions and under the same lease. A lane's trouble is its
own: it is written on the lane, and everything else is heard all the same.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session, and_, col, or_, select

from listeners.cadence import LIVE
from listeners.errors import ListenerError, PermissionMissing, RateLimited
from listeners.hearing import Hearing
from listeners.intake import store_page
from listeners.protocol import Batch, CountsFound, HearsLanes, Searches, SearchRule, Streams
from models import Account, ChatNetwork, ChatState, Lane, ListeningRule, TweetChat

log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=65)
"""Between two looks into a lane. Source: X lets us ask for direct messages 15 times in 15 minutes."""
PERMISSION_AGAIN = timedelta(minutes=15)
BESIDE_STREAM = timedelta(seconds=30)
"""Between two searches for a live chat whose posts a stream brings: the search finds what the stream lost."""
LIVE_PAGES = 10
"""Of one live chat in one step, so that a flood holds up nothing else for long."""
LANES_A_STEP = 3
"""Beside the searches of live chats, which all have their turn."""
COUNT_AGAIN = timedelta(hours=1)
RESTS = (
    "It rests: the month's ceiling is reached. It goes on where it stopped when the operator raises the ceiling, or "
    "when the month (UTC) is over."
)


@dataclass(frozen=True, slots=True)
class Due:
    """A lane to be heard now; `rule` where it is a search."""

    name: str
    cursor: str | None
    rule: SearchRule | None = None

    @property
    def is_live(self) -> bool:
        """Whether it searches for the hashtag of a chat that takes place now."""
        return self.rule is not None and self.rule.live

    @property
    def is_optional(self) -> bool:
        """Whether it rests while there is no money: what it finds did not speak to us, and nobody waits for it."""
        return self.rule is not None and not self.rule.live


def lane_of(rule_id: int) -> str:
    """The name of a rule's lane."""
    return f"rule-{rule_id}"


async def hear_lanes(hearing: Hearing) -> None:
    """What a stream brought; then one page of each lane that is due, those that wait longest first.

    Of a live chat all pages, as far as LIVE_PAGES: what is newest comes with the first page of the next look. At the
    month's ceiling what is optional rests.
    """
    await hear_stream(hearing)
    dues = await asyncio.to_thread(_due, hearing)
    if any(due.is_optional for due in dues) and not hearing.affords():
        resting = [due.name for due in dues if due.is_optional]
        await asyncio.to_thread(hearing.under_lease, partial(_note_rest, resting))
        dues = [due for due in dues if not due.is_optional]
    for due in _in_turn(dues):
        for _ in range(LIVE_PAGES if due.is_live else 1):
            batch = await _page_of(hearing, due)
            if batch is None or not batch.more:
                break
            due = replace(due, cursor=batch.cursor)


async def _page_of(hearing: Hearing, due: Due) -> Batch | None:
    """Fetch and store one page of a lane; None where that failed, which is written on the lane."""
    try:
        batch, pause = await _fetched(hearing, due), _pause(hearing, due)
        new = await asyncio.to_thread(hearing.under_lease, partial(_store, due.name, batch, pause))
    except ListenerError as error:
        log.info("%s, lane %s: %s", hearing.account_name, due.name, error)
        await asyncio.to_thread(hearing.under_lease, partial(_note_trouble, due.name, error))
        return None
    except Exception as error:  # a lane that breaks waits for its next time, like any other, and stops none
        log.exception("%s, lane %s", hearing.account_name, due.name)
        broke = ListenerError(f"What came there could not be taken in ({type(error).__name__})")
        await asyncio.to_thread(hearing.under_lease, partial(_note_trouble, due.name, broke))
        return None
    if new:
        await hearing.heard()
    return None if new is None else batch


async def hear_stream(hearing: Hearing) -> None:
    """Store what a stream brought for live chats. What is lost on the way is found by the search all the same."""
    listener = hearing.listener
    if not isinstance(listener, Streams):
        return
    try:
        batch = await listener.stream(await asyncio.to_thread(_live, hearing))
    except ListenerError as error:
        log.info("%s, stream: %s", hearing.account_name, error)
        return
    if batch.posts or batch.unreadable:
        stored = await asyncio.to_thread(hearing.under_lease, partial(_store_streamed, batch))
        if stored:
            await hearing.heard()


def _pause(hearing: Hearing, due: Due) -> timedelta:
    """Until the next look into a lane."""
    if not due.is_live:
        return PAUSE
    streamed = isinstance(hearing.listener, Streams) and hearing.listener.stream_is_open
    return BESIDE_STREAM if streamed else min(LIVE, hearing.poll_every)


async def count_rules(hearing: Hearing) -> None:
    """Ask how many posts a rule would find, for rules that wait for it, and now and then for those that run."""
    if not isinstance(hearing.listener, CountsFound):
        return
    rule = await asyncio.to_thread(_uncounted, hearing)
    if rule is None:
        return
    try:
        found, trouble = await hearing.listener.count(rule.query), ""
    except RateLimited:
        return
    except ListenerError as error:
        found, trouble = None, f"{error}."
    await asyncio.to_thread(hearing.under_lease, partial(_note_count, rule.id or 0, found, trouble))


async def _fetched(hearing: Hearing, due: Due) -> Batch:
    listener = hearing.listener
    if due.rule is not None and isinstance(listener, Searches):
        return await listener.search(due.rule, due.cursor)
    assert isinstance(listener, HearsLanes)  # noqa: S101 - _due names no other lane
    return await listener.fetch_lane(due.name, due.cursor)


def _due(hearing: Hearing) -> Sequence[Due]:
    """The lanes that are due, those that wait longest first."""
    now = hearing.clock()
    with hearing.database.read() as session:
        account = session.exec(select(Account).where(Account.name == hearing.account_name)).one()
        hearing.live = _takes_place(session, account)
        lanes = {lane.name: lane for lane in session.exec(select(Lane).where(Lane.account_id == account.id)).all()}
        wanted: dict[str, SearchRule | None] = {}
        if isinstance(hearing.listener, HearsLanes):
            wanted |= dict.fromkeys(hearing.listener.lanes)
        if isinstance(hearing.listener, Searches):
            wanted |= {lane_of(rule.id): rule for rule in _running(session, account, now)}
    waiting = [name for name in wanted if name not in lanes or (lanes[name].resume_at or now) <= now]
    waiting.sort(key=lambda name: (lanes[name].resume_at or now).timestamp() if name in lanes else 0.0)
    return [Due(name, lanes[name].cursor if name in lanes else None, wanted[name]) for name in waiting]


def _in_turn(dues: Sequence[Due]) -> Sequence[Due]:
    """Those that are heard in one step."""
    live = [one for one in dues if one.is_live]
    return [*live, *[one for one in dues if not one.is_live][:LANES_A_STEP]]


def _running(session: Session, account: Account, now: datetime) -> list[SearchRule]:
    rules = session.exec(
        select(ListeningRule, TweetChat.state)
        .join(TweetChat, col(TweetChat.id) == ListeningRule.chat_id, isouter=True)
        .where(
            ListeningRule.account_id == account.id,
            col(ListeningRule.begins_at) <= now,
            col(ListeningRule.ended_at).is_(None),
        )
    ).all()
    return [
        SearchRule(rule.id or 0, rule.query, rule.begins_at, rule.chat_id is not None, state == ChatState.LIVE)
        for rule, state in rules
        if rule.begins_at
    ]


def _live(hearing: Hearing) -> list[SearchRule]:
    with hearing.database.read() as session:
        account = session.exec(select(Account).where(Account.name == hearing.account_name)).one()
        return [rule for rule in _running(session, account, hearing.clock()) if rule.live]


def _takes_place(session: Session, account: Account) -> bool:
    """Whether a tweet chat takes place on an account now, searched for or not."""
    live = (
        select(ChatNetwork.id)
        .join(TweetChat, col(TweetChat.id) == ChatNetwork.chat_id)
        .where(ChatNetwork.account_id == account.id, TweetChat.state == ChatState.LIVE)
    )
    return session.exec(live.limit(1)).first() is not None


def _uncounted(hearing: Hearing) -> ListeningRule | None:
    now = hearing.clock()
    with hearing.database.read() as session:
        return session.exec(
            select(ListeningRule)
            .join(Account, col(Account.id) == ListeningRule.account_id)
            .where(
                Account.name == hearing.account_name,
                col(ListeningRule.ended_at).is_(None),
                or_(
                    col(ListeningRule.counted_at).is_(None),
                    and_(col(ListeningRule.trouble) != "", col(ListeningRule.counted_at) < now - COUNT_AGAIN),
                ),
            )
            .order_by(col(ListeningRule.id))
            .limit(1)
        ).first()


def _note_count(rule_id: int, found: int | None, trouble: str, session: Session, _: Account, now: datetime) -> None:
    rule = session.get_one(ListeningRule, rule_id, with_for_update=True)
    rule.found_in_week, rule.trouble, rule.counted_at = found, trouble, now
    session.add(rule)


def _lane(session: Session, account: Account, name: str) -> Lane:
    found = session.exec(select(Lane).where(Lane.account_id == account.id, Lane.name == name)).first()
    return found or Lane(account_id=account.id or 0, name=name)


def _store_streamed(batch: Batch, session: Session, account: Account, now: datetime) -> bool:
    """Posts alone: a stream has no cursor, and the search's own stays where it is (invariant 2)."""
    return bool(store_page(session, account, batch, now).to_understand)


def _store(name: str, batch: Batch, pause: timedelta, session: Session, account: Account, now: datetime) -> bool:
    """Posts and the lane's cursor in one transaction (invariant 2); whether there is something to understand."""
    lane = _lane(session, account, name)
    stored = store_page(session, account, batch, now)
    lane.cursor, lane.trouble, lane.last_contact_at = batch.cursor, "", now
    lane.resume_at = now if batch.more else now + pause
    session.add(lane)
    return bool(stored.to_understand)


def _note_rest(names: Sequence[str], session: Session, account: Account, now: datetime) -> None:
    """Their cursors stay: nothing is lost that the channel can still find when they go on."""
    for name in names:
        lane = _lane(session, account, name)
        lane.trouble, lane.resume_at = RESTS, now + PAUSE
        session.add(lane)


def _note_trouble(name: str, error: ListenerError, session: Session, account: Account, now: datetime) -> None:
    lane = _lane(session, account, name)
    lane.trouble = f"{error}."
    match error:
        case RateLimited():
            lane.trouble, lane.resume_at = "", error.retry_at
        case PermissionMissing():
            lane.resume_at = now + PERMISSION_AGAIN
        case _:
            lane.resume_at = now + PAUSE
    session.add(lane)
