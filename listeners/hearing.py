"""Hear one account, page after page, under a lease: at any time one process listens for an account.

Errors never stop the loop and never lose a post: the cursor stands where the last stored page left it. What is wrong is
written on the account, where the desk and `hark status` show it.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from listeners.errors import CredentialsRejected, ListenerError, RateLimited
from listeners.intake import Stored, store_batch
from listeners.protocol import Batch, FindsDeleted, Listener
from models import CHANNELS, Account, AccountHealth, Database, Mention, Post, utc_now
from models.deletion import forget_post
from models.lifecycle import OPEN_MENTIONS
from models.posts import PostKind

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
KEY_AGAIN = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(seconds=60)
LOOK_UP = 100
"""Post ids asked about in one call. Source: X API v2, GET /2/tweets takes 100."""


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
    _failures: int = field(default=0, init=False)

    async def listen(self) -> None:
        """Listen until cancelled; the lease is given back on the way out."""
        try:
            while True:
                pause = await self.listen_once()
                await asyncio.sleep(pause)
        finally:
            await asyncio.shield(asyncio.to_thread(self._give_lease_back))

    async def listen_once(self) -> float:
        """Fetch and store one page; returns the seconds to pause before the next."""
        try:
            cursor = await asyncio.to_thread(self._take_lease)
            if cursor is _NOT_OURS:
                return self.poll_every.total_seconds()
            us = await self.listener.whoami()
            batch = await self.listener.fetch(cursor)
            stored = await asyncio.to_thread(self._store, batch, us.channel_account_id, us.handle)
        except ListenerError as error:
            return await asyncio.to_thread(self._note_trouble, error)
        except Exception:
            log.exception("listening on %s failed", self.account_name)
            return self._pause()
        self._failures = 0
        if stored and stored.to_understand:
            await self.heard()
        new_posts = stored.new_posts if stored else 0
        return 0 if batch.more else self.pause_of(self.poll_every, new_posts).total_seconds()

    def _take_lease(self) -> str | None:
        with self.database.write() as session:
            account, now = _locked(session, self.account_name), self.clock()
            if account.lease_holder not in (None, self.holder) and account.lease_until and account.lease_until > now:
                return _NOT_OURS
            account.lease_holder, account.lease_until = self.holder, now + LEASE
            session.add(account)
            return account.cursor

    def _store(self, batch: Batch, channel_account_id: str, handle: str) -> Stored | None:
        with self.database.write() as session:
            account, now = _locked(session, self.account_name), self.clock()
            if account.lease_holder != self.holder:
                return None  # another process took over while we fetched: it will fetch the same page
            account.channel_account_id, account.handle = channel_account_id, handle
            account.health, account.trouble, account.last_contact_at = AccountHealth.OK, "", now
            account.resume_at = None
            return store_batch(session, account, batch, now)

    def _note_trouble(self, error: ListenerError) -> float:
        with self.database.write() as session:
            account, now = _locked(session, self.account_name), self.clock()
            match error:
                case CredentialsRejected():
                    account.health = AccountHealth.CREDENTIALS_REJECTED
                    account.trouble = f"{error}. Nothing is lost; mend the key and listening goes on where it stopped."
                    pause = KEY_AGAIN.total_seconds()
                case RateLimited():
                    account.health, account.trouble = AccountHealth.RATE_LIMITED, f"The channel {error}."
                    pause = max((error.retry_at - now).total_seconds(), 1) + random.random()  # noqa: S311 - jitter
                case _:
                    account.health, account.trouble = AccountHealth.UNAVAILABLE, f"{error}. We keep trying."
                    pause = self._pause()
            account.resume_at = now + timedelta(seconds=pause)
            session.add(account)
        log.warning("%s: %s (again in %.0f s)", self.account_name, error, pause)
        return pause

    def _pause(self) -> float:
        self._failures += 1
        longest: float = min(2.0 ** min(self._failures, 10), LONGEST_PAUSE.total_seconds())
        return longest * (0.5 + random.random() / 2)  # noqa: S311 - jitter

    def _give_lease_back(self) -> None:
        with self.database.write() as session:
            account = _locked(session, self.account_name)
            if account.lease_holder == self.holder:
                account.lease_holder = account.lease_until = None
                session.add(account)

    async def forget_deleted(self) -> int:
        """Ask the channel which posts of open work are gone, and purge those (invariant 6); returns how many."""
        if not isinstance(self.listener, FindsDeleted):
            return 0
        gone, after = 0, 0
        while batch := await asyncio.to_thread(self._posts_of_open_work, after):
            after = batch[-1][0]
            try:
                missing = await self.listener.deleted([post_id for _, post_id in batch])
            except ListenerError as error:
                log.info("%s: could not ask which posts are gone (%s)", self.account_name, error)
                return gone
            gone += await asyncio.to_thread(self._forget, missing)
        return gone

    def _posts_of_open_work(self, after: int) -> list[tuple[int, str]]:
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
                    col(Mention.state).in_(OPEN_MENTIONS),
                )
                .order_by(col(Post.id))
                .limit(LOOK_UP)
            ).all()
            return [(row_id or 0, post_id) for row_id, post_id in rows]

    def _forget(self, post_ids: Sequence[str]) -> int:
        with self.database.write() as session:
            account, now = _locked(session, self.account_name), self.clock()
            posts = session.exec(
                select(Post).where(
                    Post.account_id == account.id,
                    col(Post.channel_post_id).in_(post_ids),
                    col(Post.deleted_at).is_(None),
                )
            ).all()
            label = CHANNELS[account.channel].label
            for post in posts:
                forget_post(session, post, "listener", f"{label} does not show the post any more", now)
            return len(posts)


_NOT_OURS = "\0"
"""Stands for a cursor while another process holds the lease."""


def _locked(session: Session, name: str) -> Account:
    return session.exec(select(Account).where(Account.name == name).with_for_update()).one()
