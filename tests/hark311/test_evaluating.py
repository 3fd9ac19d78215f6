"""`hark evaluate`: figures on standard output, everything else on standard error, mistakes told before long work."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from classifier.evaluation import read_rows
from hark311.cli import app

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "measure-the-classifier.md"
ROW = '{"text": "Deep pothole at 5th and Market", "category": "POTHOLE"}\n'


def _hark(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *(str(one) for one in arguments)])


def test_figures_are_printed_as_json_and_the_report_is_written(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(ROW + "broken\n")
    told = _hark("category", file, "--data", tmp_path, "--json", "--report", tmp_path / "report")
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert (figures["n"], figures["top1"], figures["skipped"]["broken"]) == (1, 1.0, 1)
    assert {one.name for one in (tmp_path / "report").iterdir()} == {"category.html", "category.json"}
    assert "category.html" in told.stderr


@pytest.mark.parametrize(
    ("content", "arguments", "code", "sentence"),
    [
        (ROW, ("smell", "FILE"), 2, "no task"),
        (ROW, ("category", "FILE", "missing.jsonl"), 2, "missing.jsonl cannot be read: No such file"),
        (ROW, ("category", "."), 2, "Is a directory"),
        (ROW, ("intent", "FILE"), 1, "No line has a label that intent needs (no_gold 1)"),
        ("", ("intent", "FILE"), 1, "the files are empty"),
        ("[1,\n2]\n", ("intent", "FILE"), 1, "line 1: is no JSON"),
        (ROW, ("category", "FILE", "--report", "FILE"), 2, "cannot hold a report: File exists"),
    ],
)
def test_a_mistake_is_told_before_the_classifier_is_loaded(
    tmp_path: Path, content: str, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(content)
    told = _hark(*(file if one == "FILE" else one for one in arguments), "--data", tmp_path)
    assert told.exit_code == code, told.output
    assert sentence in told.stderr
    assert told.stdout == ""
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(("task", "rows"), [("category", 3), ("intent", 2), ("emergency", 2), ("language", 1)])
def test_the_example_in_the_how_to_serves_several_tasks(tmp_path: Path, task: str, rows: int) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(HOW_TO.read_text("utf-8").partition("```json\n")[2].partition("```")[0], "utf-8")
    labelled = read_rows(task, [file])
    assert (len(labelled.rows), labelled.skipped.as_dict()["no_gold"]) == (rows, 4 - rows)
