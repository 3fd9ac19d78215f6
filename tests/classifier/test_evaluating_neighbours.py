"""Measuring neighbours: planted repeats are looked for, pairs are written for readers, verdicts are read back."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from classifier.evaluation.neighbours import precision, read_pairs, read_rows, recall, write_pairs

PAIRS = Path(__file__).parent / "written_apart" / "reworded_repeats.jsonl"


def kinds(texts: Sequence[str]) -> list[list[str]]:
    return [["POTHOLE"] for _ in texts]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Two reports of one hole, a day apart, and one across town."""
    file = tmp_path / "town.jsonl"
    rows = [
        {"text": "deep pothole by the bakery ate my tire", "created": "2026-03-01", "lat": 40.0, "lon": -75.0},
        {"text": "bakery pothole, tire is flat", "created": "03/02/2026 - 04:48AM", "lat": 40.0001, "lon": -75.0},
        {"text": "pothole uptown", "created": "2026-03-02", "lat": 40.1, "lon": -75.0},
        {"text": "nobody knows where", "created": "2026-03-02", "lat": None, "lon": None},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def test_the_pairs_are_ours_and_many() -> None:
    pairs = read_pairs(PAIRS)
    assert len(pairs) >= 150
    assert all(pair.first != pair.again for pair in pairs)


def test_repeats_of_a_known_kind_are_found_beside_real_rows(town: Path) -> None:
    potholes = [pair for pair in read_pairs(PAIRS) if pair.category == "POTHOLE"][:2]
    found = recall(read_rows([town], kinds), potholes, kinds)
    assert (found["n"], found["recall"], found["missed"]) == (len(potholes), 1.0, {})


def test_a_repeat_whose_kind_is_not_seen_is_missed_for_that(town: Path) -> None:
    potholes = [pair for pair in read_pairs(PAIRS) if pair.category == "POTHOLE"][:1]

    def confused(texts: Sequence[str]) -> list[list[str]]:
        return [["NOISE" if "rim crack" in text else "TREE"] for text in texts]

    assert recall(read_rows([town], kinds), potholes, confused)["missed"] == {"kind": 1}


def test_readers_verdicts_come_back_as_precision(town: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    assert write_pairs(read_rows([town], kinds), out, 300) == 1
    [pair] = [json.loads(line) for line in out.read_text().splitlines()]
    assert (pair["relation"], pair["verdict"]) == ("same", "")
    files = []
    for reader, verdict in enumerate(("same", "different")):
        files.append(tmp_path / f"reader{reader}.jsonl")
        files[-1].write_text(json.dumps(pair | {"verdict": verdict}))
    found = precision(files)
    assert (found["precision"], found["all_agree"], found["agreement"]) == (0.5, 0.0, 0.0)


def test_a_verdict_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "judged.jsonl"
    file.write_text(json.dumps({"n": 1, "relation": "same", "verdict": "perhaps"}))
    with pytest.raises(ValueError, match="line 1: a verdict is same"):
        precision([file])
