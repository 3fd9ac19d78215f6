"""Scoring a classifier on labelled lines."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from classifier.evaluation import TASKS, evaluate, read_rows, tables, write_report
from classifier.evaluation.scoring import category_ranking, intent_ranking
from classifier.protocol import Understood
from classifier.rules import RuleClassifier
from models import Guess, Intent

NOW = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


def written(folder: Path, *rows: object, name: str = "dev.jsonl") -> Path:
    file = folder / name
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return file


def test_categories_are_scored_where_the_label_is_one(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "huge pothole", "category": "POTHOLE", "mapping": "label"},
        {"text": "graffiti on the wall", "category": "GRAFFITI", "category_alt": None},
        {"text": "street light out", "category": "NOISE", "mapping": "label"},
        {"text": "street light out", "category": "NOISE", "category_alt": ["PARK", "STREET_LIGHT"]},
        {"text": "huge pothole", "category": "POTHOLE", "mapping": "text_rule"},
        {"text": "huge pothole", "category": "POTHOLE", "mapping": None},
        {"text": "hello", "category": None, "mapping": "none"},
        {"text": "hello", "category": ""},
        {"text": "hello"},
    )
    found = evaluate("category", [file], classifier).as_dict()
    assert (found["task"], found["version"], found["n"]) == ("category", classifier.version, 4)
    assert (found["top1"], found["top1_strict"], found["abstained"]) == (0.75, 0.5, 0)
    assert found["per_class"]["POTHOLE"]["f1"] == 1
    assert {why: n for why, n in found["skipped"].items() if n} == {"n": 5, "no_gold": 3, "mapping": 2}
    assert found["texts_per_second"] > 0


def test_intents_are_scored_with_the_second_label_per_file_and_per_sample(
    tmp_path: Path, classifier: RuleClassifier
) -> None:
    thanks = "thank you so much, great job"
    one = written(
        tmp_path,
        {"text": thanks, "intent": "praise", "sample": "base"},
        {"text": thanks, "intent": "chatter", "intent_alt": "praise", "sample": "topup"},
        name="one.jsonl",
    )
    other = written(tmp_path, {"text": thanks, "intent": "question"}, name="other.jsonl")
    found = evaluate("intent", [one, other], classifier).as_dict()
    assert found["top1"] == pytest.approx(2 / 3, abs=1e-4)
    files = [(part["file"].rpartition("/")[2], part["sample"], part["n"], part["top1"]) for part in found["files"]]
    assert files == [
        ("one.jsonl", None, 2, 1.0),
        ("one.jsonl", "base", 1, 1.0),
        ("one.jsonl", "topup", 1, 1.0),
        ("other.jsonl", None, 1, 0.0),
    ]


def test_the_ranking_holds_the_best_guess_whether_it_was_suggested_or_not() -> None:
    second = Guess(value="TREE", probability=0.2)
    suggested = Understood(service_code="PARK", service_probability=0.7, runners_up=(second,))
    assert [one.value for one in category_ranking(suggested)] == ["PARK", "TREE"]
    assert category_ranking(Understood(runners_up=(second,), abstained=True)) == (second,)
    praise = Understood(intent=Intent.PRAISE, intent_probability=0.6)
    assert intent_ranking(praise) == (Guess(value="praise", probability=0.6),)
    ranked = (Guess(value="praise", probability=0.6), Guess(value="chatter", probability=0.3))
    assert intent_ranking(Understood(intent=Intent.PRAISE, intents=ranked)) == ranked
    assert intent_ranking(Understood(abstained=True)) == ()


def test_alarms_are_scored_for_recall_precision_and_false_friends(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "house on fire", "intent": "emergency", "emergency_like": False},
        {"text": "it is bad", "intent": "emergency", "intent_alt": "complaint"},
        {"text": "the fire last month", "intent": "complaint", "emergency_like": True},
        {"text": "fire hydrant broken", "intent": "service_request", "emergency_like": True},
        {"text": "I smell gas", "intent": "service_request", "intent_alt": "emergency"},
    )
    report = evaluate("emergency", [file], classifier)
    found = report.as_dict()
    assert (found["n"], found["recall"], found["precision"], found["missed"]) == (4, 0.5, 0.5, 1)
    assert (found["lookalikes"], found["alarms_on_lookalikes"]) == (2, 0.5)
    assert found["skipped"]["either_right"] == 1
    assert [one["line"] for one in report.missed()] == [2]


def test_the_emergency_field_goes_before_the_intent(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "house on fire", "emergency": True, "intent": "complaint"},
        {"text": "house on fire", "emergency": False, "intent": "emergency"},
        {"text": "house on fire", "emergency": None, "intent": "emergency"},
        {"text": "house on fire", "emergency": "yes"},
    )
    found = evaluate("emergency", [file], classifier).as_dict()
    assert (found["n"], found["recall"], found["precision"]) == (2, 1.0, 0.5)
    assert (found["skipped"]["no_gold"], found["skipped"]["broken"]) == (1, 1)


def test_figures_of_speech_give_a_rate_of_false_alarms_and_nothing_else(
    tmp_path: Path, classifier: RuleClassifier
) -> None:
    file = written(
        tmp_path,
        {"text": "my house is on fire", "real_disaster": 0},
        {"text": "this new song is nice", "real_disaster": 0},
        {"text": "an earthquake somewhere", "real_disaster": 1},
        {"text": "house on fire", "intent": "emergency", "real_disaster": 0},
    )
    found = evaluate("emergency", [file], classifier).as_dict()
    assert (found["figurative"], found["false_alarms"]) == (2, 0.5)
    assert (found["n"], found["recall"]) == (1, 1.0)
    assert found["skipped"]["real_disaster"] == 1


def test_languages_are_scored(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path, {"text": "hay basura en la calle", "lang": "es"}, {"text": "路灯坏了", "language": "zh-Hans"}
    )
    found = evaluate("language", [file], classifier).as_dict()
    assert found["top1"] == 1
    assert found["per_language"].keys() == {"es", "zh-Hans"}


def test_the_language_of_a_row_goes_before_what_the_classifier_says(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "huge pothole on the street", "category": "POTHOLE", "lang": "ht"},
        {"text": "huge pothole on the street", "category": "POTHOLE", "language": 7},
    )
    assert evaluate("category", [file], classifier).measures["per_language"].keys() == {"ht", "en"}


def test_places_are_scored_to_the_letter_and_by_touch(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(
        tmp_path,
        {"text": "pothole at 5th & Market", "locations": [[11, 23, "intersection"]]},
        {"text": "pothole at 5th & Market", "spans": [{"start": 11, "end": 14, "type": "ROAD"}]},
        {"text": "pothole at 5th & Market", "spans": [{"start": 11}]},
    )
    found = evaluate("location", [file], classifier).as_dict()
    assert (found["exact_f1"], found["overlap_f1"], found["skipped"]["broken"]) == (0.5, 1.0, 1)


def test_kinds_of_places_are_compared_in_the_words_of_the_labels(tmp_path: Path, classifier: RuleClassifier) -> None:
    text = "pothole at 5th & Market"
    ours = written(tmp_path, {"text": text, "locations": [[11, 23, "intersection"]]}, {"text": text, "locations": []})
    found = evaluate("location", [ours], classifier).as_dict()
    assert found["exact_typed_f1"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["per_class"]["intersection"] == {"n": 1, "answers": 2, "precision": 0.5, "recall": 1.0, "f1": 0.6667}
    theirs = written(
        tmp_path,
        {"text": text, "spans": [{"start": 11, "end": 23, "type": "POINT"}]},
        {"text": "pothole on Maple Ave", "spans": [{"start": 11, "end": 20, "type": "AREA"}]},
    )
    found = evaluate("location", [theirs], classifier).as_dict()
    assert (found["exact_f1"], found["exact_typed_f1"]) == (1.0, 0.5)
    assert found["per_class"]["area"]["f1"] == 0.0
    bare = evaluate("location", [written(tmp_path, {"text": text, "spans": [[11, 23]]})], classifier).as_dict()
    assert (bare["exact_f1"], bare["exact_typed_f1"]) == (1.0, None)


def test_a_line_that_cannot_be_read_is_counted_and_named_without_its_text(
    tmp_path: Path, classifier: RuleClassifier
) -> None:
    file = written(
        tmp_path,
        {"text": "hola", "lang": "es"},
        "{not json",
        "",
        "[]",
        {"text": 5},
        {"text": "no label"},
        '{"text": "\\ud800", "lang": "es"}',
        "[" * 100_000,
        {"text": "hola", "lang": "a secret " * 20},
        {"text": "hola", "lang": ["es"]},
        '{"text": "hola", "lang": "\\ud800"}',
    )
    skipped = evaluate("language", [file], classifier).as_dict()["skipped"]
    assert (skipped["no_gold"], skipped["broken"]) == (1, 7)
    assert [one["line"] for one in skipped["lines"]] == [2, 4, 5, 8, 9, 10, 11]
    assert "secret" not in json.dumps(skipped)


def test_files_with_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a/x", "b/x"):
        (tmp_path / folder).mkdir(parents=True)
    files = [written(tmp_path / folder, {"text": "hola", "lang": "es"}) for folder in ("a/x", "b/x")]
    assert read_rows("language", files).files == tuple(map(str, files))
    assert read_rows("language", files[:1]).files == ("x/dev.jsonl",)


def test_an_empty_file_scores_nothing_and_does_not_fail(tmp_path: Path, classifier: RuleClassifier) -> None:
    found = evaluate("category", [written(tmp_path)], classifier)
    assert found.as_dict()["n"] == 0
    assert write_report(found, tmp_path, NOW).exists()


def test_progress_is_told_after_every_batch(tmp_path: Path, classifier: RuleClassifier) -> None:
    file = written(tmp_path, *[{"text": "hola", "lang": "es"}] * 300)
    told: list[tuple[int, int]] = []
    evaluate("language", [file], classifier, advance=lambda done, of: told.append((done, of)))
    assert told == [(256, 300), (300, 300)]


def test_figures_print_on_a_terminal_and_markup_in_labels_stays_text(
    tmp_path: Path, classifier: RuleClassifier
) -> None:
    file = written(tmp_path, {"text": "pothole", "category": "[bold]POTHOLE[/bold]"}, "broken")
    out = io.StringIO()
    Console(file=out, width=160).print(tables(evaluate("category", [file], classifier)))
    assert "[bold]POTHOLE[/bold]" in out.getvalue()
    assert "line 2: is no JSON." in out.getvalue()


@pytest.mark.parametrize("task", ["category", "emergency", "location"])
def test_a_report_is_one_page_with_figures_and_without_texts(
    task: str, tmp_path: Path, classifier: RuleClassifier
) -> None:
    labels = {"category": HOSTILE, "emergency": True, "spans": [[0, 4]]}
    file = written(tmp_path, {"text": "seventeen purple potholes", "sample": HOSTILE, **labels})
    found = evaluate(task, [file], classifier)
    page = write_report(found, tmp_path / "made" / "here", NOW).read_text("utf-8")
    values = json.loads((tmp_path / "made" / "here" / f"{task}.json").read_text("utf-8"))
    assert {name: values[name] for name in found.as_dict()} == found.as_dict()
    assert "purple" not in page + json.dumps(values)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == (2 if task == "category" else 0)
    if task == "emergency":
        assert [one["line"] for one in values["missed_lines"]] == [1]
        assert ", line 1" in page


def test_an_unknown_task_is_refused(classifier: RuleClassifier) -> None:
    with pytest.raises(KeyError):
        evaluate("weather", [], classifier)


def test_the_tasks_are_those_of_the_command() -> None:
    assert set(TASKS) == {"intent", "category", "emergency", "language", "location"}
