"""Pictures for a reply: re-encoded when they come, never without words for who cannot see them."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlmodel import Session

from models import CHANNELS, Account, Conversation, Database, Mention, Power, Reply, ReplyPicture, record, utc_now
from models.pictures import LONGEST_ALT, pictures_of
from responders.claims import NotYours, active_staff, open_reply, require_claim
from responders.handing_on import void_if_changed

LARGEST_FILE = 8 * 1024 * 1024
LARGEST_SENT = 900 * 1024
"""Bytes. Bluesky takes a million a picture, which is the least of all channels (lexicon app.bsky.embed.images)."""
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2048
KINDS = ("JPEG", "PNG", "WEBP")
QUALITIES = (88, 80, 70, 55)


class PictureRefused(Exception):
    """The picture cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as it will be posted: nothing of the file it came in is left, such as where it was taken."""

    content: bytes
    media_type: str
    width: int
    height: int


def prepared(file: bytes) -> Prepared:
    """The picture in a file, turned upright, made small enough and encoded anew. Raises PictureRefused."""
    if len(file) > LARGEST_FILE:
        most = LARGEST_FILE // 1024 // 1024
        raise PictureRefused(f"The file is larger than {most} MB. Make it smaller and add it again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(file), formats=KINDS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise PictureRefused("The picture has too many pixels. Make it smaller and add it again.")
                drawn = opened.format == "PNG"
                picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except UnidentifiedImageError:
        raise PictureRefused("This is no picture we can read. JPEG, PNG and WebP are taken.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused("The picture is damaged, or larger than it says. Nothing was added.") from None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return _encoded(picture, drawn=drawn)


def _encoded(picture: Image.Image, *, drawn: bool) -> Prepared:
    """A photo as JPEG; what came as PNG stays one if it is small: letters in it stay sharp."""
    if drawn and len(png := _saved(picture, "PNG")) <= LARGEST_SENT:
        return Prepared(png, "image/png", *picture.size)
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    while True:
        for quality in QUALITIES:
            if len(jpeg := _saved(flat, "JPEG", quality=quality)) <= LARGEST_SENT:
                return Prepared(jpeg, "image/jpeg", *flat.size)
        flat = flat.resize((max(1, flat.width * 3 // 4), max(1, flat.height * 3 // 4)))


def _saved(picture: Image.Image, kind: str, **how: int) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **how)
    return written.getvalue()


def described(alt_text: str) -> str:
    """What somebody says of a picture, as it is kept. Raises PictureRefused where it says nothing, or too much."""
    words = " ".join(alt_text.split())
    if not words:
        raise PictureRefused("Say what the picture shows, for people who cannot see it. The picture was not added.")
    if len(words) > LONGEST_ALT:
        raise PictureRefused(f"What the picture shows is said in {LONGEST_ALT} characters at most. Shorten it.")
    return words


@dataclass(frozen=True, slots=True)
class Illustrator:
    """Adds pictures to the reply that somebody holds, and takes them away. Every method is one short transaction."""

    database: Database
    clock: Callable[[], datetime] = utc_now

    def add(self, mention_id: int, staff_id: int, file: bytes, alt_text: str) -> int:
        """Add a picture to the open reply; its id. Raises PictureRefused or NotYours."""
        words, picture = described(alt_text), prepared(file)
        with self.database.write() as session:
            reply, now = self._reply(session, mention_id, staff_id), self.clock()
            account = session.get_one(Account, reply.account_id)
            facts, most = CHANNELS[account.channel], _most(session, reply)
            if len(pictures_of(session, reply.id or 0)) >= most:
                raise PictureRefused(f"{facts.label} shows {most} at most in one reply. Take one away first.")
            added = ReplyPicture(
                reply_id=reply.id or 0,
                content=picture.content,
                media_type=picture.media_type,
                width=picture.width,
                height=picture.height,
                alt_text=words,
                added_by=staff_id,
                added_at=now,
            )
            session.add(added)
            self._changed(session, reply, staff_id, "added a picture", now)
            session.flush()
            return added.id or 0

    def describe(self, mention_id: int, staff_id: int, picture_id: int, alt_text: str) -> None:
        """Say anew what a picture shows. Raises PictureRefused or NotYours."""
        words = described(alt_text)
        with self.database.write() as session:
            reply = self._reply(session, mention_id, staff_id)
            picture = _picture(session, reply, picture_id)
            picture.alt_text = words
            session.add(picture)
            self._changed(session, reply, staff_id, "described a picture anew", self.clock())

    def remove(self, mention_id: int, staff_id: int, picture_id: int) -> None:
        """Take a picture away. Raises PictureRefused or NotYours."""
        with self.database.write() as session:
            reply = self._reply(session, mention_id, staff_id)
            session.delete(_picture(session, reply, picture_id))
            self._changed(session, reply, staff_id, "took a picture away", self.clock())

    def _reply(self, session: Session, mention_id: int, staff_id: int) -> Reply:
        """The open reply of a mention that this person holds. Raises NotYours."""
        mention = session.get(Mention, mention_id, with_for_update=True)
        if mention is None:
            raise NotYours("There is no such mention.")
        require_claim(session, mention, active_staff(session, staff_id, Power.DRAFT), self.clock())
        reply = open_reply(session, mention)
        if reply is None:
            raise NotYours("No reply is being written here any more.")
        return reply

    @staticmethod
    def _changed(session: Session, reply: Reply, staff_id: int, why: str, now: datetime) -> None:
        reply.revision += 1
        session.add(reply)
        void_if_changed(session, session.get_one(Mention, reply.mention_id), now)
        record(session, "Reply", reply.id or 0, f"staff:{staff_id}", why, now)


def _most(session: Session, reply: Reply) -> int:
    account, mention = session.get_one(Account, reply.account_id), session.get_one(Mention, reply.mention_id)
    conversation = session.get_one(Conversation, reply.conversation_id or mention.conversation_id)
    return CHANNELS[account.channel].most_pictures(private=conversation.private)


def _picture(session: Session, reply: Reply, picture_id: int) -> ReplyPicture:
    picture = session.get(ReplyPicture, picture_id)
    if picture is None or picture.reply_id != reply.id:
        raise PictureRefused("That picture is not in this reply any more. Open the mention again.")
    return picture
