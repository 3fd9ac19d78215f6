"""`hark chats`: the tweet chats from the operator's own machine."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hark311 import wiring
from hark311.cli import app


@pytest.fixture
def data(tmp_path: Path, prepared_file: Path) -> Path:
    (tmp_path / wiring.DATABASE_FILE).write_bytes(prepared_file.read_bytes())
    return tmp_path


def _hark(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["chats", *words, "--data", str(data)])


def _json(data: Path, *words: str) -> Any:
    return json.loads(_hark(data, *words, "--json").stdout)


def test_without_a_chat_the_list_says_how_to_begin(data: Path) -> None:
    assert "plan-example" in _hark(data, "list").stdout
    assert _json(data, "list") == {"chats": []}
    assert _hark(data, "show", "7").exit_code == 1


def test_the_example_is_planned_listed_and_shown(data: Path) -> None:
    made = _hark(data, "plan-example", "--host", "Mae Jones")
    assert made.exit_code == 0, made.output
    (chat,) = _json(data, "list")["chats"]
    assert (chat["state"], chat["public"], chat["languages"]) == ("planned", False, ["en", "es"])
    plan = _json(data, "show", str(chat["id"]))
    assert [one["at_seconds"] // 60 for one in plan["questions"]] == [5, 14, 23, 32, 41, 50]
    assert all(set(one["words"]) == {"en", "es"} for one in plan["questions"])
    assert plan["people"] == [{"shown_as": "Mae Jones", "part": "host"}]
    assert plan["accounts"]
    assert [one["fixed"] for one in plan["answers"]].count(True) == 1
    assert "Q6" in _hark(data, "show", str(chat["id"])).stdout
    assert f"#{plan['hashtag']}" in _hark(data, "list").stdout
