"""How X's JSON is read: a table of what X sends and what we make of it; and that no JSON breaks a page."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listeners.errors import UnreadablePost
from listeners.protocol import OurAccount
from listeners.x import Cursor, may_reply, read_page, read_post
from models.posts import AttachmentKind, IncomingAttachment, Pin, PostKind
from tests.listeners.json_values import ANY_JSON, is_well_formed, spoilt

US = OurAccount("311", "Philly311Demo")
DEE: dict[str, Any] = {"id": "7", "username": "dee_215", "name": "Dee", "protected": False}
USERS: dict[str, dict[str, Any]] = {"7": DEE, "311": {"id": "311", "username": "Philly311Demo", "name": "Philly 311"}}
POST: dict[str, Any] = {
    "id": "2123456789012345678",
    "text": "@Philly311Demo a hole on Locust Street",
    "author_id": "7",
    "conversation_id": "2123456789012345678",
    "created_at": "2026-11-20T08:00:00.000Z",
    "lang": "en",
    "edit_history_tweet_ids": ["2123456789012345678"],
    "reply_settings": "everyone",
    "entities": {"mentions": [{"start": 0, "end": 14, "username": "Philly311Demo", "id": "311"}]},
}
PICTURED: dict[str, Any] = POST | {
    "id": "2123456789012345700",
    "attachments": {"media_keys": ["3_1"]},
    "geo": {"place_id": "p1", "coordinates": {"type": "Point", "coordinates": [-75.1635, 39.9526]}},
    "note_tweet": {"text": "@Philly311Demo a hole on Locust Street, and the rest of a long story"},
    "referenced_tweets": [{"type": "replied_to", "id": "2123456789012345600"}],
}
PARENT: dict[str, Any] = {"id": "2123456789012345600", "text": "our street looks bad", "author_id": "8"}
PAGE: dict[str, Any] = {
    "data": [PICTURED, POST],
    "includes": {
        "users": [DEE],
        "tweets": [PARENT],
        "media": [{"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/a.jpg", "alt_text": "a hole"}],
        "places": [{"id": "p1", "full_name": "Rittenhouse"}],
    },
    "errors": [{"title": "Not Found Error", "resource_id": "9", "type": "https://api.twitter.com/2/problems/x"}],
    "meta": {"result_count": 2, "newest_id": "2123456789012345700"},
}


def _read(**more: Any) -> Any:
    return read_post(POST | more, USERS, {}, US)


def test_a_plain_mention_is_read_whole() -> None:
    post = _read()
    assert (post.post_id, post.edit_chain, post.conversation_id) == (POST["id"],) * 3
    assert post.text == POST["text"]
    assert post.created_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (post.author.channel_author_id, post.author.handle, post.author.display_name) == ("7", "dee_215", "Dee")
    assert post.kind == PostKind.MENTION
    assert post.language_hint == "en"
    assert post.url == f"https://x.com/dee_215/status/{POST['id']}"
    assert post.raw == POST
    assert (post.in_reply_to, post.pin, post.album, list(post.attachments), post.private) == (
        None,
        None,
        None,
        [],
        False,
    )


@pytest.mark.parametrize("spelling", ["note_tweet", "note_post"])
def test_a_long_post_is_read_in_its_whole_length(spelling: str) -> None:
    assert _read(text="the beginning…", **{spelling: {"text": "the beginning and the end"}}).text == (
        "the beginning and the end"
    )


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("5 &lt; 6 &amp; 7 &gt; 3", "5 < 6 & 7 > 3"),
        ("she typed &amp;amp; herself", "she typed &amp; herself"),
        ("she typed &amp;copy; herself", "she typed &copy; herself"),
        ("plain & simple", "plain & simple"),
        ("", ""),
    ],
)
def test_what_x_escapes_is_read_as_it_was_written(sent: str, meant: str) -> None:
    assert _read(text=sent).text == meant
    assert _read(note_tweet={"text": sent}).text == meant


@pytest.mark.parametrize("spelling", ["edit_history_tweet_ids", "edit_history_post_ids"])
def test_an_edit_belongs_to_the_chain_of_its_first_version(spelling: str) -> None:
    raw = {name: value for name, value in POST.items() if name != "edit_history_tweet_ids"}
    post = read_post(raw | {"id": "30", spelling: ["10", "20", "30"]}, USERS, {}, US)
    assert (post.post_id, post.edit_chain) == ("30", "10")


def test_a_post_without_an_edit_history_is_its_own_chain() -> None:
    raw = {name: value for name, value in POST.items() if name != "edit_history_tweet_ids"}
    assert read_post(raw, USERS, {}, US).edit_chain == POST["id"]


@pytest.mark.parametrize("spelling", ["referenced_tweets", "referenced_posts"])
@pytest.mark.parametrize(
    ("kind", "read_as", "in_reply_to"),
    [
        ("replied_to", PostKind.MENTION, "55"),
        ("quoted", PostKind.MENTION, None),
        ("retweeted", PostKind.REPOST, "55"),
        ("something new", PostKind.MENTION, None),
    ],
)
def test_what_a_post_refers_to(spelling: str, kind: str, read_as: PostKind, in_reply_to: str | None) -> None:
    post = _read(**{spelling: [{"type": kind, "id": "55"}]})
    assert (post.kind, post.in_reply_to) == (read_as, in_reply_to)


def test_a_reply_that_also_quotes_keeps_what_it_answers() -> None:
    post = _read(referenced_tweets=[{"type": "quoted", "id": "44"}, {"type": "replied_to", "id": "55"}])
    assert post.in_reply_to == "55"


def test_our_own_post_is_ours_and_our_repost_a_repost() -> None:
    assert _read(author_id="311").kind == PostKind.OWN
    assert _read(author_id="311", referenced_tweets=[{"type": "retweeted", "id": "5"}]).kind == PostKind.REPOST


def test_an_author_missing_from_the_includes_is_known_by_id() -> None:
    post = read_post(POST, {}, {}, US)
    assert (post.author.channel_author_id, post.author.handle) == ("7", "")
    assert post.url == f"https://x.com/i/status/{POST['id']}"


def test_a_post_without_a_time_has_the_one_in_its_id() -> None:
    raw = {name: value for name, value in POST.items() if name != "created_at"}
    assert abs((read_post(raw, USERS, {}, US).created_at - datetime(2026, 11, 19, tzinfo=UTC)).days) < 30


@pytest.mark.parametrize("written", ["2026-11-20T08:00:00Z", "2026-11-20T03:00:00-05:00", "2026-11-20T08:00:00"])
def test_a_time_is_aware_utc_however_it_is_written(written: str) -> None:
    post = _read(created_at=written)
    assert post.created_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert post.created_at.tzinfo is UTC


def test_a_point_is_a_pin_and_a_place_alone_is_none() -> None:
    point = {"coordinates": {"type": "Point", "coordinates": [-75.1635, 39.9526]}, "place_id": "p1"}
    assert _read(geo=point).pin == Pin(lat=39.9526, lon=-75.1635)
    assert _read(geo={"place_id": "p1"}).pin is None
    assert _read(geo={}).pin is None


def test_media_come_with_kind_address_and_alt_text() -> None:
    media = {
        "3_1": {"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/a.jpg", "alt_text": "a hole"},
        "7_2": {"media_key": "7_2", "type": "video", "preview_image_url": "https://pbs.twimg.com/b.jpg"},
        "16_3": {"media_key": "16_3", "type": "animated_gif"},
        "99_4": {"media_key": "99_4", "type": "something new"},
    }
    post = read_post(POST | {"attachments": {"media_keys": [*media, "3_not_included"]}}, USERS, media, US)
    assert list(post.attachments) == [
        IncomingAttachment("3_1", AttachmentKind.PHOTO, "https://pbs.twimg.com/a.jpg", "a hole"),
        IncomingAttachment("7_2", AttachmentKind.VIDEO, "https://pbs.twimg.com/b.jpg"),
        IncomingAttachment("16_3", AttachmentKind.VIDEO),
        IncomingAttachment("99_4", AttachmentKind.DOCUMENT),
    ]


@pytest.mark.parametrize(
    ("raw", "user", "may", "why"),
    [
        (POST, DEE, True, "the author named us"),
        ({"text": "hey @philly311demo look"}, DEE, True, "the author named us"),
        (
            {"text": "cut…", "note_tweet": {"text": "a long one, and at its end @Philly311Demo"}},
            DEE,
            True,
            "the author named us",
        ),
        ({"text": "a hole on Locust"}, DEE, False, "the author did not name or quote us"),
        (POST, DEE | {"protected": True}, False, "the author's posts are protected"),
        ({"text": "a hole", "reply_settings": "following"}, DEE, False, "only people the author follows or names"),
        ({"text": "a hole", "reply_settings": "mentionedUsers"}, DEE, False, "only people named in the post"),
        ({"text": "a hole", "reply_settings": "subscribers"}, DEE, False, "only the author's subscribers"),
        ({"text": "a hole", "reply_settings": "verified"}, DEE, False, "only verified accounts"),
        ({"text": "a hole", "reply_settings": "something new"}, DEE, False, "the author limited who may reply"),
        (POST | {"reply_settings": "mentionedUsers"}, DEE, True, "the author named us"),
        (POST, {}, True, "the author named us"),
    ],
)
def test_whether_we_may_reply_and_why(raw: dict[str, Any], user: dict[str, Any], may: bool, why: str) -> None:
    allowed, reason = may_reply(raw, user, US)
    assert allowed is may
    assert reason.startswith(why)


@pytest.mark.parametrize("text", ["@Philly311DemoFans hello", "mail me at x@philly311demo.org", "@Philly311Demo2"])
def test_another_name_that_begins_like_ours_is_not_ours(text: str) -> None:
    assert may_reply({"text": text}, DEE, US)[0] is False


def test_a_post_that_quotes_ours_may_be_answered() -> None:
    """X's rule of 23 February 2026: who quoted us has summoned us, without naming us."""
    quoting = POST | {"text": "read this", "entities": {}, "referenced_tweets": [{"type": "quoted", "id": "55"}]}
    ours = {"id": "55", "text": "Trash day has moved.", "author_id": "311"}
    posts, _ = read_page({"data": [quoting], "includes": {"users": [DEE], "tweets": [ours]}}, US)
    (post,) = (one for one in posts if one.kind == PostKind.MENTION)
    assert (post.may_reply, post.may_reply_reason) == (True, "the author quoted us")


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None},
        {"id": "no number"},
        {"text": None},
        {"author_id": None},
        {"created_at": "yesterday"},
        {"geo": {"coordinates": {"coordinates": ["west", "north"]}}},
        {"edit_history_tweet_ids": "20"},
    ],
)
def test_a_post_with_a_broken_part_is_unreadable_and_says_why(broken: dict[str, Any]) -> None:
    with pytest.raises(UnreadablePost) as unreadable:
        _read(**broken)
    assert unreadable.value.reason
    assert "hole on Locust" not in unreadable.value.reason


