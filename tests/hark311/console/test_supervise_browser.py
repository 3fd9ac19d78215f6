"""The charts of the supervisor's page, in a real browser under our own policy."""

from datetime import timedelta

from playwright.sync_api import expect

from models import ReplyState, Role
from tests.hark311.console.browsing import launched, opened
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import draft_reply, make_account, make_mention, make_staff


def test_the_charts_are_drawn_from_their_tables_and_stay_shut_without_scripts(desk: Running) -> None:
    with desk.rows() as session:
        sam, account = make_staff(session, "Sam Vega", Role.SUPERVISOR), make_account(session)
        for hours in (1, 30, 60):
            mention = make_mention(session, account, NOON - timedelta(hours=hours))
            reply = draft_reply(session, mention, "Thank you.", state=ReplyState.SENT)
            reply.sent_at = mention.received_at + timedelta(minutes=12)
    with launched() as browser:
        with opened(browser, desk, sam) as page:
            page.goto("/supervise/figures")
            expect(page.locator(".chart canvas")).to_have_count(3)
            painted = page.locator(".chart canvas").first.evaluate(
                "(one) => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some((part) => part > 0)"
            )
            assert painted
        with opened(browser, desk, sam, scripts=False) as page:
            page.goto("/supervise/figures")
            expect(page.locator(".charts")).to_be_hidden()
            page.get_by_text("The same as a table").click()
            expect(page.locator("#days-table table")).to_be_visible()
