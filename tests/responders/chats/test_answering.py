"""Answering from the board of a chat: what each decision does to the entry, its mention and the reply."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from models import (
    AnsweredHow,
    ChatEntry,
    ChatLane,
    Database,
    Decision,
    HeardBy,
    Mention,
    MentionState,
    Post,
    Purpose,
    ReplyState,
    Review,
)
from responders.by_hand import hand_back
from responders.chats.answering import (
    drop_answer,
    hand_in,
    return_answer,
    take_back,
    use_answer,
)
from responders.chats.approving import Others, not_posted, says_posted
from responders.chats.ways import Way, ways_of
from responders.claims import claim, open_reply
from responders.review import NotApproved, NotYours
from responders.settling import give_back
from tests.chats import a_bank_answer, an_entry, post_of
from tests.responders.chats.boards import WORDS, Board, a_board
from tests.rows import a_reply


@pytest.fixture
def board(either_database: Database) -> Board:
    return a_board(either_database)


def test_an_approved_answer_lifts_the_mention_and_closes_it_once_it_stands(board: Board) -> None:
    board.keep()
    assert (board.reply().purpose, board.mention().state) == (Purpose.CHAT, MentionState.SET_ASIDE)
    assert board.approve().approved
    reply, entry = board.reply(), board.entry()
    assert (reply.state, reply.approved_text) == (ReplyState.APPROVED, WORDS)
    assert reply.in_reply_to == board.mention().edit_chain
    assert reply.not_before == board.now[0] + board.desk.hold
    assert board.mention().state == MentionState.APPROVED
    assert (entry.answered_by, entry.answered_at) == (reply.id, None), "it is on its way, and stands nowhere yet"
    board.leaves(reply, ReplyState.SENDING, ReplyState.SENT)
    entry = board.entry()
    assert (entry.answered_at, entry.answered_how) == (board.now[0], AnsweredHow.REPLY)
    assert board.mention().state == MentionState.CLOSED


def test_an_answer_that_the_network_refuses_is_undone_and_waits_on_the_board_not_in_the_queue(board: Board) -> None:
    board.keep()
    board.approve()
    reply = board.reply()
    board.leaves(reply, ReplyState.SENDING, ReplyState.FAILED)
    board.change(lambda session: give_back(session, reply.mention_id or 0, "the network refused it", board.now[0]))
    entry = board.entry()
    assert (entry.answered_by, entry.answered_how, entry.answered_at) == (None, None, None)
    assert board.mention().state == MentionState.SET_ASIDE
    board.keep("Twice a day.")
    assert board.approve().approved
    assert board.mention().state == MentionState.APPROVED


def test_what_was_approved_can_be_taken_back_while_it_is_held(board: Board) -> None:
    board.keep()
    board.approve()
    take_back(board.desk, board.entry_id, board.moderator)
    assert (board.reply().state, board.mention().state) == (ReplyState.IN_REVIEW, MentionState.SET_ASIDE)
    assert board.entry().answered_by is None
    board.approve()
    board.leaves(board.reply(), ReplyState.SENDING)
    with pytest.raises(NotApproved, match="left already"):
        take_back(board.desk, board.entry_id, board.moderator)


def test_a_guest_answers_what_they_were_assigned_and_the_host_approves(board: Board) -> None:
    with pytest.raises(NotYours, match="assigned"):
        board.keep(staff_id=board.guest)
    board.change(lambda session: _assign(session, board))
    board.keep(staff_id=board.guest)
    with pytest.raises(NotYours, match="Hand it in"):
        board.approve(staff_id=board.guest)
    hand_in(board.desk, board.entry_id, board.guest)
    with pytest.raises(NotApproved, match="Say why"):
        return_answer(board.desk, board.entry_id, board.host, " ")
    return_answer(board.desk, board.entry_id, board.host, "Name the hours, please")
    assert board.reply().state == ReplyState.DRAFT
    board.keep(WORDS + " On Sundays once.", staff_id=board.guest)
    hand_in(board.desk, board.entry_id, board.guest)
    assert board.approve(staff_id=board.host).approved
    assert [one.decision for one in _reviews(board)] == [
        Decision.HANDED_IN,
        Decision.RETURNED,
        Decision.HANDED_IN,
        Decision.APPROVED,
    ]


def test_where_guests_approve_their_key_counts_as_one_of_two(board: Board) -> None:
    board.change(lambda session: _rules(session, board, answer_keys=2, guests_approve=True))
    board.change(lambda session: _assign(session, board))
    board.keep(staff_id=board.guest)
    first = board.approve(staff_id=board.guest)
    assert (first.approved, first.keys) == (False, 1)
    with pytest.raises(NotApproved, match="Another person"):
        board.approve(staff_id=board.guest)
    assert board.approve(staff_id=board.host).approved


def test_two_keys_are_for_the_very_same_words(board: Board) -> None:
    board.change(lambda session: _rules(session, board, answer_keys=2))
    board.keep()
    assert not board.approve(staff_id=board.host).approved
    assert not board.approve(board.seen("Three times a day."), staff_id=board.moderator).approved, "other words"
    assert board.approve(staff_id=board.host).approved


def test_what_the_approver_did_not_see_stops_the_answer_and_the_words_are_kept(board: Board) -> None:
    board.keep()
    seen = board.seen()
    board.change(lambda session: _changed(session, board.entry_id))
    with pytest.raises(NotApproved, match="Somebody changed"):
        board.approve(replace(seen, text="Other words"))
    assert board.reply().text == "Other words"
    seen = board.seen()
    board.change(lambda session: _writes_again(session, board))
    with pytest.raises(NotApproved, match="have not seen yet"):
        board.approve(seen)
    assert board.approve().approved


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("  ", "empty"),
        ("x" * 281, "Shorten it"),
        ("Call 215-555-0134", "private detail"),
        ("It is filed as {number}.", "no request is filed"),
    ],
)
def test_the_objections_of_the_desk_hold_on_the_board(board: Board, words: str, why: str) -> None:
    board.keep("something")
    with pytest.raises(NotApproved) as refused:
        board.approve(board.seen(words))
    assert why in " ".join(refused.value.reasons)
    assert board.mention().state == MentionState.SET_ASIDE


def test_who_used_the_hashtag_alone_gets_a_numbered_post_or_is_asked_to_name_us(board: Board) -> None:
    with board.desk.database.write() as session:
        entry = an_entry(session, board.made, heard_by=HeardBy.TAG, question=2)
        ways = {one.way: one for one in ways_of(session, entry, {})}
    assert [way for way, one in ways.items() if one.open] == [Way.NUMBERED, Way.ASK_TO_TAG, Way.BY_HAND]
    assert "did not mention" in ways[Way.THREAD].why or "X does not let us reply" in ways[Way.THREAD].why
    with pytest.raises(NotApproved, match="X does not let us reply"):
        board.keep(entry_id=entry.id or 0)
    board.keep(
        f"A2: Spanish, and Vietnamese from spring. #{board.made.chat.hashtag}", way=Way.NUMBERED, entry_id=entry.id or 0
    )
    answer = board.seen(way=Way.NUMBERED, entry_id=entry.id or 0)
    assert board.approve(answer, entry_id=entry.id or 0).approved
    reply = board.reply(entry.id or 0)
    assert (reply.mention_id, reply.in_reply_to, reply.state) == (None, None, ReplyState.APPROVED)
    assert board.mention(entry.id or 0).state == MentionState.SET_ASIDE
    board.leaves(reply, ReplyState.SENDING, ReplyState.SENT)
    shown = board.entry(entry.id or 0)
    assert (shown.answered_how, shown.answered_by) == (AnsweredHow.NUMBERED, reply.id)


def test_asking_them_to_name_us_is_no_answer(board: Board) -> None:
    with board.desk.database.write() as session:
        entry_id = an_entry(session, board.made, heard_by=HeardBy.TAG).id or 0
    board.keep(f"Write @Philly311Demo in your post. #{board.made.chat.hashtag}", way=Way.ASK_TO_TAG, entry_id=entry_id)
    board.approve(board.seen(way=Way.ASK_TO_TAG, entry_id=entry_id), entry_id=entry_id)
    board.leaves(board.reply(entry_id), ReplyState.SENDING, ReplyState.SENT)
    entry = board.entry(entry_id)
    assert (entry.answered_at, entry.answered_by) == (None, None)
    board.keep(f"A1: On weekdays. #{board.made.chat.hashtag}", way=Way.NUMBERED, entry_id=entry_id)
    assert board.approve(board.seen(way=Way.NUMBERED, entry_id=entry_id), entry_id=entry_id).approved


def test_posted_by_hand_it_is_answered_once_a_person_says_so(board: Board) -> None:
    with board.desk.database.write() as session:
        entry_id = an_entry(session, board.made, heard_by=HeardBy.TAG).id or 0
    board.keep(way=Way.BY_HAND, entry_id=entry_id)
    board.approve(board.seen(way=Way.BY_HAND, entry_id=entry_id), entry_id=entry_id)
    assert board.reply(entry_id).state == ReplyState.HANDED_OVER
    not_posted(board.desk, entry_id, board.host)
    assert board.mention(entry_id).state == MentionState.SET_ASIDE
    board.approve(board.seen(way=Way.BY_HAND, entry_id=entry_id), entry_id=entry_id)
    says_posted(board.desk, entry_id, board.host)
    entry = board.entry(entry_id)
    assert (entry.answered_how, entry.answered_at) == (AnsweredHow.BY_HAND, board.now[0])
    assert board.mention(entry_id).state == MentionState.CLOSED


def test_fixed_words_of_the_bank_leave_as_they_stand(board: Board) -> None:
    with board.desk.database.write() as session:
        banked = a_bank_answer(session, board.made, "The ordinance is 10-702.", label="Ordinance", fixed=True)
    use_answer(board.desk, board.entry_id, board.host, Way.THREAD, banked.id or 0)
    with pytest.raises(NotApproved, match="fixed"):
        board.keep("The ordinance is another.")
    with pytest.raises(NotApproved, match="fixed"):
        board.approve(board.seen("The ordinance is another."))
    drop_answer(board.desk, board.entry_id, board.host)
    board.keep("In my own words.")
    drop_answer(board.desk, board.entry_id, board.host)
    use_answer(board.desk, board.entry_id, board.host, Way.THREAD, banked.id or 0)
    assert board.approve().approved
    with board.desk.database.read() as session:
        assert session.get_one(type(banked), banked.id).used == 1


def test_one_answer_settles_the_near_identical_questions_once_it_stands(board: Board) -> None:
    with board.desk.database.write() as session:
        first = session.get_one(ChatEntry, board.entry_id)
        others = [an_entry(session, board.made, "how often are baskets emptied??", alike=first).id or 0 for _ in "ab"]
    board.keep()
    board.approve(replace(board.seen(), others=Others.SETTLED))
    assert [board.entry(one).answered_at for one in others] == [None, None]
    board.leaves(board.reply(), ReplyState.SENDING, ReplyState.SENT)
    told = [board.entry(one) for one in others]
    assert {(one.answered_how, one.answered_at) for one in told} == {(AnsweredHow.WITH_ANOTHER, board.now[0])}
    assert len(board.replies()) == 1


def test_each_gets_a_reply_of_their_own_only_where_a_person_says_so(board: Board) -> None:
    with board.desk.database.write() as session:
        first = session.get_one(ChatEntry, board.entry_id)
        other = an_entry(session, board.made, "how often are baskets emptied??", alike=first).id or 0
        tagged = an_entry(session, board.made, "baskets?", alike=first, heard_by=HeardBy.TAG).id or 0
    board.keep()
    board.approve(replace(board.seen(), others=Others.EACH))
    assert board.reply(other).text.endswith(WORDS), "X takes no words twice, so their name stands before"
    assert board.mention(other).state == MentionState.APPROVED
    assert board.entry(other).answered_how == AnsweredHow.REPLY
    assert board.entry(tagged).answered_how == AnsweredHow.WITH_ANOTHER, "who cannot be answered in the thread"
    take_back(board.desk, board.entry_id, board.host)
    assert board.entry(tagged).answered_by is None


def test_the_main_queue_never_takes_an_answer_of_the_board_for_its_own(board: Board) -> None:
    with board.desk.database.write() as session:
        entry = an_entry(session, board.made, "hydrant leaks at 3rd", ChatLane.SERVICE_REQUEST)
        mention = session.get_one(Mention, entry.mention_id)
        reply = a_reply(session, mention, "We look.")
        reply.purpose, reply.state = Purpose.CHAT, ReplyState.DRAFT
        session.flush()
        assert open_reply(session, mention) is None
        claim(session, mention, board.made.host, board.now[0], timedelta(minutes=1))
        blank = open_reply(session, mention)
        assert blank is not None
        assert (blank.purpose, reply.state) == (Purpose.ACKNOWLEDGE, ReplyState.DRAFT)
    with pytest.raises(NotApproved, match="main queue"):
        board.keep(entry_id=entry.id or 0)


def _assign(session: Session, board: Board) -> None:
    entry = session.get_one(ChatEntry, board.entry_id)
    entry.assigned_to = board.guest
    session.add(entry)


def _rules(session: Session, board: Board, **rules: object) -> None:
    chat = session.get_one(type(board.made.chat), board.made.id)
    for name, value in rules.items():
        setattr(chat, name, value)
    session.add(chat)


def _changed(session: Session, entry_id: int) -> None:
    entry = session.get_one(ChatEntry, entry_id)
    entry.version += 1
    session.add(entry)


def _writes_again(session: Session, board: Board) -> None:
    mention = board.mention()
    first = post_of(session, mention)
    again = Post(**{**first.model_dump(exclude={"id"}), "channel_post_id": "again", "edit_chain": "again"})
    session.add(again)


def _reviews(board: Board) -> list[Review]:
    with board.desk.database.read() as session:
        return list(session.exec(select(Review).order_by(col(Review.id))).all())


def test_taken_back_or_given_back_in_the_main_queue_it_rests_on_the_board_again(board: Board) -> None:
    board.keep()
    board.approve()
    board.desk.take_back(board.mention().id or 0, board.host)
    assert (board.reply().state, board.mention().state) == (ReplyState.IN_REVIEW, MentionState.SET_ASIDE)
    with board.desk.database.write() as session:
        entry_id = an_entry(session, board.made, heard_by=HeardBy.TAG).id or 0
    board.keep(way=Way.BY_HAND, entry_id=entry_id)
    board.approve(board.seen(way=Way.BY_HAND, entry_id=entry_id), entry_id=entry_id)
    hand_back(board.desk, board.reply(entry_id).id or 0, board.host)
    assert (board.reply(entry_id).state, board.mention(entry_id).state) == (
        ReplyState.IN_REVIEW,
        MentionState.SET_ASIDE,
    )
    assert board.entry(entry_id).answered_by is None
