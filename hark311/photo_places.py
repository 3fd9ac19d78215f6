"""Where a resident's photo was taken: read once from a photo they sent us privately as a file, and then forgotten.

Off unless the setting `read_photo_location` is on. Only photos of private chats are read, only those sent as files (a
channel strips the others), only for open work, and only when they have just come, so that switching it on reads no
photo that was sent before. The file is fetched into memory, its place kept with the attachment, the file dropped.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from classifier.places.photos import read_gps
from listeners.errors import ListenerError
from listeners.protocol import FetchesPhotos, Listener
from models import Account, Attachment, Conversation, Database, Mention, MentionState, Post, record, utc_now
from models.posts import AttachmentKind, Pin, PostKind

log = logging.getLogger(__name__)

MOST_BYTES = 20 * 1024 * 1024
"""Source: Bot API, getFile: bots can download files of up to 20 MB."""
JUST_COME = timedelta(minutes=30)
BATCH = 20
NEWEST = 5_000
"""Attachments looked at in a round, by number: more than come within JUST_COME, however long the table grows."""
OPEN = (MentionState.RECEIVED, MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW)
BY = "photo reader"


@dataclass(frozen=True, slots=True)
class _Waiting:
    attachment_id: int
    file_id: str
    account: str


@dataclass(slots=True)
class PhotoPlaces:
    """Reads the photos that wait. `listeners`: by account name, entered."""

    database: Database
    listeners: Mapping[str, Listener]
    clock: Callable[[], datetime] = utc_now

    async def read(self) -> int:
        """Read the photos that wait; returns how many said where they were taken.

        What a channel cannot give now waits for the next round; it never holds up the mention.
        """
        placed, failed = 0, set[str]()
        while True:
            failed_before = len(failed)
            for waiting in await asyncio.to_thread(self._waiting, failed):
                if waiting.account in failed:
                    continue
                try:
                    placed += await self._read_one(waiting)
                except ListenerError as error:
                    log.info("%s: a photo could not be fetched (%s)", waiting.account, error)
                    failed.add(waiting.account)
            if len(failed) == failed_before:
                return placed

    async def _read_one(self, waiting: _Waiting) -> bool:
        listener = self.listeners.get(waiting.account)
        file = await listener.photo_file(waiting.file_id, MOST_BYTES) if isinstance(listener, FetchesPhotos) else None
        pin = await asyncio.to_thread(read_gps, file) if file else None
        return await asyncio.to_thread(self._keep, waiting, pin)

    def _waiting(self, failed: Collection[str]) -> list[_Waiting]:
        """The next photos, but none of the accounts that failed in this round: theirs would keep others waiting."""
        with self.database.read() as session:
            just_come = self._just_come(session)
            if not just_come:
                return []
            rows = session.exec(
                select(Attachment.id, Attachment.channel_file_id, Account.name)
                .join(Post, col(Post.id) == Attachment.post_id)
                .join(Mention, col(Mention.id) == Post.mention_id)
                .join(Conversation, col(Conversation.id) == Post.conversation_id)
                .join(Account, col(Account.id) == Post.account_id)
                .where(
                    col(Attachment.id).in_(just_come),
                    Post.kind == PostKind.MENTION,
                    col(Post.deleted_at).is_(None),
                    col(Conversation.private).is_(True),
                    col(Mention.state).in_(OPEN),
                    col(Account.name).not_in(failed),
                )
                .order_by(col(Attachment.id))
                .limit(BATCH)
            ).all()
        return [_Waiting(attachment_id or 0, file_id, account) for attachment_id, file_id, account in rows]

    def _just_come(self, session: Session) -> Sequence[int | None]:
        """Numbers of the unread files that have just come. Asked first: a quiet round ends here."""
        newest = select(func.max(Attachment.id)).scalar_subquery()
        return session.exec(
            select(Attachment.id)
            .join(Post, col(Post.id) == Attachment.post_id)
            .where(
                col(Attachment.id) > newest - NEWEST,
                Attachment.kind == AttachmentKind.DOCUMENT,
                col(Attachment.photo_read_at).is_(None),
                col(Post.received_at) >= self.clock() - JUST_COME,
            )
        ).all()

    def _keep(self, waiting: _Waiting, pin: Pin | None) -> bool:
        """Keep the place with the attachment, and let the mention be understood anew with it."""
        with self.database.write() as session:
            attachment = session.get(Attachment, waiting.attachment_id, with_for_update=True)
            if attachment is None or attachment.photo_read_at is not None:
                return False  # the author took the post back, or another worker was quicker
            now = self.clock()
            attachment.photo_read_at = now
            session.add(attachment)
            if pin is None:
                return False
            attachment.photo_lat, attachment.photo_lon = pin.lat, pin.lon
            attachment.photo_accuracy_m = pin.accuracy_m
            post = session.get_one(Post, attachment.post_id)
            mention = session.get(Mention, post.mention_id, with_for_update=True)
            if mention is not None and mention.state in OPEN:
                mention.version += 1
                mention.needs_understanding = True
                session.add(mention)
                record(session, "Mention", mention.id or 0, BY, "the place of a photo was read", now)
            return True
