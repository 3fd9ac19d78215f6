"""What a resident said in a mention, as the classifier reads it: several posts as one text, and back to the posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from models import Contribution, Evidence, Post, Problem
from models.posts import Pin

Spanned = TypeVar("Spanned", Evidence, Contribution, Problem)


@dataclass(frozen=True, slots=True)
class Said:
    """What a resident said in a mention: the texts of its posts joined by newlines, the pin, the photos."""

    mention_id: int
    version: int
    text: str
    posts: tuple[tuple[int, int], ...]  # (offset in text, Post.id)
    pin: Pin | None
    photo_urls: tuple[str, ...]
    our_handle: str
    language_hint: str | None = None


def what_was_said(
    mention_id: int, version: int, posts: Sequence[Post], photos: Mapping[int, Sequence[str]], our_handle: str
) -> Said:
    """The posts of a mention, in their order, as one text. photos: URLs by Post.id."""
    offsets, texts, at = [], [], 0
    pinned = [post for post in posts if post.lat is not None and post.lon is not None]
    for post in posts:
        offsets.append((at, post.id or 0))
        texts.append(post.text)
        at += len(post.text) + 1
    pin = None
    if pinned:
        last = pinned[-1]
        pin = Pin(last.lat or 0.0, last.lon or 0.0, last.pin_accuracy_m, address=last.pin_title)
    hint = next((post.language_hint for post in reversed(posts) if post.language_hint), None)
    urls = tuple(url for post in posts for url in photos.get(post.id or 0, ()) if url.startswith("https://"))
    return Said(mention_id, version, "\n".join(texts), tuple(offsets), pin, urls, our_handle, hint)


def in_its_post(spanned: Spanned, said: Said) -> Spanned:
    """The same span, counted from the start of the post it is in."""
    return spanned.model_copy(update=fields_in_its_post({"start": spanned.start, "end": spanned.end}, said))


def fields_in_its_post(fields: dict[str, Any], said: Said) -> dict[str, Any]:
    """As in_its_post, for what stands as fields."""
    offset, post_id = max((one for one in said.posts if one[0] <= fields["start"]), default=(0, None))
    return fields | {"start": fields["start"] - offset, "end": fields["end"] - offset, "post_id": post_id}
