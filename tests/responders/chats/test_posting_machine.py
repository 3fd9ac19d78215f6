"""Approving, changing, pausing, moving, skipping, doubts and deaths in any order: a post leaves approved, in its time,
once, or not at all.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select

from models import ChatPost, ChatState, Database, Reply, ReplyState, SendAttempt, TweetChat
from models.posts import SentPost
from responders.chats.leaving import LATE, LATE_WITHOUT_TIME, due_at
from responders.chats.posting import change_words, move_post, skip_post, take_back_post, unskip_post, words_of
from responders.chats.running import end_chat, look_after, open_chat, pause, resume, shift
from responders.claims import NotYours
from responders.deciding import NotApproved
from responders.doubts import give_up, says_not_sent, says_sent
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain
from responders.protocol import CannotTell, Proof, ProvedAbsent, Sent
from tests.chats import a_chat
from tests.responders.chats.sending import Clock, Studio, a_question

POSTS = 4
JUST_NOW = timedelta(seconds=70)
"""So long a step of the machine goes on after a post has left."""
which, people, words = st.integers(0, POSTS - 1), st.integers(0, 2), st.sampled_from(("What?", "Why?", ""))


class Posting(RuleBasedStateMachine):
    """Four questions of one chat, its host, its moderator and its guest. `approved`: words by post, while they hold.

    A person who says what became of a doubtful post tells the truth, and so does a network that can prove it.
    """

    database: Database

    @initialize()
    def begin(self) -> None:
        self.studio = Studio(self.database, Clock())
        with self.database.write() as session:
            for left in session.exec(select(Reply).where(Reply.state != ReplyState.SENT)).all():
                left.state = ReplyState.CANCELLED  # of another chat, from the run before
            self.made = a_chat(session, asked=0)
            self.posts = [a_question(session, self.made, number).id or 0 for number in range(1, POSTS + 1)]
        self.staff = [one.id or 0 for one in (self.made.host, self.made.moderator, self.made.guest)]
        self.approved: dict[int, tuple[str, datetime]] = {}
        self.seen = 0
        self.asked: list[tuple[int, SendAttempt, Proof]] = []
        self.left_though_paused: set[int] = set()
        for at in range(POSTS):
            self.approve(at, at % 2)

    @property
    def now(self) -> datetime:
        return self.studio.clock()

    def reply(self, at: int) -> Reply | None:
        with self.database.read() as session:
            return words_of(session, self.posts[at])

    def chat(self) -> TweetChat:
        with self.database.read() as session:
            return session.get_one(TweetChat, self.made.id)

    def landed(self, reply: Reply) -> bool:
        return any(one.reply_id == reply.id for one in self.studio.network.posts)

    @rule(at=which, who=people)
    def approve(self, at: int, who: int) -> None:
        with suppress(NotApproved, NotYours):
            self.studio.approve(self.posts[at], self.staff[who])
            assert who != 2, "a guest approved what the chat says"
            reply = self.reply(at)
            assert reply is not None
            self.approved[self.posts[at]] = (reply.text, self.now)

    @rule(at=which, who=people, text=words)
    def change(self, at: int, who: int, text: str) -> None:
        reply = self.reply(at)
        before = reply.text if reply else None
        text = f"Q{at + 1}: {text} #{self.made.chat.hashtag}" if text else text
        with suppress(NotApproved, NotYours):
            with self.database.write() as session:
                revision = reply.revision if reply else 0
                change_words(session, self.posts[at], self.staff[who], text, revision, self.now)
            if before != text:
                self.approved.pop(self.posts[at], None)

    @rule(at=which, who=people)
    def take_back(self, at: int, who: int) -> None:
        with suppress(NotApproved, NotYours):
            take_back_post(self.studio.desk, self.posts[at], self.staff[who])
            self.approved.pop(self.posts[at], None)

    @rule(at=which, skipped=st.booleans())
    def skip(self, at: int, skipped: bool) -> None:
        with suppress(NotApproved):
            (skip_post if skipped else unskip_post)(self.studio.desk, self.posts[at], self.staff[0])

    @rule(at=which, minute=st.sampled_from((None, 0, 5, 30)))
    def move(self, at: int, minute: int | None) -> None:
        with suppress(NotApproved):
            seconds = None if minute is None else minute * 60
            move_post(self.studio.desk, self.posts[at], self.staff[0], seconds)

    @rule(shifted=st.booleans(), on=st.booleans())
    def pause_or_resume(self, shifted: bool, on: bool) -> None:
        with suppress(NotApproved):
            if on:
                pause(self.studio.desk, self.made.id, self.staff[0])
            else:
                resume(self.studio.desk, self.made.id, self.staff[1], shifted=shifted)

    @rule(minutes=st.sampled_from((-6, -1, 3)))
    def shift_all(self, minutes: int) -> None:
        with suppress(NotApproved):
            shift(self.studio.desk, self.made.id, self.staff[0], minutes * 60)

    @rule()
    def end_and_go_on(self) -> None:
        with suppress(NotApproved):
            end_chat(self.studio.desk, self.made.id, self.staff[0])
            self.studio.deliver()
            open_chat(self.studio.desk, self.made.id, self.staff[0])

    @rule(seconds=st.sampled_from((5, 65, 240)))
    def time_goes_by(self, seconds: int) -> None:
        self.studio.clock.advance(seconds=seconds)
        look_after(self.database, self.now)

    @rule()
    def all_goes_well(self) -> None:
        self.deliver_what_is_next(0, "well")

    @rule(ends=st.sampled_from(("unseen", "lost", "refused", "later")))
    def something_goes_wrong(self, ends: str) -> None:
        self.deliver_what_is_next(0, ends)

    @rule(late=st.sampled_from((30, 700)), ends=st.sampled_from(("well", "unseen")))
    def deliver_what_is_next(self, late: int, ends: str) -> None:
        self.come_to_what_is_next(late)
        self.deliver(ends)

    def come_to_what_is_next(self, late: int) -> None:
        with self.database.read() as session:
            approved = session.exec(select(Reply.not_before).where(Reply.state == ReplyState.APPROVED)).all()
        if times := [at for at in approved if at is not None]:
            self.studio.clock.now = max(self.now, min(times) + timedelta(seconds=late))
        look_after(self.database, self.now)

    @rule(lands=st.booleans())
    def pause_while_one_is_being_sent(self, lands: bool) -> None:
        """What the channel puts off meanwhile, or what turns out not to have landed, waits with all the others."""
        self.come_to_what_is_next(0)
        for reply_id in self.studio.outbox.due()[:1]:
            claimed = self.studio.outbox._claim(reply_id)
            with suppress(NotApproved):
                pause(self.studio.desk, self.made.id, self.staff[1])
            if claimed and lands:
                said = asyncio.run(self.studio.network.send(claimed.post))
                self.left_though_paused.add(reply_id)
                self.studio.outbox._settle(reply_id, claimed.attempt_id, said)
            elif claimed:
                self.studio.outbox._settle(reply_id, claimed.attempt_id, SendDeferred(self.now, "wait"))
        self.studio.clock.advance(seconds=5)
        self.studio.deliver()

    @rule(at=which)
    def pause_before_what_was_to_leave_at_once(self, at: int) -> None:
        """Approved before the pause and without a time of its own: it rests with all the others."""
        self.move(at, None)
        self.pause_or_resume(shifted=False, on=True)
        self.studio.clock.advance(seconds=15)
        self.deliver("well")

    @rule(at=which)
    def look_for_proof(self, at: int) -> None:
        """The channel is asked, and says later what it sees now."""
        reply = self.reply(at)
        if reply is not None and reply.state == ReplyState.UNCERTAIN:
            with self.database.read() as session:
                found = select(SendAttempt).where(SendAttempt.reply_id == reply.id).order_by(col(SendAttempt.id).desc())
                newest = session.exec(found.limit(1)).one()
            self.asked.append((reply.id or 0, newest, self.truth(reply)))

    @rule(seconds=st.sampled_from((1, 65)))
    def proof_comes(self, seconds: int) -> None:
        """As it was seen when the channel was asked, twice over, whoever decided or tried again meanwhile."""
        self.studio.clock.advance(seconds=seconds)
        for reply_id, attempt, proof in self.asked * 2:
            self.studio.outbox._settle_proof(reply_id, attempt, proof)
        self.asked.clear()
        self.studio.deliver()

    @rule()
    def prove_what_was_tried_again(self) -> None:
        """They are in doubt and not there; asked for proof, a person is quicker, and the second try lands unseen."""
        self.come_to_what_is_next(0)
        self.deliver("lost")
        for at in range(POSTS):
            self.look_for_proof(at)
            self.settle(at, "person")
        self.deliver("unseen")
        self.proof_comes(65)

    def deliver(self, ends: str) -> None:
        troubles: dict[str, SendError] = {
            "unseen": SendUncertain("no answer"),
            "lost": SendUncertain("no answer"),
            "refused": SendRefused("not these words"),
            "later": SendDeferred(self.now + timedelta(seconds=30), "wait"),
        }
        network = self.studio.network
        network.trouble, network.lands = troubles.get(ends), ends == "unseen"
        self.studio.deliver()
        network.trouble, network.lands = None, False

    @rule(before=st.booleans())
    def die_in_the_middle(self, before: bool) -> None:
        """The process dies before the call or after it; the lease runs out, and what is left is a doubt."""
        for reply_id in self.studio.outbox.due()[:1]:
            claimed = self.studio.outbox._claim(reply_id)
            if claimed and not before:
                asyncio.run(self.studio.network.send(claimed.post))
            assert self.studio.outbox._claim(reply_id) is None
        self.studio.clock.advance(seconds=95)
        self.studio.outbox.expire_leases()

    @rule(at=which, how=st.sampled_from(("proof", "cannot tell", "person", "dropped")))
    def settle(self, at: int, how: str) -> None:
        reply = self.reply(at)
        if reply is None or reply.state != ReplyState.UNCERTAIN:
            return
        if how == "dropped":
            give_up(self.studio.desk, reply.id or 0, self.staff[0])
            self.approved.pop(self.posts[at], None)
            if self.landed(reply):
                self.dropped_though_it_stands(at)
        elif how == "person":
            (says_sent if self.landed(reply) else says_not_sent)(self.studio.desk, reply.id or 0, self.staff[1])
        else:
            self.studio.network.proof = self.truth(reply) if how == "proof" else CannotTell("nobody can tell")
            with self.database.read() as session:
                attempts = session.exec(select(SendAttempt).where(SendAttempt.reply_id == reply.id)).all()
            self.studio.outbox._settle_proof(reply.id or 0, attempts[-1], self.studio.network.proof)

    def dropped_though_it_stands(self, at: int) -> None:
        """Somebody gave up what stands there: what is said there from now on is another post."""
        with self.database.write() as session:
            self.posts[at] = a_question(session, self.made, at + 1, f"Anew {self.posts[at]}").id or 0

    def truth(self, reply: Reply) -> Proof:
        return Sent(SentPost(f"found-{reply.id}", self.now)) if self.landed(reply) else ProvedAbsent()

    @invariant()
    def what_left_was_approved_in_its_time_and_once(self) -> None:
        if not hasattr(self, "studio"):
            return
        left = self.studio.network.posts
        assert max(Counter(one.reply_id for one in left).values(), default=0) <= 1
        for one in left[self.seen :]:
            with self.database.read() as session:
                reply = session.get_one(Reply, one.reply_id)
                post = session.get_one(ChatPost, reply.chat_post_id)
                chat = session.get_one(TweetChat, post.chat_id)
            text, approved_at = self.approved[post.id or 0]
            assert one.text == text
            assert chat.state == ChatState.LIVE
            due = due_at(chat, post)
            assert post.skipped_at is None
            on_its_way = one.reply_id in self.left_though_paused
            assert on_its_way or chat.paused_at is None or (due is None and approved_at > chat.paused_at)
            latest = max(approved_at, chat.changed_at) + LATE_WITHOUT_TIME if due is None else due + LATE
            assert (due or approved_at) <= self.now <= max(latest, approved_at + LATE) + JUST_NOW
        self.seen = len(left)


def test_whatever_happens_in_whatever_order_a_post_leaves_approved_in_its_time_and_once(database: Database) -> None:
    class OnThis(Posting):
        pass

    OnThis.database = database
    run_state_machine_as_test(
        OnThis,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
