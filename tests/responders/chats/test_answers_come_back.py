"""Answers from a board that come to nothing, and posts that change while one is written: nothing is lost or hidden."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models import (
    Alarm,
    ChatEntry,
    ChatLane,
    Database,
    Label,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    advance,
)
from models.chats import ChatAnswer
from models.closing import close_if_settled
from models.deletion import forget_post
from models.understandings import LabelTask
from models.versions import ReplyVersion
from responders.chats.answering import keep_answer, use_answer
from responders.chats.approving import Others, approve_answer
from responders.chats.bank import AnswerFields, change_answer
from responders.chats.bank import approve_answer as approve_banked
from responders.chats.board import move, not_needed
from responders.chats.entries import owes_notice
from responders.chats.posting import approve_post, change_words
from responders.chats.reports import put_back_on_board
from responders.chats.resting import drop_board_drafts
from responders.chats.ways import Way
from responders.doubts import give_up, says_not_sent
from responders.review import NotApproved
from responders.settling import give_back
from tests.chats import a_bank_answer, an_entry, post_of
from tests.responders.chats.boards import Board, a_board
from tests.rows import MORNING, a_reply


@pytest.fixture
def board(either_database: Database) -> Board:
    return a_board(either_database)


def _in_doubt(board: Board, entry_id: int = 0) -> int:
    """The answer to an entry, approved, and sent so that nobody can say whether it stands; its Reply.id."""
    reply = board.reply(entry_id)
    with board.desk.database.write() as session:
        for state in (ReplyState.SENDING, ReplyState.UNCERTAIN):
            advance(session, session.get_one(Reply, reply.id), state, "outbox", "no answer came", board.now[0])
    return reply.id or 0


def _writes_on(board: Board, text: str, lane: ChatLane | None = None) -> int:
    """The author of the board's post writes on in its thread; on the board already where a lane is given."""
    with board.desk.database.write() as session:
        entry = session.get_one(ChatEntry, board.entry_id)
        first = session.get_one(Post, entry.post_id)
        more = Post(**{**first.model_dump(exclude={"id"}), "channel_post_id": "more", "edit_chain": "more"})
        more.text = text
        session.add(more)
        session.flush()
        if lane is None:
            return 0
        again = ChatEntry(**{**entry.model_dump(exclude={"id"}), "edit_chain": "more", "lane": lane})
        again.post_id, again.answered_by, again.answered_how = more.id or 0, None, None
        session.add(again)
        session.flush()
        return again.id or 0


def test_an_answer_in_doubt_that_is_dropped_leaves_its_post_on_the_board_to_be_answered_anew(board: Board) -> None:
    board.keep()
    board.approve()
    give_up(board.desk, _in_doubt(board), board.moderator)
    assert (board.mention().state, board.entry().answered_by) == (MentionState.SET_ASIDE, None)
    board.keep("Once more: twice a day.")
    assert board.approve().approved


@pytest.mark.parametrize("lane", [ChatLane.SERVICE_REQUEST, ChatLane.EMERGENCY, None])
def test_what_is_written_on_while_an_answer_is_on_its_way_is_not_set_aside_unread(
    board: Board, lane: ChatLane | None
) -> None:
    board.keep()
    board.approve()
    _writes_on(board, "and a hydrant is open", lane)
    board.change(lambda session: give_back(session, board.mention().id or 0, "the author wrote again", board.now[0]))
    assert (board.mention().state, board.mention().needs_understanding) == (MentionState.DRAFTED, True)


def test_of_two_posts_in_a_thread_the_one_that_was_answered_is_answered(board: Board) -> None:
    second = _writes_on(board, "And on Sundays?", ChatLane.QUESTION)
    board.keep(entry_id=second)
    board.approve(entry_id=second)
    board.leaves(board.reply(second), ReplyState.SENDING, ReplyState.SENT)
    assert (board.entry().answered_at, board.entry(second).answered_at) == (None, board.now[0])
    assert board.entry().answered_by is None


def test_fixed_words_leave_only_as_the_bank_has_them_approved(board: Board) -> None:
    with board.desk.database.write() as session:
        banked = a_bank_answer(session, board.made, "The ordinance is 10-702.", label="Ordinance", fixed=True)
    use_answer(board.desk, board.entry_id, board.host, Way.THREAD, banked.id or 0)
    fields = AnswerFields("Ordinance", "The ordinance is 10-703.", "en", fixed=True)
    with board.desk.database.write() as session:
        change_answer(session, board.made.chat, banked.id or 0, fields, board.host, board.now[0])
    with pytest.raises(NotApproved, match="from the bank again"):
        board.approve()
    with board.desk.database.write() as session:
        approve_banked(session, board.made.chat, banked.id or 0, board.host, fields.text, board.now[0])
    with pytest.raises(NotApproved, match="from the bank again"):
        board.approve()
    use_answer(board.desk, board.entry_id, board.host, Way.THREAD, banked.id or 0)
    assert board.approve().approved
    assert board.reply().approved_text == session.get_one(ChatAnswer, banked.id).text


def test_a_numbered_answer_is_worded_and_approved_beside_the_post_it_answers(board: Board) -> None:
    board.keep(f"A1: Twice a day. #{board.made.chat.hashtag}", way=Way.NUMBERED)
    reply = board.reply()
    with pytest.raises(NotApproved, match="on the board"):
        approve_post(board.desk, reply.chat_post_id or 0, board.host, reply.revision)
    with board.desk.database.write() as session, pytest.raises(NotApproved, match="on the board"):
        change_words(session, reply.chat_post_id or 0, board.guest, "Ours", reply.revision, board.now[0])


