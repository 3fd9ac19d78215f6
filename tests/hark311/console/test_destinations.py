"""Where requests go: destinations are added, changed and switched, and services sent to them, on record."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlmodel import select

from models import AuditEntry, Destination, DestinationKind, Role, Service, ServiceDestination, ServiceRequest
from models.job_names import SUBMIT_REQUEST
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import make_services, make_staff
from tests.hark311.console.stuck import make_stuck

PASSWORD = "a-password-of-the-mail-server"
SETTINGS: dict[str, Any] = {
    "mail": {
        "kind": "email",
        "smtp_host": "mail.riverton.example",
        "smtp_user": "desk",
        "smtp_password": PASSWORD,
        "sender": "311@riverton.example",
    },
    "hook": {"kind": "webhook", "url": "https://works.riverton.example/in", "secret": "s" * 20},
    "county": {"kind": "open311", "base_url": "https://county.example/open311/v2", "api_key": "county-key"},
}


@pytest.fixture
def desk(start_desk: StartDesk) -> Running:
    return start_desk(destinations=SETTINGS)


@pytest.fixture
def browser(desk: Running) -> Browser:
    with desk.rows() as session:
        staff = make_staff(session, "Ida Brook", Role.SUPERVISOR)
    return desk.browser_of(staff)


def _destinations(desk: Running) -> list[Destination]:
    with desk.database.read() as session:
        return list(session.exec(select(Destination)).all())


def _add(browser: Browser, **typed: str) -> int:
    given = {"name": "Parks Department", "way": "mail", "address": "parks@riverton.example"}
    return browser.post("/destinations", "/destinations", **(given | typed)).status_code


def test_a_department_is_added_with_its_address(desk: Running, browser: Browser) -> None:
    assert _add(browser) == 303
    (row,) = _destinations(desk)
    assert (row.name, row.kind, row.settings_key, row.address) == (
        "Parks Department",
        DestinationKind.EMAIL,
        "mail",
        "parks@riverton.example",
    )
    page = browser.get("/destinations").text
    assert "E-mail to a department" in page
    assert "Has not taken a request yet." in page


def test_another_city_keeps_its_jurisdiction_and_no_address(desk: Running, browser: Browser) -> None:
    assert _add(browser, name="The county", way="county", jurisdiction_id="county.example") == 303
    (row,) = _destinations(desk)
    assert (row.kind, row.jurisdiction_id, row.address) == (DestinationKind.OPEN311, "county.example", "")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"name": ""}, "Say what it is called"),
        ({"way": "fax"}, "Choose how it gets there"),
        ({"address": "parks"}, "Write the department's e-mail address"),
        ({"address": "parks@riverton.example>, <mayor@riverton.example"}, "Write the department's e-mail address"),
    ],
)
def test_what_cannot_work_is_refused_with_what_was_typed(
    desk: Running, browser: Browser, typed: dict[str, str], reason: str
) -> None:
    given = {"name": "Parks Department", "way": "mail", "address": "parks@riverton.example"} | typed
    answer = browser.post("/destinations", "/destinations", **given)
    assert answer.status_code == 422
    assert reason in unescape(answer.text)
    assert _destinations(desk) == []


def test_two_destinations_have_two_names(desk: Running, browser: Browser) -> None:
    assert (_add(browser), _add(browser, way="hook")) == (303, 422)
    assert len(_destinations(desk)) == 1


def test_a_service_is_sent_there_and_back_and_both_are_on_record(desk: Running, browser: Browser) -> None:
    with desk.rows() as session:
        make_services(session)
    _add(browser)
    (row,) = _destinations(desk)
    for chosen in (str(row.id), ""):
        browser.post("/destinations/services/SR-GR06", "/destinations", destination=chosen)
    with desk.database.read() as session:
        assert session.exec(select(ServiceDestination)).all() == []
        entries = session.exec(select(AuditEntry).where(AuditEntry.about == "ServiceDestination")).all()
    assert [(one.from_state, one.to_state) for one in entries] == [
        ("the city", "Parks Department"),
        ("Parks Department", "the city"),
    ]


def test_a_service_with_a_slash_in_its_code_can_be_sent(desk: Running, browser: Browser) -> None:
    with desk.rows() as session:
        session.add(Service(service_code="TREES/FALLEN", service_name="Fallen tree"))
    _add(browser)
    (row,) = _destinations(desk)
    browser.post("/destinations/services/TREES%2FFALLEN", "/destinations", destination=str(row.id))
    with desk.database.read() as session:
        assert session.get_one(ServiceDestination, "TREES/FALLEN").destination_id == row.id


def test_what_waited_for_a_destination_leaves_when_it_is_switched_on(desk: Running, browser: Browser) -> None:
    with desk.rows() as session:
        stuck = make_stuck(session, NOON)
        stuck.waiting.not_before = NOON + timedelta(hours=1)
    browser.post(f"/destinations/{stuck.streets.id}/off", "/destinations")
    assert "Switched off. What is approved for it waits." in browser.get("/destinations").text
    browser.post(f"/destinations/{stuck.streets.id}/on", "/destinations")
    assert desk.nudged(1) == [(SUBMIT_REQUEST, stuck.waiting.id)]
    with desk.database.read() as session:
        assert session.get_one(ServiceRequest, stuck.waiting.id).not_before == NOON


def test_what_the_settings_lack_is_said_and_no_secret_is_shown(start_desk: StartDesk) -> None:
    desk = start_desk(destinations={"mail": SETTINGS["mail"]})
    with desk.rows() as session:
        make_stuck(session, NOON)
        staff = make_staff(session, "Ida Brook", Role.SUPERVISOR)
    page = unescape(desk.browser_of(staff).get("/destinations").text)
    assert "Street Works is not set up: the settings have no destination called 'hook'." in page
    assert PASSWORD not in page


def test_the_supervisor_counts_what_failed(desk: Running, browser: Browser) -> None:
    with desk.rows() as session:
        make_stuck(session, NOON)
    sheet = browser.get("/supervise/now/deliveries.csv").text.splitlines()
    assert sorted(line.split(",")[:5] for line in sheet[1:]) == [
        ["Parks Department", "0", "1", "0", "0"],
        ["Street Works", "0", "0", "1", "0"],
        ["the city", "1", "1", "0", "1"],
    ]
