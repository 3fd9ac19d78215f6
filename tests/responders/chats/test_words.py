"""The number of a question and the hashtag, put to the words of a post where they are missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ChatPostKind
from responders.chats.words import LETTERS, holds_tag, mark_of, numbered

ASKS, ANSWERS, CLOSING = ChatPostKind.QUESTION, ChatPostKind.ANSWER, ChatPostKind.CLOSING


@pytest.mark.parametrize(
    ("kind", "language", "words", "stands"),
    [
        (ASKS, "en", "Which corner first?", "Q3: Which corner first? #CleanBlocks"),
        (ANSWERS, "en", "Every Friday.", "A3: Every Friday. #CleanBlocks"),
        (ASKS, "es", "¿Qué esquina primero?", "P3: ¿Qué esquina primero? #CleanBlocks"),
        (ANSWERS, "es", "Cada viernes.", "R3: Cada viernes. #CleanBlocks"),
        (ASKS, "ht", "Ki kwen an premye?", "K3: Ki kwen an premye? #CleanBlocks"),
        (ASKS, "fr", "Quel coin d'abord ?", "Q3: Quel coin d'abord ? #CleanBlocks"),
        (ASKS, "vi", "Góc nào trước?", "Q3: Góc nào trước? #CleanBlocks"),
        (CLOSING, "en", "Thank you all.", "Thank you all. #CleanBlocks"),
        (ASKS, "en", "Q3: Which corner?", "Q3: Which corner? #CleanBlocks"),
        (ASKS, "es", "Q3: Which corner?", "Q3: Which corner? #CleanBlocks"),
        (ANSWERS, "en", "A3:  #cleanblocks", "A3:  #cleanblocks"),
        (ASKS, "en", "#CleanBlocks Q3", "Q3: #CleanBlocks Q3"),
        (ASKS, "en", "Q31 is no number of ours", "Q3: Q31 is no number of ours #CleanBlocks"),
    ],
)
def test_a_post_says_its_number_and_the_hashtag(kind: ChatPostKind, language: str, words: str, stands: str) -> None:
    assert numbered(kind, 3, words, "CleanBlocks", language) == stands


def test_what_has_no_number_is_given_none() -> None:
    assert numbered(ASKS, None, "Ready?", "CleanBlocks", "en") == "Ready? #CleanBlocks"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("see #CleanBlocks", True),
        ("#cleanblocks: welcome", True),
        ("欢迎 ＃CleanBlocks", True),
        ("#CleanBlocksToo", False),
        ("CleanBlocks", False),
        ("example.org/#CleanBlocks", False),
        ("a&#CleanBlocks", False),
    ],
)
def test_a_hashtag_is_a_word_of_its_own(text: str, holds: bool) -> None:
    assert holds_tag(text, "CleanBlocks") is holds


def test_a_hashtag_with_marks_is_found_however_its_letters_are_built() -> None:
    assert holds_tag("hola #Cafe\u0301", "Café")


@given(
    text=st.text(max_size=80),
    number=st.integers(1, 30),
    language=st.sampled_from([*LETTERS, "ru", "zh-Hans"]),
    kind=st.sampled_from(ChatPostKind),
)
def test_it_is_put_to_the_words_once(text: str, number: int, language: str, kind: ChatPostKind) -> None:
    once = numbered(kind, number, text, "CleanBlocks", language)
    assert numbered(kind, number, once, "CleanBlocks", language) == once
    assert holds_tag(once, "CleanBlocks")
    assert text.strip() in once


@pytest.mark.parametrize("language", [*LETTERS, "ru"])
def test_a_question_and_its_answer_are_marked_apart_and_alike_in_number(language: str) -> None:
    asks, answers = mark_of(ASKS, 3, language), mark_of(ANSWERS, 3, language)
    assert asks != answers
    assert asks[1:] == answers[1:] == "3"
