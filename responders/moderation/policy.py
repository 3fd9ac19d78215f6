"""The published policy: its clauses, each in versions. What no clause names is not moderated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, func, select

from models import ModerationClause, ModerationKind, Power, StaffUser, record
from responders.deciding import NotApproved, NotFound

OWN_LANGUAGE = "en"
LONGEST_DAYS = 365
LONGEST_TITLE, LONGEST_WORDS = 80, 600


@dataclass(frozen=True, slots=True)
class ClauseFields:
    """A clause as a supervisor typed it. `title` and `words` by language tag."""

    title: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    permits: frozenset[ModerationKind] = frozenset()
    longest_days: int = LONGEST_DAYS
    only_in_chat: bool = False


def policy(session: Session) -> Sequence[ModerationClause]:
    """The clauses in force, by their number."""
    found = select(ModerationClause).where(col(ModerationClause.active)).order_by(col(ModerationClause.position))
    return session.exec(found).all()


def versions(session: Session) -> Sequence[ModerationClause]:
    """Every version of every clause, the newest of each first."""
    order = (col(ModerationClause.position), col(ModerationClause.version).desc())
    return session.exec(select(ModerationClause).order_by(*order)).all()


def said_in(words: Mapping[str, str], language: str) -> str:
    """The words in a language, else in English, else in whichever there is."""
    return words.get(language) or words.get(OWN_LANGUAGE) or next(iter(words.values()), "")


def keep_clause(
    session: Session, staff: StaffUser, clause_id: int | None, typed: ClauseFields, now: datetime
) -> ModerationClause:
    """A new clause, or a new version of one; acts stay under the version they were made under. Raises NotApproved."""
    _require_supervisor(staff)
    if problems := _problems(typed):
        raise NotApproved(problems)
    old = _current(session, clause_id) if clause_id else None
    if old is not None:
        old.active = False
        session.add(old)
    position = old.position if old else (session.exec(select(func.max(ModerationClause.position))).one() or 0) + 1
    code = old.code if old else f"clause_{position}"
    newest = session.exec(select(func.max(ModerationClause.version)).where(ModerationClause.code == code)).one() or 0
    clause = ModerationClause(
        code=code,
        version=newest + 1,
        title={tag: text.strip() for tag, text in typed.title.items() if text.strip()},
        words={tag: text.strip() for tag, text in typed.words.items() if text.strip()},
        permits=[one.value for one in ModerationKind if one in typed.permits],
        position=position,
        longest_days=typed.longest_days,
        only_in_chat=typed.only_in_chat,
        made_by=staff.id,
        made_at=now,
    )
    session.add(clause)
    session.flush()
    why = f"version {clause.version} of clause {position}" if old else f"clause {position} added to the policy"
    record(session, "ModerationClause", clause.id or 0, f"staff:{staff.id}", why, now)
    return clause


def end_clause(session: Session, staff: StaffUser, clause_id: int, now: datetime) -> None:
    """Take a clause out of the policy. Acts under it go on until they end. Raises NotApproved, NotFound."""
    _require_supervisor(staff)
    clause = _current(session, clause_id)
    clause.active = False
    session.add(clause)
    why = f"clause {clause.position} taken out of the policy"
    record(session, "ModerationClause", clause.id or 0, f"staff:{staff.id}", why, now)


def _current(session: Session, clause_id: int) -> ModerationClause:
    clause = session.get(ModerationClause, clause_id, with_for_update=True)
    if clause is None:
        raise NotFound("There is no such clause.")
    if not clause.active:
        raise NotApproved(["Somebody else has changed this clause meanwhile. Open the page again and look."])
    return clause


def _problems(typed: ClauseFields) -> list[str]:
    problems = []
    if not typed.title.get(OWN_LANGUAGE, "").strip() or not typed.words.get(OWN_LANGUAGE, "").strip():
        problems.append("The clause needs a title and words in English.")
    if any(bool(typed.title.get(tag, "").strip()) != bool(typed.words.get(tag, "").strip()) for tag in typed.words):
        problems.append("A language has both a title and words, or neither.")
    texts = [*typed.title.values(), *typed.words.values()]
    if any(sign in text for text in texts for sign in "{}[]"):
        problems.append("Brackets would be read as a slot in the notice. Leave them out.")
    if any(len(text) > LONGEST_TITLE for text in typed.title.values()):
        problems.append(f"A title has {LONGEST_TITLE} characters at most.")
    if any(len(text) > LONGEST_WORDS for text in typed.words.values()):
        problems.append(f"The words of a clause have {LONGEST_WORDS} characters at most.")
    if not typed.permits:
        problems.append("Say what the clause permits: to hide a post, to mute or to block an author.")
    if typed.only_in_chat and typed.permits - {ModerationKind.HIDE}:
        problems.append("What counts within one chat alone permits to hide a post there, and nothing more.")
    if not 1 <= typed.longest_days <= LONGEST_DAYS:
        problems.append(f"An act lasts from 1 to {LONGEST_DAYS} days.")
    return problems


def _require_supervisor(staff: StaffUser) -> None:
    if not staff.may(Power.SUPERVISE):
        raise NotApproved(["A supervisor changes the policy."])
