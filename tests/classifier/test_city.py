"""Learning from a city's own labels: the better head runs, the worse one is refused, and one can go back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifier.corpus import Example
from classifier.model_files import DAY_ONE, ModelFiles, ModelFileTrouble
from classifier.rules import build
from classifier.training.city import TooFewLabels, apart, roll_back, train
from classifier.training.learning import stops, without_shared
from classifier.training.workshop import Workshop, workshop

APART = Path(__file__).parent / "written_apart" / "intent.en.jsonl"
NOW = datetime(2126, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def files(models_folder: Path, tmp_path: Path) -> ModelFiles:
    held = ModelFiles(tmp_path / "models")
    held.take_from(ModelFiles(models_folder))
    return held


@pytest.fixture
def shop(files: ModelFiles) -> Workshop:
    """Words alone: quick."""
    return workshop(files, build(), None)


@pytest.fixture(scope="module")
def labels() -> list[Example]:
    rows = (json.loads(line) for line in APART.read_text("utf-8").splitlines())
    return [Example(row["text"], row["intent"], "en") for row in rows]


@pytest.mark.thorough
def test_what_was_learnt_runs_and_one_can_go_back(files: ModelFiles, shop: Workshop, labels: list[Example]) -> None:
    found = train(files, "intent", labels, shop, now=NOW)
    assert found.better
    assert found.after.n == sum(apart(one.text) for one in labels)
    assert found.after.top1 >= found.before.top1
    assert files.running("intent") == found.version == "21260504T120000Z"
    assert files.versions("intent") == [DAY_ONE, found.version]
    day_one = files.facts()[f"intent/{DAY_ONE}.npz"]
    facts = {"what": day_one.what, "source": day_one.source, "licence": day_one.licence}
    files.add(f"intent/{DAY_ONE}.npz", facts, now=NOW + timedelta(days=9))  # as an upgrade makes it anew
    assert roll_back(files, "intent") == (found.version, DAY_ONE)
    assert files.running("intent") == DAY_ONE


@pytest.mark.thorough
def test_a_head_that_is_right_less_often_is_refused(files: ModelFiles, shop: Workshop, labels: list[Example]) -> None:
    wrong = [one if apart(one.text) else replace(one, value="praise") for one in labels]
    found = train(files, "intent", wrong, shop, now=NOW)
    assert not found.better
    assert found.after.top1 < found.before.top1
    assert files.running("intent") == DAY_ONE
    assert files.versions("intent") == [DAY_ONE]


def test_too_few_labels_change_nothing(files: ModelFiles, shop: Workshop, labels: list[Example]) -> None:
    with pytest.raises(TooFewLabels, match="49 labels for intent that may train; 50 are needed"):
        train(files, "intent", labels[:49], shop, now=NOW)
    assert files.versions("intent") == [DAY_ONE]


def test_going_back_to_what_never_was_is_refused(files: ModelFiles) -> None:
    with pytest.raises(ModelFileTrouble):
        roll_back(files, "intent", "20200101T000000Z")
    assert files.running("intent") == DAY_ONE


def test_a_label_is_kept_apart_or_learnt_from_whatever_comes_beside_it(labels: list[Example]) -> None:
    share = sum(apart(one.text) for one in labels) / len(labels)
    assert 0.1 < share < 0.3
    assert [apart(one.text) for one in labels] == [apart(one.text) for one in labels]


def test_pool_and_test_share_no_text() -> None:
    pool = [Example(text, "POTHOLE", "en") for text in ("A hole", "a  HOLE", "another", "a third")]
    test = [Example("Another ", "POTHOLE", "en")]
    assert [one.text for one in without_shared(pool, test)] == ["A hole", "a third"]


@pytest.mark.parametrize(("most", "told"), [(0, []), (40, [40]), (120, [50, 100, 120]), (1600, None)])
def test_it_is_measured_after_every_round_up_to_the_last_label(most: int, told: list[int] | None) -> None:
    found = stops(most)
    assert found == sorted(set(found))
    assert found == (told if told is not None else [*stops(1000), 1250, 1500, 1600])
