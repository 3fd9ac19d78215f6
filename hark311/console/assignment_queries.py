"""The rules of assignment, and who is at the desk, as pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from hark311.console import words
from hark311.console.queries import names_of_staff
from hark311.console.times import CityTime
from models import CHANNELS, Absence, Account, AssignmentRule, Mention, Power, Role, Service, WorkingTime
from models.assignments import EVERY_DAY, Colleague, clock_of
from responders.assigning import case_of, colleagues, rules_in_force

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Choice:
    """A person a mention can be given to; `away` says why they would not get to it now."""

    id: int
    name: str
    away: str


@dataclass(frozen=True, slots=True)
class Assigning:
    """Whom a mention is assigned to, and who else could take it."""

    name: str
    people: list[Choice]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule in words."""

    id: int
    about: str
    when: str
    to: str
    away: str
    made: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Attendance:
    """When one person is at the desk. Hours and absences with their ids, for taking them away."""

    id: int
    name: str
    role: str
    open: int
    here: str
    hours: list[tuple[int, str]]
    absences: list[tuple[int, date, date]]


def assigning_of(session: Session, mention: Mention, city_time: CityTime, now: datetime) -> Assigning:
    """Who could take a mention, with those named first who are here."""
    case, at = case_of(mention), now.astimezone(city_time.zone)
    people = [
        Choice(one.id, one.staff.display_name, one.away(case, at))
        for one in colleagues(session, counted=False).values()
        if one.staff.id == mention.assigned_to or _can_take(one, mention)
    ]
    people.sort(key=lambda one: (bool(one.away), one.name))
    assigned = mention.assigned_to
    return Assigning(names_of_staff(session, [assigned]).get(assigned or 0, ""), people)


def _can_take(one: Colleague, mention: Mention) -> bool:
    return one.staff.may(Power.DRAFT) and one.scope.covers(mention)


def rule_lines(session: Session, people: Mapping[int, Colleague], at: datetime) -> list[RuleLine]:
    """The rules in force, in the order in which they are asked."""
    rules = rules_in_force(session)
    services = dict(session.exec(select(Service.service_code, Service.service_name)).all())
    accounts = {one.id: account_in_words(one) for one in session.exec(select(Account)).all()}
    names = names_of_staff(session, [*(one.staff_id for one in rules), *(one.made_by for one in rules)])
    return [
        RuleLine(
            id=rule.id or 0,
            about=_about(rule, services, accounts),
            when=hours_in_words(rule.weekdays, rule.from_minute, rule.to_minute),
            to=names.get(rule.staff_id or 0, "somebody who left") if rule.staff_id else role_in_words(rule.role),
            away=_away(rule, people, at),
            made=names.get(rule.made_by, "somebody"),
            made_at=rule.made_at,
        )
        for rule in rules
    ]


def attendance(session: Session, people: Mapping[int, Colleague], at: datetime) -> list[Attendance]:
    """Everybody who may answer: when they are here, and whether they are now."""
    hours: dict[int, list[WorkingTime]] = {}
    for worked in session.exec(select(WorkingTime).order_by(col(WorkingTime.id))).all():
        hours.setdefault(worked.staff_id, []).append(worked)
    absences: dict[int, list[Absence]] = {}
    coming = select(Absence).where(Absence.last_day >= at.date()).order_by(col(Absence.first_day))
    for absent in session.exec(coming).all():
        absences.setdefault(absent.staff_id, []).append(absent)
    return [
        Attendance(
            id=one.id,
            name=one.staff.display_name,
            role=one.staff.role.replace("_", " "),
            open=one.open,
            here=one.away_at(at),
            hours=[
                (row.id or 0, hours_in_words(row.weekdays, row.from_minute, row.to_minute))
                for row in hours.get(one.id, ())
            ],
            absences=[(row.id or 0, row.first_day, row.last_day) for row in absences.get(one.id, ())],
        )
        for one in people.values()
        if one.staff.may(Power.DRAFT)
    ]


def hours_in_words(weekdays: str, from_minute: int, to_minute: int) -> str:
    """A weekly calendar in words: "Mon to Fri, 22:00 to 06:00"."""
    days = "every day" if set(weekdays) >= set(EVERY_DAY) else _days(sorted(int(day) for day in set(weekdays)))
    if from_minute == to_minute:
        return f"{days}, day and night"
    return f"{days}, {clock_of(from_minute)} to {clock_of(to_minute)}"


def _days(days: Sequence[int]) -> str:
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS[days[0]]} to {WEEKDAYS[days[-1]]}"
    return ", ".join(WEEKDAYS[day] for day in days) or "never"


def role_in_words(role: Role | None) -> str:
    """What a rule calls the people of a role."""
    return f"whichever {role.replace('_', ' ')} has the least to do" if role else "nobody"


def account_in_words(account: Account) -> str:
    label = CHANNELS[account.channel].label
    return f"{label} @{account.handle}" if account.handle else f"{label}, {account.name}"


def _about(rule: AssignmentRule, services: Mapping[str, str], accounts: Mapping[int | None, str]) -> str:
    parts = [
        services.get(rule.service_code, rule.service_code) if rule.service_code else "Anything",
        f"in {rule.area}" if rule.area else "",
        f"in {words.language_name(rule.language)}" if rule.language else "",
        f"on {accounts.get(rule.account_id, 'a retired account')}" if rule.account_id else "",
    ]
    return " ".join(part for part in parts if part)


def _away(rule: AssignmentRule, people: Mapping[int, Colleague], at: datetime) -> str:
    """Why a rule finds nobody just now; "" where it does, or speaks of a role."""
    if rule.staff_id is None:
        return ""
    found = people.get(rule.staff_id)
    return found.away_at(at) if found else "does not work here any more"
