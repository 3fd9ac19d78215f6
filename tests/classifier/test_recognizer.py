"""The place recogniser: what it learns, what it gives way to, and the file it is kept in."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from classifier.model_files import ModelFileTrouble
from classifier.places import Place, PlaceKind
from classifier.places.recognizer import (
    CLASSES,
    FORBIDDEN,
    LEARNT,
    TAGS,
    Recognizer,
    may_follow,
    phrases_of,
    tags_of,
)
from classifier.places.word_features import words_of
from classifier.training import chain
from classifier.training.places import LEAD, Votes, figures, fit, fit_chain
from classifier.training.taught_places import TaughtText, with_made_up_names
from tests.classifier.invented_places import framed, invented


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return fit_chain(invented())


def _named(text: str, places: list[Place]) -> list[tuple[PlaceKind, str]]:
    return [(one.kind, text[one.start : one.end]) for one in places]


def test_a_name_it_was_never_taught_is_told_by_the_words_around_it(recognizer: Recognizer) -> None:
    text = "someone left a lamp beside quirt zelmy again"
    assert _named(text, recognizer.read(text)) == [(PlaceKind.LANDMARK, "quirt zelmy")]


def test_an_area_is_told_from_a_point(recognizer: Recognizer) -> None:
    text = "rats all over quirt zelmy this morning"
    assert _named(text, recognizer.read(text)) == [(PlaceKind.AREA, "quirt zelmy")]


def test_a_text_without_a_place_stays_without_one(recognizer: Recognizer) -> None:
    assert recognizer.read("thank you, the office came again") == []


def test_what_was_learnt_says_so(recognizer: Recognizer) -> None:
    assert {one.rule for one in recognizer.read("someone left a couch beside quirt gate again")} == {LEARNT}


def test_a_place_of_the_rules_stays_where_nothing_learnt_touches_it(recognizer: Recognizer) -> None:
    text = "5 Elm St: someone left a couch beside quirt gate again"
    ruled = Place(PlaceKind.ADDRESS, 0, 8, "house number")
    assert _named(text, recognizer.find(text, [ruled])) == [
        (PlaceKind.ADDRESS, "5 Elm St"),
        (PlaceKind.LANDMARK, "quirt gate"),
    ]


def test_a_learnt_place_stands_against_a_rule_unless_that_is_firm(recognizer: Recognizer) -> None:
    text = "someone left a couch beside quirt gate again"
    ruled = Place(PlaceKind.AREA, text.index("gate"), len(text), "in a name")
    assert [one.rule for one in recognizer.find(text, [ruled])] == [LEARNT]
    firm = replace(recognizer, firm=frozenset({"in a name"}))
    assert firm.find(text, [ruled]) == [ruled]


def test_a_dropped_rule_finds_no_place_alone(recognizer: Recognizer) -> None:
    text = "thank you for the quick answer"
    ruled = Place(PlaceKind.AREA, 18, 23, "in a name")
    assert recognizer.find(text, [ruled]) == [ruled]
    assert replace(recognizer, dropped=frozenset({"in a name"})).find(text, [ruled]) == []


def test_an_empty_one_changes_nothing() -> None:
    ruled = [Place(PlaceKind.STREET, 0, 6, "street name")]
    assert Recognizer().find("Elm St is dark", ruled) == ruled


def test_rules_are_judged_by_how_often_they_were_right() -> None:
    votes, text = Votes(), framed("trash beside <> again", "quirt gate", "point")
    right = Place(PlaceKind.LANDMARK, 13, 23, "right rule")
    for _ in range(LEAD):
        assert (votes.firm, votes.dropped) == (frozenset(), frozenset())
        votes.count(text, [Place(PlaceKind.AREA, 19, 23, LEARNT)], [right])
        votes.count(text, [], [Place(PlaceKind.STREET, 0, 5, "wrong rule"), replace(right, rule="useful rule")])
    assert (votes.firm, votes.dropped) == (frozenset({"right rule"}), frozenset({"wrong rule"}))


def test_a_wrong_rule_is_found_out_while_training() -> None:
    def shouting(text: str) -> list[Place]:
        return [Place(PlaceKind.STREET, 0, text.index(" "), "first word")]

    texts = invented()
    trained = fit(texts, lambda _: shouting)
    assert trained.dropped == {"first word"}
    found = figures(texts, lambda text: trained.find(text, shouting(text)))
    assert found.exact_typed_f1 == 1.0
    assert figures(texts, shouting).exact_typed_f1 == 0.0


def test_saved_and_loaded_it_answers_the_same(recognizer: Recognizer, tmp_path: Path) -> None:
    kept = replace(recognizer, firm=frozenset({"house number"}), facts={"labels": 3})
    kept.save(tmp_path / "kept.npz")
    again = Recognizer.load(tmp_path / "kept.npz")
    assert (again.firm, again.dropped, again.facts, again.names) == (kept.firm, kept.dropped, kept.facts, kept.names)
    for text in invented():
        assert again.read(text.text) == kept.read(text.text)


def test_the_file_holds_no_word_it_was_taught_with(recognizer: Recognizer, tmp_path: Path) -> None:
    recognizer.save(tmp_path / "kept.npz")
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as held:
        kept = b"".join(held[name].tobytes() for name in held.files)
    assert not [word for text in invented() for word in text.text.split() if len(word) > 3 and word.encode() in kept]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ModelFileTrouble, match="The rules find places alone"):
        Recognizer.load(tmp_path / "bad.npz")


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "bad.npz").open("wb") as opened:
        np.savez(opened, meta=np.array([{"firm": []}], dtype=object))
    with pytest.raises(ModelFileTrouble):
        Recognizer.load(tmp_path / "bad.npz")


def test_weights_of_another_shape_are_refused(recognizer: Recognizer, tmp_path: Path) -> None:
    replace(recognizer, weights=recognizer.weights[:, :-1]).save(tmp_path / "bad.npz")
    with pytest.raises(ModelFileTrouble, match="another version"):
        Recognizer.load(tmp_path / "bad.npz")


@given(st.text(max_size=200))
def test_any_text_gives_places_in_order_that_do_not_overlap(recognizer: Recognizer, text: str) -> None:
    ends = [0]
    for place in recognizer.find(text, []):
        assert ends[-1] <= place.start < place.end <= len(text)
        ends.append(place.end)


_Phrases = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from(CLASSES)), max_size=5)


@given(_Phrases)
def test_tags_say_exactly_where_the_phrases_are(phrases: list[tuple[int, int, str]]) -> None:
    """Each phrase: words before it, its words, its class."""
    spans, wanted, at = [], [], 0
    for before, size, what in phrases:
        first = at + before
        spans.append((first * 2, (first + size) * 2 - 1, what))
        wanted.append((first, first + size - 1, what))
        at = first + size
    tags = tags_of(words_of("a " * (at + 1)), spans)
    assert phrases_of(tags) == wanted
    assert all(may_follow(two, one) for one, two in zip(["O", *tags], [*tags, "O"], strict=True))


def test_chances_are_those_of_counting_every_way_to_tag() -> None:
    scores = np.random.default_rng(1).normal(size=(3, 2))
    steps = np.array([[0.2, -0.4], [0.7, 0.1]])
    weight = {
        way: np.exp(sum(scores[at, tag] for at, tag in enumerate(way)) + steps[way[0], way[1]] + steps[way[1], way[2]])
        for way in product(range(2), repeat=3)
    }
    total = sum(weight.values())
    likelihood, chances, hoped = chain._forward_backward(scores, steps, chain._batches([3]))
    assert likelihood == pytest.approx(np.log(total))
    for at, tag in product(range(3), range(2)):
        assert chances[at, tag] == pytest.approx(sum(one for way, one in weight.items() if way[at] == tag) / total)
    for one, two in product(range(2), repeat=2):
        often = sum(
            share * ((way[:2] == (one, two)) + (way[1:] == (one, two))) / total for way, share in weight.items()
        )
        assert hoped[one, two] == pytest.approx(often)


def test_a_chain_learns_what_only_the_order_tells() -> None:
    """The same word is inside a phrase only behind a beginning, and nothing but the order says so."""
    single, begin, end = (TAGS.index(tag) for tag in ("O", "B-area", "E-area"))
    tags = np.array([begin, end, single] * 20)
    features = csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]] * 20))
    made = chain.fit(features, tags, [3] * 20, FORBIDDEN)
    names = Recognizer(np.array([1, 2], np.uint32), made.weights.astype(np.float32), made.steps.astype(np.float32))
    assert names._best(np.asarray(features[:3] @ made.weights, np.float32)) == ["B-area", "E-area", "O"]


def test_two_places_that_overlap_are_taught_as_the_first() -> None:
    text = TaughtText("beside quirt gate", ())
    assert tags_of(words_of(text.text), [(7, 17, "point"), (13, 17, "area")]) == ["O", "B-point", "E-point"]


def test_made_up_names_keep_their_shape_and_the_words_that_many_names_share() -> None:
    names = [f"{first} Lane" for first in ("Quirt", "Zelm", "Brod", "Fenk", "Holt", "12")]
    texts = [framed("a hole on <> today", name, "road") for name in names]
    for old, new in zip(texts, with_made_up_names(texts), strict=True):
        assert new.places == old.places
        assert new.text != old.text
        assert re.fullmatch(r"a hole on (?:[A-Z][a-z]+|\d\d) Lane today", new.text)
