"""Names and shapes in Bluesky's records, read without trust. Source: lexicons app.bsky.feed.post, richtext.facet.

No SDK: both adapters and their tests read the same words.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

Json = Mapping[str, Any]

UNREADABLE = (LookupError, TypeError, AttributeError, ValueError)
"""What reading an answer raises that is none."""
POST = "app.bsky.feed.post"
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
LONGEST_LINK = 2000
DEEPEST_THREAD = 1000


def record_key(started_at: datetime, idempotency_key: str) -> str:
    """The record key (TID) of an attempt, the same whenever it is asked for: microseconds, and ten bits of the key.

    Source: atproto specification, Record Key, TID.
    """
    clock_id = int.from_bytes(sha256(idempotency_key.encode()).digest()[:2], "big") & 1023
    moment_us = int(started_at.timestamp()) * 1_000_000 + started_at.microsecond
    number = moment_us << 10 | clock_id
    return "".join(_SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def without_version(post_id: str) -> str:
    """The at:// address of a post id; what stands behind # is the version (cid) of a post that was changed."""
    return post_id.partition("#")[0]


def place_of(uri: str) -> Mapping[str, str]:
    """Repository, collection and record key of an at:// address, as getRecord takes them. Raises ValueError."""
    repo, collection, rkey = uri.removeprefix("at://").split("/")
    return {"repo": repo, "collection": collection, "rkey": rkey}


def said_in(raw: object, name: str) -> str:
    """A text in an object; empty where there is none."""
    found = raw.get(name) if isinstance(raw, Mapping) else None
    return found if isinstance(found, str) else ""


def part_of(raw: object, *names: str) -> Json:
    """An object within objects; empty where there is none."""
    for name in names:
        raw = raw.get(name) if isinstance(raw, Mapping) else None
    return raw if isinstance(raw, Mapping) else {}


def moment(written: str) -> datetime | None:
    """A time as aware UTC; None where it is none."""
    try:
        found = datetime.fromisoformat(written)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def in_full(text: str, facets: object) -> str:
    """A text with its links in full. Facets count UTF-8 bytes; wrong ones are left out."""
    said = text.encode("utf-8", "surrogatepass")
    links: list[tuple[int, int, str]] = []
    for facet in facets if isinstance(facets, list) else ():
        index, features = part_of(facet, "index"), facet.get("features") if isinstance(facet, Mapping) else None
        start, end = index.get("byteStart"), index.get("byteEnd")
        uris = [said_in(one, "uri") for one in features] if isinstance(features, list) else []
        uri = next((one for one in uris if one.startswith(("http://", "https://"))), "")
        if type(start) is int and type(end) is int and 0 <= start < end <= len(said) and 0 < len(uri) <= LONGEST_LINK:
            links.append((start, end, uri))
    at = len(said) + 1
    for start, end, uri in sorted(links, reverse=True):
        try:
            shown = said[start:end].decode()
        except UnicodeDecodeError:
            continue  # it cuts a letter in two
        if end > at:
            continue  # it overlaps the next
        bare = shown.removeprefix("https://").removeprefix("http://").rstrip("….").rstrip("/")
        whole = uri if bare in uri else f"{shown} ({uri})"
        said = said[:start] + (shown if shown == uri else whole).encode() + said[end:]
        at = start
    return said.decode("utf-8", "surrogatepass")


def pictures(embed: object) -> Iterator[tuple[str, str, str]]:
    """Pictures of a post as Bluesky shows it: cid or address, address, description."""
    for holder in (part_of(embed), part_of(embed, "media")):
        images = holder.get("images")
        for image in images if isinstance(images, list) else ():
            address = said_in(image, "fullsize") or said_in(image, "thumb")
            if address:
                yield said_in(part_of(image, "image", "ref"), "$link") or address, address, said_in(image, "alt")


def posts_in(thread: object) -> Iterator[Json]:
    """The posts of a thread view, its parents and its replies."""
    waiting, seen = [thread], 0
    while waiting and seen < DEEPEST_THREAD:
        one = part_of({"": waiting.pop()}, "")
        seen += 1
        if post := part_of(one, "post"):
            yield post
        replies = one.get("replies")
        waiting += [one.get("parent"), *(replies if isinstance(replies, list) else ())] if one else []
