"""Faults on demand, as the real clients feel them."""

import time

import httpx
import pytest
import requests
import telegram
import tweepy
from telegram.error import NetworkError, TimedOut

from hark311.simulator import RunningSimulator

ME = 311000311
HOLE = {"api_key": "simulator-open311-key", "service_code": "POTHOLE", "address_string": "Broad and Erie"}


def test_a_drop_after_commits_what_the_caller_never_hears_of(simulator: RunningSimulator, x: tweepy.Client) -> None:
    asked = simulator.say_on_x("Hole")
    simulator.fault("x", "drop_after", "create_post")
    with pytest.raises(requests.ConnectionError):
        x.create_tweet(text="On it", in_reply_to_tweet_id=asked)
    assert len(simulator.our_replies_on_x(asked)) == 1
    with pytest.raises(tweepy.Forbidden, match="duplicate"):
        x.create_tweet(text="On it", in_reply_to_tweet_id=asked)


def test_a_drop_before_does_nothing(simulator: RunningSimulator, x: tweepy.Client) -> None:
    asked = simulator.say_on_x("Hole")
    simulator.fault("x", "drop_before", "create_post")
    with pytest.raises(requests.ConnectionError):
        x.create_tweet(text="On it", in_reply_to_tweet_id=asked)
    assert simulator.our_replies_on_x(asked) == []
    x.create_tweet(text="On it", in_reply_to_tweet_id=asked)


@pytest.mark.parametrize(("kind", "stored"), [("drop_before", 0), ("drop_after", 1)])
async def test_drops_reach_telegram(simulator: RunningSimulator, bot: telegram.Bot, kind: str, stored: int) -> None:
    chat = simulator.say_on_telegram("Hello")["chat_id"]
    simulator.fault("telegram", kind, "sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(chat, "Answer")
    assert len(simulator.telegram_messages(by="us")) == stored


@pytest.mark.parametrize(("kind", "stored"), [("drop_before", 0), ("drop_after", 1)])
def test_drops_reach_the_city(simulator: RunningSimulator, city: httpx.Client, kind: str, stored: int) -> None:
    simulator.fault("open311", kind, "post_request")
    with pytest.raises(httpx.RemoteProtocolError):
        city.post("/requests.json", data=HOLE)
    assert len(simulator.city_requests()) == stored


def test_statuses_html_and_broken_json_come_as_told(simulator: RunningSimulator, x: tweepy.Client) -> None:
    simulator.fault("x", "status", "mentions", status=503, body={"title": "Service Unavailable"})
    simulator.fault("x", "html_error", "mentions", status=502)
    simulator.fault("x", "garbage", "mentions")
    with pytest.raises(tweepy.TwitterServerError) as first:
        x.get_users_mentions(ME)
    assert first.value.response.status_code == 503
    with pytest.raises(tweepy.TwitterServerError):
        x.get_users_mentions(ME)
    with pytest.raises(requests.JSONDecodeError):
        x.get_users_mentions(ME)
    assert x.get_users_mentions(ME).meta["result_count"] == 0


def test_a_rate_limit_fault_tells_when_it_ends(simulator: RunningSimulator, x: tweepy.Client) -> None:
    simulator.fault("x", "rate_limit", "mentions", reset_in=90)
    with pytest.raises(tweepy.TooManyRequests) as caught:
        x.get_users_mentions(ME)
    assert 80 < caught.value.reset_time - time.time() < 100


def test_a_bad_key_lasts_until_it_is_cleared(simulator: RunningSimulator, x: tweepy.Client) -> None:
    simulator.fault("x", "bad_key", times=None)
    for _ in range(2):
        with pytest.raises(tweepy.Unauthorized):
            x.get_users_mentions(ME)
    assert simulator.faults()[0]["struck"] == 2
    simulator.clear_faults()
    assert x.get_users_mentions(ME).meta["result_count"] == 0


async def test_slow_answers_run_into_the_callers_timeout(simulator: RunningSimulator, bot: telegram.Bot) -> None:
    chat = simulator.say_on_telegram("Hello")["chat_id"]
    simulator.fault("telegram", "slow_after", "sendMessage", seconds=1.5)
    with pytest.raises(TimedOut):
        await bot.send_message(chat, "Answer", read_timeout=0.2)
    assert len(simulator.telegram_messages(by="us")) == 1


def test_a_seeded_fault_strikes_the_same_calls_each_time(simulator: RunningSimulator, city: httpx.Client) -> None:
    patterns = []
    for _ in range(2):
        simulator.fault("open311", "status", "services", status=500, times=None, probability=0.5, seed=7)
        patterns.append([city.get("/services.json").status_code for _ in range(12)])
        simulator.clear_faults()
    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {200, 500}


def test_calls_are_logged_without_tokens(simulator: RunningSimulator, x: tweepy.Client) -> None:
    x.get_users_mentions(ME)
    token = simulator.settings.telegram_token
    httpx.get(f"{simulator.telegram_base_url}{token}/getMe")
    simulator.fault("open311", "drop_before", "services")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{simulator.open311_url}/services.json")
    calls = simulator.calls()
    assert [(call["channel"], call["operation"], call["status"]) for call in calls] == [
        ("x", "mentions", 200),
        ("telegram", "getMe", 200),
        ("open311", "services", 0),
    ]
    assert token not in str(calls)
    assert calls[1]["path"] == "/telegram/bot/getMe"
