"""The little language of the lexicons, and the lexicons themselves."""

import re

import pytest

from classifier.cues import CueError, CueList, Found, PhraseBook, spell_out, verb_forms
from classifier.language import LANGUAGES
from classifier.lexicons import lexicon_names, read_lexicon
from classifier.pipeline import Pipeline
from classifier.taxonomy import CATEGORIES
from classifier.words import read_words


def find(cues: list[str], text: str, *, hide: bool = True) -> list[Found]:
    book = PhraseBook()
    listed = CueList(book, cues)
    return listed.find(Pipeline(book).find(read_words(text)), hide=hide)


def found(cues: list[str], text: str) -> list[str]:
    return [cues[one.cue] for one in find(cues, text)]


@pytest.mark.parametrize(
    ("cue", "text"),
    [
        ("pothole", "Big POTHOLES here"),
        ("street light out", "street-light out"),
        ("(trash|garbage) not taken", "garbage not taken"),
        ("no (hot|) water", "no water"),
        ("dump+ mattress", "they dumped mattresses"),
        ("tree ~ (fell|fallen)", "it fell, the big old tree"),
        ("tree .. down", "the tree in our yard is down"),
        ("坑洞", "这里有坑洞"),
        ("가로등", "가로등이 꺼졌어요"),
    ],
)
def test_a_cue_is_found_where_its_form_says(cue: str, text: str) -> None:
    assert found([cue], text) == [cue]


@pytest.mark.parametrize(
    ("cue", "text"),
    [
        ("street light out", "street, light out"),
        ("tree ~ fell", "tree one two three four five six seven eight fell"),
        ("tree .. down", "down by the tree"),
        ("pothole", "https://example.org/pothole @pothole"),
        ("hot water ~ water", "hot water"),
    ],
)
def test_a_cue_is_not_found_elsewhere(cue: str, text: str) -> None:
    assert found([cue], text) == []


def test_a_longer_phrase_hides_the_shorter_one_inside_it() -> None:
    assert found(["fire", "fire hydrant"], "the fire hydrant leaks") == ["fire hydrant"]
    assert found(["fire", "fire hydrant"], "fire near the fire hydrant") == ["fire", "fire hydrant"]


def test_a_part_of_a_pair_hides_nothing() -> None:
    assert found(["hole", "big hole ~ road"], "a big hole") == ["hole"]


def test_a_pair_shows_both_of_its_places() -> None:
    assert find(["tree ~ wire"], "wire under a tree") == [Found(0, ((0, 1), (3, 4)))]


def test_a_flood_of_hits_stays_quick() -> None:
    assert found(["tree ~ wire ~ street ~ house", "tree"], "tree wire " * 400) == ["tree"]


@pytest.mark.parametrize("cue", ["(trash|garbage", "a|b", "x)"])
def test_brackets_that_do_not_match_are_refused(cue: str) -> None:
    with pytest.raises(CueError, match="brackets"):
        spell_out(cue)


def test_a_cue_that_stands_for_far_too_much_is_refused() -> None:
    with pytest.raises(CueError, match="more than"):
        spell_out("(a|b|c|d|e|f|g|h|i|j) " * 5)


def test_a_cue_without_a_word_is_refused() -> None:
    with pytest.raises(CueError, match="no words"):
        PhraseBook().number("--")


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("dump", ("dump", "dumps", "dumped", "dumping")),
        ("block", ("block", "blocks", "blocked", "blocking")),
        ("remove", ("remove", "removes", "removed", "removing")),
        ("tag", ("tag", "tags", "tagged", "tagging")),
        ("carry", ("carry", "carries", "carried", "carrying")),
        ("mow", ("mow", "mows", "mowed", "mowing")),
        ("fix", ("fix", "fixes", "fixed", "fixing")),
        ("leak", ("leak", "leaks", "leaked", "leaking")),
    ],
)
def test_english_verbs_take_their_regular_forms(verb: str, forms: tuple[str, ...]) -> None:
    assert verb_forms(verb) == forms


@pytest.mark.parametrize("subject", ["category", "danger", "intent"])
def test_every_language_of_the_desk_has_a_lexicon(subject: str) -> None:
    assert {name.removeprefix(f"{subject}_") for name in lexicon_names(subject)} == set(LANGUAGES)


def test_english_has_at_least_forty_cues_for_every_category() -> None:
    for code, groups in read_lexicon("category_en").items():
        phrases = [
            phrase
            for strength, cues in groups.items()
            if strength != "against"
            for cue in cues
            for part in re.split(r"~|\.\.", cue)
            for phrase in spell_out(part)
        ]
        assert len(phrases) >= 40, code


@pytest.mark.parametrize("language", ["en", "es", "zh-Hans", "zh-Hant", "vi", "ru"])
def test_the_main_languages_know_every_category(language: str) -> None:
    assert read_lexicon(f"category_{language}").keys() == CATEGORIES.keys()
