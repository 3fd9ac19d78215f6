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


def listener_class(channel: Channel) -> type:
    """The adapter's class, imported only now so that an absent SDK hurts nobody who does not use it."""
    module, name = LISTENERS[channel].split(":")
    found: type = getattr(import_module(module), name)
    return found
