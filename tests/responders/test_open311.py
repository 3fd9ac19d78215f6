"""The city's system: what cities make of GeoReport v2, and that no answer of theirs loses or doubles a report."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hark311.simulator import RunningSimulator
from hark311.simulator.open311_services import SERVICES
from models import ServiceRequest
from models.open311 import RequestShape
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.open311 import DESCRIPTION_LIMIT, CityUnreachable, Filed, Open311City, description_with
from responders.protocol import CannotTell, ProvedAbsent
from tests.responders.filing import a_request, an_attempt, city_of


@pytest.fixture
def simulator(town_hall: RunningSimulator) -> RunningSimulator:
    town_hall.clear_faults()
    return town_hall


@pytest.fixture
async def city(simulator: RunningSimulator) -> AsyncIterator[Open311City]:
    async with city_of(simulator, lists_every_request=True) as client:
        yield client


def _filed_as(simulator: RunningSimulator, request: ServiceRequest) -> list[dict[str, Any]]:
    return [one for one in simulator.city_requests() if request.reference in one["description"]]


async def test_the_service_list_is_read(city: Open311City) -> None:
    services = await city.services()
    assert [one.service_code for one in services] == [one.code for one in SERVICES]
    by_code = {one.service_code: one for one in services}
    assert by_code["POTHOLE"].metadata
    assert by_code["OVERGROWTH"].type == "batch"


async def test_a_request_is_filed_with_all_it_carries(simulator: RunningSimulator, city: Open311City) -> None:
    request = a_request(lat=39.9526, long=-75.1635, media_url="https://example.org/a.jpg")
    filed = await city.file(request)
    (taken,) = _filed_as(simulator, request)
    assert filed.service_request_id == taken["service_request_id"]
    assert filed.service_notice
    assert filed.token == ""
    assert taken["description"] == f"a broken curb\n\n[{request.reference}]"
    assert (taken["address"], taken["media_url"]) == ("1200 Market St", "https://example.org/a.jpg")
    assert (taken["lat"], taken["long"]) == (39.9526, -75.1635)


async def test_answers_to_a_services_questions_travel_as_attributes(
    simulator: RunningSimulator, city: Open311City
) -> None:
    light = a_request(service_code="STREET_LIGHT", attribute={"LAMP": "FLICKER", "POLE": "№ 12 & 13"})
    bins = a_request(service_code="MISSED_TRASH", attribute={"KIND": ["TRASH", "YARD"]})
    await city.file(light)
    await city.file(bins)
    assert _filed_as(simulator, light)[0]["answers"] == {"LAMP": ["FLICKER"], "POLE": ["№ 12 & 13"]}
    assert _filed_as(simulator, bins)[0]["answers"] == {"KIND": ["TRASH", "YARD"]}


async def test_every_script_reaches_the_city_intact(simulator: RunningSimulator, city: Open311City) -> None:
    words = "حفرة 👩‍👩‍👧 ផ្លូវ 5 < 6 & 7 = 8 + 100%\nCafe\u0301"
    request = a_request(description=words)
    await city.file(request)
    assert _filed_as(simulator, request)[0]["description"].startswith(words)


@pytest.mark.parametrize("letters", [0, 1, 3985, 4000, 9000])
async def test_a_long_description_is_cut_and_keeps_our_reference(
    simulator: RunningSimulator, city: Open311City, letters: int
) -> None:
    request = a_request(description="x" * letters)
    text = description_with(request)
    assert len(text) <= DESCRIPTION_LIMIT
    assert text.endswith(f"[{request.reference}]")
    await city.file(request)
    found = await city.find_filed(an_attempt(), request)
    assert isinstance(found, Filed)
    assert [found.service_request_id] == [one["service_request_id"] for one in _filed_as(simulator, request)]


async def test_a_token_becomes_a_number(simulator: RunningSimulator, city: Open311City) -> None:
    request = a_request(service_code="OVERGROWTH")
    filed = await city.file(request)
    assert filed.token
    assert filed.service_request_id == ""
    assert await city.by_token(filed.token) is None
    simulator.settle_tokens()
    number = await city.by_token(filed.token)
    assert number == _filed_as(simulator, request)[0]["service_request_id"]
    with pytest.raises(CityUnreachable):
        await city.by_token("no-such-token")


async def test_the_citys_facts_come_by_number(simulator: RunningSimulator, city: Open311City) -> None:
    filed = await city.file(a_request())
    simulator.close_request(filed.service_request_id, "Curb mended.")
    (facts,) = await city.by_ids([filed.service_request_id, "99999999"])
    assert (facts.service_request_id, facts.status, facts.status_notes) == (
        filed.service_request_id,
        "closed",
        "Curb mended.",
    )
    assert facts.expected_datetime is not None
    assert facts.expected_datetime.tzinfo is not None
    assert facts.agency_responsible


@pytest.mark.parametrize(
    ("answer", "filed"),
    [
        ([{"service_request_id": "00123", "service_notice": "soon"}], Filed("00123", "", "soon")),
        ([{"service_request_id": 123, "service_notice": None}], Filed("123", "", "")),
        ({"service_request_id": "123"}, Filed("123", "", "")),
        ([{"token": "t-1", "service_request_id": None, "account_id": 7}], Filed("", "t-1", "")),
        ([{"token": 17, "service_request_id": ""}], Filed("", "17", "")),
        ([{"service_notice": "The crew looks after it.", "new_field": [1]}], Filed("", "", "The crew looks after it.")),
    ],
)
async def test_the_answers_cities_give_to_a_new_request(
    simulator: RunningSimulator, city: Open311City, answer: object, filed: Filed
) -> None:
    simulator.fault("open311", "status", "post_request", status=201, body=json.dumps(answer))
    assert await city.file(a_request()) == filed


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "<html>Thank you!</html>",
        "null",
        "[]",
        "[null]",
        "{}",
        "[{}]",
        '"123"',
        "[[]]",
        '[{"service_request_id": ["123"]}]',
        '{"errors": [{"code": 400, "description": "no"}]}',
        '[{"code": 400, "description": "no"}]',
    ],
)
async def test_an_answer_without_number_token_or_notice_is_doubt_not_success(
    simulator: RunningSimulator, city: Open311City, answer: str
) -> None:
    simulator.fault("open311", "status", "post_request", status=200, body=answer)
    with pytest.raises(SendUncertain):
        await city.file(a_request())


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_city_that_has_moved_never_hands_us_somebody_elses_number(
    simulator: RunningSimulator, city: Open311City, status: int
) -> None:
    """A redirected POST turns into a GET of everybody's requests."""
    await city.file(a_request())
    where = {"location": f"{simulator.open311_url}/requests.json"}
    simulator.fault("open311", "status", "post_request", status=status, body="moved", headers=where)
    request = a_request()
    with pytest.raises(SendRefused, match="moved"):
        await city.file(request)
    assert _filed_as(simulator, request) == []


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            400,
            '[{"code": 400, "description": "lat is wrong"}, {"description": "so is long"}]',
            "lat is wrong; so is long",
        ),
        (404, '[{"code": "404", "description": "service_code was not found"}]', "service_code was not found"),
        (400, '{"code": 400, "description": "only one"}', "only one"),
        (400, "<html><body>Bad Request</body></html>", "status 400"),
        (400, "[]", "status 400"),
        (422, '[{"code": 1, "description": null}]', "status 422"),
        (400, '["no"]', "status 400"),
        (400, "null", "status 400"),
    ],
)
async def test_a_refusal_says_what_the_city_said(
    simulator: RunningSimulator, city: Open311City, status: int, body: str, said: str
) -> None:
    simulator.fault("open311", "status", "post_request", status=status, body=body)
    with pytest.raises(SendRefused) as refused:
        await city.file(a_request())
    assert said in refused.value.reason
    assert not refused.value.credentials


