"""Which of our replies a post of ours is, seen in the thread: proof where it is plain, and nothing where it is not."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from listeners.following import settle_by_own_post
from models import AttemptOutcome, Conversation, Database, Mention, Post, Reply, ReplyState, SendAttempt
from models.posts import PostKind
from responders.outcomes import seen_in_thread
from tests.rows import MORNING, a_mention, a_reply

WORDS = "Thank you. What is broken?"


def _chat(session: Session) -> Mention:
    mention = a_mention(session)
    session.get_one(Conversation, mention.conversation_id).private = True
    return mention


def _beside(session: Session, mention: Mention) -> Mention:
    """Another mention of the same author in the same chat."""
    other = a_mention(session)
    other.conversation_id, other.author_id = mention.conversation_id, mention.author_id
    session.add(other)
    return other


def _tried(session: Session, mention: Mention, at: datetime, state: ReplyState = ReplyState.UNCERTAIN) -> int:
    """A reply in WORDS that was tried then; its id."""
    reply = a_reply(session, mention, WORDS)
    reply.state = state
    session.add(
        SendAttempt(
            reply_id=reply.id,
            idempotency_key=f"reply-{reply.id}-1",
            text=WORDS,
            started_at=at,
            outcome=AttemptOutcome.UNCERTAIN if state == ReplyState.UNCERTAIN else AttemptOutcome.PENDING,
        )
    )
    session.flush()
    return reply.id or 0


def _in_hand(session: Session, mention: Mention, at: datetime, words: str = WORDS) -> int:
    reply = a_reply(session, mention, words)
    reply.approved_text, reply.handed_over_at, reply.state = words, at, ReplyState.HANDED_OVER
    session.add(reply)
    session.flush()
    return reply.id or 0


def _seen(session: Session, mention: Mention, at: datetime, text: str = WORDS, under: str | None = None) -> None:
    own = Post(
        account_id=mention.account_id,
        channel_post_id="ours",
        edit_chain="ours",
        conversation_id=mention.conversation_id,
        kind=PostKind.OWN,
        text=text,
        in_reply_to=under,
        created_at=at,
        received_at=at,
    )
    session.add(own)
    session.flush()
    settle_by_own_post(session, own, at)


def _stands(database: Database) -> dict[int, tuple[ReplyState, str | None]]:
    with database.read() as session:
        return {one.id or 0: (one.state, one.sent_post_id) for one in session.exec(select(Reply)).all()}


def test_of_two_replies_in_the_same_words_the_one_begun_last_before_our_post_is_settled(database: Database) -> None:
    with database.write() as session:
        first = _chat(session)
        second = _beside(session, first)
        earlier = _tried(session, first, MORNING)
        later = _tried(session, second, MORNING + timedelta(hours=1))
        _seen(session, first, MORNING + timedelta(hours=1, seconds=5))
    assert _stands(database) == {earlier: (ReplyState.UNCERTAIN, None), later: (ReplyState.SENT, "ours")}


@pytest.mark.parametrize("second_state", [ReplyState.UNCERTAIN, ReplyState.SENDING])
def test_two_replies_in_the_same_words_begun_at_the_same_time_are_left_to_a_person(
    database: Database, second_state: ReplyState
) -> None:
    with database.write() as session:
        first = _chat(session)
        second = _beside(session, first)
        one = _tried(session, first, MORNING)
        other = _tried(session, second, MORNING + timedelta(seconds=20), second_state)
        _seen(session, first, MORNING + timedelta(seconds=25))
    assert _stands(database) == {one: (ReplyState.UNCERTAIN, None), other: (second_state, None)}


def test_a_post_in_the_words_of_a_reply_that_is_being_sent_is_not_what_a_person_has_in_hand(
    database: Database,
) -> None:
    with database.write() as session:
        first = a_mention(session)
        second = _beside(session, first)
        in_hand = _in_hand(session, first, MORNING, "A crew will look.")
        sending = _tried(session, second, MORNING + timedelta(minutes=9), ReplyState.SENDING)
        _seen(session, first, MORNING + timedelta(minutes=9, seconds=1), under="1")  # both replies hang under 1
    assert _stands(database) == {in_hand: (ReplyState.HANDED_OVER, None), sending: (ReplyState.SENDING, None)}


def test_what_a_person_posts_in_other_words_is_known_by_what_it_hangs_under(database: Database) -> None:
    with database.write() as session:
        mention = a_mention(session)
        in_hand = _in_hand(session, mention, MORNING)
        _seen(session, mention, MORNING + timedelta(minutes=9), "We are on it", under="1")
    assert _stands(database) == {in_hand: (ReplyState.SENT, "ours")}


@pytest.mark.parametrize(("other_state", "proved"), [(ReplyState.SENDING, False), (ReplyState.FAILED, True)])
def test_what_was_seen_while_two_replies_in_the_same_words_left_proves_one_once_the_other_did_not(
    database: Database, other_state: ReplyState, proved: bool
) -> None:
    with database.write() as session:
        first = _chat(session)
        one = _tried(session, first, MORNING, ReplyState.SENDING)
        other = _tried(session, _beside(session, first), MORNING + timedelta(seconds=20), ReplyState.SENDING)
        _seen(session, first, MORNING + timedelta(seconds=25))
    with database.write() as session:
        session.get_one(Reply, one).state = ReplyState.UNCERTAIN
        session.get_one(Reply, other).state = other_state
        session.flush()
        assert seen_in_thread(session, session.get_one(Reply, one), MORNING + timedelta(minutes=2)) is proved


def test_our_older_post_in_the_same_words_proves_nothing_of_what_was_tried_since(database: Database) -> None:
    with database.write() as session:
        chat = _chat(session)
        _seen(session, chat, MORNING)
        tried = _tried(session, chat, MORNING + timedelta(hours=1))
        assert not seen_in_thread(session, session.get_one(Reply, tried), MORNING + timedelta(hours=2))
