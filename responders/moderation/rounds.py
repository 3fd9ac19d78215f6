"""What runs by itself once people have decided: acts end in time, networks are asked, notices that waited are drafted.

Nothing here begins an act. What a network is asked is safe to repeat, so a doubtful call is simply made again; the try
is committed before the call, so that a crash between the two undoes too much rather than too little.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, and_, col, or_, select

from models import Account, Author, Channel, ModerationAct, ModerationKind, ModerationState, OnNetwork, Post
from models.freezes import freeze_over
from responders.errors import SendDeferred, SendRefused
from responders.moderation.acts import expire
from responders.moderation.networks import call_for, not_offered
from responders.moderation.notices import tell_who_waits
from responders.protocol import Responder
from responders.review import Desk

log = logging.getLogger(__name__)

AT_ONCE = 20
LEASE = timedelta(seconds=60)
"""So long a call may take before another worker makes it."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
KEY_PAUSE = timedelta(minutes=10)
ENDED = (ModerationState.LIFTED, ModerationState.EXPIRED)
NO_ACCOUNT = "Our account here is switched off or only listens; it holds on the desk only."
ANOTHER_HOLDS = "another act of the same kind holds, so nothing was undone"


@dataclass(frozen=True, slots=True)
class Ask:
    """One call that is due, with all it needs."""

    act_id: int
    kind: ModerationKind
    account: str
    channel: Channel
    post_id: str
    author_id: str
    undo: bool
    tries: int


@dataclass(frozen=True, slots=True)
class ModerationRounds:
    """Ends acts, asks networks and drafts notices. `responders`: by account name, entered."""

    desk: Desk
    responders: Mapping[str, Responder]

    def look(self) -> None:
        """End what is over, and draft the notices that could not be drafted before."""
        with self.desk.database.write() as session:
            expire(session, self.desk.clock())
            tell_who_waits(session, self.desk, self.desk.clock())

    async def ask_networks(self) -> int:
        """Ask for what was decided and has not been done, and undo what has ended; returns how many calls were due."""
        due = await asyncio.to_thread(self._due)
        for ask in due:
            await self._ask(ask)
        return len(due)

    def _due(self) -> list[Ask]:
        now = self.desk.clock()
        to_do = and_(ModerationAct.state == ModerationState.IN_FORCE, ModerationAct.on_network == OnNetwork.ASKED)
        done = col(ModerationAct.on_network).in_((OnNetwork.DONE, OnNetwork.ASKED))
        to_undo = and_(col(ModerationAct.state).in_(ENDED), done)
        ripe = or_(col(ModerationAct.network_next_at).is_(None), col(ModerationAct.network_next_at) <= now)
        with self.desk.database.write() as session:
            acts = session.exec(
                select(ModerationAct)
                .where(or_(to_do, to_undo), ripe)
                .order_by(col(ModerationAct.id))
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            return [self._begin(session, one, now) for one in acts if not freeze_over(session, one.account_id, None)]

    def _begin(self, session: Session, act: ModerationAct, now: datetime) -> Ask:
        act.network_tries += 1
        act.network_next_at = now + LEASE
        session.add(act)
        account, author = session.get_one(Account, act.account_id), session.get_one(Author, act.author_id)
        post = session.get(Post, act.post_id) if act.post_id else None
        return Ask(
            act_id=act.id or 0,
            kind=act.kind,
            account=account.name,
            channel=account.channel,
            post_id=post.channel_post_id if post else "",
            author_id=author.channel_author_id,
            undo=act.state in ENDED,
            tries=act.network_tries,
        )

    async def _ask(self, ask: Ask) -> None:
        responder = self.responders.get(ask.account)
        if ask.undo and await asyncio.to_thread(self._another_holds, ask):
            return await self._note(ask, OnNetwork.UNDONE, ANOTHER_HOLDS)
        call = call_for(responder, ask.kind, ask.post_id, ask.author_id, undo=ask.undo) if responder else None
        if call is None:
            why = NO_ACCOUNT if responder is None else not_offered(ask.channel, ask.kind)
            return await (self._again(ask, why, KEY_PAUSE) if ask.undo else self._note(ask, OnNetwork.CANNOT, why))
        try:
            await call()
        except SendRefused as refused:
            again = ask.undo or refused.credentials
            await (
                self._again(ask, refused.reason, KEY_PAUSE)
                if again
                else self._note(ask, OnNetwork.REFUSED, refused.reason)
            )
        except SendDeferred as deferred:
            await self._again(ask, deferred.reason, max(deferred.retry_at - self.desk.clock(), timedelta(seconds=1)))
        except Exception as error:
            log.info("act of moderation %d on its network: %s", ask.act_id, type(error).__name__)
            await self._again(ask, "The network gave no clear answer; it is asked again.", None)
        else:
            await self._note(ask, OnNetwork.UNDONE if ask.undo else OnNetwork.DONE, "")

    def _another_holds(self, ask: Ask) -> bool:
        """Whether the same author or post is under another act, which undoing this one would end on the network."""
        with self.desk.database.read() as session:
            act = session.get_one(ModerationAct, ask.act_id)
            same = ModerationAct.post_id == act.post_id if ask.kind == ModerationKind.HIDE else _same_author(act)
            other = select(ModerationAct.id).where(
                same,
                ModerationAct.kind == act.kind,
                ModerationAct.state == ModerationState.IN_FORCE,
                col(ModerationAct.expires_at) > self.desk.clock(),
            )
            return session.exec(other).first() is not None

    async def _note(self, ask: Ask, what: OnNetwork, detail: str) -> None:
        await asyncio.to_thread(self._write, ask, what, detail, None)

    async def _again(self, ask: Ask, detail: str, pause: timedelta | None) -> None:
        wait = pause or min(FIRST_PAUSE * 2 ** min(ask.tries - 1, 10), LONGEST_PAUSE)
        await asyncio.to_thread(self._write, ask, None, detail, self.desk.clock() + wait)

    def _write(self, ask: Ask, what: OnNetwork | None, detail: str, next_at: datetime | None) -> None:
        """What came of a call. An act that ended meanwhile keeps what was done, so that it is undone at once."""
        with self.desk.database.write() as session:
            act = session.get_one(ModerationAct, ask.act_id, with_for_update=True)
            ended_meanwhile = act.state in ENDED and not ask.undo
            act.on_network = what or (OnNetwork.ASKED if ended_meanwhile else act.on_network)
            act.network_detail, act.network_next_at = detail, None if ended_meanwhile else next_at
            session.add(act)


def _same_author(act: ModerationAct) -> Any:
    return and_(ModerationAct.author_id == act.author_id, ModerationAct.account_id == act.account_id)


async def moderate(ctx: dict[str, Any]) -> int:
    """End acts whose time is over, draft notices, and ask the networks for what people decided."""
    rounds: ModerationRounds = ctx["moderation"]
    await asyncio.to_thread(rounds.look)
    return await rounds.ask_networks()


ROUNDS = [(moderate, 5)]
"""What runs by itself: (job, every so many seconds)."""