def test_what_the_main_queue_answers_is_not_held_open_by_a_draft_on_the_board(board: Board) -> None:
    board.keep()
    with board.desk.database.write() as session:
        mention = session.get_one(Mention, board.mention().id)
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "intake", "the author wrote again", board.now[0])
        answer = a_reply(session, mention, "We look.")
        answer.round = mention.round
        advance(session, mention, MentionState.IN_REVIEW, "staff:1", "claimed", board.now[0])
        drop_board_drafts(session, mention, "staff:1", board.now[0])
        advance(session, mention, MentionState.APPROVED, "staff:1", "decided", board.now[0])
        for state in (ReplyState.IN_REVIEW, ReplyState.APPROVED, ReplyState.SENDING, ReplyState.SENT):
            if answer.state != state:
                advance(session, answer, state, "test", "on its way", board.now[0])
        close_if_settled(session, mention.id or 0, board.now[0])
        assert mention.state == MentionState.CLOSED


def test_a_deleted_post_takes_the_numbered_answer_to_it_along(board: Board) -> None:
    board.keep(f"A1: You ask about zanzibar corner. #{board.made.chat.hashtag}", way=Way.NUMBERED)
    board.approve(board.seen(way=Way.NUMBERED))
    reply_id = board.reply().id
    with board.desk.database.write() as session:
        forget_post(session, post_of(session, board.mention()), "listener", "its author deleted it", board.now[0])
        reply = session.get_one(Reply, reply_id)
        assert (reply.state, reply.text, reply.approved_text) == (ReplyState.CANCELLED, "", "")
        assert session.exec(select(ReplyVersion).where(ReplyVersion.reply_id == reply_id)).all() == []


def test_a_numbered_answer_in_doubt_is_not_said_again_once_its_post_is_deleted(board: Board) -> None:
    board.keep(f"A1: You ask about zanzibar corner. #{board.made.chat.hashtag}", way=Way.NUMBERED)
    board.approve(board.seen(way=Way.NUMBERED))
    reply_id = _in_doubt(board)
    board.change(lambda session: forget_post(session, post_of(session, board.mention()), "x", "deleted", MORNING))
    with pytest.raises(NotApproved, match="deleted"):
        says_not_sent(board.desk, reply_id, board.host)
    give_up(board.desk, reply_id, board.host)
    with board.desk.database.read() as session:
        assert session.get_one(Reply, reply_id).text == session.get_one(Reply, reply_id).approved_text == ""


def test_a_draft_that_was_given_up_goes_with_the_post_it_answered(board: Board) -> None:
    board.keep("You ask about zanzibar corner.")
    reply_id = board.reply().id
    board.keep(f"A1: twice a day #{board.made.chat.hashtag}", way=Way.NUMBERED)
    board.change(lambda session: forget_post(session, post_of(session, board.mention()), "x", "deleted", MORNING))
    with board.desk.database.read() as session:
        assert session.get_one(Reply, reply_id).text == ""


def test_a_danger_that_a_person_sees_is_paged_though_an_answer_is_on_its_way(board: Board) -> None:
    board.keep()
    board.approve()
    move(board.desk, board.entry_id, board.host, ChatLane.EMERGENCY, seen_version=board.entry().version)
    mention = board.mention()
    assert (mention.danger, mention.state, board.reply().state) == (True, MentionState.DRAFTED, ReplyState.DRAFT)
    with board.desk.database.read() as session:
        assert session.exec(select(Alarm.mention_id)).one() == mention.id
        said = session.exec(select(Label).where(Label.task == LabelTask.URGENCY)).one()
    assert (said.mention_id, said.value) == (mention.id, "danger"), "read again, the same words are no less of a danger"


def test_a_notice_of_moderation_is_owed_whatever_its_author_writes_on_the_board(board: Board) -> None:
    def notice(session: Session) -> None:
        mention = session.get_one(Mention, board.mention().id)
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "moderation", "its author is to be told", board.now[0])
        owed = a_reply(session, mention, "Hidden under clause 1.")
        owed.round, owed.purpose = mention.round, Purpose.NOTICE
        session.flush()
        assert owes_notice(session, mention)
        with pytest.raises(NotApproved, match="notice"):
            put_back_on_board(session, mention, board.made.host, board.now[0])
        advance(session, owed, ReplyState.IN_REVIEW, "staff:1", "opened", board.now[0])
        advance(session, owed, ReplyState.CANCELLED, "staff:1", "dropped", board.now[0])
        assert not owes_notice(session, mention)

    board.change(notice)


def test_who_needs_no_answer_and_gets_one_has_it_once_it_stands(board: Board) -> None:
    not_needed(board.desk, board.entry_id, board.host, seen_version=board.entry().version)
    board.keep()
    board.approve()
    assert board.entry().answered_at is None
    board.now[0] += timedelta(minutes=1)
    board.leaves(board.reply(), ReplyState.SENDING, ReplyState.SENT)
    assert board.entry().answered_at == board.now[0]


def test_another_one_of_its_like_that_was_answered_meanwhile_keeps_its_own_answer(board: Board) -> None:
    with board.desk.database.write() as session:
        first = session.get_one(ChatEntry, board.entry_id)
        other = an_entry(session, board.made, "how often are baskets emptied??", alike=first).id or 0
    keep_answer(board.desk, other, board.host, Way.THREAD, "See the calendar.", "en")
    approve_answer(board.desk, other, board.host, board.seen(entry_id=other))
    own = board.reply(other).id
    board.keep()
    board.approve(replace(board.seen(), others=Others.SETTLED))
    assert board.entry(other).answered_by == own
