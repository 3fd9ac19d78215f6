"""Hear one account, page after page, under a lease: at any time one process listens for an account.

Errors never stop the loop and never lose a post: the cursor stands where the last stored page left it. What is wrong is
written on the account, where the desk and `hark status` show it. What else an account hears (search rules, direct
messages, gaps) comes after its mentions, under the same lease: see `Hearing.beside`.
"""

import asyncio
import logging
import random
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlmodel import Session, col, or_, select

from listeners.cadence import while_live
from listeners.changes import forget_posts
from listeners.errors import (
    AnotherAccount,
    ChannelUnavailable,
    CredentialsRejected,
    ListenerError,
    PermissionMissing,
    RateLimited,
)
from listeners.intake import Stored, begin, store_batch
from listeners.protocol import AsksOneByOne, Batch, FindsDeleted, Listener, OurAccount, Wakes
from listeners.silences import note_silence
from models import (
    CHANNELS,
    Account,
    AccountHealth,
    ChatEntry,
    ChatState,
    Database,
    Mention,
    Post,
    TweetChat,
    utc_now,
)
from models.lifecycle import OPEN_MENTIONS
from models.posts import PostKind

log = logging.getLogger(__name__)

T = TypeVar("T")

LEASE = timedelta(seconds=60)
KEY_AGAIN, LONGEST_KEY_PAUSE = timedelta(seconds=20), timedelta(minutes=2)
PERMISSION_AGAIN = timedelta(minutes=5)
RETIRED_AGAIN = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(seconds=60)
LOOK_UP = 100
"""Post ids asked about in one call. Source: X API v2, GET /2/tweets takes 100."""
ONE_BY_ONE, ONE_BY_ONE_A_ROUND = 20, 60
"""The same where each takes a call of its own, and how many in one round: hearing and answering need the limit more."""


