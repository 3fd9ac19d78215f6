"""What a call is called in our books, and what X bills for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.bills import Call, Line, bill_of, endpoint_of, extra_for_link, price_of_text
from hark311.prices import load_prices
from models import Channel
from tests.listeners.json_values import ANY_JSON

PRICES = load_prices()


@pytest.mark.parametrize(
    ("channel", "method", "path", "name"),
    [
        (Channel.X, "GET", "/2/users/me", "me"),
        (Channel.X, "GET", "/2/users/311/mentions", "mentions"),
        (Channel.X, "GET", "/2/users/311/tweets", "timeline"),
        (Channel.X, "GET", "/2/users/by/username/dee", "users"),
        (Channel.X, "GET", "/2/tweets", "lookup"),
        (Channel.X, "GET", "/2/tweets/17", "lookup"),
        (Channel.X, "GET", "/2/tweets/search/recent", "search"),
        (Channel.X, "GET", "/2/tweets/counts/recent", "counts"),
        (Channel.X, "POST", "/2/tweets", "create_post"),
        (Channel.X, "DELETE", "/2/tweets/17", "delete_post"),
        (Channel.X, "PUT", "/2/tweets/17/hidden", "hide"),
        (Channel.X, "GET", "/2/dm_events", "messages"),
        (Channel.X, "POST", "/2/dm_conversations/with/17/messages", "send_message"),
        (Channel.X, "POST", "/2/compliance/jobs", "compliance"),
        (Channel.X, "GET", "/3/anything", "other"),
        (Channel.TELEGRAM, "POST", "/bot311:secret/sendMessage", "sendMessage"),
        (Channel.TELEGRAM, "GET", "/file/bot311:secret/photos/file_7.jpg", "file"),
        (Channel.MASTODON, "GET", "/api/v1/statuses/1147/context", "GET /api/v1/statuses/:id/context"),
        (Channel.MASTODON, "POST", "/mastodon/api/v1/statuses", "POST /api/v1/statuses"),
        (Channel.BLUESKY, "POST", "/xrpc/com.atproto.repo.createRecord", "com.atproto.repo.createRecord"),
    ],
)
def test_a_call_is_named_by_what_it_is_for(channel: Channel, method: str, path: str, name: str) -> None:
    assert endpoint_of(channel, Call(method, path)) == name


@given(secret=st.from_regex(r"[0-9]{6,10}:[A-Za-z0-9_-]{35}", fullmatch=True), rest=st.sampled_from(["getUpdates", ""]))
def test_no_token_is_in_a_name(secret: str, rest: str) -> None:
    for path in (f"/bot{secret}/{rest}", f"/file/bot{secret}/{rest}"):
        assert secret not in endpoint_of(Channel.TELEGRAM, Call("POST", path))


def test_a_page_of_mentions_bills_posts_and_who_comes_along() -> None:
    page = {
        "data": [{"id": "1"}, {"id": "2"}],
        "includes": {"users": [{"id": "7"}, {"id": "7"}], "tweets": [{"id": "9"}], "media": [{"media_key": "3_1"}]},
    }
    assert bill_of("mentions", Call("GET", "", own_keys=True), page) == [
        Line("mentions", "owned_read", ("post:1", "post:2")),
        Line("posts_in_answers", "post_read", ("post:9",)),
        Line("people_in_answers", "user_read", ("user:7",)),
    ]


def test_mentions_asked_for_with_the_keys_of_the_app_cost_as_much_as_any_post() -> None:
    (line,) = bill_of("mentions", Call("GET", ""), {"data": [{"id": "1"}]})
    assert line.price == "post_read"


@pytest.mark.parametrize(
    ("body", "price"),
    [
        ({"text": "Thank you.", "reply": {"in_reply_to_tweet_id": "1"}}, "summoned_reply"),
        ({"text": "Thank you."}, "post_create"),
        ({"text": "See phila.gov/311", "reply": {"in_reply_to_tweet_id": "1"}}, "post_create_with_link"),
        ({"text": "See https://www.phila.gov"}, "post_create_with_link"),
        ({"text": "On Fifth.We wait"}, "post_create"),
        ([], "post_create_with_link"),
    ],
)
def test_a_link_makes_a_post_dear(body: Any, price: str) -> None:
    call = Call("POST", "/2/tweets", json.dumps(body).encode())
    assert bill_of("create_post", call, {"data": {"id": "5"}}) == [Line("create_post", price, units=1)]


def test_the_extra_cost_of_a_link_is_told_before_it_is_sent() -> None:
    assert extra_for_link(PRICES, Channel.X, "Look at phila.gov/311") == 190_000
    assert price_of_text(PRICES, Channel.X, "Thank you.") == 10_000
    assert extra_for_link(PRICES, Channel.X, "Thank you.") == 0
    assert extra_for_link(PRICES, Channel.TELEGRAM, "Look at phila.gov/311") == 0


@given(answer=ANY_JSON, endpoint=st.sampled_from(["mentions", "lookup", "me", "messages", "create_post", "other"]))
def test_no_answer_can_break_the_bill(answer: object, endpoint: str) -> None:
    for line in bill_of(endpoint, Call("GET", ""), answer):
        assert line.units >= 0
