"""Telegram: updates through python-telegram-bot, confirmed only after they are stored.

The SDK's own updater confirms an update before anybody has handled it; we ask getUpdates ourselves, and the offset that
confirms a page travels with the next call, after the page is in the database. Source: Bot API, getUpdates.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import telegram
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from listeners.errors import ChannelUnavailable, CredentialsRejected, RateLimited, UnreadablePost
from listeners.protocol import Batch, OurAccount
from models import Channel, utc_now
from models.posts import (
    AttachmentKind,
    IncomingAttachment,
    IncomingAuthor,
    IncomingPost,
    Pin,
    PostKind,
    UnreadableItem,
)

PAGE = 100
HEARD = ["message", "edited_message"]
NETWORK_SLACK_SECONDS = 5
PHOTO_NAMES = (".jpg", ".jpeg", ".webp")
"""Files that may say where they were taken and that we can read. Telegram keeps the ending of a file's name."""
NO_ANSWER = (TelegramError, LookupError, TypeError, AttributeError)
"""The last three are what the SDK makes of an answer that is JSON, but not Telegram's."""


class TelegramListener:
    """Hears one bot. One poller a token: Telegram refuses a second, and the account's lease keeps us from trying."""

    channel = Channel.TELEGRAM

    def __init__(self, *, token: str, base_url: str, long_poll_seconds: int) -> None:
        self._request = HTTPXRequest(connection_pool_size=4, read_timeout=20, connect_timeout=5)
        self._bot = telegram.Bot(
            token,
            base_url=f"{base_url.rstrip('/')}/bot",
            base_file_url=f"{base_url.rstrip('/')}/file/bot",
            request=self._request,
        )
        self._long_poll = long_poll_seconds
        self._us: OurAccount | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._request.shutdown()

    async def whoami(self) -> OurAccount:
        """Our id and @username. Raises ListenerError."""
        if self._us is None:
            try:
                me = await self._bot.get_me()
            except NO_ANSWER as error:
                raise _as_listener_error(error) from error
            self._us = OurAccount(str(me.id), me.username or "")
        return self._us

    async def fetch(self, cursor: str | None) -> Batch:
        """The updates after `cursor`, which confirms all before it; a broken one confirms none. Raises ListenerError.

        Telegram keeps what nobody confirmed, so that beginning without a cursor loses nothing.
        """
        us = await self.whoami()
        try:
            updates = await self._bot.do_api_request(
                "getupdates",  # method names are case-insensitive; the SDK reserves its own spelling for parsed updates
                api_kwargs={
                    "offset": int(cursor) if cursor and cursor.isdecimal() else None,
                    "limit": PAGE,
                    "timeout": self._long_poll,
                    "allowed_updates": HEARD,
                },
                read_timeout=self._long_poll + NETWORK_SLACK_SECONDS,
            )
        except NO_ANSWER as error:
            raise _as_listener_error(error) from error
        if not isinstance(updates, list):
            raise ChannelUnavailable("Telegram answered something that is no list of updates")
        posts, unreadable = read_updates(updates, self._bot, us)
        known = [
            one["update_id"] for one in updates if isinstance(one, Mapping) and isinstance(one.get("update_id"), int)
        ]
        after = str(max(known) + 1) if known else cursor
        return Batch(posts, after, unreadable, more=len(updates) >= PAGE)

    async def photo_file(self, file_id: str, most_bytes: int) -> bytes | None:
        """The bytes of a photo that was sent as a file; None where it is gone, too large or none. Raises ListenerError.

        The address it is fetched from holds the bot's token: it is built and used by the SDK and goes nowhere else.
        """
        try:
            file = await self._bot.get_file(file_id)
            name = str(file.file_path or "").lower()
            if not name.endswith(PHOTO_NAMES) or (file.file_size or 0) > most_bytes:
                return None
            body = bytes(await file.download_as_bytearray())
        except BadRequest:
            return None
        except NO_ANSWER as error:
            raise _as_listener_error(error) from error
        return body if len(body) <= most_bytes else None


def _as_listener_error(error: Exception) -> Exception:
    match error:
        case InvalidToken() | Forbidden():
            return CredentialsRejected("Telegram does not accept the bot's token")
        case RetryAfter():
            wait = error.retry_after
            return RateLimited(utc_now() + (wait if isinstance(wait, timedelta) else timedelta(seconds=wait)))
        case Conflict():
            return ChannelUnavailable("somebody else reads this bot's messages (another program, or a webhook)")
    if "not found" in str(error).lower():  # what the SDK makes of the 404 for a token of the wrong form
        return CredentialsRejected("Telegram does not know the bot's token")
    return ChannelUnavailable(f"Telegram could not be reached: {type(error).__name__}")


def read_updates(
    updates: Sequence[Any], bot: telegram.Bot, us: OurAccount
) -> tuple[list[IncomingPost], list[UnreadableItem]]:
    """The posts of some raw updates, in Telegram's order; and what could not be read."""
    posts: list[IncomingPost] = []
    unreadable: list[UnreadableItem] = []
    for raw in updates:
        try:
            read = read_update(raw, bot, us)
        except UnreadablePost as error:
            kept = json.dumps(raw, sort_keys=True)
            known = raw.get("update_id") if isinstance(raw, Mapping) else None
            update_id = known if isinstance(known, int) else sha256(kept.encode()).hexdigest()[:16]
            unreadable.append(UnreadableItem(f"update-{update_id}", error.reason, kept))
            continue
        posts.extend(read)
    return posts, unreadable


