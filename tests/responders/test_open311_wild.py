"""The client against a city that bends GeoReport v2 in every way seen in the wild: it reads what a strict one says."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hark311.simulator import RunningSimulator
from hark311.simulator.open311_wild import WILD, Quirk
from responders.errors import CityUnreachable, SendDeferred, SendRefused
from responders.open311 import Filed, Open311City
from responders.open311_discovery import choose, discover
from responders.protocol import ProvedAbsent
from tests.responders.filing import a_request, an_attempt, city_of

CITY_TIME = ZoneInfo("America/New_York")
MODES = {
    "strict": [],
    "strict, XML": [],
    "wild": sorted(WILD),
    "wild, XML": sorted(WILD),
    "wrapped": [Quirk.WRAPPED],
    "XML alone": [Quirk.XML_ONLY],
    "XML whatever is asked": [Quirk.XML_ALWAYS, Quirk.WRONG_TYPE],
    "one page whatever is asked": [Quirk.NO_PAGES],
}


@pytest.fixture(params=MODES)
def simulator(town_hall: RunningSimulator, request: pytest.FixtureRequest) -> Iterator[RunningSimulator]:
    town_hall.clear_faults()
    town_hall.be_wild(*MODES[request.param])
    yield town_hall
    town_hall.be_wild()


@pytest.fixture
async def city(simulator: RunningSimulator, request: pytest.FixtureRequest) -> AsyncIterator[Open311City]:
    wanted = "xml" if request.node.callspec.params["simulator"].endswith(", XML") else "auto"
    more: dict[str, Any] = {"lists_every_request": True, "zone": CITY_TIME, "format": wanted, "updates": "auto"}
    async with city_of(simulator, **more) as client:
        yield client


async def test_every_mode_tells_the_same_of_a_request(simulator: RunningSimulator, city: Open311City) -> None:
    lat = 39 + datetime.now(UTC).microsecond / 1_000_000
    request = a_request(lat=lat, long=-75.1635, address_string="")
    filed = await city.file(request)
    simulator.city_does(filed.service_request_id, "schedule", date=datetime(2026, 12, 1, tzinfo=UTC).isoformat())
    (told,) = await city.by_ids([filed.service_request_id])
    (seen,) = (one for one in simulator.city_requests() if one["service_request_id"] == filed.service_request_id)
    assert (told.service_request_id, told.status, told.said) == (
        filed.service_request_id,
        "open",
        "Work is planned for Tuesday, December 1.",
    )
    assert told.expected_datetime == datetime.fromisoformat(seen["expected_datetime"])
    assert request.reference in told.description
    assert told.lat in (lat, None)


async def test_every_mode_proves_what_was_filed_and_what_was_not(
    simulator: RunningSimulator, city: Open311City
) -> None:
    request = a_request(address_string=f"{datetime.now(UTC).microsecond} Vine St")
    filed = await city.file(request)
    found = await city.find_filed(an_attempt(), request)
    assert isinstance(found, Filed)
    assert found.service_request_id == filed.service_request_id
    assert isinstance(await city.find_filed(an_attempt(), a_request()), ProvedAbsent)


async def test_every_mode_settles_a_token(simulator: RunningSimulator, city: Open311City) -> None:
    request = a_request(service_code="OVERGROWTH", address_string=f"{datetime.now(UTC).microsecond} Pine St")
    token = (await city.file(request)).token
    assert await city.by_token(token) is None
    simulator.settle_tokens()
    number = await city.by_token(token)
    assert number in [one["service_request_id"] for one in simulator.city_requests()]


async def test_every_mode_lists_services_and_what_they_ask(city: Open311City) -> None:
    services = {one.service_code: one for one in await city.services()}
    assert len(services) == 32
    assert services["STREET_LIGHT"].metadata
    assert not services["SIDEWALK"].metadata
    lamp, pole = (await city.definition("STREET_LIGHT")).attributes
    assert (lamp.datatype, [one.key for one in lamp.values]) == ("singlevaluelist", ["OUT", "FLICKER", "DAY", "DOWN"])
    assert (pole.code, pole.required, pole.variable, pole.order) == ("POLE", False, True, 2)
    (safe,) = (await city.definition("ANIMAL")).attributes
    assert not safe.variable


async def test_every_mode_takes_an_update_once_and_tells_it(simulator: RunningSimulator, city: Open311City) -> None:
    request = a_request(address_string=f"{datetime.now(UTC).microsecond} Race St")
    number = (await city.file(request)).service_request_id
    simulator.city_does(number, "fix")
    key, now = f"{request.reference}-1", datetime.now(UTC)
    for _ in range(2):
        await city.post_update(number, key, "OPEN", "It is dark again.", now)
    (facts,) = await city.by_ids([number])
    assert facts.status == "open"
    said = [one for one in await city.updates(now - timedelta(hours=1)) if one.service_request_id == number]
    assert [one.status for one in said] == ["fixed", "open", "open"]
    assert [one.update_id for one in said].count(key) == 1
    assert all(one.updated_datetime and abs(one.updated_datetime - now) < timedelta(minutes=5) for one in said)


async def test_a_list_in_short_pages_is_read_to_its_end(town_hall: RunningSimulator) -> None:
    numbers = []
    async with city_of(town_hall) as city:
        for door in range(60):
            filed = await city.file(a_request(service_code="SNOW_ICE", address_string=f"{door} Spruce St"))
            numbers.append(filed.service_request_id)
        town_hall.be_wild(Quirk.PAGES, Quirk.SINGLE)
        try:
            now = datetime.now(UTC)
            listed, whole = await city.between(
                now - timedelta(days=120), now + timedelta(hours=1), {"service_code": "SNOW_ICE"}
            )
            assert whole
            assert {one.service_request_id for one in listed} == set(numbers)
            assert len(await city.by_ids([*numbers, "99999999"])) == 60
            changed = await city.updated(now - timedelta(hours=1))
            assert {*numbers} <= {one.service_request_id for one in changed}
        finally:
            town_hall.be_wild()


async def test_a_duplicate_is_refused_with_its_number_unless_it_is_our_own(town_hall: RunningSimulator) -> None:
    town_hall.be_wild(Quirk.DUPLICATES)
    try:
        async with city_of(town_hall) as city:
            request = a_request(address_string="77 Duplicate Row")
            first = await city.file(request)
            assert await city.file(request) == Filed(first.service_request_id, "", first.service_notice)
            with pytest.raises(SendRefused) as refused:
                await city.file(a_request(address_string="77 Duplicate Row"))
            assert refused.value.duplicate_of == first.service_request_id
            assert first.service_request_id in refused.value.reason
    finally:
        town_hall.be_wild()


async def test_an_endpoint_without_updates_is_known_as_such(town_hall: RunningSimulator) -> None:
    town_hall.be_wild(Quirk.NO_UPDATES)
    try:
        async with city_of(town_hall, updates="auto") as city:
            assert not await city.has_updates()
            with pytest.raises(SendRefused):
                await city.post_update("13075315", "H-1", "OPEN", "dark", datetime.now(UTC))
    finally:
        town_hall.be_wild()


async def test_a_city_that_is_down_is_not_taken_for_one_without_updates(town_hall: RunningSimulator) -> None:
    town_hall.clear_faults()
    async with city_of(town_hall, updates="auto") as city:
        town_hall.fault("open311", "html_error", "updates", status=502)
        with pytest.raises(CityUnreachable):
            await city.has_updates()
        assert await city.has_updates()


async def test_nothing_is_filed_before_the_format_is_known(town_hall: RunningSimulator) -> None:
    request = a_request()
    town_hall.clear_faults()
    town_hall.fault("open311", "html_error", "services", status=502)
    async with city_of(town_hall, format="auto") as city:
        with pytest.raises(SendDeferred):
            await city.file(request)
    assert all(request.reference not in one["description"] for one in town_hall.city_requests())


async def test_a_number_that_lost_its_zeros_is_the_one_we_asked_for(town_hall: RunningSimulator) -> None:
    town_hall.clear_faults()
    town_hall.fault("open311", "status", "requests", status=200, body='[{"service_request_id": 42}]')
    async with city_of(town_hall) as city:
        assert [one.service_request_id for one in await city.by_ids(["0042"])] == ["0042"]


async def test_an_answer_without_end_is_no_answer(town_hall: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responders.open311_calls.MOST_BYTES", 1000)
    async with city_of(town_hall) as city:
        with pytest.raises(CityUnreachable):
            await city.services()


async def test_a_photo_goes_along_where_the_endpoint_wants_the_file(town_hall: RunningSimulator) -> None:
    asked: list[str] = []

    async def photo(url: str) -> bytes | None:
        asked.append(url)
        return b"\xff\xd8\xff\xe0 a photo" if "kept" in url else None

    async with city_of(town_hall, photo=photo) as city:
        for url in ("https://pics.example/kept.jpg", "https://pics.example/gone.jpg"):
            request = a_request(media_url=url, attribute={"KIND": ["TRASH", "YARD"]}, service_code="MISSED_TRASH")
            await city.file(request)
            (taken,) = (one for one in town_hall.city_requests() if request.reference in one["description"])
            assert taken["answers"] == {"KIND": ["TRASH", "YARD"]}
            assert taken["media_url"].endswith("kept-photo.jpg" if "kept" in url else "gone.jpg")
    assert asked == ["https://pics.example/kept.jpg", "https://pics.example/gone.jpg"]


async def test_a_jurisdiction_travels_with_every_call(town_hall: RunningSimulator) -> None:
    async with city_of(town_hall, jurisdiction_id="riverton.example", more_jurisdictions=["hill.example"]) as city:
        assert city.jurisdictions == ("riverton.example", "hill.example")
        sent: list[str] = []

        async def keep(request: Any) -> None:
            sent.append(request.url.params.get("jurisdiction_id") or request.content.decode())

        city._calls._client.event_hooks["request"] = [keep]
        await city.services("hill.example")
        await city.by_ids(["1"])
        await city.file(a_request(jurisdiction_id="hill.example"))
    assert sent[:2] == ["hill.example", "riverton.example"]
    assert "jurisdiction_id=hill.example" in sent[-1]


async def test_the_production_endpoint_is_found_from_its_discovery_page(town_hall: RunningSimulator) -> None:
    town_hall.be_wild()
    for url in (town_hall.open311_url, f"{town_hall.open311_url}/discovery", f"{town_hall.open311_url}/discovery.xml"):
        found = await discover(url)
        assert (found.base_url, found.format, found.production) == (town_hall.open311_url, "json", True)
    with pytest.raises(CityUnreachable):
        await discover(f"{town_hall.url}/nowhere")


@pytest.mark.parametrize(
    ("endpoints", "chosen"),
    [
        (["test v2 json", "production v2 xml"], ("https://1", "xml", True)),
        (["production v2 xml", "production v2 xml,json"], ("https://1", "json", True)),
        (["production v1 json", "test v2 json"], ("https://1", "json", False)),
        (["production v2 "], ("https://0", "json", True)),
    ],
)
def test_production_comes_before_test_and_json_before_xml(endpoints: list[str], chosen: tuple[str, str, bool]) -> None:
    told = []
    for at, one in enumerate(endpoints):
        kind, version, formats = one.split(" ")
        specification = f"http://wiki.open311.org/GeoReport_{version}"
        types = [f"text/{name}" for name in formats.split(",") if name]
        told.append({"specification": specification, "url": f"https://{at}", "type": kind, "formats": types})
    found = choose({"endpoints": told})
    assert (found.base_url, found.format, found.production) == chosen


@pytest.mark.parametrize("page", [None, [], "", {}, {"endpoints": []}, {"endpoints": [{"url": "ftp://x/v2"}]}])
def test_a_page_without_a_usable_endpoint_is_told_as_such(page: object) -> None:
    with pytest.raises(CityUnreachable):
        choose(page)
