"""Secrets reach no log at any level, whichever library writes the line."""

import asyncio
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from hark311 import logs, wiring
from hark311.logs import WithoutSecrets, secrets_in
from hark311.settings import Settings, load
from hark311.simulated import accounts_of
from hark311.simulator import RunningSimulator
from models.posts import OutgoingPost

BOT = "311000311:AAbbCC-dd_EEffGGhhIIjjKKllMMnnOOppQ"
TALKATIVE = ("httpx", "httpcore", "telegram", "telegram.ext", "tweepy", "urllib3", "oauthlib", "requests_oauthlib")


@contextmanager
def _heard(secrets: set[str]) -> Iterator[io.StringIO]:
    """What a process logs with everything at DEBUG, through the real set-up."""
    root, heard = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*TALKATIVE, "alembic", "arq.jobs", "arq.worker")}
    logs.set_up("test", secrets, logging.DEBUG)
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(heard)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.handlers[:], root.level = before, level
        for name, earlier in levels.items():
            logging.getLogger(name).setLevel(earlier)


@pytest.mark.parametrize(
    "said",
    [
        f"HTTP Request: POST https://api.telegram.org/bot{BOT}/getUpdates",
        f"https://api.telegram.org/file/bot{BOT}/photos/1.jpg",
        "Headers: {'Authorization': 'Bearer AAAAAAAAAAAAAAAAAAAAA%2Bsecret'}",
        "authorization: bearer AAAAAAAAAAAAAAAAAAAAA%2Bsecret",
        'Authorization: OAuth oauth_consumer_key="AAAAAAAAAAA", oauth_signature="secret%3D"',
        "{b'Authorization': b'Bearer AAAAAAAAAAAsecret'}",
    ],
)
def test_what_looks_like_a_key_is_taken_out_even_if_nobody_knows_it(said: str) -> None:
    clean = WithoutSecrets([]).clean(said)
    assert "***" in clean
    assert not any(part in clean for part in ("AAbbCC", "AAAAAAA", "secret"))


def test_known_secrets_are_taken_out_wherever_they_stand() -> None:
    clean = WithoutSecrets(["hunter2-hunter2", "hunter2-hunter2-longer", "abc"]).clean
    assert clean("key hunter2-hunter2, and hunter2-hunter2-longer") == "key ***, and ***"
    assert clean("abc is too short to be told from words") == "abc is too short to be told from words"


def test_arguments_exceptions_and_stacks_are_cleaned_too() -> None:
    with _heard({"swordfish-4711"}) as heard:
        log = logging.getLogger("any")
        log.info("a %s with %r", "swordfish-4711", {"token": "swordfish-4711"})
        try:
            raise ValueError(f"https://api.telegram.org/bot{BOT}/x swordfish-4711")
        except ValueError:
            log.exception("failed with swordfish-4711")
        log.warning("where", stack_info=True)
    said = heard.getvalue()
    assert "ValueError" in said
    assert "Traceback" in said
    assert "swordfish" not in said.replace('"swordfish-4711"', "")  # the stack quotes this very line of the test
    assert "AAbbCC" not in said


def test_a_line_that_does_not_fit_its_arguments_stops_nothing() -> None:
    with _heard({"swordfish-4711"}) as heard:
        logging.getLogger("any").info("%d apples", "swordfish-4711")
        logging.getLogger("any").info("%d %d", 1)
        logging.getLogger("any").info("still here")
    assert "still here" in heard.getvalue()
    assert "swordfish" not in heard.getvalue()


def test_every_secret_of_the_settings_is_known_and_the_password_inside_an_address(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        database_url=SecretStr("postgresql://hark:pass%2Fword-1@db/hark"),
        redis_url=SecretStr("redis://:redis-password@cache/0"),
        secret_key=SecretStr("k" * 40),
    )
    known = secrets_in(settings)
    assert {"pass%2Fword-1", "pass/word-1", "redis-password", "k" * 40} <= known
    clean = WithoutSecrets(known).clean
    assert clean("cannot log in to db with pass/word-1 nor redis-password") == "cannot log in to db with *** nor ***"


def test_the_real_libraries_tell_no_key_at_debug_level(tmp_path: Path) -> None:
    with RunningSimulator(tmp_path / "simulator.db") as simulator:
        settings = load(tmp_path, simulator_port=simulator.settings.port)
        keys = {key for account in accounts_of(settings).values() for key in secrets_in(account)}
        with _heard(keys) as heard:
            asyncio.run(_listen_and_send(settings))
            simulator.fault("telegram", "drop_before", "getUpdates")
            simulator.fault("x", "bad_key", "mentions")
            asyncio.run(_listen_and_send(settings))
    said = heard.getvalue()
    for library in ("httpcore", "telegram", "tweepy", "urllib3", "oauthlib"):
        assert f" {library}" in said, f"{library} said nothing, so this proves nothing"
    assert len(keys) == 8  # five of X, and one of each other channel
    for key in keys:
        assert key not in said
        assert httpx.URL("http://a/", params={"a": key}).query.decode().removeprefix("a=") not in said
    assert "oauth_signature=" not in said


def test_an_answer_that_cannot_be_read_is_not_written_down_word_for_word() -> None:
    request = HTTPXRequest()
    with _heard(set()) as heard:
        with pytest.raises(TelegramError):
            request.parse_json_payload(b'{"result": [{"text": "my landlord in flat 4"')
        logging.getLogger("telegram").warning("still here")
    assert "still here" in heard.getvalue()
    assert "landlord" not in heard.getvalue()


async def _listen_and_send(settings: Settings) -> None:
    quick = {
        name: account.model_copy(update={"poll_seconds": 0.01} | ({"long_poll_seconds": 0} if name != "x" else {}))
        for name, account in accounts_of(settings).items()
    }
    for _, listener in wiring.listeners_of(settings.model_copy(update={"accounts": quick})).values():
        async with listener:
            try:
                await listener.whoami()
                await listener.fetch(None)
            except Exception:
                logging.getLogger("test").exception("listening failed, as it was meant to")
    for name, responder in wiring.responders_of(settings).items():
        async with responder:
            post = OutgoingPost(
                reply_id=1,
                text="Thank you.",
                conversation_id="77",
                in_reply_to="77:1" if name == "telegram" else "77",
                language="en",
                idempotency_key="reply-1-1",
                started_at=datetime.now(UTC),
            )
            try:
                await responder.send(post)
            except Exception:
                logging.getLogger("test").exception("sending failed, as it was meant to")
