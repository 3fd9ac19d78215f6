"""Translations for staff, from a real HTTP server that speaks LibreTranslate's API; gone when the post is."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import pytest
from sqlmodel import Session, select

from classifier.translation import LocalTranslator, ModelUnusable
from hark311 import translating, worker
from hark311.settings import Settings
from hark311.translating import (
    LARGEST_ANSWER,
    CannotTranslate,
    LibreTranslate,
    Translating,
    translate_texts,
    translator_of,
)
from models import Database, Mention, Post, Translation
from models.deletion import forget_post
from models.translations import text_hash
from tests.rows import a_mention

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
KEY = "translation-key-4711"
SPANISH = "Hay un bache enorme"


class FakeLibreTranslate:
    """POST /translate and GET /languages. `asked`: what came in; `status` and `body` answer from then on."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status, self.body, self.location = 200, b"", ""
        self.trickles, self._closing = False, Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(json.dumps([{"code": one, "name": one} for one in ("en", "es", "zh")]).encode())

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                fake.asked.append(asked | {"host": self.headers["host"]})
                said = {"translatedText": f"[{asked['target']}] {asked['q']}"}
                self.answer(fake.body or json.dumps(said).encode(), fake.status)

            def answer(self, body: bytes, status: int = 200) -> None:
                self.send_response(status)
                if fake.location:
                    self.send_header("location", fake.location)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                for byte in body if fake.trickles else b"":
                    if fake._closing.wait(0.05):
                        return
                    self.wfile.write(bytes([byte]))
                if not fake.trickles:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing to the terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def server() -> Iterator[FakeLibreTranslate]:
    with FakeLibreTranslate() as fake:
        yield fake


def engine(server: FakeLibreTranslate, **changed: Any) -> LibreTranslate:
    return LibreTranslate(server.url, KEY, private=True, **changed)


def test_a_text_goes_out_with_the_key_and_comes_back_in_the_desks_language(server: FakeLibreTranslate) -> None:
    assert engine(server).translate(SPANISH, "es", "en") == f"[en] {SPANISH}"
    (asked,) = server.asked
    assert (asked["source"], asked["target"], asked["format"], asked["api_key"]) == ("es", "en", "text", KEY)


def test_a_language_is_called_as_the_server_calls_it_and_found_out_where_it_knows_none(
    server: FakeLibreTranslate,
) -> None:
    translator = engine(server)
    for tag in ("zh-Hans", "ht", ""):
        translator.translate("x", tag, "en")
    assert [one["source"] for one in server.asked] == ["zh", "auto", "auto"]


def test_no_phone_number_leaves_the_house_but_the_citys_own(server: FakeLibreTranslate) -> None:
    engine(server, keep=frozenset({"215-686-8686"})).translate("Llame al 215-555-0134 o 215-686-8686", "es", "en")
    assert server.asked[0]["q"] == "Llame al [phone removed] o 215-686-8686"


def test_a_private_address_is_called_only_where_the_operator_said_so(server: FakeLibreTranslate) -> None:
    with pytest.raises(CannotTranslate, match="HARK_TRANSLATION_PRIVATE"):
        LibreTranslate(server.url, KEY).translate(SPANISH, "es", "en")
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (400, b"", "does not know this language"),
        (403, b"", "refuses our key"),
        (429, b"", "enough of us"),
        (500, b"", "answer 500"),
        (302, b"", "answer 302"),
        (200, b"<html>", "we cannot read"),
        (200, b'{"translatedText": 5}', "we cannot read"),
        (200, b'{"translatedText": "' + b"x" * LARGEST_ANSWER + b'"}', "too long"),
    ],
)
def test_what_went_wrong_is_said_in_a_sentence(server: FakeLibreTranslate, status: int, body: bytes, why: str) -> None:
    translator = engine(server)
    server.status, server.body, server.location = status, body, "http://127.0.0.1:9/elsewhere"
    with pytest.raises(CannotTranslate, match=why) as caught:
        translator.translate(SPANISH, "es", "en")
    assert SPANISH not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_server_that_is_gone_is_said_to_be_so() -> None:
    with FakeLibreTranslate() as fake:
        gone = engine(fake)
    with pytest.raises(CannotTranslate, match="cannot be reached"):
        gone.translate(SPANISH, "es", "en")


def wanted(session: Session, mention: Mention, post: Post | None, draft: str = "") -> Translation:
    row = Translation(
        mention_id=mention.id or 0,
        post_id=post.id if post else None,
        text_sha256=text_hash(post.text if post else draft),
        original=draft,
        source="es",
        target="en",
        asked_at=NOW,
    )
    session.add(row)
    session.flush()
    return row


def test_what_waits_is_translated_and_gone_with_the_post(either_database: Database, server: FakeLibreTranslate) -> None:
    with either_database.write() as session:
        mention = a_mention(session)
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        post.text = SPANISH
        wanted(session, mention, post)
        wanted(session, mention, None, "Anotamos el bache.")
    working = Translating(either_database, engine(server), clock=lambda: NOW)
    assert asyncio.run(working.translate_waiting()) == 2
    assert asyncio.run(working.translate_waiting()) == 0
    with either_database.read() as session:
        rows = session.exec(select(Translation).order_by(Translation.text)).all()
    assert [one.text for one in rows] == ["[en] Anotamos el bache.", f"[en] {SPANISH}"]
    assert {one.engine for one in rows} == {"the translation server 127.0.0.1"}
    with either_database.write() as session:
        forget_post(session, session.get_one(Post, post.id), "test", "deleted by its author", NOW)
    with either_database.read() as session:
        assert session.exec(select(Translation)).all() == []


