"""Many machines: workers side by side on PostgreSQL and Redis hear once, send once, and outlive one another."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from benchmarks.person import Person, stands
from hark311 import wiring
from hark311.settings import load
from hark311.staffing import ensure_staff
from models import (
    CHANNELS,
    Account,
    Channel,
    Database,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    Role,
    ServiceRequest,
)
from tests import services
from tests.running import START_SECONDS, environment, free_port, hark, lines, own_posts, spawn, wait_until

pytestmark = [pytest.mark.scaled, pytest.mark.thorough, pytest.mark.timeout(150)]

TEXTS = [
    "Pothole number {number} on Frankford Ave at Girard, my wheel is gone",
    "Overgrown tree number {number} at 22nd and Tasker St hangs into the road",
    "Trash was not collected at {number} Reed St",
    "Graffiti number {number} on the wall of the library at 6th and Girard",
]


@dataclass
class Cluster:
    """Two workers, a desk and the simulated city as processes, over one PostgreSQL and one Redis."""

    data: Path
    database_url: str
    redis_url: str
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings: dict[str, Any] = {
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "simulator_port": free_port(),
            "port": free_port(),
            "hold_seconds": 0,
        }
        self.root = f"http://127.0.0.1:{self.settings['simulator_port']}"

    def start(self, name: str, *command: str) -> None:
        log = self.data.with_suffix(f".{name}.log")
        self.processes[name] = spawn(*command, "--data", self.data, log=log, **self.settings)

    def control(self, path: str, **query: str) -> Any:
        answer = httpx.get(f"{self.root}/control{path}", params=query, timeout=20, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def replay(self, file: Path, channel: str) -> "subprocess.Popen[str]":
        """Start a replay that counts from both sides at the end; its JSON comes on standard output."""
        command = [sys.executable, "-m", "hark311", "replay", str(file), "--data", str(self.data), "--channel", channel]
        return subprocess.Popen(
            [*command, "--rate", "60", "--check", "--json", "--patience", "90"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**self.settings),
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as stack:
        database_url = stack.enter_context(services.throwaway_postgresql())
        redis_url = stack.enter_context(services.throwaway_redis())
        cluster = Cluster(tmp_path_factory.mktemp("scaled") / "data", database_url, redis_url)
        upgraded = hark("db", "upgrade", "--data", cluster.data, **cluster.settings)
        assert upgraded.returncode == 0, upgraded.stderr
        cluster.start("simulator", "simulate")
        for name in ("one", "two"):
            cluster.start(name, "worker", "--name", name)
        cluster.start("desk", "serve")
        try:
            yield cluster
        finally:
            for process in cluster.processes.values():
                process.send_signal(signal.SIGTERM)
            for process in cluster.processes.values():
                process.wait(20)


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> Iterator[Database]:
    database = Database(cluster.database_url)
    yield database
    database.dispose()


def _desk_answers(cluster: Cluster) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{cluster.settings['port']}/health", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _holders(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        return {one.name: one.lease_holder for one in session.exec(select(Account)).all()}


def test_the_desk_answers_and_each_account_is_heard_by_one_worker(cluster: Cluster, database: Database) -> None:
    wait_until(lambda: _desk_answers(cluster), START_SECONDS)
    holders = wait_until(lambda: (now := _holders(database)) and all(now.values()) and now, START_SECONDS)
    assert set(holders) == {one for one in Channel if CHANNELS[one].speaks}
    assert set(holders.values()) <= {"one", "two"}


def test_no_post_is_lost_or_doubled_when_a_worker_is_killed(
    cluster: Cluster, database: Database, tmp_path: Path
) -> None:
    replays = []
    for channel in ("x", "telegram"):
        file = tmp_path / f"{channel}.jsonl"
        file.write_text(lines(75, f"scaled-{channel}", TEXTS))
        replays.append(cluster.replay(file, channel))
    wait_until(lambda: cluster.control("/x/posts", keys="replay:scaled-x-20")["posts"])
    killed = _holders(database)["x"] or "one"
    cluster.processes[killed].kill()
    cluster.processes[killed].wait()
    cluster.start(killed, "worker", "--name", killed)  # as a service manager would
    for replay in replays:
        said, trouble = replay.communicate(timeout=120)
        assert replay.returncode == 0, trouble
        assert json.loads(said) == {"sent": 75, "stored": 75, "understood": 75, "lost": 0, "doubled": 0}


def test_twenty_approvals_at_once_leave_once_each(cluster: Cluster, database: Database) -> None:
    desk = replace(wiring.desk_of(load(cluster.data), database), hold=timedelta(0))
    with database.write() as session:
        names = ("Mae Jones", "Ali Reza", "Kim Lee")
        staff_ids = [ensure_staff(session, name, Role.APPROVER).id or 0 for name in names]
    people = [Person(database, desk, staff_id) for staff_id in staff_ids]
    mention_ids = people[0].waiting(20)
    approved: list[int] = []

    def approve_all(person: Person) -> None:
        approved.extend(one for one in mention_ids if person.approve(one, f"(MJ {one})"))

    threads = [threading.Thread(target=approve_all, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(approved) == sorted(mention_ids)  # each by exactly one of the three
    replies = wait_until(lambda: _settled(database, mention_ids), 60)
    ours = own_posts(cluster.root)
    sent = [reply for reply in replies if reply.state == ReplyState.SENT]
    assert len(replies) == 20
    assert len(sent) >= 15
    for reply in sent:
        assert stands(ours, reply.in_reply_to or "", f"(MJ {reply.mention_id})") == 1
    assert len(ours) == len(sent)
    filed = [one["description"] for one in cluster.control("/open311/requests")["requests"]]
    with database.read() as session:
        requests = session.exec(select(ServiceRequest).where(ServiceRequest.state == RequestState.SUBMITTED)).all()
    assert len(requests) == len(filed) > 5
    for request in requests:
        assert sum(request.reference in one for one in filed) == 1


def test_the_database_is_as_it_should_be(cluster: Cluster, database: Database) -> None:
    checked = hark("db", "check", "--json", "--data", cluster.data, **cluster.settings)
    assert json.loads(checked.stdout) == {"problems": []}
    status = json.loads(hark("status", "--json", "--data", cluster.data, **cluster.settings).stdout)
    assert status["posts"] >= 150
    assert status["open_gaps"] == []
    with database.read() as session:
        unread = session.exec(select(Mention.id).where(Mention.state == MentionState.RECEIVED)).all()
    assert unread == []


def _settled(database: Database, mention_ids: list[int]) -> list[Reply] | None:
    """The replies, once each is sent, or a draft again because the city refused its request."""
    with database.read() as session:
        replies = list(session.exec(select(Reply).where(col(Reply.mention_id).in_(mention_ids))).all())
    return replies if all(one.state in (ReplyState.SENT, ReplyState.DRAFT) for one in replies) else None
