"""The composer in a real browser: what was typed survives the page, one click mends, one key asks in private."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import select

from models import BannedPhrase, Reply, ReplyTemplate
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_account, make_ready, make_services
from tests.running import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def test_what_was_typed_outlives_the_page_and_is_mended_shortened_and_moved(browser: Browser, desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session), NOON - timedelta(minutes=5), handle="dee_215")
        session.add(BannedPhrase(phrase="ASAP", say_instead="by {date}", language="en", at=NOON))
        session.add(ReplyTemplate(key="private_please", language="en", body="Please send us a private message."))

    def words() -> str:
        with desk.database.read() as session:
            return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one().text

    mara = desk.staff()
    with opened(browser, desk, mara) as page:
        page.goto(f"/mentions/{mention.id}")
        page.locator("#reply_text").fill("Hi Dee. A crew comes ASAP. Your number is {number}.")
        expect(page.locator("#kept")).to_contain_text("Kept")
        page.locator("#reply_text").press_sequentially(" Thank you.", delay=5)
        page.goto("about:blank")  # before the next autosave is due
        wait_until(lambda: words().endswith("Thank you."))
    with opened(browser, desk, mara) as page:
        page.goto(f"/mentions/{mention.id}")
        expect(page.locator("#reply_text")).to_have_value(
            "Hi Dee. A crew comes ASAP. Your number is {number}. Thank you."
        )
        page.get_by_role("button", name="Say “by {date}”").click()
        expect(page.locator("#reply_text")).to_have_value(
            "Hi Dee. A crew comes by {date}. Your number is {number}. Thank you."
        )
        expect(page.locator("#mendings")).to_have_count(0)
        page.get_by_role("button", name="Shorter", exact=True).click()
        page.get_by_role("button", name="Use this: without the greeting").click()
        expect(page.locator("#reply_text")).to_have_value("A crew comes by {date}. Your number is {number}. Thank you.")
        expect(page.locator("#kept")).to_contain_text("Kept")
        page.locator("#versions summary").click()
        assert violations(page, dark=False) == []
        page.keyboard.press("Escape")
        page.keyboard.press("p")
        expect(page.locator("#asked-private")).to_be_visible()
        assert words() == "Please send us a private message."
