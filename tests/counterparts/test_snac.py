"""Our Mastodon adapters against snac, a small server by somebody else that speaks the same API.

Runs where snac is installed, or where SNAC names its binary. snac delivers from a queue, which takes it some seconds.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from mastodon import Mastodon, MastodonError, MastodonNetworkError

from hark311.outgoing import plain_session
from listeners.errors import ChannelUnavailable
from listeners.mastodon import MastodonListener
from models import SendAttempt
from models.posts import IncomingPost, OutgoingPost, PostKind
from responders.mastodon import MastodonResponder
from responders.protocol import Sent

SNAC = os.environ.get("SNAC") or shutil.which("snac")
pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.skipif(not SNAC, reason="snac is not installed (Debian's snac2, or SNAC=path of its binary)"),
    pytest.mark.timeout(180),
]
DELIVERY_SECONDS, TRIES = 45, 4


@dataclass
class Snac:
    """A running server, and the tokens of the city and of a resident."""

    url: str
    city: str
    ann: str


@pytest.fixture(scope="module")
def snac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snac]:
    """A server of our own on a free port, with two accounts."""
    assert SNAC
    data = tmp_path_factory.mktemp("snac") / "data"
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    asked = f"127.0.0.1\n{port}\nlocalhost:{port}\n\n\n"
    subprocess.run([SNAC, "init", str(data)], input=asked, text=True, check=True, capture_output=True)
    settings = data / "server.json"
    settings.write_text(settings.read_text().replace('"protocol": "https"', '"protocol": "http"'))
    passwords = {name: _new_account(SNAC, data, name) for name in ("city", "ann")}
    url = f"http://localhost:{port}"
    with subprocess.Popen([SNAC, "httpd", str(data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_until_it_answers(url)
            yield Snac(url, *(_patiently(_token, url, name, password) for name, password in passwords.items()))
        finally:
            server.terminate()


def _new_account(snac: str, data: Path, name: str) -> str:
    told = subprocess.run([snac, "adduser", str(data), name], text=True, check=True, capture_output=True).stdout
    (password,) = re.findall(r"User password is (\S+)", told)
    return str(password)


def _wait_until_it_answers(url: str) -> None:
    transport = httpx.HTTPTransport(retries=8)  # with pauses that double from half a second
    with httpx.Client(transport=transport, trust_env=False) as client:
        client.get(f"{url}/api/v1/instance").raise_for_status()


def _patiently(ask: Callable[..., Any], *given: Any) -> Any:
    """What a call gives; snac closes a connection now and then without an answer."""
    for _ in range(TRIES - 1):
        with suppress(MastodonError, httpx.HTTPError):
            return ask(*given)
    return ask(*given)


def _token(url: str, name: str, password: str) -> str:
    """Log in as a person does: the form of the server's own page gives the code."""
    keys = Mastodon.create_app("hark311", api_base_url=url, session=plain_session(), redirect_uris=OUT_OF_BAND)
    api = _client(url, client_id=keys[0], client_secret=keys[1])
    with httpx.Client(trust_env=False, headers={"connection": "close"}) as browser:
        page = browser.get(api.auth_request_url(redirect_uris=OUT_OF_BAND, scopes=["read", "write"])).text
        (action,) = re.findall(r'action="([^"]+)"', page)
        fields = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page))
        answer = browser.post(action, data=fields | {"login": name, "passwd": password}).text
    found = re.search(r"[0-9a-f]{16,}", answer)
    assert found, answer[:300]
    return str(api.log_in(code=found[0], redirect_uri=OUT_OF_BAND, scopes=["read", "write"]))


OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


def _client(url: str, **keys: Any) -> Any:
    session = plain_session()
    session.headers["Connection"] = "close"
    return Mastodon(api_base_url=url, session=session, version_check_mode="none", **keys)


@pytest.fixture
async def listener(snac: Snac) -> AsyncIterator[MastodonListener]:
    made = MastodonListener(session=plain_session(), access_token=snac.city, base_url=snac.url, streaming=True)
    async with made as entered:
        yield entered


