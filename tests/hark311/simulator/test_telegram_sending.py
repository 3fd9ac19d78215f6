"""The bot sends: replies, edits, photos, buttons, and how Telegram refuses."""

from datetime import timedelta

import pytest
import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter

from hark311.simulator import RunningSimulator

ROSA = {"id": 700, "first_name": "Rosa"}


@pytest.fixture
def chat(simulator: RunningSimulator) -> tuple[int, int]:
    """A private chat with one message: chat id and message id."""
    said = simulator.say_on_telegram("Light out", **{"from": ROSA})
    return said["chat_id"], said["message_id"]


async def test_a_reply_quotes_what_it_answers(
    simulator: RunningSimulator, bot: telegram.Bot, chat: tuple[int, int]
) -> None:
    sent = await bot.send_message(chat[0], "We have it.", reply_parameters=telegram.ReplyParameters(chat[1]))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "Light out"
    stored = simulator.telegram_messages(by="us")
    assert [(one["text"], one["reply_to"]) for one in stored] == [("We have it.", chat[1])]


async def test_a_reply_to_a_deleted_message_needs_leave(
    simulator: RunningSimulator, bot: telegram.Bot, chat: tuple[int, int]
) -> None:
    simulator.delete_on_telegram(*chat)
    with pytest.raises(BadRequest, match=r"(?i)message to be replied not found"):
        await bot.send_message(chat[0], "Hello", reply_parameters=telegram.ReplyParameters(chat[1]))
    leave = telegram.ReplyParameters(chat[1], allow_sending_without_reply=True)
    assert (await bot.send_message(chat[0], "Hello", reply_parameters=leave)).reply_to_message is None


async def test_html_becomes_entities(bot: telegram.Bot, chat: tuple[int, int]) -> None:
    sent = await bot.send_message(chat[0], "🚧 <b>Closed</b> &amp; done", parse_mode="HTML")
    assert sent.text == "🚧 Closed & done"
    assert sent.parse_entities() == {sent.entities[0]: "Closed"}
    with pytest.raises(BadRequest, match=r"(?i)can't parse entities"):
        await bot.send_message(chat[0], "<b>never closed", parse_mode="HTML")


@pytest.mark.parametrize(("text", "why"), [(" ", "text is empty"), ("a" * 4097, "too long")])
async def test_empty_and_overlong_text_is_refused(
    bot: telegram.Bot, chat: tuple[int, int], text: str, why: str
) -> None:
    with pytest.raises(BadRequest, match=f"(?i){why}"):
        await bot.send_message(chat[0], text)
    assert (await bot.send_message(chat[0], "a" * 4096)).text


async def test_an_unknown_chat_a_block_and_a_stranger_are_told_apart(
    simulator: RunningSimulator, bot: telegram.Bot, chat: tuple[int, int]
) -> None:
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        await bot.send_message(4242, "Hello")
    group = {"id": -5, "type": "group", "title": "Block"}
    simulator.say_on_telegram("Hi all", **{"from": {"id": 701, "first_name": "Sam"}, "chat": group})
    with pytest.raises(Forbidden, match=r"(?i)can't initiate"):
        await bot.send_message(701, "Hello")
    simulator.block_bot(chat[0])
    with pytest.raises(Forbidden, match=r"(?i)blocked by the user"):
        await bot.send_message(chat[0], "Hello")
    change = next(update.my_chat_member for update in await bot.get_updates() if update.my_chat_member)
    assert change.new_chat_member.status == "kicked"
    simulator.say_on_telegram("Back again", **{"from": ROSA})
    assert (await bot.send_message(chat[0], "Welcome back")).text


async def test_a_migrated_group_tells_its_new_id(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    group = {"id": -5, "type": "group", "title": "Block"}
    simulator.say_on_telegram("/start", **{"from": ROSA, "chat": group})
    new_id = simulator.migrate_group(-5)
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(-5, "Hello")
    assert caught.value.new_chat_id == new_id
    assert (await bot.send_message(new_id, "Hello")).chat.type == "supergroup"


async def test_too_many_calls_say_when_to_come_back(
    simulator: RunningSimulator, bot: telegram.Bot, chat: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    simulator.fault("telegram", "rate_limit", "sendMessage", reset_in=7)
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(chat[0], "Hello")
    assert caught.value.retry_after == timedelta(seconds=7)
    assert simulator.telegram_messages(by="us") == []


async def test_an_edit_changes_the_text_once(
    simulator: RunningSimulator, bot: telegram.Bot, chat: tuple[int, int]
) -> None:
    sent = await bot.send_message(chat[0], "Open")
    changed = await sent.edit_text("Closed")
    assert isinstance(changed, telegram.Message)
    assert changed.edit_date is not None
    with pytest.raises(BadRequest, match=r"(?i)message is not modified"):
        await sent.edit_text("Closed")
    with pytest.raises(BadRequest, match=r"(?i)can't be edited"):
        await bot.edit_message_text("Mine now", chat[0], chat[1])
    assert [one["text"] for one in simulator.telegram_messages(by="us")] == ["Closed"]
    assert await sent.delete() is True


async def test_a_button_press_reaches_the_bot(
    simulator: RunningSimulator, bot: telegram.Bot, chat: tuple[int, int]
) -> None:
    button = telegram.InlineKeyboardButton("It is fixed", callback_data="fixed:1")
    sent = await bot.send_message(chat[0], "Fixed?", reply_markup=telegram.InlineKeyboardMarkup([[button]]))
    assert sent.reply_markup is not None
    simulator.press_button(chat[0], sent.message_id, "fixed:1")
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    assert query.message is not None
    assert (query.data, query.message.message_id, query.from_user.id) == ("fixed:1", sent.message_id, 700)
    assert await query.answer("Thank you") is True


async def test_photos_places_actions_commands_and_chats_work(
    simulator: RunningSimulator, bot: telegram.Bot, chat: tuple[int, int]
) -> None:
    photo = await bot.send_photo(chat[0], b"\x89PNG not really", caption="After the repair")
    assert bytes(await (await photo.photo[-1].get_file()).download_as_bytearray()) == b"\x89PNG not really"
    assert (await bot.send_photo(chat[0], photo.photo[-1].file_id)).photo
    place = (await bot.send_location(chat[0], 39.9, -75.1)).location
    assert place is not None
    assert place.latitude == 39.9
    assert await bot.send_chat_action(chat[0], "typing") is True
    assert await bot.set_my_commands([("report", "Report a problem")]) is True
    assert (await bot.get_my_commands())[0].command == "report"
    assert (await bot.get_chat(chat[0])).first_name == "Rosa"
    keyboard = telegram.ReplyKeyboardMarkup([[telegram.KeyboardButton("Here", request_location=True)]])
    await bot.send_message(chat[0], "Where?", reply_markup=keyboard)
    asked = simulator.telegram_messages(by="us")[-1]["reply_markup"]
    assert asked["keyboard"][0][0]["request_location"] is True
