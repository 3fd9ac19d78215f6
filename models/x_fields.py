"""What X calls its fields, in one place: they are being renamed, so both spellings are read.

Source: X API v2 data dictionary; OpenAPI 2.167 (August 2026) lists `post.fields`, `referenced_posts`,
`edit_history_post_ids` and `note_post`, prose and tweepy still say tweet.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

POST_FIELDS = [
    "id",
    "text",
    "note_tweet",
    "created_at",
    "author_id",
    "conversation_id",
    "in_reply_to_user_id",
    "referenced_tweets",
    "entities",
    "attachments",
    "geo",
    "lang",
    "edit_history_tweet_ids",
    "reply_settings",
    "withheld",
]
EXPANSIONS = [
    "author_id",
    "referenced_tweets.id",
    "referenced_tweets.id.author_id",
    "attachments.media_keys",
    "geo.place_id",
]
USER_FIELDS = ["username", "name", "protected"]
MEDIA_FIELDS = ["type", "url", "preview_image_url", "alt_text"]
PLACE_FIELDS = ["full_name", "place_type"]
DM_FIELDS = ["id", "event_type", "text", "created_at", "sender_id", "dm_conversation_id", "attachments"]

DIRECT = "dm:"
"""How the ids of direct messages and of their chats begin with us, so that none is taken for a post."""

NOT_SUMMONED = "the author did not name or quote us"
"""Why X does not let a self-serve app answer (23 February 2026); other tiers may. Source: X docs, manage posts."""

Json = Mapping[str, Any]

SNOWFLAKE_EPOCH_MS = 1288834974657


def is_group_chat(room: str) -> bool:
    """Whether a chat of direct messages has more than two in it: X calls two people's by both ids, a group by one."""
    return room.startswith(DIRECT) and "-" not in room


def _either(post: Json, *names: str) -> Any:
    return next((post[name] for name in names if post.get(name) is not None), None)


def full_text(post: Json) -> str:
    """The text of record: the long one where X has cut the short one. Raises KeyError or TypeError without one."""
    note = _either(post, "note_tweet", "note_post")
    text = note["text"] if note else post["text"]
    if not isinstance(text, str):
        raise TypeError("text")
    return text


def referenced(post: Json) -> Sequence[Json]:
    """[{type: replied_to | quoted | retweeted, id}]"""
    found: Sequence[Json] = _either(post, "referenced_tweets", "referenced_posts") or ()
    return found


def reference_of(post: Json, kind: str) -> str | None:
    """Id of the post this one replies to, quotes or repeats."""
    return next((str(one["id"]) for one in referenced(post) if one.get("type") == kind), None)


def edit_history(post: Json) -> Sequence[str]:
    """Ids of all versions, the oldest first. Raises TypeError where there is something else."""
    ids = _either(post, "edit_history_tweet_ids", "edit_history_post_ids") or [post["id"]]
    if not isinstance(ids, list):
        raise TypeError("edit history")
    return [str(one) for one in ids]


def included_posts(page: Json) -> Sequence[Json]:
    """Expanded posts; what is no list of posts says nothing."""
    includes = page.get("includes")
    found = _either(includes, "tweets", "posts") if isinstance(includes, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def included(page: Json, what: str, key: str) -> dict[str, Json]:
    """Expanded objects ("users", "media", "places") by their id; one without an id says nothing about the others."""
    includes = page.get("includes")
    found = includes.get(what) if isinstance(includes, Mapping) else None
    objects = found if isinstance(found, list) else ()
    return {str(one[key]): one for one in objects if isinstance(one, Mapping) and key in one}


def when(snowflake: str) -> datetime:
    """The time in a post id. Source: X's snowflake ids, milliseconds since 2010-11-04 in the high bits."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def first_id_at(moment: datetime) -> str:
    """The smallest id a post of this moment can have."""
    return str((int(moment.timestamp() * 1000) - SNOWFLAKE_EPOCH_MS) << 22)
