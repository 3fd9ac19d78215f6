"""Geocoders: what each provider is asked, what comes back, and its refusals in our words."""

import socket
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from hark311.geocoding.naming import written
from hark311.geocoding.protocol import CannotAsk, Geocoder
from hark311.geocoding.providers import PROVIDERS
from hark311.settings import Settings
from models.shapes import Box
from tests.hark311.fake_geocoders import KEY, LAT, LON, NOTHING, FakeGeocoders, a_geocoder

BOX = Box(-75.3, 39.8, -74.9, 40.2)


@pytest.fixture
def fake() -> Iterator[FakeGeocoders]:
    with FakeGeocoders() as fake:
        yield fake


def said_by(geocoder: Geocoder) -> str:
    """The names of what it finds, or why it finds nothing."""
    try:
        return ", ".join(one.name for one in geocoder.find("1336 Quarry Rd", BOX))
    except CannotAsk as error:
        return str(error)


@pytest.fixture(params=list(PROVIDERS))
def geocoder(request: pytest.FixtureRequest, fake: FakeGeocoders) -> Iterator[Geocoder]:
    geocoder = a_geocoder(fake, request.param)
    yield geocoder
    geocoder.close()


def test_every_provider_finds_the_place_and_names_its_source(geocoder: Geocoder) -> None:
    found = geocoder.find("1336 Quarry Rd, Riverton, PA", BOX)[0]
    named = "Riverton Baths" if geocoder.provider.name == "pelias" else "1336 Quarry Rd"
    assert (found.name, found.lat, found.lon, found.outside) == (named, LAT, LON, False)
    assert (found.source, found.note) == (geocoder.provider.source, geocoder.provider.attribution)
    assert 0 < found.precision_m <= 60
    assert 0 < found.score <= 1


def test_every_provider_may_know_nothing(geocoder: Geocoder, fake: FakeGeocoders) -> None:
    fake.answers = NOTHING
    assert geocoder.find("nowhere", BOX) == []


def test_every_provider_is_told_who_asks(geocoder: Geocoder, fake: FakeGeocoders) -> None:
    geocoder.find("1336 Quarry Rd", None)
    agent = fake.asked[0][2]["user-agent"]
    assert agent.startswith("hark311/")
    assert "311@riverton.example" in agent


@pytest.mark.parametrize(
    ("status", "headers", "again", "tries", "said"),
    [
        (403, {}, 600, 0, "refuses us"),
        (401, {}, 600, 0, "refuses us"),
        (429, {"retry-after": "33"}, 33, 0, "less often"),
        (429, {}, 60, 0, "less often"),
        (503, {}, 60, 3, "did not answer"),
        (500, {}, 60, 3, "could not be reached"),
        (400, {}, 2, 1, "did not understand"),
    ],
)
def test_every_refusal_is_said_in_our_words(
    geocoder: Geocoder, fake: FakeGeocoders, status: int, headers: dict[str, str], again: float, tries: int, said: str
) -> None:
    fake.status, fake.headers = status, headers
    with pytest.raises(CannotAsk, match=said) as caught:
        geocoder.find("1336 Quarry Rd", BOX)
    assert caught.value.again_seconds == again
    assert caught.value.tries == tries
    assert "Quarry" not in str(caught.value)
    assert geocoder.provider.source in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>", b'{"features": [{}]}', b'[{"lat": "x"}]', b'{"result": 3}', b'"?"'])
def test_an_answer_that_makes_no_sense_is_none(geocoder: Geocoder, fake: FakeGeocoders, body: bytes) -> None:
    fake.body = body
    assert said_by(geocoder) in ("", f"{geocoder.provider.source} answered something we cannot read.")


def test_a_provider_that_is_not_there_is_said_so(geocoder: Geocoder, fake: FakeGeocoders) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = a_geocoder(fake, geocoder.provider.name, geocoder_url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(CannotAsk, match="could not be reached"):
            nowhere.find("1336 Quarry Rd", BOX)
        nowhere.close()


def test_the_citys_key_travels_in_a_header_and_owners_are_not_read(fake: FakeGeocoders) -> None:
    geocoder = a_geocoder(fake, "ais")
    found = geocoder.find("1336 Quarry Rd / rear", BOX)
    geocoder.close()
    path, question, headers = fake.asked[0]
    assert path == "/search/1336 Quarry Rd / rear"
    assert headers["authorization"] == f"Gatekeeper-Key {KEY}"
    assert KEY not in path + str(question)
    assert "PRIVATE" not in str(found)


def test_nominatim_is_asked_within_the_city_and_what_lies_outside_is_marked(fake: FakeGeocoders) -> None:
    found = a_geocoder(fake, "nominatim").find("Quarry Road", BOX)
    question = fake.asked[0][1]
    assert (question["viewbox"], question["bounded"]) == ("-75.3,39.8,-74.9,40.2", "1")
    assert [(one.kind, one.outside) for one in found] == [("address", False), ("street", True)]
    assert found[1].precision_m > 10_000


def test_photon_tells_parks_from_houses_and_reads_a_box_from_any_corners(fake: FakeGeocoders) -> None:
    house, park = a_geocoder(fake, "photon").find("Mill Green", BOX)
    assert (house.kind, park.kind, park.name) == ("address", "landmark", "Mill Green")
    assert 50_000 < park.precision_m < 70_000


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("1336 QUARRY ROAD", "1336 Quarry Rd"),
        ("N 12TH ST & QUARRY RD", "N 12th St & Quarry Rd"),
        ("north 12th street and Quarry Road", "N 12th St & Quarry Rd"),
        ("1200-1299 block of Quarry Road", "1200 block of Quarry Rd"),
        ("Quarry Road", "Quarry Rd"),
        ("12th Street", "12th St"),
    ],
)
def test_their_names_are_written_as_our_own(theirs: str, ours: str) -> None:
    assert written(theirs) == ours


def test_the_citys_service_may_know_no_such_place(fake: FakeGeocoders) -> None:
    geocoder = a_geocoder(fake, "ais")
    fake.status = 404
    assert geocoder.find("nowhere", BOX) == []
    geocoder.close()


def test_a_server_of_the_citys_own_may_stand_under_a_path(geocoder: Geocoder, fake: FakeGeocoders) -> None:
    fake.root = "/geo/v9"
    under = a_geocoder(fake, geocoder.provider.name, geocoder_url=f"{fake.url}/geo/v9/")
    assert under.find("1336 Quarry Rd", BOX)
    assert fake.asked[0][0].startswith("/geo/v9/")
    under.close()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"geocoder": "ais"}, "needs geocoder_key"),
        ({"geocoder": "nominatim"}, "needs geocoder_contact"),
        ({"geocoder": "photon"}, "needs geocoder_contact"),
        ({"geocoder": "pelias"}, "say geocoder_url"),
        ({"geocoder": "census", "geocoder_url": "file:///etc/passwd"}, "must begin with https"),
        ({"geocoder": "google"}, "geocoder"),
    ],
)
def test_a_geocoder_that_is_half_set_is_refused(wrong: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate(wrong)
