"""Residents' photos on the desk: fetched by a job, made anew and small, shown from here; no page calls a channel.

What a camera writes into a file is left behind. Addresses come from the channels, and some lead to servers that anybody
may run: only public addresses are asked, never through a redirect, and never for more than MOST_BYTES.
"""

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image, ImageOps, UnidentifiedImageError
from sqlmodel import Session, and_, col, func, or_, select

from hark311.outgoing import PrivateAddress, Reach
from hark311.settings import Settings
from listeners.hearing import Hearing
from listeners.protocol import FetchesPhotos, Listener
from models import Account, Attachment, Database, Mention, MentionState, Post, Thumbnail, utc_now
from models.posts import AttachmentKind, PostKind
from models.thumbnails import forget_old_thumbnails

log = logging.getLogger(__name__)

ROUND_SECONDS = 5
BATCH = 10
NEWEST = 5_000
"""Attachments looked at in a round, by number, however long the table grows."""
MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 25_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""What channels send; Pillow's many other readers never see a stranger's file."""
EDGE = 480
EDGE_FOR_CREWS = 1280
"""Of photos that no channel shows by an address: our copy is the only one a crew can be given."""
QUALITY = 72
MOST_TRIES = 3
TRY_AGAIN = timedelta(minutes=5)
SECONDS = 10.0
PHOTO_SECONDS = 30.0
"""For one photo, however slowly it trickles in."""
MOST_SECONDS = 30.0
"""No photo is begun after so long: a round ends within a minute."""
OPEN = (MentionState.RECEIVED, MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW)

Fetch = Callable[[str], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    attachment_id: int
    file_id: str
    url: str
    account: str


@dataclass(slots=True)
class PhotoWeb:
    """Fetches a photo from its address. `simulated`: the simulator on this machine may be asked as well."""

    simulated: bool = False

    async def __call__(self, url: str) -> bytes | None:
        """The file; None for an address that is not public, for what is no picture, and for too much of it."""
        if urlsplit(url).scheme not in ("https", *(["http"] if self.simulated else [])):
            return None
        try:
            return await self._picture(url)
        except PrivateAddress:
            return None

    async def _picture(self, url: str) -> bytes | None:
        async with (
            Reach(loopback=self.simulated).client(timeout=SECONDS) as client,
            client.stream("GET", url, headers={"accept": "image/*"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK or not answer.headers.get("content-type", "").startswith("image/"):
                return None
            file = bytearray()
            async for piece in answer.aiter_bytes():
                file += piece
                if len(file) > MOST_BYTES:
                    return None
            return bytes(file)


def shrink(file: bytes, edge: int = EDGE) -> tuple[bytes, int, int] | None:
    """(JPEG, width, height) of a picture made anew, at most `edge` wide and high; None for what is none."""
    try:
        with Image.open(io.BytesIO(file), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.draft("RGB", (edge, edge))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    upright.thumbnail((edge, edge))
    bare = Image.new("RGB", upright.size)  # the pixels alone: no camera, no place, no comment
    bare.paste(upright)
    made = io.BytesIO()
    bare.save(made, "JPEG", quality=QUALITY, optimize=True)
    return made.getvalue(), bare.width, bare.height


@dataclass(slots=True)
class Thumbnails:
    """Makes the small copies that wait. `listeners`: by account name, entered."""

    database: Database
    listeners: Mapping[str, Listener]
    fetch: Fetch = field(default_factory=PhotoWeb)
    clock: Callable[[], datetime] = utc_now
    _running: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def make(self) -> int:
        """Make what waits, as far as a round's time goes; returns how many. What failed is tried again, a few times.

        Nothing, and at once, while the round before still runs.
        """
        if self._running.locked():
            return 0
        async with self._running:
            loop = asyncio.get_running_loop()
            until, made = loop.time() + MOST_SECONDS, 0
            for waiting in await asyncio.to_thread(self._waiting):
                small = await self._small(waiting)
                made += await asyncio.to_thread(self._keep, waiting, small)
                if loop.time() >= until:
                    break
            return made

    async def _small(self, waiting: _Waiting) -> tuple[bytes, int, int] | None:
        try:
            async with asyncio.timeout(PHOTO_SECONDS):
                file = await self._file(waiting)
                edge = EDGE if waiting.url else EDGE_FOR_CREWS
                return await asyncio.to_thread(shrink, file, edge) if file else None
        except Exception as error:  # a stranger's address and file fail in any way; older photos must not wait for it
            log.info("a photo of %s could not be made small (%s)", waiting.account, type(error).__name__)
            return None

    async def _file(self, waiting: _Waiting) -> bytes | None:
        if waiting.url.startswith(("https://", "http://")):
            return await self.fetch(waiting.url)
        listener = self.listeners.get(waiting.account)
        return await listener.photo_file(waiting.file_id, MOST_BYTES) if isinstance(listener, FetchesPhotos) else None

    def _waiting(self) -> Sequence[_Waiting]:
        """The newest photos of open work that were not tried, or are to be tried again."""
        newest = select(func.max(Attachment.id)).scalar_subquery()
        again = and_(
            col(Thumbnail.content).is_(None),
            Thumbnail.tries < MOST_TRIES,
            Thumbnail.made_at < self.clock() - TRY_AGAIN,
        )
        with self.database.read() as session:
            rows = session.exec(
                select(Attachment.id, Attachment.channel_file_id, Attachment.url, Account.name)
                .join(Post, col(Post.id) == Attachment.post_id)
                .join(Mention, col(Mention.id) == Post.mention_id)
                .join(Account, col(Account.id) == Post.account_id)
                .outerjoin(Thumbnail, col(Thumbnail.attachment_id) == Attachment.id)
                .where(
                    col(Attachment.id) > newest - NEWEST,
                    Attachment.kind == AttachmentKind.PHOTO,
                    Post.kind == PostKind.MENTION,
                    col(Post.deleted_at).is_(None),
                    col(Mention.state).in_(OPEN),
                    or_(col(Thumbnail.attachment_id).is_(None), again),
                )
                .order_by(col(Attachment.id).desc())
                .limit(BATCH)
            ).all()
        return [_Waiting(attachment_id or 0, file_id, url, account) for attachment_id, file_id, url, account in rows]

    def _keep(self, waiting: _Waiting, small: tuple[bytes, int, int] | None) -> bool:
        with self.database.write() as session:
            if session.get(Attachment, waiting.attachment_id, with_for_update=True) is None:
                return False  # its author took the post back while we fetched
            kept = _row(session, waiting.attachment_id, self.clock())
            kept.tries, kept.made_at = kept.tries + 1, self.clock()
            if small is not None:
                kept.content, kept.width, kept.height = small
            session.add(kept)
            return small is not None

    def forget(self) -> None:
        """Drop what is too old."""
        with self.database.write() as session:
            forget_old_thumbnails(session, self.clock())


def _row(session: Session, attachment_id: int, now: datetime) -> Thumbnail:
    return session.get(Thumbnail, attachment_id) or Thumbnail(attachment_id=attachment_id, made_at=now)


def thumbnails_of(settings: Settings, database: Database, hearings: Sequence[Hearing]) -> Thumbnails:
    """Who makes the small copies in a worker."""
    listeners = {hearing.account_name: hearing.listener for hearing in hearings}
    return Thumbnails(database, listeners, PhotoWeb(settings.simulated))


async def make_thumbnails(ctx: dict[str, Any]) -> int:
    """Make small copies of the photos that wait; returns how many."""
    thumbnails: Thumbnails = ctx["thumbnails"]
    return await thumbnails.make()


async def forget_thumbnails(ctx: dict[str, Any]) -> None:
    """Drop small copies that are too old."""
    thumbnails: Thumbnails = ctx["thumbnails"]
    await asyncio.to_thread(thumbnails.forget)


ROUNDS = [(make_thumbnails, ROUND_SECONDS), (forget_thumbnails, 60)]
"""What runs by itself: (job, every so many seconds)."""