@pytest.fixture
async def responder(snac: Snac) -> AsyncIterator[MastodonResponder]:
    async with MastodonResponder(session=plain_session(), access_token=snac.city, base_url=snac.url) as entered:
        yield entered


async def _until(found: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again until something is found; snac closes a connection now and then without an answer."""
    async with asyncio.timeout(DELIVERY_SECONDS):
        while True:
            with suppress(ChannelUnavailable, MastodonNetworkError):
                if what := await found():
                    return what
            await asyncio.sleep(0.5)


async def _heard(listener: MastodonListener, cursor: str | None, words: str) -> tuple[IncomingPost, str | None]:
    """The post with these words, and the cursor after it."""
    stands = cursor

    async def look() -> IncomingPost | None:
        nonlocal stands
        batch = await listener.fetch(stands)
        stands = batch.cursor
        return next((post for post in batch.posts if words in post.text), None)

    return await _until(look), stands


def _answer(post: IncomingPost, text: str) -> OutgoingPost:
    return OutgoingPost(
        reply_id=1,
        text=text,
        conversation_id=post.conversation_id,
        in_reply_to=post.post_id,
        language="en",
        idempotency_key="reply-1-1",
        started_at=datetime.now(UTC),
        reply_with=post.reply_with,
    )


async def test_a_talk_with_a_resident_of_another_server_software(
    snac: Snac, listener: MastodonListener, responder: MastodonResponder
) -> None:
    ann = _client(snac.url, access_token=snac.ann)
    us = await listener.whoami()
    first = await asyncio.to_thread(
        _patiently, ann.status_post, "@city deep pothole, see https://example.org/a/b?c=d #pothole"
    )
    post, cursor = await _heard(listener, None, "pothole")
    assert (post.post_id, post.kind) == (str(first["id"]), PostKind.MENTION)
    assert post.author.handle.partition("@")[0] == "ann"  # snac tells the server even of its own people
    assert "https://example.org/a/b?c=d" in post.text
    assert "<" not in post.text
    assert post.conversation_id == post.post_id

    words = "Thank you. We filed this as request 14000231."
    sent = await responder.send(_answer(post, words))
    attempt = SendAttempt(
        reply_id=1, idempotency_key="x", text=words, in_reply_to=post.post_id, started_at=datetime.now(UTC)
    )
    proof = await responder.find_sent(attempt)
    assert isinstance(proof, Sent)
    assert proof.post.post_id == sent.post_id

    async def answered() -> bool:
        told = await asyncio.to_thread(ann.notifications)
        return any(words in str(one["status"]["content"]) for one in told if one.get("status"))

    await _until(answered)
    await asyncio.to_thread(_patiently, ann.status_post, "@city it is by the bakery", sent.post_id)
    again, cursor = await _heard(listener, cursor, "bakery")
    assert again.in_reply_to == sent.post_id
    assert again.conversation_id == post.conversation_id
    around = await listener.thread(again.conversation_id, again.post_id)
    assert {one.post_id: one.kind for one in around}[sent.post_id] == PostKind.OWN
    assert [one.author.channel_author_id for one in around if one.kind == PostKind.OWN] == [us.channel_account_id]
    assert not (await listener.fetch(cursor)).posts


async def test_a_post_that_is_not_there_is_found_out(snac: Snac, listener: MastodonListener) -> None:
    """snac 2.75 has no call to delete a status; one that never was looks the same."""
    ann = _client(snac.url, access_token=snac.ann)
    kept = str((await asyncio.to_thread(_patiently, ann.status_post, "@city a lamp is out"))["id"])
    never = "1795338104cf20a998c30a8fe5f37296f0e1ec0000"
    assert await _until(lambda: listener.deleted([kept, never])) == [never]


async def _idle(listener: MastodonListener) -> bool:
    batch = await listener.fetch(None)
    while batch.more:
        batch = await listener.fetch(batch.cursor)
    return True


async def test_a_server_that_streams_nothing_is_polled(listener: MastodonListener) -> None:
    listener.wake_by(lambda: None)
    await _until(lambda: _idle(listener))
    findings = {one.what: one for one in await listener.check()}
    assert findings["key"].ok
    assert findings["scopes"].ok is None
    assert findings["stream"].ok is False
