"""`hark calendars` at a terminal and as JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hark311 import wiring
from hark311.cli import app
from hark311.settings import load
from models import Calendar, CalendarOpening, PromiseUnit, Service, ServicePromise, migrations


@pytest.fixture
def data(tmp_path: Path) -> str:
    database = wiring.database_of(load(tmp_path))
    migrations.upgrade(database)
    with database.write() as session:
        session.add(Calendar(name="City Hall", time_zone="America/New_York"))
        session.add_all([Service(service_code=code, service_name=code) for code in ("POTHOLE", "LIGHT")])
        session.flush()
        session.add_all(
            [CalendarOpening(calendar_id=1, weekday=day, from_minute=540, to_minute=1020) for day in range(5)]
        )
        session.add(ServicePromise(service_code="POTHOLE", amount=3, unit=PromiseUnit.BUSINESS_DAYS, calendar_id=1))
    database.dispose()
    return str(tmp_path)


def test_calendars_are_listed_and_a_promise_is_reckoned(data: str) -> None:
    listed = CliRunner().invoke(app, ["calendars", "--data", data, "--json"])
    assert [(one["name"], one["services_promised"]) for one in json.loads(listed.output)] == [("City Hall", 1)]
    asked = ["calendars", "due", "POTHOLE", "--from", "2026-11-20T15:30", "--data", data]
    assert json.loads(CliRunner().invoke(app, [*asked, "--json"]).output)["due"] == "2026-11-25T17:00:00-05:00"
    assert "Wednesday, Nov 25, 17:00" in CliRunner().invoke(app, asked).output


@pytest.mark.parametrize(
    ("asked", "said"),
    [(["LIGHT"], "Nothing is promised for LIGHT"), (["POTHOLE", "--from", "soon"], "A moment is written like")],
)
def test_what_cannot_be_reckoned_is_said(data: str, asked: list[str], said: str) -> None:
    refused = CliRunner().invoke(app, ["calendars", "due", *asked, "--data", data])
    assert refused.exit_code == 2
    assert said in " ".join(refused.output.split())
