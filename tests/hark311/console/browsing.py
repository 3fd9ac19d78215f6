"""A real Chromium for the browser tests, and how it signs in."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlmodel import select

from hark311.console import assets
from hark311.console.auth import open_session
from hark311.console.visits import SESSION_COOKIE
from models import Mention, Reply, StaffUser
from tests.hark311.console.conftest import Running

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str:
    """The browser's path. Skips the test where there is none, and fails it where there must be one."""
    found = os.environ.get("HARK_CHROMIUM") or shutil.which("chromium")
    if found:
        return found
    why = "no Chromium: set HARK_CHROMIUM to one, or install a `chromium` on PATH"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def launched() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS), headless=True)
        expect.set_options(timeout=15_000)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser,
    desk: Running,
    staff: StaffUser | None,
    *,
    scripts: bool = True,
    width: int = 1280,
    dark: bool = False,
    touch: bool = False,
) -> Iterator[Page]:
    """A page of a new window, signed in as `staff`. A script error or a refused resource fails the test."""
    context = browser.new_context(
        base_url=desk.url,
        java_script_enabled=scripts,
        viewport={"width": width, "height": 812 if width < 600 else 900},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
    )
    context.set_default_timeout(15_000)
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None)
    try:
        if staff is not None:
            with desk.rows() as session:
                secret = open_session(session, staff, desk.clock())
            context.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": desk.url}])
            page.goto("/queue")
        yield page
    finally:
        context.close()  # also after a failure: a page that goes on asking would meet the next test's database
    assert complaints == []


def violations(page: Page, dark: bool) -> list[str]:
    """What axe finds against WCAG 2.2 AA, one line each. A page differs in dark by its colours alone."""
    page.evaluate(assets.AXE.read_text())
    levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        """async (only) => {
            const told = await axe.run(document, {runOnly: only, resultTypes: ["violations"]});
            return told.violations.flatMap((one) => one.nodes.map((node) => one.id + ": " + node.html));
        }""",
        ["color-contrast"] if dark else levels,
    )
    return [str(one) for one in found]


def reply_of(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def arrived(page: Page, text: str) -> None:
    """Wait for a page that says `text` and hears keys: words show a moment before the deferred scripts have run."""
    expect(page.get_by_text(text)).to_be_visible()
    page.wait_for_load_state("load")
