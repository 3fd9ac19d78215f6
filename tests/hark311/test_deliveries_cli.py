"""`hark deliveries`: what did not arrive, for people and for scripts."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hark311.cli import app
from models import Database, utc_now
from tests.hark311.console.stuck import make_stuck


@pytest.fixture
def data(tmp_path: Path, migrated_file: Path) -> Path:
    shutil.copy(migrated_file, tmp_path / "hark.db")
    return tmp_path


def test_nothing_failed_ends_well(data: Path) -> None:
    came = CliRunner().invoke(app, ["deliveries", "--data", str(data)])
    assert (came.exit_code, came.stdout.strip()) == (0, "Everything that was approved arrived.")


def test_what_failed_is_told_with_cause_and_retry_and_ends_with_1(data: Path) -> None:
    database = Database.in_file(data / "hark.db")
    with database.write() as session:
        make_stuck(session, utc_now() - timedelta(minutes=1))
    database.dispose()
    came = CliRunner().invoke(app, ["deliveries", "--data", str(data), "--json"])
    assert came.exit_code == 1
    found = {(one["destination"], one["trouble"]): one for one in json.loads(came.stdout)}
    assert set(found) == {
        ("the city", "refused"),
        ("the city", "uncertain"),
        ("Parks Department", "uncertain"),
        ("Street Works", "deferred"),
        ("the city", "token"),
    }
    mailed = found["Parks Department", "uncertain"]
    assert mailed["retries"] == {"blind": "Sends the e-mail again. Parks Department may get it twice."}
    assert mailed["seconds"] > 3 * 3600
    plain = CliRunner().invoke(app, ["deliveries", "--data", str(data)]).stdout
    assert "Street Works could not be reached." in plain
