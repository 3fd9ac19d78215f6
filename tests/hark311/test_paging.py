"""Danger is paged every way that is set, until somebody has acknowledged it, and without a resident's words."""

import asyncio
import hmac
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr
from sqlmodel import select

from hark311.paging import (
    AT_ONCE,
    PAGE_AGAIN,
    ConsoleNotifier,
    EmailNotifier,
    Notifier,
    Pager,
    ToTell,
    WebhookNotifier,
    notifiers,
)
from hark311.settings import NotifySettings
from models import Alarm, Database, Role, StaffUser
from responders.review import Desk
from tests import rows
from tests.responders.elsewhere import mail_server
from tests.town import Clock

WORDS = "live wires down on Cedar Ave, my neighbor Ann is trapped, call 215-555-0133"
SECRET = "webhook-secret-4711"


@dataclass
class Receiver:
    """What arrived at a webhook: headers and bodies; answers with `status`."""

    status: int = 204
    bodies: list[bytes] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def _webhook(status: int = 204) -> Iterator[Receiver]:
    receiver = Receiver(status)

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            receiver.signatures.append(self.headers["x-hark-signature"])
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/danger"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def alarm_id(database: Database) -> int:
    with database.write() as session:
        mention = rows.a_mention(session, WORDS)
        mention.danger = True
        alarm = Alarm(mention_id=mention.id or 0, rule="wires", raised_at=rows.MORNING)
        session.add(alarm)
        session.flush()
        return alarm.id or 0


def _pager(database: Database, clock: Clock, *ways: Notifier) -> Pager:
    return Pager(database, ways, "http://desk.example", clock)


def _alarm(database: Database) -> Alarm:
    with database.read() as session:
        return session.exec(select(Alarm)).one()


async def test_the_webhook_gets_ids_and_a_link_signed_and_no_words(
    database: Database, clock: Clock, alarm_id: int
) -> None:
    with _webhook() as receiver:
        assert await _pager(database, clock, WebhookNotifier(receiver.url, SECRET)).page() == 1
    (body,), (signature,) = receiver.bodies, receiver.signatures
    assert signature == "sha256=" + hmac.new(SECRET.encode(), body, sha256).hexdigest()
    told = json.loads(body)
    assert told == {
        "alarm": alarm_id,
        "mention": _alarm(database).mention_id,
        "rule": "wires",
        "channel": "x",
        "raised_at": "2026-11-20T08:00:00+00:00",
        "link": f"http://desk.example/mentions/{_alarm(database).mention_id}",
    }
    assert not any(word in body.decode() for word in ("Cedar", "Ann", "0133", "trapped", SECRET))


async def test_the_e_mail_gets_a_link_and_no_words(database: Database, clock: Clock, alarm_id: int) -> None:
    with mail_server() as box:
        settings = NotifySettings(
            email_to=["duty@city.example", "chief@city.example"],
            email_from="hark@city.example",
            smtp_host="127.0.0.1",
            smtp_port=box.port,
        )
        assert await _pager(database, clock, EmailNotifier(settings)).page() == 1
    (letter,) = box.taken
    assert letter["To"] == "duty@city.example, chief@city.example"
    assert letter["Subject"] == "[hark311] Danger: wires"
    assert f"http://desk.example/mentions/{_alarm(database).mention_id}" in letter.as_string()
    assert not any(word in letter.as_string() for word in ("Cedar", "Ann", "0133", "trapped"))
    assert _alarm(database).page_trouble == ""


