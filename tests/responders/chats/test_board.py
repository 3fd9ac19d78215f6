"""What the people of a chat decide about a post on its board (invariant 5), and what becomes of its mention."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from models import (
    Alarm,
    AnsweredHow,
    AuditEntry,
    ChatEntry,
    ChatLane,
    ChatQuestion,
    LinkedHow,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
)
from models.deletion import forget_post
from responders.chats import board as acts
from responders.chats.hearing import keep_hearing
from responders.claims import NotYours
from responders.deciding import NotApproved
from responders.review import Desk
from tests.responders.chats.chats import a_chat, a_guest, board, entry
from tests.town import Town

WORDS = "A1 the swings are broken at 5th and Market St #ParkChat"
Act = Callable[[Desk, ChatEntry, int], None]


def on_board(town: Town, *texts: str, mention: bool = True) -> tuple[int, list[ChatEntry]]:
    """A live chat with these posts on its board."""
    chat = a_chat(town)
    with town.database.write() as session:
        keep_hearing(session, town.clock())
    for at, text in enumerate(texts or (WORDS,)):
        town.simulator.say_on_x(f"@Philly311Demo {text}" if mention else text, mention=mention, author=f"who_{at}")
    town.listen("x")
    town.understand()
    return chat, [entry(town, chat, text) for text in texts or (WORDS,)]


def again(town: Town, one: ChatEntry) -> ChatEntry:
    with town.database.read() as session:
        return session.get_one(ChatEntry, one.id)


def mention(town: Town, one: ChatEntry) -> Mention:
    with town.database.read() as session:
        return session.get_one(Mention, one.mention_id)


def test_a_post_that_is_really_a_report_goes_to_the_queue_with_its_drafts_and_is_answered_in_the_thread(
    town: Town,
) -> None:
    chat, (one,) = on_board(town)
    assert mention(town, one).state == MentionState.SET_ASIDE
    acts.make_report(town.desk, one.id or 0, town.staff_id, seen_version=one.version)
    moved = again(town, one)
    assert (moved.lane, moved.lane_by, moved.version) == (ChatLane.SERVICE_REQUEST, f"staff:{town.staff_id}", 2)
    assert mention(town, one).state == MentionState.DRAFTED
    request = town.request_of(one.mention_id)
    assert request.state == RequestState.DRAFT
    assert "swings" in request.description
    assert town.reply_to(one.mention_id).text
    town.understand()
    assert mention(town, one).state == MentionState.DRAFTED
    town.approve(one.mention_id, "Thank you, we look into it.", file_request=False)
    town.deliver()
    (answer,) = town.our_replies_on_x()
    assert "we look into it" in answer
    assert len(board(town, chat)) == 1  # it has not left the board
    with town.database.read() as session:
        why = session.exec(select(AuditEntry.why).where(AuditEntry.about == "ChatEntry")).all()
    assert why == ["moved to service request"]


def test_no_report_after_all_goes_back_to_the_board_alone_and_nothing_drafted_stays(town: Town) -> None:
    _, (one,) = on_board(town)
    acts.make_report(town.desk, one.id or 0, town.staff_id, seen_version=1)
    acts.not_a_report(town.desk, one.id or 0, town.staff_id, seen_version=2, lane=ChatLane.ANSWER)
    assert mention(town, one).state == MentionState.SET_ASIDE
    with town.database.read() as session:
        assert {row.state for row in session.exec(select(ServiceRequest)).all()} == {RequestState.CANCELLED}
        assert {row.state for row in session.exec(select(Reply)).all()} <= {ReplyState.CANCELLED}
    acts.make_report(town.desk, one.id or 0, town.staff_id, seen_version=3)  # and there again, with a draft
    assert town.request_of(one.mention_id).state == RequestState.DRAFT


def test_what_a_colleague_decides_about_in_the_queue_is_not_taken_from_them(town: Town) -> None:
    _, (one,) = on_board(town)
    acts.make_report(town.desk, one.id or 0, town.staff_id, seen_version=1)
    town.desk.claim(one.mention_id or 0, town.hire("Ann Other"))
    with pytest.raises(NotApproved, match="Ann Other is working on it"):
        acts.not_a_report(town.desk, one.id or 0, town.staff_id, seen_version=2)
    assert again(town, one).lane == ChatLane.SERVICE_REQUEST


def test_an_edit_of_a_report_a_person_saw_leaves_it_in_the_queue(town: Town) -> None:
    _, (one,) = on_board(town)
    acts.make_report(town.desk, one.id or 0, town.staff_id, seen_version=1)
    town.simulator.say_on_x(f"@Philly311Demo {WORDS} still", edit_of=one.edit_chain)
    town.listen("x")
    town.understand()
    assert again(town, one).lane == ChatLane.SERVICE_REQUEST
    assert mention(town, one).state == MentionState.DRAFTED


def test_an_answer_begun_on_the_board_is_dropped_when_the_post_turns_out_to_be_a_report(town: Town) -> None:
    _, (one,) = on_board(town)
    with town.database.write() as session:
        row = session.get_one(Mention, one.mention_id)
        session.add(
            Reply(
                mention_id=row.id,
                account_id=row.account_id,
                round=row.round,
                purpose=Purpose.CHAT,
                changed_at=town.clock(),
                text="Thank you.",
            )
        )
    acts.make_report(town.desk, one.id or 0, town.staff_id, seen_version=1)
    with town.database.read() as session:
        answers = session.exec(select(Reply).where(Reply.purpose == Purpose.CHAT)).all()
    assert [answer.state for answer in answers] == [ReplyState.CANCELLED]


def test_a_danger_that_a_person_sees_pages_whoever_is_on_duty(town: Town) -> None:
    _, (one,) = on_board(town)
    acts.move(town.desk, one.id or 0, town.staff_id, ChatLane.EMERGENCY, seen_version=1)
    with town.database.read() as session:
        alarm = session.exec(select(Alarm)).one()
    assert (alarm.mention_id, alarm.paged_at, alarm.acknowledged_at) == (one.mention_id, None, None)
    assert (mention(town, one).danger, mention(town, one).state) == (True, MentionState.DRAFTED)
    acts.move(town.desk, one.id or 0, town.staff_id, ChatLane.ANSWER, seen_version=2)
    assert mention(town, one).state == MentionState.DRAFTED  # that it is none, a person says with a reason


@pytest.mark.parametrize(
    "act",
    [
        lambda desk, one, who: acts.move(desk, one.id, who, ChatLane.OFF_TOPIC, seen_version=one.version),
        lambda desk, one, who: acts.link(desk, one.id, who, None, seen_version=one.version),
        lambda desk, one, who: acts.assign(desk, one.id, who, who, seen_version=one.version),
        lambda desk, one, who: acts.not_needed(desk, one.id, who, seen_version=one.version),
        lambda desk, one, who: acts.choose(desk, one.id, who, True, seen_version=one.version),
        lambda desk, one, who: acts.part_alike(desk, one.id, who, seen_version=one.version),
        lambda desk, one, who: acts.make_report(desk, one.id, who, seen_version=one.version),
    ],
)
def test_two_people_cannot_decide_about_the_same_post_and_a_guest_decides_nothing(town: Town, act: Act) -> None:
    chat, (one,) = on_board(town)
    with pytest.raises(NotYours, match="You are a guest"):
        act(town.desk, one, a_guest(town, chat))
    act(town.desk, one, town.staff_id)
    after = again(town, one)
    with pytest.raises(NotApproved, match="Somebody else has changed"):
        act(town.desk, one, town.staff_id)
    assert again(town, one) == after
    with town.database.write() as session:
        forget_post(session, session.get_one(Post, one.post_id), "listener", "X says that it is gone", town.clock())
    with pytest.raises(NotApproved):
        act(town.desk, again(town, one), town.staff_id)


def test_a_question_that_a_person_names_stays_with_the_post(town: Town) -> None:
    chat, (one,) = on_board(town)
    with town.database.read() as session:
        third = session.exec(select(ChatQuestion.id).where(ChatQuestion.number == 3)).one()
    acts.link(town.desk, one.id or 0, town.staff_id, third, seen_version=1)
    assert (again(town, one).question_id, again(town, one).linked_how) == (third, LinkedHow.PERSON)
    with pytest.raises(NotApproved, match="no such question"):
        acts.link(town.desk, one.id or 0, town.staff_id, 4711, seen_version=2)
    assert again(town, one).version == 2
    assert len(board(town, chat)) == 1


def test_whom_a_post_is_given_to_has_the_chats_time_and_who_is_absent_gets_none(town: Town) -> None:
    chat, (one, two) = on_board(town, "A1 first thing #ParkChat", "A1 second thing #ParkChat")
    guest, gone = a_guest(town, chat), a_guest(town, chat, "Guest Two", absent=True)
    acts.assign(town.desk, one.id or 0, town.staff_id, guest, seen_version=1)
    acts.assign(town.desk, two.id or 0, town.staff_id, guest, seen_version=1)
    given = again(town, one)
    assert given.assigned_to == guest
    assert given.due_at is not None
    assert timedelta(seconds=290) < given.due_at - town.clock() <= timedelta(seconds=300)
    with pytest.raises(NotApproved, match="marked absent"):
        acts.assign(town.desk, one.id or 0, town.staff_id, gone, seen_version=2)
    with pytest.raises(NotApproved, match="take no part"):
        acts.assign(town.desk, one.id or 0, town.staff_id, town.hire("Ann Other"), seen_version=2)
    acts.unassign(town.desk, one.id or 0, town.staff_id, seen_version=2)
    assert again(town, one).assigned_to is None
    assert acts.reassign_all(town.desk, chat, town.staff_id, guest, town.staff_id) == 1
    assert again(town, two).assigned_to == town.staff_id
    assert acts.reassign_all(town.desk, chat, town.staff_id, town.staff_id, None) == 1
    assert again(town, two).assigned_to is None


def test_like_questions_are_joined_and_parted_with_all_that_came_along(town: Town) -> None:
    _, (a, b, c) = on_board(
        town, "when is the pool open? #ParkChat", "pool times? #ParkChat", "who mows? #ParkChat", mention=False
    )
    acts.join_alike(town.desk, b.id or 0, town.staff_id, a.id or 0, seen_version=1)
    acts.join_alike(town.desk, a.id or 0, town.staff_id, c.id or 0, seen_version=1)
    assert [again(town, one).alike_id for one in (a, b, c)] == [c.id, c.id, None]
    with pytest.raises(NotApproved, match="with itself"):
        acts.join_alike(town.desk, c.id or 0, town.staff_id, a.id or 0, seen_version=1)
    acts.part_alike(town.desk, c.id or 0, town.staff_id, seen_version=1)
    assert [again(town, one).alike_id for one in (a, b, c)] == [None, a.id, None]


def test_what_needs_no_answer_can_need_one_after_all(town: Town) -> None:
    _, (one,) = on_board(town)
    acts.not_needed(town.desk, one.id or 0, town.staff_id, seen_version=1)
    assert again(town, one).answered_how == AnsweredHow.NOT_NEEDED
    with pytest.raises(NotApproved, match="answered already"):
        acts.not_needed(town.desk, one.id or 0, town.staff_id, seen_version=2)
    acts.needed_after_all(town.desk, one.id or 0, town.staff_id, seen_version=2)
    assert again(town, one).answered_at is None
    with town.database.read() as session:
        whys = session.exec(select(AuditEntry.why).order_by(col(AuditEntry.id))).all()
    assert not any("swings" in why for why in whys)
