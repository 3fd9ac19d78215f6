"""Joining and parting in any order: one level deep, no circles, nobody lost; and two people at the same moment."""

import threading
from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import Session, col, select

from models import Channel, Database, Mention, MentionState, RequestState, Role, ServiceRequest, StaffUser
from models.joined import followers_of, head_of
from responders.joining import Joiner, NotJoined
from tests.rows import a_mention, a_request

REPORTS = 5
which = st.integers(0, REPORTS - 1)


def someone(session: Session) -> int:
    staff = session.exec(select(StaffUser).where(StaffUser.username == "mae")).first()
    if staff is None:
        staff = StaffUser(username="mae", display_name="Mae Jones", role=Role.APPROVER)
        session.add(staff)
        session.flush()
    return staff.id or 0


def drafted(session: Session) -> tuple[int, int]:
    mention = a_mention(session, channel=Channel.TELEGRAM)
    request = a_request(session, mention)
    mention.state = MentionState.DRAFTED
    session.add(mention)
    session.flush()
    return mention.id or 0, request.id or 0


class Joining(RuleBasedStateMachine):
    """Five reports and one person who joins and parts them, as `following` remembers it."""

    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.write() as session:
            self.staff = someone(session)
            self.rows = [drafted(session) for _ in range(REPORTS)]
        self.joiner = Joiner(self.database)
        self.following: dict[int, int] = {}

    def head(self, at: int) -> int:
        return self.following.get(at, at)

    def follows(self, at: int, other: int) -> bool:
        """What should come of joining; what followed the one that is joined follows its head."""
        head = self.head(other)
        if head == at or (at in self.following and self.following[at] != head):
            return False
        for one, its in list(self.following.items()):
            if its == at:
                self.following[one] = head
        self.following[at] = head
        return True

    @rule(at=which, other=which)
    def join(self, at: int, other: int) -> None:
        worked = True
        try:
            self.joiner.join(self.rows[at][0], self.rows[other][1], self.staff)
        except NotJoined:
            worked = False
        assert worked == self.follows(at, other)

    @rule(many=st.lists(which, max_size=REPORTS), other=which)
    def join_all(self, many: list[int], other: int) -> None:
        mentions = [self.rows[at][0] for at in many]
        done = self.joiner.join_all(mentions, self.rows[other][1], self.staff)
        head = self.head(other)
        expected = [self.rows[at][0] for at in sorted({*many} - {head}) if self.follows(at, other)]
        assert done.mention_ids == expected

    @rule(at=which)
    def part(self, at: int) -> None:
        if at in self.following:
            self.joiner.part(self.rows[at][0], self.staff)
            del self.following[at]
        else:
            with suppress(NotJoined):
                self.joiner.part(self.rows[at][0], self.staff)
                raise AssertionError("what is not joined was parted")

    @invariant()
    def each_follows_a_head_that_follows_nobody(self) -> None:
        if not hasattr(self, "rows"):
            return
        with self.database.read() as session:
            requests = [session.get_one(ServiceRequest, request_id) for _, request_id in self.rows]
            for at, request in enumerate(requests):
                head = head_of(session, request)
                assert head.id == self.rows[self.head(at)][1]
                assert head.state != RequestState.JOINED
                assert (request.state == RequestState.JOINED) == (at in self.following)
            for at, (_, request_id) in enumerate(self.rows):
                mine = {self.rows[one][0] for one, its in self.following.items() if its == at}
                assert {one.mention_id for one in followers_of(session, request_id)} == mine


def test_any_order_of_joining_and_parting_keeps_one_head(either_database: Database) -> None:
    machine = type("JoiningHere", (Joining,), {"database": either_database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=10,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def join_at_once(database: Database, pairs: list[tuple[int, int]], staff: int) -> tuple[list[int], list[str]]:
    """Everybody joins their mention to their request at the same moment: the heads, and why others were refused."""
    start, refused, joined = threading.Barrier(len(pairs)), list[str](), list[int]()

    def join(mention_id: int, request_id: int) -> None:
        start.wait(10)
        try:
            joined.append(Joiner(database).join(mention_id, request_id, staff))
        except NotJoined as error:
            refused.append(str(error))

    threads = [threading.Thread(target=join, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return joined, refused


def test_of_two_who_join_two_reports_to_each_other_one_is_told(either_database: Database) -> None:
    for _ in range(5):
        with either_database.write() as session:
            staff, (one, its_request), (other, that_request) = someone(session), drafted(session), drafted(session)
        joined, refused = join_at_once(either_database, [(one, that_request), (other, its_request)], staff)
        with either_database.read() as session:
            wanted = col(ServiceRequest.id).in_([its_request, that_request])
            states = session.exec(select(ServiceRequest.state).where(wanted)).all()
            assert sorted(states) == sorted([RequestState.DRAFT, RequestState.JOINED])
            assert {session.get_one(Mention, at).state for at in (one, other)} == {MentionState.DRAFTED}
        assert (len(joined), len(refused)) == (1, 1)
        assert "joined to itself, or to one that follows it" in refused[0]
