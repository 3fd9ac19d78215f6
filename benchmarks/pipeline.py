"""Intake to stored draft: how much CPU a post costs, and in which part.

    python -m benchmarks.pipeline --posts 2000 --json
    python -m benchmarks.pipeline --posts 2000 --database-url postgresql://...

Posts of made-up residents go through the real code: stored page by page as a listener stores them, understood and
drafted in batches as the worker does it. CPU is this process's own (user and system), without waiting for the disk.
"""

import argparse
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sqlmodel import col, func, select

from benchmarks.residents import REPORTS, STREETS
from classifier.taxonomy import services_of_taxonomy
from hark311 import wiring
from hark311.settings import Settings
from listeners.intake import store_batch
from listeners.protocol import Batch
from models import Account, Database, Mention, MentionState
from models.posts import IncomingAuthor, IncomingPost, PostKind

PAGE = 100
TARGET_MS = 3.4
"""Edmonton's year in an hour: 583 posts a second on two cores (design, section 7)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one part took: milliseconds of CPU and of the clock, a post."""

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Result:
    """One run. `drafted` counts the mentions that reached the desk or were set aside as chatter."""

    posts: int
    database: str
    drafted: int
    store: Cost
    understand: Cost
    draft: Cost
    target_cpu_ms: float = TARGET_MS

    @property
    def cpu_ms(self) -> float:
        """All parts together."""
        return self.store.cpu_ms + self.understand.cpu_ms + self.draft.cpu_ms

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"cpu_ms": self.cpu_ms, "posts_per_cpu_second": 1000 / self.cpu_ms}


def posts(count: int, seed: int) -> list[IncomingPost]:
    """Reports as a listener hands them over, every one in a thread of its own."""
    dice, now = random.Random(seed), datetime.now(UTC)
    found = []
    for number in range(1, count + 1):
        words = dice.choice(REPORTS).format(house=dice.randrange(100, 6000), street=dice.choice(STREETS))
        text = f"@Philly311Demo {words}. {dice.choice(REPORTS).format(house=number, street=dice.choice(STREETS))}"
        found.append(
            IncomingPost(
                post_id=str(10**15 + number),
                edit_chain=str(10**15 + number),
                conversation_id=str(10**15 + number),
                author=IncomingAuthor(str(dice.randrange(count // 2 + 1)), f"resident_{number}", f"Resident {number}"),
                kind=PostKind.MENTION,
                text=text,
                created_at=now,
                raw={"id": str(number), "text": text},
            )
        )
    return found


def measure(settings: Settings, count: int, seed: int = 1) -> Result:
    """Run the posts through all parts; the database has to be empty."""
    database = wiring.database_of(settings)
    wiring.prepare(settings, database)
    reader, suggester = wiring.reader_of(settings, database), wiring.suggester_of(settings, database)
    waiting = posts(count, seed)
    services = services_of_taxonomy()
    reader.classifier.classify([post.text for post in waiting[:PAGE]], services)  # loads gazetteer and encoder
    store = _cost(lambda: _store(database, waiting), count)
    understand = _cost(lambda: _until_done(lambda: reader.read().more), count)
    draft = _cost(lambda: _until_done(lambda: bool(suggester.suggest())), count)
    with database.read() as session:
        drafted = session.exec(
            select(func.count()).where(col(Mention.state).in_([MentionState.DRAFTED, MentionState.SET_ASIDE]))
        ).one()
    database.dispose()
    return Result(count, database.url.get_backend_name(), drafted, store, understand, draft)


def _store(database: Database, waiting: list[IncomingPost]) -> None:
    for start in range(0, len(waiting), PAGE):
        with database.write() as session:
            account = session.exec(select(Account).where(Account.name == "x").with_for_update()).one()
            store_batch(session, account, Batch(waiting[start : start + PAGE], str(start)), datetime.now(UTC))


def _until_done(step: Callable[[], bool]) -> None:
    while step():
        pass


def _cost(work: Callable[[], None], count: int) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost((time.process_time() - cpu) * 1000 / count, (time.perf_counter() - wall) * 1000 / count)


def _table(result: Result) -> Table:
    table = Table("part", "CPU ms a post", "clock ms a post", title=f"{result.posts} posts on {result.database}")
    for name in ("store", "understand", "draft"):
        cost: Cost = getattr(result, name)
        table.add_row(name, f"{cost.cpu_ms:.2f}", f"{cost.wall_ms:.2f}")
    table.add_row("together", f"{result.cpu_ms:.2f}", "", style="bold")
    table.add_row("target", f"{TARGET_MS:.2f}", "")
    return table


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--posts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", help="an empty PostgreSQL; without it, SQLite in a scratch directory")
    parser.add_argument("--json", action="store_true", help="print JSON for a script")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="hark311-pipeline-") as scratch:
        url = SecretStr(given.database_url) if given.database_url else None
        result = measure(Settings(data=Path(scratch), database_url=url), given.posts, given.seed)
    if given.json:
        print(json.dumps(result.as_dict(), indent=2))
    else:
        Console().print(_table(result))
    return 0 if result.drafted == result.posts else 1


if __name__ == "__main__":
    sys.exit(main())
