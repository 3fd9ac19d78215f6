"""The whole loop in a real browser, the resident's chat beside the desk: reported, planned, closed, not fixed, fixed.

The people act in their pages; what the worker does in rounds is done between, on a clock that is turned.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hark311 import wiring
from hark311.console import create_app
from hark311.console.auth import issue_link
from hark311.product import Product
from hark311.simulator.pictures import draw_png
from models import FixedState, MentionState, RequestState, StaffUser
from responders.fixed_rounds import FixedRounds
from tests.hark311.console.browsing import launched
from tests.hark311.console.conftest import Switchboard
from tests.responders.test_fixed import questions
from tests.running import wait_until
from tests.town import Clock, Town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

REPORT = "Deep pothole here, two cars have flat tires already"


@pytest.fixture
def clock() -> Clock:
    """The town's clock; the simulator's goes by the real one."""
    return Clock()


@dataclass
class Walk:
    """June's chat on the left, Mae at the desk on the right, and the town in between."""

    town: Town
    chat: Page
    desk: Page

    def june_sends(self, text: str = "", *, place: tuple[str, str] | None = None, photo: bytes = b"") -> None:
        """June fills in the form of her chat, or of her first message, and sends it."""
        form = self.chat.locator("form.writer").last
        if form.get_by_label("Your first name").count():
            form.get_by_label("Your first name").fill("June")
        form.get_by_label("What you write").fill(text)
        if photo:
            form.get_by_label("Photo").set_input_files({"name": "1.png", "mimeType": "image/png", "buffer": photo})
        if place:
            form.locator("summary").click()
            form.get_by_label("Latitude").fill(place[0])
            form.get_by_label("Longitude").fill(place[1])
            form.get_by_label("share this place").check()
        form.get_by_role("button", name=re.compile("^Send as")).click()
        expect(self.chat.locator(".bubble").last).to_contain_text("June")
        expect(self.chat.get_by_role("alert")).to_have_count(0)

    def june_taps(self, answer: str) -> None:
        self.chat.get_by_role("button", name=answer).click()
        expect(self.chat.locator(".bubble").last).to_contain_text(answer)

    def some_minutes_pass(self) -> None:
        """What was said is heard and drafted, what was approved leaves, and the city's news come in and are drafted."""
        with ThreadPoolExecutor(1) as worker:  # this thread's event loop is the browser's
            worker.submit(self._work).result()

    def _work(self) -> None:
        town = self.town
        town.hear()
        town.deliver()
        town.clock.advance(minutes=2)
        town.refresh()
        FixedRounds(town.database, clock=town.clock).look()
        town.clock.advance(minutes=11)
        town.tell()

    def mae_opens(self) -> Locator:
        """Mae takes the case from the queue; the reply that waits there."""
        self.desk.goto("/queue")
        self.desk.locator("main a[href^='/mentions/']").first.click()
        self.desk.wait_for_url("**/mentions/*")
        self.desk.wait_for_load_state("load")
        return self.desk.get_by_label("Text of the reply")

    def mae_approves(self) -> None:
        """Mae approves what stands there, and it leaves."""
        said = self.said().count()
        self.desk.get_by_role("button", name=re.compile("^Approve")).click()
        expect(self.desk.locator("#state")).to_contain_text("on its way")
        expect(self.said()).to_have_count(said)  # nothing of it is in her chat before the worker's round
        self.some_minutes_pass()
        self.chat.reload()
        expect(self.said()).to_have_count(said + 1)

    def said(self) -> Locator:
        """What the bot said in the chat."""
        return self.chat.locator(".bubble.ours .said")

    def is_told(self, *words: str) -> None:
        for one in words:
            expect(self.said().last).to_contain_text(one)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def walk(town: Town, browser: Browser, switchboard: Switchboard) -> Iterator[Walk]:
    """Both windows: the chat's page of the simulator, and the desk with Mae signed in by her link."""

    async def nudge(*_: object) -> None:
        return None

    redact, kinds = wiring.redact_for(town.settings), wiring.private_kinds(town.settings)
    product = Product(
        town.settings, town.database, town.desk, nudge, "k" * 32, redact=redact, private_details=kinds.details
    )
    switchboard.app = app = create_app(product)
    with town.database.write() as session:
        secret = issue_link(session, session.get_one(StaffUser, town.staff_id), town.clock())
    windows = [browser.new_context(base_url=url) for url in (town.simulator.url, switchboard.url)]
    for window in windows:
        window.set_default_timeout(15_000)
    chat, desk = (window.new_page() for window in windows)
    try:
        chat.goto("/telegram")
        desk.goto(f"/sign-in/{secret}")
        desk.get_by_role("button", name="Sign in").click()
        desk.wait_for_url("**/queue")
        yield Walk(town, chat, desk)
    finally:
        for window in windows:
            window.close()
        switchboard.app = None
        switchboard.end(app.state.console.live)
        wait_until(lambda: not switchboard.answering)


