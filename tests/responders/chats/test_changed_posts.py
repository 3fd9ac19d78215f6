"""Posts that their authors change on the board: what they say now counts: it is queued, or it waits."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from models import (
    AnsweredHow,
    ChatEntry,
    ChatLane,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    advance,
)
from models.chats import ChatQuestion
from models.closing import close_if_settled
from models.threads import newest_inbound
from responders.chats import board as acts
from responders.chats.answering import keep_answer
from responders.chats.approving import Answer, approve_answer
from responders.chats.entries import CHANGED_SINCE
from responders.chats.hearing import keep_hearing
from responders.chats.ways import Way
from tests.responders.chats.chats import a_chat, board, entry
from tests.town import Town

POTHOLE = "@Philly311Demo There is a huge pothole at 5th and Market St, it broke my tire, please fix it #ParkChat"
POOLS = "@Philly311Demo when do the pools open? #ParkChat"


def hear(town: Town) -> None:
    with town.database.write() as session:
        keep_hearing(session, town.clock())
    town.hear()
    town.understand()


def _answered(town: Town, one: ChatEntry, words: str = "In June.") -> None:
    """Its answer in the thread is approved, leaves, and stands there."""
    keep_answer(town.desk, one.id or 0, town.staff_id, Way.THREAD, words, "en")
    with town.database.read() as session:
        newest = newest_inbound(session, session.get_one(Mention, one.mention_id))
        version = session.get_one(ChatEntry, one.id).version
    answer = Answer(Way.THREAD, words, "en", version, newest, 0)
    reply_id = approve_answer(town.desk, one.id or 0, town.staff_id, answer).reply_id
    with town.database.write() as session:
        reply = session.get_one(Reply, reply_id)
        for state in (ReplyState.SENDING, ReplyState.SENT):
            advance(session, reply, state, "outbox", "X took it", town.clock())
        close_if_settled(session, one.mention_id or 0, town.clock())


def _not_needed(town: Town, one: ChatEntry) -> None:
    acts.not_needed(town.desk, one.id or 0, town.staff_id, seen_version=one.version)


def test_a_resting_question_edited_into_a_report_comes_into_the_queue_with_its_drafts(town: Town) -> None:
    chat = a_chat(town)
    with town.database.write() as session:  # nothing is asked yet: the reader leaves a report a report
        for question in session.exec(select(ChatQuestion)).all():
            question.at_seconds += 3600
    said = town.simulator.say_on_x(POOLS)
    hear(town)
    (mention,) = town.mentions(MentionState.SET_ASIDE)
    town.simulator.say_on_x(POTHOLE, edit_of=said)
    hear(town)
    assert entry(town, chat, "pothole").lane == ChatLane.SERVICE_REQUEST
    assert [(one.id, one.state, one.round) for one in town.mentions()] == [
        (mention.id, MentionState.DRAFTED, mention.round + 1)
    ]
    assert "pothole" in town.request_of(mention.id).description
    assert town.request_of(mention.id).state == RequestState.DRAFT
    assert town.reply_to(mention.id).text
    town.approve(mention.id, "We look into it.", file_request=False)
    town.deliver()
    assert town.mentions(MentionState.CLOSED)
    town.simulator.say_on_x(POTHOLE + "!", edit_of=said)
    hear(town)
    assert entry(town, chat, "fix it #ParkChat!").lane == ChatLane.SERVICE_REQUEST
    assert town.mentions(MentionState.CLOSED), "it was a report before, and a person has decided about it"


@pytest.mark.parametrize("settle", [_answered, _not_needed])
def test_a_question_changed_after_it_was_settled_waits_again_and_can_be_answered_in_the_thread(
    town: Town, settle: Callable[[Town, ChatEntry], None]
) -> None:
    chat = a_chat(town)
    said = town.simulator.say_on_x(POOLS)
    hear(town)
    settle(town, entry(town, chat, "pools"))
    assert entry(town, chat, "pools").answered_at is not None
    town.simulator.say_on_x("@Philly311Demo why is the library shut? #ParkChat", edit_of=said)
    hear(town)
    one = entry(town, chat, "library")
    assert (one.answered_at, one.answered_by, one.answered_how) == (None, None, None)
    assert one.lane_why == CHANGED_SINCE
    assert [each.state for each in town.mentions()] == [MentionState.SET_ASIDE]
    _answered(town, one, "It opens again on Monday.")
    assert entry(town, chat, "library").answered_how == AnsweredHow.REPLY


def test_the_same_words_sent_as_an_edit_are_still_answered(town: Town) -> None:
    chat = a_chat(town)
    said = town.simulator.say_on_x(POOLS)
    hear(town)
    _answered(town, entry(town, chat, "pools"))
    town.simulator.say_on_x(POOLS, edit_of=said)
    hear(town)
    one = entry(town, chat, "pools")
    assert (one.version, one.answered_how) == (4, AnsweredHow.REPLY)
    assert [each.state for each in town.mentions()] == [MentionState.CLOSED]


def test_a_changed_question_leaves_those_it_was_counted_with_and_joins_those_it_asks_the_same_as(town: Town) -> None:
    chat = a_chat(town)
    first, *_ = [
        town.simulator.say_on_x("when do the pools open? #ParkChat", author=who, mention=False)
        for who in ("a_1", "b_2", "c_3")
    ]
    town.simulator.say_on_x("who mows the lawn? #ParkChat", author="d_4", mention=False)
    hear(town)
    a, b, c, d = [one for _, one in board(town, chat)]
    assert [one.alike_id for one in (a, b, c, d)] == [None, a.id, a.id, None]
    town.simulator.say_on_x("who mows the lawn? #ParkChat", author="a_1", mention=False, edit_of=first)
    hear(town)
    assert {one.id: one.alike_id for _, one in board(town, chat)} == {a.id: d.id, b.id: None, c.id: b.id, d.id: None}
