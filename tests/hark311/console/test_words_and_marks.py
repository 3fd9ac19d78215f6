"""The pure parts: evidence cut into pieces, times as people say them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.console import words
from hark311.console.marks import EXCERPT_LENGTH, excerpt, pieces
from hark311.console.pages import https_only
from hark311.console.queue_streams import Place
from hark311.console.times import CityTime
from models import AccountHealth, Evidence, EvidenceKind, Intent, MentionState, ReplyState, RequestState

NEW_YORK = CityTime(ZoneInfo("America/New_York"))
NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)


def spans() -> st.SearchStrategy[list[Evidence]]:
    offset = st.integers(-2, 40)
    one = st.builds(Evidence, kind=st.sampled_from(EvidenceKind), start=offset, end=offset, post_id=st.none())
    return st.lists(one, max_size=6)


@given(st.text(max_size=30), spans())
def test_the_pieces_joined_are_the_text_again(text: str, found: list[Evidence]) -> None:
    assert "".join(piece.text for piece in pieces(text, found)) == text


@given(st.text(max_size=400), spans())
def test_an_excerpt_is_one_line_of_bounded_length(text: str, found: list[Evidence]) -> None:
    assert len("".join(piece.text for piece in excerpt(text, found))) <= EXCERPT_LENGTH + 4


def test_overlapping_evidence_shows_the_loudest_and_labels_each_once() -> None:
    text = "wire down at 5th"
    found = [
        Evidence(kind=EvidenceKind.CATEGORY, start=0, end=9),
        Evidence(kind=EvidenceKind.DANGER, start=5, end=9),
        Evidence(kind=EvidenceKind.LOCATION, start=13, end=16),
    ]
    assert [(piece.text, piece.kind, piece.labels) for piece in pieces(text, found)] == [
        ("wire ", "category", ()),
        ("down", "danger", ("danger", "problem")),
        (" at ", "", ()),
        ("5th", "location", ("place",)),
    ]


def test_an_excerpt_begins_where_the_deciding_words_are_in_sight() -> None:
    text = "so " * 100 + "a pothole" + " and more" * 40
    found = [Evidence(kind=EvidenceKind.CATEGORY, start=302, end=309)]
    shown = excerpt(text, found)
    assert [piece.text for piece in shown if piece.kind] == ["pothole"]
    assert shown[0].text == "… "


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=14, seconds=59), "14 min"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=12), "12 days"),
    ],
)
def test_ages_are_as_short_as_they_can_be_read(ago: timedelta, said: str) -> None:
    assert NEW_YORK.age(NOON - ago, NOON) == said


def test_moments_are_said_in_the_citys_time_zone() -> None:
    assert NEW_YORK.moment(NOON, NOON) == "today 12:00 pm"
    assert NEW_YORK.moment(NOON - timedelta(hours=13), NOON) == "yesterday 11:00 pm"
    assert NEW_YORK.moment(NOON - timedelta(days=9), NOON) == "Sun, Mar 1, 11:00 am"
    assert NEW_YORK.moment(NOON - timedelta(days=365), NOON) == "Mon, Mar 10 2025, 12:00 pm"
    assert NEW_YORK.day(datetime(2026, 11, 28, 3, 0, tzinfo=UTC)) == "Friday, Nov 27"


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "javascript:alert(1)",
        "https://",
        "//a.example",
        "data:text/html,x",
        "https://x.com@evil.example/",
        "https://[",
    ],
)
def test_only_https_links_can_be_followed(url: str) -> None:
    assert https_only(url) == ""


def test_an_https_link_is_left_as_it_is() -> None:
    assert https_only("https://x.com/a/status/1?b=c") == "https://x.com/a/status/1?b=c"


def test_every_state_has_a_shape_and_a_word() -> None:
    assert set(words.MENTION) == set(MentionState)
    assert set(words.REPLY) == set(ReplyState)
    assert set(words.REQUEST) == set(RequestState)
    assert set(words.HEALTH) == set(words.HEALTH_SENTENCE) == set(AccountHealth)
    assert set(words.INTENT) == set(Intent)
    assert set(words.EVIDENCE) == set(EvidenceKind)


@given(st.booleans(), st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year >= 1970), st.integers(0, 10**12))
def test_a_place_in_the_queue_survives_the_address_bar(danger: bool, at: datetime, number: int) -> None:
    place = Place(danger, at, number)
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize("text", ["", "1", "a.b.c", "1.2", "1.-2.3", "1." + "9" * 19 + ".1", "²." * 2 + "1"])
def test_a_damaged_place_is_taken_as_none(text: str) -> None:
    assert Place.parse(text) is None
