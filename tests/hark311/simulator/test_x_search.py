"""The recent-search language, asked through tweepy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tweepy

from hark311.simulator import RunningSimulator
from tests.hark311.simulator.pointed import pointed_client

POSTS: list[dict[str, Any]] = [
    {"key": "hole", "author": "ann", "text": "A pothole on Pine St #fixit"},
    {"key": "trash", "author": "bob", "text": "Missed trash again on Pine St"},
    {"key": "other", "author": "cyn", "text": "Nice weather on Pine St", "mention": False},
    {"key": "reply", "author": "cyn", "text": "Same hole here", "in_reply_to": "key:hole", "mention": False},
    {"key": "echo", "author": "bob", "repost_of": "key:hole"},
    {"key": "zh", "author": "mei", "text": "垃圾没有收", "photos": [{"alt": "bins"}]},
]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tweepy.Client, dict[str, str]]]:
    """A client and the keys of the stored posts by id."""
    folder: Path = tmp_path_factory.mktemp("search")
    with RunningSimulator(folder / "city.sqlite") as running:
        said = running.say_many_on_x(POSTS)
        client = pointed_client(running)
        yield client, {post["id"]: post["key"] for post in said}
        client.session.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("pothole -is:retweet", {"hole"}),
        ("pothole", {"hole", "echo"}),
        ('"on pine st" -is:retweet', {"hole", "trash", "other"}),
        ('"pine on"', set()),
        ("@Philly311Demo -is:retweet", {"hole", "trash", "zh"}),
        ("from:bob", {"trash", "echo"}),
        ("to:ann", {"reply"}),
        ("is:reply", {"reply"}),
        ("#fixit -is:retweet", {"hole"}),
        ("(pothole OR trash) -from:bob", {"hole"}),
        ("pine -(pothole OR trash)", {"other"}),
        ("pothole OR trash -from:bob", {"hole", "echo"}),
        ("垃圾", {"zh"}),
        ("has:images", {"zh"}),
        ("hol", set()),
    ],
)
def test_a_query_finds_what_x_would_find(
    searched: tuple[tweepy.Client, dict[str, str]], query: str, found: set[str]
) -> None:
    client, keys = searched
    answer = client.search_recent_tweets(query, max_results=100)
    assert {keys[str(post.id)] for post in answer.data or []} == found


def test_a_conversation_is_found_by_its_root(searched: tuple[tweepy.Client, dict[str, str]]) -> None:
    client, keys = searched
    root = next(number for number, key in keys.items() if key == "hole")
    whole = client.search_recent_tweets(f"conversation_id:{root}")
    assert {keys[str(post.id)] for post in whole.data} == {"hole", "reply"}
    direct = client.search_recent_tweets(f"in_reply_to_tweet_id:{root}")
    assert [keys[str(post.id)] for post in direct.data] == ["reply"]


@pytest.mark.parametrize("query", ["(pothole", "pothole)", "", "OR pothole", "nonsense:1", "-", "x" * 513])
def test_a_query_that_cannot_be_read_is_400(searched: tuple[tweepy.Client, dict[str, str]], query: str) -> None:
    with pytest.raises(tweepy.BadRequest):
        searched[0].search_recent_tweets(query)


def test_a_since_id_older_than_a_week_is_400(searched: tuple[tweepy.Client, dict[str, str]]) -> None:
    with pytest.raises(tweepy.BadRequest):
        searched[0].search_recent_tweets("pothole", since_id=1_500_000_000_000_000_000)


def test_search_pages_by_next_token(simulator: RunningSimulator, x: tweepy.Client) -> None:
    simulator.say_many_on_x([{"text": f"Puddle {n}"} for n in range(25)])
    pages = [len(page.data) for page in tweepy.Paginator(x.search_recent_tweets, "puddle", max_results=10)]
    assert pages == [10, 10, 5]