def test_the_answer_comes_back_where_the_resident_spoke_until_it_is_really_fixed(walk: Walk) -> None:
    town, desk = walk.town, walk.desk

    walk.june_sends(REPORT, place=("39.92650", "-75.17810"))
    walk.some_minutes_pass()
    assert town.simulator.city_requests() == []
    expect(walk.mae_opens()).to_have_value(re.compile("June.*the pothole.*{number}.*{date}"))
    walk.mae_approves()
    filed = town.simulator.city_requests()[0]
    number = str(filed["service_request_id"])
    walk.is_told(number, "taken care of by")
    assert (filed["lat"], filed["long"]) == (39.9265, -75.1781)

    day = town.clock() + timedelta(days=9)
    town.simulator.city_does(number, "schedule", date=day.isoformat())
    walk.some_minutes_pass()
    expect(walk.mae_opens()).to_have_value(re.compile("planned the work"))
    walk.mae_approves()
    walk.is_told("planned", number, f"{day.astimezone(ZoneInfo(town.settings.city_time_zone)):%b}")

    town.simulator.city_does(number, "fix")
    walk.some_minutes_pass()
    expect(walk.mae_opens()).to_have_value(re.compile("Is it fixed"))
    walk.mae_approves()
    walk.is_told("Is it fixed?", number)

    walk.june_taps("No, it is not fixed")
    walk.june_sends(photo=draw_png("still there"))
    expect(walk.chat.get_by_alt_text("The photo that June sent")).to_be_visible()
    walk.some_minutes_pass()
    assert town.simulator.city_requests()[0]["status"] == "closed"
    expect(walk.mae_opens()).to_have_value(re.compile("not fixed"))
    expect(desk.get_by_text("not fixed, they say").first).to_be_visible()
    expect(desk.get_by_text("Ready to approve: the request is filed, then the reply is sent")).to_be_visible()
    walk.mae_approves()
    walk.is_told("not fixed", number)
    assert [one["status"] for one in town.simulator.city_requests()] == ["open"]

    town.simulator.city_does(number, "fix")
    walk.some_minutes_pass()
    expect(walk.mae_opens()).to_have_value(re.compile("Is it fixed"))
    walk.mae_approves()
    before = walk.said().count()
    walk.june_taps("Yes, it is fixed")
    walk.some_minutes_pass()
    assert [one.state for one in questions(town)] == [FixedState.NO, FixedState.YES]
    (mention,) = town.mentions()
    assert mention.state == MentionState.CLOSED
    assert town.request_of(mention.id).state == RequestState.SUBMITTED
    desk.reload()
    expect(desk.locator("#state")).to_contain_text("closed")
    expect(desk.get_by_text("asked, no answer yet")).to_have_count(0)
    expect(desk.get_by_text("no place yet")).to_have_count(0)
    walk.chat.reload()
    expect(walk.said()).to_have_count(before)  # nobody has let the thanks go by themselves
    assert len(town.simulator.city_requests()) == 1
