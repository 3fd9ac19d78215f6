"""Plain everyday Spanish, written apart from the corpus: reports are taken for reports, and nothing else for one."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from classifier.cascade import FollowingClassifier
from classifier.protocol import Understood
from classifier.taxonomy import services_of_taxonomy
from hark311.trained import made_at_set_up

APART = Path(__file__).parent / "written_apart" / "plain.es.jsonl"
ROWS = [json.loads(line) for line in APART.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def understood() -> Sequence[Understood]:
    classifier = FollowingClassifier(made_at_set_up())
    return classifier.classify([row["text"] for row in ROWS], services_of_taxonomy())


def share(right: Sequence[bool]) -> float:
    return sum(right) / len(right)


def test_of_plain_reports_nine_in_ten_name_the_service_and_none_is_thrown_away(
    understood: Sequence[Understood],
) -> None:
    reports = [(row, said) for row, said in zip(ROWS, understood, strict=True) if row["intent"] == "service_request"]
    assert len(reports) == 128
    assert share([said.intent == "service_request" for _, said in reports]) >= 0.93
    assert share([said.service_code == row["category"] for row, said in reports]) >= 0.9
    assert share([said.intent in ("praise", "chatter") for _, said in reports]) <= 0.03


def test_of_what_is_no_report_five_in_six_are_what_they_are(understood: Sequence[Understood]) -> None:
    others = [(row, said) for row, said in zip(ROWS, understood, strict=True) if row["intent"] != "service_request"]
    assert share([said.intent == row["intent"] for row, said in others]) >= 0.8
    assert all(said.intent == "emergency" for row, said in others if row["intent"] == "emergency")
