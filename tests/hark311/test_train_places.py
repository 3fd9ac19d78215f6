"""`hark train places` as an operator uses it."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from classifier.model_files import ModelFiles
from classifier.models_at_work import load
from classifier.places import PlaceKind
from hark311.cli import app
from tests.classifier.invented_places import framed, invented

UNKNOWN = framed("someone left a couch beside <> again", "quirt zelmy", "point")


@pytest.fixture
def data(tmp_path: Path, prepared_file: Path, models_folder: Path) -> Path:
    """A data directory with a database; its models are linked at first use."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(prepared_file, folder / "hark.db")
    return folder


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A file of texts with invented places that no rule knows."""
    file = tmp_path / "rows.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for one in invented():
            spans = [{"start": spot.start, "end": spot.end, "type": spot.kind} for spot in one.places]
            lines.write(json.dumps({"text": one.text, "spans": spans}) + "\n")
    return file


def run(data: Path, *arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["train", *arguments, "--data", str(data)])
    return found.exit_code, found.stdout, found.stderr


def test_what_beats_the_rules_runs_until_it_is_rolled_back(data: Path, rows: Path) -> None:
    code, out, _ = run(data, "places", str(rows), "--json")
    found = json.loads(out)
    assert (code, found["better"], found["drafts"], found["refused"]) == (0, True, 0, 0)
    assert found["trained"]["exact_typed_f1"] > found["rules"]["exact_typed_f1"] == found["running"]["exact_typed_f1"]
    loaded = load(ModelFiles(data / "models"))
    assert loaded.versions["places"] == found["version"]
    assert loaded.recognizer is not None
    [place] = loaded.recognizer.find(UNKNOWN.text, [])
    assert (place.kind, place.start, place.end) == (PlaceKind.LANDMARK, UNKNOWN.places[0].start, UNKNOWN.places[0].end)

    held = json.loads(run(data, "versions", "--json")[1])["places"]
    assert [(one["name"], one["running"]) for one in held] == [(found["version"], True), ("day-one", False)]
    assert run(data, "rollback", "places")[0] == 0
    assert load(ModelFiles(data / "models")).recognizer is None


def test_what_is_no_better_than_what_runs_is_refused(data: Path, rows: Path) -> None:
    run(data, "places", str(rows))
    before = run(data, "versions", "--json")[1]
    code, out, _ = run(data, "places", str(rows))
    assert code == 1
    assert "Nothing was changed" in " ".join(out.split())
    assert run(data, "versions", "--json")[1] == before


def test_a_city_without_approved_drafts_is_told_how_many_are_needed(data: Path) -> None:
    code, _, err = run(data, "places")
    assert code == 1
    assert "50 are needed" in " ".join(err.split())


def test_lines_that_teach_nothing_are_named(data: Path, rows: Path) -> None:
    bad = [
        {"text": "hole on Elm St", "spans": [[8, 14]], "channel": "X"},
        {"text": "hole on Elm St"},
        {"text": "hole on Elm St", "spans": [[8, 99]]},
        {"spans": []},
    ]
    with rows.open("a", encoding="utf-8") as lines:
        lines.write("\n".join([*map(json.dumps, bad), "no json", ""]))
    code, _, err = run(data, "places", str(rows))
    assert code == 0
    first = len(invented()) + 1
    assert [f"line {first + number}:" in err for number in range(6)] == [True] * 5 + [False]
    assert "posts from X train nothing" in err


def test_a_damaged_recogniser_leaves_the_rules_alone_and_says_so(data: Path, rows: Path) -> None:
    version = json.loads(run(data, "places", str(rows), "--json")[1])["version"]
    (data / "models" / "places" / f"{version}.npz").write_bytes(b"other bytes")
    loaded = load(ModelFiles(data / "models"))
    assert loaded.recognizer is None
    assert any(version in trouble for trouble in loaded.troubles)
    assert loaded.heads
