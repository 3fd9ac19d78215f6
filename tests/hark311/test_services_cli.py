"""`hark services`: the city's endpoint is found, and its services are taken over, from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hark311.cli import app
from hark311.simulator import RunningSimulator, SimulatorSettings
from models import Database, Service, migrations


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    settings = SimulatorSettings(tmp_path / "city.db", port=0)
    with RunningSimulator(settings.database, settings) as running:
        monkeypatch.setenv("HARK_OPEN311__BASE_URL", running.open311_url)
        yield running


def hark(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout


def test_an_endpoint_is_found_and_told_as_settings(hall: RunningSimulator) -> None:
    code, said = hark("services", "discover", f"{hall.open311_url}/discovery")
    assert code == 0
    assert f'base_url = "{hall.open311_url}"' in said
    assert json.loads(hark("services", "discover", hall.open311_url, "--json")[1])["format"] == "json"
    assert hark("services", "discover", f"{hall.url}/nowhere")[0] == 1


def test_services_are_taken_over_and_what_changed_is_told(hall: RunningSimulator, tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "hark.db")
    migrations.upgrade(database)
    code, said = hark("services", "sync", "--json", "--data", str(tmp_path))
    assert code == 0
    assert "POTHOLE" in json.loads(said)["added"]
    assert hark("services", "sync", "--data", str(tmp_path)) == (0, "Nothing has changed.\n")
    with database.read() as session:
        assert session.get(Service, "POTHOLE") is not None
    database.dispose()
    hall.fault("open311", "html_error", "services")
    assert hark("services", "sync", "--data", str(tmp_path))[0] == 1
