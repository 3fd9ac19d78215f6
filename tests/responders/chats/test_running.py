"""A chat by the clock and by hand: opened, paused, moved, ended, and what that means for what is planned."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from models import (
    AccountHealth,
    AuditEntry,
    Channel,
    ChatNetwork,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    Database,
    Freeze,
    Post,
    Reply,
    ReplyState,
    Role,
    StaffUser,
    TweetChat,
    advance,
)
from models.posts import PostKind
from responders.by_hand import hand_back, says_posted, take_in_hand
from responders.chats.posting import take_back_post
from responders.chats.running import due_at, end_chat, ends_at, look_after, open_chat, pause, resume, shift
from responders.claims import NotYours
from responders.deciding import NotApproved
from responders.doubts import give_up, says_not_sent, says_sent
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.freezing import freeze, held_replies, let_through, thaw
from responders.may_reply import Speaking
from responders.protocol import ProvedAbsent
from tests.chats import MadeChat, a_chat
from tests.responders.chats.sending import Studio, a_question, planned
from tests.rows import MORNING, a_mention, a_reply


@pytest.fixture
def studio(database: Database) -> Studio:
    return Studio(database)


@pytest.fixture
def made(studio: Studio) -> MadeChat:
    with studio.database.write() as session:
        return a_chat(session, asked=0, hashtag="CleanBlocks")


def _approved(studio: Studio, made: MadeChat, number: int = 1, **more: Any) -> int:
    with studio.database.write() as session:
        post = a_question(session, made, number, **more).id or 0
    studio.approve(post, made.host.id or 0)
    return post


def _chat(studio: Studio, made: MadeChat) -> TweetChat:
    with studio.database.read() as session:
        return session.get_one(TweetChat, made.id)


def _host(made: MadeChat) -> int:
    return made.host.id or 0


def test_the_clock_opens_a_chat_and_ends_it(studio: Studio) -> None:
    with studio.database.write() as session:
        made = a_chat(session, starts_at=MORNING + timedelta(minutes=5), state=ChatState.PLANNED, asked=0)
    assert look_after(studio.database, studio.clock()) == 0
    studio.clock.advance(minutes=5)
    assert look_after(studio.database, studio.clock()) == 1
    assert (_chat(studio, made).state, _chat(studio, made).opened_at) == (ChatState.LIVE, studio.clock())
    studio.clock.advance(minutes=60)
    assert look_after(studio.database, studio.clock()) == 1
    assert (_chat(studio, made).state, _chat(studio, made).ended_at) == (ChatState.ENDED, studio.clock())
    assert look_after(studio.database, studio.clock()) == 0


def test_a_chat_that_nobody_was_there_to_open_is_over(studio: Studio) -> None:
    with studio.database.write() as session:
        made = a_chat(session, state=ChatState.PLANNED, asked=0)
    studio.clock.advance(hours=9)
    look_after(studio.database, studio.clock())
    assert _chat(studio, made).state == ChatState.ENDED


def test_a_host_opens_ends_and_goes_on(studio: Studio) -> None:
    with studio.database.write() as session:
        made = a_chat(session, starts_at=MORNING + timedelta(minutes=5), state=ChatState.PLANNED, asked=0)
    with pytest.raises(NotYours):
        open_chat(studio.desk, made.id, made.guest.id or 0)
    open_chat(studio.desk, made.id, _host(made))
    with pytest.raises(NotApproved):
        open_chat(studio.desk, made.id, _host(made))
    end_chat(studio.desk, made.id, _host(made))
    studio.clock.advance(hours=2)
    open_chat(studio.desk, made.id, _host(made))
    look_after(studio.database, studio.clock())
    assert _chat(studio, made).state == ChatState.LIVE
    assert ends_at(_chat(studio, made)) == studio.clock() + timedelta(minutes=30)


def test_a_chat_is_not_opened_days_ahead(studio: Studio) -> None:
    with studio.database.write() as session:
        made = a_chat(session, starts_at=MORNING + timedelta(days=9), state=ChatState.PLANNED, asked=0)
    with pytest.raises(NotApproved, match="Change its beginning"):
        open_chat(studio.desk, made.id, _host(made))
    assert _chat(studio, made).state == ChatState.PLANNED


def test_an_opening_post_waits_for_the_chat_to_open(studio: Studio) -> None:
    with studio.database.write() as session:
        made = a_chat(session, state=ChatState.PLANNED, asked=0, hashtag="CleanBlocks")
        post = planned(session, made, "Welcome", kind=ChatPostKind.OPENING, at_seconds=0).id or 0
    studio.approve(post, _host(made))
    studio.clock.advance(seconds=15)
    studio.deliver()
    assert studio.network.said == []
    look_after(studio.database, studio.clock())
    studio.clock.advance(seconds=2)
    studio.deliver()
    assert studio.network.said == ["Welcome #CleanBlocks"]


def test_while_a_chat_is_paused_nothing_planned_leaves_and_afterwards_it_is_later(
    studio: Studio, made: MadeChat
) -> None:
    post = _approved(studio, made)
    studio.clock.advance(minutes=4)
    pause(studio.desk, made.id, _host(made))
    pause(studio.desk, made.id, _host(made))
    assert studio.reply(post).held_because == "The chat is paused."
    studio.clock.advance(minutes=20)
    studio.deliver()
    assert studio.network.said == []
    resume(studio.desk, made.id, _host(made))
    assert _chat(studio, made).shifted_seconds == 20 * 60
    assert studio.reply(post).not_before == made.at(25)
    assert ends_at(_chat(studio, made)) == made.at(80)
    studio.clock.advance(minutes=1)
    studio.deliver()
    assert len(studio.network.said) == 1
    with pytest.raises(NotApproved, match="not paused"):
        resume(studio.desk, made.id, _host(made))


def test_a_chat_can_be_resumed_at_its_old_times(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made)
    pause(studio.desk, made.id, _host(made))
    studio.clock.advance(minutes=2)
    resume(studio.desk, made.id, _host(made), shifted=False)
    assert studio.reply(post).not_before == made.at(5)


def test_what_is_approved_while_a_chat_is_paused_waits_unless_it_is_to_leave_at_once(
    studio: Studio, made: MadeChat
) -> None:
    """A pause has to be announced."""
    pause(studio.desk, made.id, _host(made))
    studio.clock.advance(minutes=1)
    asked = _approved(studio, made)
    told = _approved(studio, made, text="We pause", kind=ChatPostKind.ANNOUNCEMENT, question_id=None, at_seconds=None)
    studio.clock.advance(minutes=6)
    studio.deliver()
    assert studio.network.said == ["We pause #CleanBlocks"]
    assert (studio.state(asked), studio.state(told)) == (ReplyState.APPROVED, ReplyState.SENT)


def test_a_paused_chat_is_not_ended_by_the_clock(studio: Studio, made: MadeChat) -> None:
    pause(studio.desk, made.id, _host(made))
    studio.clock.advance(hours=2)
    look_after(studio.database, studio.clock())
    assert _chat(studio, made).state == ChatState.LIVE
    end_chat(studio.desk, made.id, _host(made))
    assert _chat(studio, made).paused_at is None


def test_the_schedule_is_moved_with_the_end(studio: Studio, made: MadeChat) -> None:
    posts = [_approved(studio, made, number) for number in (1, 2)]
    studio.clock.advance(minutes=5)
    studio.deliver()
    shift(studio.desk, made.id, _host(made), 180)
    assert studio.reply(posts[1]).not_before == made.at(17)
    shift(studio.desk, made.id, _host(made), -60)
    assert studio.reply(posts[1]).not_before == made.at(16)
    assert ends_at(_chat(studio, made)) == made.at(62)
    with pytest.raises(NotApproved, match="6 hours"):
        shift(studio.desk, made.id, _host(made), 7 * 3600)
    with studio.database.read() as session:
        post = session.get_one(ChatPost, posts[1])
        assert due_at(_chat(studio, made), post) == made.at(16)
        why = [one.why for one in session.exec(select(AuditEntry).where(AuditEntry.about == "TweetChat")).all()]
    assert why == ["moved by 180 seconds", "moved by -60 seconds"]


def test_only_what_is_live_is_paused_and_only_what_is_not_over_is_moved(studio: Studio, made: MadeChat) -> None:
    end_chat(studio.desk, made.id, _host(made))
    for act in (pause, end_chat):
        with pytest.raises(NotApproved):
            act(studio.desk, made.id, _host(made))
    with pytest.raises(NotApproved):
        shift(studio.desk, made.id, _host(made), 60)


def test_a_post_whose_time_is_long_past_goes_back_to_a_person(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made)
    studio.clock.advance(minutes=15, seconds=1)
    studio.deliver()
    reply = studio.reply(post)
    assert studio.network.said == []
    assert (reply.state, reply.state_reason) == (ReplyState.DRAFT, "its time was past before it could leave")


def test_a_post_that_is_a_little_late_still_leaves(studio: Studio, made: MadeChat) -> None:
    _approved(studio, made)
    studio.clock.advance(minutes=14)
    studio.deliver()
    assert len(studio.network.said) == 1


def test_what_could_not_leave_while_the_chat_went_on_is_a_draft_again(studio: Studio, made: MadeChat) -> None:
    asked = _approved(studio, made, 6)
    after = _approved(studio, made, text="Thanks", kind=ChatPostKind.FOLLOW_UP, question_id=None, at_seconds=None)
    studio.clock.advance(minutes=1)
    studio.deliver()
    end_chat(studio.desk, made.id, _host(made))
    look_after(studio.database, studio.clock())
    assert studio.state(asked) == ReplyState.DRAFT
    studio.clock.advance(minutes=1)
    studio.deliver()
    assert studio.network.said == ["Thanks #CleanBlocks"]
    assert studio.state(after) == ReplyState.SENT


def test_of_a_chat_that_is_called_off_only_that_is_said(studio: Studio) -> None:
    with studio.database.write() as session:
        made = a_chat(session, starts_at=MORNING, state=ChatState.PLANNED, asked=0, hashtag="CleanBlocks")
    before = _approved(studio, made, text="Soon", kind=ChatPostKind.ANNOUNCEMENT, question_id=None, at_seconds=600)
    studio.clock.advance(minutes=1)
    with studio.database.write() as session:
        advance(session, session.get_one(TweetChat, made.id), ChatState.CANCELLED, "test", "", studio.clock())
    look_after(studio.database, studio.clock())
    assert studio.state(before) == ReplyState.DRAFT
    studio.clock.advance(minutes=1)
    _approved(studio, made, text="Not today", kind=ChatPostKind.ANNOUNCEMENT, question_id=None, at_seconds=None)
    studio.clock.advance(minutes=1)
    studio.deliver()
    assert studio.network.said == ["Not today #CleanBlocks"]


def test_the_first_post_of_a_question_says_when_it_was_asked(studio: Studio, made: MadeChat) -> None:
    _approved(studio, made)
    studio.clock.advance(minutes=5)
    studio.deliver()
    with studio.database.read() as session:
        assert session.get_one(ChatQuestion, made.questions[0].id).asked_at == made.at(5)
        assert session.get_one(ChatQuestion, made.questions[1].id).asked_at is None


def test_what_a_person_settled_is_noted_by_the_round(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made)
    studio.network.trouble = SendUncertain("the connection broke")
    studio.clock.advance(minutes=5)
    studio.deliver()
    says_sent(studio.desk, studio.reply(post).id or 0, _host(made))
    look_after(studio.database, studio.clock())
    with studio.database.read() as session:
        assert session.get_one(ChatQuestion, made.questions[0].id).asked_at == made.at(5)


def test_what_was_sent_stands_as_ours_in_a_thread_of_its_own(studio: Studio, made: MadeChat) -> None:
    _approved(studio, made)
    studio.clock.advance(minutes=5)
    studio.deliver()
    with studio.database.read() as session:
        own = session.exec(select(Post).where(Post.kind == PostKind.OWN)).one()
        reply = session.exec(select(Reply)).one()
    assert (own.channel_post_id, own.text, own.in_reply_to) == (reply.sent_post_id, reply.sent_text, None)


def test_a_post_in_a_group_stands_where_the_group_is(studio: Studio, made: MadeChat) -> None:
    with studio.database.write() as session:
        session.exec(select(ChatNetwork)).one().conversation_id = "-900"
    post = _approved(studio, made)
    studio.clock.advance(minutes=5)
    studio.deliver()
    assert [one.conversation_id for one in studio.network.posts] == ["-900"]
    assert [one.conversation_id for one in studio.attempts(post)] == ["-900"]


def test_dangers_leave_first_then_posts_of_a_chat_then_the_rest(either_database: Database) -> None:
    studio = Studio(either_database)
    with either_database.write() as session:
        made = a_chat(session, asked=0, hashtag="CleanBlocks")
        ids = []
        for danger in (False, True):
            mention = a_mention(session)
            mention.danger, mention.received_at = danger, MORNING - timedelta(hours=1)
            reply = a_reply(session, mention)
            reply.state, reply.not_before = ReplyState.APPROVED, MORNING
            ids.append(reply.id)
    post = _approved(studio, made)
    studio.clock.advance(minutes=5)
    assert studio.outbox.due() == [ids[1], studio.reply(post).id, ids[0]]


def test_a_freeze_holds_posts_of_chats_and_lets_one_through(either_database: Database) -> None:
    studio = Studio(either_database)
    with either_database.write() as session:
        made = a_chat(session, asked=0, hashtag="CleanBlocks")
    posts = [_approved(studio, made, number, at_seconds=60) for number in (1, 2)]
    with either_database.write() as session:
        boss = StaffUser(username="boss", display_name="Bo Ray", role=Role.SUPERVISOR)
        session.add(boss)
        session.flush()
        freeze(session, boss, "a rumour", None, MORNING)
    studio.clock.advance(minutes=2)
    studio.deliver()
    assert studio.network.said == []
    with either_database.write() as session:
        assert len(held_replies(session)) == 2
        let_through(session, boss, studio.reply(posts[0]).id or 0, studio.clock())
    studio.deliver()
    assert len(studio.network.said) == 1
    studio.clock.advance(minutes=3)
    with either_database.write() as session:
        assert thaw(session, boss, None, studio.clock()) == 1
        assert session.exec(select(Freeze.thawed_at)).one() is not None
    studio.deliver()
    assert len(studio.network.said) == 2


def test_a_post_in_doubt_is_settled_by_a_person(studio: Studio, made: MadeChat) -> None:
    posts = [_approved(studio, made, number, at_seconds=60) for number in (1, 2, 3)]
    studio.clock.advance(minutes=1)
    for _ in posts:
        studio.network.trouble = SendUncertain("the connection broke")
        asked = studio.outbox.due()
        asyncio.run(studio.outbox.send(asked[0]))
    assert {studio.state(post) for post in posts} == {ReplyState.UNCERTAIN}
    with pytest.raises(NotYours):
        says_sent(studio.desk, studio.reply(posts[0]).id or 0, made.guest.id or 0)
    dropped = studio.reply(posts[2]).id or 0
    says_sent(studio.desk, studio.reply(posts[0]).id or 0, made.moderator.id or 0)
    says_not_sent(studio.desk, studio.reply(posts[1]).id or 0, _host(made))
    give_up(studio.desk, dropped, _host(made))
    studio.deliver()
    assert len(studio.network.said) == 1
    assert [studio.state(post) for post in posts[:2]] == [ReplyState.SENT, ReplyState.SENT]
    first, second = studio.attempts(posts[1])
    assert studio.network.posts[0].idempotency_key == first.idempotency_key != second.idempotency_key


async def test_proof_of_absence_sends_it_again_in_time(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made, at_seconds=60)
    studio.network.trouble = SendUncertain("the connection broke")
    studio.network.proof = ProvedAbsent()
    studio.clock.advance(minutes=1)
    await studio.outbox.send(studio.outbox.due()[0])
    studio.clock.advance(seconds=61)
    assert await studio.outbox.prove() == 1
    await studio.outbox.send(studio.outbox.due()[0])
    assert len(studio.network.said) == 1
    assert studio.state(post) == ReplyState.SENT


def test_a_refused_post_is_worded_anew_and_approved_again(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made, at_seconds=60)
    studio.network.trouble = SendRefused("X does not take these words.")
    studio.clock.advance(minutes=1)
    studio.deliver()
    assert (studio.state(post), studio.reply(post).state_reason) == (ReplyState.FAILED, "X does not take these words.")
    studio.approve(post, _host(made))
    studio.clock.advance(seconds=10)
    studio.deliver()
    assert len(studio.network.said) == 1


def test_a_post_that_the_channel_puts_off_leaves_later(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made, at_seconds=60)
    studio.clock.advance(minutes=1)
    studio.network.trouble = SendDeferred(studio.clock() + timedelta(minutes=1), "X asks us to wait")
    studio.deliver()
    assert studio.reply(post).held_because == "X asks us to wait"
    studio.clock.advance(minutes=1)
    studio.deliver()
    assert len(studio.network.said) == 1


@pytest.mark.parametrize(
    ("health", "speaking", "why"),
    [
        (AccountHealth.NO_PERMISSION, Speaking(), "may not do this"),
        (AccountHealth.OK, Speaking(enabled=False), "switched off"),
        (AccountHealth.OK, Speaking(read_only=True), "only listens"),
    ],
)
def test_an_account_that_may_not_speak_holds_its_posts_and_a_person_can_post_by_hand(
    studio: Studio, made: MadeChat, health: AccountHealth, speaking: Speaking, why: str
) -> None:
    post = _approved(studio, made, at_seconds=60)
    with studio.database.write() as session:
        session.get_one(type(made.account), made.account.id).health = health
    studio.outbox.speaking = rules = {"test-x": speaking}
    studio.clock.advance(minutes=1)
    studio.deliver()
    reply = studio.reply(post)
    assert (reply.state, studio.network.said) == (ReplyState.APPROVED, [])
    assert why in reply.held_because
    object.__setattr__(studio.desk, "speaking", rules)
    take_in_hand(studio.desk, reply.id or 0, _host(made))
    assert studio.state(post) == ReplyState.HANDED_OVER
    hand_back(studio.desk, reply.id or 0, _host(made))
    assert studio.state(post) == ReplyState.APPROVED
    take_in_hand(studio.desk, reply.id or 0, _host(made))
    says_posted(studio.desk, reply.id or 0, _host(made))
    assert studio.state(post) == ReplyState.SENT


def test_what_is_in_hand_can_be_taken_back(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made)
    object.__setattr__(studio.desk, "speaking", {"test-x": Speaking(read_only=True)})
    take_in_hand(studio.desk, studio.reply(post).id or 0, _host(made))
    take_back_post(studio.desk, post, _host(made))
    assert studio.state(post) == ReplyState.DRAFT


def test_an_account_that_was_retired_gives_its_posts_back(studio: Studio, made: MadeChat) -> None:
    post = _approved(studio, made, at_seconds=60)
    with studio.database.write() as session:
        session.get_one(type(made.account), made.account.id).retired_at = MORNING
    studio.clock.advance(minutes=1)
    studio.deliver()
    assert studio.state(post) == ReplyState.DRAFT
    assert made.account.channel == Channel.X


def test_proof_of_absence_that_comes_late_says_nothing_about_what_was_tried_since(
    studio: Studio, made: MadeChat
) -> None:
    post = _approved(studio, made, at_seconds=60)
    studio.clock.advance(minutes=1)
    studio.network.trouble = SendUncertain("the connection broke")
    studio.deliver()
    (first,) = studio.attempts(post)
    reply_id = studio.reply(post).id or 0
    says_not_sent(studio.desk, reply_id, _host(made))
    studio.network.trouble, studio.network.lands = SendUncertain("the connection broke"), True
    studio.deliver()
    studio.clock.advance(seconds=65)
    studio.outbox._settle_proof(reply_id, first, ProvedAbsent())
    assert studio.state(post) == ReplyState.UNCERTAIN
    studio.deliver()
    assert len(studio.network.said) == 1
