"""The whole product under fire: is anything lost, doubled, sent unapproved, illegal or left undelivered?

    python -m benchmarks.faults --channel x --posts 2000 --faults 1000 --kills 100 --seed 1 --json

`hark up` runs on a throwaway data directory and ports of its own. Residents speak, correct and delete on one channel;
the simulated networks give 429, 5xx, HTML, broken, slow and half-closed answers, repeat pages and turn them round; the
worker (listeners and jobs), the desk and the embedded Redis are killed with -9; two people approve over HTTP. When all
is calm again both sides are counted: the simulator's own log and ours.
"""

import argparse
import json
import logging
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlmodel import col, func, select

from benchmarks.clerk import Clerk
from benchmarks.person import in_doubt, stands
from benchmarks.reckoning import Result, pending, reckon, uncertain
from benchmarks.residents import Residents, mark_of
from benchmarks.towns import own_posts
from hark311.console.words import LANGUAGES
from hark311.simulator import RunningSimulator
from hark311.simulator.settings import SimulatorSettings
from hark311.supervisor import running_pids
from models import (
    CHANNELS,
    Channel,
    Database,
    Mention,
    MentionState,
    Post,
    RequestState,
    SendAttempt,
    ServiceRequest,
    StaffUser,
)
from models.posts import PostKind
from tests.running import Running, hark, kill, wait_until

BACKLOG = 60
"""Residents wait with the next post while so many are not decided on yet, as a city's day is longer than this run."""
ARMED_AT_ONCE = 8
STALE_SECONDS = 15
"""A fault that nothing ran into for so long gives way to another."""
CALM_SECONDS = 900
UNDECIDED = (MentionState.RECEIVED, MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW)
GLANCE = 0.25
DYING_SECONDS = 3
KILLED = ("worker", "worker", "console", "redis")
CITY = ("post_request", "post_request", "requests")
CALLS: dict[Channel, tuple[str, ...]] = {
    Channel.X: ("create_post",) * 5 + ("mentions", "timeline"),
    Channel.TELEGRAM: ("sendMessage",) * 5 + ("getUpdates",),
    Channel.MASTODON: ("post_status",) * 5 + ("notifications", "own_statuses"),
    Channel.BLUESKY: ("createRecord",) * 5 + ("listNotifications", "getRecord"),
}
KINDS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("status", {"status": 503}, 8),
    ("status", {"status": 500, "body": "Internal Server Error"}, 8),
    ("html_error", {"status": 502}, 8),
    ("drop_before", {}, 8),
    ("drop_after", {}, 8),
    ("half_closed", {}, 8),
    ("garbage", {}, 6),
    ("slow", {"seconds": 0.5}, 6),
    ("slow_after", {"seconds": 0.5}, 6),
    ("repeat", {}, 8),
    ("reorder", {}, 8),
    ("rate_limit", {"reset_in": 2}, 8),
    ("bad_key", {}, 1),
)
"""(kind, how, how often beside the others); a refused key rests an account for a while, so it is rare."""


class AtWork(RunningSimulator):
    """The simulator of a product that runs: the same calls, to a process that somebody else keeps."""

    def __init__(self, port: int) -> None:
        super().__init__(Path("unused"), SimulatorSettings(Path("unused"), port=port))
        self._client = httpx.Client(base_url=f"{self.url}/control", trust_env=False, timeout=60)

    def disarm(self, number: int) -> bool:
        """Take one fault back; False when it has struck."""
        was = any(one["id"] == number for one in self.faults())
        self._ask("DELETE", f"/faults/{number}")
        return was


