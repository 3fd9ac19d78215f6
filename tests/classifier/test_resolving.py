"""Measuring how well posts are resolved."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from classifier.evaluation.resolving import evaluate_resolving, evaluate_resolving_files
from classifier.places.gazetteer import Gazetteer
from classifier.places.phrases import Place, PlaceKind
from classifier.places.resolver import Resolver
from tests.classifier.small_town import at, town

RESOLVER = Resolver(Gazetteer.build(town()))
KEYS = {"n", "located", "median_m", "within_100", "within_250", "within_500", "wrong_1km", "needs_clarification"}


def row(name: str, text: str, east: float, north: float) -> dict[str, object]:
    lat, lon = at(east, north)
    return {"id": name, "text": text, "lat": lat, "lon": lon}


ROWS = [
    row("near", "250 Oak St", 150, 100),
    row("a block off", "250 Elm St", 150, 400),
    row("wrong", "250 Pine St", 4000, 4000),
    row("asked", "350 5th St", 400, 350),
]


def whole(text: str) -> Sequence[Place]:
    return [Place(PlaceKind.ADDRESS, 0, len(text), "given")]


def test_shares_within_a_distance_are_of_the_located_rows() -> None:
    found = evaluate_resolving(ROWS, whole, RESOLVER)
    assert set(found) == KEYS
    assert (found["n"], found["located"], found["needs_clarification"]) == (4, 0.75, 0.25)
    assert (found["within_100"], found["within_250"], found["wrong_1km"]) == (0.3333, 0.6667, 0.3333)
    assert found["median_m"] == pytest.approx(200, abs=5)


def test_only_the_rows_of_the_named_ids_count() -> None:
    assert evaluate_resolving(ROWS, whole, RESOLVER, ids={"near"})["n"] == 1


def test_no_row_gives_no_share() -> None:
    assert evaluate_resolving([], whole, RESOLVER)["located"] is None


def test_lines_that_cannot_be_read_are_named_and_raise_nothing(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [json.dumps(ROWS[0]), "{", json.dumps({"text": "no point"}), json.dumps(ROWS[0] | {"lat": "north"})]
    file.write_text("\n".join(lines))
    found = evaluate_resolving_files([file], whole, RESOLVER)
    assert set(found) == KEYS | {"skipped"}
    assert found["n"] == 1
    assert (found["skipped"]["no_gold"], found["skipped"]["broken"]) == (1, 2)
    assert [one["line"] for one in found["skipped"]["lines"]] == [2, 4]


def test_files_are_read_for_the_named_ids_alone(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, ROWS)))
    found = evaluate_resolving_files([file], whole, RESOLVER, ids={"near", "asked"})
    assert (found["n"], found["located"], found["skipped"]["no_gold"]) == (2, 0.5, 2)


def test_how_a_category_was_chosen_says_nothing_about_the_place(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(ROWS[0] | {"category": None, "mapping": "none"}), "utf-8")
    assert evaluate_resolving_files([file], whole, RESOLVER)["n"] == 1
