"""A reply, or a post of our own, as Mastodon takes it, refuses it and shows it.

Source: docs.joinmastodon.org, POST /api/v1/statuses.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from hashlib import sha256
from io import BytesIO
from typing import Any

from models.mastodon_fields import original
from models.mastodon_words import NAMED, plain_text
from models.posts import OutgoingPicture, OutgoingPost, SentPost

AS_NARROW = {"public": "unlisted", "unlisted": "unlisted"}
"""A reply to what everybody may see is for everybody too, without standing on public timelines. Anything else is for
the one we answer: "private" would show our reply to our own followers, whom the resident never meant."""
LANGUAGES = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}


def status_of(reach: Mapping[str, str], post: OutgoingPost) -> dict[str, Any]:
    """A status as `status_post` takes it: a reply names whom we answer and nobody else.

    What answers nobody is public and names nobody. The Idempotency-Key is made of the reply, what it answers and its
    words: another attempt at the same words is the same status to the server, even if the earlier one lands after it.
    """
    parent = original(post.in_reply_to)
    if parent:
        visibility = "direct" if post.private else AS_NARROW.get(reach["visibility"], "direct")
    else:
        visibility = "direct" if post.private else "public"
    key = sha256(f"{post.reply_id}\n{parent}\n{post.text}".encode()).hexdigest()
    return {
        "status": f"@{reach['acct']} {post.text}" if parent else post.text,
        "in_reply_to_id": parent or None,
        "visibility": visibility,
        "language": LANGUAGES.get(post.language, post.language.partition("-")[0]),
        "idempotency_key": f"reply-{key[:40]}",
        "media_ids": [],
    }


def media_of(picture: OutgoingPicture) -> dict[str, Any]:
    """A picture as `media_post` takes it; it answers when the server has made what it shows of it."""
    given = {"media_file": BytesIO(picture.content), "mime_type": picture.media_type, "synchronous": True}
    return {**given, "description": picture.alt_text}


def as_sent(status: Any) -> SentPost:
    """A status of ours as proof that it stands. Raises one of UNREADABLE."""
    return SentPost(str(status["id"]), status["created_at"].astimezone(UTC), str(status.get("url") or ""))


def refused_because(status: int, said: str) -> str:
    """Why a server takes a reply neither now nor later, in words; "" for an HTTP status that does not say so."""
    if not 400 <= status < 500 or status in (408, 409, 425):
        return ""
    if status == 401:
        return "Mastodon does not accept our token; somebody has to mend it."
    if status == 403:
        return f"Mastodon does not let our token post: {said}."
    if status == 404:
        said = "the post is gone, or its author does not let us see it"
    elif "character limit" in said:
        said = "the text is too long"
    return f"Mastodon refused this reply: {said}."


def answers_in(page: Iterable[Any], parent: str, our_id: str) -> list[Any]:
    """Statuses of ours that answer the status `parent`; "": that answer none. Raises one of UNREADABLE."""
    return [one for one in page if str(one["in_reply_to_id"] or "") == parent and str(one["account"]["id"]) == our_id]


def same_words(status: Any, text: str) -> bool:
    """Whether a status says a text, as far as words survive a server: without names in front, and spaces."""
    return _letters(plain_text(str(status["content"]))) == _letters(text)


def _letters(text: str) -> str:
    return "".join(NAMED.sub(r"@\1", re.sub(r"^\s*(?:@[\w@.:-]+\s+)+", "", text)).split())