def test_words_taken_back_while_they_are_translated_do_not_come_back(
    database: Database, server: FakeLibreTranslate
) -> None:
    with database.write() as session:
        mention = a_mention(session)
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        wanted(session, mention, post)
    translator = engine(server)

    class Meanwhile:
        engine = translator.engine

        def translate(self, text: str, source: str, target: str) -> str:
            with database.write() as session:
                forget_post(session, session.get_one(Post, post.id), "test", "deleted", NOW)
            return translator.translate(text, source, target)

    assert asyncio.run(Translating(database, Meanwhile(), clock=lambda: NOW).translate_waiting()) == 0
    with database.read() as session:
        assert session.exec(select(Translation)).all() == []


async def test_the_workers_round_translates_what_a_lost_nudge_left(
    database: Database, server: FakeLibreTranslate
) -> None:
    with database.write() as session:
        mention = a_mention(session)
        wanted(session, mention, session.exec(select(Post).where(Post.mention_id == mention.id)).one())
    assert await translate_texts({"translating": None}) == 0
    assert await translate_texts({"translating": Translating(database, engine(server), clock=lambda: NOW)}) == 1
    assert translate_texts in [job for job, _ in worker.ROUNDS]


def test_a_failure_is_kept_with_the_row_and_nothing_waits_for_ever(database: Database) -> None:
    with database.write() as session:
        mention = a_mention(session)
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        wanted(session, mention, post)

    class Broken:
        engine = "a broken one"

        def translate(self, text: str, source: str, target: str) -> str:
            raise ZeroDivisionError

    assert asyncio.run(Translating(database, Broken(), clock=lambda: NOW).translate_waiting()) == 1
    with database.read() as session:
        row = session.exec(select(Translation)).one()
    assert (row.text, row.done_at) == ("", NOW)
    assert row.trouble.startswith("The translation failed.")


class Held:
    """An engine that answers when it is told to. `begun`: it was asked."""

    engine = "a slow one"

    def __init__(self) -> None:
        self.begun, self.go_on, self.asked = Event(), Event(), 0

    def translate(self, text: str, source: str, target: str) -> str:
        self.asked += 1
        self.begun.set()
        assert self.go_on.wait(10)
        return text


def three_drafts(database: Database) -> None:
    with database.write() as session:
        mention = a_mention(session)
        for draft in ("one", "two", "three"):
            wanted(session, mention, None, draft)


async def test_a_slow_engine_takes_one_round_and_no_thread_of_the_others(database: Database) -> None:
    three_drafts(database)
    held = Held()
    ctx = {"translating": Translating(database, held, clock=lambda: NOW)}
    with ThreadPoolExecutor(1) as others:
        asyncio.get_running_loop().set_default_executor(others)
        first = asyncio.create_task(translate_texts(ctx))
        try:
            async with asyncio.timeout(5):
                assert await asyncio.to_thread(held.begun.wait, 5)
                assert await translate_texts(ctx) == 0
                assert await asyncio.to_thread(lambda: "free") == "free"
            assert held.asked == 1
        finally:
            held.go_on.set()
        assert await first == 3
    assert held.asked == 3


async def test_a_round_that_was_cut_off_asks_for_no_text_twice(database: Database) -> None:
    three_drafts(database)
    held = Held()
    working = Translating(database, held, clock=lambda: NOW)
    first = asyncio.create_task(working.translate_waiting())
    try:
        assert await asyncio.to_thread(held.begun.wait, 5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(working.translate_waiting())
        await asyncio.sleep(0)
    finally:
        held.go_on.set()
    assert await second == 2
    assert held.asked == 3


async def test_a_round_whose_time_is_up_leaves_the_rest_for_the_next(
    database: Database, server: FakeLibreTranslate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translating, "MOST_SECONDS", 0.0)
    three_drafts(database)
    working = Translating(database, engine(server), clock=lambda: NOW)
    assert [await working.translate_waiting() for _ in range(4)] == [1, 1, 1, 0]


def test_a_server_that_trickles_is_not_read_for_ever(
    server: FakeLibreTranslate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("CONNECT_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(translating, limit, 0.5)
    translator = engine(server)
    translator.translate("x", "es", "en")
    server.trickles, server.body = True, b"x" * 1000
    with pytest.raises(CannotTranslate, match="in time"):
        translator.translate("x", "es", "en")


def test_the_settings_choose_one_engine_or_none(tmp_path: Path) -> None:
    assert translator_of(Settings.model_validate({})) is None
    chosen = translator_of(Settings.model_validate({"translation_model": str(tmp_path / "opus-mt-mul-en")}))
    assert chosen is not None
    assert chosen.engine == "opus-mt-mul-en on this machine"
    with pytest.raises(ValueError, match="choose one"):
        Settings.model_validate({"translation_model": "x", "translation_url": "https://x.example"})
    with pytest.raises(ValueError, match="must begin with https"):
        Settings.model_validate({"translation_url": "ftp://x.example"})


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed, so its absence cannot be seen")
def test_without_torch_the_page_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"needs torch, which is not installed.*hark311\[train\]"):
        LocalTranslator(tmp_path).translate(SPANISH, "es", "en")


@pytest.mark.skipif(
    find_spec("torch") is None or find_spec("sentencepiece") is None,
    reason="torch and sentencepiece, of the train extra, are not both installed",
)
@pytest.mark.timeout(180)
def test_a_model_on_this_machine_translates_line_by_line(tmp_path: Path) -> None:
    from tests.hark311.tiny_translator import make_tiny_model

    translator = LocalTranslator(make_tiny_model(tmp_path / "tiny"))
    said = translator.translate("hay un bache\n\nhay un bache", "es", "en")
    first, blank, again = said.split("\n")
    assert blank == ""
    assert first == again
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        LocalTranslator(tmp_path / "nowhere").translate("x", "es", "en")
