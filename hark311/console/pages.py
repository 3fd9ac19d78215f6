"""The desk's own parts, and how a page is made from a template: autoescaped, strict, with the city's times."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from markupsafe import Markup
from starlette.responses import HTMLResponse

from hark311.console import words
from hark311.console.assets import VENDOR
from hark311.console.live import Live
from hark311.console.map_drawing import Mark
from hark311.console.times import CityTime
from hark311.product import Product

HERE = Path(__file__).parent

TRIES_PER_NAME = RateLimitItemPerMinute(5, 15)
TRIES_PER_ADDRESS = RateLimitItemPerMinute(30, 15)
LOOKS_PER_ADDRESS = RateLimitItemPerMinute(300, 15)
"""Pages of cases, for everybody behind one address: a carrier has many phones behind one."""


class Throttle:
    """How often somebody may guess a password, per name and per address they come from, or ask for costly things."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allows(self, username: str, address: str = "") -> bool:
        """Count one try for the name; False when there were too many, or too many wrong ones from the address."""
        by_name = self._limiter.hit(TRIES_PER_NAME, "name", username.lower())
        return (not address or self._limiter.test(TRIES_PER_ADDRESS, "address", address)) and by_name

    def failed(self, address: str) -> None:
        """Count a wrong password against the address it came from: a whole office may sign in behind one."""
        self._limiter.hit(TRIES_PER_ADDRESS, "address", address)

    def may_ask(self, staff_id: int, limit: RateLimitItem) -> bool:
        """Count one request of a signed-in person; False when there were too many."""
        return self._limiter.hit(limit, "asks", str(staff_id))

    def may_look(self, address: str) -> bool:
        """Count one look at the page of a case; False after too many, or too many for links that do not exist."""
        guesses = self._limiter.test(TRIES_PER_ADDRESS, "links", address)
        return self._limiter.hit(LOOKS_PER_ADDRESS, "looks", address) and guesses

    def missed(self, address: str) -> None:
        """Count a link that does not exist against the address it was asked for from."""
        self._limiter.hit(TRIES_PER_ADDRESS, "links", address)

    def forgive(self, username: str) -> None:
        """Forget the tries of a name that got in."""
        self._limiter.clear(TRIES_PER_NAME, "name", username.lower())


@dataclass(frozen=True, slots=True)
class Console:
    """What every page works with."""

    product: Product
    templates: Environment
    throttle: Throttle
    city_time: CityTime
    live: Live

    def now(self) -> datetime:
        return self.product.desk.clock()

    def page(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """An HTML answer. A template that uses a name it was not given fails."""
        return HTMLResponse(self.templates.get_template(template).render(now=self.now(), **context), status_code=status)


def make_console(product: Product) -> Console:
    """The desk's parts for one product."""
    settings = product.settings
    city_time = CityTime(ZoneInfo(settings.city_time_zone))
    tiles = (settings.map_tile_url, settings.map_attribution)
    live = Live(product.database, product.desk.clock)
    return Console(product, _environment(settings.city_name, city_time, tiles), Throttle(), city_time, live)


@cache
def _environment(city_name: str, city_time: CityTime, tiles: tuple[str, str]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(icon=icon, city_name=city_name, tiles=tiles, words=words)
    filters: dict[str, Callable[..., str]] = {
        "age": city_time.age,
        "clock": city_time.clock,
        "moment": city_time.moment,
        "day": city_time.day,
        "calendar": city_time.calendar,
        "https_only": https_only,
        "points": points,
        "language_name": words.language_name,
    }
    environment.filters.update(filters)
    return environment


def points(marks: Sequence[Mark]) -> str:
    """The marks of a map for its script: JSON of [lat, lon, sign, label, precision in metres]."""
    return json.dumps([[one.lat, one.lon, one.sign, one.label, one.precision_m] for one in marks])


def https_only(url: str) -> str:
    """A resident's link if it may be followed at all: https and a host name; else ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc else ""


@cache
def icon(name: str) -> Markup:
    """An outline icon, hidden from screen readers: a word always stands beside it."""
    svg = (VENDOR / "icons" / f"{name}.svg").read_text()
    body = svg[svg.index("<svg") :].replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
    return Markup(body)  # noqa: S704 - a file of ours, named by a template of ours
