"""Which adapter hears which channel. A new channel adds its line here."""

from collections.abc import Mapping
from importlib import import_module

from models import Channel

LISTENERS: Mapping[Channel, str] = {
    Channel.X: "listeners.x:XListener",
    Channel.TELEGRAM: "listeners.telegram:TelegramListener",
    Channel.MASTODON: "listeners.mastodon:MastodonListener",
    Channel.BLUESKY: "listeners.bluesky:BlueskyListener",
}

WEBHOOKS: Mapping[Channel, str] = {
    Channel.X: "listeners.x.activity:XActivity",
    Channel.TELEGRAM: "listeners.telegram:TelegramWebhook",
}
"""Which adapter reads what a channel brings to us by itself; a channel that only waits to be asked is not here."""


def listener_class(channel: Channel) -> type:
    """The adapter's class, imported only now so that an absent SDK hurts nobody who does not use it."""
    return _imported(LISTENERS[channel])


def webhook_class(channel: Channel) -> type:
    """As listener_class, for what the channel brings by itself. Raises KeyError where it brings nothing."""
    return _imported(WEBHOOKS[channel])


def _imported(where: str) -> type:
    module, name = where.split(":")
    found: type = getattr(import_module(module), name)
    return found
