"""The number a post says, in the languages of the desk, and what only looks like one. Texts are ours."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.chat.numbers import Mark, MarkKind, marks_in, said
from classifier.words import SCANNED_CODE_POINTS

PLAN = range(1, 7)
SAID = [
    ("en", "Q1 what", MarkKind.ASKS, 1),
    ("en", "A1. we do", MarkKind.ANSWERS, 1),
    ("en", "A2a more bins", MarkKind.ANSWERS, 2),
    ("en", "a 3) bins", MarkKind.ANSWERS, 3),
    ("en", "#A4 yes", MarkKind.ANSWERS, 4),
    ("en", "re: q3 I think", MarkKind.ABOUT, 3),
    ("en", "Re Q2: trash", MarkKind.ABOUT, 2),
    ("en", "Q 3 - how", MarkKind.ASKS, 3),
    ("en", "question three is hard", MarkKind.ABOUT, 3),
    ("en", "my answer to the second question is no", MarkKind.ANSWERS, 2),
    ("es", "R3: más luces", MarkKind.ANSWERS, 3),
    ("es", "R3 más luces", MarkKind.ANSWERS, 3),
    ("es", "P3: ¿cómo?", MarkKind.ASKS, 3),
    ("es", "Respuesta 2: más", MarkKind.ANSWERS, 2),
    ("es", "sobre la segunda pregunta, creo", MarkKind.ABOUT, 2),
    ("es", "Pregunta número dos: ¿qué", MarkKind.ASKS, 2),
    ("pt", "R4 - mais ônibus", MarkKind.ANSWERS, 4),
    ("pt", "na 2ª pergunta eu acho", MarkKind.ABOUT, 2),
    ("fr", "R2 : plus de", MarkKind.ANSWERS, 2),
    ("fr", "réponse à la question 3", MarkKind.ANSWERS, 3),
    ("fr", "la deuxième question", MarkKind.ABOUT, 2),
    ("ht", "R2: plis limyè", MarkKind.ANSWERS, 2),
    ("ht", "K3: kijan", MarkKind.ASKS, 3),
    ("ht", "dezyèm kesyon an", MarkKind.ABOUT, 2),
    ("vi", "câu 2: tôi nghĩ", MarkKind.ASKS, 2),
    ("vi", "Trả lời câu 3: cần", MarkKind.ANSWERS, 3),
    ("vi", "câu hỏi thứ hai", MarkKind.ABOUT, 2),
    ("ru", "О2: нужно", MarkKind.ANSWERS, 2),
    ("ru", "В2: как", MarkKind.ASKS, 2),
    ("ru", "ответ на второй вопрос: да", MarkKind.ANSWERS, 2),
    ("ru", "по вопросу 3 скажу", MarkKind.ABOUT, 3),
    ("uk", "В2: треба", MarkKind.ANSWERS, 2),
    ("uk", "П2: як", MarkKind.ASKS, 2),
    ("uk", "щодо другого питання", MarkKind.ABOUT, 2),
    ("zh-Hans", "第三题：我觉得", MarkKind.ASKS, 3),
    ("zh-Hans", "答2：多开", MarkKind.ANSWERS, 2),
    ("zh-Hans", "问2：怎么", MarkKind.ASKS, 2),
    ("zh-Hans", "回答第二个问题，我", MarkKind.ANSWERS, 2),
    ("zh-Hant", "關於第四題，我", MarkKind.ABOUT, 4),
    ("zh-Hans", "Ａ２：我", MarkKind.ANSWERS, 2),
    ("ko", "답변 2: 저는", MarkKind.ANSWERS, 2),
    ("ko", "두 번째 질문에 대해", MarkKind.ABOUT, 2),
    ("ko", "2번 질문: 저는", MarkKind.ASKS, 2),
    ("ar", "ج٢: نحتاج", MarkKind.ANSWERS, 2),
    ("ar", "س3: كيف", MarkKind.ASKS, 3),
    ("ar", "جواب السؤال الثالث", MarkKind.ANSWERS, 3),
    ("fa", "سوال دوم", MarkKind.ABOUT, 2),
    ("fa", "پاسخ سوال ۳: ما", MarkKind.ANSWERS, 3),
    ("bn", "উত্তর ৩: আমাদের", MarkKind.ANSWERS, 3),
    ("bn", "২ নম্বর প্রশ্ন নিয়ে", MarkKind.ABOUT, 2),
    ("bn", "A৩: আমরা", MarkKind.ANSWERS, 3),
    ("km", "ចម្លើយទី៣៖ យើង", MarkKind.ANSWERS, 3),
    ("km", "សំណួរទី២", MarkKind.ABOUT, 2),
    ("ps", "ځواب ۲: موږ", MarkKind.ANSWERS, 2),
    ("ps", "دویمه پوښتنه", MarkKind.ABOUT, 2),
    ("en", "@city #chat A2 bins", MarkKind.ANSWERS, 2),
    ("en", "RT @city: Q2: how?", MarkKind.ASKS, 2),
    ("en", "Q2: how? A2: we", MarkKind.ANSWERS, 2),
    ("en", "#PHLchat we need bins (A3)", MarkKind.ANSWERS, 3),
    ("en", "more trees please #phlchat A5", MarkKind.ANSWERS, 5),
    ("en", "A1/A2: bins", MarkKind.ANSWERS, 1),
    ("en", "Answer #2: b", MarkKind.ANSWERS, 2),
    ("en", "Ans 2. b", MarkKind.ANSWERS, 2),
    ("en", "for Q4, I think", MarkKind.ABOUT, 4),
    ("en", "To answer Q2, more", MarkKind.ANSWERS, 2),
    ("en", "A-2: hi", MarkKind.ANSWERS, 2),
    ("en", "2nd question: more bins", MarkKind.ASKS, 2),
    ("en", "Happy to answer question five!", MarkKind.ANSWERS, 5),
    ("en", "A2👏 yes", MarkKind.ANSWERS, 2),
    ("en", "A2️⃣ yes", MarkKind.ANSWERS, 2),
    ("en", "**A2** yes", MarkKind.ANSWERS, 2),
    ("en", "Re question no. 4: yes", MarkKind.ABOUT, 4),
    ("en", "Q1️⃣: what", MarkKind.ASKS, 1),
]
NOT_SAID = [
    ("zh-Hans", "请问一下"),
    ("zh-Hans", "问题一直存在"),
    ("en", "Q3 earnings beat"),
    ("en", "Apple's Q3 earnings"),
    ("en", "A1 steak sauce is best"),
    ("en", "route A2 is late"),
    ("en", "R5 train is late"),
    ("en", "The R5 is late again"),
    ("en", "my MP3 player"),
    ("en", "3 A St has trash"),
    ("en", "I have a question"),
    ("en", "I have a second question"),
    ("en", "A 3 year old fell"),
    ("en", "bus A2 never comes"),
    ("en", "A9 whatever"),
    ("en", "Q3 2025 sales"),
    ("en", "My plan A. 3 people came"),
    ("en", "Grade A1 beef"),
    ("en", "We moved here in Q2 of last year"),
    ("en", "one question: how"),
    ("en", "As for number 3 on your list"),
    ("en", "Q1-Q3 profit is up"),
    ("en", "5 Q St is dirty"),
    ("en", "question 12 is"),
    ("es", "tengo una segunda pregunta"),
]


def _said(text: str, language: str) -> Mark | None:
    return said(marks_in(text, PLAN, language))


@pytest.mark.parametrize(("language", "text", "kind", "number"), SAID)
def test_the_number_a_post_says_is_read(language: str, text: str, kind: MarkKind, number: int) -> None:
    mark = _said(text, language)
    assert mark is not None
    assert (mark.kind, mark.number) == (kind, number)


@pytest.mark.parametrize(("language", "text"), NOT_SAID)
def test_what_only_looks_like_a_number_is_none(language: str, text: str) -> None:
    assert _said(text, language) is None


def test_every_mark_is_told_with_its_letter_and_its_words() -> None:
    text = "A2a: more bins. A3b) more trees"
    first, second = marks_in(text, PLAN)
    assert (first.number, first.sub, text[first.start : first.end], first.leads) == (2, "a", "A2a", True)
    assert (second.number, second.sub, text[second.start : second.end], second.leads) == (3, "b", "A3b", False)


def test_the_first_answer_wins_over_a_question_repeated_before_it() -> None:
    mark = _said("Q2: How do you keep your block clean? A2: with a broom", "en")
    assert mark is not None
    assert (mark.kind, mark.number) == (MarkKind.ANSWERS, 2)


def test_a_number_above_the_plan_is_passed_over() -> None:
    assert _said("A9: nothing", "en") is None
    assert said(marks_in("A9: nothing A2: bins", PLAN)) == marks_in("A9: nothing A2: bins", PLAN)[0]
    assert marks_in("A9: nothing")[0].number == 9


_PIECES = st.sampled_from(
    [
        "a",
        "q",
        "2",
        "3",
        "answer",
        "to",
        "the",
        "second",
        "question",
        "#",
        ":",
        ".",
        " ",
        "第",
        "题",
        "问",
        "re",
        "no",
        "٣",
        "২",
        "𝟚",
        "-",
        "@x",
    ]
)


@given(
    st.one_of(
        st.text(max_size=400), st.lists(_PIECES, max_size=60).map("".join), st.lists(_PIECES, max_size=60).map(" ".join)
    )
)
def test_any_text_is_read_and_marks_stand_in_order_inside_it(text: str) -> None:
    marks = marks_in(text)
    assert all(0 <= mark.start < mark.end <= len(text) and 0 < mark.number < 100 for mark in marks)
    assert all(one.end <= other.start for one, other in pairwise(marks))
    assert all(mark.number in PLAN for mark in marks_in(text, PLAN))


@given(st.integers(1, 6), st.sampled_from(["A", "a", "#A", "A ", "Ａ"]), st.sampled_from([":", ".", ")", " -", "："]))
def test_an_answer_with_a_sign_is_read_for_every_question(number: int, letter: str, sign: str) -> None:
    mark = _said(f"{letter}{number}{sign} more light", "en")
    assert mark is not None
    assert (mark.kind, mark.number) == (MarkKind.ANSWERS, number)


@pytest.mark.timeout(20)  # a pattern that runs wild on it takes minutes
@pytest.mark.parametrize("piece", ["a", "a ", "第", "第一", "answer to the ", "question no. ", "#a1", "q1-", "A1 "])
def test_no_text_runs_wild_in_a_pattern(piece: str) -> None:
    text = piece * SCANNED_CODE_POINTS
    assert all(one.number > 0 for one in marks_in(text, PLAN))
