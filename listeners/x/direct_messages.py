"""Direct messages, in and out, newest first, thirty days back.

Ids carry "dm:" so that they are never taken for posts. Source: X API v2, GET /2/dm_events (15 calls in 15 minutes).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

from listeners.protocol import Batch, OurAccount
from listeners.x.calls import NotUnderstood, XCalls
from listeners.x.catch_up import Cursor, id_in, is_id
from listeners.x.mentions import begun_anew
from listeners.x.reading import attachments_of, moment, unreadable_post
from models.posts import IncomingAuthor, IncomingPost, PostKind, UnreadableItem
from models.x_fields import DIRECT, DM_FIELDS, MEDIA_FIELDS, USER_FIELDS, Json, included, is_group_chat, when

IN_A_GROUP = "it stands in a group chat, which the API does not let us answer"


async def direct_messages(calls: XCalls, cursor: str | None) -> Batch:
    """One page of direct messages. Raises ListenerError."""
    us = await calls.whoami()
    here = (Cursor.load(cursor) or Cursor()).beginning(calls.clock())
    try:
        page = await calls.page(
            calls.client.get_direct_message_events,
            event_types="MessageCreate",
            max_results=100,
            pagination_token=here.page,
            dm_event_fields=DM_FIELDS,
            expansions=["sender_id", "attachments.media_keys"],
            user_fields=USER_FIELDS,
            media_fields=MEDIA_FIELDS,
            user_auth=True,
        )
    except NotUnderstood as error:
        return begun_anew(here, error)
    posts, unreadable = read_messages(page, us)
    there = here.after(page)
    known = here.start is not None and there.lowest is not None and int(there.lowest) <= int(here.start)
    if there.page and not known:  # X takes no since_id here: we stop at what we know
        return Batch(posts, there.dump(), unreadable, more=True)
    return Batch(posts, there.done().dump(), unreadable)


def read_messages(page: Json, us: OurAccount) -> tuple[list[IncomingPost], list[UnreadableItem]]:
    """The messages of a page, oldest first, and what could not be read. Joining and leaving a chat says nothing."""
    users, media = included(page, "users", "id"), included(page, "media", "media_key")
    posts: list[IncomingPost] = []
    unreadable: list[UnreadableItem] = []
    sent: Sequence[Any] = page.get("data") or ()
    for position, raw in enumerate(sent):
        if isinstance(raw, Mapping) and raw.get("event_type", "MessageCreate") != "MessageCreate":
            continue
        try:
            posts.append(read_message(raw, users, media, us))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            kept = json.dumps(raw, sort_keys=True)
            broken = unreadable_post(id_in(raw), f"message {position}: X sent it without a usable {error}", kept)
            unreadable.append(replace(broken, channel_post_id=DIRECT + broken.channel_post_id))
    return sorted(posts, key=lambda post: int(post.post_id.removeprefix(DIRECT))), unreadable


def read_message(raw: Json, users: Mapping[str, Json], media: Mapping[str, Json], us: OurAccount) -> IncomingPost:
    """One direct message. Raises LookupError, TypeError or ValueError that names the part that is wrong."""
    event_id, sender_id, room = str(int(raw["id"])), str(int(raw["sender_id"])), str(raw["dm_conversation_id"])
    if not is_id(event_id):
        raise ValueError("id")
    text = raw.get("text", "")
    if not isinstance(text, str):
        raise TypeError("text")
    user = users.get(sender_id, {})
    alone = not is_group_chat(DIRECT + room)
    return IncomingPost(
        post_id=DIRECT + event_id,
        edit_chain=DIRECT + event_id,
        conversation_id=DIRECT + room,
        author=IncomingAuthor(
            sender_id, str(user.get("username", "")), str(user.get("name", "")), bool(user.get("protected", False))
        ),
        text=str(unescape(text)),
        created_at=_sent_at(raw, event_id),
        kind=PostKind.OWN if sender_id == us.channel_account_id else PostKind.MENTION,
        private=True,
        url=f"https://x.com/messages/{room}",
        attachments=attachments_of(raw, media),
        may_reply=alone,
        may_reply_reason="the author wrote to us in private" if alone else IN_A_GROUP,
        raw=raw,
    )


def _sent_at(raw: Json, event_id: str) -> datetime:
    return moment(str(raw["created_at"])) if "created_at" in raw else when(event_id).astimezone(UTC)
