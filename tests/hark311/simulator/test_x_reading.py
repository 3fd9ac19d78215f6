"""Reading from the simulated X with the real tweepy client."""

import time
from typing import Any

import pytest
import requests
import tweepy

from hark311.simulator import RunningSimulator
from tests.hark311.simulator.pointed import pointed_client

ME = 311000311


def ids(response: Any) -> list[int]:
    return [post.id for post in response.data or []]


def test_the_account_is_known_by_its_user_keys(simulator: RunningSimulator, x: tweepy.Client) -> None:
    assert x.get_me().data.username == simulator.settings.x_handle
    assert x.get_me().data.id == ME


@pytest.mark.parametrize("wrong", ["consumer_secret", "access_token_secret", "consumer_key", "access_token"])
def test_a_wrong_user_key_is_refused_with_401(simulator: RunningSimulator, wrong: str) -> None:
    client = pointed_client(simulator, **{wrong: "1-wrong"})
    with pytest.raises(tweepy.Unauthorized):
        client.get_me()


def test_a_wrong_bearer_token_is_refused_with_401(simulator: RunningSimulator) -> None:
    with pytest.raises(tweepy.Unauthorized):
        pointed_client(simulator, bearer_token="wrong").get_users_mentions(ME)


def test_the_signature_covers_the_query(simulator: RunningSimulator, x: tweepy.Client) -> None:
    simulator.say_on_x("Hole on Pine St")
    found = x.get_users_mentions(ME, max_results=5, tweet_fields=["author_id", "created_at"], user_auth=True)
    assert len(found.data) == 1


def test_mentions_come_newest_first_in_pages_without_loss(simulator: RunningSimulator, x: tweepy.Client) -> None:
    said = [post["id"] for post in simulator.say_many_on_x([{"text": f"Hole number {n}"} for n in range(23)])]
    seen: list[int] = []
    for page in tweepy.Paginator(x.get_users_mentions, ME, max_results=5):
        seen += ids(page)
    assert [str(number) for number in seen] == said[::-1]


def test_bounds_are_exclusive_and_meta_names_the_newest_and_oldest(
    simulator: RunningSimulator, x: tweepy.Client
) -> None:
    said = [int(post["id"]) for post in simulator.say_many_on_x([{"text": f"Light {n} is out"} for n in range(5)])]
    found = x.get_users_mentions(ME, since_id=said[0], until_id=said[4])
    assert ids(found) == said[3:0:-1]
    assert (found.meta["newest_id"], found.meta["oldest_id"]) == (str(said[3]), str(said[1]))
    assert x.get_users_mentions(ME, since_id=said[4]).meta == {"result_count": 0}


def test_ids_rise_and_tell_the_time(simulator: RunningSimulator) -> None:
    first, second = (int(simulator.say_on_x(f"Post {n}")) for n in range(2))
    assert first < second
    assert abs((second >> 22) + 1_288_834_974_657 - time.time() * 1000) < 5_000


def test_only_the_newest_800_mentions_can_be_reached(simulator: RunningSimulator, x: tweepy.Client) -> None:
    said = simulator.say_many_on_x([{"text": f"Bag {n}"} for n in range(830)])
    seen = [number for page in tweepy.Paginator(x.get_users_mentions, ME, max_results=100) for number in ids(page)]
    assert len(seen) == 800
    assert str(min(seen)) == said[30]["id"]


def test_only_three_fields_come_unasked(simulator: RunningSimulator, x: tweepy.Client) -> None:
    simulator.say_on_x("Dark corner")
    assert set(x.get_users_mentions(ME).data[0].data) == {"id", "text", "edit_history_tweet_ids"}


def test_asked_fields_expansions_and_photos_come(simulator: RunningSimulator, x: tweepy.Client) -> None:
    number = simulator.say_on_x(
        "Mud & water, see phila.gov", author="rosa", photos=[{"alt": "A wet street"}], lat=39.95, lon=-75.16
    )
    found = x.get_tweet(
        number,
        tweet_fields=["entities", "geo", "conversation_id", "created_at", "lang"],
        expansions=["author_id", "attachments.media_keys", "entities.mentions.username"],
        media_fields=["url", "alt_text"],
        user_fields=["protected"],
    )
    post = found.data
    assert post.text.startswith("@Philly311Demo Mud &amp; water, see https://t.co/")
    assert post.geo["coordinates"]["coordinates"] == [-75.16, 39.95]
    for entity in post.entities["urls"]:
        assert post.text[entity["start"] : entity["end"]] == entity["url"]
    assert post.entities["urls"][0]["expanded_url"] == "http://phila.gov"
    assert {user.username for user in found.includes["users"]} == {"rosa", "Philly311Demo"}
    assert found.includes["media"][0].alt_text == "A wet street"
    picture = requests.get(found.includes["media"][0].url, timeout=5)
    assert picture.content.startswith(b"\x89PNG")


