"""Fast enough for load: bulk posting, and pages of mentions among many posts."""

import time

import tweepy

from hark311.simulator import RunningSimulator

ME = 311000311
POSTS = 6_000


def test_bulk_posting_and_paging_stay_fast(simulator: RunningSimulator, x: tweepy.Client) -> None:
    posts = [
        {"key": f"k{n}", "author": f"res_{n % 500}", "text": f"Trash on the {n} block of S 9th St was not taken"}
        for n in range(POSTS)
    ]
    started = time.perf_counter()
    simulator.say_many_on_x(posts)
    rate = POSTS / (time.perf_counter() - started)
    assert rate > 2_000
    x.get_users_mentions(ME, max_results=100)
    times = []
    for _ in range(7):
        started = time.perf_counter()
        x.get_users_mentions(ME, max_results=100, tweet_fields=["author_id", "entities"], expansions=["author_id"])
        times.append(time.perf_counter() - started)
    assert sorted(times)[3] < 0.05
