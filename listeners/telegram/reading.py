"""A Telegram update as posts: what was said, where and to whom. Pure; makes no call.

Source: Bot API, Update and Message.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from hashlib import sha256
from typing import Any

import telegram

from listeners.errors import UnreadablePost
from listeners.protocol import Batch, OurAccount
from listeners.telegram.commands import command_of
from models.posts import (
    AttachmentKind,
    IncomingAttachment,
    IncomingAuthor,
    IncomingPost,
    Pin,
    PostKind,
    UnreadableItem,
)

OF_OTHERS = frozenset({"contact", "reply_to_message", "quote", "external_reply"})
"""Words of somebody else in an update: kept under this post they would outlive their own (invariant 6)."""

HEARD = ("message", "edited_message")
"""The kinds of updates we ask for. What comes of another kind was asked for by somebody else, and is no post."""


def read_updates(updates: Sequence[Any], us: OurAccount) -> Batch:
    """The posts of some raw updates, in Telegram's order; what could not be read; groups that moved. No cursor.

    What was said in a group before a move that is told here belongs to the group as it is called from then on.
    """
    posts: list[IncomingPost] = []
    unreadable: list[UnreadableItem] = []
    moved: list[tuple[str, str]] = []
    for raw in updates:
        try:
            posts.extend(read_update(raw, us))
            moved.extend(read_move(raw))
        except UnreadablePost as error:
            unreadable.append(_unreadable(raw, error.reason))
    now = dict(moved)
    posts = [replace(post, conversation_id=now.get(post.conversation_id, post.conversation_id)) for post in posts]
    return Batch(posts, None, unreadable, moved=moved)


def _unreadable(raw: Any, reason: str) -> UnreadableItem:
    kept = json.dumps(without_contacts(raw), sort_keys=True)
    known = raw.get("update_id") if isinstance(raw, Mapping) else None
    update_id = known if isinstance(known, int) else sha256(kept.encode()).hexdigest()[:16]
    return UnreadableItem(f"update-{update_id}", reason, kept)


def read_update(raw: Any, us: OurAccount) -> list[IncomingPost]:
    """The post of one update after our own one that it answers; none for a service message. Raises UnreadablePost."""
    try:
        heard = _heard(raw)
        if not heard:
            return []
        update = telegram.Update.de_json({"update_id": raw["update_id"], **heard})
        message = update.message or update.edited_message
        post = read_message(message, us, raw) if message else None
        return [*_our_own(message, us), post] if message and post else []
    except UnreadablePost:
        raise
    except Exception as error:
        # whatever the SDK trips over in a broken update is that update's fault, not the page's
        raise UnreadablePost(f"Telegram sent an update we cannot read ({type(error).__name__})") from error


def _heard(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping) or isinstance(raw["update_id"], bool) or not isinstance(raw["update_id"], int):
        raise UnreadablePost("Telegram sent something that is no update")
    return {kind: raw[kind] for kind in HEARD if raw.get(kind) is not None}


def read_move(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The old and new id of a group that became a supergroup; Telegram tells it in the old chat and in the new one."""
    message = raw.get("message")
    chat = message.get("chat") if isinstance(message, Mapping) else None
    here = chat.get("id") if isinstance(chat, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(here, int):
        return []
    match message:
        case {"migrate_to_chat_id": int(new)}:
            return [(str(here), str(new))]
        case {"migrate_from_chat_id": int(old)}:
            return [(str(old), str(here))]
    return []


def read_message(message: telegram.Message, us: OurAccount, raw: Mapping[str, Any]) -> IncomingPost | None:
    """One message as a post; None for a service message and for a contact. Raises UnreadablePost."""
    chat, sender = message.chat, message.from_user
    text, pin, files = str(message.text or message.caption or ""), _pin(message), _attachments(message)
    if message.contact or not (text or pin or files or message.effective_attachment):
        return None  # somebody's telephone number is nothing we need, and so nothing we keep
    first, answered = _id_of(message), _answered(message)
    private = chat.type == telegram.Chat.PRIVATE
    to_us = private or _speaks_to_us(message, us)
    command, argument = command_of(message, us) if to_us else ("", "")
    return IncomingPost(
        post_id=f"{first}:{_version(message, text, pin)}" if message.edit_date else first,
        edit_chain=first,
        conversation_id=_conversation_id(message),
        author=_author(message),
        text=text,
        created_at=(message.edit_date or message.date).astimezone(UTC),
        kind=PostKind.MENTION if to_us else PostKind.CONTEXT,
        private=private,
        in_reply_to=f"{int(chat.id)}:{int(answered.message_id)}" if answered else None,
        album=str(message.media_group_id) if message.media_group_id else None,
        language_hint=str(sender.language_code) if sender and sender.language_code else None,
        pin=pin,
        live=bool(message.location and message.location.live_period and not message.venue),
        attachments=files,
        may_reply=True,
        may_reply_reason="the resident wrote to our bot",
        command=command,
        reply_with={"start": argument} if argument else {},
        raw=_without(OF_OTHERS, raw),
    )


def without_contacts(raw: Any) -> Any:
    """The same update without the contact cards in it, also in what it answers or quotes."""
    return _without(frozenset({"contact"}), raw)


def _without(names: Collection[str], raw: Any) -> Any:
    if isinstance(raw, Mapping):
        return {name: _without(names, value) for name, value in raw.items() if name not in names}
    if isinstance(raw, list):
        return [_without(names, one) for one in raw]
    return raw


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
            text=str(answered.text or answered.caption or ""),
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
