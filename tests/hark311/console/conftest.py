"""The desk on a real port of this machine, with a real database file."""

import asyncio
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlmodel import Session
from starlette.types import ASGIApp, Receive, Scope, Send
from twitter_text import parse_tweet

from hark311.console import assets, create_app
from hark311.console.auth import issue_link
from hark311.console.live import Live
from hark311.product import Product
from hark311.settings import Settings
from models import Channel, Database, Mention, StaffUser
from responders.review import Desk
from tests.hark311.console.factories import make_staff
from tests.running import wait_until

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
"""The desk's clock in these tests: noon in the city."""


class Clock:
    """A clock the tests turn by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@dataclass
class Running:
    """A desk that answers on `url`, and what the tests look at from the inside."""

    url: str
    database: Database
    clock: Clock
    product: Product
    nudges: list[tuple[object, ...]] = field(default_factory=list)
    clients: list[httpx.Client] = field(default_factory=list)

    @contextmanager
    def rows(self) -> Iterator[Session]:
        """A session that commits at its end."""
        with self.database.write() as session:
            yield session

    def secret_for(self, staff: StaffUser) -> str:
        with self.database.write() as session:
            return issue_link(session, staff, self.clock())

    def staff(self, display_name: str = "Mara Jennings") -> StaffUser:
        with self.database.write() as session:
            return make_staff(session, display_name)

    def mention(self, mention_id: int) -> Mention:
        with self.database.read() as session:
            return session.get_one(Mention, mention_id)

    def nudged(self, how_often: int) -> list[tuple[object, ...]]:
        """The nudges so far, once there are that many: they leave just after the answer."""
        deadline = time.monotonic() + 5
        while len(self.nudges) < how_often and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.nudges

    def visitor(self, **headers: str) -> httpx.Client:
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        self.clients.append(client)
        return client

    def browser_of(self, staff: StaffUser) -> "Browser":
        browser = Browser(self.visitor())
        browser.post(f"/sign-in/{self.secret_for(staff)}")
        return browser


class Browser:
    """A person's browser without scripts: it sends the forms it was given, with the token that is in them."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, page: str = "", **fields: str) -> httpx.Response:
        """Send a form of `page` (the path itself where it is not given) to `path`."""
        shown = self.client.get(page or (path if path.startswith("/sign-in") else "/account"))
        return self.client.post(path, data={"csrf": token_in(shown.text), **fields})

    def decide(self, mention_id: int, what: str, **changed: str | None) -> httpx.Response:
        """Press a button of a mention's decision form, with fields changed or (None) left out."""
        return self.decide_on(self.get(f"/mentions/{mention_id}").text, mention_id, what, **changed)

    def decide_on(self, shown: str, mention_id: int, what: str, **changed: str | None) -> httpx.Response:
        """The same on a page that was opened earlier."""
        fields: dict[str, str | None] = {**decision_fields(shown), **changed}
        kept = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(f"/mentions/{mention_id}/{what}", data=kept)


