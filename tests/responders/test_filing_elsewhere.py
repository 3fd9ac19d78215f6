"""Invariant 4 where no list can be read: an e-mail or a webhook in doubt is not told again without a reason."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from hark311 import doctor
from models import Database, DestinationKind, RequestState, Role, SendAttempt, ServiceDestination, StaffUser
from responders.redelivering import retry, says_filed
from responders.review import Desk, NotApproved
from responders.tray import Retry
from tests.responders.elsewhere import (
    Elsewhere,
    MailBox,
    Receiver,
    destination,
    mail_server,
    receiver_of_webhooks,
)


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_of_webhooks() as receiver:
        yield receiver


@pytest.fixture
def desk(either_database: Database, box: MailBox, receiver: Receiver) -> Elsewhere:
    return Elsewhere(either_database, mail_port=box.port, hook_port=receiver.port)


def _days(desk: Elsewhere, rounds: int = 8) -> None:
    for _ in range(rounds):
        desk.now += timedelta(hours=3)
        desk.round()


def _person(desk: Elsewhere) -> tuple[Desk, int]:
    with desk.database.write() as session:
        staff = StaffUser(username="mae", display_name="Mae Jones", role=Role.APPROVER)
        session.add(staff)
        session.flush()
        staff_id = staff.id or 0
    return Desk(desk.database, lambda _channel, text: len(text), lambda _text: [], clock=desk.clock), staff_id


def test_an_e_mail_in_doubt_waits_for_a_person_and_is_sent_again_only_by_one(desk: Elsewhere, box: MailBox) -> None:
    box.answers["after"] = ""
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    _days(desk)
    assert desk.request(request_id).state == RequestState.UNCERTAIN
    assert len(box.taken) == 1
    del box.answers["after"]
    review, staff_id = _person(desk)
    retry(review, request_id, staff_id, Retry.BLIND)
    desk.round()
    assert desk.request(request_id).state == RequestState.SUBMITTED
    first, second = box.taken
    assert (first["Message-ID"], first.get_content()) == (second["Message-ID"], second.get_content())


def test_a_person_who_asked_the_department_settles_it_without_a_second_e_mail(desk: Elsewhere, box: MailBox) -> None:
    box.answers["after"] = ""
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    review, staff_id = _person(desk)
    says_filed(review, request_id, staff_id)
    _days(desk)
    assert (desk.request(request_id).state, len(box.taken)) == (RequestState.SUBMITTED, 1)
    with pytest.raises(NotApproved):
        retry(review, request_id, staff_id, Retry.BLIND)


def test_a_webhook_in_doubt_is_not_told_again_by_itself(desk: Elsewhere, receiver: Receiver) -> None:
    receiver.answers = [(500, {}), (200, {})]
    request_id = desk.approved(DestinationKind.WEBHOOK)
    desk.round()
    _days(desk)
    assert (desk.request(request_id).state, len(receiver.taken)) == (RequestState.UNCERTAIN, 1)


def test_a_webhook_that_takes_a_key_once_is_told_again_under_that_key_in_the_same_bytes(
    desk: Elsewhere, receiver: Receiver
) -> None:
    desk.idempotent = True
    receiver.answers = [(500, {}), (0, None), (429, {}), (200, {"service_request_id": "SW-1"})]
    request_id = desk.approved(DestinationKind.WEBHOOK)
    desk.round()
    _days(desk)
    request = desk.request(request_id)
    assert (request.state, request.service_request_id) == (RequestState.SUBMITTED, "SW-1")
    assert len(receiver.taken) == 4
    assert len({(post.headers["idempotency-key"], post.body) for post in receiver.taken}) == 1


def test_what_may_be_filed_in_one_place_is_not_filed_in_another(desk: Elsewhere, box: MailBox) -> None:
    """A supervisor sends the service elsewhere while an e-mail is in doubt: a repeat still goes to the same address."""
    box.answers["after"] = ""
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    with desk.database.write() as session:
        moved = session.get_one(ServiceDestination, "TREE-email")
        moved.destination_id = destination(session, DestinationKind.WEBHOOK).id or 0
        session.add(moved)
    del box.answers["after"]
    review, staff_id = _person(desk)
    retry(review, request_id, staff_id, Retry.BLIND)
    desk.round()
    assert len(box.taken) == 2
    with desk.database.read() as session:
        attempts = session.exec(select(SendAttempt).where(SendAttempt.request_id == request_id)).all()
    assert len({one.destination_id for one in attempts}) == 1


def test_without_an_open311_of_its_own_a_city_files_with_destinations_and_says_what_goes_nowhere(
    desk: Elsewhere, box: MailBox
) -> None:
    desk.has_city = False
    request_id = desk.approved(DestinationKind.EMAIL)
    code = desk.request(request_id).service_code or ""
    with desk.database.write() as session:
        chosen = session.get_one(ServiceDestination, code)
        department = chosen.destination_id
        session.delete(chosen)
    desk.round()
    with desk.database.read() as session:
        (attempt,) = session.exec(select(SendAttempt).where(SendAttempt.request_id == request_id)).all()
    assert attempt.detail == "This service goes nowhere: choose a destination for it under Destinations."
    assert (desk.request(request_id).state, box.taken) == (RequestState.APPROVED, [])
    assert "these services go nowhere: TREE-email" in doctor._destinations(desk.database).says
    with desk.database.write() as session:
        session.add(ServiceDestination(service_code=code, destination_id=department, changed_at=desk.now))
    assert doctor._destinations(desk.database).ok is True
    desk.now += timedelta(minutes=11)
    desk.round()
    assert (desk.request(request_id).state, len(box.taken)) == (RequestState.SUBMITTED, 1)


def test_a_filer_that_was_killed_leaves_doubt_not_a_second_e_mail(desk: Elsewhere, box: MailBox) -> None:
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.kill_after_claim()
    desk.now += timedelta(minutes=2)
    desk.round()
    _days(desk)
    assert (desk.request(request_id).state, box.taken) == (RequestState.UNCERTAIN, [])