def read_update(raw: Any, bot: telegram.Bot, us: OurAccount) -> list[IncomingPost]:
    """The post of one update after our own one that it answers; none for a service message. Raises UnreadablePost."""
    try:
        update = telegram.Update.de_json(raw, bot)
        message = update.message or update.edited_message
        post = read_message(message, us, raw) if message else None
        return [*_our_own(message, us), post] if message and post else []
    except UnreadablePost:
        raise
    except Exception as error:
        # whatever the SDK trips over in a broken update is that update's fault, not the page's
        raise UnreadablePost(f"Telegram sent an update we cannot read ({type(error).__name__})") from error


def read_message(message: telegram.Message, us: OurAccount, raw: Mapping[str, Any]) -> IncomingPost | None:
    """One message as a post; None for a service message. Raises UnreadablePost."""
    chat, sender = message.chat, message.from_user
    text, pin, files = message.text or message.caption or "", _pin(message), _attachments(message)
    if not (text or pin or files or message.effective_attachment):
        return None
    first, answered = _id_of(message), _answered(message)
    private = chat.type == telegram.Chat.PRIVATE
    return IncomingPost(
        post_id=f"{first}:{_version(message, text, pin)}" if message.edit_date else first,
        edit_chain=first,
        conversation_id=_conversation_id(message),
        author=_author(message),
        text=str(text),
        created_at=(message.edit_date or message.date).astimezone(UTC),
        kind=PostKind.MENTION if private or _speaks_to_us(message, us) else PostKind.CONTEXT,
        private=private,
        in_reply_to=f"{int(chat.id)}:{int(answered.message_id)}" if answered else None,
        album=str(message.media_group_id) if message.media_group_id else None,
        language_hint=str(sender.language_code) if sender and sender.language_code else None,
        pin=pin,
        attachments=files,
        may_reply=True,
        may_reply_reason="the resident wrote to our bot",
        raw=raw,
    )


def _version(message: telegram.Message, text: str, pin: Pin | None) -> str:
    """Tells the versions of an edited message apart: edit_date has whole seconds, so what it says counts too."""
    said = sha256(f"{text}|{pin}".encode("utf-8", "replace")).hexdigest()[:8]
    return f"{int(message.edit_date.timestamp()) if message.edit_date else 0}-{said}"


def _id_of(message: telegram.Message) -> str:
    return f"{int(message.chat.id)}:{int(message.message_id)}"


def _author(message: telegram.Message) -> IncomingAuthor:
    """Who wrote it. Raises UnreadablePost when nobody did.

    Somebody who writes as a channel or group stands in `sender_chat`; in `from` Telegram then puts an invented person,
    the same for all of them. Source: Bot API, Message.
    """
    if message.sender_chat:
        return IncomingAuthor(str(int(message.sender_chat.id)), "", str(message.sender_chat.title or ""))
    if sender := message.from_user:
        return IncomingAuthor(str(int(sender.id)), str(sender.username or ""), str(sender.full_name))
    raise UnreadablePost("the message has no sender")


def _answered(message: telegram.Message) -> telegram.Message | None:
    """The message this one answers; not the service message under which Telegram hangs all of a topic."""
    answered = message.reply_to_message
    return None if answered is None or answered.forum_topic_created else answered


def _our_own(message: telegram.Message, us: OurAccount) -> list[IncomingPost]:
    """Our message that a resident answers: the only proof of a doubtful send that Telegram gives."""
    answered = _answered(message)
    if answered is None or answered.from_user is None or str(answered.from_user.id) != us.channel_account_id:
        return []
    post_id = _id_of(answered)
    return [
        IncomingPost(
            post_id=post_id,
            edit_chain=post_id,
            conversation_id=_conversation_id(answered),
            author=IncomingAuthor(us.channel_account_id, us.handle),
            text=str(answered.text or ""),
            created_at=answered.date.astimezone(UTC),
            kind=PostKind.OWN,
            private=answered.chat.type == telegram.Chat.PRIVATE,
        )
    ]


def _conversation_id(message: telegram.Message) -> str:
    if message.is_topic_message:
        return f"{int(message.chat.id)}/{int(message.message_thread_id or 0)}"
    return str(int(message.chat.id))


def _speaks_to_us(message: telegram.Message, us: OurAccount) -> bool:
    answered = _answered(message)
    if answered and answered.from_user and str(answered.from_user.id) == us.channel_account_id:
        return True
    text = message.text or message.caption or ""
    our_name = f"@{re.escape(us.handle)}"
    named = re.search(rf"(?<!\w){our_name}(?!\w)", text, re.IGNORECASE)
    commanded = re.match(rf"/\w+(?:{our_name})?(?![\w@])", text, re.IGNORECASE)  # not /report@AnotherBot
    return named is not None or commanded is not None


def _pin(message: telegram.Message) -> Pin | None:
    venue = message.venue
    spot = venue.location if venue else message.location
    if spot is None:
        return None
    return Pin(
        float(spot.latitude),
        float(spot.longitude),
        None if spot.horizontal_accuracy is None else float(spot.horizontal_accuracy),
        title=str(venue.title) if venue else "",
        address=str(venue.address) if venue else "",
    )


def _attachments(message: telegram.Message) -> list[IncomingAttachment]:
    """Files by Telegram's id; their address holds the bot's token, so none is kept."""
    if message.photo:
        return [IncomingAttachment(str(message.photo[-1].file_id), AttachmentKind.PHOTO)]
    for file, kind in (
        (message.video, AttachmentKind.VIDEO),
        (message.video_note, AttachmentKind.VIDEO),
        (message.animation, AttachmentKind.VIDEO),
        (message.voice, AttachmentKind.VOICE),
        (message.audio, AttachmentKind.VOICE),
        (message.document, AttachmentKind.DOCUMENT),
    ):
        if file:
            return [IncomingAttachment(str(file.file_id), kind)]
    return []