@dataclass(slots=True)
class Run:
    """One run on one channel."""

    channel: Channel
    posts: int
    faults: int
    kills: int
    seed: int
    directory: Path
    result: Result = field(default_factory=Result)
    killed: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    needless: list[str] = field(default_factory=list)
    said: int = 0
    seconds: float = 0.0
    up: Running = field(init=False)
    simulator: AtWork = field(init=False)
    database: Database = field(init=False)
    clerks: list[Clerk] = field(init=False)
    dice: random.Random = field(init=False)
    _armed: dict[int, tuple[str, float]] = field(default_factory=dict)

    def go(self, progress: Progress) -> None:
        """The storm, the calm after it, and the count."""
        began, self.dice = time.monotonic(), random.Random(self.seed)
        with Running(self.directory / "data", hold_seconds=1, city_answer_seconds=5, claim_minutes=0.5) as self.up:
            self.simulator = AtWork(self.up.simulator_port)
            self.simulator.limits(on=False)  # X would let one account answer a hundred times a quarter of an hour
            self.database = Database.in_file(self.up.data / "hark.db")
            residents = Residents(self.simulator, self.dice, _now, self.channel)
            self.clerks = [self._clerk(name, seat) for seat, name in enumerate(("Mae Jones", "Noor Haddad"))]
            self._teach_languages()
            at_desk = [threading.Thread(target=clerk.work, daemon=True) for clerk in self.clerks]
            for one in at_desk:
                one.start()
            self._storm(residents, progress)
            self._calm(progress)
            for clerk in self.clerks:
                clerk.stop()
            for one in at_desk:
                one.join()
            self._settle_doubts(progress)
            self.result.approvals = sum(clerk.approved for clerk in self.clerks)
            self.result.desk_broke = [broke for clerk in self.clerks for broke in clerk.broke]
            reckon(self.result, self.database, self.simulator, residents.said)
            self.said = len(residents.said)
        self.database.dispose()
        self.seconds = time.monotonic() - began

    def _clerk(self, name: str, seat: int) -> Clerk:
        def link() -> str:
            done = hark("sign-in", name, "--supervisor", "--data", self.up.data)
            return urlsplit(done.stdout.strip().split()[-1]).path

        clerk = Clerk(name, f"http://127.0.0.1:{self.up.port}", link, seat)
        clerk.sign_in()
        return clerk

    def _teach_languages(self) -> None:
        """Both read every language: else replies in some would wait for the other's key on the very same words."""
        with self.database.write() as session:
            for staff in session.exec(select(StaffUser)).all():
                staff.reads = list(LANGUAGES)
                session.add(staff)

    def _storm(self, residents: Residents, progress: Progress) -> None:
        task = progress.add_task("Storm", total=self.posts)
        deaths = sorted(self.dice.randrange(self.posts * 3 // 4) for _ in range(self.kills))
        before = self._decided()
        while len(residents.said) < self.posts or sum(self.struck.values()) < self.faults or deaths:
            spoken, decided = len(residents.said), self._decided() - before
            if spoken < self.posts and self._waiting_for_us(spoken) < BACKLOG:
                residents.speak()
            else:
                time.sleep(GLANCE)
            if deaths and (deaths[0] <= decided or spoken >= self.posts):  # so that work is done between two deaths
                deaths.pop(0)
                self._kill_one()
                if spoken >= self.posts:
                    time.sleep(DYING_SECONDS)
            self._keep_armed()
            if spoken >= self.posts and not self._moving():
                residents.speak()  # what is still to go wrong needs something to go wrong with
            progress.update(task, completed=min(spoken, self.posts))

    def _kill_one(self) -> None:
        part = self.dice.choice(KILLED)
        pid = wait_until(lambda: running_pids(self.up.data).get(part), CALM_SECONDS)
        kill(pid)
        self.killed[part] += 1

    def _keep_armed(self) -> None:
        now = time.monotonic()
        self._count_struck()
        for number in [number for number, (_, armed_at) in self._armed.items() if now - armed_at > STALE_SECONDS]:
            if self.simulator.disarm(number):
                del self._armed[number]
        while len(self._armed) < min(ARMED_AT_ONCE, self.faults - sum(self.struck.values())):
            city = self.dice.random() < 0.25
            kind, how, _ = self.dice.choices(KINDS, [weight for *_, weight in KINDS])[0]
            operation = self.dice.choice(CITY if city else CALLS[self.channel])
            number = self.simulator.fault("open311" if city else self.channel, kind, operation, **how)
            self._armed[number] = kind, now

    def _count_struck(self) -> None:
        left = {one["id"] for one in self.simulator.faults()}
        for number in [number for number in self._armed if number not in left]:
            self.struck[self._armed.pop(number)[0]] += 1

    def _decided(self) -> int:
        """Mentions that a person has decided on, or that are gone."""
        with self.database.read() as session:
            return session.exec(
                select(func.count()).select_from(Mention).where(col(Mention.state).not_in(UNDECIDED))
            ).one()

    def _waiting_for_us(self, spoken: int) -> int:
        """Things said that we have not heard yet, and mentions that nobody has decided on. Marks count from 1."""
        with self.database.read() as session:
            newest = session.exec(
                select(Post.text).where(Post.kind == PostKind.MENTION).order_by(col(Post.id).desc()).limit(BACKLOG)
            ).all()
            undecided = session.exec(
                select(func.count()).select_from(Mention).where(col(Mention.state).in_(UNDECIDED))
            ).one()
        heard = max((mark_of(text) or 0 for text in newest), default=0)
        return spoken - heard + undecided

    def _moving(self) -> bool:
        return bool(pending(self.database))

    def _calm(self, progress: Progress) -> None:
        """No more faults and kills: wait until nothing moves by itself and nobody has anything left to decide."""
        self._count_struck()
        self._armed.clear()
        self.simulator.clear_faults()
        task = progress.add_task("Calm", total=None)
        until, quiet = time.monotonic() + CALM_SECONDS, 0
        while quiet < 12 and time.monotonic() < until:
            time.sleep(1)
            quiet = 0 if pending(self.database) or self._waiting() else quiet + 1
            progress.update(task, description=f"Calm: {pending(self.database)} on their way")

    def _waiting(self) -> int:
        with self.database.read() as session:
            return session.exec(
                select(func.count()).select_from(Mention).where(Mention.state == MentionState.DRAFTED)
            ).one()

    def _settle_doubts(self, progress: Progress) -> None:
        """What the product cannot tell goes to a person; whether it was truly in doubt is judged from outside."""
        task = progress.add_task("Doubts", total=None)
        self.clerks[0].go_on()
        until = time.monotonic() + CALM_SECONDS
        while (uncertain(self.database) or pending(self.database)) and time.monotonic() < until:
            for reply_id, mention_id, attempt, channel in self._doubts():
                there = stands(own_posts(self.simulator), attempt.in_reply_to or "", attempt.text) > 0
                provable = CHANNELS[channel].can_prove_sent
                if there and provable and attempt.looks < 5:
                    continue  # it will be found at one of the next looks
                self.clerks[0].settle(mention_id, reply_id, there=there)
                self.result.left_to_a_person += 1
                self.result.truly_ambiguous += not (there and provable)
                if there and provable:
                    self.needless.append(f"reply {reply_id} stands on {channel} and was not found")
            for request_id, mention_id in self._doubtful_requests():
                self.result.left_to_a_person += 1
                self.needless.append(f"request {request_id}: the city lists every request")
                self.clerks[0].take_up(mention_id, request_id)
            progress.update(task, description=f"Doubts: {uncertain(self.database)} left")
            time.sleep(1)
            self.clerks[0].work_once()

    def _doubts(self) -> list[tuple[int, int, SendAttempt, Channel]]:
        """Uncertain replies that were looked for often enough: once where nothing can be proved."""
        return [
            (reply.id or 0, reply.mention_id, attempt, channel)
            for reply, attempt, channel in in_doubt(self.database)
            if reply.mention_id is not None
            and attempt.looks >= (3 if CHANNELS[channel].can_prove_sent else 1)
            and (_now() - attempt.started_at).total_seconds() > (60 if CHANNELS[channel].can_prove_sent else 5)
        ]

    def _doubtful_requests(self) -> list[tuple[int, int]]:
        with self.database.read() as session:
            rows = session.exec(
                select(ServiceRequest.id, ServiceRequest.mention_id)
                .join(SendAttempt, col(SendAttempt.request_id) == ServiceRequest.id)
                .where(ServiceRequest.state == RequestState.UNCERTAIN, SendAttempt.looks >= 5)
                .distinct()
            ).all()
        return [(row_id or 0, mention_id or 0) for row_id, mention_id in rows]

    def as_dict(self) -> dict[str, Any]:
        """What the command prints."""
        result = self.result
        return {
            "channel": self.channel.value,
            "seed": self.seed,
            "posts": self.said,
            "faults": sum(self.struck.values()),
            "kills": sum(self.killed.values()),
            "lost": result.lost + result.not_understood,
            "doubled": result.doubled_posts + result.doubled_replies + result.doubled_requests,
            "unapproved": result.unapproved_sent,
            "illegal": len(result.illegal),
            "undelivered": result.undelivered + result.said_sent_but_is_not,
            "needs_person": result.left_to_a_person,
            "truly_ambiguous": result.truly_ambiguous,
            "seconds": round(self.seconds, 1),
            "approvals": result.approvals,
            "replies_sent": result.replies_sent,
            "requests_filed": result.requests_filed,
            "killed": dict(self.killed),
            "went_wrong": dict(self.struck),
            "needlessly_left_to_a_person": self.needless,
            "desk_broke": result.desk_broke,
            "broken_rules": result.illegal,
        }

    @property
    def good(self) -> bool:
        """Whether every number that has to be 0 is, and no more went to a person than had to."""
        told = self.as_dict()
        clean = not any(told[name] for name in ("lost", "doubled", "unapproved", "illegal", "undelivered"))
        return clean and told["needs_person"] <= told["truly_ambiguous"]


def _now() -> datetime:
    return datetime.now(UTC)


def run(
    channel: Channel, posts: int, faults: int, kills: int, seed: int, directory: Path, *, quiet: bool = True
) -> Run:
    """A whole run in `directory`."""
    done = Run(channel, posts, faults, kills, seed, directory)
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as progress:
        done.go(progress)
    return done


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--channel", choices=list(CALLS), default="x", type=Channel)
    parser.add_argument("--posts", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON for a script")
    parser.add_argument("--keep", type=Path, help="keep the data directory and the log in this directory")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # every kill and fault would be told
    with tempfile.TemporaryDirectory(prefix="hark311-faults-") as scratch:
        directory = given.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        done = run(given.channel, given.posts, given.faults, given.kills, given.seed, directory, quiet=given.json)
    if given.json:
        print(json.dumps(done.as_dict(), indent=2))
    else:
        table = Table("what", "count", title=f"{given.channel}, seed {given.seed}")
        for name, count in done.as_dict().items():
            table.add_row(name.replace("_", " "), str(count))
        Console().print(table)
    return 0 if done.good else 1


if __name__ == "__main__":
    sys.exit(main())
