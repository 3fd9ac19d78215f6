"""`hark evaluate chat`: the lines it reads, and what it says of those it cannot. Texts here are ours."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hark311.cli import app

ROW: dict[str, Any] = {
    "text": "A2: I think we need more bins",
    "minute": 16,
    "reply_to_question": None,
    "question": 2,
    "lane": "answer",
}


def _hark(tmp_path: Path, lines: list[str], *flags: str) -> Result:
    file = tmp_path / "posts.jsonl"
    file.write_text("\n".join(lines), "utf-8")
    return CliRunner().invoke(app, ["evaluate", "chat", str(file), "--data", str(tmp_path), *flags])


def test_the_figures_are_told_as_json_and_for_people(tmp_path: Path) -> None:
    spelled = ROW | {"lane": "Answers", "question": "Q2"}
    greeting = {"text": "Hello everybody, good evening!", "minute": 2, "lane": "off-topic", "question": None}
    lines = [json.dumps(ROW), "", json.dumps(spelled), json.dumps(greeting)]
    told = _hark(tmp_path, lines, "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["n"], found["question_accuracy"], found["lane_accuracy"]) == (3, 1.0, 1.0)
    assert found["lanes"]["answer"] == {"n": 2, "recall": 1.0}
    assert found["confusion"]["off_topic"] == {"off_topic": 1}
    printed = _hark(tmp_path, lines)
    assert "lane right 100.0%" in printed.stdout
    assert "off_topic" in printed.stdout


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is no JSON"),
        ("[1]", "it is no JSON object"),
        (json.dumps(ROW | {"text": 3}), "`text` is no text"),
        (json.dumps(ROW | {"minute": "soon"}), "`minute` is no number"),
        (json.dumps(ROW | {"question": 2.5}), "`question` is neither a whole number nor null"),
        (json.dumps(ROW | {"lane": "chitchat"}), "`lane` is none of"),
        (json.dumps({key: value for key, value in ROW.items() if key != "lane"}), "`lane` is missing"),
    ],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path, line: str, reason: str) -> None:
    told = _hark(tmp_path, [json.dumps(ROW), line], "--json")
    assert told.exit_code == 1
    said = " ".join(told.output.split())
    assert "line 2:" in said.replace("posts.jsonl, ", "")
    assert reason in said
    assert "bins" not in said


def test_files_without_posts_and_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    assert _hark(tmp_path, [""]).exit_code == 1
    missing = CliRunner().invoke(app, ["evaluate", "chat", str(tmp_path / "none.jsonl"), "--data", str(tmp_path)])
    assert missing.exit_code == 2
    assert "cannot be read" in missing.output
