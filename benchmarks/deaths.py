"""Kills and faults at random points: what is lost, doubled, sent unapproved, or left undelivered?

    python -m benchmarks.deaths --rounds 1000 --seed 1 --json

The real adapters, database, rules and outbox run against the simulator. In every round residents speak, a person
decides, something outside goes wrong, and the process dies at a random step of its work; a new one takes over. Time is
a clock that the benchmark moves on. At the end everything is counted from both sides.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlmodel import col, select

from benchmarks.mortality import Doom, Killed, MortalDatabase, make_mortal
from benchmarks.person import Person
from benchmarks.reckoning import Result, pending, reckon, uncertain
from benchmarks.residents import Residents
from benchmarks.towns import LISTED, own_posts
from classifier.protocol import Classifier
from classifier.reading import Reader
from hark311 import wiring
from hark311.console.words import LANGUAGES
from hark311.settings import Settings, load
from hark311.simulated import accounts_of
from hark311.simulator import RunningSimulator
from hark311.simulator.settings import SimulatorSettings
from hark311.staffing import ensure_staff
from hark311.telling import telling_of
from listeners.hearing import Hearing
from listeners.x import XListener
from models import Database, Mention, MentionState, Role
from responders.claims import release_expired
from responders.doubts import decide_uncertain_request
from responders.fixed_rounds import FixedRounds
from responders.following_city import CityFollower
from responders.outbox import Outbox
from responders.repeating import LOOKS
from responders.review import NotApproved, NotYours
from responders.status import StatusReplies
from responders.submission import Submission

HOLD = timedelta(seconds=5)
KILLED_EVERY, CLOSED_EVERY = 0.7, 0.3
STEPS, CALLS = (1, 160), (1, 20)
SETTLE_ROUNDS, QUIET_ROUNDS = 300, 3
OPERATIONS = {
    "x": ("create_post", "create_post", "mentions", "timeline", "me", "lookup"),
    "telegram": ("sendMessage", "sendMessage", "getUpdates", "getMe"),
    "mastodon": ("post_status", "post_status", "notifications", "own_statuses", "context"),
    "bluesky": ("createRecord", "createRecord", "listNotifications", "getRecord", "getPosts"),
    "open311": ("post_request", "post_request", "requests", "token"),
}
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 503}),
    ("status", {"status": 500, "body": "Internal Server Error"}),
    ("status", {"status": 502, "body": "<html><body>Bad gateway</body></html>"}),
    ("status", {"status": 403, "body": {"title": "Forbidden", "detail": "not now"}}),
    ("html_error", {"status": 503}),
    ("drop_before", {}),
    ("drop_after", {}),
    ("slow", {"seconds": 0.02}),
    ("slow_after", {"seconds": 0.02}),
    ("garbage", {}),
    ("rate_limit", {"reset_in": 3}),
    ("bad_key", {}),
)


class Clock:
    """The real time plus what was added to it."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)


