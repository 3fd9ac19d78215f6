"""The model of the lanes: made of the texts that lie here, learning the same again; and what those texts are."""

import json
import re
from pathlib import Path

import numpy as np

from classifier import corpus
from classifier.chat import learned
from classifier.chat.evaluation import read_labelled
from classifier.chat.learned import LANES, LaneModel, lane_model
from classifier.rules import RuleClassifier
from classifier.training.chat_lanes import corpus_lines, fingerprint, fit, posts_of
from models.chats import ChatLane

HERE = Path(__file__).parent
TAUGHT = [HERE / name for name in ("development.jsonl", "written_apart.jsonl", "written_for_practice.jsonl")]
FOLDER = Path(learned.__file__).parent
LANGUAGES = {one.language for one in corpus.intents()} - {"zh-Hant"}


def _like(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def test_the_model_we_ship_was_learned_from_the_texts_and_tables_that_lie_here() -> None:
    """Failing? `python -m classifier.training.chat_lanes MODELS TABLE...`: docs/explanation/corpus.md."""
    assert lane_model().made_of == fingerprint(TAUGHT)
    assert (FOLDER / learned.FILE).stat().st_size < 300_000


def test_the_same_posts_teach_the_same_model(classifier: RuleClassifier, tmp_path: Path) -> None:
    taught = posts_of(read_labelled(TAUGHT[:1])[::2], classifier)
    first, again = fit([taught], "a"), fit([taught], "a")
    assert np.array_equal(first.words, again.words)
    first.save(tmp_path / "lanes.npz")
    kept = LaneModel.load(tmp_path / "lanes.npz")
    assert kept.made_of == "a"
    for signs, lane in zip(taught.signs, taught.lanes, strict=True):
        chances = kept.chances(signs)
        assert abs(sum(chances.values()) - 1) < 1e-4
        assert max(chances, key=lambda one: chances[one]) is LANES[lane]


def test_a_lane_without_examples_is_never_the_likeliest(classifier: RuleClassifier) -> None:
    posts = [one for one in read_labelled(TAUGHT[:1]) if one.lane is not ChatLane.HOST]
    taught = posts_of(posts, classifier)
    model = fit([taught])
    assert all(model.chances(signs)[ChatLane.HOST] < 0.01 for signs in taught.signs)


def test_our_own_lines_are_of_known_lanes_and_languages_and_none_stands_twice_or_in_a_table() -> None:
    seen: set[str] = set()
    tables = {_like(post.line.text) for post in read_labelled([*TAUGHT, HERE / "written_fresh.jsonl"])}
    for file in sorted((FOLDER / "corpus").iterdir()):
        language = file.name.split(".")[1]
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            assert set(row) == {"text", "lane", "language"}
            assert ChatLane(row["lane"])
            assert row["language"] in LANGUAGES
            assert row["language"].partition("-")[0] == language
            text = _like(row["text"])
            assert text not in seen, row["text"]
            assert text not in tables or len(text.split()) < 4, row["text"]
            seen.add(text)
            assert "http" not in row["text"]
            assert all(number.startswith("555-01") for number in re.findall(r"\d{3}-\d{4}", row["text"]))
    assert len(seen) == len(list(corpus_lines())) > 800
