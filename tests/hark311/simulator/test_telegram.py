"""The simulated Telegram with the real python-telegram-bot client: receiving, long polling, content kinds."""

import asyncio
import base64
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
import telegram
from telegram.error import Conflict, InvalidToken

from hark311.simulator import RunningSimulator, SimulatorSettings

ROSA = {"id": 700, "first_name": "Rosa", "username": "rosa_demo", "language_code": "es"}
GROUP: dict[str, Any] = {"id": -900, "type": "group", "title": "Block captains"}


def write(simulator: RunningSimulator, text: str | None = None, **more: Any) -> dict[str, Any]:
    return simulator.say_on_telegram(text, **{"from": ROSA, **more})


async def updates(bot: telegram.Bot, **more: Any) -> list[Any]:
    """The waiting updates; Any, since a wrong kind must fail the test and not the type checker."""
    return list(await bot.get_updates(**more))


async def messages(bot: telegram.Bot, **more: Any) -> list[Any]:
    """The messages of the waiting updates."""
    return [update.effective_message for update in await updates(bot, **more)]


async def test_the_bot_knows_itself(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    me = await bot.get_me()
    assert (me.username, me.can_read_all_group_messages) == (simulator.settings.telegram_username, False)


@pytest.mark.parametrize("token", ["311000311:WrongButWellFormed0000000000000000", "nonsense"])
async def test_a_wrong_token_is_an_invalid_token(simulator: RunningSimulator, token: str) -> None:
    other = telegram.Bot(token, base_url=simulator.telegram_base_url)
    with pytest.raises(InvalidToken):
        await other.initialize()
    await other.shutdown()


async def test_updates_stay_until_a_higher_offset_confirms_them(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    for number in range(3):
        write(simulator, f"Message {number}")
    first = await updates(bot)
    assert [update.message.text for update in first] == ["Message 0", "Message 1", "Message 2"]
    assert [update.update_id for update in await updates(bot)] == [update.update_id for update in first]
    rest = await updates(bot, offset=first[1].update_id + 1)
    assert [update.update_id for update in rest] == [first[2].update_id]
    assert simulator.counts()["telegram"]["updates_waiting"] == 1


async def test_a_negative_offset_keeps_the_newest_and_a_limit_gives_the_oldest(
    simulator: RunningSimulator, bot: telegram.Bot
) -> None:
    for number in range(5):
        write(simulator, str(number))
    assert [message.text for message in await messages(bot, limit=2)] == ["0", "1"]
    assert [message.text for message in await messages(bot, offset=-2)] == ["3", "4"]
    assert [message.text for message in await messages(bot)] == ["3", "4"]


async def test_a_long_poll_waits_and_wakes_at_once(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    waiting = asyncio.create_task(updates(bot, timeout=10))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    started = time.monotonic()
    await asyncio.to_thread(write, simulator, "Now")
    assert [update.message.text for update in await waiting] == ["Now"]
    assert time.monotonic() - started < 2


async def test_a_second_poller_ends_the_first_with_a_conflict(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await asyncio.sleep(0.2)
    address = f"{simulator.telegram_base_url}{bot.token}/getUpdates"
    async with httpx.AsyncClient(trust_env=False, timeout=15) as client:
        second = asyncio.create_task(client.get(address, params={"timeout": 10}))
        with pytest.raises(Conflict):
            await first
        await asyncio.to_thread(write, simulator, "For the second")
        assert len((await second).json()["result"]) == 1


async def test_a_webhook_makes_polling_a_conflict(bot: telegram.Bot) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_update_kinds_not_asked_for_do_not_come(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    write(simulator, "Unheard")
    assert await bot.get_updates() == ()
    await bot.get_updates(allowed_updates=["message"])
    write(simulator, "Heard")
    assert len(await bot.get_updates()) == 1


async def test_places_venues_and_contacts_arrive(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    write(simulator, location={"latitude": 39.98, "longitude": -75.13, "horizontal_accuracy": 12.5})
    write(simulator, venue={"latitude": 39.95, "longitude": -75.16, "title": "City Hall", "address": "Broad"})
    write(simulator, contact={"phone_number": "+12155550142", "first_name": "Rosa"})
    place, venue, contact = await messages(bot)
    assert (place.location.latitude, place.location.horizontal_accuracy) == (39.98, 12.5)
    assert (venue.venue.title, venue.location.longitude) == ("City Hall", -75.16)
    assert contact.contact.phone_number == "+12155550142"


async def test_photos_albums_voice_and_documents_can_be_fetched(
    simulator: RunningSimulator, bot: telegram.Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    write(simulator, photo={"alt": "x"}, caption="A hole")
    done = write(simulator, album=[{}, {}, {}], caption="Three views", key="album")
    given = base64.b64encode(b"hello").decode()
    write(simulator, document={"file_name": "list.txt", "content_base64": given})
    write(simulator, voice={"duration": 4})
    photo, *album, document, voice = await messages(bot)
    assert photo.caption == "A hole"
    assert bytes(await (await photo.photo[-1].get_file()).download_as_bytearray()).startswith(b"\x89PNG")
    assert [message.message_id for message in album] == done["message_ids"]
    assert len({message.media_group_id for message in album}) == 1
    assert [message.caption for message in album] == ["Three views", None, None]
    assert bytes(await (await document.document.get_file()).download_as_bytearray()) == b"hello"
    assert voice.voice.duration == timedelta(seconds=4)
    assert write(simulator, album=[{}, {}, {}], key="album") == done | {"new": False}


async def test_edits_and_live_places_arrive_as_edited_messages(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    said = write(simulator, "On 5th", key="place")
    write(simulator, "On 6th", edit_of="key:place")
    live = write(simulator, location={"latitude": 1.0, "longitude": 2.0, "live_period": 60})
    write(simulator, location={"latitude": 1.5, "longitude": 2.0, "live_period": 60}, edit_of=str(live["message_id"]))
    _, edited, _, moved = await updates(bot)
    assert (edited.edited_message.text, edited.edited_message.message_id) == ("On 6th", said["message_id"])
    assert moved.edited_message.location.latitude == 1.5


async def test_privacy_mode_lets_only_what_is_meant_for_the_bot_through(
    simulator: RunningSimulator, bot: telegram.Bot
) -> None:
    write(simulator, "Chatting among neighbors", chat=GROUP)
    write(simulator, "/report hole on Pine", chat=GROUP)
    write(simulator, f"@{simulator.settings.telegram_username} hello", chat=GROUP)
    sent = await bot.send_message(GROUP["id"], "Which block?")
    write(simulator, "1200", chat=GROUP, reply_to=str(sent.message_id))
    heard = await messages(bot)
    assert [message.text for message in heard] == [
        "/report hole on Pine",
        f"@{simulator.settings.telegram_username} hello",
        "1200",
    ]
    assert heard[2].reply_to_message.from_user.id == (await bot.get_me()).id


async def test_an_update_is_kept_for_a_day_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    now = [time.time()]
    database = tmp_path_factory.mktemp("old") / "city.sqlite"
    settings = SimulatorSettings(database, port=0, clock=lambda: now[0])
    with RunningSimulator(database, settings) as running:
        running.say_on_telegram("Old news")
        async with httpx.AsyncClient(trust_env=False) as client:
            address = f"{running.telegram_base_url}{settings.telegram_token}/getUpdates"
            assert len((await client.get(address)).json()["result"]) == 1
            now[0] += 24 * 3600 + 1
            assert (await client.get(address)).json()["result"] == []


async def test_json_form_and_query_parameters_are_all_understood(simulator: RunningSimulator) -> None:
    write(simulator, "Hello")
    address = f"{simulator.telegram_base_url}{simulator.settings.telegram_token}/sendMessage"
    async with httpx.AsyncClient(trust_env=False) as client:
        answers = [
            await client.post(address, json={"chat_id": 700, "text": "json"}),
            await client.post(address, data={"chat_id": "700", "text": "form"}),
            await client.post(address, data={"chat_id": "700"}, files={"text": (None, "multipart")}),
            await client.get(address, params={"chat_id": "700", "text": "query"}),
        ]
    assert [answer.json()["result"]["text"] for answer in answers] == ["json", "form", "multipart", "query"]
