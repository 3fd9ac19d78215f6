"""What waits, what is in doubt and what a person has in hand, in a real browser: wide and narrow, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import select

from models import Reply, ReplyState
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import draft_reply, make_account, make_mention, make_services
from tests.hark311.console.test_delivery import in_hand

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def test_a_reply_goes_through_a_persons_hands(browser: Browser, desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(
            session, make_account(session), NOON, may_reply=False, may_reply_reason="only verified accounts may reply"
        )
        draft_reply(session, mention, "We are on it.")
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{mention.id}")
        expect(page.get_by_label("Send the reply")).to_be_disabled()
        page.get_by_label("Post the reply by hand").check()
        expect(page.locator("#against")).to_contain_text("yours to post by hand")
        assert violations(page, dark=False) == []
        page.get_by_role("button", name="Approve").click()
        window = page.get_by_role("link", name="Open X with these words")
        expect(window).to_have_attribute(
            "href", f"https://x.com/intent/post?in_reply_to={mention.edit_chain}&text=We+are+on+it."
        )
        page.get_by_role("button", name="I have posted it").click()
        expect(page.locator("#delivery")).to_contain_text("Sent")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, False), (375, True)])
def test_the_panel_is_accessible_and_fits(browser: Browser, desk: Running, width: int, dark: bool) -> None:
    with desk.rows() as session:
        mention = in_hand(session)
    with opened(browser, desk, desk.staff(), width=width, dark=dark) as page:
        for state in (ReplyState.HANDED_OVER, ReplyState.UNCERTAIN):
            with desk.rows() as session:
                session.exec(select(Reply)).one().state = state
            page.goto(f"/mentions/{mention.id}")
            assert violations(page, dark=dark) == []
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
