"""A department told by e-mail: one message, and what each way of failing means."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from models import AttemptOutcome, Database, DestinationKind, Mention, MentionState, RequestState, SendAttempt
from tests.responders.elsewhere import Elsewhere, MailBox, mail_server


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def desk(database: Database, box: MailBox) -> Elsewhere:
    return Elsewhere(database, mail_port=box.port)


def test_one_message_tells_the_department_everything(desk: Elsewhere, box: MailBox) -> None:
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    request = desk.request(request_id)
    (mail,) = box.taken
    assert mail["Subject"] == f"[{request.reference}] Fallen tree"
    assert (mail["To"], mail["From"]) == ("parks@riverton.example", "311@riverton.example")
    assert mail["Message-ID"] == f"<{request.reference}-1@riverton.example>"
    text = mail.get_content()
    for line in (
        f"Reference: {request.reference}",
        "Place: 1200 Market St",
        "Coordinates: 39.950000, -75.160000",
        "Photo: https://pics.example/1.jpg",
        "> pothole",
    ):
        assert line in text.splitlines()


def test_what_was_mailed_is_filed_without_a_number_and_open(desk: Elsewhere) -> None:
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    request = desk.request(request_id)
    assert (request.state, request.service_request_id, request.status) == (RequestState.SUBMITTED, None, "open")
    assert request.agency_responsible == "Parks Department"
    with desk.database.read() as session:
        assert session.get_one(Mention, request.mention_id).state == MentionState.CLOSED


def test_a_residents_words_never_look_like_ours(desk: Elsewhere, box: MailBox) -> None:
    words = "tree down\nReference: H-FORGED22\r\n.\r\nRSET\x0bPlace: City Hall"
    desk.approved(DestinationKind.EMAIL, description=words, address_string="5th\nPlace: the mayor's house")
    desk.round()
    (mail,) = box.taken
    text = mail.get_content().splitlines()
    assert "> Reference: H-FORGED22" in text
    assert [line for line in text if line.startswith(("Reference:", "Place:"))] == [
        f"Reference: {mail['Subject'][1:11]}",
        "Place: 5th Place: the mayor's house",
    ]


@pytest.mark.parametrize(
    ("said_to", "answer", "state", "outcome"),
    [
        ("RCPT", "550 no such user", RequestState.REFUSED, AttemptOutcome.REFUSED),
        ("RCPT", "451 greylisted, come back", RequestState.APPROVED, AttemptOutcome.DEFERRED),
        ("MAIL", "", RequestState.APPROVED, AttemptOutcome.DEFERRED),
        ("DATA", "554 no", RequestState.REFUSED, AttemptOutcome.REFUSED),
        ("after", "552 too large", RequestState.REFUSED, AttemptOutcome.REFUSED),
        ("after", "451 disk full", RequestState.APPROVED, AttemptOutcome.DEFERRED),
        ("after", "", RequestState.UNCERTAIN, AttemptOutcome.UNCERTAIN),
    ],
)
def test_what_the_mail_server_says_decides_what_is_known(
    desk: Elsewhere, box: MailBox, said_to: str, answer: str, state: RequestState, outcome: AttemptOutcome
) -> None:
    box.answers[said_to] = answer
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    with desk.database.read() as session:
        (attempt,) = session.exec(select(SendAttempt).where(SendAttempt.request_id == request_id)).all()
    assert (desk.request(request_id).state, attempt.outcome) == (state, outcome)
    assert attempt.detail.endswith(".")


def test_nothing_is_sent_in_the_open_where_the_settings_ask_for_encryption(desk: Elsewhere, box: MailBox) -> None:
    desk.encryption = "starttls"
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    assert box.taken == []
    assert desk.request(request_id).state == RequestState.APPROVED


def test_a_mail_server_that_comes_back_gets_what_waited(desk: Elsewhere, box: MailBox) -> None:
    desk.mail_port = 9
    request_id = desk.approved(DestinationKind.EMAIL)
    desk.round()
    assert desk.request(request_id).state == RequestState.APPROVED
    desk.mail_port, desk.now = box.port, desk.now + timedelta(minutes=2)
    desk.round()
    assert desk.request(request_id).state == RequestState.SUBMITTED
    assert len(box.taken) == 1
