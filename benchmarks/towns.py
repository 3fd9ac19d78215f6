"""How residents speak on each channel, and what stands there in our name: a town square a channel."""

from collections.abc import Callable, Mapping
from typing import Protocol

from hark311.simulator import RunningSimulator
from models import Channel

LISTED = 10_000

Stands = tuple[str, str]
"""(channel post id it hangs under, words) of something in our name."""


class Town(Protocol):
    """Where residents of one channel speak. Post ids are the channel's own."""

    def __init__(self, simulator: RunningSimulator) -> None: ...

    def say(self, words: str, author: str) -> str:
        """A resident speaks to us; the id of the post."""
        ...

    def answer(self, words: str, author: str, to: str, *, to_us: bool) -> str:
        """The same resident goes on under their own post, or under our newest answer to it."""
        ...

    def correct(self, words: str, author: str, which: str) -> str:
        """The author writes other words in its place."""
        ...

    def delete(self, which: str) -> None: ...

    def ours(self) -> list[Stands]:
        """All that stands in our name."""
        ...


class OnX(Town):
    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator

    def say(self, words: str, author: str) -> str:
        return self.simulator.say_on_x(words, author=author)

    def answer(self, words: str, author: str, to: str, *, to_us: bool) -> str:
        ours = self.simulator.our_replies_on_x(to) if to_us else []
        return self.simulator.say_on_x(words, author=author, in_reply_to=ours[-1]["id"] if ours else to)

    def correct(self, words: str, author: str, which: str) -> str:
        return self.simulator.say_on_x(words, author=author, edit_of=which)

    def delete(self, which: str) -> None:
        self.simulator.delete_on_x(which)

    def ours(self) -> list[Stands]:
        posts = self.simulator.x_posts(by="us", limit=LISTED)
        return [(str(one["in_reply_to"]), str(one["text"])) for one in posts if not one["deleted"]]


class OnTelegram(Town):
    """A private chat for every resident."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator

    def say(self, words: str, author: str) -> str:
        return self._said(words, author)

    def answer(self, words: str, author: str, to: str, *, to_us: bool) -> str:
        chat = int(to.split(":")[0])
        ours = self.simulator.telegram_messages(by="us", chat_id=chat) if to_us else []
        return self._said(words, author, **({"reply_to": ours[-1]["message_id"]} if ours else {}))

    def correct(self, words: str, author: str, which: str) -> str:
        return self._said(words, author, edit_of=which.split(":")[1])

    def delete(self, which: str) -> None:
        chat, number = which.split(":")
        self.simulator.delete_on_telegram(int(chat), int(number))

    def ours(self) -> list[Stands]:
        sent = self.simulator.telegram_messages(by="us", limit=LISTED)
        return [(f"{one['chat_id']}:{one['reply_to']}", str(one["text"])) for one in sent]

    def _said(self, words: str, author: str, **more: object) -> str:
        sender = {"id": 10**9 + int(author.rpartition("_")[2]), "first_name": author}
        done = self.simulator.say_on_telegram(words, **{"from": sender}, **more)
        return f"{done['chat_id']}:{done['message_id']}"


class OnMastodon(Town):
    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator
        self._name = f"@{simulator.settings.mastodon_acct}"

    def say(self, words: str, author: str) -> str:
        return self.simulator.say_on_mastodon(f"{self._name} {words}", author=author)

    def answer(self, words: str, author: str, to: str, *, to_us: bool) -> str:
        ours = self.simulator.our_replies_on_mastodon(to) if to_us else []
        under = str(ours[-1]["id"]) if ours else to
        return self.simulator.say_on_mastodon(f"{self._name} {words}", author=author, in_reply_to=under)

    def correct(self, words: str, author: str, which: str) -> str:
        """Delete and write anew, which Mastodon offers beside editing.

        No server tells whom it notified that a post was edited. An edit that neither the stream nor the newest
        notifications show is not to be had, so it proves nothing about us.
        """
        self.simulator.delete_on_mastodon(which)
        return self.say(words, author)

    def delete(self, which: str) -> None:
        self.simulator.delete_on_mastodon(which)

    def ours(self) -> list[Stands]:
        return [(str(one["in_reply_to"]), str(one["text"])) for one in self.simulator.our_replies_on_mastodon()]


class OnBluesky(Town):
    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator
        self._name = f"@{simulator.settings.bluesky_handle}"

    def say(self, words: str, author: str) -> str:
        return self.simulator.say_on_bluesky(f"{self._name} {words}", author=author)

    def answer(self, words: str, author: str, to: str, *, to_us: bool) -> str:
        ours = self.simulator.our_replies_on_bluesky(to) if to_us else []
        under = str(ours[-1]["uri"]) if ours else to
        return self.simulator.say_on_bluesky(f"{self._name} {words}", author=author, in_reply_to=under)

    def correct(self, words: str, author: str, which: str) -> str:
        """Bluesky knows no edits: who corrects themselves deletes the post and writes another."""
        self.simulator.delete_on_bluesky(which)
        return self.say(words, author)

    def delete(self, which: str) -> None:
        self.simulator.delete_on_bluesky(which)

    def ours(self) -> list[Stands]:
        return [(str(one["in_reply_to"]), str(one["text"])) for one in self.simulator.our_replies_on_bluesky()]


TOWNS: Mapping[Channel, Callable[[RunningSimulator], Town]] = {
    Channel.X: OnX,
    Channel.TELEGRAM: OnTelegram,
    Channel.MASTODON: OnMastodon,
    Channel.BLUESKY: OnBluesky,
}


def own_posts(simulator: RunningSimulator) -> list[Stands]:
    """Everything in our name, on all channels."""
    return [one for town in TOWNS.values() for one in town(simulator).ours()]
