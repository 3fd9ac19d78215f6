"""A webhook that takes requests: what it is told, and what each of its answers means."""

import hmac
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from models import Database, DestinationKind, RequestState
from tests.responders.elsewhere import SECRET, Elsewhere, Receiver, receiver_of_webhooks


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_of_webhooks() as receiver:
        yield receiver


@pytest.fixture
def desk(database: Database, receiver: Receiver) -> Elsewhere:
    return Elsewhere(database, hook_port=receiver.port)


def test_it_is_told_the_request_signed_and_under_a_key(desk: Elsewhere, receiver: Receiver) -> None:
    request_id = desk.approved(DestinationKind.WEBHOOK)
    desk.round()
    request = desk.request(request_id)
    (post,) = receiver.taken
    assert post.headers["x-hark-signature"] == f"sha256={hmac.new(SECRET.encode(), post.body, sha256).hexdigest()}"
    assert post.headers["idempotency-key"] == f"{request.reference}-1"
    told = post.told
    assert (told["reference"], told["service_code"], told["description"]) == (
        request.reference,
        "TREE-webhook",
        "pothole",
    )
    assert (told["lat"], told["long"], told["media_url"]) == (39.95, -75.16, "https://pics.example/1.jpg")


@pytest.mark.parametrize(
    ("status", "answer", "state", "number"),
    [
        (201, {"service_request_id": "SW-4711"}, RequestState.SUBMITTED, "SW-4711"),
        (200, {"service_request_id": 4711}, RequestState.SUBMITTED, "4711"),
        (200, {"service_request_id": "see http://evil.example now"}, RequestState.SUBMITTED, None),
        (204, None, RequestState.SUBMITTED, None),
        (409, {"error": "known: REFERENCE", "service_request_id": "SW-9"}, RequestState.SUBMITTED, "SW-9"),
        (409, {"error": "somebody else's"}, RequestState.REFUSED, None),
        (422, {"error": "no such service"}, RequestState.REFUSED, None),
        (302, {}, RequestState.REFUSED, None),
        (401, {}, RequestState.APPROVED, None),
        (429, {}, RequestState.APPROVED, None),
        (500, {}, RequestState.UNCERTAIN, None),
        (0, None, RequestState.UNCERTAIN, None),
    ],
)
def test_its_answer_decides_what_is_known(
    desk: Elsewhere, receiver: Receiver, status: int, answer: Any, state: RequestState, number: str | None
) -> None:
    request_id = desk.approved(DestinationKind.WEBHOOK)
    reference = desk.request(request_id).reference
    if answer and "error" in answer:
        answer["error"] = answer["error"].replace("REFERENCE", reference)
    receiver.answers = [(status, answer)]
    desk.round()
    request = desk.request(request_id)
    assert (request.state, request.service_request_id) == (state, number)


def test_a_private_address_is_called_only_where_the_settings_allow_it(
    desk: Elsewhere, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = desk.approved(DestinationKind.WEBHOOK)
    settings = desk.settings()
    hook = settings.destinations["hook"].model_copy(update={"private": False})
    closed = settings.model_copy(update={"destinations": {"hook": hook}})
    monkeypatch.setattr(desk, "settings", lambda: closed)
    desk.round()
    assert receiver.taken == []
    assert desk.request(request_id).state == RequestState.APPROVED
