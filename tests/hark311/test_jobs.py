"""Nudges are a convenience: none may ever cost work, time or an error, and what a lost one left behind is found."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hark311.embedded import redis_url, start
from hark311.jobs import QUEUE, Nudger, from_bytes, redis_settings, to_bytes
from hark311.settings import Settings
from models import MentionState, job_names
from tests.running import START_SECONDS, free_port, spawn, wait_until
from tests.town import Town


@pytest.fixture
def embedded_redis(tmp_path: Path) -> Iterator[str]:
    """The product's own Redis, on a socket."""
    settings = Settings(data=tmp_path / "redis")
    child = start(settings)
    yield redis_url(settings)
    child.kill()
    child.wait()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{port}/0", "unix:///nowhere/redis.sock"])
async def test_without_redis_a_nudge_raises_nothing_and_returns_at_once(url: str) -> None:
    nudger = Nudger(url.format(port=free_port()))
    began = time.monotonic()
    await nudger(job_names.UNDERSTAND)
    await nudger(job_names.SEND_REPLY, 7)
    assert time.monotonic() - began < 1
    await nudger.close()


async def test_a_redis_that_never_answers_holds_nobody_up_for_long() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        nudger = Nudger(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()
        await nudger(job_names.UNDERSTAND)
        assert time.monotonic() - began < 5
        await nudger.close()


async def test_a_nudge_is_a_name_and_ids_as_json(embedded_redis: str) -> None:
    nudger = Nudger(embedded_redis)
    await nudger(job_names.SEND_REPLY, 7)
    pool = await nudger._pool()
    (queued,) = await pool.queued_jobs(queue_name=QUEUE)
    (key,) = [key async for key in pool.scan_iter("arq:job:*")]
    stored = json.loads(await pool.get(key))
    assert (queued.function, list(queued.args)) == (job_names.SEND_REPLY, [7])
    assert stored["f"] == job_names.SEND_REPLY
    assert from_bytes(to_bytes({"f": "x", "a": [1]})) == {"f": "x", "a": [1]}
    await nudger.close()


async def test_nudges_for_the_same_thing_in_a_moment_are_one_and_for_others_are_not(embedded_redis: str) -> None:
    nudger = Nudger(embedded_redis)
    await nudger(job_names.UNDERSTAND)  # opens the connection
    pool = await nudger._pool()
    await pool.flushdb()
    await asyncio.gather(*(nudger(job_names.SEND_REPLY, reply_id) for reply_id in (1, 2, 3) for _ in range(20)))
    jobs = await pool.queued_jobs(queue_name=QUEUE)
    assert {tuple(job.args) for job in jobs} == {(1,), (2,), (3,)}
    assert len(jobs) <= 3 * 5  # a moment may end in between, on a slow machine more than once
    assert len({job.job_id for job in jobs}) == len(jobs)
    await nudger.close()


async def test_a_reply_is_nudged_again_when_its_hold_is_over(embedded_redis: str) -> None:
    nudger = Nudger(embedded_redis, hold=timedelta(seconds=30))
    await nudger(job_names.SEND_REPLY, 7)
    await nudger(job_names.UNDERSTAND)
    pool = await nudger._pool()
    jobs = await pool.queued_jobs(queue_name=QUEUE)
    scores = sorted((job.score or 0) / 1000 - time.time() for job in jobs if job.function == job_names.SEND_REPLY)
    assert len(scores) == 2
    assert scores[0] < 5 < 20 < scores[1] < 31
    assert sum(job.function == job_names.UNDERSTAND for job in jobs) == 1
    await nudger.close()


def test_waiting_for_redis_is_short() -> None:
    for url in ("redis://127.0.0.1:1/3", "unix:///run/redis.sock"):
        found = redis_settings(url)
        assert (found.conn_timeout, found.conn_retries) == (2, 1)
    assert redis_settings("redis://127.0.0.1:1/3").database == 3
    assert redis_settings("unix:///run/redis.sock").unix_socket_path == "/run/redis.sock"


def test_what_waits_is_found_though_every_nudge_for_it_was_lost(
    town: Town, embedded_redis: str, tmp_path: Path
) -> None:
    post_id = town.simulator.say_on_x("Deep pothole at 5th and Market St", author="dee_215")
    town.listen()  # stored, and nobody was nudged
    assert town.mention_of(post_id).state == MentionState.RECEIVED
    settings = {"redis_url": embedded_redis, "simulator_port": town.simulator.settings.port}
    log = tmp_path / "worker.log"
    working = spawn("worker", "--data", town.data, "--name", "town", log=log, **settings)
    try:
        wait_until(lambda: town.mention_of(post_id).state == MentionState.DRAFTED, START_SECONDS)
        town.approve(town.mention_of(post_id).id)
        wait_until(lambda: town.mention_of(post_id).state == MentionState.CLOSED)
    finally:
        working.terminate()
        ended = working.wait(20)
    assert len(town.our_replies_on_x(post_id)) == 1
    assert len(town.simulator.city_requests()) == 1
    assert town.account("x").lease_holder is None  # given back on the way out
    assert ended == 0
    assert "Traceback" not in log.read_text()


def test_a_worker_without_redis_says_so_and_ends(town: Town, tmp_path: Path) -> None:
    settings = {"redis_url": f"redis://127.0.0.1:{free_port()}/0", "simulator_port": town.simulator.settings.port}
    log = tmp_path / "worker.log"
    working = spawn("worker", "--data", town.data, "--name", "test", log=log, **settings)
    assert working.wait(START_SECONDS) == 1
    assert "Redis does not answer" in log.read_text()
    assert "Traceback" not in log.read_text()
