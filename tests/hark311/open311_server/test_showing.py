"""How much of a request and of its updates is shown to whom."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from models import Mention, Post, StatusUpdate
from models.open311 import CLOSED_STATES, open_or_closed
from responders.reopening import told_again
from tests.hark311.open311_server.city import City, file
from tests.hark311.open311_server.conftest import NOON, StartCity

PHOTO = "https://pics.example/front-door.jpg"
UPDATE = {"update_id": "1", "status": "OPEN", "description": "Left by the back door", "media_url": PHOTO}
HIDDEN = ("", "")
TOLD = (UPDATE["description"], PHOTO)


def updated(city: City, **report: str) -> tuple[str, str]:
    """A filed report that the department has told news of, with a photo; its partner's key and its number."""
    key, department = city.partner(), city.partner("Sanitation", may_update=True)
    number = city.report(key, **report)
    city.file(number, "77")
    told = city.post("/v2/servicerequestupdates.json", department, UPDATE | {"service_request_id": number})
    assert told.status_code == 201, told.text
    return key, number


def update_seen(city: City, number: str, key: str = "") -> tuple[str, str]:
    """The words and the photo of the one update of a request."""
    answer = city.get("/v2/servicerequestupdates.json", key, service_request_id=number)
    (found,) = answer.json()
    return found["description"], found["media_url"]


def test_what_was_said_and_seen_at_a_home_is_told_to_who_reported_it_alone(start_city: StartCity) -> None:
    city = start_city("public")
    key, number = updated(city, service_code="007", address_string="1234 N 5th St")
    assert update_seen(city, number) == HIDDEN
    assert update_seen(city, number, city.partner("Another")) == HIDDEN
    assert update_seen(city, number, key) == TOLD


def test_what_was_said_in_the_street_is_told_to_anybody_until_a_post_of_it_is_deleted(start_city: StartCity) -> None:
    city = start_city("public")
    key, number = updated(city)
    assert update_seen(city, number) == TOLD
    with city.product.database.write() as session:
        session.exec(select(Post)).one().deleted_at = NOON
    assert update_seen(city, number) == HIDDEN
    assert update_seen(city, number, key) == TOLD


@pytest.mark.parametrize("city_number", ["", "78"])
def test_an_answer_that_was_passed_on_is_no_request_of_its_own(start_city: StartCity, city_number: str) -> None:
    city = start_city("public")
    number = city.report(city.partner())
    city.file(number, "77")
    with city.product.database.write() as session:
        mention, first = city.reported(number)
        answer = told_again(session, first, session.get_one(Mention, mention.id), NOON)
        answer.answers_city, answer.description = True, "It is the pole at the back"
        session.add(answer)
        session.flush()
        file(session, answer, city_number)
    assert city.numbers() == [number]
    assert "the back" not in city.get("/v2/requests.json").text


@pytest.mark.parametrize("state", sorted(CLOSED_STATES))
def test_a_final_state_of_a_partner_closes_the_request_and_is_listed_as_closed(city: City, state: str) -> None:
    key, department = city.partner(), city.partner("Streets", may_update=True)
    number = city.report(key)
    city.file(number, "88")
    told = {"service_request_id": number, "update_id": "1", "status": state, "description": "Done with it."}
    assert city.post("/v2/servicerequestupdates.json", department, told).status_code == 201
    assert city.one(number, key)["status"] == "closed"
    (listed,) = city.get("/v2/servicerequestupdates.json", key).json()
    assert listed["status"] == "CLOSED"


@pytest.mark.parametrize(
    ("state", "meant"),
    [
        ("unable_to_fix", "closed"),
        ("not_responsible", "closed"),
        ("fixed - council", "closed"),
        ("Fixed - User", "closed"),
        ("in_progress", "open"),
        ("open", "open"),
        ("", ""),
    ],
)
def test_one_table_says_which_states_are_final(state: str, meant: str) -> None:
    assert open_or_closed(state) == meant


def test_a_final_state_of_the_city_is_listed_as_closed_however_it_is_written(city: City) -> None:
    key, number = updated(city)
    with city.product.database.write() as session:
        session.exec(select(StatusUpdate)).one().status = "fixed - council"
    (listed,) = city.get("/v2/servicerequestupdates.json", key, service_request_id=number).json()
    assert listed["status"] == "CLOSED"


@pytest.mark.parametrize("citys", [None, NOON + timedelta(days=2)])
def test_the_date_that_counts_is_the_citys_and_else_the_one_our_calendar_promises(city: City, citys: Any) -> None:
    key = city.partner()
    number = city.report(key)
    city.file(number, "99", promised_datetime=NOON + timedelta(days=9), expected_datetime=citys)
    day = (citys or NOON + timedelta(days=9)).date().isoformat()
    assert city.one(number, key)["expected_datetime"].startswith(day)