async def test_the_log_gets_a_critical_line_without_words(
    database: Database, clock: Clock, alarm_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await _pager(database, clock, ConsoleNotifier()).page()
    (record,) = [one for one in caplog.records if one.levelno == logging.CRITICAL]
    assert record.getMessage() == f"DANGER on X: wires. Open http://desk.example/mentions/{_alarm(database).mention_id}"


async def test_it_is_paged_again_every_two_minutes_until_somebody_acknowledges(
    database: Database, clock: Clock, alarm_id: int
) -> None:
    with database.write() as session:
        staff = StaffUser(username="mae", display_name="Mae Jones", role=Role.APPROVER)
        session.add(staff)
    desk = Desk(database, lambda _channel, text: len(text), lambda _text: [], clock=clock)
    with _webhook() as receiver:
        pager = _pager(database, clock, WebhookNotifier(receiver.url, SECRET))
        assert [await pager.page(), await pager.page()] == [1, 0]
        clock.offset += PAGE_AGAIN - timedelta(seconds=5)
        assert await pager.page() == 0
        clock.offset += timedelta(seconds=6)
        assert await pager.page() == 1
        desk.acknowledge(alarm_id, staff.id or 0)
        clock.advance(hours=1)
        assert await pager.page() == 0
    assert len(receiver.bodies) == 2
    assert _alarm(database).page_attempts == 2


async def test_in_a_storm_every_alarm_is_paged_and_one_that_never_was_comes_first(
    database: Database, clock: Clock
) -> None:
    storm = 5 * AT_ONCE + 1
    with database.write() as session:
        for number in range(storm):
            mention = rows.a_mention(session)
            session.add(Alarm(mention_id=mention.id or 0, rule=f"wires {number}", raised_at=rows.MORNING))
    with _webhook() as receiver:
        pager = _pager(database, clock, WebhookNotifier(receiver.url, SECRET))
        assert [await pager.page(), await pager.page()] == [storm, 0]
        assert len({json.loads(body)["rule"] for body in receiver.bodies}) == storm
        clock.advance(minutes=3)
        with database.write() as session:
            new = rows.a_mention(session)
            session.add(Alarm(mention_id=new.id or 0, rule="gas", raised_at=clock()))
        assert await pager.page() == storm + 1
    assert json.loads(receiver.bodies[storm])["rule"] == "gas"


async def test_a_way_that_fails_stops_no_other_and_is_noted(
    database: Database, clock: Clock, alarm_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    nobody_listens = NotifySettings(email_to=["a@b.example"], smtp_host="127.0.0.1", smtp_port=9)
    with _webhook(500) as broken, _webhook() as well:
        pager = _pager(
            database,
            clock,
            WebhookNotifier(broken.url, SECRET),
            EmailNotifier(nobody_listens),
            WebhookNotifier(well.url, SECRET),
        )
        assert await pager.page() == 1
        assert (len(broken.bodies), len(well.bodies)) == (1, 1)
        trouble = "WebhookNotifier: HTTPStatusError; EmailNotifier: ConnectionRefusedError"
        assert _alarm(database).page_trouble == trouble
        assert trouble in caplog.text
        assert SECRET not in caplog.text
        broken.status = 204
        pager.notifiers = [WebhookNotifier(broken.url, SECRET)]
        clock.advance(minutes=3)
        await pager.page()
        assert _alarm(database).page_trouble == ""


async def test_pagers_side_by_side_page_an_alarm_once(database: Database, clock: Clock, alarm_id: int) -> None:
    with _webhook() as receiver:
        pagers = [_pager(database, clock, WebhookNotifier(receiver.url, SECRET)) for _ in range(4)]
        assert sum(await asyncio.gather(*(pager.page() for pager in pagers))) == 1
    assert len(receiver.bodies) == 1


async def test_a_pager_that_dies_while_paging_leaves_the_alarm_due_soon(
    database: Database, clock: Clock, alarm_id: int
) -> None:
    called = asyncio.Event()

    class Hangs:
        async def notify(self, page: ToTell) -> None:
            called.set()
            await asyncio.Event().wait()

    dying = asyncio.create_task(_pager(database, clock, Hangs()).page())
    await called.wait()
    dying.cancel()
    with _webhook() as receiver:
        pager = _pager(database, clock, WebhookNotifier(receiver.url, SECRET))
        clock.advance(seconds=40)
        assert await pager.page() == 1


def test_only_what_is_set_is_used_and_the_log_always(tmp_path: Path) -> None:
    def kinds(settings: NotifySettings) -> list[str]:
        return [type(one).__name__ for one in notifiers(settings)]

    assert kinds(NotifySettings()) == ["ConsoleNotifier"]
    assert kinds(NotifySettings(email_to=["a@b.example"])) == ["ConsoleNotifier"]
    full = NotifySettings(
        webhook_url="http://127.0.0.1:1/x",
        webhook_secret=SecretStr(SECRET),
        email_to=["a@b.example"],
        smtp_host="mail.example",
    )
    assert kinds(full) == ["ConsoleNotifier", "WebhookNotifier", "EmailNotifier"]
    assert all(SECRET not in repr(one) for one in notifiers(full))
