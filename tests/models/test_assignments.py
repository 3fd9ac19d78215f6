"""Who takes a mention: the rules judged on cases, calendars and people made up here."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from models import Absence, AssignmentRule, Role, Scope, StaffUser, WorkingTime
from models.assignments import Case, Colleague, in_hours, judge
from tests.rows import MORNING

CITY = ZoneInfo("America/New_York")
SUNDAY_NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=CITY)
MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=CITY)
TRASH = Case(1, "SR-TR02", "Harrowgate", "es")
NIGHT = WorkingTime(staff_id=0, weekdays="56", from_minute=22 * 60, to_minute=6 * 60)


def a_rule(**fields: object) -> AssignmentRule:
    return AssignmentRule(**{"id": 1, "made_by": 1, "made_at": MORNING, **fields})  # type: ignore[arg-type]  # a test's own words


def a_colleague(staff_id: int, role: Role = Role.APPROVER, *, active: bool = True, **facts: object) -> Colleague:
    staff = StaffUser(id=staff_id, username=f"u{staff_id}", display_name=f"Person {staff_id}", role=role, active=active)
    return Colleague(staff, **facts)  # type: ignore[arg-type]  # a test's own words


def people(*them: Colleague) -> dict[int, Colleague]:
    return {one.id: one for one in them}


def test_the_first_line_that_fits_counts() -> None:
    rules = [
        a_rule(id=1, rank=2, staff_id=3),
        a_rule(id=2, rank=1, service_code="SR-TR02", language="es", area="harrowgate", staff_id=2),
        a_rule(id=3, rank=0, service_code="SR-ST01", staff_id=1),
    ]
    everybody = people(*(a_colleague(number) for number in (1, 2, 3)))
    assert judge(TRASH, rules, everybody, MONDAY_NOON).staff_id == 2
    assert judge(Case(1, "SR-ST01"), rules, everybody, MONDAY_NOON).staff_id == 1
    assert judge(Case(1, "SR-XX99"), rules, everybody, MONDAY_NOON).staff_id == 3


@pytest.mark.parametrize("other", [{"area": "Fishtown"}, {"account_id": 2}, {"language": "en"}, {"service_code": "X"}])
def test_a_line_speaks_only_of_what_it_names(other: dict[str, object]) -> None:
    rule = a_rule(staff_id=1, **other)
    assert judge(TRASH, [rule], people(a_colleague(1)), MONDAY_NOON).staff_id is None


def test_who_is_away_is_passed_over_and_said_why() -> None:
    gone = a_colleague(1, active=False)
    ill = a_colleague(2, absences=[Absence(staff_id=2, first_day=date(2026, 11, 23), last_day=date(2026, 11, 24))])
    off = a_colleague(3, hours=[NIGHT])
    elsewhere = a_colleague(4, scope=Scope(services=frozenset({"SR-ST01"})))
    reader = a_colleague(5, Role.VIEWER)
    rules = [a_rule(id=number, rank=number, staff_id=number) for number in (1, 2, 3, 4, 5, 6, 7)]
    verdict = judge(TRASH, rules, people(gone, ill, off, elsewhere, reader, a_colleague(6)), MONDAY_NOON)
    assert verdict.staff_id == 6
    assert [why for _, why in verdict.passed_over] == [
        "Person 1 does not work here any more",
        "Person 2 is away that day",
        "Person 3 is not at the desk at that time",
        "Person 4 does not look after this",
        "Person 5 may read and not answer",
    ]


def test_nobody_here_is_no_dead_end() -> None:
    verdict = judge(TRASH, [a_rule(staff_id=1), a_rule(id=2, role=Role.DRAFTER)], {}, MONDAY_NOON)
    assert (verdict.staff_id, verdict.rule, len(verdict.passed_over)) == (None, None, 2)


def test_a_role_gives_it_to_whoever_has_least_to_do() -> None:
    rule = a_rule(role=Role.APPROVER)
    them = people(a_colleague(1, open=4), a_colleague(2, open=1), a_colleague(3, open=0, hours=[NIGHT]))
    assert judge(TRASH, [rule], them, MONDAY_NOON).staff_id == 2
    assert judge(TRASH, [rule], them, SUNDAY_NIGHT).staff_id == 3


def test_a_danger_goes_to_whoever_looks_after_the_account() -> None:
    narrow = a_colleague(1, scope=Scope(services=frozenset({"SR-ST01"})))
    danger = Case(1, "SR-TR02", danger=True)
    assert judge(danger, [a_rule(staff_id=1)], people(narrow), MONDAY_NOON).staff_id == 1


@pytest.mark.parametrize(
    ("weekdays", "begins", "ends", "at", "inside"),
    [
        ("0123456", 0, 0, SUNDAY_NIGHT, True),
        ("01234", 0, 0, SUNDAY_NIGHT, False),
        ("0", 9 * 60, 12 * 60, MONDAY_NOON, False),
        ("0", 9 * 60, 12 * 60 + 1, MONDAY_NOON, True),
        ("5", 22 * 60, 6 * 60, SUNDAY_NIGHT, True),
        ("6", 22 * 60, 6 * 60, SUNDAY_NIGHT, False),
        ("6", 22 * 60, 6 * 60, SUNDAY_NIGHT.replace(hour=23), True),
    ],
)
def test_a_span_past_midnight_belongs_to_the_day_it_begins_on(
    weekdays: str, begins: int, ends: int, at: datetime, inside: bool
) -> None:
    assert in_hours(weekdays, begins, ends, at) is inside
