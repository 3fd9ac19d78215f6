"""The place card, its map and the Places page in a real browser: with scripts and without, wide and narrow."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from hark311.product import Located, OfPlace
from models import Mention, Role, ServiceRequest, StaffUser
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running, StartDesk
from tests.hark311.console.factories import make_services, make_staff
from tests.hark311.console.gridtown import build_town, candidate, corner, make_located, two_corners

pytestmark = pytest.mark.browser

DOT = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""The smallest picture (PNG)."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def locate(text: str) -> Located:
    return Located([(0, len(text))], two_corners()[:2], "N 4th St or N 5th St?")


def belongs(_lat: float, _lon: float, _service_code: str | None) -> list[OfPlace]:
    return [OfPlace("Council district", "1"), OfPlace("Street", "N 4th St", "the state's road: call PennDOT")]


@pytest.fixture
def desk(start_desk: StartDesk) -> Running:
    return start_desk({"locate": locate, "responsibility_of": belongs})


@pytest.fixture
def mention(desk: Running) -> Mention:
    with desk.rows() as session:
        build_town(session, NOON)
        make_services(session)
        return make_located(session, NOON - timedelta(minutes=9), two_corners(), question="Is it N 4th St or N 5th St?")


@pytest.fixture
def supervisor(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Ada Brook", Role.SUPERVISOR)


def start_moving(page: Page) -> None:
    page.get_by_role("button", name="Move and zoom").click()
    expect(page.locator(".map.moving")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_place_is_chosen_with_one_press_and_what_was_typed_stays(
    browser: Browser, desk: Running, mention: Mention, scripts: bool
) -> None:
    with opened(browser, desk, desk.staff(), scripts=scripts) as page:
        page.goto(f"/mentions/{mention.id}")
        expect(page.get_by_role("img", name="Map, north up")).to_be_visible()
        page.get_by_label("Text of the reply").fill("Half a reply")
        page.get_by_role("button", name="Use 2 N 5th St & Dovecote St").click()
        page.wait_for_url("**#where")
        expect(page.get_by_label("Place", exact=True)).to_have_value("N 5th St & Dovecote St")
        expect(page.get_by_label("Text of the reply")).to_have_value("Half a reply")
        expect(page.locator("#where li.used")).to_contain_text("N 5th St & Dovecote St")
    with desk.database.read() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).one()
    assert (request.lat, request.long) == corner(4, 3)


def test_without_scripts_nothing_is_offered_that_needs_them(browser: Browser, desk: Running, mention: Mention) -> None:
    with opened(browser, desk, desk.staff(), scripts=False) as page:
        page.goto(f"/mentions/{mention.id}")
        expect(page.locator(".map-sheet")).to_be_visible()
        expect(page.get_by_role("button", name="Move and zoom")).to_be_hidden()


def test_the_map_moves_by_keys_and_fetches_its_streets_from_the_desk_alone(
    browser: Browser, desk: Running, mention: Mention
) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{mention.id}")
        asked = list[str]()
        page.on("request", lambda request: asked.append(request.url))
        start_moving(page)
        expect(page.locator(".map-live path.way").first).to_be_attached()
        expect(page.locator(".live-name").first).to_be_attached()
        expect(page.locator(".live-pin")).to_have_text(["1", "2", "3"])
        expect(page.locator(".map-live")).to_be_focused()
        before = page.locator(".live-pin").first.bounding_box()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(400)
        after = page.locator(".live-pin").first.bounding_box()
        assert before is not None
        assert after is not None
        assert after["x"] < before["x"]
        page.get_by_role("button", name="Back to the middle").click()
        page.wait_for_function(
            "before => Math.abs(document.querySelector('.live-pin').getBoundingClientRect().x - before) < 2",
            arg=before["x"],
        )
        assert [url for url in asked if url.startswith(f"{desk.url}/map/streets?bbox=")]
        assert all(url.startswith(f"{desk.url}/") for url in asked)


def test_the_movable_map_begins_where_the_picture_was(browser: Browser, desk: Running, mention: Mention) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{mention.id}")
        frame = page.locator("#place-map .map-frame")
        pictured, still = page.locator(".map-sheet .pin").last.bounding_box(), frame.bounding_box()
        start_moving(page)
        moving, after = page.locator(".live-pin span").first.bounding_box(), frame.bounding_box()
        assert pictured is not None
        assert still is not None
        assert moving is not None
        assert after is not None
        for start, size in (("x", "width"), ("y", "height")):
            before = pictured[start] + pictured[size] / 2 - still[start]  # type: ignore[literal-required]
            assert before == pytest.approx(moving[start] + moving[size] / 2 - after[start], abs=3)  # type: ignore[literal-required]


def test_from_far_away_no_street_is_drawn_rather_than_some(browser: Browser, desk: Running, mention: Mention) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{mention.id}")
        start_moving(page)
        expect(page.locator(".map-live path.way").first).to_be_attached()
        for _ in range(5):
            page.keyboard.press("-")
        expect(page.get_by_text("Zoom in to see streets")).to_be_visible()
        expect(page.locator(".map-live path.way, .live-name")).to_have_count(0)


def test_a_name_with_markup_stays_text_on_the_movable_map(browser: Browser, desk: Running) -> None:
    with desk.rows() as session:
        build_town(session, NOON)
        make_services(session)
        name = "<img src=x onerror=document.title='taken'>"
        evil = make_located(session, NOON, [candidate(name, "intersection", corner(2, 2), precision_m=9)])
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{evil.id}")
        start_moving(page)
        page.locator(".live-pin").hover()
        expect(page.locator(".leaflet-tooltip")).to_have_text(name)
        assert "taken" not in page.title()


def test_a_background_map_is_let_in_where_the_operator_set_one_and_only_once_the_map_moves(
    browser: Browser, start_desk: StartDesk
) -> None:
    desk = start_desk(map_tile_url="https://tiles.example/{z}/{x}/{y}.png", map_attribution="Tiles & Sons")
    with desk.rows() as session:
        make_services(session)
        alone = make_located(session, NOON, two_corners()[:1])
    with opened(browser, desk, desk.staff()) as page:
        asked = list[dict[str, str]]()
        page.on("request", lambda one: asked.append(one.headers) if "tiles.example" in one.url else None)
        page.route("https://tiles.example/**", lambda route: route.fulfill(body=DOT, content_type="image/png"))
        page.goto(f"/mentions/{alone.id}")
        expect(page.get_by_text("Background: Tiles & Sons")).to_be_hidden()
        assert asked == []
        start_moving(page)
        expect(page.get_by_text("Background: Tiles & Sons")).to_be_visible()
        expect(page.locator("img.leaflet-tile-loaded").first).to_be_attached()
        page.keyboard.press("-")
        expect(page.locator("img.leaflet-tile-loaded").first).to_be_attached()
        assert asked
        assert not any("referer" in headers for headers in asked)


def test_on_a_phone_the_map_opens_on_demand(browser: Browser, desk: Running, mention: Mention) -> None:
    with opened(browser, desk, desk.staff(), width=375) as page:
        page.goto(f"/mentions/{mention.id}")
        expect(page.locator(".map-sheet")).to_be_hidden()
        page.locator(".map-fold summary").click()
        expect(page.locator(".map-sheet")).to_be_visible()


def test_a_phrase_is_tried_and_a_nickname_kept_without_scripts(
    browser: Browser, desk: Running, mention: Mention, supervisor: StaffUser
) -> None:
    with opened(browser, desk, supervisor, scripts=False) as page:
        page.goto(f"/mentions/{mention.id}")
        page.goto("/places")
        page.get_by_label("As a resident would write it").fill("4th and dovecote")
        page.get_by_role("button", name="Find it").click()
        expect(page.locator(".where-ask")).to_contain_text("N 4th St or N 5th St?")
        expect(page.get_by_role("img", name="Map, north up")).to_be_visible()
        page.locator("summary", has_text="Add a nickname").click()
        page.get_by_label("What people say").last.fill("the Oval")
        page.get_by_label("What it stands for").last.fill("N 4th St & Cannery St")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("heading", name="the Oval")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_card_map_and_places_page_are_accessible_and_fit(
    browser: Browser, desk: Running, supervisor: StaffUser, mention: Mention, dark: bool, width: int
) -> None:
    with opened(browser, desk, supervisor, width=width, dark=dark) as page:
        for name in ("picture", "moving", "places"):
            page.goto("/places" if name == "places" else f"/mentions/{mention.id}")
            if name == "places":
                page.get_by_label("As a resident would write it").fill("4th and dovecote")
                with page.expect_navigation():
                    page.get_by_role("button", name="Find it").click()
            page.evaluate(
                "document.querySelectorAll('main details:not(.close)').forEach((one) => { one.open = true; })"
            )
            if name == "moving":
                start_moving(page)
            assert violations(page, dark) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
