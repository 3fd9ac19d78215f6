"""A chat in three real browsers at once: host, moderator and guest, with residents who post on the simulated networks.

The people act in their pages; what the worker does in rounds is done between.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hark311 import wiring
from hark311.console import create_app
from hark311.console.auth import open_session
from hark311.console.visits import SESSION_COOKIE
from hark311.product import Product
from models import ChatState, StaffUser
from responders.chats.hearing import keep_hearing
from tests.chats import MadeChat, a_chat
from tests.hark311.console.browsing import launched, violations
from tests.hark311.console.conftest import Switchboard
from tests.running import wait_until
from tests.town import Clock, Town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ASKED = "@Philly311Demo how often are the baskets on the avenue emptied?"
AGAIN = "when is the next bulk pickup on Oak Street?"
DANGER = "@Philly311Demo there is a strong smell of gas in our house right now"


@pytest.fixture
def clock() -> Clock:
    """The town's clock; the simulator's goes by the real one."""
    return Clock()


@dataclass
class Walk:
    """Three windows on the desk, and the town in between."""

    town: Town
    made: MadeChat
    host: Page
    moderator: Page
    guest: Page

    def everybody(self) -> tuple[Page, Page, Page]:
        return self.host, self.moderator, self.guest

    def some_seconds_pass(self) -> None:
        """What was said is heard and put on the board, and what was approved leaves."""
        with ThreadPoolExecutor(1) as worker:  # this thread's event loop is the browser's
            worker.submit(self._work).result()

    def _work(self) -> None:
        with self.town.database.write() as session:
            keep_hearing(session, self.town.clock())
        self.town.hear()
        self.town.clock.advance(seconds=5)
        self.town.deliver()

    def press(self, page: Page, *keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def walk(town: Town, browser: Browser, switchboard: Switchboard) -> Iterator[Walk]:
    async def nudge(*_: object) -> None:
        return None

    redact, kinds = wiring.redact_for(town.settings), wiring.private_kinds(town.settings)
    product = Product(
        town.settings, town.database, town.desk, nudge, "k" * 32, redact=redact, private_details=kinds.details
    )
    switchboard.app = app = create_app(product)
    account = town.account("x")
    with town.database.write() as session:
        starts_at = town.clock() - timedelta(minutes=6)
        made = a_chat(session, starts_at=starts_at, state=ChatState.PLANNED, account=account, asked=1)
    windows = [_window(browser, switchboard.url, town, one) for one in (made.host, made.moderator, made.guest)]
    pages = [one.new_page() for one in windows]
    try:
        for page in pages:
            page.goto(f"/chats/{made.id}/board")
        yield Walk(town, made, *pages)
    finally:
        for window in windows:
            window.close()
        switchboard.app = None
        switchboard.end(app.state.console.live)
        wait_until(lambda: not switchboard.answering)


def _window(browser: Browser, url: str, town: Town, staff: StaffUser) -> BrowserContext:
    window = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    window.set_default_timeout(15_000)
    with town.database.write() as session:
        secret = open_session(session, staff, town.clock())
    window.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": url}])
    return window


def test_three_people_run_a_chat_and_the_answer_stands_in_the_thread(walk: Walk) -> None:
    town, host, moderator, guest = walk.town, walk.host, walk.moderator, walk.guest
    tag = walk.made.chat.hashtag

    host.get_by_role("button", name="Open the chat now").click()
    expect(host.get_by_text("The chat is open.")).to_be_visible()

    said = town.simulator.say_on_x(f"{ASKED} #{tag}", author="dee_215")
    town.simulator.say_on_x(f"{AGAIN} #{tag}", author="bo_1", mention=False)
    walk.some_seconds_pass()
    for page in walk.everybody():
        expect(page.locator(".lanes").get_by_text("how often are the baskets")).to_be_visible()

    card = moderator.locator(".card-link", has_text="how often are the baskets")
    moderator.keyboard.press("j")  # the first card there is
    while not card.evaluate("one => one === document.activeElement"):
        moderator.keyboard.press("j")
    expect(moderator.locator("#act-who")).to_contain_text("dee_215")
    moderator.keyboard.press("2")
    expect(moderator.locator("#lane-needs_answer")).to_contain_text("how often are the baskets")
    moderator.keyboard.press("l")
    expect(moderator.locator("#act-who")).to_contain_text("dee_215")
    moderator.keyboard.press("s")
    expect(moderator.locator("#lane-needs_answer")).to_contain_text("for Gwen Adeyemi")

    mine = guest.locator("#lane-mine")
    expect(mine).to_contain_text("how often are the baskets")
    expect(mine).to_contain_text("due in")
    mine.get_by_role("link", name="Answer").click()
    box = guest.get_by_label("Words of the answer")
    expect(box).to_be_focused()
    box.fill("Twice a day on the avenue, before nine and after six.")
    expect(guest.locator("#kept")).to_contain_text("Kept")
    guest.get_by_role("button", name="Hand in").click()
    expect(guest.get_by_text("Handed in.")).to_be_visible()

    expect(host.locator("#lane-needs_answer")).to_contain_text("answer handed in")
    host.locator(".card-link", has_text="how often are the baskets").focus()
    walk.press(host, "a")
    host.wait_for_url(re.compile(r"/entries/\d+\?write=1$"))
    host.wait_for_load_state("load")
    expect(host.get_by_label("Words of the answer")).to_have_value(re.compile("Twice a day"))
    assert violations(host, False) == []
    walk.press(host, "Escape", "a")
    expect(host.get_by_text("Approved. It leaves in a moment")).to_be_visible()
    assert town.our_replies_on_x(said) == []
    walk.some_seconds_pass()
    (answer,) = town.our_replies_on_x(said)
    assert "Twice a day on the avenue" in answer
    expect(moderator.locator("#lane-needs_answer")).to_contain_text("answered")
    expect(mine.or_(guest.locator("#entry-state"))).to_contain_text("answered")


def test_who_used_the_tag_alone_gets_a_numbered_post_and_a_danger_is_loud(walk: Walk) -> None:
    town, host, moderator = walk.town, walk.host, walk.moderator
    tag = walk.made.chat.hashtag
    host.get_by_role("button", name="Open the chat now").click()
    expect(host.get_by_text("The chat is open.")).to_be_visible()
    town.simulator.say_on_x(f"Q1 {AGAIN} #{tag}", author="bo_1", mention=False)
    walk.some_seconds_pass()
    card = host.locator(".card-link", has_text="next bulk pickup")
    expect(card).to_contain_text("not in the thread")
    card.click()
    host.wait_for_load_state("load")
    expect(host.get_by_text("X does not let us reply")).to_be_visible()
    host.get_by_label("A numbered post").check()
    host.get_by_label("Words of the answer").fill(f"A1: Bulk pickup is by appointment, online or by phone. #{tag}")
    host.get_by_role("button", name="Approve").click()
    expect(host.get_by_text("Approved. It leaves in a moment")).to_be_visible()
    walk.some_seconds_pass()
    assert [one["text"] for one in town.simulator.x_posts(by="us")][-1].startswith("A1: Bulk pickup")
    expect(host.locator("#entry-state")).to_contain_text("answered in a numbered post")

    town.simulator.say_on_x(f"{DANGER} #{tag}", author="cy_2")
    walk.some_seconds_pass()
    expect(moderator.locator("#board-danger")).to_contain_text("smell of gas")
    moderator.keyboard.press("p")
    expect(moderator.get_by_text("nothing planned leaves until")).to_be_visible()
    assert violations(moderator, False) == []


def test_without_scripts_a_moderator_sorts_assigns_and_answers(walk: Walk, browser: Browser) -> None:
    town, host = walk.town, walk.host
    host.get_by_role("button", name="Open the chat now").click()
    expect(host.get_by_text("The chat is open.")).to_be_visible()
    said = town.simulator.say_on_x(f"{ASKED} #{walk.made.chat.hashtag}", author="dee_215")
    walk.some_seconds_pass()
    window = browser.new_context(base_url=host.url.split("/chats")[0], java_script_enabled=False)
    window.set_default_timeout(15_000)
    (cookie,) = [one for one in walk.moderator.context.cookies() if one["name"] == SESSION_COOKIE]
    window.add_cookies([{"name": SESSION_COOKIE, "value": cookie["value"], "url": host.url}])
    try:
        page = window.new_page()
        page.goto(f"/chats/{walk.made.id}/board")
        page.locator(".card-link", has_text="how often are the baskets").click()
        page.get_by_role("button", name="Needs an answer").click()
        page.get_by_label("Given to").select_option(label="Gwen Adeyemi (guest)")
        page.get_by_role("button", name="Give it").click()
        expect(page.get_by_text("For Gwen Adeyemi")).to_be_visible()
        page.get_by_label("Words of the answer").fill("Twice a day.")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("Approved. It leaves in a moment")).to_be_visible()
    finally:
        window.close()
    walk.some_seconds_pass()
    assert len(town.our_replies_on_x(said)) == 1