@dataclass(slots=True)
class Hearing:
    """One account's ear. `holder` names this process in the lease; `heard` is called after new posts are stored."""

    database: Database
    account_name: str
    listener: Listener
    holder: str
    heard: Callable[[], Awaitable[None]]
    poll_every: timedelta
    clock: Callable[[], datetime] = utc_now
    pause_of: Callable[[timedelta, int], timedelta] = lambda poll_every, _new_posts: poll_every
    """The pause after a page, from the usual one and how many new posts it brought: volume and budget decide."""
    affords: Callable[[], bool] = lambda: True
    """Whether this month's money reaches for what is good to have. Mentions are looked for in any case."""
    ask_backfill: bool = False
    """What was written before our first contact waits for a person to take it in."""
    beside: Sequence[Callable[["Hearing"], Awaitable[None]]] = ()
    """What is heard beside the mentions, one step each, whenever no more mentions wait and no trouble is on."""
    at_once: Callable[["Hearing"], Awaitable[None]] | None = None
    """What a wake does instead of ending the pause, where the channel itself brought what is there."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends a pause early: set it when the channel says that something is there."""
    live: bool = field(default=False, init=False)
    """A tweet chat takes place on this account: it is looked at every few seconds. Set by what hears the searches."""
    _failures: int = field(default=0, init=False)
    _asked_to_wait: bool = field(default=False, init=False)
    _looked_to: int = field(default=0, init=False)
    """The post that the look for deletions has come to, where one round does not reach the end."""

    def __post_init__(self) -> None:
        if isinstance(self.listener, Wakes):
            self.listener.wake_by(self.woken.set)

    async def listen(self) -> None:
        """Listen until cancelled; the lease is given back on the way out."""
        try:
            while True:
                await self._rest(await self.listen_once())
        finally:
            await asyncio.shield(asyncio.to_thread(self._give_lease_back))

    async def listen_once(self) -> float:
        """Fetch and store one page; returns the seconds to pause before the next."""
        self._asked_to_wait = False
        try:
            ours = await asyncio.to_thread(self._take_lease)
            if ours is None:
                return self.poll_every.total_seconds()
            if ours.retired_at:
                return RETIRED_AGAIN.total_seconds()
            us = await self.listener.whoami()
            _require_same_account(ours, us)
            asked_at = self.clock()
            batch = await self.listener.fetch(ours.cursor)
            stored = await asyncio.to_thread(self.under_lease, partial(self._store, batch, us, asked_at))
        except PermissionMissing as error:
            pause = await asyncio.to_thread(self._note_trouble, error)
            await self._hear_beside()
            return pause
        except ListenerError as error:
            return await asyncio.to_thread(self._note_trouble, error)
        except Exception as error:
            log.exception("listening on %s failed", self.account_name)
            broke = f"What came could not be taken in ({type(error).__name__}); the worker's log says more"
            return await asyncio.to_thread(self._note_trouble, ChannelUnavailable(broke))
        self._failures = 0
        if stored and stored.to_understand:
            await self.heard()
        if batch.more:
            return 0
        if stored:
            await self._hear_beside()
        new_posts = stored.new_posts if stored else 0
        wait = self.pause_of(self.poll_every, new_posts)
        return (while_live(wait, self.poll_every) if self.live else wait).total_seconds()

    def under_lease(self, step: Callable[[Session, Account, datetime], T]) -> T | None:
        """Take a step in one transaction with the account locked; None, and no step, where the lease is not ours.

        Another process may have taken over while we fetched: then it fetches the same page.
        """
        with self.database.write() as session:
            account = _locked(session, self.account_name)
            return step(session, account, self.clock()) if account.lease_holder == self.holder else None

    async def _hear_beside(self) -> None:
        """Trouble with one of these is its own: the mentions are heard all the same."""
        for step in self.beside:
            await self._try(step)

    async def _try(self, step: Callable[["Hearing"], Awaitable[None]]) -> None:
        try:
            await step(self)
        except ListenerError as error:
            log.info("%s: %s", self.account_name, error)
        except Exception:
            log.exception("%s: what is heard beside the mentions failed", self.account_name)

    async def _rest(self, seconds: float) -> None:
        """Pause, or until woken; a pause the channel asked for is kept to its end.

        The lease is kept meanwhile: nobody else begins, and the desk sees us. What the channel brought by itself is
        taken in all the while.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        early = asyncio.Event() if self._asked_to_wait and self.at_once is None else self.woken
        while (left := until - loop.time()) > 0 and not early.is_set():
            kept = min(left, LEASE.total_seconds() / 2)
            with suppress(TimeoutError):
                await asyncio.wait_for(early.wait(), kept)
            if early.is_set() and self.at_once is not None:
                early.clear()
                await self._try(self.at_once)
            if kept < left:
                await asyncio.to_thread(self._take_lease)
        self.woken.clear()

    def _take_lease(self) -> Account | None:
        """The account as it stands, ours for LEASE; None while another process listens."""
        with self.database.write() as session:
            account, now = _locked(session, self.account_name), self.clock()
            if account.lease_holder not in (None, self.holder) and account.lease_until and account.lease_until > now:
                return None
            account.lease_holder, account.lease_until = self.holder, now + LEASE
            session.add(account)
            return account

    def _store(
        self, batch: Batch, us: OurAccount, asked_at: datetime, session: Session, account: Account, now: datetime
    ) -> Stored:
        begin(account, asked_at, ask=self.ask_backfill)  # a long poll brings what is written while we ask
        account.channel_account_id, account.handle = us.channel_account_id, us.handle
        if account.health == AccountHealth.CREDENTIALS_REJECTED:
            account.takes_words()  # it is another key now
        note_silence(session, account, now)
        account.health, account.trouble, account.last_contact_at = AccountHealth.OK, "", now
        account.resume_at = None
        return store_batch(session, account, batch, now)

    def _note_trouble(self, error: ListenerError) -> float:
        with self.database.write() as session:
            account, now = _locked(session, self.account_name), self.clock()
            account.health, account.trouble, pause = self._trouble(error, now)
            account.resume_at = now + timedelta(seconds=pause)
            session.add(account)
        log.warning("%s: %s (again in %.0f s)", self.account_name, error, pause)
        return pause

    def _trouble(self, error: ListenerError, now: datetime) -> tuple[AccountHealth, str, float]:
        """What each class of error does: health, the sentence for staff, and the seconds until we try again."""
        match error:
            case AnotherAccount():
                return AccountHealth.CREDENTIALS_REJECTED, str(error), self._key_pause()
            case CredentialsRejected():
                said = f"{error}. Nothing is lost; mend the key and listening goes on where it stopped."
                return AccountHealth.CREDENTIALS_REJECTED, said, self._key_pause()
            case PermissionMissing():
                said = f"{error}. Until then this part rests and all else goes on; nothing is lost."
                return AccountHealth.NO_PERMISSION, said, PERMISSION_AGAIN.total_seconds()
            case RateLimited():
                self._asked_to_wait = True
                wait = max((error.retry_at - now).total_seconds(), 1) + random.random()  # noqa: S311 - jitter
                return AccountHealth.RATE_LIMITED, f"The channel {error}.", wait
            case _:
                return AccountHealth.UNAVAILABLE, f"{error}. We keep trying.", self._pause()

    def _key_pause(self) -> float:
        self._failures += 1
        doubled: timedelta = KEY_AGAIN * 2 ** min(self._failures - 1, 8)
        return min(doubled, LONGEST_KEY_PAUSE).total_seconds()

    def _pause(self) -> float:
        self._failures += 1
        longest: float = min(2.0 ** min(self._failures, 10), LONGEST_PAUSE.total_seconds())
        return longest * (0.5 + random.random() / 2)  # noqa: S311 - jitter

    def _give_lease_back(self) -> None:
        with self.database.write() as session:
            account = _locked(session, self.account_name)
            if account.lease_holder == self.holder:
                account.lease_holder, account.lease_until = None, self.clock()  # so long somebody listened
                session.add(account)

    async def forget_deleted(self) -> int:
        """Ask the channel which posts of open work and of chats are gone, and purge those (invariant 6); how many."""
        if not isinstance(self.listener, FindsDeleted):
            return 0
        alone, gone = isinstance(self.listener, AsksOneByOne), 0
        after, most, left = (self._looked_to, ONE_BY_ONE, ONE_BY_ONE_A_ROUND) if alone else (0, LOOK_UP, sys.maxsize)
        while left > 0 and (batch := await asyncio.to_thread(self._posts_of_open_work, after, most)):
            try:
                missing = await self.listener.deleted([post_id for _, post_id in batch])
            except ListenerError as error:
                log.info("%s: could not ask which posts are gone (%s)", self.account_name, error)
                after, left = after if isinstance(error, RateLimited) else batch[-1][0], 0
                break
            gone += await asyncio.to_thread(self._forget, missing)
            after, left = batch[-1][0], left - len(batch)
        self._looked_to = after if left <= 0 else 0
        return gone

    def _posts_of_open_work(self, after: int, most: int) -> list[tuple[int, str]]:
        with self.database.read() as session:
            rows = session.exec(
                select(Post.id, Post.channel_post_id)
                .join(Mention, col(Mention.id) == Post.mention_id)
                .join(Account, col(Account.id) == Post.account_id)
                .where(
                    Account.name == self.account_name,
                    col(Post.id) > after,
                    Post.kind == PostKind.MENTION,
                    col(Post.deleted_at).is_(None),
                    or_(col(Mention.state).in_(OPEN_MENTIONS), col(Mention.id).in_(_on_boards(self.clock()))),
                )
                .order_by(col(Post.id))
                .limit(most)
            ).all()
            return [(row_id or 0, post_id) for row_id, post_id in rows]

    def _forget(self, post_ids: Sequence[str]) -> int:
        with self.database.write() as session:
            account = _locked(session, self.account_name)
            return forget_posts(session, account, post_ids, "does not show the post any more", self.clock())


def _on_boards(now: datetime) -> Any:
    """Mentions on the board of a chat that takes place, or ended within a day: they rest, and are shown there."""
    shown = or_(TweetChat.state == ChatState.LIVE, col(TweetChat.ended_at) > now - timedelta(days=1))
    return select(ChatEntry.mention_id).join(TweetChat, col(TweetChat.id) == ChatEntry.chat_id).where(shown)


def _require_same_account(ours: Account, us: OurAccount) -> None:
    """Raises AnotherAccount where the key opens another account than the one whose history this is."""
    if ours.channel_account_id not in ("", us.channel_account_id):
        label = CHANNELS[ours.channel].label
        raise AnotherAccount(
            f"The key of {ours.name} opens @{us.handle} ({us.channel_account_id}) on {label}, but what is stored under "
            f"this name belongs to @{ours.handle} ({ours.channel_account_id}). Nothing was heard with it, so that two "
            f"histories do not mix. Give @{us.handle} a name of its own in the settings, or put the key of "
            f"@{ours.handle} back."
        )


def _locked(session: Session, name: str) -> Account:
    return session.exec(select(Account).where(Account.name == name).with_for_update()).one()
