"""Asking geocoders: what leaves the house and what never does, the limits, what is remembered, and nothing is lost."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, func, select

from hark311 import place_jobs
from hark311.geocoding.asking import Asking, city_box, words_to_send
from hark311.settings import Settings
from models import Candidate, Database, Mention, MentionState, ServiceRequest, Understanding, utc_now
from models.geocoding import KEPT, GeocodeAnswer, GeocoderTurn
from models.places import AreaKind, FeatureKind, LayerKind, PlaceFeature, PlaceLayer
from models.shapes import Box
from models.understandings import Evidence, EvidenceKind, Intent
from tests import rows
from tests.hark311.fake_geocoders import LAT, LON, FakeGeocoders, a_geocoder
from tests.town import Clock

POST = "Ms. Ann Ruiz @ann_r: hole at 1336 Quarry Rd, call 215-555-0133"
PHRASE = "1336 Quarry Rd"


@pytest.fixture
def fake() -> Iterator[FakeGeocoders]:
    with FakeGeocoders() as fake:
        yield fake


@pytest.fixture
def asking(fake: FakeGeocoders, database: Database, clock: Clock) -> Iterator[Asking]:
    geocoder = a_geocoder(fake, "nominatim")
    yield Asking(database, geocoder, "riverton", "Riverton, PA", clock=clock)
    geocoder.close()


def an_understanding(session: Session, phrase: str = PHRASE, places: tuple[Candidate, ...] = ()) -> Understanding:
    mention = rows.a_mention(session, POST)
    mention.state = MentionState.DRAFTED
    start = POST.index("1336")
    evidence = Evidence(kind=EvidenceKind.LOCATION, start=start, end=start + len(phrase), post_id=7)
    understanding = Understanding(
        mention_id=mention.id or 0,
        model_version="test",
        location_phrase=phrase,
        evidence=[evidence.model_dump(exclude_defaults=True)],
        places=[one.model_dump(exclude_defaults=True) for one in places],
        created_at=rows.MORNING - timedelta(days=400),
    )
    session.add(understanding)
    session.flush()
    return understanding


def a_feature(layer: PlaceLayer, kind: FeatureKind, south: float, north: float) -> PlaceFeature:
    """A house, or the outline of the city."""
    return PlaceFeature(
        layer_id=layer.id or 0,
        kind=kind,
        name="a",
        other=AreaKind.CITY if kind is FeatureKind.AREA else "",
        min_lat=south,
        max_lat=north,
        min_lon=-76.0,
        max_lon=-74.0,
    )


def places_of(database: Database, understanding: Understanding) -> list[Candidate]:
    with database.read() as session:
        return session.get_one(Understanding, understanding.id).candidates()


def turn_of(database: Database) -> GeocoderTurn:
    with database.read() as session:
        return session.exec(select(GeocoderTurn)).one()


@pytest.mark.parametrize(
    ("phrase", "sent"),
    [
        ("1336 Quarry Rd", "1336 Quarry Rd, Riverton"),
        ("Quarry Rd, Riverton", "Quarry Rd, Riverton"),
        ("by @ann_r at Quarry Rd 215-555-0133 ann@mail.example", "by at Quarry Rd, Riverton"),
        ("https://x.example/ann Quarry Rd", "Quarry Rd, Riverton"),
        ("@ann_r@town.example", ""),
        ("215-555-0133", ""),
        ("  ", ""),
    ],
)
def test_only_the_place_leaves_the_house(phrase: str, sent: str) -> None:
    assert words_to_send(phrase, "Riverton") == sent


def test_a_long_phrase_is_cut() -> None:
    assert len(words_to_send("rubble " * 100)) <= 200


def test_the_phrase_is_asked_and_never_the_post(asking: Asking, fake: FakeGeocoders, database: Database) -> None:
    with database.write() as session:
        understanding = an_understanding(session)
    assert asking.ask_next() == 1.5
    assert fake.asked[0][1]["q"] == "1336 Quarry Rd, Riverton, PA"
    assert not any(word in str(fake.asked) for word in ("Ruiz", "ann_r", "555-0133", "hole"))
    first = places_of(database, understanding)[0]
    assert (first.name, first.source, first.post_id) == ("1336 Quarry Rd", "Nominatim", 7)
    assert POST[first.start : first.end] == "1336 Quarry Rd"
    assert "OpenStreetMap contributors" in first.note


def test_nothing_is_filled_in_by_itself(asking: Asking, database: Database) -> None:
    with database.write() as session:
        understanding = an_understanding(session)
        request = rows.a_request(session, session.get_one(Mention, understanding.mention_id))
    asking.ask_next()
    assert places_of(database, understanding)
    with database.read() as session:
        kept = session.get_one(ServiceRequest, request.id)
        assert (kept.address_string, kept.lat, kept.long, kept.revision) == ("", None, None, 1)
        assert session.get_one(Mention, understanding.mention_id).version == 1


def test_a_question_is_asked_once_and_then_remembered(
    asking: Asking, fake: FakeGeocoders, database: Database, clock: Clock
) -> None:
    with database.write() as session:
        first, second = an_understanding(session), an_understanding(session, "1336  QUARRY Rd")
    assert [asking.ask_next(), asking.ask_next(), asking.ask_next()] == [1.5, 0.0, None]
    assert len(fake.asked) == 1
    assert [one.lat for one in places_of(database, second)] == [one.lat for one in places_of(database, first)]
    clock.offset += KEPT
    with database.write() as session:
        an_understanding(session)
    assert asking.ask_next() == 1.5
    assert len(fake.asked) == 2
    with database.read() as session:
        assert len(session.exec(select(GeocodeAnswer)).all()) == 1


def test_what_is_remembered_holds_nothing_of_who_asked(asking: Asking, database: Database) -> None:
    with database.write() as session:
        an_understanding(session)
    asking.ask_next()
    with database.read() as session:
        kept = session.exec(select(GeocodeAnswer)).one()
    assert set(kept.answer[0]) <= {"kind", "name", "lat", "lon", "precision_m", "source", "score", "outside", "note"}
    assert len(kept.asked_sha256) == 64


def test_two_workers_together_keep_the_limit(
    asking: Asking, fake: FakeGeocoders, database: Database, clock: Clock
) -> None:
    other = Asking(database, asking.geocoder, "riverton", clock=clock)
    with database.write() as session:
        for number in range(3):
            an_understanding(session, f"{number + 1} Quarry Rd")
    assert asking.ask_next() == 1.5
    wait = other.ask_next()
    assert wait is not None
    assert 1.0 < wait <= 1.5
    assert len(fake.asked) == 1
    clock.advance(seconds=1.5)
    assert other.ask_next() == 1.5
    assert len(fake.asked) == 2


def test_nobody_else_asks_while_a_question_is_out(asking: Asking, database: Database, clock: Clock) -> None:
    other = Asking(database, asking.geocoder, "riverton", clock=clock)
    with database.write() as session:
        an_understanding(session)
    assert asking._take_turn() == 0
    wait = other.ask_next()
    assert wait is not None
    assert wait > 10


def test_a_refusal_loses_nothing_and_is_kept_for_staff_to_read(
    asking: Asking, fake: FakeGeocoders, database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with database.write() as session:
        understanding = an_understanding(session)
    fake.status = 403
    with caplog.at_level(logging.WARNING):
        assert asking.ask_next() == 600
    assert "Quarry" not in caplog.text
    assert places_of(database, understanding) == []
    assert turn_of(database).trouble == "Nominatim refuses us: the key is wrong, or its terms of use are not kept."
    assert (asking.ask_next() or 0) > 590
    fake.status = 200
    clock.advance(seconds=600)
    assert asking.ask_next() == 1.5
    assert places_of(database, understanding)[0].lat == LAT
    assert turn_of(database).trouble == ""


def test_a_question_the_provider_cannot_bear_does_not_hold_up_the_next(
    asking: Asking, fake: FakeGeocoders, database: Database, clock: Clock
) -> None:
    with database.write() as session:
        an_understanding(session, "13 Quarry Rd")
        second = an_understanding(session)
    fake.status = 500
    for _ in range(3):
        assert asking.ask_next() == 60
        clock.advance(seconds=60)
    fake.status = 200
    asking.ask_next()
    assert places_of(database, second)


def test_a_question_that_is_not_understood_is_asked_once(
    asking: Asking, fake: FakeGeocoders, database: Database, clock: Clock
) -> None:
    with database.write() as session:
        an_understanding(session)
    fake.status = 400
    assert asking.ask_next() == 2
    clock.advance(seconds=60)
    assert asking.ask_next() is None
    assert len(fake.asked) == 1


def test_being_asked_less_often_never_gives_up_a_place(
    asking: Asking, fake: FakeGeocoders, database: Database, clock: Clock
) -> None:
    with database.write() as session:
        understanding = an_understanding(session)
    fake.status = 429
    for _ in range(5):
        asking.ask_next()
        clock.advance(seconds=60)
    fake.status = 200
    asking.ask_next()
    assert places_of(database, understanding)


def test_what_is_known_closed_or_older_is_not_asked(asking: Asking, fake: FakeGeocoders, database: Database) -> None:
    with database.write() as session:
        an_understanding(session, places=(Candidate(kind="address", name="1336 Quarry Rd", lat=LAT, lon=LON),))
        an_understanding(session, "@ann_r")
        an_understanding(session, "")
        closed = an_understanding(session)
        session.get_one(Mention, closed.mention_id).state = MentionState.CLOSED
        old = an_understanding(session, "1 Old Phrase Rd")
        session.add(
            Understanding(mention_id=old.mention_id, model_version="t", location_phrase="", created_at=old.created_at)
        )
    assert asking.ask_next() is None
    assert fake.asked == []
    with database.read() as session:
        newest = session.exec(select(func.max(Understanding.id))).one()
    assert turn_of(database).reached == newest


def test_an_understanding_that_has_only_just_come_waits(
    asking: Asking, fake: FakeGeocoders, database: Database, clock: Clock
) -> None:
    with database.write() as session:
        an_understanding(session).created_at = clock()
    assert asking.ask_next() is None
    clock.advance(seconds=3)
    assert asking.ask_next() == 1.5


def test_words_taken_back_while_we_asked_get_no_place(asking: Asking, database: Database) -> None:
    with database.write() as session:
        understanding = an_understanding(session)
    question = asking._next()
    assert question is not None
    with database.write() as session:
        session.get_one(Understanding, understanding.id).location_phrase = ""
    asking._store(question, [{"kind": "address", "name": "1336 Quarry Rd", "lat": LAT, "lon": LON}])
    assert places_of(database, understanding) == []


def test_the_box_is_the_citys_outline_and_else_all_that_is_known(database: Database, clock: Clock) -> None:
    with database.write() as session:
        assert city_box(session, "riverton") is None
        layer = PlaceLayer(
            city="riverton", kind=LayerKind.STREETS, name="streets", imported_at=clock(), changed_at=clock()
        )
        session.add(layer)
        session.flush()
        session.add(a_feature(layer, FeatureKind.HOUSE, south=39.0, north=41.0))
        assert city_box(session, "riverton") == Box(-76.0, 39.0, -74.0, 41.0)
        session.add(a_feature(layer, FeatureKind.AREA, south=39.9, north=40.1))
        assert city_box(session, "riverton") == Box(-76.0, 39.9, -74.0, 40.1)
        layer.retired_at = clock()
        assert city_box(session, "riverton") is None


async def test_the_job_asks_until_nothing_waits(fake: FakeGeocoders, database: Database) -> None:
    asking = Asking(database, a_geocoder(fake, "ais"), "riverton")
    with database.write() as session:
        an_understanding(session)
        an_understanding(session, "1336 quarry rd")
    assert await place_jobs.geocode_mentions({"asking": place_jobs.Geocoding(database, asking)}) == 1
    assert asking.ask_next() is None
    asking.geocoder.close()


async def test_without_a_geocoder_the_job_does_nothing(database: Database) -> None:
    geocoding = place_jobs.asking_of(Settings(), database)
    assert geocoding.asking is None
    assert await place_jobs.geocode_mentions({"asking": geocoding}) == 0


async def test_old_answers_are_forgotten_without_a_geocoder_too_and_not_in_every_round(database: Database) -> None:
    def remember() -> None:
        with database.write() as session:
            for words, age in (("old", KEPT), ("young", KEPT - timedelta(hours=1))):
                session.merge(GeocodeAnswer(provider="census", asked_sha256=words, at=utc_now() - age))

    def remembered() -> list[str]:
        with database.read() as session:
            return sorted(session.exec(select(GeocodeAnswer.asked_sha256)))

    geocoding = place_jobs.asking_of(Settings(), database)
    remember()
    await place_jobs.geocode_mentions({"asking": geocoding})
    assert remembered() == ["young"]
    remember()
    await place_jobs.geocode_mentions({"asking": geocoding})
    assert remembered() == ["old", "young"]


@pytest.mark.parametrize("intent", [None, *Intent])
def test_the_place_of_a_text_that_nothing_is_filed_for_never_leaves_the_house(
    asking: Asking, fake: FakeGeocoders, database: Database, intent: Intent | None
) -> None:
    with database.write() as session:
        an_understanding(session).intent = intent
    asking.ask_next()
    assert len(fake.asked) == (intent not in ("praise", "question", "status_enquiry", "chatter"))


def test_the_settings_choose_and_pass_on_the_citys_numbers(database: Database, fake: FakeGeocoders) -> None:
    chosen = {"geocoder": "census", "geocoder_url": fake.url, "geocoder_nearby": "Riverton, PA"}
    asking = place_jobs.asking_of(Settings.model_validate(chosen), database).asking
    assert asking is not None
    assert (asking.geocoder.provider.name, asking.nearby) == ("census", "Riverton, PA")
    assert "215-686-8686" in asking.keep
    asking.geocoder.close()


def test_both_databases_remember_answers_and_take_turns(
    either_database: Database, fake: FakeGeocoders, clock: Clock
) -> None:
    asking = Asking(either_database, a_geocoder(fake, "photon"), "riverton", clock=clock)
    with either_database.write() as session:
        first, second = an_understanding(session), an_understanding(session)
    assert [asking.ask_next(), asking.ask_next(), asking.ask_next()] == [1.5, 0.0, None]
    assert len(fake.asked) == 1
    for understanding in (first, second):
        assert places_of(either_database, understanding)[0].name == "1336 Quarry Rd"
    asking.geocoder.close()
