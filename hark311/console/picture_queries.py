"""The pictures of a mention's reply: what stands beside its words, and whether there is room for another."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from hark311.console.mention_queries import MentionPage
from models import Conversation, ReplyPicture
from models.pictures import LONGEST_ALT


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture without its bytes, which it has an address for. Width and height in pixels."""

    id: int
    alt_text: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PictureCard:
    """The pictures of the reply that is written, or else of the newest one. `told`: the channel shows their words."""

    shown: Sequence[Shown]
    room: bool
    told: bool
    longest: int = LONGEST_ALT


def picture_card(session: Session, page: MentionPage) -> PictureCard:
    """What the mention page shows of pictures."""
    reply = page.draft or next(iter(page.answers), None)
    rows = session.exec(
        select(ReplyPicture.id, ReplyPicture.alt_text, ReplyPicture.width, ReplyPicture.height)
        .where(ReplyPicture.reply_id == (reply.id if reply else None))
        .order_by(col(ReplyPicture.id))
    ).all()
    shown = [Shown(number or 0, alt_text, width, height) for number, alt_text, width, height in rows]
    goes_to = (reply.conversation_id if reply else None) or page.mention.conversation_id
    most = page.facts.most_pictures(private=session.get_one(Conversation, goes_to).private)
    return PictureCard(shown, len(shown) < most, page.facts.shows_alt_text)
