"""Near-identical questions of a chat: those that are, and those that only look it. Texts are ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.chat.alike import most_alike

SAME = [
    ("When is bulk trash pickup in the northeast?", "when is bulk trash pick up in the northeast??"),
    ("How do I sign up for the summer jobs program?", "Q4 how can I sign up for the summer job program #PHLChat"),
    ("Is there a Vietnamese interpreter at 311?", "is there a vietnamese interpeter at 311"),
    ("¿Dónde consigo un bote de reciclaje nuevo?", "donde consigo un bote nuevo de reciclaje"),
    ("Comment obtenir un bac de recyclage ?", "@ville comment obtenir un bac de recyclage svp"),
    ("Onde posso pegar uma lixeira nova?", "boa noite, onde posso pegar lixeira nova"),
    ("Где получить новый контейнер для стекла?", "где можно получить новые контейнеры для стекла"),
    ("大件垃圾什么时候收？", "请问大件垃圾什么时候来收"),
    ("Khi nào thành phố lấy rác cồng kềnh?", "thành phố khi nào lấy rác cồng kềnh vậy"),
    ("متى يتم جمع النفايات الكبيرة؟", "متى جمع النفايات الكبيرة"),
]
APART = [
    ("When is bulk trash pickup?", "Where is bulk trash pickup?"),
    ("Is the library open on Sunday?", "Is the pool open on Sunday?"),
    ("How do I get a recycling bin?", "How do I get a parking permit?"),
    ("Does bus 5 run on Sundays?", "Does bus 7 run on Sundays?"),
    ("Who do I call about rats?", "Who do I call about noise?"),
    ("¿Cuándo abre la piscina?", "¿Cuánto cuesta la piscina?"),
    ("Quand ouvre la bibliothèque ?", "Quand ouvre la piscine ?"),
    ("图书馆几点开门？", "游泳池几点开门？"),
    ("Где получить контейнер?", "Когда вывозят контейнер?"),
    ("A2", "A3"),
    ("", ""),
    ("???", "???"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_question_in_other_words_is_found(one: str, other: str) -> None:
    assert most_alike(one, [other]) == 0
    assert most_alike(other, [one]) == 0


@pytest.mark.parametrize(("one", "other"), APART)
def test_questions_that_ask_something_else_stay_apart(one: str, other: str) -> None:
    assert most_alike(one, [other]) is None


def test_of_several_the_most_alike_one_is_named() -> None:
    others = ["Is the pool open?", "How do I get a recycling bin?", "How do I get a blue recycling bin?"]
    assert most_alike("how do i get a blue recycling bin", others) == 2
    assert most_alike("how do i get a blue recycling bin", []) is None


def test_no_two_questions_of_the_table_are_joined_but_the_pairs() -> None:
    every = [one for pair in SAME for one in pair]
    for place, text in enumerate(every):
        rest = every[:place] + every[place + 1 :]
        found = most_alike(text, rest)
        assert found is not None
        assert rest[found] == every[place ^ 1]


@given(st.text(max_size=300), st.lists(st.text(max_size=300), max_size=4))
def test_any_text_is_compared(text: str, others: list[str]) -> None:
    found = most_alike(text, others)
    assert found is None or 0 <= found < len(others)
