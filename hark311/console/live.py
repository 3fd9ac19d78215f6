"""What has just changed, told to every open page: one watcher of the database per process, many listeners.

The audit's newest id is the sequence number: whatever happens writes an entry. Each notice says from which number to
which it leads and which mentions it is about; who holds another number than the one it starts from has missed one, and
reads the page anew. Notices hold ids alone. The watcher also keeps who looks at what.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from models import AuditEntry, Database, Post, Reply, ServiceRequest
from models.presence import leave, look

log = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
BEAT_SECONDS = 10.0
LOOKED_BACK = 200
"""Newest rows compared with those known: one with a lower id may be committed after one with a higher."""
WAITING = 20
"""Notices that wait for a listener that is slow; who misses one sees the gap."""

Look = tuple[int, int]
"""(StaffUser.id, Mention.id or THE_LIST)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One step of the sequence. `mentions` None: too many to name. `here`: who looks at what has changed."""

    after: int
    number: int
    mentions: tuple[int, ...] | None = ()
    here: bool = False


@dataclass(eq=False, slots=True)
class Listener:
    """One open page: who sees it and what it is about."""

    look: Look
    notices: "asyncio.Queue[Notice | None]" = field(default_factory=lambda: asyncio.Queue(WAITING))


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest rows by id: what each audit entry is about, and the mention of each post."""

    entries: Mapping[int, tuple[str, int]]
    posts: Mapping[int, int | None]

    @property
    def number(self) -> int:
        return max(self.entries, default=0)


@dataclass(slots=True)
class Live:
    """The listeners of this process, and the one task that watches for them; it runs while there are any."""

    database: Database
    clock: Callable[[], datetime]
    watch_seconds: float = WATCH_SECONDS
    closing: bool = False
    _listeners: list[Listener] = field(default_factory=list)
    _task: "asyncio.Task[None] | None" = None
    _polled: dict[Look, datetime] = field(default_factory=dict)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def watching(self) -> bool:
        """Whether the task that looks for news still runs: it goes on a moment after the last page was closed."""
        return self._task is not None and not self._task.done()

    async def listen(self, staff_id: int, mention_id: int) -> AsyncIterator[Notice | None]:
        """Notices for one page until it closes; None where nothing happened for BEAT_SECONDS.

        The first says where the sequence stands: its `after` and `number` are the same.
        """
        listener = Listener((staff_id, mention_id))
        self._listeners.append(listener)
        try:
            seen = await asyncio.to_thread(self._newest)
            if not self.watching:
                self._task = asyncio.create_task(self._watch(seen))
            yield Notice(seen.number, seen.number)
            while not self.closing:
                try:
                    notice = await asyncio.wait_for(listener.notices.get(), BEAT_SECONDS)
                except TimeoutError:
                    yield None
                    continue
                if notice is None:
                    return
                yield notice
        finally:
            self._listeners.remove(listener)

    def close(self) -> None:
        """End the stream of every open page: the process stops. To be called in the event loop."""
        self.closing = True
        self._ending.set()
        for listener in self._listeners:
            while listener.notices.full():
                listener.notices.get_nowait()
            listener.notices.put_nowait(None)

    def polled(self, staff_id: int, mention_id: int) -> None:
        """A page without a stream was loaded or refreshed: its person is looking. From any thread."""
        one, now = (staff_id, mention_id), self.clock()
        before = self._polled.get(one)
        if before is not None and (now - before).total_seconds() < BEAT_SECONDS:
            return
        if len(self._polled) >= LOOKED_BACK:
            self._polled.clear()
        self._polled[one] = now
        try:
            self._beat({one}, set())
        except OperationalError:  # a page is not kept waiting for it
            log.warning("who is looking could not be noted: the database was busy")

    async def _watch(self, seen: Seen) -> None:
        """Until nobody listens any more, and the last who looked have been noted as gone."""
        looks: set[Look] = set()
        beaten, loop = 0.0, asyncio.get_running_loop()
        while (self._listeners or looks) and not self.closing:
            looking = {listener.look for listener in self._listeners}
            here = looking != looks
            try:
                if here or loop.time() - beaten >= BEAT_SECONDS:
                    await asyncio.to_thread(self._beat, looking, looks - looking)
                    looks, beaten = looking, loop.time()
                before, seen = seen, await asyncio.to_thread(self._newest)
                changed = await asyncio.to_thread(self._changed, before, seen)
            except Exception:
                log.exception("the desk could not look for what is new; it tries again")
                looks = looks if self._listeners else set()
            else:
                if here or changed != ():
                    self._tell(Notice(before.number, seen.number, changed, here))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self.watch_seconds)

    def _tell(self, notice: Notice) -> None:
        for listener in self._listeners:
            with suppress(asyncio.QueueFull):
                listener.notices.put_nowait(notice)

    def _beat(self, looking: set[Look], gone: set[Look]) -> None:
        now = self.clock()
        with self.database.write() as session:
            look(session, looking, now)
            leave(session, gone, now)

    def _newest(self) -> Seen:
        with self.database.read() as session:
            entries = session.exec(
                select(AuditEntry.id, AuditEntry.about, AuditEntry.about_id)
                .order_by(col(AuditEntry.id).desc())
                .limit(LOOKED_BACK)
            ).all()
            posts = session.exec(
                select(Post.id, Post.mention_id).order_by(col(Post.id).desc()).limit(LOOKED_BACK)
            ).all()
        return Seen(
            {one or 0: (about, about_id) for one, about, about_id in entries},
            {one or 0: mention_id for one, mention_id in posts},
        )

    def _changed(self, before: Seen, now: Seen) -> tuple[int, ...] | None:
        """The mentions that the new rows are about; None where they are too many, or about something else."""
        entries = [about for one, about in now.entries.items() if one not in before.entries]
        posts = [mention_id for one, mention_id in now.posts.items() if one not in before.posts]
        if not entries and not posts:
            return ()
        if max(len(entries), len(posts)) >= LOOKED_BACK:
            return None
        with self.database.read() as session:
            mentions = {one for one in posts if one} | _mentions_of(session, entries)
        return tuple(sorted(mentions)) or None


def _mentions_of(session: Session, entries: list[tuple[str, int]]) -> set[int]:
    found = {about_id for about, about_id in entries if about == "Mention"}
    for name, table in (("Reply", Reply), ("ServiceRequest", ServiceRequest)):
        ids = {about_id for about, about_id in entries if about == name}
        if ids:
            rows = session.exec(select(table.mention_id).where(col(table.id).in_(ids))).all()
            found.update(one for one in rows if one is not None)  # a post of a tweet chat is about no mention
    return found
