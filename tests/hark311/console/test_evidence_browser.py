"""The evidence card by keys alone, and the point on the map by the arrow keys, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from models import Channel, EvidenceKind, Label, LabelTask, ServiceRequest
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_services,
    understand,
)
from tests.hark311.console.gridtown import build_town, candidate, corner

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def mention_id(desk: Running) -> int:
    with desk.rows() as session:
        make_services(session)
        build_town(session, NOON)
        said = "Deep pothole at 4th and Dovecote, please hurry"
        mention = make_mention(session, make_account(session, Channel.TELEGRAM), NOON, said)
        marked = [(EvidenceKind.CATEGORY, "pothole"), (EvidenceKind.LOCATION, "4th and Dovecote")]
        read = understand(session, mention, first_post(session, mention), NOON, marked=marked)
        found = candidate("N 4th St & Dovecote St", "intersection", corner(3, 3), precision_m=20)
        read.places = [found.model_dump(mode="json")]
        session.add(read)
        draft_request(session, mention, address_string=found.name, lat=found.lat, long=found.lon)
        draft_reply(session, mention, "Thanks. It is filed as {number}.")
        return mention.id or 0


def outlined(page: Page, words: str) -> str:
    mark = page.locator(".about-this mark", has_text=words)
    return str(mark.evaluate("(mark) => getComputedStyle(mark).outlineStyle"))


def test_keys_correct_a_line_and_arrow_keys_move_the_point(browser: Browser, desk: Running, mention_id: int) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{mention_id}")
        page.keyboard.press("2")
        expect(page.locator("#line-service")).to_be_focused()
        assert (outlined(page, "pothole"), outlined(page, "4th and Dovecote")) == ("solid", "none")
        page.keyboard.press("3")
        assert (outlined(page, "pothole"), outlined(page, "4th and Dovecote")) == ("none", "solid")
        page.keyboard.press("2")
        page.keyboard.press("e")
        expect(page.get_by_label("Service: what it is instead")).to_be_focused()
        page.keyboard.type("Street light")
        page.locator("#line-service").get_by_role("button", name="Set").press("Enter")
        page.wait_for_url("**#line-service")
        expect(page.locator("#line-service .line-said")).to_contain_text("Mara Jennings set this")
        assert violations(page, dark=False) == []
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        page.wait_for_url("**#line-intent")
        expect(page.locator("#line-intent .line-said")).to_contain_text("Mara Jennings confirmed this")

        page.get_by_role("button", name="Move the point").press("Enter")
        expect(page.locator(".map.moving")).to_be_visible()
        pin = page.get_by_role("button", name="The point of the request")
        expect(pin).to_be_focused()
        for key in ("Shift+ArrowLeft", "ArrowLeft", "ArrowLeft"):
            page.keyboard.press(key)
        expect(page.locator("#pin-told")).to_contain_text("Dovecote St between N 3rd St and N 4th St")
        expect(page.locator("#pin-told")).to_contain_text("Moved 60 m")
        assert violations(page, dark=False) == []
        page.keyboard.press("Enter")
        page.wait_for_url("**#where")
        expect(page.get_by_label("Place", exact=True)).to_have_value("Dovecote St between N 3rd St and N 4th St")
    with desk.database.read() as session:
        request = session.exec(select(ServiceRequest)).one()
        labels = {one.task: one.source for one in session.exec(select(Label)).all()}
    assert request.service_code == "SR-LT03"
    assert (request.lat, request.long) != corner(3, 3)
    assert labels == {LabelTask.CATEGORY: "corrected", LabelTask.INTENT: "confirmed", LabelTask.PLACE: "corrected"}
