"""One stage a channel: how residents speak there, and what stands there in our name, whatever the channel calls it.

The contract suites know no channel. A new channel adds its stage here and is held to the same contract.
"""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from html import unescape
from typing import Any, Protocol

import httpx
from pydantic import SecretStr

from hark311.settings import AccountSettings, BlueskyAccount, MastodonAccount, TelegramAccount, XAccount
from hark311.simulator import RunningSimulator, SimulatorSettings
from hark311.simulator.bluesky_network import did_of, whole_handle
from hark311.simulator.settings import XKeys
from listeners.protocol import OurAccount
from models import Channel

KEYS = XKeys(
    bearer_token="AAAAAAAAbearer%2Bof%2Fours%3D",
    consumer_key="ConsumerKeyOfOurs",
    consumer_secret="ConsumerSecretOfOurs",
    access_token="311000311-AccessTokenOfOurs",
    access_token_secret="AccessTokenSecretOfOurs",
)
BOT_TOKEN = "311000311:AnInventedTokenForTheContract-000_11"
MASTODON_TOKEN = "AnInventedMastodonTokenOfOurs-0001"
BLUESKY_PASSWORD = "inve-nted-pass-word"


def simulator_settings(database: Any) -> SimulatorSettings:
    """A simulator whose keys look like real ones and are found in any log they reach."""
    return SimulatorSettings(
        database,
        port=0,
        x_keys=KEYS,
        telegram_token=BOT_TOKEN,
        mastodon_token=MASTODON_TOKEN,
        bluesky_password=BLUESKY_PASSWORD,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a resident said, in the channel's ids as our adapters write them."""

    post_id: str
    conversation_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a thread in our name: its id, and the words without what the channel put in front."""

    post_id: str
    text: str


class Stage(Protocol):
    """What a contract suite needs of a channel. Names of simulator calls are those faults are armed for."""

    channel: Channel
    simulator: RunningSimulator
    look_call: str
    """The call `fetch` makes."""
    us_call: str
    """The call `whoami` makes."""
    send_call: str
    upload_call: str
    """What takes a picture before the reply that shows it; "" where it travels with the reply."""
    patience: Sequence[str]
    """Constants that hold how long an answer is waited for; a test shortens them."""
    can_see_blocking: bool
    answers_what_is_gone: bool
    """The channel takes a reply to a deleted post, as a post of its own."""

    def __init__(self, simulator: RunningSimulator) -> None: ...

    @property
    def us(self) -> OurAccount: ...

    def account(self, base_url: str = "") -> AccountSettings:
        """The account as an operator would set it, here or at another address."""
        ...

    def handle_of(self, author: str) -> str:
        """The handle of a resident as the channel writes it."""
        return author

    def say(self, text: str, author: str = "dee_215") -> Said: ...

    def say_many(self, texts: Sequence[str]) -> list[str]:
        """Post ids of posts by residents, in order."""
        ...

    def say_with_photo(self, text: str) -> Said: ...

    def edit(self, said: Said, text: str) -> None: ...

    def answer(self, said: Said, text: str) -> Said:
        """The same resident answers their own post."""
        ...

    def delete(self, said: Said) -> None: ...

    def block_us(self, said: Said) -> None: ...

    def standing(self, under: Said | None = None) -> list[Standing]:
        """What stands in our name, everywhere or under one post."""
        ...

    def pictures(self) -> list[tuple[bytes, str]]:
        """The pictures that the channel's page shows, and what it says of each."""
        page = httpx.get(f"{self.simulator.url}/{self.channel}", trust_env=False).text
        return [
            (httpx.get(f"{self.simulator.url}{unescape(src)}", trust_env=False).content, unescape(alt))
            for src, alt in re.findall(r'<img src="([^"]*)" alt="([^"]*)"', page)
        ]


class XStage(Stage):
    """X: every post names our account, because only those are heard."""

    channel = Channel.X
    look_call, us_call, send_call = "mentions", "me", "create_post"
    upload_call = "upload_media"
    patience: Sequence[str] = ("hark311.outgoing.READ_SECONDS",)
    can_see_blocking = True
    answers_what_is_gone = False

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator
        self._handles: dict[str, str] = {}

    @property
    def us(self) -> OurAccount:
        return OurAccount(str(KEYS.account_id), self.simulator.settings.x_handle)

    def account(self, base_url: str = "") -> AccountSettings:
        return XAccount(
            channel="x",
            bearer_token=SecretStr(KEYS.bearer_token),
            consumer_key=SecretStr(KEYS.consumer_key),
            consumer_secret=SecretStr(KEYS.consumer_secret),
            access_token=SecretStr(KEYS.access_token),
            access_token_secret=SecretStr(KEYS.access_token_secret),
            base_url=base_url or self.simulator.x_url,
        )

    def say(self, text: str, author: str = "dee_215") -> Said:
        return self._said(text, author)

    def _said(self, text: str, author: str, **more: Any) -> Said:
        whole = f"@{self.us.handle} {text}"
        post_id = self.simulator.say_on_x(whole, author=author, **more)
        self._handles[post_id] = author
        (post,) = (one for one in self.simulator.x_posts(since=int(post_id) - 1) if one["id"] == post_id)
        return Said(post_id, post["conversation_id"], whole)

    def say_many(self, texts: Sequence[str]) -> list[str]:
        said = self.simulator.say_many_on_x([{"text": text} for text in texts])
        return [str(one["id"]) for one in said]

    def say_with_photo(self, text: str) -> Said:
        return self._said(text, "dee_215", photos=[{"alt": "a deep hole"}])

    def edit(self, said: Said, text: str) -> None:
        self._said(text, self._handles[said.post_id], edit_of=said.post_id)

    def answer(self, said: Said, text: str) -> Said:
        return self._said(text, self._handles[said.post_id], in_reply_to=said.post_id)

    def delete(self, said: Said) -> None:
        self.simulator.delete_on_x(said.post_id)

    def block_us(self, said: Said) -> None:
        self.simulator.change_author(self._handles[said.post_id], blocks_us=True)

    def standing(self, under: Said | None = None) -> list[Standing]:
        posts = self.simulator.our_replies_on_x(under.post_id if under else None)
        named = f"@{self._handles[under.post_id]} " if under else ""
        return [Standing(post["id"], str(post["text"]).removeprefix(named)) for post in posts]


class TelegramStage(Stage):
    """Telegram: a private chat between a resident and our bot."""

    channel = Channel.TELEGRAM
    look_call, us_call, send_call = "getUpdates", "getMe", "sendMessage"
    upload_call = ""
    patience: Sequence[str] = ("listeners.telegram.listener.NETWORK_SLACK_SECONDS", "responders.telegram.READ_SECONDS")
    can_see_blocking = True
    answers_what_is_gone = True

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator

    @property
    def us(self) -> OurAccount:
        return OurAccount(BOT_TOKEN.partition(":")[0], self.simulator.settings.telegram_username)

    def account(self, base_url: str = "") -> AccountSettings:
        return TelegramAccount(
            channel="telegram",
            token=SecretStr(BOT_TOKEN),
            base_url=base_url or f"{self.simulator.url}/telegram",
            long_poll_seconds=0,
        )

    def say(self, text: str, author: str = "dee_215") -> Said:
        return self._said(self.simulator.say_on_telegram(text, **_by(author)), text)

    def _said(self, done: Mapping[str, Any], text: str) -> Said:
        return Said(f"{done['chat_id']}:{done['message_id']}", str(done["chat_id"]), text)

    def say_many(self, texts: Sequence[str]) -> list[str]:
        said = self.simulator.say_many_on_telegram([{"text": text} for text in texts])
        return [f"{one['chat_id']}:{one['message_id']}" for one in said]

    def say_with_photo(self, text: str) -> Said:
        return self._said(self.simulator.say_on_telegram(photo={}, caption=text, **_by("dee_215")), text)

    def edit(self, said: Said, text: str) -> None:
        self.simulator.say_on_telegram(text, edit_of=_number(said), **_by("dee_215"))

    def answer(self, said: Said, text: str) -> Said:
        return self._said(self.simulator.say_on_telegram(text, reply_to=_number(said), **_by("dee_215")), text)

    def delete(self, said: Said) -> None:
        self.simulator.delete_on_telegram(int(said.conversation_id), _number(said))

    def block_us(self, said: Said) -> None:
        self.simulator.block_bot(int(said.conversation_id))

    def standing(self, under: Said | None = None) -> list[Standing]:
        return [
            Standing(f"{one['chat_id']}:{one['message_id']}", str(one["text"]))
            for one in self.simulator.telegram_messages(by="us")
            if under is None or f"{one['chat_id']}:{one['reply_to']}" == under.post_id
        ]

    def pictures(self) -> list[tuple[bytes, str]]:
        with closing(sqlite3.connect(self.simulator.settings.database)) as network:
            return [(body, "") for (body,) in network.execute("SELECT body FROM tg_files WHERE path LIKE '%sent_%'")]


def _by(username: str) -> Mapping[str, Any]:
    return {"from": {"username": username, "first_name": "Dee"}}


def _number(said: Said) -> int:
    return int(said.post_id.split(":")[1])


class MastodonStage(Stage):
    """Mastodon: a post names our account, and our answer names its author."""

    channel = Channel.MASTODON
    look_call, us_call, send_call = "notifications", "me", "post_status"
    upload_call = "upload_media"
    patience: Sequence[str] = ("listeners.mastodon.READ_SECONDS", "responders.mastodon.READ_SECONDS")
    can_see_blocking = False
    answers_what_is_gone = False

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator
        self._authors: dict[str, str] = {}

    @property
    def us(self) -> OurAccount:
        settings = self.simulator.settings
        return OurAccount(str(settings.mastodon_id), settings.mastodon_acct)

    def account(self, base_url: str = "") -> AccountSettings:
        return MastodonAccount(
            channel="mastodon",
            access_token=SecretStr(MASTODON_TOKEN),
            base_url=base_url or self.simulator.mastodon_url,
        )

    def say(self, text: str, author: str = "dee_215") -> Said:
        return self._said(text, author)

    def _said(self, text: str, author: str, **more: Any) -> Said:
        whole = f"@{self.us.handle} {text}"
        status_id = self.simulator.say_on_mastodon(whole, author=author, **more)
        self._authors[status_id] = author
        (status,) = (one for one in self.simulator.mastodon_statuses() if one["id"] == status_id)
        return Said(status_id, status["conversation_id"], whole)

    def say_many(self, texts: Sequence[str]) -> list[str]:
        said = self.simulator.say_many_on_mastodon([{"text": text} for text in texts])
        return [str(one["id"]) for one in said]

    def say_with_photo(self, text: str) -> Said:
        return self._said(text, "dee_215", photos=[{"alt": "a deep hole"}])

    def edit(self, said: Said, text: str) -> None:
        self._said(text, self._authors[said.post_id], edit_of=said.post_id)

    def answer(self, said: Said, text: str) -> Said:
        return self._said(text, self._authors[said.post_id], in_reply_to=said.post_id)

    def delete(self, said: Said) -> None:
        self.simulator.delete_on_mastodon(said.post_id)

    def block_us(self, said: Said) -> None:
        self.simulator.change_mastodon_account(self._authors[said.post_id], blocks_us=True)

    def standing(self, under: Said | None = None) -> list[Standing]:
        statuses = self.simulator.our_replies_on_mastodon(under.post_id if under else None)
        return [Standing(one["id"], self._words(one)) for one in statuses]

    def _words(self, status: Mapping[str, Any]) -> str:
        return str(status["text"]).removeprefix(f"@{self._authors.get(str(status['in_reply_to']), '')} ")


class BlueskyStage(Stage):
    """Bluesky: a post names our account by a facet. Handles are domain names."""

    channel = Channel.BLUESKY
    look_call, us_call, send_call = "listNotifications", "getSession", "createRecord"
    upload_call = "uploadBlob"
    patience: Sequence[str] = ("listeners.bluesky.READ_SECONDS", "responders.bluesky.READ_SECONDS")
    can_see_blocking = True
    answers_what_is_gone = False

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator

    @property
    def us(self) -> OurAccount:
        handle = self.simulator.settings.bluesky_handle
        return OurAccount(did_of(handle), handle)

    def account(self, base_url: str = "") -> AccountSettings:
        return BlueskyAccount(
            channel="bluesky",
            handle=self.us.handle,
            app_password=SecretStr(BLUESKY_PASSWORD),
            base_url=base_url or self.simulator.bluesky_url,
        )

    def handle_of(self, author: str) -> str:
        return whole_handle(author)

    def say(self, text: str, author: str = "dee_215") -> Said:
        return self._said(text, author=author)

    def _said(self, text: str, **more: Any) -> Said:
        whole = f"@{self.us.handle} {text}"
        uri = self.simulator.say_on_bluesky(whole, **more)
        (post,) = (one for one in self.simulator.bluesky_posts() if one["uri"] == uri)
        return Said(uri, post["root"], whole)

    def say_many(self, texts: Sequence[str]) -> list[str]:
        return [str(one["uri"]) for one in self.simulator.say_many_on_bluesky([{"text": text} for text in texts])]

    def say_with_photo(self, text: str) -> Said:
        return self._said(text, photos=[{"alt": "a deep hole"}])

    def edit(self, said: Said, text: str) -> None:
        self._said(text, edit_of=said.post_id)

    def answer(self, said: Said, text: str) -> Said:
        return self._said(text, author="dee_215", in_reply_to=said.post_id)

    def delete(self, said: Said) -> None:
        self.simulator.delete_on_bluesky(said.post_id)

    def block_us(self, said: Said) -> None:
        self.simulator.change_on_bluesky("dee_215", blocks_us=True)

    def standing(self, under: Said | None = None) -> list[Standing]:
        return [
            Standing(one["uri"], one["text"])
            for one in self.simulator.our_replies_on_bluesky(under.post_id if under else None)
        ]


STAGES: Mapping[Channel, type[Stage]] = {
    Channel.X: XStage,
    Channel.TELEGRAM: TelegramStage,
    Channel.MASTODON: MastodonStage,
    Channel.BLUESKY: BlueskyStage,
}
