"""The wordings as the pages show them: beside English, with how long they get, who checked them, what they were."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlmodel import Session, col, select

from hark311.console.differences import Part, difference
from hark311.console.queries import names_of_staff
from hark311.console.said_when import SAID_WHEN
from hark311.starter import load_templates
from models import ReplyTemplate, Service
from responders.drafting import FALLBACK_LANGUAGE, Key, TemplateBook
from responders.rewording import is_citys_own, ours_is_newer
from responders.wording import WordingError
from responders.wordings import OUTCOMES, SHORTER, Fit, LengthOf, Outcome, fits_of


@dataclass(frozen=True, slots=True)
class Row:
    """One wording beside its English. `own`: what is said in this language; None: nothing yet."""

    key: Key
    said_when: str
    english: str
    own: ReplyTemplate | None
    changed: bool
    newer: bool


@dataclass(frozen=True, slots=True)
class LanguageTally:
    """How many wordings of a language a speaker has checked, and how many the city changed."""

    tag: str
    checked: int
    all: int
    changed: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a wording and what it changed. `made_by` "": it came with hark311."""

    template: ReplyTemplate
    made_by: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Wording:
    """Everything the page of one wording shows."""

    key: Key
    language: str
    said_when: str
    english: ReplyTemplate | None
    own: ReplyTemplate | None
    ours: str
    changed: bool
    newer: Sequence[Part]
    shorter: Key | None
    versions: Sequence[Version]


@cache
def ours() -> Mapping[tuple[str, str], ReplyTemplate]:
    """(key, language) -> what hark311 itself says today. Rows of no database."""
    return {(one.key, one.language): one for one in load_templates()}


def book_of(session: Session) -> TemplateBook:
    """The wordings in use."""
    return TemplateBook(session.exec(select(ReplyTemplate).where(col(ReplyTemplate.active).is_(True))).all())


def rows_of(book: TemplateBook, language: str, outcome: Outcome) -> list[Row]:
    """The wordings of one kind in one language."""
    rows = []
    for key in OUTCOMES[outcome]:
        english, own = book.newest(key, FALLBACK_LANGUAGE), book.newest(key, language)
        theirs = ours().get((key.value, language))
        rows.append(
            Row(
                key=key,
                said_when=SAID_WHEN[key],
                english=english.body if english else "",
                own=own,
                changed=own is not None and is_citys_own(own),
                newer=own is not None and ours_is_newer(own, theirs.body if theirs else ""),
            )
        )
    return rows


def tallies(book: TemplateBook) -> list[LanguageTally]:
    """Each language with how far its speakers got."""
    checked, changed = Counter[str](), Counter[str]()
    for language in book.languages:
        for key in Key:
            if own := book.newest(key, language):
                checked[language] += own.checked_by_speaker
                changed[language] += is_citys_own(own)
    return [LanguageTally(one, checked[one], len(Key), changed[one]) for one in sorted(book.languages)]


def wording_of(session: Session, key: Key, language: str) -> Wording:
    """One wording with its history, newest version first."""
    found = session.exec(
        select(ReplyTemplate)
        .where(ReplyTemplate.key == key.value, ReplyTemplate.language == language)
        .order_by(col(ReplyTemplate.version))
    ).all()
    english = TemplateBook(
        session.exec(
            select(ReplyTemplate).where(ReplyTemplate.key == key.value, ReplyTemplate.language == FALLBACK_LANGUAGE)
        ).all()
    ).newest(key, FALLBACK_LANGUAGE)
    own = TemplateBook(found).newest(key, language)
    theirs = ours().get((key.value, language))
    said = theirs.body if theirs else ""
    return Wording(
        key=key,
        language=language,
        said_when=SAID_WHEN[key],
        english=english,
        own=own,
        ours=said,
        changed=own is not None and is_citys_own(own),
        newer=difference(own.ours, said) if own and ours_is_newer(own, said) else [],
        shorter=SHORTER.get(key),
        versions=_versions(session, found),
    )


def _versions(session: Session, found: Sequence[ReplyTemplate]) -> list[Version]:
    people = names_of_staff(session, [one.made_by for one in found])
    versions, before = [], ""
    for one in found:
        made_by = people.get(one.made_by or 0, "somebody") if one.made_by else ""
        versions.append(Version(one, made_by, difference(before, one.body) if before else []))
        before = one.body
    return versions[::-1]


def lengths(session: Session, body: str, language: str, length_of: LengthOf) -> list[Fit]:
    """How long a wording gets on each channel; nothing where it cannot be filled."""
    try:
        return fits_of(body, language, session.exec(select(Service)).all(), length_of)
    except (WordingError, KeyError):
        return []
