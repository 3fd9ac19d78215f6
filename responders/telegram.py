"""Telegram: replies through python-telegram-bot, one attempt at a time.

Telegram has no idempotency key and lets no bot read its own chat, so a doubtful attempt stays doubtful until a resident
answers our message or a person has looked. Source: Bot API, sendMessage and ReplyParameters.
"""

from datetime import UTC, timedelta
from types import TracebackType
from typing import Self

import telegram
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from models import Channel, SendAttempt, utc_now
from models.posts import OutgoingPost, SentPost
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, Proof

CONNECT_SECONDS, READ_SECONDS = 5, 20


def length(text: str) -> int:
    """Length as Telegram counts it, in UTF-16 code units. Source: Bot API, MessageEntity; sendMessage takes 4096."""
    return len(text.encode("utf-16-le")) // 2


class TelegramResponder:
    """Replies as one bot."""

    channel = Channel.TELEGRAM

    def __init__(self, *, token: str, base_url: str) -> None:
        self._request = HTTPXRequest(
            connection_pool_size=16, read_timeout=READ_SECONDS, connect_timeout=CONNECT_SECONDS
        )
        self._bot = telegram.Bot(token, base_url=f"{base_url.rstrip('/')}/bot", request=self._request)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._request.shutdown()

    def length(self, text: str) -> int:
        """Length in UTF-16 code units."""
        return length(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Send one message, quoting the resident's. Raises SendRefused, SendDeferred or SendUncertain."""
        chat, _, thread = post.conversation_id.partition("/")
        try:
            message = await self._bot.send_message(
                chat_id=int(chat),
                text=post.text,
                message_thread_id=int(thread) if thread else None,
                reply_parameters=_quoting(post.in_reply_to),
                link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
            )
        except RetryAfter as error:
            wait = error.retry_after
            pause = wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
            raise SendDeferred(utc_now() + pause, "Telegram asks us to wait") from error
        except Forbidden as error:
            raise SendRefused(
                "Telegram refused this reply: the resident has blocked the bot or left the chat.", author_blocks_us=True
            ) from error
        except InvalidToken as error:
            raise SendRefused(
                "Telegram does not accept the bot's token; somebody has to mend it.", credentials=True
            ) from error
        except ChatMigrated as error:
            raise SendRefused(f"The group has moved to chat {error.new_chat_id}; answer it there.") from error
        except BadRequest as error:
            raise SendRefused(f"Telegram refused this reply: {error.message}.") from error
        except TimedOut as error:
            raise self._timed_out(error) from error
        except NetworkError as error:
            raise self._network(error) from error
        except (TelegramError, LookupError, TypeError, AttributeError) as error:  # the SDK trips over odd JSON
            raise SendUncertain("Telegram answered something we do not know while we were sending") from error
        return SentPost(f"{message.chat_id}:{message.message_id}", message.date.astimezone(UTC))

    def _timed_out(self, error: TimedOut) -> Exception:
        if type(error.__cause__).__name__ in {"ConnectTimeout", "PoolTimeout"}:  # nothing had left us yet
            return SendDeferred(utc_now() + timedelta(seconds=30), "Telegram could not be reached")
        return SendUncertain("Telegram did not answer while we were sending")

    def _network(self, error: NetworkError) -> Exception:
        if type(error.__cause__).__name__ == "ConnectError":  # nothing had left us yet
            return SendDeferred(utc_now() + timedelta(seconds=30), "Telegram could not be reached")
        return SendUncertain("the connection to Telegram broke while we were sending")

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """A bot cannot read its own messages back; intake settles the attempt if a resident answers it."""
        return CannotTell("Telegram does not let a bot read its own messages; please look into the chat")


def _quoting(in_reply_to: str | None) -> telegram.ReplyParameters | None:
    if in_reply_to is None:
        return None
    return telegram.ReplyParameters(message_id=int(in_reply_to.split(":")[1]), allow_sending_without_reply=True)
