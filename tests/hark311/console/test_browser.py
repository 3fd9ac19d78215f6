"""Parts of the desk in a real browser: keys, refreshing, what is said when something changes meanwhile."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from models import Mention, MentionState, ReplyState
from tests.hark311.console.browsing import arrived, launched, opened, reply_of
from tests.hark311.console.conftest import NOON, Running, StartDesk
from tests.hark311.console.factories import (
    add_post,
    make_account,
    make_mention,
    make_ready,
    make_services,
    raise_alarm,
)
from tests.hark311.console.learning import Covering, make_explained

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def town(desk: Running) -> list[Mention]:
    """Three mentions that wait, the oldest first, each with its drafts right."""
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        return [make_ready(session, account, NOON - timedelta(minutes=minutes)) for minutes in (30, 20, 10)]


def test_keys_move_through_the_queue(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0), ("j", 1), ("j", 2), ("j", 2)):
            page.keyboard.press(key)
            expect(page.locator(f"#open-{town[place].id}")).to_be_focused()


def test_keys_type_while_somebody_types(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.keyboard.press("e")
        words = page.get_by_label("Text of the reply")
        expect(words).to_be_focused()
        page.keyboard.type(" acrn?")
        expect(words).to_have_value(reply_of(desk, town[0]).text + " acrn?")
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        expect(page.get_by_label("Reason, kept on record")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("a")
        assert desk.mention(town[0].id or 0).state == MentionState.DRAFTED


def test_keys_do_nothing_once_switched_off(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto("/account/keys")
        page.get_by_label("Use single keys").uncheck()
        page.get_by_role("button", name="Keep the keys").click()
        expect(page.get_by_text("Your keys are kept.")).to_be_visible()
        page.goto(f"/mentions/{town[0].id}")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        page.keyboard.press("a")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert desk.mention(town[0].id or 0).state == MentionState.DRAFTED


def test_the_preview_follows_the_typing(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_label("Text of the reply").fill("Call 215-555-0147. " + "a" * 300)
        expect(page.locator("#length")).to_contain_text("319 / 280 weighted characters, too long")
        expect(page.locator("#against")).to_contain_text("private detail (phone)")
        page.get_by_label("Send the reply").uncheck()
        expect(page.locator("#against")).to_contain_text("Ready to approve: the request is filed, no reply is sent")


def test_the_queue_refreshes_without_moving_the_focus(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.keyboard.press("j")
        with desk.rows() as session:
            new = make_mention(session, make_account(session), NOON, "wire down", danger=True)
            raise_alarm(session, new, "wire_down", NOON)
        page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.locator(f"#open-{new.id}")).to_be_visible()
        expect(page.get_by_role("button", name="I have seen it")).to_be_visible()
        expect(page.locator(f"#open-{town[0].id}")).to_be_focused()


def test_a_refresh_that_brings_nothing_new_touches_nothing(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with opened(browser, desk, desk.staff()) as page:
        for _ in range(2):
            with page.expect_response("**/queue/live**"):
                page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
        page.evaluate("document.querySelector('.row-link').dataset.seen = 'yes'")
        with page.expect_response("**/queue/live**"):
            page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
        expect(page.locator(".row-link[data-seen]")).to_have_count(1)


def test_a_page_left_open_says_that_the_author_wrote_again(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_label("Text of the reply").fill("Half a reply")
        with desk.rows() as session:
            mention = session.get_one(Mention, town[0].id)
            add_post(session, mention, "it is the north side", NOON)
        page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.get_by_text("The author wrote or changed something")).to_be_visible()
        expect(page.get_by_label("Text of the reply")).to_have_value("Half a reply")


def test_the_hold_runs_down_and_can_be_taken_back_by_key(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.keyboard.press("a")
        arrived(page, "10 s left before it leaves")
        desk.clock.forward(seconds=4)
        expect(page.get_by_text("6 s left before it leaves")).to_be_visible()
        page.keyboard.press("u")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        assert reply_of(desk, town[0]).state == ReplyState.IN_REVIEW


def test_being_signed_out_is_said_and_the_words_stay(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_label("Text of the reply").fill("Half a reply")
        desk.clock.forward(hours=13)
        page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.get_by_text("You are signed out. Copy what you typed")).to_be_visible()
        expect(page.get_by_label("Text of the reply")).to_have_value("Half a reply")


def test_enter_in_a_field_checks_and_never_approves(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_role("textbox", name="Place", exact=True).fill("6th St & Cambria St")
        page.get_by_role("textbox", name="Place", exact=True).press("Enter")
        page.wait_for_url("**/preview")
        expect(page.get_by_role("textbox", name="Place", exact=True)).to_have_value("6th St & Cambria St")
        assert desk.mention(town[0].id or 0).state == MentionState.DRAFTED


def test_the_words_of_the_whole_sentence_come_when_the_mention_is_opened(
    browser: Browser, start_desk: StartDesk
) -> None:
    covering = Covering()
    desk = start_desk({"explainer": covering})
    with desk.rows() as session:
        make_services(session)
        mention = make_explained(session, NOON)
    for scripts in (True, False):
        with opened(browser, desk, desk.staff(), scripts=scripts) as page:
            page.goto(f"/mentions/{mention.id}")
            page.locator("summary", has_text="Every guess").click()
            expect(page.get_by_text("In the sentence as a whole, these count: pothole")).to_be_visible()
    assert covering.asked == 1


def test_without_scripts_the_whole_sentence_is_asked_about_by_a_link(browser: Browser, start_desk: StartDesk) -> None:
    desk = start_desk({"explainer": Covering()})
    with desk.rows() as session:
        make_services(session)
        mention = make_explained(session, NOON)
    with opened(browser, desk, desk.staff(), scripts=False) as page:
        page.goto(f"/mentions/{mention.id}")
        page.locator("summary", has_text="Every guess").click()
        page.get_by_role("link", name="Which words count in the sentence as a whole?").click()
        expect(page.get_by_text("In the sentence as a whole, these count: pothole")).to_be_visible()
