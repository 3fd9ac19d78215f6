"""Takes the pictures of the documentation: `python docs/screenshots.py`, with `desk`, `loop` or `chat` for a part.

It runs the product in a throwaway directory, works at the desk as a person would, and writes docs/images/*.png: those
of the desk with the invented sample posts, those of the status loop with one case and the resident's chat beside it,
those of a tweet chat with the example plan.
Needs the development set-up, a Chromium (HARK_CHROMIUM, or `chromium` on PATH) and a font with Chinese letters (Debian:
fonts-droid-fallback) and signs (fonts-noto-color-emoji), without which some posts and buttons have boxes in them.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from sqlmodel import select

from hark311 import wiring
from hark311.settings import load
from hark311.simulator.pictures import draw_png
from models import ChatQuestion, TweetChat

IMAGES = Path(__file__).parent / "images"
LARGEST = 400 * 1024
PATIENCE_SECONDS = 180
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RESIDENT = {"handle": "june_on_tasker", "name": "June Abbott"}
WORDS = "Deep pothole at 21st and Tasker St, two cars have flat tires already"
REPORT, PIN = "Deep pothole here, two cars have flat tires already", ("39.92650", "-75.17810")
ONE_CASE = {"quiet_hours": "", "status_digest_minutes": "0.7", "hold_seconds": "3"}
CHAT = (
    ("ida_on_oak", "A1: lights that work, and somebody who answers when one is out #RiverTalks", False),
    ("sam_by_the_park", "A1 trees and benches. People sit down and watch the street #RiverTalks", False),
    ("lucia_r", "A2: la oficina de permisos, en español, sin esperar una hora #RiverTalks", False),
    ("minh_corner", "A2 Vietnamese at the permit office please #RiverTalks", False),
    ("oak_street_ida", "@Philly311Demo when does the library van come to Oak Street again? #RiverTalks", True),
    ("bo_rowhouse", "is bulk pickup free, and how do I book it? #RiverTalks", False),
    ("jay_wheels", "You always say you are on it and then nothing happens for months #RiverTalks", False),
    ("best_deals_now", "50 % off sneakers today only, follow me #RiverTalks", False),
    ("nell_4th", "@Philly311Demo strong smell of gas in our house right now #RiverTalks", True),
    ("ann_and_kids", "How late are the recreation centers open in summer? #RiverTalks", False),
)
SECOND = "Street light out on the corner of 21st and Tasker St since Monday"


@dataclass(frozen=True, slots=True)
class Running:
    """A product that runs for the pictures: the desk, the simulated city, and the link to come in by."""

    desk: str
    city: str
    link: str
    data: Path

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A call to the simulator's control API."""
        answer = httpx.request(method, f"{self.city}/control{path}", json=body, timeout=10, trust_env=False)
        return answer.raise_for_status().json()

    def health(self) -> Any:
        return httpx.get(f"{self.desk}/health", timeout=10, trust_env=False).raise_for_status().json()


