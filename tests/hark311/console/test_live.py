"""What changes reaches every open page: in sequence, with gaps seen, and for nobody who is signed out."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session, select

from hark311.console import create_app, live, live_pages
from hark311.console.live import Live, Notice
from hark311.console.serving import server_of
from models import Author, Database, Mention, Presence, StaffUser, record
from models.presence import THE_LIST, leave, look, onlookers
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import add_post, make_account, make_mention, make_ready, make_services, make_staff
from tests.running import wait_until


def happened(session: Session, mention_id: int) -> None:
    record(session, "Mention", mention_id, "test", "something happened", NOON)


async def next_step(notices: AsyncIterator[Notice | None]) -> Notice:
    """The next notice that says something; presence alone is passed over."""
    async with asyncio.timeout(10):
        async for one in notices:
            if one is not None and (one.mentions != () or one.after != one.number):
                return one
    raise AssertionError("the stream ended")


def watching(database: Database) -> Live:
    return Live(database, lambda: NOON, watch_seconds=0.02)


def two_mentions(database: Database) -> tuple[int, int, int]:
    with database.write() as session:
        account, staff = make_account(session), make_staff(session)
        one, other = make_mention(session, account, NOON), make_mention(session, account, NOON)
        happened(session, one.id or 0)
        return one.id or 0, other.id or 0, staff.id or 0


async def test_each_step_begins_where_the_one_before_ended_and_names_its_mentions(either_database: Database) -> None:
    one, other, staff = two_mentions(either_database)
    notices = watching(either_database).listen(staff, THE_LIST)
    first = await anext(notices)
    assert first is not None
    assert first.after == first.number > 0
    with either_database.write() as session:
        happened(session, one)
    step = await next_step(notices)
    assert (step.after, step.number, step.mentions) == (first.number, first.number + 1, (one,))
    with either_database.write() as session:
        happened(session, one)
        happened(session, other)
    again = await next_step(notices)
    assert (again.after, again.mentions) == (step.number, (one, other))
    await notices.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_a_post_without_an_audit_entry_is_told_as_well(either_database: Database) -> None:
    one, _other, staff = two_mentions(either_database)
    notices = watching(either_database).listen(staff, one)
    await anext(notices)
    with either_database.write() as session:
        add_post(session, session.get_one(Mention, one), "one more thing", NOON)
    assert (await next_step(notices)).mentions == (one,)


async def test_a_listener_that_is_slow_sees_the_gap(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "WAITING", 1)
    one, _other, staff = two_mentions(database)
    here = watching(database)
    slow, quick = here.listen(staff, THE_LIST), here.listen(staff, THE_LIST)
    start = await anext(slow)
    await anext(quick)
    assert start is not None
    for _ in range(3):
        with database.write() as session:
            happened(session, one)
        last = await next_step(quick)
    assert start.number + 3 == last.number
    assert (await next_step(slow)).number < last.number
    with database.write() as session:
        happened(session, one)
    await next_step(quick)
    step = await next_step(slow)
    assert step.after != start.number + 1, "what it held does not lead to this step: it missed one"


async def test_many_open_pages_cost_the_database_no_more_than_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    newest = Live._newest

    def counted(self: Live) -> live.Seen:
        nonlocal asked
        asked += 1
        return newest(self)

    one, _other, staff = two_mentions(database)
    here = watching(database)
    pages = [here.listen(staff, one) for _ in range(40)]
    for page in pages:
        await anext(page)
    monkeypatch.setattr(Live, "_newest", counted)
    with database.write() as session:
        happened(session, one)
    told = await asyncio.gather(*(next_step(page) for page in pages))
    assert {step.mentions for step in told} == {(one,)}
    assert asked < len(pages) / 2


def test_presence_lasts_half_a_minute_and_leaves_the_person_who_asks_out(either_database: Database) -> None:
    one, other, me = two_mentions(either_database)
    with either_database.write() as session:
        lou = make_staff(session, "Lou Okafor").id or 0
        assert look(session, [(me, one), (lou, one), (lou, THE_LIST)], NOON)
        assert not look(session, [(lou, one)], NOON + timedelta(seconds=10))
    with either_database.read() as session:
        soon, late = NOON + timedelta(seconds=29), NOON + timedelta(seconds=41)
        assert [who.name for who in onlookers(session, [one, other], soon, me)[one]] == ["Lou Okafor"]
        assert [who.initials for who in onlookers(session, [THE_LIST], soon, me)[THE_LIST]] == ["LO"]
        assert onlookers(session, [one, THE_LIST], late, me) == {}
    with either_database.write() as session:
        leave(session, [(lou, one)], NOON)
        assert onlookers(session, [one], NOON, me) == {}


def test_who_looks_is_shown_on_the_list_and_on_the_mention(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session), NOON)
        mention_id, lou = mention.id or 0, make_staff(session, "Lou Okafor")
    mine, theirs = desk.browser_of(desk.staff()), desk.browser_of(lou)
    theirs.get(f"/mentions/{mention_id}")
    assert "Lou Okafor is looking at it" in mine.get("/queue").text
    assert "Lou Okafor (LO) is looking too" in mine.get(f"/mentions/{mention_id}").text
    assert "looking too" in theirs.get(f"/mentions/{mention_id}/looking").text, "and they see us"
    desk.clock.forward(seconds=31)
    assert "Lou Okafor is looking" not in mine.get("/queue").text
    assert "looking too" not in mine.get(f"/mentions/{mention_id}/looking").text


@contextmanager
def stream_of(client: httpx.Client, path: str = "/events") -> Iterator[Iterator[str]]:
    with client.stream("GET", path, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["content-security-policy"]
        yield answer.iter_lines()


def test_the_stream_says_ids_alone_and_ends_with_the_session(desk: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (live, live_pages):
        monkeypatch.setattr(module, "BEAT_SECONDS", 0.2)
    with desk.rows() as session:
        mention = make_mention(session, make_account(session), NOON, "words of a resident").id or 0
    browser = desk.browser_of(desk.staff())
    with stream_of(browser.client, f"/events?mention={mention}") as lines:
        began = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
        assert began["after"] == began["number"]
        with desk.rows() as session:
            happened(session, mention)
        said = next(line for line in lines if line.startswith("data: ") and json.loads(line[6:]).get("mentions"))
        assert json.loads(said[6:])["mentions"] == [mention]
        wait_until(lambda: [one.mention_id for one in _present(desk)] == [mention])
        with desk.database.read() as session:
            author = session.exec(select(Author.handle)).first()
        assert author
        assert author not in said
        ending = desk.visitor()
        ending.cookies = browser.client.cookies
        page = ending.get("/account").text
        token = page.split('name="csrf" value="')[1].split('"')[0]
        ending.post("/sign-out", data={"csrf": token})
        assert "event: signed-out" in list(lines)
    wait_until(lambda: not _present(desk))


def _present(desk: Running) -> list[Presence]:
    with desk.database.read() as session:
        return list(session.exec(select(Presence)).all())


def test_nobody_who_is_signed_out_hears_anything(desk: Running) -> None:
    answer = desk.visitor().get("/events")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert desk.visitor().get("/mentions/1/looking").status_code == 303


def test_a_desk_that_is_told_to_stop_does_not_wait_for_open_pages(desk: Running) -> None:
    staff: StaffUser = desk.staff()
    app = create_app(desk.product)
    server = server_of(app, app.state.console.live, "127.0.0.1", 0)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    browser = desk.browser_of(staff)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with httpx.Client(base_url=address, cookies=browser.client.cookies) as client, stream_of(client) as lines:
        next(line for line in lines if line.startswith("data: "))
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