@pytest.mark.parametrize("text", ["half an emoji \ud83d", "a NUL \0 in it"])
def test_what_no_database_takes_is_read_and_left_to_intake(text: str) -> None:
    assert _read(text=text).text == text


@pytest.mark.parametrize("name", ["id", "text", "author_id"])
def test_a_post_without_what_we_need_is_unreadable(name: str) -> None:
    with pytest.raises(UnreadablePost, match=name):
        read_post({key: value for key, value in POST.items() if key != name}, USERS, {}, US)


def test_a_page_is_read_oldest_first_with_its_context() -> None:
    posts, unreadable = read_page(PAGE, US)
    assert [post.post_id for post in posts] == [PARENT["id"], POST["id"], PICTURED["id"]]
    assert [post.kind for post in posts] == [PostKind.CONTEXT, PostKind.MENTION, PostKind.MENTION]
    assert unreadable == []
    assert posts[2].text.endswith("the rest of a long story")
    assert posts[2].pin == Pin(39.9526, -75.1635)
    assert [file.alt_text for file in posts[2].attachments] == ["a hole"]


def test_partial_errors_beside_good_posts_cost_no_post() -> None:
    page = {"data": [POST], "errors": PAGE["errors"], "meta": {"result_count": 1}}
    posts, unreadable = read_page(page, US)
    assert ([post.post_id for post in posts], unreadable) == ([POST["id"]], [])


