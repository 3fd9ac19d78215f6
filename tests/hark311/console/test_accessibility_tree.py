"""What a screen reader is told: names, roles, live regions and headings of the pages people live in."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from models import Mention
from tests.hark311.console.browsing import launched, opened
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_account, make_ready, make_services, raise_alarm

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def danger(desk: Running) -> Mention:
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session), NOON - timedelta(minutes=5), "dee_fromthe215")
        mention.danger = True
        raise_alarm(session, mention, "wire_down", NOON)
        return mention


def live_regions(page: Page) -> dict[str, str]:
    """Id -> how its changes are told, of everything that tells of changes."""
    found: dict[str, str] = page.evaluate(
        """() => Object.fromEntries(Array.from(document.querySelectorAll("[aria-live], [role=status], [role=alert]"))
            .filter((one) => one.id && !one.closest("dialog"))
            .map((one) => [one.id, one.getAttribute("aria-live") || one.getAttribute("role")]))"""
    )
    return found


def test_what_a_screen_reader_is_told(browser: Browser, desk: Running, danger: Mention) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto("/queue")
        expect(page.locator("body")).to_match_aria_snapshot(
            """
            - link "Skip to the page"
            - banner:
              - link "hark311 Riverton311"
              - navigation "Desk":
                - link "Queue"
                - link "Channels"
              - search:
                - searchbox "Search all mentions by words, author or number"
              - navigation "You":
                - button "Go to"
                - button "Keys"
                - link "Mara Jennings"
            - main:
              - navigation "Views"
              - region "Danger nobody has acknowledged":
                - list:
                  - listitem:
                    - link "Open"
                    - button "I have seen it"
              - heading "Now" [level=1]
              - list "Mentions":
                - listitem:
                  - checkbox "Select the post of @dee_fromthe215"
                  - link /danger .* @dee_fromthe215 Huge pothole at 5th and Cambria/
            """
        )
        assert live_regions(page) | {"unreached": "alert", "chord": "status"} == live_regions(page)
        page.goto(f"/mentions/{danger.id}")
        expect(page.get_by_role("main")).to_match_aria_snapshot(
            """
            - heading "@dee_fromthe215 on X" [level=1]
            - group "Danger"
            - region "Thread":
              - heading "Thread" [level=2]
              - list
            - region "Reply":
              - heading "Reply" [level=2]
              - combobox "in the language"
              - textbox "Text of the reply"
            - region "What we think":
              - heading "What we think" [level=2]
            - region "History"
            - group "Decide":
              - checkbox "Send the reply" [checked]
              - checkbox "File the request" [checked]
              - button "Approve"
            """
        )
        told = live_regions(page)
        assert told["preview"] == "polite"
        assert told["news"] == "status"
        levels = (
            page.locator("main")
            .locator("h1, h2, h3, h4")
            .evaluate_all("all => all.map((one) => Number(one.tagName[1]))")
        )
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
    with opened(browser, desk, None) as page:
        page.goto("/sign-in")
        expect(page.get_by_role("main")).to_match_aria_snapshot(
            """
            - heading "Sign in to the desk" [level=1]
            - textbox "Name"
            - textbox "Password"
            - paragraph:
              - button "Sign in"
            """
        )
        page.get_by_label("Name").fill("nobody")
        page.get_by_label("Password").fill("wrong password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
