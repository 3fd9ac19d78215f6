"""Our services and their questions follow the city's list; what we added to them stays, and nothing is deleted."""

import json

import pytest
from sqlmodel import select

from hark311.simulator import RunningSimulator
from models import Database, Datatype, Need, Service, ServiceAttribute
from responders.city_services import Changes, ServicesInStep
from responders.errors import CityUnreachable
from tests.responders.filing import city_of
from tests.town import Clock


async def sync(database: Database, hall: RunningSimulator, *, fewer: bool = False) -> Changes:
    async with city_of(hall) as city:
        return await ServicesInStep(database, city).sync(fewer=fewer)


def service(database: Database, code: str) -> Service:
    with database.read() as session:
        return session.get_one(Service, code)


@pytest.fixture
def hall(town_hall: RunningSimulator) -> RunningSimulator:
    town_hall.clear_faults()
    return town_hall


async def test_services_and_questions_are_taken_over_once(either_database: Database, hall: RunningSimulator) -> None:
    changes = await sync(either_database, hall)
    assert len(changes.added) == 32
    assert {"STREET_LIGHT.LAMP", "STREET_LIGHT.POLE", "TRANSIT.LINE"} <= {*changes.questions}
    assert not await sync(either_database, hall)
    with either_database.read() as session:
        kinds = {one.datatype for one in session.exec(select(ServiceAttribute)).all()}
        plate = session.get_one(ServiceAttribute, ("ABANDONED_VEHICLE", "PLATE"))
        lamp = session.get_one(ServiceAttribute, ("STREET_LIGHT", "LAMP"))
    assert kinds == {*Datatype}
    assert plate.private
    assert not lamp.private
    assert lamp.values[0] == {"key": "OUT", "name": "Dark"}


async def test_what_we_added_stays_and_what_the_city_drops_is_kept_as_gone(
    database: Database, hall: RunningSimulator
) -> None:
    with database.write() as session:
        own = Service(service_code="POTHOLE", service_name="Our name", keywords="deep", category="POTHOLE")
        own.plain_names, own.needs = {"en": "the hole"}, Need.BLOCK
        session.add(own)
        session.add(Service(service_code="GONE", service_name="Not theirs"))
    changes = await sync(database, hall)
    assert (changes.changed, changes.gone) == (["POTHOLE"], ["GONE"])
    hole = service(database, "POTHOLE")
    assert (hole.service_name, hole.plain_names, hole.needs) == ("Hole in the road", {"en": "the hole"}, Need.BLOCK)
    assert hole.category == "POTHOLE"
    assert not service(database, "GONE").active
    with database.write() as session:
        size = session.get_one(ServiceAttribute, ("POTHOLE", "SIZE"))
        size.questions, size.private = {"es": "¿De qué tamaño?"}, True
        session.add(size)
    asked = {"service_code": "POTHOLE", "attributes": [{"code": "SIZE", "datatype": "odd", "required": "true"}]}
    hall.fault("open311", "status", "service", status=200, body=json.dumps(asked))
    assert "POTHOLE.SIZE" in (await sync(database, hall)).questions
    with database.read() as session:
        size = session.get_one(ServiceAttribute, ("POTHOLE", "SIZE"))
    assert (size.datatype, size.required, size.questions) == (Datatype.STRING, True, {"es": "¿De qué tamaño?"})
    assert size.private


async def test_a_service_that_comes_back_is_offered_again(database: Database, hall: RunningSimulator) -> None:
    one = json.dumps([{"service_code": 7, "service_name": "Seven", "metadata": False}])
    hall.fault("open311", "status", "services", status=200, body=one)
    await sync(database, hall)
    assert "7" in (await sync(database, hall)).gone
    hall.fault("open311", "status", "services", status=200, body=one)
    assert (await sync(database, hall, fewer=True)).back == ["7"]
    assert not service(database, "POTHOLE").active


@pytest.mark.parametrize("body", ["[]", "<html></html>", '[{"service_name": "no code"}]', '[{"service_code": 7}]'])
async def test_a_list_that_says_nothing_or_breaks_off_takes_no_service_away(
    database: Database, hall: RunningSimulator, body: str
) -> None:
    await sync(database, hall)
    hall.fault("open311", "status", "services", status=200, body=body)
    with pytest.raises(CityUnreachable):
        await sync(database, hall)
    assert service(database, "POTHOLE").active


async def test_questions_that_cannot_be_asked_stay_as_they_were(database: Database, hall: RunningSimulator) -> None:
    await sync(database, hall)
    hall.fault("open311", "html_error", "service", times=None)
    changes = await sync(database, hall)
    assert "POTHOLE" in changes.unread
    assert not changes
    with database.read() as session:
        assert session.get_one(ServiceAttribute, ("POTHOLE", "SIZE")).active


async def test_the_city_is_asked_once_a_day(database: Database, hall: RunningSimulator) -> None:
    clock = Clock()
    async with city_of(hall) as city:
        services = ServicesInStep(database, city, clock=clock)
        assert await services.sync_if_due()
        assert await services.sync_if_due() is None
        clock.advance(days=1, minutes=1)
        assert await services.sync_if_due() == Changes()


async def test_a_code_of_another_jurisdiction_is_left_alone_and_told(
    database: Database, hall: RunningSimulator
) -> None:
    async with city_of(hall, jurisdiction_id="riverton", more_jurisdictions=["hill"]) as city:
        changes = await ServicesInStep(database, city).sync()
    assert len(changes.added) == len(changes.elsewhere) == 32
    assert not changes.gone
    assert service(database, "POTHOLE").jurisdiction_id == "riverton"
