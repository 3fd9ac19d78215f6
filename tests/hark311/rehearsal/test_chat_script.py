"""The script of a rehearsed chat: seeded, counted, and true to how people write."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hark311.rehearsal.chat_case import model_case, texts
from hark311.rehearsal.chat_script import (
    BEFORE_NEXT,
    FEWEST,
    FLOOD_FROM,
    FLOOD_SECONDS,
    HARD_FROM,
    HARD_UNTIL,
    MOST,
    Act,
    ChatScript,
    Mark,
    write_chat,
)
from models import Channel, ChatLane

PLACES = ["Elm St and Oak Ave", "2nd St and Vine St", "Pine St and 9th St"]


def chat(posts: int = 400, seed: int = 1) -> ChatScript:
    return write_chat(model_case(), PLACES, posts=posts, seed=seed)


def test_the_model_case_asks_its_six_questions_at_their_minutes_in_both_languages() -> None:
    case = model_case()
    assert [one.minute for one in case.questions] == [5, 14, 23, 32, 41, 50]
    assert all(set(one.words) == set(case.languages) for one in case.questions)
    assert set(texts()["answers"]) == {"1", "2", "3", "4", "5", "6"}
    assert case.asked_before(4.9) == 0
    assert case.asked_before(23) == 3


def test_the_same_seed_writes_the_same_chat_and_another_seed_another() -> None:
    assert chat(seed=7) == chat(seed=7)
    assert chat(seed=7) != chat(seed=8)


@given(posts=st.integers(FEWEST, 500), seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_so_many_posts_are_written_as_asked_for_each_with_a_label_in_order_of_time(posts: int, seed: int) -> None:
    script = chat(posts, seed)
    assert len(script.posts) == posts
    assert [one.at for one in script.lines] == sorted(one.at for one in script.lines)
    assert len({one.key for one in script.lines}) == len(script.lines)
    keys = {one.key: one for one in script.posts}
    for one in script.lines:
        assert one.at >= 0
        assert (one.of in keys) == (one.act != Act.POST)
        if one.act == Act.POST:
            assert one.names_us or one.under or f"#{script.case.hashtag}" in one.text, "nobody could hear it"
            assert one.lane is not None or one.mark == Mark.RUDE
            assert (one.question is not None) == (one.follows is not None)
        else:
            assert keys[one.of].at < one.at
            assert keys[one.of].network == one.network


def test_the_difficult_quarter_of_an_hour_has_its_flood_its_troll_its_emergency_and_its_wrong_fact() -> None:
    script = chat()
    marks = Counter(one.mark for one in script.posts)
    told = texts()
    assert marks[Mark.FLOOD] == 150
    assert marks[Mark.THREAT] == len(told["troll"]["threats"])
    assert marks[Mark.RUDE] == len(told["troll"]["rudeness"])
    assert marks[Mark.EMERGENCY] == marks[Mark.WRONG_FACT] == 1
    for one in script.posts:
        if one.mark is not None:
            assert HARD_FROM <= one.at <= HARD_UNTIL
        if one.mark == Mark.FLOOD:
            assert FLOOD_FROM <= one.at <= FLOOD_FROM + FLOOD_SECONDS
    assert {one.lane for one in script.posts if one.mark == Mark.RUDE} == {None}, "rude is no label"
    assert {one.lane for one in script.posts if one.mark == Mark.THREAT} == {ChatLane.ABUSE}


def test_answers_come_with_their_number_under_the_question_and_by_nothing_but_their_time() -> None:
    script = chat()
    answers = [one for one in script.posts if one.lane == ChatLane.ANSWER]
    under = [one for one in answers if one.under is not None]
    by_time = [one for one in answers if one.under is None and not any(sign.isdigit() for sign in one.text[:6])]
    assert len(answers) > 120
    assert len(under) > 15
    assert len(by_time) > 15
    asked = [one.minute * 60 for one in script.case.questions]
    for one in by_time:
        assert one.question is not None
        assert asked[one.question - 1] <= one.at
        if one.question < len(asked):
            assert one.at <= asked[one.question] - BEFORE_NEXT
    assert any(one.text.startswith(("R", "P")) for one in answers)
    assert {one.question for one in answers} == {1, 2, 3, 4, 5, 6}


def test_people_on_every_network_forget_the_tag_or_the_account_but_are_heard() -> None:
    script = chat()
    assert {one.network for one in script.posts} == {Channel.X, Channel.MASTODON, Channel.BLUESKY, Channel.TELEGRAM}
    tag = f"#{script.case.hashtag}"
    assert any(tag in one.text and not one.names_us for one in script.posts)
    assert any(tag not in one.text and one.names_us for one in script.posts)
    deaf = write_chat(model_case(), PLACES, posts=60, tag_is_heard=frozenset())
    assert all(one.names_us or one.under for one in deaf.posts)


@pytest.mark.parametrize("posts", [0, FEWEST - 1, MOST + 1])
def test_a_number_of_posts_that_no_chat_has_is_refused(posts: int) -> None:
    with pytest.raises(ValueError, match="a chat is written with"):
        chat(posts)


def test_a_town_without_corners_is_refused() -> None:
    with pytest.raises(ValueError, match="no street corner"):
        write_chat(model_case(), [])
