"""What a resident said in a mention, as the classifier reads it: several posts as one text, and back to the posts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from models import Attachment, Candidate, Contribution, Evidence, Post, Problem
from models.photo_links import media_of
from models.posts import AttachmentKind, Pin

NO_WORDS = ("start", "picked", "answer")
"""What follows one of these is no word of the report: the token of a link, a number of a list, an answer to us."""
_COMMAND = re.compile(r"\s*/\w+(?:@\w+)?")

Spanned = TypeVar("Spanned", Evidence, Contribution, Problem, Candidate)


@dataclass(frozen=True, slots=True)
class Said:
    """What a resident said in a mention: the texts of its posts joined by newlines, the pin, the photos.

    `photo`: where a photo of theirs says it was taken, read with their consent.
    """

    mention_id: int
    version: int
    text: str
    posts: tuple[tuple[int, int], ...]  # (offset in text, Post.id)
    pin: Pin | None
    photos: tuple[str, ...]
    our_handle: str
    language_hint: str | None = None
    photo: Pin | None = None


def what_was_said(
    mention_id: int, version: int, posts: Sequence[Post], files: Mapping[int, Sequence[Attachment]], our_handle: str
) -> Said:
    """The posts of a mention, in their order, as one text. files: what came with them, by Post.id."""
    offsets, texts, at = [], [], 0
    pinned = [post for post in posts if post.lat is not None and post.lon is not None]
    for post in posts:
        offsets.append((at, post.id or 0))
        texts.append(_without_command(post))
        at += len(post.text) + 1
    pin = None
    if pinned:
        last = pinned[-1]
        pin = Pin(last.lat or 0.0, last.lon or 0.0, last.pin_accuracy_m, address=last.pin_title)
    hint = next((post.language_hint for post in reversed(posts) if post.language_hint), None)
    theirs = [file for post in posts for file in files.get(post.id or 0, ())]
    photos = tuple(media_of(one) for one in theirs if one.kind == AttachmentKind.PHOTO)
    photo = next((taken for file in reversed(theirs) if (taken := _taken_at(file))), None)
    return Said(mention_id, version, "\n".join(texts), tuple(offsets), pin, photos, our_handle, hint, photo)


def _without_command(post: Post) -> str:
    """The text with blanks where a command and the token of a link stand: no part of the report, and nothing moves."""
    if not post.command:
        return post.text
    lead = _COMMAND.match(post.text)
    end = len(post.text) if post.command in NO_WORDS else lead.end() if lead else 0
    return " " * end + post.text[end:]


def _taken_at(file: Attachment) -> Pin | None:
    if file.photo_lat is None or file.photo_lon is None:
        return None
    return Pin(file.photo_lat, file.photo_lon, file.photo_accuracy_m)


def in_its_post(spanned: Spanned, said: Said) -> Spanned:
    """The same span, counted from the start of the post it is in."""
    return spanned.model_copy(update=fields_in_its_post({"start": spanned.start, "end": spanned.end}, said))


def fields_in_its_post(fields: dict[str, Any], said: Said) -> dict[str, Any]:
    """As in_its_post, for what stands as fields."""
    offset, post_id = max((one for one in said.posts if one[0] <= fields["start"]), default=(0, None))
    return fields | {"start": fields["start"] - offset, "end": fields["end"] - offset, "post_id": post_id}