@pytest.mark.parametrize("spelling", ["tweets", "posts"])
def test_included_posts_are_context_ours_stay_ours_and_a_mention_stays_one(spelling: str) -> None:
    ours = {"id": "100", "text": "Thank you.", "author_id": "311"}
    repost = PARENT | {"id": "101", "referenced_tweets": [{"type": "retweeted", "id": "1"}]}
    page = {"data": [POST], "includes": {spelling: [PARENT, ours, repost, POST], "users": [DEE]}}
    posts, _ = read_page(page, US)
    assert {post.post_id: post.kind for post in posts} == {
        "100": PostKind.OWN,
        "101": PostKind.REPOST,
        PARENT["id"]: PostKind.CONTEXT,
        POST["id"]: PostKind.MENTION,
    }


def test_ids_are_put_in_order_as_numbers() -> None:
    page = {"data": [POST | {"id": "1000000000000000000"}, POST | {"id": "999999999999999999"}]}
    assert [post.post_id for post in read_page(page, US)[0]] == ["999999999999999999", "1000000000000000000"]


def test_an_unreadable_post_keeps_its_id_or_gets_one_from_its_words() -> None:
    page = {"data": [{"id": "20"}, {"text": "no id"}, "not even an object", POST]}
    posts, unreadable = read_page(page, US)
    assert [post.post_id for post in posts] == [POST["id"]]
    assert [item.channel_post_id for item in unreadable] == [
        "20",
        unreadable[1].channel_post_id,
        unreadable[2].channel_post_id,
    ]
    assert unreadable[1].channel_post_id.startswith("unknown-")
    assert unreadable[1].channel_post_id != unreadable[2].channel_post_id
    assert [json.loads(item.raw) for item in unreadable] == page["data"][:3]
    assert read_page(page, US)[1] == unreadable


