"""`hark up` as an operator sees it: starts, answers, survives kills of any part of it without losing a word, and ends."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from hark311 import wiring
from hark311.settings import load
from models import (
    Database,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Role,
    SendAttempt,
    ServiceRequest,
)
from models.threads import newest_inbound
from responders.review import Decided, Desk, RequestFields
from tests.running import Running, alive, free_port, hark, lines, wait_until

pytestmark = pytest.mark.timeout(150)

SAMPLES = 38
SETTLED = (ReplyState.SENT, ReplyState.UNCERTAIN)
TEXTS = [
    "Pothole number {number} on Frankford Ave at Girard, my wheel is gone",
    "Street light {number} is out at 22nd and Tasker St",
    "Trash was not collected on block {number} of Reed St",
    "Graffiti number {number} on the wall of the library at 6th and Girard",
]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One running product for this file."""
    with Running(tmp_path_factory.mktemp("up") / "data", hold_seconds=0) as running:
        yield running


def _database(up: Running) -> Database:
    return wiring.database_of(load(up.data))


def test_the_link_signs_in_once_and_the_desk_says_it_is_well(up: Running) -> None:
    link = re.findall(r"http://\S+/sign-in/\S+", up.said())[-1]
    with httpx.Client(trust_env=False) as browser:
        health = browser.get(f"http://127.0.0.1:{up.port}/health")
        token = re.search(r'name="csrf" value="(\w+)"', browser.get(link).text)
        assert health.is_success
        assert token
        signed_in = browser.post(link, data={"csrf": token.group(1)})
        assert signed_in.status_code == 303
        assert browser.get(f"http://127.0.0.1:{up.port}/queue").is_success
    with httpx.Client(trust_env=False) as somebody_else:
        assert somebody_else.get(link).status_code == 403


def test_the_samples_come_to_the_desk_as_drafts(up: Running) -> None:
    drafted = wait_until(lambda: _counted(up).get(MentionState.DRAFTED, 0) >= SAMPLES - 5 and _counted(up))
    assert sum(drafted.values()) >= SAMPLES - 2


def test_a_second_one_on_the_same_data_is_refused_with_a_sentence(up: Running) -> None:
    second = hark("up", "--data", up.data, "--port", free_port())
    assert second.returncode == 2
    assert "already runs with" in second.stderr
    assert "Traceback" not in second.stderr
    assert all(alive(pid) for pid in up.pids().values())


def test_a_port_that_is_taken_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = hark("up", "--data", tmp_path / "other", "--port", taken.getsockname()[1])
    assert refused.returncode == 2
    assert f"Port {taken.getsockname()[1]} is taken" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_no_post_is_lost_or_doubled_while_every_process_is_killed_in_turn(up: Running, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text(lines(120, "killed", TEXTS))
    up.control("POST", "/x/posts", {"text": "before the kills", "key": "warm-up"})
    pids = up.pids()
    assert set(pids) == {"up", "redis", "simulator", "worker", "console"}
    replay = up.replay(file, "--rate", 60, "--check", "--patience", 100)
    wait_until(lambda: up.control("GET", "/x/posts", keys="replay:killed-0")["posts"])
    for name in ("redis", "simulator", "worker", "console"):
        os.kill(pids[name], signal.SIGKILL)
        time.sleep(0.3)
    os.kill(pids["up"], signal.SIGKILL)
    assert up.process is not None
    up.process.wait()
    up.start()
    said, trouble = replay.communicate(timeout=140)
    assert replay.returncode == 0, trouble
    found = json.loads(said)
    assert (found["sent"], found["lost"], found["doubled"]) == (120, 0, 0)
    assert found["understood"] == found["sent"]


def test_replies_and_requests_go_out_once_while_worker_and_simulator_are_killed(up: Running) -> None:
    database = _database(up)
    desk, staff_id = _desk(up, database)
    approved = [_approve(desk, database, staff_id, mention_id) for mention_id in _fit_to_approve(database, 8)]
    for _ in range(2):
        wait_until(lambda: _in_state(database, ReplyState.SENDING, *SETTLED) or True, 5)
        for name in ("worker", "simulator"):
            os.kill(up.pids()[name], signal.SIGKILL)
        wait_until(lambda: {"worker", "simulator"} <= set(up.pids()))
    until = time.monotonic() + 60
    while pending := _undelivered(database, approved):
        _let_leases_run_out(database)
        _decide_truthfully(up, desk, database, staff_id)
        assert time.monotonic() < until, f"{pending} never left; {up.said()[-2000:]}"
        time.sleep(0.5)
    ours = up.control("GET", "/x/posts", by="us")["posts"]
    messages = up.control("GET", "/telegram/messages", by="us")["messages"]
    stands = Counter([one["in_reply_to"] for one in ours] + [f"{one['chat_id']}:{one['reply_to']}" for one in messages])
    with database.read() as session:
        replies = session.exec(select(Reply).where(col(Reply.id).in_(approved))).all()
        requests = session.exec(
            select(ServiceRequest).where(col(ServiceRequest.mention_id).in_([one.mention_id for one in replies]))
        ).all()
    assert {reply.in_reply_to: stands[reply.in_reply_to] for reply in replies} == {
        reply.in_reply_to: 1 for reply in replies
    }
    filed = [one["description"] for one in up.control("GET", "/open311/requests")["requests"]]
    for request in requests:
        assert sum(request.reference in one for one in filed) == (request.state == RequestState.SUBMITTED)
    assert hark("db", "check", "--data", up.data).returncode == 0
    database.dispose()


def test_killing_it_leaves_nothing_behind(up: Running) -> None:
    pids = wait_until(lambda: (now := up.pids()) and len(now) == 5 and now)
    os.kill(pids["up"], signal.SIGKILL)
    assert up.process is not None
    up.process.wait()
    wait_until(lambda: not [name for name, pid in pids.items() if alive(pid)], 10)
    assert up.pids() == {}


def test_ctrl_c_ends_every_part_quietly(up: Running) -> None:
    up.start()
    pids = wait_until(lambda: (now := up.pids()) and len(now) == 5 and now)
    before = len(up.said())
    assert up.end(signal.SIGINT) == 0
    assert not [name for name, pid in pids.items() if alive(pid)]
    assert "hark311.supervisor" not in up.said()[before:]
    assert up.pids() == {}


def _counted(up: Running) -> dict[str, int]:
    database = _database(up)
    with database.read() as session:
        counted = Counter(str(state) for state in session.exec(select(Mention.state)).all())
    database.dispose()
    return dict(counted)


def _in_state(database: Database, *states: ReplyState) -> list[Reply]:
    with database.read() as session:
        return list(session.exec(select(Reply).where(col(Reply.state).in_(states))).all())


def _desk(up: Running, database: Database) -> tuple[Desk, int]:
    from hark311.staffing import ensure_staff

    with database.write() as session:
        staff_id = ensure_staff(session, "Mae Jones", Role.SUPERVISOR).id or 0
    return replace(wiring.desk_of(load(up.data), database), hold=timedelta(0)), staff_id