@dataclass(slots=True)
class Worker:
    """One worker, built by hark311.wiring as `hark worker` builds it, and mortal."""

    settings: Settings
    clock: Clock
    classifier: Classifier
    name: str
    doom: Doom
    database: MortalDatabase = field(init=False)
    outbox: Outbox = field(init=False)
    submission: Submission = field(init=False)
    following: CityFollower = field(init=False)
    telling: StatusReplies = field(init=False)
    fixed: FixedRounds = field(init=False)
    hearings: list[Hearing] = field(init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _listen_at: dict[str, datetime] = field(default_factory=dict)

    async def start(self) -> None:
        self.database = MortalDatabase(f"sqlite:///{self.settings.data / 'hark.db'}", self.doom)
        self._stack.callback(self.database.dispose)
        responders = wiring.responders_of(self.settings)
        city = wiring.city(self.settings)
        city._clock = self.clock
        self.hearings = self._ears()
        adapters: list[AbstractAsyncContextManager[object]] = [*responders.values(), city]
        for adapter in [*adapters, *(hearing.listener for hearing in self.hearings)]:
            await self._stack.enter_async_context(adapter)
            make_mortal(adapter, self.doom)
        self.outbox = wiring.outbox_of(self.settings, self.database, responders)
        self.submission = wiring.submission_of(self.settings, self.database, city)
        self.following = CityFollower(self.database, city, clock=self.clock)
        self.outbox.clock = self.submission.clock = self.clock
        desk = replace(wiring.desk_of(self.settings, self.database), clock=self.clock)
        self.telling = telling_of(self.settings, self.database, desk, wiring.redact_for(self.settings))
        self.telling.digest = timedelta(0)
        self.fixed = FixedRounds(self.database, clock=self.clock)

    def _ears(self) -> list[Hearing]:
        quick = {
            name: account.model_copy(update={"poll_seconds": 0.01, "long_poll_seconds": 0})
            for name, account in accounts_of(self.settings).items()
        }
        settings = self.settings.model_copy(update={"accounts": quick})
        hearings = wiring.hearings_of(settings, self.database, _nobody, self.name)
        for hearing in hearings:
            hearing.clock = self.clock
            if isinstance(hearing.listener, XListener):
                hearing.listener._clock = self.clock
        return hearings

    async def work(self) -> None:
        """What a worker does in a few seconds: its ears, its jobs, its rounds. Raises Killed."""
        for hearing in self.hearings:
            await self._listen(hearing)
        reader = Reader(self.database, self.classifier, self.clock)
        while (await asyncio.to_thread(reader.read)).more:
            pass
        suggester = wiring.suggester_of(self.settings, self.database)
        suggester.clock = self.clock
        while await asyncio.to_thread(suggester.suggest):
            pass
        await self._deliver()

    async def _listen(self, hearing: Hearing) -> None:
        if self._listen_at.get(hearing.account_name, self.clock()) > self.clock():
            return
        pause = 0.0
        while pause == 0:
            pause = await hearing.listen_once()
        self._listen_at[hearing.account_name] = self.clock() + timedelta(seconds=pause)

    async def _deliver(self) -> None:
        for request_id in await asyncio.to_thread(self.submission.due):
            for reply_id in await self.submission.file(request_id):
                await self.outbox.send(reply_id)
        for reply_id in await asyncio.to_thread(self.outbox.due):
            await self.outbox.send(reply_id)
        await asyncio.to_thread(self.outbox.expire_leases)
        await asyncio.to_thread(self.submission.expire_leases)
        await self.outbox.prove()
        for reply_id in [*await self.submission.prove(), *await self.following.poll_tokens()]:
            await self.outbox.send(reply_id)
        await self.following.refresh()
        await asyncio.to_thread(self.telling.tell_all)
        await asyncio.to_thread(self.fixed.look)
        await asyncio.to_thread(self._release_expired)

    def _release_expired(self) -> None:
        with self.database.write() as session:
            release_expired(session, self.clock())

    async def forget_deleted(self) -> None:
        for hearing in self.hearings:
            await hearing.forget_deleted()

    async def end(self) -> None:
        """Close what the dead hold open; the operating system does this for a real process."""
        await self._stack.aclose()


async def _nobody(*_: object) -> None:
    return None


@dataclass(slots=True)
class Run:
    """One run of the benchmark in a directory of its own."""

    directory: Path
    seed: int
    result: Result = field(default_factory=Result)
    deaths: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    needless: list[str] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    dice: random.Random = field(init=False)
    settings: Settings = field(init=False)
    simulator: RunningSimulator = field(init=False)
    database: Database = field(init=False)
    classifier: Classifier = field(init=False)
    person: Person = field(init=False)
    _workers: int = 0
    _armed: dict[int, str] = field(default_factory=dict)
    _calm_rounds: int = 0

    async def go(self, rounds: int, *, quiet: bool = True) -> Result:
        """All rounds, then calm until nothing moves, then the count."""
        self.dice = random.Random(self.seed)
        box = SimulatorSettings(self.directory / "simulator.db", port=0, clock=lambda: self.clock().timestamp())
        with RunningSimulator(box.database, box) as self.simulator:
            self._open()
            residents = Residents(self.simulator, self.dice, self.clock)
            worker = await self._new_worker()
            for _ in track(range(rounds), "Rounds", disable=quiet, console=Console(stderr=True), transient=True):
                worker = await self._round(worker, residents)
                self.result.rounds += 1
            self.simulator.clear_faults()
            await self._calm_down(worker)
            await worker.end()
            reckon(self.result, self.database, self.simulator, residents.said)
        self.database.dispose()
        self.result.kills, self.result.faults = sum(self.deaths.values()), sum(self.faults.values())
        return self.result

    def _open(self) -> None:
        self.settings = load(self.directory, simulator_port=self.simulator.settings.port)
        self.database = wiring.database_of(self.settings)
        wiring.prepare(self.settings, self.database)
        self.classifier = wiring.classifier_of(self.settings)
        with self.database.write() as session:
            staff = ensure_staff(session, "Mae Jones", Role.SUPERVISOR)
            staff.reads, staff_id = list(LANGUAGES), staff.id or 0  # else some would wait for a second person
        desk = replace(wiring.desk_of(self.settings, self.database), hold=HOLD, clock=self.clock)
        self.person = Person(self.database, desk, staff_id)

    async def _new_worker(self) -> Worker:
        self._workers += 1
        name = "up" if self.dice.random() < 0.5 else f"worker-{self._workers}"
        worker = Worker(self.settings, self.clock, self.classifier, name, Doom())
        await worker.start()
        return worker

    async def _round(self, worker: Worker, residents: Residents) -> Worker:
        for _ in range(self.dice.randrange(4)):
            residents.speak()
        if self.dice.random() < CLOSED_EVERY:
            self._close_one()
        self._go_wrong()
        if worker.doom.steps_left is None and self.dice.random() < KILLED_EVERY:
            at_calls = self.dice.random() < 0.4
            worker.doom.deal(self.dice.randint(*(CALLS if at_calls else STEPS)), at_calls=at_calls)
        try:
            await worker.work()
            if self.dice.random() < 0.05:
                await worker.forget_deleted()
        except Killed:
            self.deaths += worker.doom.deaths
            await worker.end()
            worker = await self._new_worker()
        self._decide()
        self._count_faults()
        self.clock.advance(self.dice.choice((0, 2, 5, 10, 20, 45, 100)))
        return worker

    def _close_one(self) -> None:
        """The city closes what it has had longest."""
        still_open = (one for one in self.simulator.city_requests(limit=LISTED) if one["status"] == "open")
        if one := next(still_open, None):
            self.simulator.close_request(one["service_request_id"], "Repair completed.")

    def _go_wrong(self) -> None:
        while self.dice.random() < 0.45:
            channel = self.dice.choice(tuple(OPERATIONS))
            kind, more = self.dice.choice(KINDS)
            operation = self.dice.choice(OPERATIONS[channel])
            number = self.simulator.fault(channel, kind, operation, times=self.dice.choice((1, 1, 1, 3)), **more)
            self._armed[number] = kind
        if self.dice.random() < 0.02:
            self._count_faults()
            self._armed.clear()
            self.simulator.restart()
            self.faults["restart"] += 1

    def _count_faults(self) -> None:
        left = {one["id"] for one in self.simulator.faults()}
        for number in [number for number in self._armed if number not in left]:
            self.faults[self._armed.pop(number)] += 1

    def _decide(self) -> None:
        for mention_id in self.person.waiting():
            try:
                self._decide_one(mention_id)
            except Exception as error:
                self.result.desk_broke.append(f"mention {mention_id}: {type(error).__name__}")
        if self.dice.random() < 0.3:
            self._settle_doubts()
        if self.dice.random() < 0.1:
            self._reopen()

    def _decide_one(self, mention_id: int) -> None:
        what = self.dice.random()
        if what < 0.55:
            signed = f"(MJ {mention_id})" if self.dice.random() < 0.7 else f"(MJ {self.result.approvals})"
            self.result.approvals += self.person.approve(mention_id, signed) is not None
            if self.dice.random() < 0.04:
                with suppress(NotApproved):
                    self.person.desk.take_back(mention_id, self.person.staff_id)
        elif what < 0.60:
            self._put_away(mention_id)

    def _put_away(self, mention_id: int) -> None:
        desk, staff_id = self.person.desk, self.person.staff_id
        with suppress(NotYours):
            desk.claim(mention_id, staff_id)
            (desk.reject if self.dice.random() < 0.5 else desk.set_aside)(mention_id, staff_id, "not ours")

    def _reopen(self) -> None:
        with self.database.read() as session:
            ids = session.exec(
                select(Mention.id)
                .where(col(Mention.state).in_([MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE]))
                .order_by(col(Mention.id).desc())
                .limit(20)
            ).all()
        if ids:
            self.person.desk.reopen(self.dice.choice(ids) or 0, self.person.staff_id, "asked again by phone")

    def _settle_doubts(self) -> None:
        """The person settles what the product could not; whether that was truly in doubt is judged from outside."""
        for doubt in self.person.doubts(len(LOOKS)):
            there = self.person.settle(doubt, own_posts(self.simulator))
            self.result.left_to_a_person += 1
            self.result.truly_ambiguous += not (there and doubt.provable)
            if there and doubt.provable:
                self.needless.append(f"reply {doubt.reply_id} stands on X and was not found")
        for request_id in self.person.uncertain_requests(len(LOOKS)):
            self.result.left_to_a_person += 1
            self.needless.append(f"request {request_id}: the city lists every request")
            with suppress(NotApproved, NotYours):
                decide_uncertain_request(self.person.desk, request_id, self.person.staff_id)

    async def _calm_down(self, worker: Worker) -> None:
        """No more faults and kills: work until all is settled, the person deciding what is left to them."""
        worker.doom.steps_left = None
        quiet_rounds = 0
        while quiet_rounds < QUIET_ROUNDS:
            self.clock.advance(40)
            await worker.work()
            self._settle_doubts()
            quiet_rounds = 0 if pending(self.database) or uncertain(self.database) else quiet_rounds + 1
            self._calm_rounds += 1
            if self._calm_rounds > SETTLE_ROUNDS:
                return  # what is left is counted as undelivered


def run(rounds: int, seed: int, directory: Path, *, quiet: bool = True) -> Run:
    """A whole run; the counts are in `.result`. Kept in `directory`."""
    done = Run(directory, seed)
    asyncio.run(done.go(rounds, quiet=quiet))
    return done


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deaths", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON for a script")
    parser.add_argument("--keep", type=Path, help="keep the databases in this directory")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # every kill and fault would be told
    with tempfile.TemporaryDirectory(prefix="hark311-faults-") as scratch:
        directory = given.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        done = run(given.rounds, given.seed, directory, quiet=given.json)
    if given.json:
        more = {"needlessly_left_to_a_person": done.needless, "killed": done.deaths, "went_wrong": done.faults}
        print(json.dumps(done.result.as_dict() | more, indent=2))
    else:
        table = Table("what", "count", title=f"{given.rounds} rounds, seed {given.seed}")
        for name, count in done.result.as_dict().items():
            table.add_row(name.replace("_", " "), str(count if count != [] else 0))
        Console().print(table)
    return 1 if done.result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
