"""What a service asks, one thing at a time: asked, read, asked once more, reminded of, given up; in public and not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from hark311 import wiring
from models import (
    AskedQuestion,
    AskedState,
    Author,
    Database,
    Datatype,
    MentionState,
    Reply,
    ReplyState,
    ServiceAttribute,
)
from models.private_moves import move_to
from responders import giving_up
from responders.drafting import Key
from responders.giving_up import Unanswered
from tests import rows
from tests.town import Clock, Town

ANN: dict[str, Any] = {"id": 7001, "first_name": "Ann", "username": "ann_r"}
POTHOLE = "There is a deep pothole at 5th and Market St"
SIZES = [{"key": "S", "name": "A hand"}, {"key": "L", "name": "A wheel"}]


@pytest.fixture
def asking(town: Town) -> Town:
    """The city wants to know how large a pothole is; and, if somebody says so, who saw it."""
    require(town, "SIZE", Datatype.SINGLE_VALUE_LIST, values=SIZES, questions={"en": "How large is it?"})
    return town


def require(town: Town, code: str, datatype: Datatype, **fields: Any) -> None:
    with town.database.write() as session:
        for one in session.exec(select(ServiceAttribute).where(ServiceAttribute.service_code == "POTHOLE")).all():
            if one.code == code:
                session.delete(one)
        session.flush()
        order = len(code)
        session.add(
            ServiceAttribute(service_code="POTHOLE", code=code, datatype=datatype, required=True, order=order, **fields)
        )


def says(town: Town, text: str) -> int:
    said = town.simulator.say_on_telegram(text, sender=ANN)
    town.hear()
    return town.mention_of(f"{said['chat_id']}:{said['message_id']}").id or 0


def sends(town: Town, mention_id: int) -> str:
    """A person lets the question go; the words that stand in the chat."""
    town.approve(mention_id, file_request=False)
    town.deliver()
    return town.our_messages()[-1]


def questions(town: Town) -> list[AskedQuestion]:
    with town.database.read() as session:
        return list(session.exec(select(AskedQuestion).order_by(col(AskedQuestion.id))).all())


def looked_after(town: Town) -> int:
    count = Unanswered(town.database, timedelta(hours=24), timedelta(hours=72), town.clock).look()
    town.understand()
    return count


def test_a_list_is_asked_by_numbers_and_the_answer_is_read_on_the_next_day_after_a_restart(asking: Town) -> None:
    town = asking
    mention_id = says(town, POTHOLE)
    assert town.reply_to(mention_id).template_key == Key.ASK_ATTRIBUTE
    assert sends(town, mention_id).startswith("Hi Ann. Thank you. We need one more thing: How large is it?\n1) A hand")
    town.suggester = wiring.suggester_of(town.settings, town.database)
    town.suggester.clock = town.clock
    town.clock.advance(hours=20)
    assert says(town, "2") == mention_id
    town.understand()
    reply, request, (question,) = town.reply_to(mention_id), town.request_of(mention_id), questions(town)
    assert (reply.template_key, request.attribute) == (Key.FILED, {"SIZE": "L"})
    assert "2" not in request.description
    assert question.state == AskedState.READ
    assert question.answer_post_id is not None


def test_one_thing_at_a_time_in_the_citys_order(asking: Town) -> None:
    town = asking
    require(town, "DEPTH_IN_CM", Datatype.NUMBER, questions={"en": "How deep is it?"})
    mention_id = says(town, "There is a deep pothole, a car lost its tire")
    assert town.reply_to(mention_id).template_key == Key.ASK_PLACE
    sends(town, mention_id)
    says(town, "5th and Market St")
    assert "How large" in sends(town, mention_id)
    says(town, "a wheel")
    assert "How deep" in sends(town, mention_id)
    says(town, "I don't know")
    reply, request = town.reply_to(mention_id), town.request_of(mention_id)
    assert (reply.template_key, request.attribute) == (Key.FILED, {"SIZE": "L"})
    assert [(one.attribute, one.state) for one in questions(town) if one.attribute] == [
        ("SIZE", AskedState.READ),
        ("DEPTH_IN_CM", AskedState.UNKNOWN),
    ]


def test_what_cannot_be_read_is_asked_once_more_in_other_words_and_then_left_to_a_person(asking: Town) -> None:
    town = asking
    mention_id = says(town, POTHOLE)
    sends(town, mention_id)
    says(town, "like my pizza")
    assert town.reply_to(mention_id).template_key == Key.ASK_ATTRIBUTE_AGAIN
    sends(town, mention_id)
    says(town, "like a large pizza")
    assert town.reply_to(mention_id).template_key == Key.FILED
    assert "SIZE" not in town.request_of(mention_id).attribute
    assert [one.state for one in questions(town)] == [AskedState.UNREAD, AskedState.UNREAD]


def test_silence_brings_one_reminder_and_then_a_person(asking: Town) -> None:
    town = asking
    mention_id = says(town, POTHOLE)
    sends(town, mention_id)
    town.clock.advance(hours=23)
    assert looked_after(town) == 0
    town.clock.advance(hours=2)
    assert looked_after(town) == 1
    assert looked_after(town) == 0
    reminder = town.reply_to(mention_id)
    assert "still waiting for your answer" in reminder.text
    assert "How large is it?" in reminder.text
    sends(town, mention_id)
    town.clock.advance(hours=25)
    assert looked_after(town) == 0
    town.clock.advance(hours=24)
    assert looked_after(town) == 1
    assert {one.state for one in questions(town)} == {AskedState.NO_ANSWER}
    assert town.mentions()[-1].state == MentionState.DRAFTED
    assert town.reply_to(mention_id).template_key == Key.FILED


def test_cases_that_cannot_be_reminded_keep_no_other_from_its_reminder(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving_up, "BATCH", 2)
    with database.write() as session:
        asked = [rows.a_mention(session) for _ in range(5)]
        for mention in asked:
            mention.state = MentionState.CLOSED
            reply = rows.a_reply(session, mention, "Where is it?")
            reply.state, reply.sent_at, reply.seen_post_id = ReplyState.SENT, clock() - timedelta(hours=30), 10**6
            session.add(AskedQuestion(reply_id=reply.id or 0, mention_id=mention.id or 0, about="place"))
        for mention in asked[:4]:
            session.get_one(Author, mention.author_id).stopped_at = clock()
        last = asked[4].id
    assert Unanswered(database, timedelta(hours=24), timedelta(hours=72), clock).look() == 1
    with database.read() as session:
        reminded = select(AskedQuestion.mention_id).where(col(AskedQuestion.reminded_at).is_not(None))
        assert session.exec(reminded).all() == [last]


def test_an_answer_that_comes_as_we_give_up_is_read(asking: Town) -> None:
    town = asking
    mention_id = says(town, POTHOLE)
    sends(town, mention_id)
    town.clock.advance(hours=40)
    town.simulator.say_on_telegram("2", sender=ANN)
    town.listen()
    town.clock.advance(hours=33)  # nobody has read it yet
    looked_after(town)
    assert [one.state for one in questions(town)] == [AskedState.READ]
    assert town.request_of(mention_id).attribute == {"SIZE": "L"}


def test_a_place_nobody_tells_ends_in_a_polite_word(town: Town) -> None:
    mention_id = says(town, "There is a deep pothole, a car lost its tire")
    sends(town, mention_id)
    town.clock.advance(hours=73)
    assert looked_after(town) == 1
    assert town.reply_to(mention_id).template_key == Key.GIVEN_UP


def test_what_is_private_is_asked_for_in_private_and_the_answer_is_the_cases(asking: Town) -> None:
    town = asking
    require(town, "SIZE", Datatype.STRING, private=True, questions={"en": "What is the plate number?"})
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    public = town.mention_of(post_id).id or 0
    assert town.reply_to(public).template_key == Key.ASK_ATTRIBUTE_PRIVATE
    assert "private message" in town.reply_to(public).text
    town.approve(public, file_request=False)
    town.deliver()
    town.clock.advance(hours=1)
    town.simulator.message_on_x("KLM 4711", author="dee_215")
    town.hear()
    private = town.mentions()[-1].id
    with town.database.read() as session:
        assert move_to(session, private or 0) is not None
        drafts = session.exec(select(Reply).where(Reply.mention_id == private)).all()
    assert town.request_of(private).attribute == {"SIZE": "KLM 4711"}
    assert [one.template_key for one in drafts] == [Key.FILED]
