"""Changes, joins, partings, stops, deletions and decisions in any order: nobody is told twice, nobody is forgotten."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, col, select

from models import (
    Author,
    Database,
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    UpdateSource,
    advance,
)
from models.closing import close_if_settled
from models.deletion import forget_post
from models.lifecycle import OPEN_MENTIONS
from models.status_changes import Change, note_change
from models.threads import newest_inbound
from responders.review import Decided, Desk
from responders.status_notices import told
from tests.responders.telling import Now, prepared, settled, telling_with

PEOPLE = 4
who = st.integers(0, PEOPLE - 1)
_keys = count(1)


class Telling(RuleBasedStateMachine):
    """One request, followed by some, and a person who decides about what is drafted."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.clock = Now()
        with self.database.write() as session:
            self.staff = prepared(session)
            first = settled(session, None)
            head = session.get_one(ServiceRequest, first[1])
            self.rows = [first, *(settled(session, head) for _ in range(PEOPLE - 1))]
        self.telling = telling_with(self.database, self.clock)
        self.desk = Desk(self.database, lambda _channel, text: len(text), lambda _: [], clock=self.clock)

    def in_session(self, act: Callable[[Session], None]) -> None:
        with self.database.write() as session:
            act(session)

    @rule(outcome=st.sampled_from([*Outcome, None]), notes=st.sampled_from(["", "was repaired", "left a note"]))
    def the_city_says(self, outcome: Outcome | None, notes: str) -> None:
        self.clock.at += timedelta(seconds=5)
        closes = outcome in (Outcome.FIXED, Outcome.NO_ACTION, None)

        def note(session: Session) -> None:
            request = session.get_one(ServiceRequest, self.rows[0][1], with_for_update=True)
            status = "closed" if closes else "open"
            change = Change(f"{next(_keys)}", UpdateSource.CITY, self.clock.at, status, notes, outcome)
            note_change(session, request, change, self.clock.at)

        self.in_session(note)

    @rule()
    def tell(self) -> None:
        self.clock.at += timedelta(minutes=2)
        self.telling.tell_all()

    @rule()
    def two_workers_tell(self) -> None:
        self.clock.at += timedelta(minutes=2)
        workers = [threading.Thread(target=self.telling.tell_all) for _ in range(2)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()

    def reply_of(self, session: Session, at: int) -> Reply | None:
        found = select(Reply).where(
            Reply.mention_id == self.rows[at][0], col(Reply.state).in_([ReplyState.DRAFT, ReplyState.APPROVED])
        )
        return session.exec(found).first()

    @rule(at=who, words=st.sampled_from(["", "It is {number}."]))
    def a_person_approves(self, at: int, words: str) -> None:
        with self.database.read() as session:
            mention, reply = session.get_one(Mention, self.rows[at][0]), self.reply_of(session, at)
            seen = newest_inbound(session, mention)
        if reply is None or mention.state != MentionState.DRAFTED or "[" in reply.text:
            return
        decided = Decided(mention.version, seen, words or reply.text, "en", None)
        self.desk.claim(mention.id or 0, self.staff)
        if not self.desk.objections(mention.id or 0, decided):
            self.desk.approve(mention.id or 0, self.staff, decided)
        else:
            self.desk.release(mention.id or 0, self.staff)

    @rule(at=who)
    def it_leaves(self, at: int) -> None:
        def leave(session: Session) -> None:
            reply = self.reply_of(session, at)
            if reply is None or reply.mention_id is None or reply.state != ReplyState.APPROVED:
                return
            for to in (ReplyState.SENDING, ReplyState.SENT):
                advance(session, reply, to, "outbox", "the channel confirmed it", self.clock.at)
            told(session, reply, self.clock.at)
            close_if_settled(session, reply.mention_id, self.clock.at)

        self.in_session(leave)

    @rule(at=who)
    def a_person_closes_it(self, at: int) -> None:
        with self.database.read() as session:
            waits = session.get_one(Mention, self.rows[at][0]).state == MentionState.DRAFTED
        if waits:
            self.desk.claim(self.rows[at][0], self.staff)
            self.desk.reject(self.rows[at][0], self.staff, "told on the phone")

    @precondition(lambda self: hasattr(self, "rows"))
    @rule(at=st.integers(1, PEOPLE - 1))
    def it_follows_no_more(self, at: int) -> None:
        def part(session: Session) -> None:
            request = session.get_one(ServiceRequest, self.rows[at][1])
            if request.state == RequestState.JOINED:
                request.joined_to_id = None
                advance(session, request, RequestState.DRAFT, "joining", "un-joined", self.clock.at)
                advance(session, request, RequestState.CANCELLED, "joining", "un-joined", self.clock.at)

        self.in_session(part)

    @rule(at=who, stops=st.booleans())
    def they_stop_or_delete(self, at: int, stops: bool) -> None:
        def act(session: Session) -> None:
            mention = session.get_one(Mention, self.rows[at][0])
            if stops:
                session.get_one(Author, mention.author_id).stopped_at = self.clock.at
            else:
                post = session.exec(select(Post).where(Post.mention_id == mention.id)).first()
                if post is not None:
                    forget_post(session, post, "listener", "its author deleted it", self.clock.at)

        self.in_session(act)

    @invariant()
    def nobody_is_told_twice_and_nobody_is_forgotten(self) -> None:
        if not hasattr(self, "rows"):
            return
        with self.database.read() as session:
            mentions = [mention_id for mention_id, _ in self.rows]
            notices = session.exec(select(StatusNotice).where(col(StatusNotice.mention_id).in_(mentions))).all()
            replies = session.exec(select(Reply).where(col(Reply.mention_id).in_(mentions))).all()
            said = {one.id: one.state for one in replies}
            pairs = [(one.update_id, one.mention_id) for one in notices]
            assert len(pairs) == len(set(pairs))
            for one in notices:
                assert one.state != NoticeState.SKIPPED or one.because
                assert one.state != NoticeState.TOLD or said[one.reply_id] == ReplyState.SENT
                assert one.state != NoticeState.DRAFTED or one.reply_id in said
            for reply in replies:
                assert [one.reply_id for one in notices if one.state == NoticeState.TOLD].count(reply.id) <= 1

    def teardown(self) -> None:
        """At the end everything is told, skipped with a reason, or stands in front of a person."""
        if not hasattr(self, "rows"):
            return
        for _ in range(3):
            self.tell()
        with self.database.read() as session:
            rows = session.exec(
                select(StatusNotice, Mention, StatusUpdate)
                .join(Mention, col(Mention.id) == StatusNotice.mention_id)
                .join(StatusUpdate, col(StatusUpdate.id) == StatusNotice.update_id)
                .where(col(StatusNotice.mention_id).in_([mention_id for mention_id, _ in self.rows]))
            ).all()
            for notice, mention, update in rows:
                assert update.evidence or update.outcome
                if notice.state == NoticeState.DRAFTED:
                    assert mention.state in OPEN_MENTIONS
                if notice.state == NoticeState.PENDING:
                    assert notice.because
                    assert mention.state in OPEN_MENTIONS


def test_any_order_of_events_tells_everybody_once_or_says_why_not(either_database: Database) -> None:
    machine = type("TellingHere", (Telling,), {"database": either_database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=14,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_workers_at_the_same_moment_draft_each_reply_once(either_database: Database) -> None:
    clock = Now()
    with either_database.write() as session:
        prepared(session)
        first = settled(session, None)
        head = session.get_one(ServiceRequest, first[1])
        rows = [first, *(settled(session, head) for _ in range(7))]
        note_change(session, head, Change("1", UpdateSource.CITY, clock.at, "closed", "", Outcome.FIXED), clock.at)
    workers = [threading.Thread(target=telling_with(either_database, clock).tell_all) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    telling_with(either_database, clock).tell_all()  # what one worker held, another left
    with either_database.read() as session:
        for mention_id, _ in rows:
            assert len(session.exec(select(Reply).where(Reply.mention_id == mention_id)).all()) == 1
        assert {one.state for one in session.exec(select(StatusNotice)).all()} == {NoticeState.DRAFTED}


def test_the_same_person_is_told_once_in_a_conversation(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        first = settled(session, None)
        head = session.get_one(ServiceRequest, first[1])
        again = session.get_one(Mention, settled(session, head)[0])
        mention = session.get_one(Mention, first[0])
        again.author_id, again.conversation_id = mention.author_id, mention.conversation_id
        session.add(again)
        note_change(session, head, Change("1", UpdateSource.CITY, clock.at, "closed", "", Outcome.FIXED), clock.at)
    telling = telling_with(database, clock)
    assert telling.tell_all() == 2
    with database.write() as session:
        reply = session.exec(select(Reply)).one()
        assert reply.mention_id == first[0]
        waiting = session.exec(select(StatusNotice).where(StatusNotice.mention_id == again.id)).one()
        assert (waiting.state, waiting.because[:30]) == (NoticeState.PENDING, "They are told in the same conv")
        for to in (ReplyState.IN_REVIEW, ReplyState.APPROVED, ReplyState.SENDING, ReplyState.SENT):
            advance(session, reply, to, "test", "it goes", clock.at)
        told(session, reply, clock.at)
    clock.at += timedelta(minutes=2)
    telling.tell_all()
    with database.read() as session:
        skipped = session.exec(select(StatusNotice).where(StatusNotice.mention_id == again.id)).one()
        assert (skipped.state, skipped.because[:13]) == (NoticeState.SKIPPED, "They were tol")
