"""Which adapter speaks which channel, and how each channel counts. A new channel adds its two lines here."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from models import Channel

RESPONDERS: Mapping[Channel, str] = {
    Channel.X: "responders.x:XResponder",
    Channel.TELEGRAM: "responders.telegram:TelegramResponder",
    Channel.MASTODON: "responders.mastodon:MastodonResponder",
    Channel.BLUESKY: "responders.bluesky:BlueskyResponder",
}
LENGTHS: Mapping[Channel, str] = {
    Channel.X: "responders.x:length",
    Channel.TELEGRAM: "responders.telegram:length",
    Channel.MASTODON: "responders.lengths:on_mastodon",
    Channel.BLUESKY: "responders.lengths:on_bluesky",
    Channel.PARTNER: "responders.lengths:graphemes",
}
COMPOSERS: Mapping[Channel, str] = {Channel.X: "responders.x:composer"}
"""Channels with a window of their own that opens with words in it, for a person to post."""


def responder_class(channel: Channel) -> type:
    """The adapter's class, imported only now so that an absent SDK hurts nobody who does not use it."""
    found: type = _load(RESPONDERS[channel])
    return found


def length_of(channel: Channel, text: str) -> int:
    """The length of a text as the channel counts it."""
    count: Callable[[str], int] = _load(LENGTHS[channel])
    return count(text)


def composer_of(channel: Channel, text: str, in_reply_to: str | None, author_id: str, *, private: bool) -> str:
    """An https:// address where a person posts these words by hand; "" where the channel has none."""
    if channel not in COMPOSERS:
        return ""
    compose: Callable[..., str] = _load(COMPOSERS[channel])
    return compose(text, in_reply_to, author_id, private=private)


def _load(where: str) -> Any:
    module, name = where.split(":")
    return getattr(import_module(module), name)
