"""Every route of the desk: signed out, with each role, with a forged form, and with texts that mean harm."""

import csv
import inspect
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from hark311.console import create_app
from hark311.console.auth import open_session
from hark311.console.visits import SESSION_COOKIE, token_for
from models import ChatPart, Mention, MentionState, Role, StaffUser
from tests.chats import a_chat, an_entry, takes_part
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_account, make_ready, make_services, make_staff
from tests.hark311.console.hostile import HARM, make_hostile
from tests.hark311.console.reading import read, troubles
from tests.hark311.console.routes import ROUTES, STAFF_ROUTES, Open, Route, served

FORMULA = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"[+-]?[\d.,:% ]+")
WORDS = re.compile(r"""(?:text\(|fields\.get\(|fields\[|Query\(|get\()f?"([a-z_]{2,24})["{]""")
KNOWN = {"relation": "same", "language": "en", "key": "acknowledged", "task": "intent", "secret": "nobody", "name": "x"}
"""What stands for the names in addresses that are no ids."""


WITH_A_FILE = ("POST /mentions/{mention_id}/pictures",)
"""Forms that are read only for somebody who may send one."""


@dataclass
class Town:
    """A desk with something of everything, and one person of each role."""

    desk: Running
    app: FastAPI
    mention: Mention
    hostile: Mention
    people: Mapping[Role, StaffUser]

    def address(self, route: Route) -> str:
        """An address of a route, of what there is."""
        ids = {"mention_id": self.mention.id, "staff_id": self.people[Role.VIEWER].id}
        return re.sub(
            r"\{(\w+)(?::\w+)?\}", lambda found: str(KNOWN.get(found[1]) or ids.get(found[1]) or 1), route.path
        )

    def ask(
        self,
        route: Route,
        role: Role | None,
        fields: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request in a new session. A stream is hung up on once it has begun."""
        client = httpx.Client(base_url=self.desk.url, params=dict(query or {}), timeout=30)
        data = dict(fields or {})
        if role:
            with self.desk.database.write() as session:
                secret = open_session(session, self.people[role], self.desk.clock())
            client.cookies[SESSION_COOKIE] = secret
            data["csrf"] = token_for(self.desk.product.secret_key, secret) if token is None else token
        sent = data if route.method == "POST" else None
        with client, client.stream(route.method, self.address(route), data=sent) as answer:
            streams = "event-stream" in answer.headers.get("content-type", "")
            body = b"" if streams else answer.read()
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@pytest.fixture
def town(desk: Running) -> Town:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        make_ready(session, account, NOON)
        mention = make_ready(session, account, NOON)
        hostile = make_hostile(session, account, NOON)
        people = {role: make_staff(session, f"{role.title()} Person", role) for role in Role}
        make_staff(session, "Second Admin", Role.ADMIN)
        made = a_chat(session, starts_at=NOON, account=account)
        takes_part(session, made.chat, people[Role.CHAT_MODERATOR], ChatPart.MODERATOR)
        takes_part(session, made.chat, people[Role.CHAT_GUEST], ChatPart.GUEST)
        an_entry(session, made, "<script>alert(1)</script> {{ 31337 ** 3 }}", assigned_to=people[Role.CHAT_GUEST])
    return Town(desk, create_app(desk.product), mention, hostile, people)


def test_every_route_says_who_may_use_it(town: Town) -> None:
    said, there = {one.name for one in ROUTES}, {name for name, _ in served(town.app)}
    assert there - said == set(), "enter these in tests/hark311/console/routes.py"
    assert said - there == set(), "these are gone: take them out of tests/hark311/console/routes.py"


def test_signed_out_nothing_is_reached(town: Town) -> None:
    for route in STAFF_ROUTES:
        answer = town.ask(route, None, {"reply_text": "Hours of work"})
        if route.method == "GET":
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), route.name
        else:
            assert answer.status_code == 401, route.name
            assert "Hours of work" in answer.text or route.name in WITH_A_FILE, route.name
    assert town.desk.mention(town.mention.id or 0).state == MentionState.DRAFTED


def test_what_is_open_to_anybody_answers_and_takes_no_forged_form(town: Town) -> None:
    for route in ROUTES:
        if route.asks is Open.TO_ANYBODY:
            answer = town.ask(route, None)
            assert answer.status_code < 500, route.name
            assert route.method == "GET" or answer.status_code == 403, route.name
        elif route.asks in (Open.TO_HOLDERS, Open.TO_CHANNELS):
            assert town.ask(route, None).status_code == 404, route.name


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_what_it_may_and_nothing_else(town: Town, role: Role) -> None:
    for route in STAFF_ROUTES:
        answer = town.ask(route, role)
        assert answer.status_code < 500, route.name
        refused = answer.status_code == 403 and ("does this" in answer.text or "changes this" in answer.text)
        assert refused is not route.open_to(role), f"{route.name} answers {answer.status_code} to {role}"


def test_no_form_is_taken_without_the_token_of_its_own_session(town: Town) -> None:
    with town.desk.database.write() as session:
        secret = open_session(session, town.people[Role.ADMIN], town.desk.clock())
    of_another = token_for(town.desk.product.secret_key, secret)
    for route in STAFF_ROUTES:
        for token in ("", of_another) if route.method == "POST" else ():
            answer = town.ask(route, Role.ADMIN, token=token)
            assert answer.status_code == 403, route.name
            assert "This form was not accepted" in answer.text, route.name


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_texts_that_mean_harm_break_nothing_and_stay_texts(town: Town, harm: str) -> None:
    endpoints, found = dict(served(town.app)), set[str]()
    for route in STAFF_ROUTES:
        if route.method == "POST":
            typed = dict.fromkeys(_fields(endpoints[route.name]), harm)
            found.update(_harmed(route, town.ask(route, Role.ADMIN, typed)))
    for route in STAFF_ROUTES:
        if route.method == "GET":
            asked = dict.fromkeys(_asked(endpoints[route.name]), harm[:2000])
            found.update(_harmed(route, town.ask(route, Role.ADMIN)))
            found.update(_harmed(route, town.ask(route, Role.ADMIN, query=asked)))
    assert found == set()


def test_a_post_that_means_harm_is_shown_and_harms_no_page(town: Town) -> None:
    attacked, found = replace(town, mention=town.hostile), set[str]()
    for route in STAFF_ROUTES:
        if "{mention_id}" in route.path:
            found.update(_harmed(route, attacked.ask(route, Role.ADMIN)))
    assert found == set()
    shown = attacked.ask(Route("GET", "/mentions/{mention_id}", Open.TO_STAFF), Role.ADMIN).text
    assert "&lt;script&gt;alert(1)" in shown
    assert "{{ 31337 ** 3 }}" in shown


@pytest.mark.parametrize("role", Role)
def test_no_page_shows_a_button_that_would_be_refused(town: Town, role: Role) -> None:
    refused = set()
    for route in STAFF_ROUTES:
        if route.method == "GET" and route.open_to(role):
            for action in read(town.ask(route, role).text).posts:
                led_to = next((one for one in ROUTES if one.method == "POST" and one.answers(action)), None)
                if led_to is None or not led_to.open_to(role):
                    refused.add(f"{route.name} shows a button that posts to {action}")
    assert refused == set()


def _harmed(route: Route, answer: httpx.Response) -> Iterator[str]:
    """What harm a text did."""
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 500:
        yield f"{route.name} breaks"
    elif kind.startswith("text/html"):
        yield from (f"{route.name}: {one}" for one in troubles(answer.text))
    elif kind.startswith("text/csv"):
        yield from (f"{route.name}: a spreadsheet would carry out {one!r}" for one in _formulas(answer.text))


def _formulas(table: str) -> Iterator[str]:
    """Cells that a spreadsheet would carry out."""
    for row in csv.reader(io.StringIO(table.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))):
        yield from (cell for cell in row if FORMULA.match(cell) and not NUMBER.fullmatch(cell))


TYPED = ("reply_text", "description", "address_string", "lat", "long", "reason", "service_code", "intent", "language")
SOUGHT = ("view", "q", "channel", "account", "service", "area", "language", "state", "after")


def _fields(endpoint: APIRoute) -> list[str]:
    """The names of fields that the module of a page reads, as far as they stand in it."""
    module = inspect.getmodule(endpoint.endpoint)
    found = WORDS.findall(inspect.getsource(module)) if module else []
    return list(dict.fromkeys([*TYPED, *found]))[:50]


def _asked(endpoint: APIRoute) -> list[str]:
    """The names that stand after the ? of an address."""
    return list(dict.fromkeys([*inspect.signature(endpoint.endpoint).parameters, *SOUGHT]))
