"""How channels bring posts to us by webhook, for the webhook contract: bodies from the simulator, signed as they sign.

A new channel that calls us adds its bringer here and is held to the same contract.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from pydantic import SecretStr

from hark311.settings import AccountSettings, TelegramAccount
from hark311.simulator import RunningSimulator
from hark311.simulator.x_activity import SIGNATURE_HEADER, signature
from models import Channel
from tests.contracts.stages import BOT_TOKEN, KEYS, STAGES

WEBHOOK_SECRET = "a-secret_of_OURS_for-webhooks-0011"


@dataclass(frozen=True, slots=True)
class Brought:
    """One call of a channel, and the post in it."""

    post_id: str
    text: str
    body: bytes


class Bringer(Protocol):
    """A channel that calls us."""

    channel: Channel
    signs_the_body: bool

    def __init__(self, simulator: RunningSimulator) -> None: ...

    def account(self) -> AccountSettings: ...

    def bring(self, text: str) -> Brought:
        """What the channel calls us with when a resident writes `text`."""
        ...

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The headers that make these bytes the channel's."""
        ...

    def wrongly_signed(self, body: bytes) -> Mapping[str, str]: ...


class XBringer(Bringer):
    """X: an event of the Activity API, signed with the consumer secret."""

    channel = Channel.X
    signs_the_body = True

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator, self.stage = simulator, STAGES[Channel.X](simulator)

    def account(self) -> AccountSettings:
        return self.stage.account().model_copy(update={"webhooks": True})

    def bring(self, text: str) -> Brought:
        said = self.stage.say(text)
        (event,) = self.simulator.x_events(said.post_id)
        return Brought(said.post_id, said.text, json.dumps(event).encode())

    def signed(self, body: bytes) -> Mapping[str, str]:
        return {SIGNATURE_HEADER: signature(KEYS.consumer_secret, body)}

    def wrongly_signed(self, body: bytes) -> Mapping[str, str]:
        return {SIGNATURE_HEADER: signature(KEYS.consumer_secret + "x", body)}


class TelegramBringer(Bringer):
    """Telegram: an update, with the secret token we gave it."""

    channel = Channel.TELEGRAM
    signs_the_body = False

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator, self.stage = simulator, STAGES[Channel.TELEGRAM](simulator)

    def account(self) -> AccountSettings:
        account = self.stage.account()
        assert isinstance(account, TelegramAccount)
        return account.model_copy(update={"webhooks": True, "webhook_secret": SecretStr(WEBHOOK_SECRET)})

    def bring(self, text: str) -> Brought:
        said = self.stage.say(text[:4096])
        waiting = httpx.get(f"{self.simulator.telegram_base_url}{BOT_TOKEN}/getUpdates", trust_env=False).json()
        update: dict[str, Any] = waiting["result"][-1]
        update["message"]["text"] = text
        return Brought(said.post_id, text, json.dumps(update).encode())

    def signed(self, body: bytes) -> Mapping[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET}

    def wrongly_signed(self, body: bytes) -> Mapping[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET[:-1] + "2"}


BRINGERS: Mapping[Channel, type[Bringer]] = {Channel.X: XBringer, Channel.TELEGRAM: TelegramBringer}
