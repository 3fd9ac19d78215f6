"""The simulated city over GeoReport v2, JSON and XML."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from hark311.simulator import RunningSimulator, SimulatorSettings
from hark311.simulator.open311_requests import City
from hark311.simulator.open311_services import BY_CODE
from hark311.simulator.store import Store

HOLE = {"service_code": "POTHOLE", "lat": "39.9526", "long": "-75.1652", "description": "Deep <hole> & water"}


def submit(city: httpx.Client, suffix: str = "json", /, **fields: Any) -> httpx.Response:
    return city.post(f"/requests.{suffix}", data={"api_key": "simulator-open311-key", **HOLE, **fields})


def test_discovery_names_endpoints_in_both_formats(city: httpx.Client) -> None:
    found = city.get("/discovery.json").json()
    assert found["endpoints"][0]["specification"].endswith("GeoReport_v2")
    assert city.get("/services.json").json() == httpx.get(found["endpoints"][0]["url"] + "/services.json").json()
    root = ElementTree.fromstring(city.get("/discovery.xml").content)  # noqa: S314 - our own server's XML
    assert [one.text for one in root.findall("endpoints/endpoint/formats/format")][:2] == [
        "application/json",
        "text/xml",
    ]


def test_all_32_services_are_listed_with_the_required_fields(city: httpx.Client) -> None:
    services = city.get("/services.json").json()
    assert len(services) == len({service["service_code"] for service in services}) == 32
    assert {type(service["metadata"]) for service in services} == {bool}
    assert {service["type"] for service in services} == {"realtime", "batch"}
    rows = ElementTree.fromstring(city.get("/services.xml").content)  # noqa: S314 - our own server's XML
    assert [row.findtext("service_code") for row in rows] == [service["service_code"] for service in services]
    assert {row.findtext("metadata") for row in rows} == {"true", "false"}


def test_a_definition_numbers_its_questions_from_one(city: httpx.Client) -> None:
    found = city.get("/services/STREET_LIGHT.json").json()
    assert [(one["code"], one["order"], one["required"]) for one in found["attributes"]] == [
        ("LAMP", 1, False),
        ("POLE", 2, False),
    ]
    root = ElementTree.fromstring(city.get("/services/STREET_LIGHT.xml").content)  # noqa: S314 - our own server's XML
    assert root.tag == "service_definition"
    assert root.findtext("attributes/attribute/values/value/key") == "OUT"


def test_a_request_gets_an_eight_digit_number_and_keeps_our_words(city: httpx.Client) -> None:
    receipt = submit(city).json()[0]
    assert len(receipt["service_request_id"]) == 8
    assert "token" not in receipt
    assert "3 business days" in receipt["service_notice"]
    told = city.get(f"/requests/{receipt['service_request_id']}.json").json()[0]
    assert (told["description"], told["status"], told["lat"]) == (HOLE["description"], "open", 39.9526)
    assert datetime.fromisoformat(told["expected_datetime"]) > datetime.fromisoformat(told["requested_datetime"])
    xml = city.get(f"/requests/{receipt['service_request_id']}.xml")
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    row = ElementTree.fromstring(xml.content).find("request")  # noqa: S314 - our own server's XML
    assert row is not None
    assert row.findtext("description") == HOLE["description"]


def test_numbers_go_on_upward(city: httpx.Client) -> None:
    first, second = (int(submit(city).json()[0]["service_request_id"]) for _ in range(2))
    assert second == first + 1


def test_a_batch_service_gives_a_token_first(simulator: RunningSimulator, city: httpx.Client) -> None:
    receipt = submit(city, service_code="OVERGROWTH", address_string="2600 N Hancock St").json()[0]
    assert "service_request_id" not in receipt
    waiting = city.get(f"/tokens/{receipt['token']}.json").json()
    assert waiting == [{"service_request_id": "", "token": receipt["token"]}]
    assert city.get("/requests.json").json() == []
    simulator.settle_tokens()
    number = city.get(f"/tokens/{receipt['token']}.json").json()[0]["service_request_id"]
    assert city.get(f"/requests/{number}.json").json()[0]["address"] == "2600 N Hancock St"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"api_key": ""}, 403),
        ({"api_key": "wrong"}, 403),
        ({"service_code": ""}, 404),
        ({"service_code": "NOPE"}, 404),
        ({"lat": "", "long": ""}, 400),
        ({"lat": "north"}, 400),
        ({"lat": "91"}, 400),
        ({"description": "x" * 4001}, 400),
        ({"service_code": "TRANSIT"}, 400),
        ({"service_code": "STREET_LIGHT", "attribute[LAMP]": "PURPLE"}, 400),
    ],
)
def test_a_wrong_submission_is_refused_as_a_list_of_errors(
    simulator: RunningSimulator, city: httpx.Client, fields: dict[str, str], status: int
) -> None:
    answer = submit(city, **fields)
    assert answer.status_code == status
    assert answer.json()[0]["code"] == status
    assert answer.json()[0]["description"]
    xml = ElementTree.fromstring(submit(city, "xml", **fields).content)  # noqa: S314 - our own server's XML
    assert xml.findtext("error/code") == str(status)
    assert simulator.city_requests() == []


def test_answers_and_contact_are_kept_for_the_city(simulator: RunningSimulator, city: httpx.Client) -> None:
    body = {"attribute[LAMP]": "OUT", "attribute[POLE]": "17", "email": "rosa@example.com"}
    assert submit(city, service_code="STREET_LIGHT", **body).status_code == 201
    several: dict[str, Any] = {"attribute[KIND][]": ["TRASH", "YARD"]}
    assert submit(city, service_code="MISSED_TRASH", **several).status_code == 201
    light, trash = simulator.city_requests()
    assert light["answers"] == {"LAMP": ["OUT"], "POLE": ["17"]}
    assert light["contact"] == {"email": "rosa@example.com"}
    assert trash["answers"] == {"KIND": ["TRASH", "YARD"]}


@pytest.mark.parametrize(
    "path", ["/requests/99999999", "/requests/abc", "/requests/99999999999999999999", "/tokens/none", "/services/NOPE"]
)
def test_what_is_not_there_is_404(city: httpx.Client, path: str) -> None:
    answer = city.get(f"{path}.json")
    assert answer.status_code == 404
    assert answer.json()[0]["code"] == 404


def test_lists_can_be_narrowed_and_paged(simulator: RunningSimulator, city: httpx.Client) -> None:
    numbers = [submit(city, service_code=code).json()[0]["service_request_id"] for code in ("POTHOLE", "TREE", "TREE")]
    simulator.close_request(numbers[1], "Cut back.")

    def listed(**query: str) -> list[str]:
        return [row["service_request_id"] for row in city.get("/requests.json", params=query).json()]

    assert listed() == numbers[::-1]
    assert listed(service_code="TREE") == [numbers[2], numbers[1]]
    assert listed(status="closed") == [numbers[1]]
    assert listed(service_code="TREE,POTHOLE", status="open") == [numbers[2], numbers[0]]
    assert listed(service_request_id=f"{numbers[0]},{numbers[1]}", status="open") == [numbers[1], numbers[0]]
    assert listed(page_size="2", page="2") == [numbers[0]]
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert listed(start_date=soon) == []
    assert listed(end_date=soon) == numbers[::-1]
    assert city.get("/requests.json", params={"status": "lost"}).status_code == 400
    assert city.get("/requests.json", params={"start_date": "yesterday"}).status_code == 400


def test_the_city_closes_reopens_and_annotates(simulator: RunningSimulator, city: httpx.Client) -> None:
    number = submit(city).json()[0]["service_request_id"]
    simulator.close_request(number, "Filled this morning.")
    closed = city.get(f"/requests/{number}.json").json()[0]
    assert (closed["status"], closed["status_notes"]) == ("closed", "Filled this morning.")
    simulator.change_request(number, status="open")
    simulator.change_request(number, status_notes="A second look is planned.")
    opened = city.get(f"/requests/{number}.json").json()[0]
    assert (opened["status"], opened["status_notes"]) == ("open", "A second look is planned.")


def test_a_city_on_a_clock_closes_by_itself(tmp_path: Path) -> None:
    now = [time.time()]
    settings = SimulatorSettings(tmp_path / "clock.sqlite", port=0, close_after=60, clock=lambda: now[0])
    with (
        RunningSimulator(tmp_path / "clock.sqlite", settings) as running,
        httpx.Client(base_url=running.open311_url, trust_env=False) as client,
    ):
        number = submit(client).json()[0]["service_request_id"]
        assert client.get(f"/requests/{number}.json").json()[0]["status"] == "open"
        now[0] += 61
        assert client.get(f"/requests/{number}.json").json()[0]["status"] == "closed"


def test_promises_skip_weekends(tmp_path: Path) -> None:
    settings = SimulatorSettings(tmp_path / "promise.sqlite")
    store = Store(settings.database, settings.clock)
    city = City(store, settings)
    friday = datetime(2026, 11, 20, 12, tzinfo=city.zone)
    promised = datetime.fromtimestamp(
        city.promise_ms(BY_CODE["POTHOLE"], int(friday.timestamp() * 1000)) / 1000, city.zone
    )
    assert promised == datetime(2026, 11, 25, 17, tzinfo=city.zone)
    store.close()
