"""Looking for proof of what is in doubt: a look that nobody could answer is no look, and is taken again soon."""

from datetime import timedelta

import pytest
from sqlmodel import select

from hark311 import wiring
from hark311.settings import Settings
from models import Database, ReplyState, RequestState, SendAttempt
from responders.protocol import CannotTell
from responders.repeating import LOOKS, LOOKS_AGAIN, pauses
from tests.rows import MORNING, a_mention, a_reply, a_request
from tests.town import Town


def _approved(town: Town) -> int:
    post_id = town.simulator.say_on_x("A pothole at 5th and Market St")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, "Thank you. Your request is {number}.")
    return mention_id


def _looks(town: Town, *, of_request: bool) -> int:
    with town.database.read() as session:
        attempts = session.exec(select(SendAttempt)).all()
        return next(one.looks for one in attempts if (one.request_id is not None) == of_request)


def test_a_city_that_cannot_be_asked_uses_up_no_look_and_the_request_is_found_within_minutes(town: Town) -> None:
    mention_id = _approved(town)
    town.simulator.fault("open311", "drop_after", "post_request")
    town.deliver(1)
    for _ in range(6):
        town.simulator.fault("open311", "status", "requests", status=503)
        town.clock.advance(minutes=1)
        town.deliver(1)
        assert town.request_of(mention_id).state == RequestState.UNCERTAIN
        assert _looks(town, of_request=True) == 0
    town.clock.advance(minutes=1)
    town.deliver(1)
    assert town.request_of(mention_id).state == RequestState.SUBMITTED
    assert len(town.simulator.city_requests()) == 1


def test_a_network_that_cannot_be_asked_uses_up_no_look(town: Town) -> None:
    mention_id = _approved(town)
    town.simulator.fault("x", "drop_after", "create_post")
    town.deliver(2)
    assert town.reply_to(mention_id).state == ReplyState.UNCERTAIN
    for _ in range(6):
        town.simulator.fault("x", "status", "timeline", status=503)
        town.clock.advance(minutes=1)
        town.deliver(1)
        assert _looks(town, of_request=False) == 0
    town.clock.advance(minutes=1)
    town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.SENT


def test_nobody_is_asked_again_at_once(town: Town) -> None:
    mention_id = _approved(town)
    town.simulator.fault("open311", "drop_after", "post_request")
    town.deliver(1)
    town.clock.advance(minutes=10)
    town.simulator.fault("open311", "status", "requests", status=503)
    town.deliver(1)
    town.deliver(1)  # it would answer now, but was asked this very second
    assert town.request_of(mention_id).state == RequestState.UNCERTAIN


def test_workers_that_look_at_once_use_up_one_look(database: Database) -> None:
    with database.write() as session:
        request = a_request(session, a_mention(session))
        reply = a_reply(session, a_mention(session))
        request.state, reply.state = RequestState.UNCERTAIN, ReplyState.UNCERTAIN
        session.add(SendAttempt(request_id=request.id, idempotency_key="request-1", text="", started_at=MORNING))
        session.add(SendAttempt(reply_id=reply.id, idempotency_key="reply-1", text="", started_at=MORNING))
    submission, outbox = wiring.submission_of(Settings(), database, None), wiring.outbox_of(Settings(), database, {})
    submission.clock = outbox.clock = lambda: MORNING + timedelta(minutes=2)
    for claimed in [one for _ in range(3) for one in submission._to_prove()]:
        submission._settle_proof(claimed, CannotTell("it is not listed"), None)
    for reply_id, attempt, _ in [one for _ in range(3) for one in outbox._to_prove()]:
        outbox._settle_proof(reply_id, attempt, CannotTell("it is not there"))
    with database.read() as session:
        assert session.exec(select(SendAttempt.looks)).all() == [1, 1]


def test_requests_whose_look_is_not_due_do_not_stand_before_one_whose_is(database: Database) -> None:
    with database.write() as session:
        for looks, times in ((3, 60), (0, 1)):
            for _ in range(times):
                request = a_request(session, a_mention(session))
                request.state = RequestState.UNCERTAIN
                began = MORNING - timedelta(minutes=2)
                key = f"request-{request.id}"
                session.add(
                    SendAttempt(request_id=request.id, idempotency_key=key, text="", looks=looks, started_at=began)
                )
    submission = wiring.submission_of(Settings(), database, None)
    submission.clock = lambda: MORNING
    assert [one.request_id for one in submission._to_prove()] == [61]


@pytest.mark.parametrize("looks", [LOOKS, (timedelta(seconds=2), timedelta(minutes=3))])
def test_a_look_is_never_later_for_the_pause_than_its_plan_says(looks: tuple[timedelta, ...]) -> None:
    before = timedelta(0)
    for after, pause in zip(looks, pauses(looks), strict=True):
        assert timedelta(0) < pause <= min(after - before, LOOKS_AGAIN)
        before = after
