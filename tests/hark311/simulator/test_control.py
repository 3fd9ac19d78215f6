"""The control API and who may use it."""

from collections import Counter

import httpx
import pytest

from hark311.simulator import RunningSimulator, SimulatorSettings
from hark311.simulator.samples import read_samples
from hark311.simulator.settings import NotLoopback, is_loopback


def test_the_same_key_stores_nothing_twice(simulator: RunningSimulator) -> None:
    first = simulator.say_many_on_x([{"key": "a", "text": "Hole"}, {"key": "b", "text": "Light"}])
    second = simulator.say_many_on_x([{"key": "b", "text": "Changed"}, {"key": "c", "text": "New"}])
    assert second[0] == first[1] | {"new": False}
    assert [post["text"] for post in simulator.x_posts()] == [
        "@Philly311Demo Hole",
        "@Philly311Demo Light",
        "@Philly311Demo New",
    ]
    said = simulator.say_on_telegram("Hello", key="t")
    assert simulator.say_on_telegram("Hello again", key="t") == said | {"new": False}
    assert simulator.counts()["telegram"]["updates_waiting"] == 1


def test_a_list_with_one_wrong_post_stores_none(simulator: RunningSimulator) -> None:
    with pytest.raises(ValueError, match="no post 404"):
        simulator.say_many_on_x([{"text": "Good"}, {"text": "Reply to nothing", "in_reply_to": "404"}])
    assert simulator.x_posts() == []


@pytest.mark.parametrize(
    "post", [{"text": ""}, {"text": "x", "txet": "typo"}, {"text": "x", "lat": 91}, {"text": "x", "author": "not ok!"}]
)
def test_a_post_that_makes_no_sense_is_refused(simulator: RunningSimulator, post: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not understood"):
        simulator.say_many_on_x([post])


def test_posts_can_be_listed_by_key_and_from_an_id_on(simulator: RunningSimulator) -> None:
    posts = simulator.say_many_on_x([{"key": f"k{n}", "text": f"Post {n}"} for n in range(4)])
    assert [post["key"] for post in simulator.x_posts(keys="k1,k3")] == ["k1", "k3"]
    assert [post["key"] for post in simulator.x_posts(since=posts[1]["id"])] == ["k2", "k3"]
    assert [post["key"] for post in simulator.x_posts(limit=1)] == ["k0"]


def test_a_single_object_is_taken_as_a_list_of_one(simulator: RunningSimulator) -> None:
    answer = httpx.post(f"{simulator.url}/control/x/posts", json={"text": "Alone"})
    assert len(answer.json()["posts"]) == 1


def test_samples_load_once(simulator: RunningSimulator) -> None:
    said = Counter(network for network, _ in read_samples())
    assert said == {"x": 24, "telegram": 16, "mastodon": 4, "bluesky": 4}
    assert simulator.load_samples() == said.total()
    before = simulator.counts()
    assert simulator.load_samples() == 0
    assert simulator.counts() == before


def test_samples_are_long_many_tongued_and_threaded(simulator: RunningSimulator) -> None:
    simulator.load_samples()
    posts = simulator.x_posts()
    assert any(len(post["text"]) > 280 for post in posts)
    assert any(post["in_reply_to"] for post in posts)
    kinds = {kind for one in simulator.telegram_messages() for kind in one["message"]}
    assert {"location", "photo", "media_group_id", "venue", "document", "reply_to_message"} <= kinds


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.com", "::"])  # noqa: S104 - refused, that is the point
def test_an_address_others_can_reach_is_refused(tmp_path_factory: pytest.TempPathFactory, host: str) -> None:
    with pytest.raises(NotLoopback, match="loopback only"):
        SimulatorSettings(tmp_path_factory.mktemp("no") / "city.sqlite", host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.9.9.9"])
def test_loopback_names_are_known(host: str) -> None:
    assert is_loopback(host)


def test_a_foreign_host_name_is_refused(simulator: RunningSimulator) -> None:
    for path in ("/control/counts", "/", "/x"):
        answer = httpx.get(simulator.url + path, headers={"Host": "city.example.com"})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
    ],
)
def test_another_web_site_cannot_write_through_a_browser(simulator: RunningSimulator, headers: dict[str, str]) -> None:
    body = '{"text": "Forged"}'
    sent = {"Content-Type": "application/json", **headers}
    answer = httpx.post(f"{simulator.url}/control/x/posts", content=body, headers=sent)
    assert answer.status_code == 403
    assert simulator.x_posts() == []