@contextmanager
def product(**settings: str) -> Iterator[Running]:
    """`hark up` on free ports, with settings of its own and a data directory that is thrown away."""
    desk, city = free_port(), free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HARK_")}
    with tempfile.TemporaryDirectory(prefix="hark311-pictures-") as data:
        command = [sys.executable, "-m", "hark311", "up", "--data", data, "--port", str(desk)]
        clean |= {f"HARK_{name.upper()}": value for name, value in settings.items()}
        running = subprocess.Popen(  # noqa: S603 - our own program
            command, env=clean | {"HARK_SIMULATOR_PORT": str(city)}, stdout=subprocess.PIPE, text=True
        )
        try:
            link = next(
                (found[0] for line in running.stdout or () if (found := re.search(r"http\S+/sign-in/\S+", line))), ""
            )
            if not link:
                raise SystemExit("The product did not start; the lines above say why.")
            yield Running(f"http://127.0.0.1:{desk}", f"http://127.0.0.1:{city}", link, Path(data))
        finally:
            running.terminate()
            running.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, true: Any) -> None:
    """Wait for something to come true. Raises SystemExit naming it when it does not."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > until:
            raise SystemExit(f"Waited {PATIENCE_SECONDS} s in vain until {what}.")
        time.sleep(0.5)


def opened(browser: Browser, running: Running, **how: Any) -> Page:
    """A signed-in window; the first one uses up the link, the others take over its session."""
    page = browser.new_context(base_url=running.desk, **how).new_page()
    if "storage_state" not in how:
        page.goto(running.link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/queue")
    return page


def take(page: Page, name: str) -> None:
    """Write one picture. Raises SystemExit when it is larger than a README should carry."""
    page.wait_for_load_state("load")  # the network is never idle: a page listens for what is new
    page.evaluate("document.fonts.ready.then(() => true)")
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    if file.stat().st_size >= LARGEST:
        raise SystemExit(f"{file.name} has {file.stat().st_size // 1024} KB; {LARGEST // 1024} are the most.")
    print(f"{file.name}: {file.stat().st_size // 1024} KB")


def see_all_but_one_alarm(desk: Page) -> None:
    """A person has seen the others, so that the queue fits below the banner."""
    seen = desk.get_by_role("button", name="I have seen it")
    while seen.count() > 1:
        with desk.expect_navigation():
            seen.last.click()
        desk.goto("/queue")


def on_both(page: Page, name: str) -> None:
    """The page on the screen, then as a phone of 375 px shows it."""
    take(page, name)
    wide = page.viewport_size
    page.set_viewport_size({"width": 375, "height": 812})
    page.evaluate("window.scrollTo(0, 0)")
    take(page, f"{name}-mobile")
    if wide:
        page.set_viewport_size(wide)


def freeze(desk: Page) -> None:
    """Approve one more, stop it before it leaves, and let everything go on."""
    desk.goto("/queue")
    desk.locator("a[href^='/mentions/']", has_text=SECOND[:30]).first.click()
    desk.wait_for_url("**/mentions/*")
    desk.wait_for_load_state("load")
    desk.keyboard.press("a")
    desk.get_by_text("left before it leaves").wait_for()
    desk.goto("/freeze")
    desk.get_by_label("Why, if there is time to say").fill("A wrong phone number went out")
    desk.get_by_role("button", name="Freeze").click()
    desk.get_by_role("heading", name="In force").wait_for()
    on_both(desk, "freeze")
    desk.get_by_role("button", name="Thaw").first.click()


def pictures(browser: Browser, running: Running) -> None:
    """All pictures, in the order in which a person would see them."""
    running.ask("POST", "/x/posts", {"author": RESIDENT, "text": SECOND})
    post = running.ask("POST", "/x/posts", {"author": RESIDENT, "text": WORDS})["posts"][0]["id"]
    said = running.ask("GET", "/counts")
    mentions = said["x"]["posts"] + said["mastodon"]["statuses"] + said["bluesky"]["posts"]
    wait_until(
        "every sample is drafted", lambda: (now := running.health())["arriving"] == 0 and now["waiting"] > mentions
    )

    desk = opened(browser, running, viewport={"width": 1280, "height": 800})
    see_all_but_one_alarm(desk)
    on_both(desk, "queue")
    desk.goto("/supervise")
    on_both(desk, "supervise")
    state = desk.context.storage_state()

    dark = opened(browser, running, viewport={"width": 1280, "height": 900}, color_scheme="dark", storage_state=state)
    dark.goto("/queue?view=danger")
    dark.locator("a[href^='/mentions/']").first.click()
    dark.wait_for_url("**/mentions/*")
    take(dark, "mention-dark")

    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto("/queue?view=all")
    desk.locator("a[href^='/mentions/']", has_text=WORDS[:12]).first.click()
    desk.wait_for_url("**/mentions/*")
    on_both(desk, "mention")

    desk.keyboard.press("a")
    wait_until(
        "the reply stands in the thread", lambda: running.ask("GET", f"/x/posts?by=us&in_reply_to={post}")["posts"]
    )
    thread = browser.new_context(viewport={"width": 900, "height": 720}).new_page()
    thread.goto(f"{running.city}/x")
    thread.locator("section.thread", has_text=WORDS[:12]).first.evaluate("one => one.scrollIntoView({block: 'end'})")
    take(thread, "thread-x")
    freeze(desk)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One case from both sides: Odessa's chat on the left, the desk on the right."""

    running: Running
    chat: Page
    desk: Page
    sheet: Page

    @property
    def hers(self) -> Locator:
        return self.chat.get_by_role("region", name="Chat with Odessa")

    def sends(self, text: str = "", place: tuple[str, str] | None = None, photo: bytes = b"") -> None:
        """Odessa fills in the form of her chat, or of her first message."""
        form = self.hers.locator("form.writer") if self.hers.count() else self.chat.locator("form.writer").first
        if not self.hers.count():
            form.get_by_label("Your first name").fill("Odessa")
        form.get_by_label("What you write").fill(text)
        if photo:
            form.get_by_label("Photo").set_input_files({"name": "1.png", "mimeType": "image/png", "buffer": photo})
        if place:
            form.locator("summary").click()
            form.get_by_label("Latitude").fill(place[0])
            form.get_by_label("Longitude").fill(place[1])
            form.get_by_label("share this place").check()
        with self.chat.expect_navigation():
            form.get_by_role("button", name=re.compile("^Send as")).click()

    def taps(self, answer: str) -> None:
        with self.chat.expect_navigation():
            self.hers.get_by_role("button", name=answer).click()

    def waits_with(self, words: str) -> None:
        """Open the case at the desk, once its draft says so."""
        text = self.desk.get_by_label("Text of the reply")
        row = self.desk.locator("a[href^='/mentions/']", has_text=REPORT[:20])

        def drafted() -> bool:
            if "/mentions/" in self.desk.url:
                self.desk.reload()
            else:
                self.desk.goto("/queue?view=all")
                if row.count():
                    row.first.click()
                    self.desk.wait_for_url("**/mentions/*")
            return bool(text.count()) and words in text.input_value()

        wait_until(f"the draft says {words!r}", drafted)

    def approves(self) -> None:
        """Approve what stands there, and see it in the chat."""
        said = self.hers.locator(".bubble.ours").count()
        self.desk.keyboard.press("a")
        self.desk.get_by_text("left before it leaves").wait_for()
        wait_until("it is in the chat", lambda: self.chat.reload() and self.hers.locator(".bubble.ours").count() > said)
        self.desk.reload()

    def city(self, move: str, **said: str) -> None:
        """The city does something about the case."""
        number = self.running.ask("GET", "/open311/requests")["requests"][-1]["service_request_id"]
        self.running.ask("POST", f"/open311/requests/{number}/{move}", said)

    def take(self, name: str) -> None:
        """Both windows in one picture."""
        lowest = self.hers.locator(".bubble, form[aria-label^='Answers']").last
        lowest.evaluate("one => one.scrollIntoView({block: 'end'})")
        text = self.desk.get_by_label("Text of the reply")
        where = text if text.count() else self.desk.locator("h1")
        where.evaluate("one => one.scrollIntoView({block: 'center'})")
        shots = [b64encode(page.screenshot(animations="disabled")).decode() for page in (self.chat, self.desk)]
        self.sheet.set_content(
            "<style>body { margin: 0; display: flex; gap: 8px; background: #57534b }</style>"
            + "".join(f'<img src="data:image/png;base64,{shot}">' for shot in shots)
        )
        take(self.sheet, name)


