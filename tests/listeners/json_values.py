"""Arbitrary JSON, and JSON that was right until one place in it was spoilt: what a broken channel may send."""

import copy
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from models.posts import IncomingPost

ODD_WORDS = st.sampled_from(
    ["", "0", "-1", "²", "9" * 30, "\ud83d", "nul\0l", "1e999", "2026-11-20", "2026-11-20T08:00"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ODD_WORDS | st.text(max_size=8)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_WORDS | st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*path, index))


@st.composite
def spoilt(draw: st.DrawFn, *good: dict[str, Any]) -> Any:
    """One of some good values, with one to three places in it replaced or left out."""
    value = copy.deepcopy(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            return value
        *way, last = draw(st.sampled_from(places))
        inner = value
        for step in way:
            inner = inner[step]
        if isinstance(inner, dict) and draw(st.booleans()):
            del inner[last]
        else:
            inner[last] = draw(ANY_JSON)
    return value


def is_well_formed(post: IncomingPost) -> bool:
    """Whether everything has the type it says: words, aware UTC, real numbers, ids that are not empty.

    Words may still hold what no database takes; intake cleans them.
    """
    ids = [post.post_id, post.edit_chain, post.conversation_id, post.author.channel_author_id]
    words = [
        *ids,
        post.text,
        post.url,
        post.author.handle,
        post.author.display_name,
        post.may_reply_reason,
        *(one for one in (post.in_reply_to, post.album, post.language_hint) if one is not None),
        *(part for file in post.attachments for part in (file.channel_file_id, file.url, file.alt_text)),
    ]
    numbers: list[object] = []
    if post.pin:
        words += [post.pin.title, post.pin.address]
        numbers = [one for one in (post.pin.lat, post.pin.lon, post.pin.accuracy_m) if one is not None]
    return (
        all(isinstance(word, str) for word in words)
        and all(isinstance(number, float) for number in numbers)
        and post.created_at.tzinfo is UTC
        and all(ids)
    )
