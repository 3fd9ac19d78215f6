"""The facts that a figure is made of: one case of the desk, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from models import Timetable


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of ours that was sent. `asks`: it was a question to the resident; `refers`: it sent them elsewhere."""

    sent_at: datetime
    approved_at: datetime | None = None
    by_a_person: bool = True
    asks: bool = False
    refers: bool = False


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of the request of a case. `filed_at`, `closed_at`: when the city took and closed it, as it says."""

    follows: bool = False
    needs_place: bool = True
    placed: bool = False
    filed_at: datetime | None = None
    promised_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion a person decided about. `task`: what it was about; `changed`: they said otherwise."""

    task: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Case:
    """The facts of one mention. `answers` and `heard` (what its author wrote, each post once) rise with time.

    `in_hand`: the spans in which somebody held it. `in_scope`: it was to us and wanted an answer. `hours`: when whoever
    works on its service is open; None: no calendar says. `denied`: for each closing its author was asked about, and
    which came to an end, whether they said that it is not fixed.
    """

    day: date
    channel: str
    language: str
    service_code: str
    written_at: datetime
    heard_at: datetime
    in_scope: bool = True
    heard: Sequence[datetime] = ()
    answers: Sequence[Answer] = ()
    drafted_at: datetime | None = None
    in_hand: Sequence[tuple[datetime, datetime]] = ()
    decided: bool = False
    closed: bool = False
    reopened: bool = False
    filed: Filed | None = None
    suggestions: Sequence[Suggestion] = ()
    denied: Sequence[bool] = ()
    hours: Timetable | None = None

    @property
    def follows(self) -> bool:
        """Whether it is one of many posts about one incident, and not the one whose request stands for all."""
        return self.filed is not None and self.filed.follows
