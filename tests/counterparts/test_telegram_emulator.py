"""Our Telegram adapters against somebody else's Telegram: npm's telegram-test-api, where it runs.

Set HARK_TELEGRAM_EMULATOR to its address; docs/how-to/receive-webhooks.md says how, and what it proves.
"""

import asyncio
import os
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from listeners.errors import NotFromChannel
from listeners.protocol import OurAccount
from listeners.telegram import TelegramListener, TelegramWebhook
from models.posts import AttachmentKind, IncomingPost, OutgoingPost, Pin
from responders.errors import SendDeferred, SendRefused
from responders.telegram import TelegramResponder
from tests.hark311.simulator.test_telegram_webhook import Hook

EMULATOR = os.environ.get("HARK_TELEGRAM_EMULATOR", "").rstrip("/")
SECRET = "a-secret_of_OURS_for-webhooks-0011"

pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.skipif(not EMULATOR, reason="needs npm's telegram-test-api at HARK_TELEGRAM_EMULATOR (its address)"),
]


@pytest.fixture
def token() -> str:
    """A bot of its own for every test: the emulator keeps what others were sent."""
    return f"{secrets.randbelow(10**9) + 10**8}:{secrets.token_urlsafe(26)}"


def _listener(token: str, **more: Any) -> TelegramListener:
    return TelegramListener(token=token, base_url=EMULATOR, long_poll_seconds=1, **more)


async def _write(token: str, **content: Any) -> None:
    dee = {"id": 7, "first_name": "Dee", "is_bot": False}
    written = {"botToken": token, "date": int(time.time()), "from": dee, "chat": dee | {"type": "private"}, **content}
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{EMULATOR}/sendMessage", json=written)).raise_for_status()


async def _fault(**fault: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{EMULATOR}/control/fault", json=fault)).raise_for_status()


def _reply(post: IncomingPost, text: str = "Thank you.") -> OutgoingPost:
    return OutgoingPost(
        reply_id=1,
        text=text,
        conversation_id=post.conversation_id,
        in_reply_to=post.post_id,
        language="en",
        idempotency_key="reply-1-1",
        started_at=datetime.now(UTC),
        private=True,
        asks_location=True,
    )


async def test_what_is_written_is_polled_once_and_then_confirmed(token: str) -> None:
    await _write(token, text="a hole on Locust Street")
    await _write(token, location={"latitude": 39.95, "longitude": -75.16})
    await _write(token, caption="look", photo=[{"file_id": "F2", "file_unique_id": "u2", "width": 9, "height": 9}])
    async with _listener(token) as listener:
        page = await listener.fetch(None)
        assert not (await listener.fetch(page.cursor)).posts
    text, place, photo = page.posts
    assert (text.text, text.private) == ("a hole on Locust Street", True)
    assert place.pin == Pin(39.95, -75.16)
    assert ([one.kind for one in photo.attachments], photo.text) == ([AttachmentKind.PHOTO], "look")
    assert not page.unreadable


async def test_a_reply_is_sent_and_a_refusal_is_told(token: str) -> None:
    await _write(token, text="a hole on Locust Street")
    async with _listener(token) as listener, TelegramResponder(token=token, base_url=EMULATOR) as responder:
        (post,) = (await listener.fetch(None)).posts
        sent = await responder.send(_reply(post))
        assert sent.post_id.startswith(f"{post.conversation_id}:")
        await _fault(method="sendMessage", code=429, description="Too Many Requests: retry after 3", retry_after=3)
        with pytest.raises(SendDeferred):
            await responder.send(_reply(post))
        await _fault(method="sendMessage", code=403, description="Forbidden: bot was blocked by the user")
        with pytest.raises(SendRefused) as refused:
            await responder.send(_reply(post))
        assert refused.value.author_blocks_us


async def test_the_webhook_we_set_is_called_with_our_secret(token: str) -> None:
    hook = Hook()
    server = await asyncio.start_server(hook.answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks/bot"
    reader = TelegramWebhook(secret=SECRET)
    async with server, _listener(token, webhook_url=url, webhook_secret=SECRET) as listener:
        await listener.fetch(None)
        await _write(token, text="a hole on Locust Street")
        async with asyncio.timeout(10):
            while not hook.taken:  # noqa: ASYNC110 - the other side is a process, there is no event to wait for
                await asyncio.sleep(0.02)
    (headers, _), body = hook.taken[0], hook.bodies[0]
    reader.verify(headers, body)
    with pytest.raises(NotFromChannel):
        reader.verify({}, body)
    (post,) = reader.parse(body, OurAccount("1", "city311_bot")).posts
    assert post.text == "a hole on Locust Street"
