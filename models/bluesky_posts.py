"""A post as Bluesky shows it, read without trust. Source: lexicons app.bsky.feed.defs and app.bsky.feed.post."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from models.bluesky_fields import Json, in_full, moment, part_of, pictures, posts_in, said_in
from models.posts import AttachmentKind, IncomingAttachment, IncomingAuthor, IncomingPost, PostKind, UnreadableItem

Mark = tuple[str, str, str]
"""What a post is known again by: its time, and short forms of its address and of its version (cid)."""
BLOCKED_BY = "the author has blocked us"


def mark_of(raw: object) -> Mark:
    """The mark of a post; empty texts where it has no address."""
    uri = said_in(raw, "uri")
    short = sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:12] if uri else ""
    return said_in(raw, "indexedAt"), short, said_in(raw, "cid")[-10:]


def names(raw: object, handle: str) -> bool:
    """Whether a post names us in its words, with a facet or without."""
    wanted = rf"(?<![\w.])@{re.escape(handle)}(?![\w-])"
    return re.search(wanted, said_in(part_of(raw, "record"), "text"), re.IGNORECASE) is not None


def has_tag(raw: object, tag: str) -> bool:
    """Whether a post bears a hashtag (given without its sign): in its words, marked as one, or beside them."""
    record = part_of(raw, "record")
    if re.search(rf"(?<!\w)[#＃]{re.escape(tag)}(?!\w)", said_in(record, "text"), re.IGNORECASE):
        return True
    facets, beside = record.get("facets"), record.get("tags")
    features = [
        feature
        for facet in (facets if isinstance(facets, list) else ())
        if isinstance(facet, Mapping) and isinstance(facet.get("features"), list)
        for feature in facet["features"]
    ]
    named = [said_in(feature, "tag") for feature in features] + [
        one for one in (beside if isinstance(beside, list) else ()) if isinstance(one, str)
    ]
    return tag.casefold() in {one.casefold() for one in named}


def speaks_to(raw: object, our_did: str, handle: str) -> bool:
    """Whether a post names us, answers a post of ours, or quotes one."""
    parent = said_in(part_of(raw, "record", "reply", "parent"), "uri")
    quoted = [
        said_in(part_of(raw, "record", "embed", "record"), "uri"),
        said_in(part_of(raw, "record", "embed", "record", "record"), "uri"),
    ]
    return names(raw, handle) or any(one.startswith(f"at://{our_did}/") for one in (parent, *quoted))


def read_post(raw: Json, our_did: str) -> IncomingPost:
    """One post. Raises ValueError with what is wrong."""
    uri, cid, record, author = said_in(raw, "uri"), said_in(raw, "cid"), part_of(raw, "record"), part_of(raw, "author")
    did, text, indexed = said_in(author, "did"), record.get("text"), moment(said_in(raw, "indexedAt"))
    if not (uri.startswith("at://") and uri.count("/") == 4 and cid and did and indexed and isinstance(text, str)):
        raise ValueError("Bluesky sent a post without a usable address, author, time or text")
    ends, langs = ends_of(raw), record.get("langs")
    may, why = may_reply(raw)
    return IncomingPost(
        post_id=uri,
        edit_chain=uri,
        conversation_id=ends["root_uri"],
        author=IncomingAuthor(did, said_in(author, "handle"), said_in(author, "displayName")),
        text=in_full(text, record.get("facets")),
        created_at=min(moment(said_in(record, "createdAt")) or indexed, indexed),
        kind=PostKind.OWN if did == our_did else PostKind.MENTION,
        in_reply_to=said_in(part_of(record, "reply", "parent"), "uri") if ends["root_uri"] != uri else None,
        language_hint=langs[0][:35] if isinstance(langs, list) and langs and isinstance(langs[0], str) else None,
        url=f"https://bsky.app/profile/{did}/post/{uri.rpartition('/')[2]}",
        attachments=[
            IncomingAttachment(name, AttachmentKind.PHOTO, address, alt)
            for name, address, alt in pictures(raw.get("embed"))
        ],
        may_reply=may,
        may_reply_reason=why,
        reply_with=ends,
        raw=without_quoted(raw),
    )


def without_quoted(raw: Json) -> Json:
    """A post without the view of what it quotes: another person's words, which would outlive their own deletion.

    The address of what is quoted stays: it is in the record.
    """
    shown = raw.get("embed")
    if not isinstance(shown, Mapping):
        return raw
    return {**raw, "embed": {name: value for name, value in shown.items() if name != "record"}}


def may_reply(raw: Json) -> tuple[bool, str]:
    """Whether the author lets us answer: a thread gate, or a block. Source: app.bsky.feed.defs, viewerState."""
    if part_of(raw, "author", "viewer").get("blockedBy") is True:
        return False, BLOCKED_BY
    if part_of(raw, "viewer").get("replyDisabled") is True:
        return False, "the author limited who may reply"
    if part_of(raw, "author", "viewer").get("blocking"):
        return False, "we have blocked the author"
    return True, "the author named, answered or quoted us"


def ends_of(raw: Json) -> Mapping[str, str]:
    """Addresses and versions of a post and of the post its thread begins with: what a reply to it is made with."""
    root, parent = (part_of(raw, "record", "reply", name) for name in ("root", "parent"))
    answers = all(said_in(one, "uri").startswith("at://") and said_in(one, "cid") for one in (root, parent))
    top = root if answers else raw
    return {
        "root_uri": said_in(top, "uri"),
        "root_cid": said_in(top, "cid"),
        "uri": said_in(raw, "uri"),
        "cid": said_in(raw, "cid"),
    }


def read_news(
    news: Sequence[Json], views: Mapping[str, Json], known: Sequence[Mark], our_did: str
) -> tuple[list[IncomingPost], list[UnreadableItem], list[Mark]]:
    """Posts of a page, oldest first, with what `views` (by uri) show of them; those nobody can read; marks of the read.

    Another version of a known post is a post of its own, by its cid.
    """
    posts: list[IncomingPost] = []
    unreadable: list[UnreadableItem] = []
    read: list[Mark] = []
    for raw in news:
        mark, uri, view = mark_of(raw), said_in(raw, "uri"), views.get(said_in(raw, "uri"), {})
        try:
            shown = {part: view[part] for part in ("embed", "viewer") if part in view}
            post = read_post({**raw, **shown}, our_did)
        except (ValueError, TypeError) as error:
            kept = json.dumps(without_quoted(raw) if isinstance(raw, Mapping) else raw, sort_keys=True)
            given = uri or f"unknown-{sha256(kept.encode()).hexdigest()[:16]}"
            unreadable.append(UnreadableItem(given, str(error), kept))
            continue
        before = mark[1] in {one[1] for one in (*known, *read)}
        posts.append(replace(post, post_id=f"{uri}#{said_in(raw, 'cid')}") if before else post)
        read.append(mark)
    posts.sort(key=lambda post: (said_in(post.raw, "indexedAt"), post.post_id))
    return posts, unreadable, read


def context_in(thread: object, conversation_id: str, uri: str, our_did: str) -> list[IncomingPost]:
    """What stands around a post in a thread view, oldest first."""
    posts = []
    for raw in posts_in(thread):
        with suppress(ValueError):  # context only
            post = read_post(raw, our_did)
            kind = PostKind.OWN if post.kind == PostKind.OWN else PostKind.CONTEXT
            if post.post_id != uri and post.conversation_id == conversation_id:
                posts.append(replace(post, kind=kind))
    return sorted(posts, key=lambda post: post.created_at)


def is_labelled(profile: Json, label: str) -> bool:
    """Whether a profile bears a label."""
    labels = profile.get("labels")
    return any(said_in(one, "val") == label for one in (labels if isinstance(labels, list) else ()))