def loop(browser: Browser, running: Running) -> None:
    """The status loop of one case, in six moments."""
    desk = opened(browser, running, viewport={"width": 1040, "height": 860})
    chat = browser.new_context(base_url=running.city, viewport={"width": 420, "height": 860}).new_page()
    both = SideBySide(running, chat, desk, browser.new_page(viewport={"width": 1468, "height": 860}))
    chat.goto("/telegram")
    both.sends(REPORT, place=PIN)
    both.waits_with("the pothole")
    both.take("loop-1-reported")
    both.approves()
    both.take("loop-2-filed")
    both.city("schedule", date=(datetime.now(UTC) + timedelta(days=9)).isoformat())
    both.waits_with("planned for")
    both.take("loop-3-planned")
    both.approves()
    both.city("fix")
    both.waits_with("Is it fixed?")
    both.approves()
    both.taps("No, it is not fixed")
    both.sends(photo=draw_png("still there"))
    both.waits_with("not fixed")
    both.take("loop-4-not-fixed")
    both.approves()
    both.city("fix")
    both.waits_with("Is it fixed?")
    both.approves()
    both.take("loop-5-fixed-again")
    both.taps("Yes, it is fixed")
    wait_until("the answer is heard", lambda: desk.reload() and not desk.get_by_text("asked, no answer yet").count())
    both.take("loop-6-closed")


