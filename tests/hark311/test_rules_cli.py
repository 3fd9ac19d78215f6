"""`hark rules`: checked and counted by X itself, begun, changed and ended from the command line."""

import json
from typing import Any

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from hark311.cli import app
from models import ListeningRule
from tests.town import Town


@pytest.fixture
def rules(town: Town, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HARK_SIMULATOR_PORT", str(town.simulator.settings.port))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["rules", *map(str, arguments), "--data", str(town.data)])

    return run


def _stored(town: Town) -> list[ListeningRule]:
    with town.database.read() as session:
        return list(session.exec(select(ListeningRule).order_by(col(ListeningRule.id))).all())


def test_check_says_what_a_rule_finds_and_costs_and_keeps_nothing(town: Town, rules: Any) -> None:
    town.simulator.say_many_on_x([{"text": "pothole philly", "mention": False}] * 7)
    told = rules("check", "pothole philly", "--json")
    assert told.exit_code == 0, told.output
    said = json.loads(told.stdout)
    assert (said["found_in_week"], said["a_day"], said["dollars_a_month"]) == (7, 1.0, 0.45)
    assert "$0.005 for the post" in said["sum"]
    assert _stored(town) == []


def test_check_refuses_what_x_would_refuse_without_asking_x(town: Town, rules: Any) -> None:
    told = rules("check", "#")
    assert told.exit_code == 1
    assert "# alone says nothing" in told.output
    assert town.simulator.calls(operation="counts") == []


def test_a_rule_is_added_changed_and_ended(town: Town, rules: Any) -> None:
    assert rules("add", "pothole philly", "--label", "Potholes").exit_code == 0
    told = rules("add", "pothole phl", "--replaces", 1)
    assert told.exit_code == 0
    assert "Rule 2 is heard from now on." in told.output
    old, new = _stored(town)
    assert old.ended_at == new.begins_at
    assert rules("end", 2).exit_code == 0
    listed = json.loads(rules("list", "--json").stdout)["rules"]
    assert [(one["state"], one["query"]) for one in listed] == [("ended", "pothole philly"), ("ended", "pothole phl")]
    assert "There is no rule 9" in rules("end", 9).output


def test_an_added_rule_is_heard_by_the_worker(town: Town, rules: Any) -> None:
    rules("add", "pothole philly")
    town.simulator.say_on_x("a pothole in philly", mention=False)
    town.listen("x")
    assert json.loads(rules("list", "--json").stdout)["rules"][0]["found"] == 1


def test_when_x_cannot_be_asked_nothing_is_changed(town: Town, rules: Any) -> None:
    town.simulator.fault("x", "html_error", "counts")
    told = rules("add", "pothole philly")
    assert told.exit_code == 1
    assert "Nothing was changed" in told.output
    assert _stored(town) == []
