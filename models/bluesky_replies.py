"""A reply as a record of Bluesky's, and how its refusal reads. Source: lexicon app.bsky.feed.post."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.bluesky_fields import POST, Json, part_of, said_in
from models.bluesky_posts import ends_of
from models.posts import OutgoingPost, SentPost

UPLOAD = "com.atproto.repo.uploadBlob"
TOO_LONG = ("graphemes", "must not be longer", "too big", "too long")


def reply_record(
    post: OutgoingPost, answered: Json, facets: Sequence[Json], now: datetime, uploads: Sequence[Json] = ()
) -> dict[str, Any]:
    """The record of a reply to a post as Bluesky shows it; where there is none, it stands alone.

    `uploads`: what Bluesky answered to the post's pictures, in their order. Source: lexicon app.bsky.embed.images.
    """
    record: dict[str, Any] = {"$type": POST, "text": post.text, "langs": [post.language]}
    record["createdAt"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if facets:
        record["facets"] = list(facets)
    if uploads:
        pairs = zip(uploads, post.pictures, strict=True)
        shown = [{"image": part_of(answer, "blob"), "alt": one.alt_text} for answer, one in pairs]
        record["embed"] = {"$type": "app.bsky.embed.images", "images": shown}
    if answered:
        ends: Mapping[str, str] = post.reply_with or ends_of(answered)
        record["reply"] = {
            "root": {"uri": ends["root_uri"], "cid": ends["root_cid"]},
            "parent": {"uri": ends["uri"], "cid": ends["cid"]},
        }
    return record


def shown_in(page: Json, uri: str) -> Json:
    """The one post that was asked for; empty where it is not shown. Raises what reading nonsense raises."""
    posts = page["posts"]
    view = part_of({"": posts[0]}, "") if posts else {}
    if view and said_in(view, "uri") != uri:
        raise ValueError("Bluesky showed another post than the one asked for")
    return view


def as_sent(did: str, key: str, at: datetime) -> SentPost:
    """A record of ours as proof that it stands."""
    return SentPost(f"at://{did}/{POST}/{key}", at, f"https://bsky.app/profile/{did}/post/{key}")


def why_refused(words: str) -> str:
    """Why Bluesky does not take a reply, as staff can read it."""
    if any(sign in words.lower() for sign in TOO_LONG):
        return "Bluesky refused this reply: the text is too long for Bluesky."
    return f"Bluesky refused this reply: {words}."
