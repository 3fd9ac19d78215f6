"""Invariants 3 and 4 for the posts of a tweet chat: approved words only, each once, on every channel.

The real adapters and the real outbox against the simulator; the chat has begun, and its questions are due.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from models import (
    Account,
    AttemptOutcome,
    Channel,
    ChatNetwork,
    ChatPost,
    ChatPostKind,
    ChatState,
    Decision,
    Mention,
    Post,
    Reply,
    ReplyState,
    Review,
    SendAttempt,
    TweetChat,
)
from models.posts import OutgoingPost, PostKind, SentPost
from responders.chats.posting import approve_post, change_words, plan_post, words_of
from responders.chats.running import look_after, pause, resume
from responders.deciding import NotApproved
from responders.doubts import says_not_sent, says_sent
from responders.x import XResponder
from tests.town import Town

GROUP = {"id": -900, "type": "group", "title": "Block captains"}
TAG = "CleanBlocks"
SENDS: Mapping[Channel, str] = {
    Channel.X: "create_post",
    Channel.TELEGRAM: "sendMessage",
    Channel.MASTODON: "post_status",
    Channel.BLUESKY: "createRecord",
}
PROVES = (Channel.X, Channel.MASTODON, Channel.BLUESKY)


class Chat:
    """A chat that is live on every channel of a town."""

    def __init__(self, town: Town) -> None:
        self.town = town
        town.simulator.say_on_telegram("hello", chat=GROUP, **{"from": {"username": "dee_215", "first_name": "Dee"}})
        town.listen()
        now = town.clock()
        with town.database.write() as session:
            self.chat = TweetChat(
                title="Clean blocks",
                hashtag=TAG,
                slug="clean-blocks",
                starts_at=now - timedelta(minutes=1),
                state=ChatState.LIVE,
                changed_at=now,
                made_at=now,
            )
            session.add(self.chat)
            session.flush()
            self.accounts = {one.channel: one for one in session.exec(select(Account)).all()}
            for channel, account in self.accounts.items():
                group = str(GROUP["id"]) if channel == Channel.TELEGRAM else ""
                session.add(ChatNetwork(chat_id=self.chat.id or 0, account_id=account.id or 0, conversation_id=group))

    def plan(self, channel: Channel, text: str = "Which corner first?", at_seconds: int | None = 30) -> int:
        """A post on one channel, a draft."""
        with self.town.database.write() as session:
            return (
                plan_post(
                    session,
                    self.chat,
                    account_id=self.accounts[channel].id or 0,
                    kind=ChatPostKind.OPENING,
                    language="en",
                    text=text,
                    made_by=None,
                    now=self.town.clock(),
                    at_seconds=at_seconds,
                ).id
                or 0
            )

    def approve(self, post: int) -> None:
        approve_post(self.town.desk, post, self.town.staff_id, self.reply(post).revision)

    def approved(self, channel: Channel) -> int:
        post = self.plan(channel)
        self.approve(post)
        return post

    def reply(self, post: int) -> Reply:
        with self.town.database.read() as session:
            found = words_of(session, post)
            assert found is not None
            return found

    def attempts(self, post: int) -> list[SendAttempt]:
        with self.town.database.read() as session:
            found = select(SendAttempt).where(SendAttempt.reply_id == self.reply(post).id)
            return list(session.exec(found.order_by(col(SendAttempt.id))).all())

    def standing(self, channel: Channel) -> list[str]:
        """What stands there in our name."""
        simulator = self.town.simulator
        match channel:
            case Channel.X:
                return [str(one["text"]) for one in simulator.our_replies_on_x()]
            case Channel.TELEGRAM:
                return [str(one["text"]) for one in simulator.telegram_messages(by="us")]
            case Channel.MASTODON:
                return [str(one["text"]) for one in simulator.our_replies_on_mastodon()]
            case _:
                return [str(one["text"]) for one in simulator.our_replies_on_bluesky()]

    def due_again(self) -> None:
        """Let every look for proof be due, without our clock going past the hour of the chat."""
        with self.town.database.write() as session:
            for attempt in session.exec(select(SendAttempt)).all():
                attempt.started_at -= timedelta(seconds=70)
                session.add(attempt)


@pytest.fixture
def chat(town: Town) -> Chat:
    return Chat(town)


WORDS = f"Which corner first? #{TAG}"


@pytest.mark.parametrize("channel", SENDS)
def test_nothing_leaves_that_nobody_approved_and_what_is_approved_leaves_word_for_word(
    chat: Chat, channel: Channel
) -> None:
    post = chat.plan(channel)
    chat.town.deliver()
    assert chat.standing(channel) == []
    chat.approve(post)
    chat.town.deliver()
    reply = chat.reply(post)
    assert chat.standing(channel) == [WORDS] == [reply.sent_text] == [reply.approved_text]
    assert reply.state == ReplyState.SENT
    chat.town.deliver()
    assert chat.standing(channel) == [WORDS]
    with chat.town.database.read() as session:
        review = session.exec(select(Review).where(Review.reply_id == reply.id)).one()
        assert (review.decision, review.mention_id) == (Decision.APPROVED, None)


@pytest.mark.parametrize("channel", SENDS)
def test_what_landed_unseen_is_proved_or_left_to_a_person_and_never_said_twice(chat: Chat, channel: Channel) -> None:
    post = chat.approved(channel)
    chat.town.simulator.fault(channel, "drop_after", SENDS[channel])
    chat.town.deliver(1)
    if channel in PROVES:
        chat.town.clock.advance(seconds=10)
        chat.town.deliver()
    else:
        assert chat.reply(post).state == ReplyState.UNCERTAIN
        says_sent(chat.town.desk, chat.reply(post).id or 0, chat.town.staff_id)
        chat.town.deliver()
    assert chat.reply(post).state == ReplyState.SENT
    assert chat.standing(channel) == [WORDS]
    assert [one.outcome for one in chat.attempts(post)] == (
        [AttemptOutcome.DONE] if channel in PROVES else [AttemptOutcome.UNCERTAIN]
    )


@pytest.mark.parametrize("channel", SENDS)
def test_what_did_not_land_is_said_again_after_proof_or_by_a_persons_word_alone(chat: Chat, channel: Channel) -> None:
    post = chat.approved(channel)
    chat.town.simulator.fault(channel, "drop_before", SENDS[channel])
    chat.town.deliver(1)
    assert chat.reply(post).state == ReplyState.UNCERTAIN
    chat.due_again()
    chat.town.deliver()
    proves_absence = channel in (Channel.MASTODON, Channel.BLUESKY)
    assert chat.standing(channel) == ([WORDS] if proves_absence else [])
    if not proves_absence:
        assert chat.reply(post).state == ReplyState.UNCERTAIN
        assert len(chat.attempts(post)) == 1
        says_not_sent(chat.town.desk, chat.reply(post).id or 0, chat.town.staff_id)
        chat.town.deliver()
    assert chat.standing(channel) == [WORDS]
    assert chat.reply(post).state == ReplyState.SENT


def test_the_attempt_is_committed_before_the_call(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    post, seen = chat.approved(Channel.X), list[tuple[ReplyState, AttemptOutcome, str | None]]()

    async def look(_: XResponder, sent: OutgoingPost) -> SentPost:
        with chat.town.database.read() as session:
            reply = session.get_one(Reply, sent.reply_id)
            (attempt,) = session.exec(select(SendAttempt).where(SendAttempt.reply_id == reply.id)).all()
            seen.append((reply.state, attempt.outcome, attempt.in_reply_to))
        raise RuntimeError("the process dies here")

    monkeypatch.setattr(XResponder, "send", look)
    chat.town.deliver(1)
    assert seen == [(ReplyState.SENDING, AttemptOutcome.PENDING, None)]
    assert chat.reply(post).state == ReplyState.UNCERTAIN


@pytest.mark.parametrize("channel", PROVES)
def test_a_sender_that_was_killed_leaves_doubt_not_a_second_post(chat: Chat, channel: Channel) -> None:
    post = chat.approved(channel)

    async def killed_after_the_call() -> None:
        async with AsyncExitStack() as stack:
            _, outbox = await chat.town.delivery(stack)
            claimed = outbox._claim(chat.reply(post).id or 0)
            assert claimed is not None
            assert outbox._claim(chat.reply(post).id or 0) is None
            await outbox.responders[claimed.account_name].send(claimed.post)

    asyncio.run(killed_after_the_call())
    chat.town.deliver()
    assert chat.reply(post).state == ReplyState.SENDING
    chat.town.clock.advance(minutes=2)
    chat.town.deliver()
    assert chat.reply(post).state == ReplyState.SENT
    assert chat.standing(channel) == [WORDS]


def test_a_duplicate_refusal_after_a_lost_answer_is_proof_that_it_landed(chat: Chat) -> None:
    post = chat.approved(Channel.X)
    chat.town.simulator.fault("x", "drop_after", "create_post")
    chat.town.deliver(1)
    says_not_sent(chat.town.desk, chat.reply(post).id or 0, chat.town.staff_id)
    chat.town.deliver()
    assert chat.reply(post).state == ReplyState.SENT
    assert chat.standing(Channel.X) == [WORDS]


def test_our_own_post_heard_again_settles_a_doubt_and_is_stored_once(chat: Chat) -> None:
    """Somebody answers it and names us, so that X shows us what they answer."""
    post = chat.approved(Channel.X)
    chat.town.simulator.fault("x", "drop_after", "create_post")
    chat.town.simulator.fault("x", "html_error", "timeline", times=None)
    chat.town.deliver(1)
    assert chat.reply(post).state == ReplyState.UNCERTAIN
    (ours,) = chat.town.simulator.our_replies_on_x()
    chat.town.simulator.say_on_x("@Philly311Demo the one by the school", author="ann", in_reply_to=str(ours["id"]))
    chat.town.listen()
    reply = chat.reply(post)
    assert (reply.state, reply.sent_post_id) == (ReplyState.SENT, ours["id"])
    with chat.town.database.read() as session:
        own = session.exec(select(Post).where(Post.kind == PostKind.OWN)).all()
        assert [one.channel_post_id for one in own] == [ours["id"]]
        assert _heard(session).conversation_id == own[0].conversation_id
    chat.town.simulator.clear_faults()
    chat.town.deliver()
    assert chat.standing(Channel.X) == [WORDS]


def test_what_was_sent_and_heard_is_one_post_and_an_answer_to_it_hangs_there(chat: Chat) -> None:
    chat.approved(Channel.X)
    chat.town.deliver()
    (ours,) = chat.town.simulator.our_replies_on_x()
    chat.town.simulator.say_on_x("@Philly311Demo mine", author="ann", in_reply_to=str(ours["id"]))
    chat.town.listen()
    with chat.town.database.read() as session:
        own = session.exec(select(Post).where(Post.kind == PostKind.OWN)).one()
        assert _heard(session).conversation_id == own.conversation_id


def _heard(session: Session) -> Mention:
    """The newest mention."""
    found = session.exec(select(Mention).order_by(col(Mention.id).desc())).first()
    assert found is not None
    return found


def test_words_changed_after_an_approval_need_another_one(chat: Chat) -> None:
    post = chat.approved(Channel.X)
    with pytest.raises(NotApproved), chat.town.database.write() as session:
        change_words(session, post, chat.town.staff_id, f"Other #{TAG}", chat.reply(post).revision, chat.town.clock())
    chat.town.deliver()
    assert chat.standing(Channel.X) == [WORDS]


def test_while_a_chat_is_paused_nothing_planned_leaves_on_any_channel(chat: Chat) -> None:
    posts = [chat.approved(channel) for channel in SENDS]
    pause(chat.town.desk, chat.chat.id or 0, chat.town.staff_id)
    chat.town.deliver()
    assert [chat.standing(channel) for channel in SENDS] == [[], [], [], []]
    resume(chat.town.desk, chat.chat.id or 0, chat.town.staff_id, shifted=False)
    chat.town.deliver()
    assert [chat.standing(channel) for channel in SENDS] == [[WORDS]] * 4
    assert {chat.reply(post).state for post in posts} == {ReplyState.SENT}


def test_a_post_that_the_worker_slept_through_goes_back_to_a_person(chat: Chat) -> None:
    post = chat.approved(Channel.X)
    chat.town.clock.advance(minutes=30)
    look_after(chat.town.database, chat.town.clock())
    chat.town.deliver()
    assert chat.standing(Channel.X) == []
    assert chat.reply(post).state == ReplyState.DRAFT
    with chat.town.database.read() as session:
        assert session.get_one(ChatPost, post).at_seconds == 30