@pytest.mark.parametrize(
    "includes",
    [
        [],
        {"users": [{"username": "nobody"}]},
        {"users": ["dee"], "tweets": ["a parent"], "media": [None]},
        {"users": {"7": DEE}},
        {"tweets": 5, "media": "3_1"},
    ],
)
def test_broken_includes_cost_names_and_pictures_but_no_post(includes: Any) -> None:
    posts, unreadable = read_page({"data": [PICTURED], "includes": includes}, US)
    assert [post.post_id for post in posts] == [PICTURED["id"]]
    assert unreadable == []


def _reads_or_says_why(raw: Any, users: dict[str, Any], media: dict[str, Any]) -> bool:
    try:
        return is_well_formed(read_post(raw, users, media, US))
    except UnreadablePost as unreadable:
        return bool(unreadable.reason)


def _read_everything(page: Any) -> None:
    posts, unreadable = read_page(page, US)
    data = page.get("data")
    given_ids = [one.get("id") for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    whole = len(data) if isinstance(data, list) else 0
    heard = [post for post in posts if post.kind != PostKind.CONTEXT]
    repeated = len(given_ids) - len({str(one) for one in given_ids})
    assert len(posts) + len(unreadable) >= whole - repeated
    assert len(unreadable) <= whole
    assert len({post.post_id for post in posts}) == len(posts)
    for post in posts:
        assert is_well_formed(post), post
    for item in unreadable:
        assert item.reason
        assert item.channel_post_id
        item.channel_post_id.encode()
        item.reason.encode()
    assert len(heard) <= whole + len(posts)


@settings(max_examples=150, deadline=None)
@given(ANY_JSON)
def test_any_json_at_all_as_a_post_is_read_or_unreadable(raw: Any) -> None:
    assert _reads_or_says_why(raw, {}, {})


@settings(max_examples=300, deadline=None)
@given(spoilt(POST, PICTURED))
def test_a_spoilt_post_is_read_or_unreadable(raw: Any) -> None:
    assert _reads_or_says_why(raw, {"7": DEE}, {"3_1": PAGE["includes"]["media"][0]})


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_JSON | spoilt(POST, PICTURED), max_size=5))
def test_a_page_of_anything_is_read_and_every_post_of_it_is_accounted_for(data: list[Any]) -> None:
    _read_everything({"data": data, "includes": PAGE["includes"]})


@settings(max_examples=300, deadline=None)
@given(spoilt(PAGE))
def test_a_spoilt_page_never_breaks_the_reading(page: Any) -> None:
    _read_everything(page)


def test_reading_changes_nothing_in_what_was_sent() -> None:
    page = copy.deepcopy(PAGE)
    read_page(page, US)
    assert page == PAGE


IDS = st.none() | st.integers(1, 2**63 - 1).map(str)


@given(
    st.builds(
        Cursor,
        since=IDS,
        start=IDS,
        top=IDS,
        lowest=IDS,
        page=st.none() | st.text(min_size=1),
        seen=st.integers(0, 900),
    )
)
def test_a_cursor_survives_the_database(cursor: Cursor) -> None:
    assert Cursor.load(cursor.dump()) == cursor
    assert len(Cursor.load(None).dump()) < 5  # type: ignore[union-attr]  # no cursor is one at the beginning


@given(st.text() | ANY_JSON.map(json.dumps))
def test_a_stored_cursor_that_is_none_is_told_as_none_or_can_be_used(stored: str) -> None:
    found = Cursor.load(stored)
    if found is not None:
        assert Cursor.load(found.dump()) == found
