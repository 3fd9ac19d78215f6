"""A service's own questions on the desk: asked in the request's form, kept as they are meant, before approval."""

import re

import pytest
from sqlmodel import select

from models import Mention, Role, ServiceAttribute, ServiceRequest
from tests.hark311.console.conftest import NOON, Browser, Running, decision_fields
from tests.hark311.console.factories import (
    make_account,
    make_questions,
    make_ready,
    make_services,
    make_staff,
)

ALL = {
    "attribute:SIZE": "OUT",
    "attribute:KIND": "",
    "choice:1:KIND": "OUT",
    "choice:2:KIND": "DAY",
    "attribute:COUNT": " 3.0 ",
    "attribute:SINCE": "2026-11-20T08:30",
    "attribute:PLATE": "none",
    "attribute:MORE": "Two lines\nof words",
}


@pytest.fixture
def ready(desk: Running) -> Mention:
    with desk.rows() as session:
        make_services(session)
        make_questions(session)
        return make_ready(session, make_account(session), NOON)


def answers_of(desk: Running, mention: Mention) -> dict[str, object]:
    with desk.database.read() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).one()
        return dict(request.attribute)


def send(desk: Running, browser: Browser, mention: Mention, what: str, **answers: str) -> str:
    page = f"/mentions/{mention.id}"
    fields = decision_fields(browser.get(page).text) | answers
    return str(browser.post(f"{page}/{what}", page, **fields).text)


def test_a_required_question_stands_in_the_way_until_it_is_answered(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    refused = send(desk, browser, ready, "approve", **{"attribute:COUNT": "many"})
    assert "The city asks “How big is it?” for this service." in refused
    assert "“How many holes?” wants a number" in refused
    assert 'value="many"' in refused
    send(desk, browser, ready, "approve", **ALL)
    assert answers_of(desk, ready) == {
        "SIZE": "OUT",
        "KIND": ["OUT", "DAY"],
        "COUNT": "3",
        "SINCE": "2026-11-20T08:30:00",
        "PLATE": "none",
        "MORE": "Two lines\nof words",
    }


def test_answers_that_are_kept_stand_in_the_form_again_and_can_be_taken_back(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    send(desk, browser, ready, "save", **ALL)
    page = browser.get(f"/mentions/{ready.id}").text
    assert re.search(r'name="choice:2:KIND" value="DAY" checked', page)
    assert 'value="2026-11-20T08:30"' in page
    send(desk, browser, ready, "save", **(ALL | {"attribute:COUNT": ""}))
    assert "COUNT" not in answers_of(desk, ready)


def test_another_service_brings_its_own_questions(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        session.add(ServiceAttribute(service_code="SR-LT03", code="POLE", description="Number on the pole"))
    browser = desk.browser_of(desk.staff())
    page = f"/mentions/{ready.id}"
    fields = decision_fields(browser.get(page).text) | {"service_code": "SR-LT03"}
    shown = browser.post(f"{page}/questions", page, **fields).text
    assert "Number on the pole" in shown
    assert "How big is it?" not in shown


def test_supervisors_word_a_question_and_others_only_read_it(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        ada = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    supervisor = desk.browser_of(ada)
    wording = {"attribute": "SIZE", "language": "es", "question": "¿De qué tamaño es?", "private": "yes"}
    assert supervisor.post("/services/SR-ST01/questions", "/services", **wording).status_code == 303
    reader = desk.browser_of(desk.staff())
    page = reader.get("/services").text
    assert "¿De qué tamaño es?" in page
    assert "one of a list, required, asked for in private" in page
    assert reader.post("/services/SR-ST01/questions", "/services", **wording).status_code == 403
