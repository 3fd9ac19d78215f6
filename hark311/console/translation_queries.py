"""What a mention says in the language that staff read: made by a machine, and marked so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from hark311.console import words
from hark311.console.mention_queries import MentionPage
from hark311.settings import Settings
from models import Mention, Post, Translation, Understanding
from models.threads import posts_of
from models.translations import text_hash


@dataclass(frozen=True, slots=True)
class Translated:
    """One text and what became of it. `at`: when the post was written, where there are several."""

    id: int
    text: str
    engine: str
    trouble: str
    waits: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TranslationCard:
    """The translations of a mention's posts. `set_up`: an engine is there; `offered`: their words need it."""

    mention_id: int
    set_up: bool
    offered: bool
    into: str
    into_tag: str
    texts: Sequence[Translated] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        return any(one.waits for one in self.texts)

    @property
    def failed(self) -> bool:
        return any(one.trouble for one in self.texts)


def is_set_up(settings: Settings) -> bool:
    """Whether an engine translates."""
    return bool(settings.translation_url or settings.translation_model)


def translation_card(session: Session, page: MentionPage, settings: Settings) -> TranslationCard:
    """The card of one mention, read anew."""
    return card_of(session, page.mention, page.understanding, settings)


def card_of(
    session: Session, mention: Mention, understanding: Understanding | None, settings: Settings
) -> TranslationCard:
    """What stands under the thread."""
    into = settings.translation_into
    language = understanding.language if understanding else "und"
    posts = to_translate(session, mention)
    found = _found(session, mention, posts)
    several = len(posts) > 1
    return TranslationCard(
        mention_id=mention.id or 0,
        set_up=is_set_up(settings),
        offered=is_set_up(settings) and bool(posts) and language.partition("-")[0] != into.partition("-")[0],
        into=words.language_name(into),
        into_tag=into,
        texts=[
            Translated(
                row.id or 0,
                row.text,
                row.engine,
                row.trouble,
                row.done_at is None,
                post.created_at if several else None,
            )
            for post in posts
            if (row := found.get((post.id, text_hash(post.text))))
        ],
    )


def to_translate(session: Session, mention: Mention) -> list[Post]:
    """The author's posts that have words."""
    return [post for post in posts_of(session, mention.id or 0) if post.text.strip()]


def ask_for_posts(session: Session, mention: Mention, language: str, into: str, now: datetime) -> bool:
    """Let what has no translation yet wait for one, and what failed wait again. False: there is nothing to do."""
    posts = to_translate(session, mention)
    found = _found(session, mention, posts)
    asked = False
    for post in posts:
        row = found.get((post.id, text_hash(post.text)))
        if row is None:
            asked = True
            session.add(_wanted(mention, post.id, post.text, language, into, now))
        elif row.trouble:
            asked = True
            row.trouble, row.done_at, row.asked_at = "", None, now
            session.add(row)
    return asked


def ask_for_draft(session: Session, mention: Mention, text: str, language: str, into: str, now: datetime) -> None:
    """Let our draft wait to be translated back; what failed waits again."""
    row = of_draft(session, mention.id or 0, text)
    if row is None:
        wanted = _wanted(mention, None, text, language, into, now)
        wanted.original = text
        session.add(wanted)
    elif row.trouble:
        row.trouble, row.done_at, row.asked_at = "", None, now
        session.add(row)


def of_draft(session: Session, mention_id: int, text: str) -> Translation | None:
    """The translation of exactly this draft, waiting or done."""
    return session.exec(
        select(Translation).where(
            Translation.mention_id == mention_id,
            col(Translation.post_id).is_(None),
            Translation.text_sha256 == text_hash(text),
        )
    ).first()


def back_translation(session: Session, mention_id: int, text: str) -> Translated | None:
    """What our draft says; None where nobody asked."""
    return _told(of_draft(session, mention_id, text))


def back_translation_by_id(session: Session, mention_id: int, translation_id: int) -> Translated | None:
    """The same, asked for by its number; None where it is gone, or of another mention."""
    row = session.get(Translation, translation_id)
    return _told(row) if row and row.mention_id == mention_id and row.post_id is None else None


def _told(row: Translation | None) -> Translated | None:
    return Translated(row.id or 0, row.text, row.engine, row.trouble, row.done_at is None) if row else None


def _wanted(mention: Mention, post_id: int | None, text: str, language: str, into: str, now: datetime) -> Translation:
    source = "" if language == "und" else language
    return Translation(
        mention_id=mention.id or 0,
        post_id=post_id,
        text_sha256=text_hash(text),
        source=source,
        target=into,
        asked_at=now,
    )


def _found(session: Session, mention: Mention, posts: Sequence[Post]) -> dict[tuple[int | None, str], Translation]:
    rows = session.exec(
        select(Translation).where(
            Translation.mention_id == mention.id, col(Translation.post_id).in_([post.id for post in posts])
        )
    ).all()
    return {(one.post_id, one.text_sha256): one for one in rows}
