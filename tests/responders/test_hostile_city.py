"""What a city's system, or somebody who writes into it, may say without harm: hostile texts, times and answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from models import Database, RequestState, StatusUpdate
from models.open311 import LONGEST_TEXT, RequestShape
from responders import open311_calls
from responders.city_news import take_over
from responders.errors import CityUnreachable, SendRefused
from responders.open311_answers import LONGEST_SAID, as_decision
from responders.open311_calls import Answer, Broken, Calls
from responders.status_words import tidy_quote
from tests.rows import MORNING, a_mention, a_request


def test_a_note_that_no_database_keeps_is_kept_without_what_is_wrong_with_it(either_database: Database) -> None:
    told = json.loads(r'{"service_request_id": "1", "status_notes": "no\u0000 \ud800\u202egnihton"}')
    with either_database.write() as session:
        request = a_request(session, a_mention(session))
        request.state, request.service_request_id, request.status = RequestState.SUBMITTED, "1", "open"
        noted = take_over(session, request, RequestShape.model_validate(told), MORNING)
        assert noted is not None
        note_id = noted.id
    with either_database.read() as session:
        assert session.get_one(StatusUpdate, note_id).status_notes == "no  ?gnihton"


def test_a_note_without_end_is_cut() -> None:
    shape = RequestShape.model_validate({"service_request_id": "1", "status_notes": "x" * 1_000_000})
    assert len(shape.said) == LONGEST_TEXT


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+05:00", "9999-12-31T00:00:00Z"])
def test_a_time_at_the_end_of_time_is_none(never: str) -> None:
    shape = RequestShape.model_validate({"service_request_id": "1", "status": "open", "expected_datetime": never})
    assert (shape.status, shape.expected_datetime) == ("open", None)


async def test_an_answer_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"["
            await asyncio.Event().wait()

    monkeypatch.setattr(open311_calls, "SECONDS", 0.01)
    calls = Calls("http://city.example")
    calls._client = httpx.AsyncClient(
        base_url="http://city.example",
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, stream=Endless())),
    )
    with pytest.raises(CityUnreachable):
        await calls.get("/requests", {})
    with pytest.raises(Broken):
        await calls.post("/requests", {"description": "pothole"})
    await calls.close()


def test_a_refusal_without_end_is_cut() -> None:
    body = json.dumps([{"code": 400, "description": "no " * 100_000}]).encode()
    with pytest.raises(SendRefused) as refused:
        as_decision(Answer(400, {}, body), lambda: datetime.now(UTC))
    assert len(refused.value.reason) < LONGEST_SAID + 100


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("ask @everyone and @mayor", "ask everyone and mayor"),
        ("\uff20mayor #recall {number} [agency]", "mayor recall (number) (agency)"),
        ("see #13075315, write to a@b.example", "see #13075315, write to a@b.example"),
    ],
)
def test_the_citys_words_call_nobody_in_our_name(said: str, quoted: str) -> None:
    assert tidy_quote(said) == quoted
