"""Who should take a mention: rules by service, area, language, account and calendar, and who is here to take it.

`judge` is pure: it is given the case, the rules, the people and the city's time, and says who takes it and why.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, str_enum
from models.scopes import Scope
from models.staff import Power, Role, StaffUser

EVERY_DAY = "0123456"


class AssignmentRule(SQLModel, table=True):
    """One line of the list that says whose a mention is. The first line that fits and finds somebody here counts.

    Empty fields fit everything. `weekdays`: digits, 0 is Monday. `from_minute` to `to_minute` count from midnight in
    the city; equal ones mean the whole day, and a span past midnight belongs to the day on which it begins. It goes to
    one person, or to whoever of a role has the least to do.
    """

    __tablename__ = "assignment_rule"
    __table_args__ = (Index("ix_assignment_rule_in_force", "ended_at", "rank"),)

    id: int | None = Field(default=None, primary_key=True)
    rank: int = Field(default=0, description="lower ones are asked first")
    service_code: str = ""
    area: str = ""
    language: str = ""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    weekdays: str = EVERY_DAY
    from_minute: int = 0
    to_minute: int = 0
    staff_id: int | None = Field(default=None, foreign_key="staff_user.id")
    role: Role | None = Field(default=None, sa_type=str_enum(Role))
    made_by: int = Field(foreign_key="staff_user.id")
    made_at: datetime = Field(sa_type=UTCDateTime)
    ended_by: int | None = Field(default=None, description="StaffUser.id")
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class WorkingTime(SQLModel, table=True):
    """When a person is at the desk, every week, in the city's time. Who has none is taken to be here at any time."""

    __tablename__ = "working_time"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id", index=True)
    weekdays: str = EVERY_DAY
    from_minute: int = 0
    to_minute: int = 0


class Absence(SQLModel, table=True):
    """Days on which a person is not at the desk: leave, illness. Both days included, in the city's calendar."""

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id", index=True)
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Case:
    """What of a mention decides whose it is. "" is what we do not know."""

    account_id: int
    service_code: str = ""
    area: str = ""
    language: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person the rules may give work to. `open`: how many mentions assigned to them still wait."""

    staff: StaffUser
    scope: Scope = field(default_factory=Scope)
    hours: Sequence[WorkingTime] = ()
    absences: Sequence[Absence] = ()
    open: int = 0

    @property
    def id(self) -> int:
        return self.staff.id or 0

    def away(self, case: Case, at: datetime) -> str:
        """Why this person cannot take a case at this city time; "" where they can."""
        if not self.staff.may(Power.DRAFT):
            return "may read and not answer" if self.staff.active else "does not work here any more"
        return self.away_at(at) or ("" if self.scope.covers(case) else "does not look after this")

    def away_at(self, at: datetime) -> str:
        """Why this person is not at the desk at a city time; "" where they are."""
        if not self.staff.active:
            return "does not work here any more"
        if any(one.first_day <= at.date() <= one.last_day for one in self.absences):
            return "is away that day"
        if self.hours and not any(in_hours(one.weekdays, one.from_minute, one.to_minute, at) for one in self.hours):
            return "is not at the desk at that time"
        return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who takes a case, by which rule, and whom the rules passed over and why. `staff_id` None: nobody."""

    staff_id: int | None = None
    rule: AssignmentRule | None = None
    passed_over: Sequence[tuple[AssignmentRule, str]] = field(default_factory=tuple)


def judge(case: Case, rules: Iterable[AssignmentRule], people: Mapping[int, Colleague], at: datetime) -> Verdict:
    """Who takes a case that comes in at `at`, the city's own time. Nobody here under a rule: the next one is asked."""
    passed_over: list[tuple[AssignmentRule, str]] = []
    for rule in sorted(rules, key=lambda one: (one.rank, one.id or 0)):
        if not fits(rule, case, at):
            continue
        if rule.staff_id is not None:
            found = people.get(rule.staff_id)
            why = found.away(case, at) if found else "does not work here any more"
            if found and not why:
                return Verdict(found.id, rule, passed_over)
            passed_over.append((rule, f"{found.staff.display_name if found else 'This person'} {why}"))
            continue
        here = [one for one in people.values() if one.staff.role == rule.role and not one.away(case, at)]
        if here:
            return Verdict(min(here, key=lambda one: (one.open, one.id)).id, rule, passed_over)
        passed_over.append((rule, "nobody of this role is at the desk for it"))
    return Verdict(None, None, passed_over)


def fits(rule: AssignmentRule, case: Case, at: datetime) -> bool:
    """Whether a rule speaks of a case at a city time."""
    wanted = (
        (rule.service_code, case.service_code),
        (rule.area.casefold(), case.area.casefold()),
        (rule.language, case.language),
    )
    if any(asked and asked != told for asked, told in wanted):
        return False
    if rule.account_id is not None and rule.account_id != case.account_id:
        return False
    return in_hours(rule.weekdays, rule.from_minute, rule.to_minute, at)


def in_hours(weekdays: str, from_minute: int, to_minute: int, at: datetime) -> bool:
    """Whether a city time lies in a weekly calendar. Equal minutes: the whole day; a span may go past midnight."""
    minute, today, yesterday = at.hour * 60 + at.minute, str(at.weekday()), str((at.weekday() - 1) % 7)
    if from_minute == to_minute:
        return today in weekdays
    if from_minute < to_minute:
        return today in weekdays and from_minute <= minute < to_minute
    return (today in weekdays and minute >= from_minute) or (yesterday in weekdays and minute < to_minute)


def minute_of(written: str) -> int | None:
    """Minutes since midnight of "07:30"; None where it is no time of day."""
    try:
        found = time.fromisoformat(written)
    except ValueError:
        return None
    return found.hour * 60 + found.minute


def clock_of(minute: int) -> str:
    """ "07:30" of minutes since midnight."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"
