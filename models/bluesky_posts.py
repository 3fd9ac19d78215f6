"""A post as Bluesky shows it, read without trust. Source: lexicons app.bsky.feed.defs and app.bsky.feed.post."""

import re
from hashlib import sha256

from models.bluesky_fields import Json, in_full, moment, part_of, pictures, said_in
from models.posts import AttachmentKind, IncomingAttachment, IncomingAuthor, IncomingPost, PostKind

Mark = tuple[str, str, str]
"""What a post is known again by: its time, and short forms of its address and of its version (cid)."""


def mark_of(raw: object) -> Mark:
    """The mark of a post; empty texts where it has no address."""
    uri = said_in(raw, "uri")
    short = sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:12] if uri else ""
    return said_in(raw, "indexedAt"), short, said_in(raw, "cid")[-10:]


def names(raw: object, handle: str) -> bool:
    """Whether a post names us in its words, with a facet or without."""
    wanted = rf"(?<![\w.])@{re.escape(handle)}(?![\w-])"
    return re.search(wanted, said_in(part_of(raw, "record"), "text"), re.IGNORECASE) is not None


def read_post(raw: Json, our_did: str) -> IncomingPost:
    """One post. Raises ValueError with what is wrong."""
    uri, cid, record, author = said_in(raw, "uri"), said_in(raw, "cid"), part_of(raw, "record"), part_of(raw, "author")
    did, text, indexed = said_in(author, "did"), record.get("text"), moment(said_in(raw, "indexedAt"))
    if not (uri.startswith("at://") and uri.count("/") == 4 and cid and did and indexed and isinstance(text, str)):
        raise ValueError("Bluesky sent a post without a usable address, author, time or text")
    root, parent = (part_of(record, "reply", name) for name in ("root", "parent"))
    answers = all(said_in(one, "uri").startswith("at://") and said_in(one, "cid") for one in (root, parent))
    top, langs = root if answers else raw, record.get("langs")
    may, why = may_reply(raw)
    return IncomingPost(
        post_id=uri,
        edit_chain=uri,
        conversation_id=said_in(top, "uri"),
        author=IncomingAuthor(did, said_in(author, "handle"), said_in(author, "displayName")),
        text=in_full(text, record.get("facets")),
        created_at=min(moment(said_in(record, "createdAt")) or indexed, indexed),
        kind=PostKind.OWN if did == our_did else PostKind.MENTION,
        in_reply_to=said_in(parent, "uri") if answers else None,
        language_hint=langs[0][:35] if isinstance(langs, list) and langs and isinstance(langs[0], str) else None,
        url=f"https://bsky.app/profile/{did}/post/{uri.rpartition('/')[2]}",
        attachments=[
            IncomingAttachment(name, AttachmentKind.PHOTO, address, alt)
            for name, address, alt in pictures(raw.get("embed"))
        ],
        may_reply=may,
        may_reply_reason=why,
        reply_with={"root_uri": said_in(top, "uri"), "root_cid": said_in(top, "cid"), "uri": uri, "cid": cid},
        raw=raw,
    )


def may_reply(raw: Json) -> tuple[bool, str]:
    """Whether the author lets us answer: a thread gate, or a block. Source: app.bsky.feed.defs, viewerState."""
    if part_of(raw, "viewer").get("replyDisabled") is True:
        return False, "the author limited who may reply"
    if part_of(raw, "author", "viewer").get("blockedBy") is True:
        return False, "the author has blocked us"
    if part_of(raw, "author", "viewer").get("blocking"):
        return False, "we have blocked the author"
    return True, "the author named, answered or quoted us"
