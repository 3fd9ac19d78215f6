"""The page of search rules in a real browser: wide and narrow, light and dark, with scripts and without."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from models import ListeningRule, Role, StaffUser
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_staff
from tests.rows import an_account

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def supervisor(desk: Running) -> StaffUser:
    with desk.rows() as session:
        account_id = an_account(session).id or 0
        old = ListeningRule(
            account_id=account_id,
            query='(pothole OR "street cave in") (philly OR philadelphia) -song -album',
            label="Potholes",
            begins_at=NOON - timedelta(days=3),
            found_in_week=70,
            counted_at=NOON - timedelta(days=3),
        )
        session.add(old)
        session.flush()
        session.add_all(
            [
                ListeningRule(
                    account_id=account_id,
                    query="pothole OR sinkhole",
                    replaces_id=old.id,
                    found_in_week=91_000,
                    counted_at=NOON - timedelta(minutes=2),
                ),
                ListeningRule(account_id=account_id, query="#phillytrash"),
                ListeningRule(
                    account_id=account_id,
                    query="graffiti",
                    begins_at=NOON - timedelta(days=30),
                    ended_at=NOON - timedelta(days=9),
                ),
            ]
        )
        return make_staff(session, "Ada Brook", Role.SUPERVISOR)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_page_is_accessible_and_fits(
    browser: Browser, desk: Running, supervisor: StaffUser, width: int, dark: bool
) -> None:
    with opened(browser, desk, supervisor, width=width, dark=dark) as page:
        page.goto("/rules")
        page.get_by_text("Add a rule").click()
        assert violations(page, dark) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_rule_is_written_counted_and_begun_without_scripts(
    browser: Browser, desk: Running, supervisor: StaffUser
) -> None:
    with opened(browser, desk, supervisor, scripts=False) as page:
        page.goto("/rules")
        page.get_by_text("Add a rule").click()
        form = page.locator("details.add")
        form.get_by_label("What a post must say").fill("#")
        form.get_by_role("button", name="Count it").click()
        expect(page.get_by_role("alert")).to_contain_text("# alone says nothing")
        page.locator("details.add").get_by_label("What a post must say").fill("sinkhole (philly OR phl)")
        page.locator("details.add").get_by_role("button", name="Count it").click()
        expect(page.locator("#waiting")).to_contain_text("sinkhole (philly OR phl)")
        page.locator("#waiting li", has_text="takes the place of").get_by_role("button", name="Hear it").click()
        expect(page.get_by_role("heading", name="Heard now").locator("..")).to_contain_text("pothole OR sinkhole")
