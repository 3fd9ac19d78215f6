"""Approving, editing, returning, newer posts, freezing and thawing in any order: nothing leaves without its keys."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import count
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlmodel import select

from models import (
    Channel,
    Database,
    KeyRule,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    Role,
    RuleAbout,
    SendAttempt,
    StaffUser,
)
from models.posts import OutgoingPost, PostKind, SentPost
from models.threads import newest_inbound
from responders.freezing import freeze, let_through, thaw
from responders.outbox import Outbox
from responders.protocol import CannotTell, ProvedAbsent, Sent
from responders.review import Decided, Desk, NotApproved, NotYours
from tests.rows import MORNING, a_mention, a_reply

WORDS = ("Thank you.", "Our lawyer calls you.", "Ask your lawyer.")
numbers = count()
people, texts = st.integers(0, 2), st.sampled_from(WORDS)


class Recorder:
    """A channel that takes every post, and what left."""

    channel = Channel.MASTODON

    def __init__(self) -> None:
        self.left: list[str] = []

    def length(self, text: str) -> int:
        return len(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        self.left.append(post.text)
        return SentPost(f"ours-{post.reply_id}", MORNING)

    async def find_sent(self, attempt: SendAttempt) -> Sent | ProvedAbsent | CannotTell:
        return CannotTell("never asked")

    async def __aenter__(self) -> "Recorder":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class TwoKeys(RuleBasedStateMachine):
    """Two approvers, one drafter and one mention after another; `keys` holds who approved the words as they stand."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.now, self.keys, self.frozen, self.released = MORNING, set[tuple[int, str]](), 0, False
        self.channel, self.posts = Recorder(), 0
        self.desk = Desk(
            self.database, lambda _, text: len(text), lambda _: [], hold=timedelta(0), clock=lambda: self.now
        )
        with self.database.write() as session:
            roles = (Role.APPROVER, Role.SUPERVISOR, Role.DRAFTER)
            staff = [StaffUser(username=f"one{next(numbers)}", display_name=role, role=role) for role in roles]
            session.add_all(staff)
            if session.exec(select(KeyRule)).first() is None:
                session.add(KeyRule(about=RuleAbout.RISK_WORDS, label="Law", wanted=["lawyer"], made_at=MORNING))
            session.flush()
            self.staff = [one.id or 0 for one in staff]
        self.another_mention()

    def another_mention(self) -> None:
        with self.database.write() as session:
            mention = a_mention(session, channel=Channel.MASTODON)
            self.mention_id, mention.state = mention.id or 0, MentionState.DRAFTED
            self.reply_id, self.keys, self.released = a_reply(session, mention).id or 0, set(), False

    def decided(self, text: str) -> Decided:
        with self.database.read() as session:
            mention = session.get_one(Mention, self.mention_id)
            return Decided(mention.version, newest_inbound(session, mention), text, "en", None)

    def words_now(self) -> str:
        with self.database.read() as session:
            return session.get_one(Reply, self.reply_id).text

    @rule(who=people, text=texts)
    def approve(self, who: int, text: str) -> None:
        decided, before = self.decided(text), self.words_now()
        with suppress(NotYours, NotApproved):
            self.desk.claim(self.mention_id, self.staff[who])
            done = self.desk.approve(self.mention_id, self.staff[who], decided)
            self.keys = {key for key in self.keys if key[1] == text and before == text} | {(who, text)}
            assert done.first_key or len(self.keys) >= needed(text)

    @rule(who=people, text=texts)
    def hand_in(self, who: int, text: str) -> None:
        with suppress(NotYours, NotApproved):
            self.desk.claim(self.mention_id, self.staff[who])
            self.desk.hand_in(self.mention_id, self.staff[who], self.decided(text))
            self.keys = set()

    @rule(who=people, text=texts)
    def save(self, who: int, text: str) -> None:
        with suppress(NotYours, NotApproved):
            self.desk.claim(self.mention_id, self.staff[who])
            before = self.words_now()
            self.desk.save(self.mention_id, self.staff[who], self.decided(text))
            self.keys = self.keys if before == text else set()

    @rule(who=people)
    def return_it(self, who: int) -> None:
        with suppress(NotYours, NotApproved):
            self.desk.claim(self.mention_id, self.staff[who])
            decided = self.decided(self.words_now())
            self.desk.return_to_maker(self.mention_id, self.staff[who], "not like this", decided)
            self.keys = set()

    @rule(who=people)
    def give_back(self, who: int) -> None:
        with suppress(NotYours):
            self.desk.release(self.mention_id, self.staff[who])

    @rule(who=people)
    def take_back(self, who: int) -> None:
        with suppress(NotYours, NotApproved):
            self.desk.take_back(self.mention_id, self.staff[who])
            self.keys, self.released = set(), False

    @rule()
    def they_write_again(self) -> None:
        self.posts += 1
        with self.database.write() as session:
            mention = session.get_one(Mention, self.mention_id)
            first = session.exec(select(Post).where(Post.mention_id == mention.id)).all()[0]
            session.add(
                Post(
                    **{
                        **first.model_dump(exclude={"id", "raw"}),
                        "channel_post_id": f"{first.channel_post_id}-{self.posts}",
                        "edit_chain": f"{first.channel_post_id}-{self.posts}",
                        "kind": PostKind.MENTION,
                    }
                )
            )
            mention.version += 1
        self.keys, self.released = set(), False

    @rule(who=people, why=st.sampled_from(("", "a rumour")))
    def press(self, who: int, why: str) -> None:
        with suppress(NotApproved), self.database.write() as session:
            freeze(session, session.get_one(StaffUser, self.staff[who]), why, None, self.now)
            self.frozen, self.released = self.frozen + 1, False

    @rule(who=people)
    def thaw_all(self, who: int) -> None:
        with suppress(NotApproved), self.database.write() as session:
            thaw(session, session.get_one(StaffUser, self.staff[who]), None, self.now)
            self.frozen = 0

    @rule(who=people)
    def let_one_through(self, who: int) -> None:
        with suppress(NotApproved), self.database.write() as session:
            let_through(session, session.get_one(StaffUser, self.staff[who]), self.reply_id, self.now)
            self.released = True

    @rule(minutes=st.sampled_from((1, 11)))
    def time_goes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def deliver(self) -> None:
        outbox = Outbox(
            self.database, {"test-mastodon": self.channel}, ZoneInfo("UTC"), clock=lambda: self.now, speaking={}
        )
        self.channel.left.clear()
        asyncio.run(outbox.send(self.reply_id))
        self.look(self.channel.left)

    def look(self, left: Sequence[str]) -> None:
        for text in left:
            assert len({who for who, words in self.keys if words == text}) >= needed(text), (text, self.keys)
            assert all(who != 2 for who, _ in self.keys), "a drafter's approval counted"
            assert not self.frozen or self.released, "it left though it was frozen"
        with self.database.read() as session:
            gone = session.get_one(Reply, self.reply_id).state == ReplyState.SENT
        assert gone == bool(left)
        if gone:
            self.another_mention()


def needed(text: str) -> int:
    return 2 if "lawyer" in text else 1


def test_whatever_people_do_in_whatever_order_nothing_leaves_without_its_keys(database: Database) -> None:
    class OnThis(TwoKeys):
        pass

    OnThis.database = database
    run_state_machine_as_test(
        OnThis,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
