"""Telegram brings its updates to us: one update a call, with the secret we gave it. Source: Bot API, setWebhook."""

import json
from collections.abc import Mapping
from hmac import compare_digest

from listeners.errors import NotFromChannel, UnreadablePost
from listeners.protocol import Batch, OurAccount
from listeners.telegram.reading import read_updates
from models import Channel

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name


class TelegramWebhook:
    """Reads what Telegram posts to us for one bot."""

    channel = Channel.TELEGRAM

    def __init__(self, *, secret: str) -> None:
        if not secret:
            raise ValueError("a webhook without a secret would take anybody's word")
        self._secret = secret.encode()

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises NotFromChannel unless the call carries our secret. Telegram signs no body; TLS keeps it whole."""
        del body
        if not compare_digest(headers.get(SECRET_HEADER, "").encode(), self._secret):
            raise NotFromChannel("the secret token is missing or wrong")

    def parse(self, body: bytes, us: OurAccount) -> Batch:
        """The post of one update. Raises UnreadablePost where the body is no JSON."""
        try:
            update = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise UnreadablePost("Telegram sent something that is no JSON") from error
        return read_updates([update], us)
