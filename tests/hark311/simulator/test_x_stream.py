"""The filtered stream, through tweepy: rules, and the posts they match at once."""

import json
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import tweepy

from hark311.outgoing import stream_session
from hark311.simulator import RunningSimulator
from hark311.simulator.settings import SimulatorSettings


class Listener(tweepy.StreamingClient):  # type: ignore[misc]  # tweepy ships no types
    """Keeps what comes."""

    def __init__(self, running: RunningSimulator) -> None:
        keys = running.settings.x_keys
        super().__init__(keys.bearer_token, return_type=dict, daemon=True, max_retries=0)
        self.session = stream_session(running.x_url)
        self.came: Queue[Any] = Queue()

    def on_connect(self) -> None:
        self.came.put("open")

    def on_data(self, raw_data: bytes) -> None:
        self.came.put(raw_data)

    def on_request_error(self, status_code: int) -> None:
        self.came.put(status_code)
        self.running = False


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningSimulator]:
    """A simulator of its own."""
    with RunningSimulator(tmp_path / "city.sqlite") as one:
        yield one


def test_a_post_that_a_rule_matches_is_brought_with_the_rules_tag(running: RunningSimulator) -> None:
    listener = Listener(running)
    listener.filter(threaded=True)
    assert listener.came.get(timeout=5) == 409  # X takes no connection without a rule
    listener.thread.join(5)
    added = listener.add_rules([tweepy.StreamRule("#parkchat -is:retweet", "chat-1"), tweepy.StreamRule("trash", "t")])
    assert [one["tag"] for one in added["data"]] == ["chat-1", "t"]
    assert listener.add_rules(tweepy.StreamRule("trash", "t"))["errors"][0]["title"] == "DuplicateRule"
    listener.delete_rules(added["data"][1]["id"])
    assert [one["value"] for one in listener.get_rules()["data"]] == ["#parkchat -is:retweet"]
    with pytest.raises(tweepy.BadRequest):
        listener.add_rules(tweepy.StreamRule("(trash"))
    running.say_on_x("before #ParkChat", mention=False)
    listener.filter(threaded=True, expansions=["author_id"])
    assert listener.came.get(timeout=5) == "open"
    running.say_on_x("no trash today", mention=False)
    said = running.say_on_x("now #ParkChat", author="dee_215", mention=False)
    brought = json.loads(listener.came.get(timeout=5))
    assert (brought["data"]["id"], brought["includes"]["users"][0]["username"]) == (said, "dee_215")
    assert [one["tag"] for one in brought["matching_rules"]] == ["chat-1"]
    listener.disconnect()


def test_a_tier_without_the_stream_says_so(tmp_path: Path) -> None:
    database = tmp_path / "city.sqlite"
    with RunningSimulator(database, SimulatorSettings(database, port=0, x_stream=False)) as running:
        listener = Listener(running)
        with pytest.raises(tweepy.Forbidden, match="access level"):
            listener.get_rules()
        listener.filter(threaded=True)
        assert listener.came.get(timeout=5) == 403
