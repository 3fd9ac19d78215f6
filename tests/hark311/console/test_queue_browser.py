"""The queue in a real Chromium: what happens elsewhere shows at once, and several posts are approved and taken back."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from models import MentionState
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_account, make_mention, make_ready, make_services, make_staff

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_a_new_post_shows_by_itself_and_a_selection_is_approved_and_taken_back(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account, lou = make_account(session), make_staff(session, "Lou Okafor")
        ids = [make_ready(session, account, NOON - timedelta(minutes=9 - at)).id or 0 for at in range(3)]
    with launched() as browser, opened(browser, desk, desk.staff()) as page:
        expect(page.locator("html[data-live=on]")).to_have_count(1)
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.locator("#bulk-number")).to_have_text("2 selected")
        with desk.rows() as session:
            new = make_mention(session, account, NOON, "a brand new pothole").id
        desk.product.desk.claim(ids[2], lou.id or 0)  # which the audit tells
        expect(page.locator(f"#open-{new}")).to_be_visible()
        expect(page.locator(".row", has_text="Lou Okafor")).to_have_count(1)
        expect(page.locator("#bulk-number")).to_have_text("2 selected")
        expect(page.locator(f"#pick-{ids[0]}")).to_be_checked()
        assert violations(page, dark=False) == []

        page.locator("#bulk-approve").click()
        expect(page.locator(".bulk-one")).to_have_count(2)
        expect(page.locator(".variant")).to_have_count(4)
        assert violations(page, dark=False) == []
        page.locator("#bulk-go").click()
        expect(page.locator("h1")).to_contain_text("2 posts approved")
        assert [desk.mention(one).state for one in ids[:2]] == [MentionState.APPROVED] * 2
        assert violations(page, dark=False) == []
        page.locator("#take-all-back").click()
        expect(page.locator("h1")).to_contain_text("2 posts back in the queue")
        assert [desk.mention(one).state for one in ids[:2]] == [MentionState.DRAFTED] * 2

        page.goto("/queue")
        page.keyboard.press("/")
        page.keyboard.type("brand pothole")
        page.keyboard.press("Enter")
        expect(page.locator(".row-link")).to_have_count(1)
        expect(page.locator(f"#open-{new}")).to_be_visible()
        assert violations(page, dark=False) == []
