"""Lanes and questions of a chat's posts, by the definition of docs/reference/chat-lanes.md. Texts are ours."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.cascade import FollowingClassifier
from classifier.chat.evaluation import MINUTES, ChatFigures, read_labelled, score
from classifier.chat.reading import ChatLine, ChatPlanView, ChatReading, read_post
from classifier.chat.slurs import holds_slur
from classifier.model_files import ModelFiles
from classifier.protocol import Understood
from models import Evidence, EvidenceKind, Guess, Intent, Understanding
from models.chats import ChatLane, LinkedHow
from models.database import utc_now

HERE = Path(__file__).parent
PLAN = ChatPlanView([(number, minute) for number, minute in enumerate(MINUTES, 1)], grace=1.0)
Understand = Callable[[str], Understood]


def _read(understand: Understand, text: str, minute: float = 20.0, parent: int | None = None) -> ChatReading:
    return read_post(ChatLine(text, minute, parent), PLAN, understand(text))


@pytest.fixture(scope="session")
def with_models(models_folder: Path) -> FollowingClassifier:
    return FollowingClassifier(ModelFiles(models_folder))


def _measured(classifier: FollowingClassifier, name: str) -> ChatFigures:
    return score(read_labelled([HERE / name]), classifier)


def test_posts_that_taught_nothing_are_read_above_the_bars(with_models: FollowingClassifier) -> None:
    found = _measured(with_models, "written_fresh.jsonl")
    assert found.n >= 150
    assert found.question_accuracy >= 0.93, found.as_dict()
    assert found.lane_accuracy >= 0.80, found.as_dict()


def test_our_own_posts_are_read_above_the_bars(with_models: FollowingClassifier) -> None:
    found = _measured(with_models, "development.jsonl")
    assert found.question_accuracy >= 0.97, found.as_dict()
    assert found.lane_accuracy >= 0.92, found.as_dict()


@pytest.mark.parametrize(
    ("minute", "number"),
    [(0, None), (4.9, None), (5.5, None), (6, 1), (13.9, 1), (14, 1), (14.9, 1), (15, 2), (23.5, 2), (49, 5), (59, 6)],
)
def test_what_names_no_question_belongs_to_the_one_being_asked_with_a_grace(minute: float, number: int | None) -> None:
    assert PLAN.asked_at(minute) == number


def test_the_number_counts_before_the_parent_and_the_parent_before_the_time(understand: Understand) -> None:
    said = _read(understand, "A3: I think we need more interpreters", parent=4)
    assert (said.question, said.how) == (3, LinkedHow.SAID)
    under = _read(understand, "I think we need more interpreters", parent=4)
    assert (under.question, under.how) == (4, LinkedHow.PARENT)
    timed = _read(understand, "I think we need more interpreters")
    assert (timed.question, timed.how, timed.lane) == (2, LinkedHow.TIME, ChatLane.ANSWER)


def test_a_report_belongs_to_a_question_only_by_its_number_or_its_parent(understand: Understand) -> None:
    report = _read(understand, "The streetlight at 5th and Main has been out for three weeks, please fix it")
    assert (report.lane, report.question, report.how) == (ChatLane.SERVICE_REQUEST, None, LinkedHow.NONE)
    numbered = _read(understand, "A2 the streetlight at 5th and Main has been out for three weeks, please fix it")
    assert (numbered.lane, numbered.question) == (ChatLane.SERVICE_REQUEST, 2)


def test_a_danger_stands_before_all_else(understand: Understand) -> None:
    found = _read(understand, "A2: the house next door is on fire and people are trapped inside")
    assert (found.lane, found.question) == (ChatLane.EMERGENCY, 2)


@pytest.mark.parametrize(
    "text",
    [
        "This is bullshit. You people at city hall are useless, damn it.",
        "What a joke. The mayor is an idiot and the council is worse.",
        "Qué porquería de servicio, son unos inútiles de mierda",
        "Vous êtes des incapables, quelle honte, merde",
        "Одни идиоты в этой мэрии, чёрт возьми",
        "市政府就是一群废物",
        "mayor is a liar and a thief, resign already",
        "@CityDesk you clowns again",
        "go to hell with your fees",
        "prefeito safado, só mente",
        "i'm muslim and they searched me twice at city hall",
        "nobody cares about black people on this side of town",
    ],
)
def test_profanity_and_criticism_are_never_abuse(understand: Understand, text: str) -> None:
    assert _read(understand, text).lane is not ChatLane.ABUSE


@pytest.mark.parametrize(
    "text",
    [
        "I know where you live and I will find you",
        "Sé dónde vives, te voy a romper la cara",
        "我知道你家住哪，你等着",
        "Je sais où tu habites, fais gaffe",
    ],
)
def test_threats_are_abuse_and_say_why_without_the_words(understand: Understand, text: str) -> None:
    found = _read(understand, text)
    assert found.lane is ChatLane.ABUSE
    assert not any(word in found.lane_why for word in text.split() if len(word) > 4)


def test_a_question_for_all_stands_with_the_host_only_when_it_is_asked(understand: Understand) -> None:
    assert _read(understand, "Q2: What keeps your block clean?", 14).lane is ChatLane.HOST
    assert _read(understand, "Q2: does that include alleys?", 20).lane is ChatLane.QUESTION


def test_what_the_host_writes_is_the_hosts_unless_it_is_an_answer() -> None:
    asks = read_post(ChatLine("Keep them coming", 20, by_host=True), PLAN, None)
    assert (asks.lane, asks.question) == (ChatLane.HOST, None)
    answers = read_post(ChatLine("A2: we empty the bins twice a week", 20, by_host=True), PLAN, None)
    assert (answers.lane, answers.question) == (ChatLane.ANSWER, 2)


def test_a_stored_understanding_is_read_as_a_fresh_one_is(understand: Understand) -> None:
    text = "The streetlight at 5th and Main has been out for three weeks, please fix it"
    fresh = understand(text)
    stored = Understanding(
        mention_id=1,
        model_version="",
        language=fresh.language,
        intents=[one.model_dump() for one in fresh.intents],
        evidence=[one.model_dump(mode="json") for one in fresh.evidence],
        danger=fresh.danger,
        danger_rule=fresh.danger_rule,
        created_at=utc_now(),
    )
    assert read_post(ChatLine(text, 20), PLAN, stored) == read_post(ChatLine(text, 20), PLAN, fresh)


def test_private_data_counts_where_words_point_at_somebody() -> None:
    text = "her number is 215 555 0142, everybody call"
    private = Evidence(kind=EvidenceKind.PRIVATE, start=14, end=26, rule="phone")
    chatter = (Guess(value=Intent.CHATTER, probability=0.9),)
    shown = read_post(ChatLine(text, 20), PLAN, Understood(language="en", intents=chatter, evidence=(private,)))
    assert shown.lane is ChatLane.ABUSE


def test_a_resident_who_sounds_like_the_host_is_still_none() -> None:
    words = "Welcome everybody, thank you all for joining our chat"
    assert read_post(ChatLine(words, 1), PLAN, None).lane is ChatLane.HOST
    assert read_post(ChatLine(words, 1, by_host=False), PLAN, None).lane is not ChatLane.HOST


def test_a_slur_is_known_by_its_hash_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from classifier.chat import slurs

    monkeypatch.setattr(slurs, "_known", lambda: frozenset({slurs._hash("blue heron")}))
    assert holds_slur(["the", "blue", "heron"])
    assert not holds_slur(["the", "heron", "blue"])


@given(st.text(max_size=400), st.floats(-10, 90), st.sampled_from([None, 1, 6, 9]), st.none() | st.booleans())
def test_any_post_is_read(text: str, minute: float, parent: int | None, by_host: bool | None) -> None:
    found = read_post(ChatLine(text, minute, parent, by_host), PLAN, None)
    assert found.question is None or found.question in range(1, 7)
    assert (found.question is None) == (found.how is LinkedHow.NONE)
    assert found.lane_why.endswith(".")


@given(st.text(max_size=200), st.floats(-10, 90))
def test_a_plan_without_questions_links_nothing(text: str, minute: float) -> None:
    assert read_post(ChatLine(text, minute, 1), ChatPlanView([], 1.0), None).question is None