async def test_a_wrong_key_is_told_as_such(simulator: RunningSimulator) -> None:
    request = a_request()
    async with city_of(simulator, api_key="wrong") as city:
        with pytest.raises(SendRefused) as refused:
            await city.file(request)
    assert refused.value.credentials
    assert _filed_as(simulator, request) == []


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "120"}, 120),
        (429, {}, 30),
        (503, {"retry-after": "90"}, 90),
        (503, {"retry-after": "0"}, 1),
        (503, {"retry-after": "999999"}, 3600),
        (429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        (429, {"retry-after": "inf"}, 30),
        (429, {"retry-after": "nan"}, 30),
        (429, {"retry-after": "-5"}, 1),
    ],
)
async def test_a_city_that_asks_us_to_wait_is_waited_for(
    simulator: RunningSimulator, city: Open311City, status: int, headers: dict[str, str], seconds: float
) -> None:
    simulator.fault("open311", "status", "post_request", status=status, headers=headers, body="later")
    with pytest.raises(SendDeferred) as deferred:
        await city.file(a_request())
    assert abs((deferred.value.retry_at - datetime.now(UTC)).total_seconds() - seconds) < 5


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "html_error", "status": 502},
        {"kind": "html_error", "status": 503},
        {"kind": "garbage"},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}",
)
async def test_what_may_have_been_filed_is_uncertain_and_the_list_tells(
    simulator: RunningSimulator, city: Open311City, fault: dict[str, Any]
) -> None:
    request = a_request()
    simulator.fault("open311", operation="post_request", **fault)
    with pytest.raises(SendUncertain):
        await city.file(request)
    proof = await city.find_filed(an_attempt(), request)
    taken = _filed_as(simulator, request)
    if taken:
        assert isinstance(proof, Filed)
        assert proof.service_request_id == taken[0]["service_request_id"]
    else:
        assert isinstance(proof, ProvedAbsent)


async def test_a_refused_connection_defers_because_nothing_left_us(simulator: RunningSimulator) -> None:
    async with city_of(simulator, base_url="http://127.0.0.1:9/open311/v2") as city:
        with pytest.raises(SendDeferred):
            await city.file(a_request())
        with pytest.raises(CityUnreachable):
            await city.by_ids(["1"])


async def test_absence_proves_nothing_in_a_list_that_may_hide_requests(simulator: RunningSimulator) -> None:
    async with city_of(simulator) as city:
        assert isinstance(await city.find_filed(an_attempt(), a_request()), CannotTell)


