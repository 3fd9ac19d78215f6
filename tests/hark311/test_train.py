"""The `hark train` commands as an operator uses them."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hark311.cli import app


@pytest.fixture
def data(tmp_path: Path, prepared_file: Path, models_folder: Path) -> Path:
    """A data directory with a database; its models are linked at first use."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(prepared_file, folder / "hark.db")
    return folder


def run(data: Path, *arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["train", *arguments, "--data", str(data)])
    return found.exit_code, found.stdout, found.stderr


def test_labels_come_in_and_go_out_again(data: Path, tmp_path: Path) -> None:
    rows = [{"task": "category", "text": f"the hole number {n} is back", "value": "POTHOLE"} for n in range(3)]
    file, again = tmp_path / "labels.jsonl", tmp_path / "again.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    assert run(data, "import", str(file))[0] == 0
    assert run(data, "export", str(again))[0] == 0
    back = [json.loads(line) for line in again.read_text("utf-8").splitlines()]
    assert [(row["text"], row["value"]) for row in back] == [(row["text"], row["value"]) for row in rows]


def test_lines_that_cannot_be_taken_are_named_and_the_others_kept(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    good = {"task": "intent", "text": "thank you all", "value": "praise"}
    from_x = {"task": "intent", "text": "hello", "value": "chatter", "channel": "x"}
    file.write_text("\n".join([json.dumps(good), "no json", json.dumps(from_x)]), "utf-8")
    code, out, err = run(data, "import", str(file))
    assert code == 1
    assert out.startswith("1 labels added")
    assert "line 2:" in err
    assert "line 3:" in err


def test_too_few_labels_are_said_and_nothing_changes(data: Path) -> None:
    code, _, err = run(data, "category")
    assert code == 1
    assert "50 are needed. Nothing was changed." in " ".join(err.split())


def test_day_one_runs_until_something_better_does(data: Path) -> None:
    code, out, _ = run(data, "versions", "--json")
    assert code == 0
    held = json.loads(out)
    assert [(one["name"], one["running"]) for one in held["category"]] == [("day-one", True)]
    assert run(data, "rollback", "category", "--to", "day-one")[0] == 0


def test_a_version_that_never_was_is_refused(data: Path) -> None:
    code, _, err = run(data, "rollback", "intent", "--to", "20200101T000000Z")
    assert code == 1
    assert "20200101T000000Z" in err


def test_a_folder_that_holds_no_encoder_is_refused(data: Path, tmp_path: Path) -> None:
    code, _, err = run(data, "encoder", str(tmp_path / "nothing"))
    assert code == 1
    assert "is no folder" in " ".join(err.split())
    assert run(data, "versions")[0] == 0
