"""An answer for all who ask the same: whom the approver saw is told, by the rules of their own account; others wait."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from models import Account, AnsweredHow, Channel, ChatEntry, Database, KeyRule, Mention, Post, ReplyState, RuleAbout
from responders.chats.approving import Others
from responders.chats.board import assign
from tests.chats import an_entry, post_of
from tests.responders.chats.boards import WORDS, Board, a_board
from tests.rows import MORNING


@pytest.fixture
def board(either_database: Database) -> Board:
    return a_board(either_database)


def _like_it(board: Board, *, minute: float = 6) -> int:
    """Somebody else who asks the same; their ChatEntry.id."""
    with board.desk.database.write() as session:
        first = session.get_one(ChatEntry, board.entry_id)
        return an_entry(session, board.made, "how often are baskets emptied??", minute=minute, alike=first).id or 0


def _edited(board: Board, entry_id: int) -> None:
    """Its author changes it; the board has not read the new version yet."""
    with board.desk.database.write() as session:
        mention = session.get_one(Mention, session.get_one(ChatEntry, entry_id).mention_id)
        first = post_of(session, mention)
        new = Post(**{**first.model_dump(exclude={"id"}), "channel_post_id": "new", "text": "who fixes the baskets?"})
        session.add(new)


@pytest.mark.parametrize("others", [Others.SETTLED, Others.EACH])
def test_who_joined_or_changed_after_the_page_was_drawn_is_told_nothing_and_waits(board: Board, others: Others) -> None:
    told, given_away, edited = (_like_it(board) for _ in "abc")
    board.keep()
    seen = replace(board.seen(), others=others)
    assign(board.desk, given_away, board.host, board.guest, seen_version=1)
    _edited(board, edited)
    joined = _like_it(board)
    assert board.approve(seen).left == 3
    assert [board.entry(one).answered_by for one in (given_away, edited, joined)] == [None] * 3
    assert [one for one in board.replies() if one.mention_id == board.mention(joined).id] == []
    assert board.entry(told).answered_by is not None


def test_who_is_to_wait_for_their_own_answer_is_not_counted_as_left_out(board: Board) -> None:
    waits = _like_it(board)
    board.keep()
    assert board.approve(replace(board.seen(), others=Others.STAY)).left == 0
    assert board.entry(waits).answered_by is None


def _under_a_rule(keys: int, hold: int) -> Callable[[Session, ChatEntry], None]:
    """What puts a post under another account of ours, which has a rule for keys of its own."""

    def put(session: Session, entry: ChatEntry) -> None:
        account = Account(name="mayor", channel=Channel.X, handle="Mayor", channel_account_id="312")
        session.add(account)
        session.flush()
        rule = KeyRule(about=RuleAbout.ACCOUNT, label="Mayor", wanted=[account.name], keys=keys, made_at=MORNING)
        rule.hold_seconds = hold
        mention = session.get_one(Mention, entry.mention_id)
        post = post_of(session, mention)
        entry.account_id = mention.account_id = post.account_id = account.id or 0
        session.add_all([rule, entry, mention, post])

    return put


def test_the_same_words_under_an_account_that_wants_two_keys_wait_there_for_the_second(board: Board) -> None:
    other = _like_it(board)
    board.change(lambda session: _under_a_rule(2, 0)(session, session.get_one(ChatEntry, other)))
    board.keep()
    given = board.approve(replace(board.seen(), others=Others.EACH))
    assert (given.approved, given.left) == (True, 1)
    entry = board.entry(other)
    assert (entry.answered_by, entry.answered_how) == (None, None), "nobody says that it is answered"
    assert [one.mention_id for one in board.replies()] == [board.mention().id]


def test_the_same_words_under_another_account_are_held_as_long_as_its_rule_says(board: Board) -> None:
    other = _like_it(board)
    board.change(lambda session: _under_a_rule(1, 600)(session, session.get_one(ChatEntry, other)))
    board.keep()
    assert board.approve(replace(board.seen(), others=Others.EACH)).left == 0
    copy, own = board.reply(other), board.reply()
    assert (copy.state, copy.text.endswith(WORDS)) == (ReplyState.APPROVED, True)
    assert (own.not_before, copy.not_before) == (
        board.now[0] + board.desk.hold,
        board.now[0] + timedelta(seconds=600),
    )
    assert board.entry(other).answered_how == AnsweredHow.REPLY
