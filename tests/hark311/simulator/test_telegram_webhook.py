"""Webhook delivery: the secret header, order, trying again, giving up."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
import telegram
from telegram.error import BadRequest

from hark311.simulator import RunningSimulator


class Hook:
    """A tiny HTTP server that takes updates and answers with the statuses it is told, then 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.taken: list[tuple[dict[str, str], dict[str, object]]] = []
        self.bodies: list[bytes] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests until the caller hangs up."""
        try:
            while line := await reader.readline():
                assert line.startswith(b"POST ")
                headers = {}
                while (field := await reader.readline()).strip():
                    name, _, value = field.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers["content-length"]))
                status = self.statuses.pop(0) if self.statuses else 200
                self.bodies.append(body)
                self.taken.append((headers, json.loads(body)))
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        finally:
            writer.close()

    def texts(self) -> list[str]:
        """The texts of the updates taken so far."""
        return [body["message"]["text"] for _, body in self.taken]  # type: ignore[index]  # every update here is a message


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """A hook on a free port."""
    ready = Hook()
    server = await asyncio.start_server(ready.answer, "127.0.0.1", 0)
    ready.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/telegram"
    yield ready
    server.close()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - the other side is a server in a thread, there is no event to wait for
            await asyncio.sleep(0.02)


async def test_updates_are_posted_in_order_with_the_secret(
    simulator: RunningSimulator, bot: telegram.Bot, hook: Hook
) -> None:
    await bot.set_webhook(hook.url, secret_token="s3cret")
    for number in range(3):
        await asyncio.to_thread(simulator.say_on_telegram, str(number))
    await until(lambda: len(hook.taken) == 3)
    assert hook.texts() == ["0", "1", "2"]
    assert {headers["x-telegram-bot-api-secret-token"] for headers, _ in hook.taken} == {"s3cret"}
    await until(lambda: simulator.counts()["telegram"]["updates_waiting"] == 0)
    assert (await bot.get_webhook_info()).url == hook.url


async def test_a_refused_update_is_posted_again_before_the_next(
    simulator: RunningSimulator, bot: telegram.Bot, hook: Hook
) -> None:
    hook.statuses = [503, 403]
    await bot.set_webhook(hook.url)
    await asyncio.to_thread(simulator.say_many_on_telegram, [{"text": "first"}, {"text": "second"}])
    await until(lambda: len(hook.taken) == 4)
    assert hook.texts() == ["first", "first", "first", "second"]
    assert "403" in ((await bot.get_webhook_info()).last_error_message or "")


async def test_an_update_is_given_up_in_the_end(simulator: RunningSimulator, bot: telegram.Bot, hook: Hook) -> None:
    hook.statuses = [500] * 6
    await bot.set_webhook(hook.url)
    await asyncio.to_thread(simulator.say_many_on_telegram, [{"text": "lost"}, {"text": "next"}])
    await until(lambda: "next" in hook.texts())
    assert hook.texts() == ["lost"] * 6 + ["next"]


async def test_a_webhook_off_this_machine_is_refused(bot: telegram.Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)loopback"):
        await bot.set_webhook("https://example.com/hook")