def test_the_newer_field_spelling_is_understood(simulator: RunningSimulator) -> None:
    number = simulator.say_on_x("Loose manhole cover")
    answer = requests.get(
        f"{simulator.x_url}/2/tweets/{number}",
        params={"post.fields": "author_id"},
        headers={"Authorization": f"Bearer {simulator.settings.x_keys.bearer_token}"},
        timeout=5,
    )
    assert "author_id" in answer.json()["data"]


def test_a_long_post_is_cut_and_stands_whole_in_note_tweet(simulator: RunningSimulator, x: tweepy.Client) -> None:
    whole = "@Philly311Demo " + "water in the basement again " * 14
    number = simulator.say_on_x(whole.strip())
    post = x.get_tweet(number, tweet_fields=["note_tweet", "entities"]).data
    assert post.data["note_tweet"]["text"] == whole.strip()
    assert "… https://t.co/" in post.text
    assert whole.startswith(post.text.partition("…")[0])


def test_a_short_post_has_no_note_tweet(simulator: RunningSimulator, x: tweepy.Client) -> None:
    post = x.get_tweet(simulator.say_on_x("short"), tweet_fields=["note_tweet"]).data
    assert "note_tweet" not in post.data


def test_an_edit_is_a_new_post_with_its_history(simulator: RunningSimulator, x: tweepy.Client) -> None:
    first = simulator.say_on_x("Wire down on 5th")
    second = simulator.say_on_x("Wire down on 6th", edit_of=first)
    assert ids(x.get_users_mentions(ME)) == [int(second)]
    assert x.get_tweet(second).data.edit_history_tweet_ids == [int(first), int(second)]
    assert x.get_tweet(first).data.edit_history_tweet_ids == [int(first), int(second)]
    simulator.delete_on_x(first)
    assert x.get_tweets([first, second]).data is None


def test_what_is_gone_stands_in_errors_with_http_200(simulator: RunningSimulator, x: tweepy.Client) -> None:
    kept, deleted, hidden = (simulator.say_on_x(f"Post {n}", author=f"res{n}") for n in range(3))
    simulator.delete_on_x(deleted)
    simulator.change_author("res2", protected=True)
    found = x.get_tweets([kept, deleted, hidden, "77"])
    assert ids(found) == [int(kept)]
    assert {error["value"]: error["title"] for error in found.errors} == {
        deleted: "Not Found Error",
        "77": "Not Found Error",
        hidden: "Authorization Error",
    }
    alone = x.get_tweet(deleted)
    assert alone.data is None
    assert alone.errors


def test_reposts_deleted_and_protected_posts_are_no_mentions(simulator: RunningSimulator, x: tweepy.Client) -> None:
    kept = simulator.say_on_x("Broken bench")
    simulator.say_on_x(repost_of=kept, author="echo")
    simulator.delete_on_x(simulator.say_on_x("Never mind"))
    simulator.say_on_x("Only for friends", author={"handle": "shy", "protected": True})
    simulator.say_on_x("Not about the city", mention=False)
    assert ids(x.get_users_mentions(ME)) == [int(kept)]


def test_a_late_post_appears_below_one_already_seen(simulator: RunningSimulator, x: tweepy.Client) -> None:
    late = simulator.say_on_x("Delayed by the network", late_by=0.4)
    seen = simulator.say_on_x("Prompt")
    assert ids(x.get_users_mentions(ME)) == [int(seen)]
    until = time.monotonic() + 5
    while len(found := ids(x.get_users_mentions(ME))) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert found == [int(seen), int(late)]
    assert int(late) < int(seen)


def test_every_answer_tells_the_rate_limit_and_a_spent_one_is_429(
    simulator: RunningSimulator, x: tweepy.Client
) -> None:
    simulator.limits(operation="mentions", limit=2, window=60)
    x.return_type = requests.Response
    first = x.get_users_mentions(ME)
    assert (first.headers["x-rate-limit-limit"], first.headers["x-rate-limit-remaining"]) == ("2", "1")
    x.get_users_mentions(ME)
    with pytest.raises(tweepy.TooManyRequests) as caught:
        x.get_users_mentions(ME)
    assert 0 < caught.value.reset_time - time.time() < 65
    assert caught.value.response.json()["title"] == "Too Many Requests"
    x.get_users_mentions(ME, user_auth=True)
    simulator.limits(on=False)
    assert x.get_users_mentions(ME).status_code == 200


def test_the_mentions_limits_are_those_of_x(simulator: RunningSimulator, x: tweepy.Client) -> None:
    x.return_type = requests.Response
    assert x.get_users_mentions(ME).headers["x-rate-limit-limit"] == "450"
    assert x.get_users_mentions(ME, user_auth=True).headers["x-rate-limit-limit"] == "300"


@pytest.mark.parametrize("size", [4, 101])
def test_a_page_size_x_refuses_is_400(x: tweepy.Client, size: int) -> None:
    with pytest.raises(tweepy.BadRequest):
        x.get_users_mentions(ME, max_results=size)


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "abc"])
def test_an_id_that_cannot_be_one_is_400(x: tweepy.Client, number: str) -> None:
    with pytest.raises(tweepy.BadRequest):
        x.get_tweets([number])
    with pytest.raises(tweepy.BadRequest):
        x.get_users_mentions(ME, since_id=number)