def put_back(running: Running, chat_id: int, minutes: int) -> None:
    """Let a chat have begun so many minutes ago, its questions asked in time: no picture waits for an hour to pass."""
    database = wiring.database_of(load(running.data))
    with database.write() as session:
        chat = session.get_one(TweetChat, chat_id)
        chat.starts_at = datetime.now(UTC) - timedelta(minutes=minutes)
        for one in session.exec(select(ChatQuestion).where(ChatQuestion.chat_id == chat_id)).all():
            if one.at_seconds <= minutes * 60:
                one.asked_at = chat.starts_at + timedelta(seconds=one.at_seconds)
                session.add(one)
        session.add(chat)
    database.dispose()


def chat(browser: Browser, running: Running) -> None:
    """The board of a chat that is on, an answer, what a guest sees, and the stage."""
    desk = opened(browser, running, viewport={"width": 1280, "height": 860})
    desk.goto("/chats")
    desk.get_by_role("button", name="Start from an example").click()
    desk.wait_for_url(re.compile(r"/chats/\d+"))
    chat_id = int(re.findall(r"/chats/(\d+)", desk.url)[0])
    desk.goto(f"/chats/{chat_id}/people")
    desk.get_by_label("Their name").fill("Gwen Adeyemi")
    desk.get_by_role("button", name="Invite").click()
    link = desk.locator(".once-link").inner_text()
    desk.goto(f"/chats/{chat_id}")
    desk.get_by_role("button", name="Draft the whole run").click()
    desk.wait_for_load_state("load")
    put_back(running, chat_id, 16)
    board = f"/chats/{chat_id}/board"
    desk.goto(board)
    pause = desk.get_by_role("button", name="Pause")
    wait_until("the clock opens the chat", lambda: desk.reload() and pause.count())
    for handle, text, names_us in CHAT:
        said = {"author": {"handle": handle, "name": handle}, "text": text, "mention": names_us}
        running.ask("POST", "/x/posts", said)
    wait_until("the last post is on the board", lambda: desk.get_by_text(CHAT[-1][1][:30]).count() > 0)
    wait_until("the danger is on the board", lambda: desk.get_by_text("strong smell of gas").count() > 0)
    desk.locator(".lane-question .card-link", has_text="library van").first.focus()
    desk.keyboard.press("s")
    desk.locator(".card", has_text="for Gwen Adeyemi").first.wait_for()
    on_both(desk, "chat-board")
    state = desk.context.storage_state()
    dark = opened(browser, running, viewport={"width": 1280, "height": 860}, color_scheme="dark", storage_state=state)
    dark.goto(board)
    dark.locator(".lane-question .card-link").first.focus()
    take(dark, "chat-board-dark")
    guest = browser.new_context(base_url=running.desk, viewport={"width": 1280, "height": 720}).new_page()
    guest.goto(link)
    guest.get_by_role("button", name="Sign in").click()
    guest.wait_for_url("**/chats**")
    guest.goto(board)
    guest.locator("#lane-mine").get_by_text("library van").wait_for()
    on_both(guest, "chat-guest")
    desk.locator(".card-link", has_text="bulk pickup").first.click()
    desk.get_by_label("A numbered post").wait_for()
    on_both(desk, "chat-answer")
    desk.goto(f"{board}?lane=answer")
    desk.locator(".card-link", has_text="permit office").first.focus()
    desk.keyboard.press("c")
    desk.locator(".card", has_text="in the recap").first.wait_for()
    desk.goto(f"/chats/{chat_id}/stage")
    take(desk, "chat-stage")


def main() -> None:
    chromium = os.environ.get("HARK_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("No Chromium: set HARK_CHROMIUM to one, or install a `chromium` on PATH.")
    IMAGES.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or ["desk", "loop", "chat"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS, headless=True)
        if "desk" in wanted:
            with product() as running:
                pictures(browser, running)
        if "loop" in wanted:
            with product(**ONE_CASE) as running:
                loop(browser, running)
        if "chat" in wanted:
            with product(quiet_hours="") as running:
                chat(browser, running)
        browser.close()


if __name__ == "__main__":
    main()
