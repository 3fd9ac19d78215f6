"""Invariant 12: aware UTC in the database, promise dates in the city's time zone, and a clock that is handed in."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import DateTime
from sqlmodel import select

from models import Mention, ServiceRequest, tables
from models.database import UTCDateTime
from tests.town import Town

ROOT = Path(__file__).parents[2]
OURS = ("models", "listeners", "classifier", "responders")


def test_every_time_column_is_aware_utc() -> None:
    columns = [column for table in tables().tables.values() for column in table.columns]
    assert not [column for column in columns if isinstance(column.type, DateTime)]
    assert sum(isinstance(column.type, UTCDateTime) for column in columns) > 20


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (datetime(2026, 12, 5, 4, 30, tzinfo=UTC), "Friday, Dec 4"),
        (datetime(2026, 12, 5, 5, 30, tzinfo=UTC), "Saturday, Dec 5"),
        (datetime(2026, 7, 4, 3, 59, tzinfo=UTC), "Friday, Jul 3"),
    ],
)
def test_a_promise_is_the_day_it_is_in_the_city(town: Town, expected: datetime, said: str) -> None:
    post_id = town.simulator.say_on_x("There is a deep pothole at 5th and Market St")
    town.hear()
    mention_id = town.mention_of(post_id).id
    town.approve(mention_id, "It should be fixed by {date}. Your number is {number}.")
    town.simulator.fault("x", "rate_limit", "create_post", reset_in=5)
    town.deliver(1)
    with town.database.write() as session:
        request = session.exec(select(ServiceRequest)).one()
        request.expected_datetime = expected
        session.add(request)
    town.clock.advance(seconds=10)
    town.deliver()
    (sent,) = town.our_replies_on_x(post_id)
    assert f"fixed by {said}" in sent


def test_what_happens_is_dated_by_the_clock_that_was_handed_in(town: Town) -> None:
    town.clock.advance(days=400)
    town.simulator.say_on_telegram("There is a deep pothole at 5th and Market St")
    town.hear()
    with town.database.read() as session:
        mention = session.exec(select(Mention)).one()
    assert abs(mention.received_at - town.clock()) < timedelta(minutes=1)
    assert abs(mention.changed_at - town.clock()) < timedelta(minutes=1)


def test_only_the_clock_itself_reads_the_machines_time() -> None:
    readers = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in OURS
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    ]
    assert [one.split(":")[0] for one in readers] == ["models/database.py"]
