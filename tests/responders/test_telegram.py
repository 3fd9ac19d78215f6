"""Telegram's own ways of answering: the button that shares a place, groups that moved, and why a bot is not let in."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hark311.simulator import RunningSimulator, SimulatorSettings
from models.posts import OutgoingPost
from responders.drafting import Key
from responders.errors import ConversationMoved, SendRefused
from responders.outbox import ASKS_WHERE
from responders.telegram import SHARE_LOCATION, TelegramResponder

GROUP: dict[str, Any] = {"id": -900, "type": "group", "title": "Block captains"}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    settings = SimulatorSettings(tmp_path / "city.db", port=0)
    with RunningSimulator(settings.database, settings) as running:
        yield running


@pytest.fixture
async def responder(simulator: RunningSimulator) -> AsyncIterator[TelegramResponder]:
    token, url = simulator.settings.telegram_token, f"{simulator.url}/telegram"
    async with TelegramResponder(token=token, base_url=url) as ready:
        yield ready


def _to(said: dict[str, Any], **more: Any) -> OutgoingPost:
    post = OutgoingPost(
        reply_id=1,
        text="Where is it?",
        conversation_id=str(said["chat_id"]),
        in_reply_to=f"{said['chat_id']}:{said['message_id']}",
        language="en",
        idempotency_key="reply-1-1",
        started_at=datetime.now(UTC),
        private=said["chat_id"] > 0,
    )
    return replace(post, **more)


def _markup(simulator: RunningSimulator) -> Any:
    return simulator.telegram_messages(by="us")[-1]["reply_markup"]


@pytest.mark.parametrize(("language", "label"), [("en", "Share my location"), ("es", SHARE_LOCATION["es"]), ("km", "")])
async def test_who_is_asked_where_it_is_gets_a_button_in_their_language(
    simulator: RunningSimulator, responder: TelegramResponder, language: str, label: str
) -> None:
    said = simulator.say_on_telegram("a hole")
    await responder.send(_to(said, asks_location=True, language=language))
    ((button,),) = _markup(simulator)["keyboard"]
    assert button["request_location"]
    assert button["text"].endswith(label or SHARE_LOCATION["en"])


async def test_the_next_message_takes_the_button_away(
    simulator: RunningSimulator, responder: TelegramResponder
) -> None:
    said = simulator.say_on_telegram("a hole")
    await responder.send(_to(said, asks_location=True))
    await responder.send(_to(said, text="Thank you."))
    assert _markup(simulator) == {"remove_keyboard": True}


async def test_a_group_is_asked_without_a_button(simulator: RunningSimulator, responder: TelegramResponder) -> None:
    """Telegram refuses that button in groups, and so does the simulator."""
    said = simulator.say_on_telegram("/report a hole", chat=GROUP)
    await responder.send(_to(said, asks_location=True))
    assert _markup(simulator) is None


async def test_a_group_that_moved_is_told_with_its_new_id_and_nothing_is_sent(
    simulator: RunningSimulator, responder: TelegramResponder
) -> None:
    said = simulator.say_on_telegram("/report a hole", chat=GROUP)
    new = simulator.migrate_group(GROUP["id"])
    with pytest.raises(ConversationMoved) as moved:
        await responder.send(_to(said))
    assert moved.value.new_conversation_id == str(new)
    assert simulator.telegram_messages(by="us") == []
    await responder.send(_to(said, conversation_id=str(new)))
    (sent,) = simulator.telegram_messages(by="us")
    assert (sent["chat_id"], sent["reply_to"]) == (new, None)


@pytest.mark.parametrize(
    ("said", "says", "blocks_us"),
    [
        ("Forbidden: bot was blocked by the user", "blocked", True),
        ("Forbidden: user is deactivated", "account is gone", True),
        ("Forbidden: bot can't initiate conversation with a user", "write to it before", False),
        ("Forbidden: bot was kicked from the supergroup chat", "taken out of this group", False),
        ("Forbidden: bot is not a member of the channel chat", "taken out of this group", False),
    ],
)
async def test_why_the_bot_is_not_let_in_is_told(
    simulator: RunningSimulator, responder: TelegramResponder, said: str, says: str, blocks_us: bool
) -> None:
    resident = simulator.say_on_telegram("a hole")
    body = {"ok": False, "error_code": 403, "description": said}
    simulator.fault("telegram", "status", "sendMessage", status=403, body=body)
    with pytest.raises(SendRefused) as refused:
        await responder.send(_to(resident))
    assert says in refused.value.reason
    assert refused.value.author_blocks_us == blocks_us
    assert not refused.value.credentials


def test_the_button_goes_with_wordings_that_there_are() -> None:
    assert {key.value for key in Key} >= ASKS_WHERE
