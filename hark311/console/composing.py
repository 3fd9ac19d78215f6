"""What stands around the reply's text: earlier versions, shorter wordings, and the case's other conversation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hark311.console.differences import Part, difference
from hark311.console.mention_queries import MentionPage
from hark311.console.preview import goes_private, limit_of
from hark311.console.queries import names_of_staff
from models import Author, Conversation, Mention, Reply, ReplyTemplate, VersionSource
from models.private_moves import PrivateMove, move_from, move_to
from models.threads import posts_of
from responders.asking_private import PrivateWay, way_of
from responders.drafting import Key, TemplateBook, language_of_reply
from responders.edits import versions_of
from responders.review import Desk
from responders.shortening import Known, Proposal, shorter
from responders.signing import signed
from responders.wording import WordingError, freeze, placeholders, sentences, slots, widest
from responders.wordings import SHORTER

SOURCE = {VersionSource.TEMPLATE: "our template", VersionSource.SUGGESTION: "our draft"}
SHOWN = 12
"""The newest versions; the very first stands below them."""
END_POLITELY = (Key.FILED, Key.FILED_NO_PLACE, Key.STATUS_KNOWN, Key.STATUS_ACCEPTED)
"""Templates whose last sentence only promises news."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A version of the reply, with what it said otherwise than the text does now. `apart`: it never was the reply."""

    text: str
    language: str
    who: str
    at: datetime
    apart: bool
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class OtherTalk:
    """The other conversation of the same case: the mention it stands in, and its newest words."""

    mention_id: int
    words: str
    author: str
    asked_at: datetime
    private: bool


@dataclass(frozen=True, slots=True)
class Composer:
    """All of the reply panel that does not change while somebody types."""

    revision: int
    earlier: list[Earlier]
    way: PrivateWay
    private: bool
    moved: bool
    """Whether the reply goes to a private chat though the mention stands in public."""
    asked_at: datetime | None
    other: OtherTalk | None


def composer_of(session: Session, page: MentionPage) -> Composer:
    """What the reply panel of a mention shows."""
    reply = page.draft or (page.replies[-1] if page.replies else None)
    move = move_from(session, page.mention.id or 0)
    return Composer(
        revision=page.draft.revision if page.draft else 0,
        earlier=_earlier(session, reply) if reply else [],
        way=way_of(session, page.mention),
        private=goes_private(session, page),
        moved=page.draft is not None and page.draft.conversation_id is not None,
        asked_at=move.asked_at if move else None,
        other=_other(session, page.mention, move),
    )


def shorter_wordings(
    session: Session, desk: Desk, page: MentionPage, text: str, language: str, sign_off: str
) -> list[Proposal]:
    """Shorter wordings of what somebody typed, each counted as it would be posted."""
    channel, limit = page.account.channel, limit_of(session, page)
    counted = _counting(lambda one: desk.length_of(channel, one), language, sign_off)
    return shorter(text, language, counted, limit, _known(session, page, language))


def _counting(length: Callable[[str], int], language: str, sign_off: str) -> Callable[[str], int]:
    """The longest a text can get on the channel, signed."""

    def count(text: str) -> int:
        whole = signed(text, sign_off)
        try:
            slots(whole)
            frozen = freeze(whole, language, "8" * 16)
        except WordingError:
            return length(whole)
        return max(length(widest(one, language)) for one in (frozen.with_answer, frozen.without_answer))

    return count


def _known(session: Session, page: MentionPage, language: str) -> Known:
    """What our templates say in the language of the reply, and the shorter one of its outcome."""
    book = TemplateBook(session.exec(select(ReplyTemplate).where(col(ReplyTemplate.active).is_(True))).all())
    language = language_of_reply(language, book.languages)
    bodies: dict[str, str] = {key: found.body for key in Key if (found := book.newest(key, language))}
    tails = {sentences(bodies[key])[-1].strip() for key in END_POLITELY if key in bodies}
    key = page.draft.template_key if page.draft else ""
    long, short = bodies.get(key, ""), bodies.get(_shortest(key), "")
    return Known(
        greetings=[bodies[Key.GREETING]] if Key.GREETING in bodies else [],
        tails=sorted(tail for tail in tails if not (slots(tail) or placeholders(tail))),
        short=(long, short) if long and short else None,
    )


def _shortest(key: str) -> str:
    """The shortest template for what a template says; "" where it has no shorter one."""
    shorter_keys: dict[str, str] = {one.value: other.value for one, other in SHORTER.items()}
    found = ""
    while key in shorter_keys:
        found = key = shorter_keys[key]
    return found


def _earlier(session: Session, reply: Reply) -> list[Earlier]:
    versions = versions_of(session, reply)
    shown = [*versions[:SHOWN], *versions[SHOWN:][-1:]]
    found = [one for one in shown if (one.text, one.language) != (reply.text, reply.language)]
    names = names_of_staff(session, [one.by for one in found])
    return [
        Earlier(
            text=one.text,
            language=one.language,
            who=SOURCE.get(one.source) or names.get(one.by or 0, "us"),
            at=one.at,
            apart=one.apart,
            parts=difference(one.text, reply.text),
        )
        for one in found
    ]


def _other(session: Session, mention: Mention, asked: PrivateMove | None) -> OtherTalk | None:
    answers = move_to(session, mention.id or 0)
    if answers is not None:
        return _talk(session, answers.mention_id, answers)
    if asked is not None and asked.arrived_mention_id is not None:
        return _talk(session, asked.arrived_mention_id, asked)
    return None


def _talk(session: Session, mention_id: int, move: PrivateMove) -> OtherTalk:
    mention = session.get_one(Mention, mention_id)
    posts = posts_of(session, mention_id)
    return OtherTalk(
        mention_id=mention_id,
        words=posts[-1].text if posts else "",
        author=session.get_one(Author, mention.author_id).called,
        asked_at=move.asked_at,
        private=session.get_one(Conversation, mention.conversation_id).private,
    )
