"""Scoring a classifier on labelled lines."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from classifier.evaluation import TASKS, evaluate
from classifier.rules import RuleClassifier


def written(folder: Path, *rows: object, name: str = "dev.jsonl") -> Path:
    file = folder / name
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return file


def test_categories_are_scored_where_the_label_is_one(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "huge pothole", "category": "POTHOLE", "mapping": "label"},
        {"text": "graffiti on the wall", "category": "GRAFFITI"},
        {"text": "street light out", "category": "NOISE", "mapping": "label"},
        {"text": "huge pothole", "category": "POTHOLE", "mapping": "text_rule"},
        {"text": "hello", "category": None, "mapping": "none"},
    )
    report = evaluate("category", [file], classifier)
    (score,) = report.scores
    assert score.rows == 3
    assert score.measures["top-1"] == pytest.approx(2 / 3, abs=1e-4)
    assert score.measures["coverage"] == 1
    assert score.classes["NOISE"].recall == 0
    assert score.classes["POTHOLE"].f1 == 1


def test_intents_are_scored_strictly_and_with_the_second_label(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "thank you so much, great job", "intent": "praise", "sample": "base"},
        {"text": "thank you so much, great job", "intent": "chatter", "intent_alt": "praise", "sample": "topup"},
    )
    scores = {score.name.rsplit(" ", 1)[-1]: score.measures for score in evaluate("intent", [file], classifier).scores}
    assert scores.keys() == {"base", "topup", "all"}
    assert (scores["all"]["top-1"], scores["all"]["lenient"]) == (0.5, 1.0)


def test_alarms_are_scored_for_recall_precision_and_false_friends(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "house on fire", "intent": "emergency", "emergency_like": False},
        {"text": "it is bad", "intent": "emergency"},
        {"text": "the fire last month", "intent": "complaint", "emergency_like": True},
        {"text": "fire hydrant broken", "intent": "service_request", "emergency_like": True},
        {"text": "I smell gas", "intent": "service_request", "intent_alt": "emergency"},
    )
    measures = evaluate("emergency", [file], classifier).scores[0].measures
    assert measures["recall"] == 0.5
    assert measures["precision"] == 0.5
    assert measures["alarms where it only sounds like one"] == 0.5


def test_languages_are_scored(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path, {"text": "hay basura en la calle", "lang": "es"}, {"text": "路灯坏了", "language": "zh-Hans"}
    )
    assert evaluate("language", [file], classifier).scores[0].measures["top-1"] == 1


def test_places_are_scored_to_the_letter_and_by_touch(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "pothole at 5th & Market", "locations": [[11, 23, "intersection"]]},
        {"text": "pothole at 5th & Market", "spans": [{"start": 11, "end": 14, "type": "ROAD"}]},
    )
    measures = evaluate("location", [file], classifier).scores[0].measures
    assert (measures["F1"], measures["touching F1"]) == (0.5, 1.0)


def test_a_line_that_cannot_be_read_is_named_and_skipped(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "hola", "lang": "es"},
        "{not json",
        "[]",
        {"text": 5},
        {"text": "no label"},
        '{"text": "\\ud800", "lang": "es"}',
    )
    report = evaluate("language", [file], classifier)
    assert [one.line for one in report.troubles] == [2, 3, 4, 5]
    assert report.scores[-1].rows == 2


def test_an_empty_file_scores_nothing_and_does_not_fail(tmp_path: Path, classifier: RuleClassifier) -> None:
    report = evaluate("category", [written(tmp_path)], classifier)
    assert report.scores[-1].rows == 0


def test_several_files_are_scored_apart_and_together(tmp_path: Path, classifier: RuleClassifier) -> None:
    files = [written(tmp_path, {"text": "hola", "lang": "es"}, name=name) for name in ("a.jsonl", "b.jsonl")]
    scores = evaluate("language", files, classifier).scores
    assert [(score.name.rpartition("/")[2], score.rows) for score in scores] == [
        ("a.jsonl", 1),
        ("b.jsonl", 1),
        ("all", 2),
    ]


def test_a_report_prints_and_becomes_json(tmp_path: Path, classifier: RuleClassifier) -> None:
    report = evaluate("category", [written(tmp_path, {"text": "pothole", "category": "POTHOLE"}, "broken")], classifier)
    out = io.StringIO()
    Console(file=out, width=160).print(report.table())
    assert "POTHOLE" in out.getvalue()
    assert "1 lines skipped" in out.getvalue()
    assert json.loads(json.dumps(report.as_dict()))["task"] == "category"


def test_an_unknown_task_is_refused(classifier: RuleClassifier) -> None:
    with pytest.raises(KeyError):
        evaluate("weather", [], classifier)


def test_the_tasks_are_those_of_the_command() -> None:
    assert set(TASKS) == {"intent", "category", "emergency", "language", "location"}
