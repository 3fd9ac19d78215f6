"""`hark up` as an operator sees it: starts, answers, loses no word when any part of it is killed, and ends."""

import json
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from benchmarks.person import Person, stands
from hark311 import wiring
from hark311.settings import load
from hark311.staffing import ensure_staff
from models import (
    AttemptOutcome,
    Database,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    Role,
    SendAttempt,
    ServiceRequest,
    utc_now,
)
from responders.repeating import LOOKS
from tests.running import Running, alive, free_port, hark, kill, lines, own_posts, wait_until

pytestmark = pytest.mark.timeout(150)

SAMPLES = 45
GONE_OUT = (ReplyState.SENDING, ReplyState.SENT, ReplyState.UNCERTAIN)
KILLED = ("worker", "simulator")
REFUSED_AT_MOST = 9
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
    drafted = wait_until(lambda: _counted(up).get(MentionState.DRAFTED, 0) >= SAMPLES - 5 and _counted(up), seconds=60)
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
        port = taken.getsockname()[1]
        refused = hark("up", "--data", tmp_path / "other", "--port", port)
    assert refused.returncode == 2
    assert f"Port {port} is taken" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.thorough
def test_no_post_is_lost_or_doubled_while_every_process_is_killed_in_turn(up: Running, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text(lines(120, "killed", TEXTS))
    up.control("POST", "/x/posts", {"text": "before the kills", "key": "warm-up"})
    pids = up.pids()
    assert set(pids) == {"up", "redis", "simulator", "worker", "console"}
    assert up.status()["pids"] == pids
    replay = up.replay(file, "--rate", 60, "--check", "--patience", 100)
    wait_until(lambda: up.control("GET", "/x/posts", keys="replay:killed-0")["posts"])
    for name in ("redis", "simulator", "worker", "console"):
        kill(pids[name])
        time.sleep(0.3)
    kill(pids["up"])
    assert up.process is not None
    up.process.wait()
    up.start()
    said, trouble = replay.communicate(timeout=140)
    assert replay.returncode == 0, trouble
    found = json.loads(said)
    assert (found["sent"], found["lost"], found["doubled"]) == (120, 0, 0)
    assert found["understood"] == found["sent"]


@pytest.mark.thorough
def test_replies_and_requests_go_out_once_while_worker_and_simulator_are_killed(up: Running) -> None:
    database, settings = _database(up), load(up.data)
    with database.write() as session:
        staff_id = ensure_staff(session, "Mae Jones", Role.SUPERVISOR).id or 0
    person = Person(database, replace(wiring.desk_of(settings, database), hold=timedelta(0)), staff_id)
    reply_ids: list[int] = []

    def nine_are_approved() -> bool:
        """One that changes under the hand, or that the desk takes no answer to, makes room for another."""
        for mention_id in person.waiting()[: 9 + REFUSED_AT_MOST]:
            if len(reply_ids) == 9:
                break
            approved = person.approve(mention_id, f"(MJ {mention_id})")
            reply_ids.extend([approved.reply_id] if approved and approved.reply_id else [])
        return len(reply_ids) == 9

    wait_until(nine_are_approved)
    for _ in range(2):
        wait_until(lambda: _replies(database, reply_ids, *GONE_OUT), 40, every=0.002)
        pids = wait_until(lambda: (now := up.pids()) and set(KILLED) <= set(now) and now)
        for name in KILLED:
            kill(pids[name])
        wait_until(lambda: set(KILLED) <= set(up.pids()))
    until = time.monotonic() + 60
    while len(_replies(database, reply_ids, ReplyState.SENT, ReplyState.DRAFT)) < len(reply_ids):
        assert time.monotonic() < until, up.said()[-3000:]
        _let_leases_run_out(database)
        for doubt in person.doubts(len(LOOKS)):
            person.settle(doubt, own_posts(up.root))
        time.sleep(0.5)
    ours = own_posts(up.root)
    for reply in _replies(database, reply_ids):
        came_back = reply.state == ReplyState.DRAFT  # the city refused its request, so it promises nothing
        assert stands(ours, reply.in_reply_to or "", f"(MJ {reply.mention_id})") == (0 if came_back else 1)
    assert len(_replies(database, reply_ids, ReplyState.SENT)) >= 3
    filed = [one["description"] for one in up.control("GET", "/open311/requests")["requests"]]
    with database.read() as session:
        requests = session.exec(select(ServiceRequest)).all()
    for request in requests:
        assert sum(request.reference in one for one in filed) == (request.state == RequestState.SUBMITTED)
    assert hark("db", "check", "--data", up.data).returncode == 0
    database.dispose()


def test_killing_it_leaves_nothing_behind(up: Running) -> None:
    pids = wait_until(lambda: (now := up.pids()) and len(now) == 5 and now)
    kill(pids["up"])
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


def _replies(database: Database, ids: Sequence[int], *states: ReplyState) -> list[Reply]:
    with database.read() as session:
        query = select(Reply).where(col(Reply.id).in_(ids))
        return list(session.exec(query.where(col(Reply.state).in_(states)) if states else query).all())


def _let_leases_run_out(database: Database) -> None:
    """As if half an hour had passed since the calls nobody has heard of again, and since the last look at them."""
    now = utc_now()
    with database.write() as session:
        for table, state in ((Reply, ReplyState.SENDING), (ServiceRequest, RequestState.SUBMITTING)):
            for row in session.exec(select(table).where(table.state == state)).all():
                row.lease_until = now - timedelta(minutes=1)
                session.add(row)
        in_doubt = col(SendAttempt.outcome).in_([AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN])
        for attempt in session.exec(select(SendAttempt).where(in_doubt)).all():
            if now - timedelta(minutes=5) < attempt.started_at < now - timedelta(seconds=5):
                attempt.started_at -= timedelta(minutes=31)
            if attempt.looked_at and attempt.looked_at > now - timedelta(minutes=5):
                attempt.looked_at -= timedelta(minutes=31)
            session.add(attempt)
