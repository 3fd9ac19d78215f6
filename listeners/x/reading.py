"""X's JSON, read into posts: pure, and no JSON breaks a page."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape

from listeners.errors import UnreadablePost
from listeners.protocol import OurAccount
from listeners.x.catch_up import id_in, is_id
from models.posts import (
    AttachmentKind,
    IncomingAttachment,
    IncomingAuthor,
    IncomingPost,
    Pin,
    PostKind,
    UnreadableItem,
)
from models.x_fields import (
    NOT_SUMMONED,
    Json,
    edit_history,
    full_text,
    included,
    included_posts,
    reference_of,
    when,
)

MEDIA_KINDS = {
    "photo": AttachmentKind.PHOTO,
    "video": AttachmentKind.VIDEO,
    "animated_gif": AttachmentKind.VIDEO,
}
WHO_MAY_REPLY = {
    "following": "only people the author follows or names may reply",
    "mentionedUsers": "only people named in the post may reply",
    "subscribers": "only the author's subscribers may reply",
    "verified": "only verified accounts may reply",
}


def read_page(page: Json, us: OurAccount) -> tuple[list[IncomingPost], list[UnreadableItem]]:
    """The posts of a page, oldest first, with the posts they answer as context; and what could not be read."""
    users, media = included(page, "users", "id"), included(page, "media", "media_key")
    posts: dict[str, IncomingPost] = {}
    unreadable: list[UnreadableItem] = []
    ours = {id_in(post) for post in included_posts(page) if _author_in(post) == us.channel_account_id}
    for context in included_posts(page):
        try:
            seen = read_post(context, users, media, us)
        except UnreadablePost:
            continue  # context only: the mention itself says what it answers
        posts[seen.post_id] = replace(seen, kind=PostKind.CONTEXT if seen.kind == PostKind.MENTION else seen.kind)
    sent = page.get("data")
    for position, raw in enumerate(sent if isinstance(sent, list) else ()):
        try:
            post = read_post(raw, users, media, us, ours)
        except UnreadablePost as error:
            kept = json.dumps(raw, sort_keys=True)
            unreadable.append(unreadable_post(id_in(raw), f"post {position} of the page: {error.reason}", kept))
            continue
        posts[post.post_id] = post
    return sorted(posts.values(), key=lambda post: int(post.post_id)), unreadable


def unreadable_post(post_id: str, reason: str, kept: str) -> UnreadableItem:
    """Something kept as it came; without a usable id it is named by its own words, so that it is kept once."""
    known = post_id if is_id(post_id) else f"unknown-{sha256(kept.encode()).hexdigest()[:16]}"
    return UnreadableItem(known, reason, kept)


def read_post(
    raw: Json, users: Mapping[str, Json], media: Mapping[str, Json], us: OurAccount, ours: Collection[str] = ()
) -> IncomingPost:
    """One post; `ours`: ids of our own posts, to know a quote of us by. Raises UnreadablePost with what is wrong."""
    try:
        post_id, author_id = str(int(raw["id"])), str(int(raw["author_id"]))
        user = users.get(author_id, {})
        reposted = reference_of(raw, "retweeted")
        kind = PostKind.OWN if author_id == us.channel_account_id else PostKind.MENTION
        handle = str(user.get("username", ""))
        quotes_us = reference_of(raw, "quoted") in ours
        may, reason = may_reply(raw, user, us, quotes_us=quotes_us)
        return IncomingPost(
            post_id=post_id,
            edit_chain=str(int(edit_history(raw)[0])),
            conversation_id=str(raw.get("conversation_id") or post_id),
            author=IncomingAuthor(author_id, handle, str(user.get("name", "")), bool(user.get("protected", False))),
            text=str(unescape(full_text(raw))),
            created_at=moment(raw["created_at"]) if "created_at" in raw else when(post_id),
            kind=PostKind.REPOST if reposted else kind,
            in_reply_to=str(replied_to) if (replied_to := reposted or reference_of(raw, "replied_to")) else None,
            language_hint=str(raw["lang"]) if raw.get("lang") else None,
            url=f"https://x.com/{handle or 'i'}/status/{post_id}",
            pin=_pin(raw),
            attachments=attachments_of(raw, media),
            may_reply=may,
            may_reply_reason=reason,
            reply_with=_bystanders(raw, author_id, us),
            addressed=quotes_us or str(raw.get("in_reply_to_user_id")) == us.channel_account_id or names_us(raw, us),
            raw=raw,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadablePost(f"X sent a post without a usable {error}") from error


def may_reply(raw: Json, user: Json, us: OurAccount, *, quotes_us: bool = False) -> tuple[bool, str]:
    """X's rule: an app may only answer who named or quoted it (self-serve tiers, 23 February 2026).

    Source: X docs, manage posts, introduction; reply settings of the post.
    """
    named = names_us(raw, us)
    if user.get("protected"):
        return False, "the author's posts are protected"
    if named:
        return True, "the author named us"
    settings = raw.get("reply_settings") or "everyone"
    if settings != "everyone":
        return False, WHO_MAY_REPLY.get(settings, "the author limited who may reply")
    if quotes_us:
        return True, "the author quoted us"
    return False, NOT_SUMMONED


def _bystanders(raw: Json, author_id: str, us: OurAccount) -> Mapping[str, str]:
    """Whom else the post names, so that our reply to it does not call them too."""
    named = [str(one["id"]) for one in (raw.get("entities") or {}).get("mentions") or () if one.get("id")]
    others = [one for one in dict.fromkeys(named) if one not in (author_id, us.channel_account_id)]
    return {"bystanders": ",".join(others)} if others else {}


def names_us(raw: Json, us: OurAccount) -> bool:
    """Whether a post names our account, in the part X shows or in the rest of a long one."""
    return (
        any(
            str(one.get("username", "")).lower() == us.handle.lower() or one.get("id") == us.channel_account_id
            for one in (raw.get("entities") or {}).get("mentions") or ()
        )
        or re.search(rf"(?<!\w)@{re.escape(us.handle)}(?!\w)", full_text(raw), re.IGNORECASE) is not None
    )


def moment(written: str) -> datetime:
    """A time as X writes it, aware UTC. Raises ValueError."""
    moment = datetime.fromisoformat(written)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _author_in(raw: object) -> str:
    return str(raw.get("author_id") or "") if isinstance(raw, Mapping) else ""


def attachments_of(raw: Json, media: Mapping[str, Json]) -> list[IncomingAttachment]:
    """Pictures and videos with their alt text, by the keys a post or message names."""
    keys = (raw.get("attachments") or {}).get("media_keys") or ()
    return [
        IncomingAttachment(
            channel_file_id=str(key),
            kind=MEDIA_KINDS.get(str(media[key].get("type")), AttachmentKind.DOCUMENT),
            url=str(media[key].get("url") or media[key].get("preview_image_url") or ""),
            alt_text=str(media[key].get("alt_text") or ""),
        )
        for key in keys
        if key in media
    ]


def _pin(raw: Json) -> Pin | None:
    point = ((raw.get("geo") or {}).get("coordinates") or {}).get("coordinates")
    return Pin(lat=float(point[1]), lon=float(point[0])) if point else None
