"""Where we stand in what a channel shows for a hashtag: whatever the pages and delays, no post is passed over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.tagged import OVERLAP, TagPlace, tag_in
from models.bluesky_posts import has_tag, speaks_to

BEGAN = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
PAGE = 3
minutes = st.lists(st.integers(min_value=1, max_value=300), max_size=25, unique=True)


def look(place: TagPlace, posted: list[datetime], heard: set[datetime], *, dies_after: int = 99) -> TagPlace:
    """One look by pages of PAGE, newest first; the process may die after so many pages."""
    for _ in range(dies_after):
        shown = sorted(posted, reverse=True)
        if place.page:
            shown = [one for one in shown if one < datetime.fromisoformat(place.page)]
        page = shown[:PAGE]
        heard.update(page)
        place, more = place.after(page, page[-1].isoformat() if page else "")
        if not more:
            break
    return place


@given(said=minutes, late=minutes, dies_after=st.integers(min_value=1, max_value=4))
def test_what_was_there_is_heard_and_so_is_what_comes_in_late_within_the_overlap(
    said: list[int], late: list[int], dies_after: int
) -> None:
    posted, heard = [BEGAN + timedelta(minutes=one) for one in said], set[datetime]()
    place = look(TagPlace.load(None, BEGAN), posted, heard, dies_after=dies_after)
    place = look(TagPlace.load(place.written(), BEGAN), posted, heard)
    assert heard == set(posted)
    top = max(posted, default=BEGAN)
    posted += [BEGAN + timedelta(minutes=one) for one in late]
    place = look(place, posted, heard)
    look(place, posted, heard)
    assert {one for one in posted if one > top - OVERLAP} <= heard


@pytest.mark.parametrize("cursor", [None, "", "no json", "[]", '{"floor": 5}', '{"floor": "2026-11-20"}', '{"x": 1}'])
def test_what_is_no_cursor_of_ours_begins_with_the_rule(cursor: str | None) -> None:
    assert TagPlace.load(cursor, BEGAN) == TagPlace(BEGAN.isoformat())


@given(st.text(max_size=20))
def test_only_one_hashtag_is_a_rule_here(query: str) -> None:
    try:
        tag = tag_in(query)
    except ValueError:
        return
    assert query.strip() == f"#{tag}"


@pytest.mark.parametrize(
    ("record", "bears"),
    [
        ({"text": "look #ParkChat!"}, True),
        ({"text": "＃parkchat"}, True),
        ({"text": "#ParkChats"}, False),
        ({"text": "a#ParkChat"}, False),
        ({"text": "", "tags": ["PARKCHAT"]}, True),
        ({"text": "", "facets": [{"features": [{"tag": "parkchat"}]}]}, True),
        ({"text": "", "facets": "no list", "tags": 5}, False),
        ({"text": 5, "facets": [5, {"features": [5, {}]}]}, False),
        ({}, False),
    ],
)
def test_a_post_on_bluesky_bears_a_tag_in_its_words_or_beside_them(record: dict[str, object], bears: bool) -> None:
    assert has_tag({"record": record}, "ParkChat") is bears


def test_who_answers_or_quotes_us_on_bluesky_speaks_to_us() -> None:
    ours = "at://did:plc:us/app.bsky.feed.post/1"
    assert speaks_to({"record": {"reply": {"parent": {"uri": ours}}}}, "did:plc:us", "us.test")
    assert speaks_to({"record": {"embed": {"record": {"uri": ours}}}}, "did:plc:us", "us.test")
    assert speaks_to({"record": {"text": "hey @us.test"}}, "did:plc:us", "us.test")
    assert not speaks_to({"record": {"text": "hey"}}, "did:plc:us", "us.test")