def token_in(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    return found[1] if found else ""


def _added_fields(page: str) -> dict[str, str]:
    """What stands in the requests that a person added, and in hidden fields of the evidence card."""
    named = r'name="((?:added|pair)-[^"]+)"'
    fields = dict(re.findall(rf'<input[^>]* {named} value="([^"]*)"(?! checked)', page))
    fields |= dict(re.findall(rf"<textarea[^>]* {named}[^>]*>\n(.*?)</textarea>", page, re.DOTALL))
    for select, name in re.findall(rf"(<select[^>]* {named}.*?</select>)", page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', select)
        fields[name] = chosen[1] if chosen else ""
    ticked = set(re.findall(rf'type="checkbox"[^>]* {named} value="yes" checked', page))
    kept = {name: unescape(value) for name, value in fields.items() if not name.endswith("-file")}
    return kept | dict.fromkeys(ticked, "yes")


def decision_fields(page: str) -> dict[str, str]:
    """The decision form's fields as a browser would send them."""
    fields = {"csrf": token_in(page)}
    for name in ("seen_version", "seen_post_id", "address_string", "lat", "long"):
        if found := re.search(rf'name="{name}" value="([^"]*)"', page):
            fields[name] = unescape(found[1])
    for name in ("reply_text", "description"):
        if found := re.search(rf'name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL):
            fields[name] = unescape(found[1])
    for name in ("language", "service_code", "intent"):
        if found := re.search(rf'<select[^>]* name="{name}".*?</select>', page, re.DOTALL):
            chosen = re.search(r'<option value="([^"]*)" selected', found[0])
            fields[name] = unescape(chosen[1]) if chosen else ""
    fields |= _added_fields(page)
    for name in ("send_reply", "file_request"):
        if re.search(rf'name="{name}" value="yes" checked', page):
            fields[name] = "yes"
    return fields


def weighted_length(channel: Channel, text: str) -> int:
    return int(parse_tweet(text).weightedLength) if channel == Channel.X else len(text)


def find_private(text: str) -> list[str]:
    found = ["phone"] if re.search(r"\b\d{3}[-. ]\d{3}[-. ]\d{4}\b", text) else []
    return found + (["email"] if re.search(r"\S+@\S+\.\w+", text) else [])


@pytest.fixture(scope="session", autouse=True)
def browser_files() -> None:
    assets.build()


@pytest.fixture
def clock() -> Clock:
    return Clock()


StartDesk = Callable[..., Running]


class Switchboard:
    """One listening port for all tests: hands every request to the desk of the test that runs."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.url = ""
        self.answering = 0
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        if self.app is not None:
            self.answering += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.answering -= 1

    def end(self, live: Live) -> None:
        """Close the streams of a desk and wait for what watches behind them: its file is about to be replaced."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(live.close)
            wait_until(lambda: not live.watching)


@pytest.fixture(scope="session")
def switchboard() -> Iterator[Switchboard]:
    board = Switchboard()
    server = uvicorn.Server(uvicorn.Config(board, log_config=None, access_log=False, ws="none", lifespan="off"))
    # asyncio switches Nagle's delay off only for sockets that say they are TCP
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    board.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield board
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def reused_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One engine for all tests, so that statements are compiled once; each test gets a fresh file under it."""
    database = Database.in_file(tmp_path_factory.mktemp("desk") / "desk.db")
    yield database
    database.dispose()


@pytest.fixture
def empty_database(reused_database: Database, migrated_file: Path) -> Iterator[Database]:
    """An empty database with the real schema."""
    file = Path(reused_database.url.database or "")
    for left in file.parent.glob("desk.db*"):
        left.unlink()
    shutil.copy(migrated_file, file)
    yield reused_database
    reused_database.dispose()


@pytest.fixture
def start_desk(tmp_path: Path, empty_database: Database, clock: Clock, switchboard: Switchboard) -> Iterator[StartDesk]:
    """Starts the desk with settings, and parts of the product, of a test's own, on an empty database."""
    started: list[Running] = []
    watched: list[Live] = []

    def start(parts: Mapping[str, Any] | None = None, **settings: object) -> Running:
        nudges: list[tuple[object, ...]] = []

        async def nudge(*args: object) -> None:
            nudges.append(args)

        desk = Desk(empty_database, weighted_length, find_private, clock=clock)
        given = Settings.model_validate({"data": tmp_path, "city_name": "Riverton311", **settings})
        product = Product(given, empty_database, desk, nudge, secret_key="k" * 32, **(parts or {}))
        switchboard.app = app = create_app(product)
        watched.append(app.state.console.live)
        started.append(Running(switchboard.url, empty_database, clock, product, nudges))
        return started[-1]

    yield start
    switchboard.app = None
    for live in watched:
        switchboard.end(live)
    wait_until(lambda: not switchboard.answering)  # its database file is about to be replaced
    for desk in started:
        for client in desk.clients:
            client.close()


@pytest.fixture
def desk(start_desk: StartDesk) -> Running:
    return start_desk()
