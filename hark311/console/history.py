"""What happened to a mention, in words: people's decisions and the audit trail, newest first."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, col, or_, select

from hark311.console import words
from hark311.console.mention_queries import MentionPage
from hark311.console.queries import names_of_staff
from models import AuditEntry, Review

HISTORY_SHOWN = 200
_STAFF = re.compile(r"\bstaff:(\d{1,18})\b")
"""A person in an entry's reason: the audit holds ids alone."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a mention's history."""

    at: datetime
    who: str
    what: str
    reason: str = ""


def history(session: Session, page: MentionPage) -> list[Event]:
    """What happened to a mention, its replies and requests, newest first."""
    mention_id = page.mention.id or 0
    things: dict[str, list[int | None]] = {
        "Mention": [mention_id],
        "Reply": [one.id for one in page.replies],
        "ServiceRequest": [one.id for one in page.requests],
        "Alarm": [page.alarm.id] if page.alarm else [],
    }
    about = [
        and_(col(AuditEntry.about) == thing, col(AuditEntry.about_id).in_(ids)) for thing, ids in things.items() if ids
    ]
    entries = session.exec(
        select(AuditEntry).where(or_(*about)).order_by(col(AuditEntry.id).desc()).limit(HISTORY_SHOWN)
    ).all()
    reviews = session.exec(select(Review).where(Review.mention_id == mention_id).order_by(col(Review.id).desc())).all()
    people = names_of_staff(
        session,
        [
            *(review.staff_id for review in reviews),
            *(_staff_id(entry.by) for entry in entries),
            *(int(number) for entry in entries for number in _STAFF.findall(entry.why)),
        ],
    )
    events = [
        *(
            Event(one.at, people.get(one.staff_id, "somebody"), words.DECISION[one.decision], one.reason)
            for one in reviews
        ),
        *(Event(one.at, _who(one.by, people), _what(one, people)) for one in entries),
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _what(entry: AuditEntry, people: dict[int, str]) -> str:
    thing = words.THING.get(entry.about, entry.about.lower())
    why = _STAFF.sub(lambda found: people.get(int(found[1]), "somebody"), entry.why)
    if not entry.to_state:
        return f"{thing}: {why}"
    return f"{thing} {words.state_word(entry.about, entry.to_state)}: {why}"


def _staff_id(by: str) -> int | None:
    kind, _, number = by.partition(":")
    return int(number) if kind == "staff" and number.isdecimal() else None


def _who(by: str, people: dict[int, str]) -> str:
    return people.get(_staff_id(by) or 0, "") or by.replace("_", " ")
