"""Every page of the desk, found from its routes, and what is looked at on each."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from fastapi import FastAPI
from playwright.sync_api import Page
from starlette.routing import compile_path

from tests.hark311.console.browsing import violations
from tests.hark311.console.conftest import Browser
from tests.hark311.console.routes import served

LINK = re.compile(r'(?:href|hx-get)="(/[^"#]*)')
WHOLE = "<!doctype html>"
NARROW, WIDE = 320, 1280

SCRIPT = Path(__file__).with_name("walking.js")


def looked_at(app: FastAPI) -> set[str]:
    """The path of everything that can be looked at; what channels call is not looked at."""
    called = [name.split(" ", 1) for name, _ in served(app)]
    return {path for method, path in called if method == "GET" and not path.startswith("/webhooks/")}


@dataclass
class Found:
    """The addresses of whole pages, and the routes to which no address was found."""

    pages: list[str] = field(default_factory=list)
    routes_without: set[str] = field(default_factory=set)


def all_pages(app: FastAPI, visitor: Browser, begin: Sequence[str]) -> Found:
    """One address for every route that answers with a whole page, and all of `begin`: by following links."""
    known = {path: compile_path(path)[0] for path in looked_at(app)}
    asked, left = set[str](), set(known)
    mention = next((one for one in begin if re.fullmatch(r"/mentions/\d+", one)), "")
    waiting = [*begin, *(path.replace("/mentions/{mention_id}", mention) for path in sorted(known))]
    waiting = [one for one in waiting if "{" not in one]
    found = Found()
    while waiting:
        address = waiting.pop(0)
        route = _route_of(address, known)
        if address in asked or not route or (route not in left and address not in begin):
            continue
        asked.add(address)
        left.discard(route)
        text = _text(visitor, address)
        waiting += [unescape(link) for link in LINK.findall(text)]
        if text.lower().startswith(WHOLE):
            found.pages.append(address)
    found.routes_without = left
    return found


def _text(visitor: Browser, address: str) -> str:
    """What an address shows, where it is HTML; a stream of events is left unread."""
    with visitor.client.stream("GET", address) as answer:
        return answer.read().decode() if "text/html" in answer.headers.get("content-type", "") else ""


def _route_of(address: str, known: Mapping[str, re.Pattern[str]]) -> str:
    path = address.partition("?")[0]
    return min((one for one, fits in known.items() if fits.match(path)), key=lambda one: one.count("{"), default="")


def troubles_of(page: Page, address: str) -> Iterator[str]:
    """What is wrong with one page in light, dark and high contrast, at 320 px, in double size, and by keys alone."""
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.emulate_media(color_scheme="light", contrast="no-preference", reduced_motion="reduce")
    page.goto(address)
    page.wait_for_load_state("load")
    page.evaluate("document.querySelectorAll('main details:not(.close)').forEach((one) => { one.open = true; })")
    page.evaluate(SCRIPT.read_text())
    for at in by_keys(page):
        yield f"{address}: {at}"
    page.set_viewport_size({"width": WIDE, "height": page.evaluate("document.documentElement.scrollHeight")})
    for one in violations(page, False):
        yield f"{address}: {one}"
    for scheme, contrast in (("dark", "no-preference"), ("light", "more"), ("dark", "more")):
        page.emulate_media(color_scheme=scheme, contrast=contrast)  # type: ignore[arg-type]  # literals
        for one in violations(page, True):
            yield f"{address} in {scheme}, contrast {contrast}: {one}"
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    if wide := too_wide(page, WIDE):
        yield f"{address} with text at 200 %: {wide}"
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": NARROW, "height": 640})
    if wide := too_wide(page, NARROW):
        yield f"{address} at {NARROW} px: {wide}"


def too_wide(page: Page, width: int) -> str:
    """Which elements stick out where a page scrolls sideways; "" where it does not."""
    return str(page.evaluate("(width) => walking.tooWide(width)", width))


def by_keys(page: Page) -> list[str]:
    """Controls that Tab does not come to, or on which the focus cannot be seen."""
    for _ in range(page.evaluate("walking.begin()") + 2):
        page.keyboard.press("Tab")
    return [str(one) for one in page.evaluate("walking.missed()")]
