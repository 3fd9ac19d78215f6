"""`hark doctor` against the simulator: all is well; and each thing that is not says what to do."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hark311 import doctor
from hark311.cli import app
from hark311.settings import load
from hark311.simulated import accounts_of
from hark311.status import status_of
from models import Account
from tests.town import Town


def _doctor(town: Town, *arguments: str) -> tuple[int, dict[str, Any]]:
    answer = CliRunner().invoke(
        app,
        ["doctor", "--json", "--data", str(town.data), *arguments],
        env={"HARK_SIMULATOR_PORT": str(town.simulator.settings.port), "COLUMNS": "200"},
    )
    return answer.exit_code, json.loads(answer.output)


def test_against_the_simulator_all_is_well(town: Town) -> None:
    town.listen()
    code, found = _doctor(town)
    assert [one for one in found["findings"] if one["ok"] is False] == []
    assert (code, found["well"]) == (0, True)
    about = {one["about"] for one in found["findings"]}
    assert {"this machine", "the city", "x", "telegram"} <= about


def test_a_refused_key_is_a_problem_with_steps_and_ends_with_1(town: Town) -> None:
    town.simulator.fault("x", "bad_key", times=20)
    code, found = _doctor(town, "--account", "x")
    assert code == 1
    problem = next(one for one in found["findings"] if one["ok"] is False)
    assert problem["about"] == "x"
    assert problem["advice"]
    assert {one["about"] for one in found["findings"]} == {"x"}


def test_an_account_nobody_listens_to_is_told(town: Town) -> None:
    town.listen("x")
    rules = accounts_of(town.settings)["x"]
    assert doctor._standing(town.account("x"), rules, town.clock())[0].ok is True
    town.clock.advance(minutes=10)
    (found,) = doctor._standing(town.account("x"), rules, town.clock())
    assert found.ok is False
    assert "Nobody is listening" in found.says


def test_a_key_that_may_not_write_is_told_by_doctor_status_and_the_list_of_accounts(town: Town) -> None:
    town.listen("x")
    with town.database.write() as session:
        account = session.get_one(Account, town.account("x").id)
        account.refused_since, account.refused_because = town.clock(), "X takes nothing from us: it is locked."
    rules, given = accounts_of(town.settings)["x"], accounts_of(town.settings)
    (found,) = doctor._standing(town.account("x"), rules, town.clock())
    assert (found.ok, "No reply leaves. X takes nothing from us: it is locked." in found.says) == (False, True)
    listed = CliRunner().invoke(app, ["accounts", "list", "--json", "--data", str(town.data)]).output
    shown = [*status_of(town.database, town.data, given).listeners, *json.loads(listed)]
    of_x = [one for one in shown if one["account"] == "x"]
    assert [one["health"] for one in of_x] == ["sending_refused"] * 2
    assert all("What is approved is kept" in " ".join(one["warnings"]) for one in of_x)


def test_a_settings_file_that_everybody_can_read_is_told(town: Town) -> None:
    file = town.data / "hark.toml"
    file.write_text("")
    file.chmod(0o644)
    (found,) = doctor._settings_file(town.settings)
    assert found.ok is False
    assert "chmod 600" in found.advice
    file.chmod(0o600)
    assert doctor._settings_file(town.settings)[0].ok is True


async def test_a_webhook_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    settings = load(tmp_path, public_url="http://127.0.0.1:9")
    found = await doctor._webhook(settings, "x")
    assert found.ok is False
    assert "register" in found.advice
