"""Telegram: replies through python-telegram-bot, one attempt at a time.

Telegram has no idempotency key and lets no bot read its own chat, so a doubtful attempt stays doubtful until a resident
answers our message or a person has looked. Source: Bot API, sendMessage, ReplyParameters and KeyboardButton.
"""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

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
from models.held_back import HeldBack
from models.opened import Opened
from models.posts import OutgoingPost, SentPost
from responders.errors import ConversationMoved, SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, Proof

CONNECT_SECONDS, READ_SECONDS = 5, 20
SHARE_LOCATION = {
    "en": "Share my location",
    "es": "Compartir mi ubicación",
    "zh-Hans": "分享我的位置",
    "zh-Hant": "分享我的位置",
    "vi": "Chia sẻ vị trí của tôi",
    "ru": "Поделиться геопозицией",
    "uk": "Поділитися місцем",
    "ar": "مشاركة موقعي",
    "ht": "Pataje kote mwen ye",
    "fr": "Partager ma position",
    "pt": "Compartilhar minha localização",
    "ko": "내 위치 보내기",
}
"""What stands on the button that shares where the telephone is; English where we are not sure of the words."""


def length(text: str) -> int:
    """Length as Telegram counts it, in UTF-16 code units. Source: Bot API, MessageEntity; sendMessage takes 4096."""
    return len(text.encode("utf-16-le")) // 2


class TelegramResponder(Opened):
    """Replies as one bot. `hooks` are httpx's, which see every call and answer."""

    channel = Channel.TELEGRAM

    def __init__(self, *, token: str, base_url: str, hooks: Mapping[str, list[Any]] | None = None) -> None:
        self._request = HTTPXRequest(
            connection_pool_size=16,
            read_timeout=READ_SECONDS,
            connect_timeout=CONNECT_SECONDS,
            httpx_kwargs={"event_hooks": hooks},
        )
        self._bot = telegram.Bot(token, base_url=f"{base_url.rstrip('/')}/bot", request=self._request)

    async def _close(self) -> None:
        await self._request.shutdown()

    def length(self, text: str) -> int:
        """Length in UTF-16 code units."""
        return length(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Send one message, quoting what it answers. Raises SendRefused, SendDeferred or SendUncertain."""
        try:
            message = await self._put(post)
        except RetryAfter as error:
            wait = error.retry_after
            pause = wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
            raise SendDeferred(utc_now() + pause, "Telegram asks us to wait") from error
        except Forbidden as error:
            raise _forbidden(error) from error
        except InvalidToken as error:
            raise SendRefused(
                "Telegram does not accept the bot's token; somebody has to mend it.", credentials=True
            ) from error
        except ChatMigrated as error:
            raise ConversationMoved(utc_now(), str(error.new_chat_id)) from error
        except BadRequest as error:
            raise SendRefused(f"Telegram refused this reply: {error.message}.") from error
        except TimedOut as error:
            raise self._timed_out(error) from error
        except NetworkError as error:
            raise self._network(error) from error
        except (TelegramError, LookupError, TypeError, AttributeError) as error:  # the SDK trips over odd JSON
            raise SendUncertain("Telegram answered something we do not know while we were sending") from error
        return SentPost(f"{message.chat_id}:{message.message_id}", message.date.astimezone(UTC))

    async def _put(self, post: OutgoingPost) -> telegram.Message:
        chat, _, thread = post.conversation_id.partition("/")
        if not chat:
            raise SendRefused("Telegram lets a bot post only in a chat, and no group was chosen for this post.")
        where: dict[str, Any] = {
            "chat_id": chat if chat.startswith("@") else int(chat),
            "message_thread_id": int(thread) if thread else None,
            "reply_parameters": _quoting(post.in_reply_to, chat),
            "reply_markup": _keyboard(post),
        }
        if post.pictures:
            return await self._bot.send_photo(photo=post.pictures[0].content, caption=post.text, **where)
        no_preview = telegram.LinkPreviewOptions(is_disabled=True)
        return await self._bot.send_message(text=post.text, link_preview_options=no_preview, **where)

    def _timed_out(self, error: TimedOut) -> Exception:
        if type(error.__cause__).__name__ in {"ConnectTimeout", "PoolTimeout"}:  # nothing had left us yet
            return SendDeferred(utc_now() + timedelta(seconds=30), "Telegram could not be reached")
        return SendUncertain("Telegram did not answer while we were sending")

    def _network(self, error: NetworkError) -> Exception:
        if isinstance(error.__cause__, HeldBack):
            return SendDeferred(error.__cause__.until, "Telegram asks us to wait")
        if type(error.__cause__).__name__ == "ConnectError":  # nothing had left us yet
            return SendDeferred(utc_now() + timedelta(seconds=30), "Telegram could not be reached")
        return SendUncertain("the connection to Telegram broke while we were sending")

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """A bot cannot read its own messages back; intake settles the attempt if a resident answers it."""
        return CannotTell("Telegram does not let a bot read its own messages; please look into the chat")


def _quoting(in_reply_to: str | None, chat: str) -> telegram.ReplyParameters | None:
    """What to hang the reply under; nothing where the chat has moved since, for message ids there begin anew."""
    if in_reply_to is None or in_reply_to.split(":")[0] != chat:
        return None
    return telegram.ReplyParameters(message_id=int(in_reply_to.split(":")[1]), allow_sending_without_reply=True)


def _keyboard(post: OutgoingPost) -> telegram.ReplyKeyboardMarkup | telegram.ReplyKeyboardRemove | None:
    """Buttons for what we ask in private: an answer, or where it is. The next message takes them away again."""
    if not post.private:
        return None  # Telegram shares a place in private chats alone, and a group is no place for answers by tap
    if post.choices:
        answers = [[telegram.KeyboardButton(one)] for one in post.choices]
        return telegram.ReplyKeyboardMarkup(answers, resize_keyboard=True, one_time_keyboard=True)
    if not post.asks_location:
        return telegram.ReplyKeyboardRemove()
    button = telegram.KeyboardButton(
        f"📍 {SHARE_LOCATION.get(post.language, SHARE_LOCATION['en'])}", request_location=True
    )
    return telegram.ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)


def _forbidden(error: Forbidden) -> SendRefused:
    """Which of the ways in which a bot is not let in. Source: the words the Bot API server sends with 403."""
    said = error.message.lower()
    if "initiate" in said or "can't send messages to" in said:
        return SendRefused(
            "Telegram refused this reply: a bot cannot write first, and this person has not started ours. "
            "They have to write to it before anything can be sent."
        )
    if "kicked" in said or "not a member" in said:
        return SendRefused("Telegram refused this reply: the bot was taken out of this group.")
    if "deactivated" in said:
        return SendRefused("Telegram refused this reply: this person's account is gone.", author_blocks_us=True)
    return SendRefused("Telegram refused this reply: the resident has blocked the bot.", author_blocks_us=True)