async def test_an_entry_that_cannot_be_read_may_be_ours(simulator: RunningSimulator, city: Open311City) -> None:
    request = a_request()
    unreadable = {"service_request_id": "1", "description": description_with(request), "updated_datetime": "soon"}
    simulator.fault("open311", "status", "requests", status=200, body=json.dumps([unreadable]))
    assert isinstance(await city.find_filed(an_attempt(), request), CannotTell)


async def test_absence_from_a_list_that_is_cut_off_proves_nothing(
    simulator: RunningSimulator, city: Open311City
) -> None:
    """GeoReport v2: a server may stop at 1,000 requests."""
    many = [{"service_request_id": str(number), "description": "other"} for number in range(1000)]
    simulator.fault("open311", "status", "requests", status=200, body=json.dumps(many), times=None)
    assert isinstance(await city.find_filed(an_attempt(), a_request()), CannotTell)


@pytest.mark.parametrize(
    "entry",
    [
        {"lat": None, "long": None},
        {"lat": "", "long": ""},
        {"lat": "39.95", "long": "-75.16"},
        {"expected_datetime": "", "updated_datetime": None},
        {"requested_datetime": "2026-11-20T08:00:00-05:00"},
        {"requested_datetime": "2026-11-20 08:00:00"},
        {"requested_datetime": "2026-11-20"},
        {"requested_datetime": "2026-11-20T08:00:00.123Z"},
        {"status_notes": None, "agency_responsible": None, "media_url": None, "description": None},
        {"service_code": 7, "address": 1200},
        {"extended_attributes": {"photos": []}, "notes": [{"type": "opened"}]},
    ],
    ids=str,
)
async def test_entries_as_cities_write_them_are_read(
    simulator: RunningSimulator, city: Open311City, entry: dict[str, Any]
) -> None:
    for body in ([{"service_request_id": "0042"} | entry], {"service_request_id": "0042"} | entry):
        simulator.fault("open311", "status", "requests", status=200, body=json.dumps(body))
        (shape,) = await city.by_ids(["0042"])
        assert shape.service_request_id == "0042"
        for moment in (shape.requested_datetime, shape.updated_datetime, shape.expected_datetime):
            assert moment is None or moment.tzinfo is not None
        assert shape.lat in (None, 39.95)


async def test_one_entry_that_cannot_be_read_says_nothing_about_the_others(
    simulator: RunningSimulator, city: Open311City
) -> None:
    body = [{"service_request_id": "1", "lat": "north"}, "what?", None, {"service_request_id": 2}]
    simulator.fault("open311", "status", "requests", status=200, body=json.dumps(body))
    assert [shape.service_request_id for shape in await city.by_ids(["1", "2"])] == ["2"]


@pytest.mark.parametrize("written", ["CLOSED", "Closed"])
def test_a_closed_request_is_closed_however_it_is_spelt(written: str) -> None:
    assert RequestShape(service_request_id="1", status=written).status == "closed"


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ('[{"service_request_id": "0042", "token": "t"}]', "0042"),
        ('{"service_request_id": 42, "token": "t"}', "42"),
        ('[{"service_request_id": null, "token": "t"}]', None),
        ('[{"service_request_id": "", "token": "t"}]', None),
        ('[{"token": "t"}]', None),
        ("[]", None),
    ],
)
async def test_what_cities_answer_about_a_token(
    simulator: RunningSimulator, city: Open311City, answer: str, number: str | None
) -> None:
    simulator.fault("open311", "status", "token", status=200, body=answer)
    assert await city.by_token("t") == number


@pytest.mark.parametrize("answer", ["null", "5", '"x"', "[null]", "[5]", '[{"token": []}]', "<html></html>", ""])
async def test_nonsense_about_a_token_or_the_services_is_no_answer(
    simulator: RunningSimulator, city: Open311City, answer: str
) -> None:
    for call in ("token", "services"):
        simulator.fault("open311", "status", call, status=200, body=answer)
    with pytest.raises(CityUnreachable):
        await city.by_token("t")
    with pytest.raises(CityUnreachable):
        await city.services()


@pytest.mark.parametrize("kind", ["html_error", "garbage", "drop_before", "rate_limit", "bad_key"])
async def test_a_city_that_cannot_be_asked_is_told_as_such(
    simulator: RunningSimulator, city: Open311City, kind: str
) -> None:
    for ask in (
        lambda: city.services(),
        lambda: city.by_ids(["1"]),
        lambda: city.find_filed(an_attempt(), a_request()),
    ):
        simulator.fault("open311", kind)
        with pytest.raises(CityUnreachable):
            await ask()


async def test_a_reading_redirect_is_followed(simulator: RunningSimulator, city: Open311City) -> None:
    filed = await city.file(a_request())
    where = {"location": f"{simulator.open311_url}/requests.json?service_request_id={filed.service_request_id}"}
    simulator.fault("open311", "status", "requests", status=302, body="", headers=where)
    assert [one.service_request_id for one in await city.by_ids([filed.service_request_id])] == [
        filed.service_request_id
    ]
