"""What came back while a reply had left, or while somebody held its mention, is still decided by a person."""

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from models import (
    Channel,
    Database,
    Mention,
    MentionState,
    Need,
    Reply,
    ReplyState,
    RequestState,
    Role,
    Service,
    ServiceRequest,
    StaffUser,
)
from models.deletion import bring_back
from models.threads import newest_inbound
from responders.doubts import decide_uncertain_request
from responders.review import Decided, Desk, RequestFields
from tests.rows import MORNING, a_mention, a_reply, a_request

THERE = RequestFields("SR-1", "a deep pothole", "5th and Market", 39.95, -75.15)


@pytest.fixture
def desk(either_database: Database) -> Desk:
    """One approver, whose id is 1."""
    with either_database.write() as session:
        session.add(Service(service_code="SR-1", service_name="Pothole", needs=Need.POINT))
        session.add(StaffUser(username="mae", display_name="Mae", role=Role.APPROVER))
    return Desk(either_database, lambda _, text: len(text), lambda _: [], clock=lambda: MORNING)


def standing(desk: Desk, mention: MentionState, reply: ReplyState, request: RequestState) -> tuple[int, int]:
    """A mention, its reply and its request in these states: (mention id, request id)."""
    with desk.database.write() as session:
        row = a_mention(session, channel=Channel.TELEGRAM)
        a_reply(session, row).state = reply
        filed = a_request(session, row)
        row.state, filed.state = mention, request
        if mention == MentionState.IN_REVIEW:
            row.claimed_by, row.claimed_until = 1, MORNING + desk.lease
        session.flush()
        return row.id or 0, filed.id or 0


def now(desk: Desk, mention_id: int) -> tuple[Mention, list[Reply], ServiceRequest]:
    with desk.database.read() as session:
        replies = session.exec(select(Reply).where(Reply.mention_id == mention_id).order_by(col(Reply.round))).all()
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        return session.get_one(Mention, mention_id), list(replies), request


@pytest.mark.parametrize("left", [ReplyState.SENDING, ReplyState.SENT, ReplyState.HANDED_OVER, ReplyState.UNCERTAIN])
def test_an_uncertain_request_whose_reply_has_left_is_taken_up_with_another_reply(desk: Desk, left: ReplyState) -> None:
    mention_id, request_id = standing(desk, MentionState.APPROVED, left, RequestState.UNCERTAIN)
    decide_uncertain_request(desk, request_id, 1)
    mention, replies, request = now(desk, mention_id)
    assert (mention.state, mention.round, mention.claimed_by) == (MentionState.IN_REVIEW, 2, 1)
    assert [one.state for one in replies] == [left, ReplyState.IN_REVIEW]
    assert request.state == RequestState.IN_REVIEW


def test_an_uncertain_request_whose_reply_still_waits_is_taken_up_with_that_one(desk: Desk) -> None:
    mention_id, request_id = standing(desk, MentionState.APPROVED, ReplyState.APPROVED, RequestState.UNCERTAIN)
    decide_uncertain_request(desk, request_id, 1)
    mention, replies, _ = now(desk, mention_id)
    assert (mention.round, [one.state for one in replies]) == (1, [ReplyState.IN_REVIEW])


@pytest.mark.parametrize(
    ("reply", "after"),
    [
        (ReplyState.SENT, (2, [ReplyState.SENT, ReplyState.IN_REVIEW])),
        (ReplyState.APPROVED, (1, [ReplyState.IN_REVIEW])),
    ],
)
def test_what_rested_on_deleted_words_can_be_claimed_though_its_reply_has_left(
    desk: Desk, reply: ReplyState, after: tuple[int, list[ReplyState]]
) -> None:
    mention_id, _ = standing(desk, MentionState.APPROVED, reply, RequestState.APPROVED)
    with desk.database.write() as session:
        bring_back(session, session.get_one(Mention, mention_id), "listener", "its author took out a part", MORNING)
    desk.claim(mention_id, 1)
    mention, replies, request = now(desk, mention_id)
    assert (mention.round, [one.state for one in replies]) == after
    assert request.state == RequestState.IN_REVIEW


def approve(desk: Desk, mention_id: int) -> None:
    with desk.database.read() as session:
        mention = session.get_one(Mention, mention_id)
        decided = Decided(mention.version, newest_inbound(session, mention), "Thank you.", "en", THERE)
    desk.approve(mention_id, 1, decided)


def reject(desk: Desk, mention_id: int) -> None:
    desk.reject(mention_id, 1, "not ours")


def set_aside(desk: Desk, mention_id: int) -> None:
    desk.set_aside(mention_id, 1, "nothing to do")


@pytest.mark.parametrize(
    ("decide", "after"),
    [
        (approve, (MentionState.APPROVED, ReplyState.APPROVED, RequestState.APPROVED)),
        (reject, (MentionState.REJECTED, ReplyState.CANCELLED, RequestState.CANCELLED)),
        (set_aside, (MentionState.SET_ASIDE, ReplyState.CANCELLED, RequestState.CANCELLED)),
    ],
)
def test_who_holds_a_mention_decides_about_what_was_refused_meanwhile(
    desk: Desk, decide: Callable[[Desk, int], None], after: tuple[str, str, str]
) -> None:
    mention_id, _ = standing(desk, MentionState.IN_REVIEW, ReplyState.FAILED, RequestState.REFUSED)
    decide(desk, mention_id)
    mention, [reply], request = now(desk, mention_id)
    assert (mention.state, reply.state, request.state) == after


def test_work_on_a_held_mention_begins_no_second_reply_beside_one_that_left(desk: Desk) -> None:
    mention_id, _ = standing(desk, MentionState.IN_REVIEW, ReplyState.SENT, RequestState.REFUSED)
    desk.release(mention_id, 1)
    mention, [reply], request = now(desk, mention_id)
    assert (mention.state, reply.state, request.state) == (MentionState.DRAFTED, ReplyState.SENT, RequestState.DRAFT)
