"""Nothing leaves after a freeze is committed, on both databases; and what a supervisor lets through does."""

import threading
from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from models import (
    AuditEntry,
    Channel,
    Database,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    Role,
    ServiceRequest,
    StaffUser,
    advance,
)
from responders.freezing import freeze, held_replies, held_requests, let_through, thaw
from responders.open311 import Open311City
from responders.outbox import Outbox
from responders.review import NotApproved
from responders.submission import Submission
from tests.rows import MORNING, a_mention, a_reply, a_request
from tests.town import Town


def _outbox(database: Database) -> object:
    return Outbox(database, {}, ZoneInfo("UTC"), clock=lambda: MORNING)._claim(1)


def _submission(database: Database) -> object:
    return Submission(database, cast(Open311City, None), clock=lambda: MORNING)._claim(1)


def _approved(session: Session) -> Mention:
    """A mention with a reply and a request that are due."""
    mention = a_mention(session, channel=Channel.MASTODON)
    reply, request = a_reply(session, mention), a_request(session, mention)
    for row, path in (
        (mention, (MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW, MentionState.APPROVED)),
        (reply, (ReplyState.IN_REVIEW, ReplyState.APPROVED)),
        (request, (RequestState.IN_REVIEW, RequestState.APPROVED)),
    ):
        for state in path:
            advance(session, row, state, "test", "test", MORNING)
    reply.approved_text, reply.approved_at, reply.not_before = "Thank you.", MORNING, MORNING
    request.approved_at = request.not_before = MORNING
    reply.seen_post_id = request.seen_post_id = 1
    return mention


def a_person(session: Session, role: Role) -> StaffUser:
    staff = StaffUser(username=role, display_name="Mae Jones", role=role)
    session.add(staff)
    session.flush()
    return staff


@pytest.mark.parametrize("claim", [_outbox, _submission])
def test_what_is_claimed_while_a_freeze_is_being_written_waits_for_it_and_does_not_leave(
    either_database: Database, claim: Callable[[Database], object]
) -> None:
    """On PostgreSQL the claim would see no freeze, and go, if it did not wait for whoever is writing one."""
    with either_database.write() as session:
        _approved(session)
        staff = a_person(session, Role.APPROVER)
    claimed: list[object] = []
    other = threading.Thread(target=lambda: claimed.append(claim(either_database)))
    with either_database.write() as session:
        freeze(session, staff, "a rumour", None, MORNING)
        other.start()
        other.join(1)  # it waits for us
        assert claimed == []
    other.join(20)
    assert claimed == [None]
    with either_database.read() as session:
        assert session.exec(select(Reply.state)).one() == ReplyState.APPROVED
        assert session.exec(select(ServiceRequest.state)).one() == RequestState.APPROVED
        assert session.exec(select(Reply.held_because)).one() == "Frozen by Mae Jones: a rumour."


def test_a_claim_that_is_being_written_is_finished_before_a_freeze_is(either_database: Database) -> None:
    with either_database.write() as session:
        _approved(session)
        a_person(session, Role.APPROVER)
    outbox = Outbox(either_database, {}, ZoneInfo("UTC"), clock=lambda: MORNING)
    frozen = threading.Event()

    def press() -> None:
        with either_database.write() as session:
            freeze(session, session.exec(select(StaffUser)).one(), "", None, MORNING)
        frozen.set()

    other = threading.Thread(target=press)
    with either_database.write() as session:
        outbox._ready(session, 1, MORNING)
        other.start()
        assert not frozen.wait(1)
    assert frozen.wait(20)
    other.join()


def test_what_is_frozen_is_listed_not_due_and_let_through_one_by_one(either_database: Database) -> None:
    outbox = Outbox(either_database, {}, ZoneInfo("UTC"), clock=lambda: MORNING)
    submission = Submission(either_database, cast(Open311City, None), clock=lambda: MORNING)
    with either_database.write() as session:
        first, second = _approved(session), _approved(session)
        boss, ids = a_person(session, Role.SUPERVISOR), [first.id, second.id]
        freeze(session, boss, "", first.account_id, MORNING)
    assert (outbox.due(), submission.due()) == ([], [])
    with either_database.write() as session:
        replies = held_replies(session)
        assert [one.mention_id for one in replies] == ids
        assert len(held_requests(session)) == 2
        let_through(session, boss, replies[1].id or 0, MORNING)
        assert [one.mention_id for one in held_replies(session)] == [first.id]
    assert submission.due() == [2]
    with either_database.write() as session:
        freeze(session, boss, "again", None, MORNING)
        assert len(held_replies(session)) == 2, "a later freeze holds what was let through an earlier one"
    with either_database.write() as session:
        assert thaw(session, boss, None, MORNING) == 2
    assert submission.due() == [1, 2]
    with either_database.read() as session:
        about = select(AuditEntry.why).where(AuditEntry.about == "Freeze")
        whys = session.exec(about.order_by(col(AuditEntry.id))).all()
        assert whys == [f"froze account {first.account_id}", "froze all accounts", "thawed", "thawed"]


def test_an_approver_freezes_and_only_a_supervisor_thaws(database: Database) -> None:
    with database.write() as session:
        _approved(session)
        mae, dana = a_person(session, Role.APPROVER), a_person(session, Role.DRAFTER)
        with pytest.raises(NotApproved, match="An approver freezes"):
            freeze(session, dana, "", None, MORNING)
        freeze(session, mae, "", None, MORNING)
        for act in (lambda: thaw(session, mae, None, MORNING), lambda: let_through(session, mae, 1, MORNING)):
            with pytest.raises(NotApproved, match="A supervisor thaws"):
                act()


def test_a_thawed_reply_waits_for_its_request_and_leaves_with_the_citys_number(town: Town) -> None:
    post_id = town.simulator.say_on_x("There is a deep pothole at 5th and Market St", author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id
    town.approve(mention_id, "Thank you. It is {number}.")
    with town.database.write() as session:
        freeze(session, None, "", None, town.clock())
    town.clock.advance(hours=3)
    town.deliver()
    assert (town.our_replies_on_x(post_id), town.simulator.city_requests()) == ([], [])
    with town.database.write() as session:
        thaw(session, None, None, town.clock())
    town.deliver()
    (sent,) = town.our_replies_on_x(post_id)
    assert str(town.simulator.city_requests()[0]["service_request_id"]) in sent
