"""Takes the pictures of the README and the tutorial: `python docs/screenshots.py`.

It runs the product with the invented sample posts in a throwaway directory, works at the desk as a person would, and
writes docs/images/*.png. Needs the development set-up, a Chromium (HARK_CHROMIUM, or `chromium` on PATH) and a font
with Chinese letters (Debian: fonts-droid-fallback), without which one post is a row of boxes.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
LARGEST = 400 * 1024
PATIENCE_SECONDS = 90
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


@dataclass(frozen=True, slots=True)
class Running:
    """A product that runs for the pictures: the desk, the simulated city, and the link to come in by."""

    desk: str
    city: str
    link: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A call to the simulator's control API."""
        answer = httpx.request(method, f"{self.city}/control{path}", json=body, timeout=10, trust_env=False)
        return answer.raise_for_status().json()

    def health(self) -> Any:
        return httpx.get(f"{self.desk}/health", timeout=10, trust_env=False).raise_for_status().json()


@contextmanager
def product() -> Iterator[Running]:
    """`hark up` on free ports, with a data directory that is thrown away."""
    desk, city = free_port(), free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HARK_")}
    with tempfile.TemporaryDirectory(prefix="hark311-pictures-") as data:
        command = [sys.executable, "-m", "hark311", "up", "--data", data, "--port", str(desk)]
        running = subprocess.Popen(  # noqa: S603 - our own program
            command, env=clean | {"HARK_SIMULATOR_PORT": str(city)}, stdout=subprocess.PIPE, text=True
        )
        try:
            link = next(
                (found[0] for line in running.stdout or () if (found := re.search(r"http\S+/sign-in/\S+", line))), ""
            )
            if not link:
                raise SystemExit("The product did not start; the lines above say why.")
            yield Running(f"http://127.0.0.1:{desk}", f"http://127.0.0.1:{city}", link)
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
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    if file.stat().st_size >= LARGEST:
        raise SystemExit(f"{file.name} has {file.stat().st_size // 1024} KB; {LARGEST // 1024} are the most.")
    print(f"{file.name}: {file.stat().st_size // 1024} KB")


def see_all_but_one_alarm(desk: Page) -> None:
    """A person has seen the others, so that the queue fits below the banner."""
    seen = desk.get_by_role("button", name="I have seen it")
    while seen.count() > 1:
        seen.last.click()
        desk.wait_for_load_state("networkidle")
        desk.goto("/queue")


def pictures(browser: Browser, running: Running) -> None:
    """All pictures, in the order in which a person would see them."""
    post = running.ask("POST", "/x/posts", {"author": RESIDENT, "text": WORDS})["posts"][0]["id"]
    said = running.ask("GET", "/counts")
    mentions = said["x"]["posts"] + said["mastodon"]["statuses"] + said["bluesky"]["posts"]
    wait_until(
        "every sample is drafted", lambda: (now := running.health())["arriving"] == 0 and now["waiting"] > mentions
    )

    desk = opened(browser, running, viewport={"width": 1280, "height": 800})
    see_all_but_one_alarm(desk)
    take(desk, "queue")
    state = desk.context.storage_state()
    phone = opened(browser, running, viewport={"width": 390, "height": 844}, storage_state=state)
    phone.goto("/queue")
    take(phone, "queue-mobile")

    dark = opened(browser, running, viewport={"width": 1280, "height": 900}, color_scheme="dark", storage_state=state)
    dark.goto("/queue?view=danger")
    dark.locator("a[href^='/mentions/']").first.click()
    dark.wait_for_url("**/mentions/*")
    take(dark, "mention-dark")

    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto("/queue?view=all")
    desk.locator("a[href^='/mentions/']", has_text=WORDS[:12]).first.click()
    desk.wait_for_url("**/mentions/*")
    take(desk, "mention")

    desk.keyboard.press("a")
    wait_until(
        "the reply stands in the thread", lambda: running.ask("GET", f"/x/posts?by=us&in_reply_to={post}")["posts"]
    )
    thread = browser.new_context(viewport={"width": 900, "height": 720}).new_page()
    thread.goto(f"{running.city}/x")
    thread.locator("section.thread", has_text=WORDS[:12]).first.evaluate("one => one.scrollIntoView({block: 'end'})")
    take(thread, "thread-x")


def main() -> None:
    chromium = os.environ.get("HARK_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("No Chromium: set HARK_CHROMIUM to one, or install a `chromium` on PATH.")
    IMAGES.mkdir(exist_ok=True)
    with product() as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS, headless=True)
        pictures(browser, running)
        browser.close()


if __name__ == "__main__":
    main()
