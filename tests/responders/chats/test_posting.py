"""A post of a chat from its draft to the outbox: who may word and approve it, and what is objected to."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models import (
    AuditEntry,
    ChatNetwork,
    ChatPart,
    ChatPostKind,
    ChatState,
    Database,
    Decision,
    KeyRule,
    Reply,
    ReplyState,
    ReplyVersion,
    Review,
    Role,
    RuleAbout,
    TweetChat,
    advance,
)
from models.phrases import BannedPhrase
from responders.chats.posting import (
    approve_post,
    change_words,
    keys_given,
    move_post,
    skip_post,
    skip_question,
    take_back_post,
    unskip_post,
    unskip_question,
    words_of,
)
from responders.claims import NotYours
from responders.deciding import NotApproved
from tests.chats import MadeChat, a_chat, a_person, takes_part
from tests.responders.chats.sending import Studio, a_question, planned
from tests.rows import MORNING, a_mention, a_reply


@pytest.fixture
def studio(database: Database) -> Studio:
    return Studio(database)


@pytest.fixture
def made(studio: Studio) -> MadeChat:
    with studio.database.write() as session:
        return a_chat(session, asked=0, hashtag="CleanBlocks")


def _a_post(studio: Studio, made: MadeChat, text: str = "", **more: Any) -> int:
    with studio.database.write() as session:
        return a_question(session, made, text=text, **more).id or 0


def _refused(studio: Studio, post: int, staff: int | None) -> list[str]:
    with pytest.raises(NotApproved) as refused:
        studio.approve(post, staff or 0)
    return refused.value.reasons


def _change(studio: Studio, post: int, staff: int | None, text: str, seen: int | None = None) -> None:
    with studio.database.write() as session:
        reply = words_of(session, post)
        revision = seen if seen is not None else reply.revision if reply else 0
        change_words(session, post, staff or 0, text, revision, studio.clock())


def test_a_planned_post_is_a_numbered_draft_that_nobody_has_approved(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made, "What is missing?")
    reply = studio.reply(post)
    assert (reply.state, reply.text) == (ReplyState.DRAFT, "Q1: What is missing? #CleanBlocks")
    assert (reply.mention_id, reply.in_reply_to, reply.approved_text) == (None, None, "")
    studio.clock.advance(hours=1)
    studio.deliver()
    assert studio.network.said == []


def test_what_is_approved_waits_for_its_time_and_leaves_word_for_word(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    studio.approve(post, made.host.id or 0)
    reply = studio.reply(post)
    assert reply.state == ReplyState.APPROVED
    assert reply.approved_text == reply.text
    assert reply.not_before == made.at(5)
    studio.clock.advance(minutes=4, seconds=59)
    studio.deliver()
    assert studio.network.said == []
    studio.clock.advance(seconds=1)
    studio.deliver()
    (sent,) = studio.network.posts
    assert (sent.text, sent.in_reply_to, sent.author_id, sent.private) == (reply.text, None, "", False)
    assert studio.state(post) == ReplyState.SENT


def test_what_has_no_time_leaves_after_the_hold_once_it_is_approved(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made, at_seconds=None)
    studio.approve(post, made.host.id or 0)
    studio.deliver()
    assert studio.network.said == []
    studio.clock.advance(seconds=10)
    studio.deliver()
    assert len(studio.network.said) == 1


def test_an_approval_is_on_record_with_who_gave_it_and_for_which_words(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    studio.approve(post, made.host.id or 0)
    with studio.database.read() as session:
        review = session.exec(select(Review)).one()
        assert (review.decision, review.staff_id, review.mention_id) == (Decision.APPROVED, made.host.id, None)
        assert review.text_sha256
        said = [one.why for one in session.exec(select(AuditEntry).where(AuditEntry.about == "ChatPost")).all()]
        assert said == ["planned: question"]
        assert not [one for one in session.exec(select(AuditEntry)).all() if "block" in one.why]


def test_words_are_changed_until_they_are_approved_and_what_they_were_is_kept(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    _change(studio, post, made.host.id, "Q1: Other words #CleanBlocks")
    assert studio.reply(post).revision == 2
    studio.approve(post, made.host.id or 0)
    with pytest.raises(NotApproved, match="approved already"):
        _change(studio, post, made.host.id, "Q1: Quite others #CleanBlocks")
    take_back_post(studio.desk, post, made.host.id or 0)
    assert studio.state(post) == ReplyState.DRAFT
    _change(studio, post, made.host.id, "Q1: Quite others #CleanBlocks")
    with studio.database.read() as session:
        assert len(session.exec(select(ReplyVersion)).all()) == 3


def test_words_that_changed_in_another_window_are_not_approved_unseen(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    _change(studio, post, made.host.id, "Q1: Other words #CleanBlocks")
    with pytest.raises(NotApproved, match="another window"):
        approve_post(studio.desk, post, made.host.id or 0, 1)
    with pytest.raises(NotApproved, match="another window"):
        _change(studio, post, made.moderator.id, "Q1: Mine #CleanBlocks", seen=1)


def test_what_was_dropped_can_be_worded_anew(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    with studio.database.write() as session:
        advance(session, session.exec(select(Reply)).one(), ReplyState.CANCELLED, "test", "dropped", MORNING)
    _change(studio, post, made.host.id, "Q1: Once more #CleanBlocks")
    studio.approve(post, made.host.id or 0)
    assert studio.state(post) == ReplyState.APPROVED


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "empty"),
        ("Q1: too long " * 30 + "#CleanBlocks", "takes 280"),
        ("Q1: nobody finds this", "#CleanBlocks is missing"),
        ("Q1: call 555-0134 #CleanBlocks", "private detail \\(phone\\)"),
        ("Q1: see {number} #CleanBlocks", "no number"),
        ("Q1: see {this} #CleanBlocks", "no slot"),
        ("Q1: your problem is dear to us #CleanBlocks", "may not be said"),
    ],
)
def test_words_that_may_not_stand_are_objected_to(studio: Studio, made: MadeChat, words: str, reason: str) -> None:
    with studio.database.write() as session:
        session.add(BannedPhrase(phrase="dear to us", blocks=True, at=MORNING))
    post = _a_post(studio, made)
    _change(studio, post, made.host.id, words)
    with pytest.raises(NotApproved, match=reason):
        studio.approve(post, made.host.id or 0)
    assert studio.state(post) == ReplyState.DRAFT


def test_words_that_stand_or_are_planned_already_are_objected_to_where_they_are_refused(
    studio: Studio, made: MadeChat
) -> None:
    first, second = _a_post(studio, made, "Hello"), _a_post(studio, made, "Hello")
    assert "another post that is planned says exactly these" in _refused(studio, first, made.host.id)[0]
    skip_post(studio.desk, second, made.host.id or 0)
    _change(studio, second, made.host.id, "Q1: Bye #CleanBlocks")
    studio.approve(first, made.host.id or 0)
    _change(studio, second, made.host.id, "Q1: Hello #CleanBlocks")
    assert "this account has said exactly these" in _refused(studio, second, made.host.id)[0]


def test_a_reply_in_the_same_words_is_objected_to_as_well(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made, "Hello")
    with studio.database.write() as session:
        reply = a_reply(session, a_mention(session), "Q1: Hello #CleanBlocks")
        reply.state = ReplyState.SENT
    assert "this account has said" in _refused(studio, post, made.host.id)[0]


def test_a_post_on_an_account_that_takes_no_part_is_objected_to(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    with studio.database.write() as session:
        session.delete(session.exec(select(ChatNetwork)).one())
    assert _refused(studio, post, made.host.id) == ["The chat does not take place with this account."]


@pytest.mark.parametrize(("state", "why"), [(ChatState.ENDED, "is ended"), (ChatState.CANCELLED, "not take place")])
def test_a_question_of_a_chat_that_is_over_is_objected_to(
    studio: Studio, made: MadeChat, state: ChatState, why: str
) -> None:
    post = _a_post(studio, made)
    with studio.database.write() as session:
        session.get_one(TweetChat, made.id).state = state
    assert why in _refused(studio, post, made.host.id)[0]


def test_a_post_whose_time_is_past_needs_another_time(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    studio.clock.advance(minutes=16)
    assert "Its time is past" in _refused(studio, post, made.host.id)[0]
    move_post(studio.desk, post, made.host.id or 0, None)
    studio.approve(post, made.host.id or 0)
    studio.clock.advance(seconds=10)
    studio.deliver()
    assert len(studio.network.said) == 1


def test_an_approved_post_can_be_given_another_time(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    studio.approve(post, made.host.id or 0)
    move_post(studio.desk, post, made.host.id or 0, 600)
    assert studio.reply(post).not_before == made.at(10)


def test_a_guest_words_and_approves_nothing_that_the_chat_says(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    with pytest.raises(NotYours):
        _change(studio, post, made.guest.id, "Q1: Mine #CleanBlocks")
    for act in (skip_post, take_back_post):
        with pytest.raises(NotYours):
            act(studio.desk, post, made.guest.id or 0)
    with pytest.raises(NotYours):
        studio.approve(post, made.guest.id or 0)


def test_whoever_runs_the_chat_approves_without_being_an_approver(studio: Studio, made: MadeChat) -> None:
    with studio.database.write() as session:
        outsider, helper = a_person(session, "Ola Lind", Role.VIEWER), a_person(session, "Kit Moss", Role.VIEWER)
        takes_part(session, made.chat, helper, ChatPart.MODERATOR)
    post = _a_post(studio, made)
    with pytest.raises(NotYours):
        studio.approve(post, outsider.id or 0)
    studio.approve(post, helper.id or 0)
    assert studio.state(post) == ReplyState.APPROVED


def _two_keys_for(session: Session, word: str) -> None:
    session.add(KeyRule(about=RuleAbout.RISK_WORDS, label="money", wanted=[word], keys=2, active=True, made_at=MORNING))


def test_words_that_a_rule_names_need_two_people(studio: Studio, made: MadeChat) -> None:
    with studio.database.write() as session:
        _two_keys_for(session, "budget")
    post = _a_post(studio, made, "What of the budget?")
    studio.approve(post, made.host.id or 0)
    assert studio.state(post) == ReplyState.IN_REVIEW
    studio.clock.advance(minutes=10)
    studio.deliver()
    assert studio.network.said == []
    assert "Another person" in _refused(studio, post, made.host.id)[0]
    studio.approve(post, made.moderator.id or 0)
    assert studio.state(post) == ReplyState.APPROVED


def test_a_first_key_is_for_the_words_that_were_read(studio: Studio, made: MadeChat) -> None:
    with studio.database.write() as session:
        _two_keys_for(session, "budget")
    post = _a_post(studio, made, "What of the budget?")
    studio.approve(post, made.host.id or 0)
    _change(studio, post, made.host.id, "Q1: What of our budget? #CleanBlocks")
    assert studio.state(post) == ReplyState.DRAFT
    with studio.database.read() as session:
        assert keys_given(session, session.exec(select(Reply)).one()) == set()
    studio.approve(post, made.moderator.id or 0)
    assert studio.state(post) == ReplyState.IN_REVIEW


def test_an_answer_needs_as_many_people_as_its_chat_says(studio: Studio, made: MadeChat) -> None:
    with studio.database.write() as session:
        session.get_one(TweetChat, made.id).answer_keys = 2
        post = planned(session, made, "A1: Fridays #CleanBlocks", kind=ChatPostKind.ANSWER).id or 0
    studio.approve(post, made.host.id or 0)
    assert studio.state(post) == ReplyState.IN_REVIEW
    studio.approve(post, made.moderator.id or 0)
    assert studio.state(post) == ReplyState.APPROVED


def test_what_is_skipped_stays_approved_and_does_not_leave(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made)
    studio.approve(post, made.host.id or 0)
    skip_post(studio.desk, post, made.host.id or 0)
    assert studio.reply(post).held_because == "It is skipped."
    studio.clock.advance(minutes=6)
    studio.deliver()
    assert studio.network.said == []
    unskip_post(studio.desk, post, made.host.id or 0)
    studio.deliver()
    assert len(studio.network.said) == 1
    with pytest.raises(NotApproved, match="sent now"):
        skip_post(studio.desk, post, made.host.id or 0)


def test_a_skipped_question_is_skipped_everywhere(studio: Studio, made: MadeChat) -> None:
    posts = [_a_post(studio, made), _a_post(studio, made, "Otra", language="es")]
    for post in posts:
        studio.approve(post, made.host.id or 0)
    skip_question(studio.desk, made.questions[0].id or 0, made.host.id or 0)
    studio.clock.advance(minutes=6)
    studio.deliver()
    assert studio.network.said == []
    unskip_question(studio.desk, made.questions[0].id or 0, made.host.id or 0)
    studio.deliver()
    assert len(studio.network.said) == 2
    with pytest.raises(NotApproved, match="asked already"):
        skip_question(studio.desk, made.questions[0].id or 0, made.host.id or 0)


def test_a_post_can_be_taken_back_until_it_has_left(studio: Studio, made: MadeChat) -> None:
    post = _a_post(studio, made, at_seconds=None)
    studio.approve(post, made.host.id or 0)
    take_back_post(studio.desk, post, made.host.id or 0)
    studio.clock.advance(minutes=1)
    studio.deliver()
    assert studio.network.said == []
    studio.approve(post, made.host.id or 0)
    studio.clock.advance(seconds=10)
    studio.deliver()
    with pytest.raises(NotApproved, match="nothing to take back"):
        take_back_post(studio.desk, post, made.host.id or 0)


def test_a_post_has_its_words_once(studio: Studio, made: MadeChat) -> None:
    """The unique index of the database says so too, whoever writes."""
    post = _a_post(studio, made)
    with pytest.raises(Exception, match="UNIQUE"), studio.database.write() as session:
        session.add(
            Reply(chat_post_id=post, account_id=made.account.id or 0, changed_at=MORNING + timedelta(seconds=1))
        )
    with studio.database.read() as session:
        assert len(session.exec(select(Reply).where(col(Reply.chat_post_id) == post)).all()) == 1
