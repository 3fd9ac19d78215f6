"""How fast the desk answers with a great many mentions stored, on the server's side, and how much memory it takes.

    python -m benchmarks.desk --mentions 1000000 --json
    python -m benchmarks.desk --mentions 1000000 --database-url postgresql://...

Without a URL: SQLite in a scratch directory, and PostgreSQL too where TEST_POSTGRESQL_URL names a server. A database
that holds as many mentions already is measured as it is. The real application answers, with a signed-in person,
without a network in between; every answer is timed from the request to its last byte. Each database is measured in a
process of its own, so that its memory is its own.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from benchmarks import million
from benchmarks.memory import resident_mb
from hark311 import wiring
from hark311.console import create_app
from hark311.console.auth import open_session
from hark311.console.visits import SESSION_COOKIE
from hark311.settings import Settings
from hark311.staffing import ensure_staff
from models import Role, migrations, utc_now

BAR_MS = 100.0
ASKED = 150
"""How often each kind of page is asked for, after a few that warm up."""
WARM = 20


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one kind of page: by the clock, and of the web process's own CPU."""

    asked: int
    p50_ms: float
    p95_ms: float
    cpu_p50_ms: float
    cpu_p95_ms: float
    slowest_ms: float
    slowest: str


@dataclass(frozen=True, slots=True)
class Result:
    """One database. `memory_mb` is that of the web process after all was asked, `memory_before_mb` before anything."""

    database: str
    mentions: int
    filling_s: float
    pages: dict[str, Timed]
    memory_before_mb: float
    memory_mb: float

    @property
    def within_bar(self) -> bool:
        return all(one.p95_ms < BAR_MS for one in self.pages.values())


def measure(settings: Settings, mentions: int, seed: int = 1) -> Result:
    """Fill the database, unless it holds as many already, and ask the desk."""
    database = wiring.database_of(settings)
    migrations.upgrade(database)
    wiring.prepare(settings, database)
    with database.write() as session:
        staff = ensure_staff(session, "Mae Jones", Role.APPROVER)
        secret = open_session(session, staff, utc_now())
    began = time.perf_counter()
    stored = million.fill(database, mentions, seed)
    filling = time.perf_counter() - began
    before = resident_mb()
    app = create_app(wiring.product_of(settings))
    dice = random.Random(seed)
    pages = {name: asyncio.run(_ask(app, secret, paths, dice)) for name, paths in _paths(stored).items()}
    database.dispose()
    kind = database.url.get_backend_name()
    return Result(kind, mentions, round(filling, 1), pages, before, resident_mb())


def _paths(stored: million.Stored) -> dict[str, list[Callable[[random.Random], str]]]:
    """Kinds of page, each with the addresses that are asked for in turn."""

    def plain(path: str) -> Callable[[random.Random], str]:
        return lambda _dice: path

    def words(*choices: str) -> Callable[[random.Random], str]:
        return lambda dice: f"/queue?q={quote(dice.choice(choices))}"

    return {
        "queue": [
            plain("/queue"),
            plain("/queue/live?view=now"),
            plain("/queue?view=closed"),
            plain("/queue?view=all"),
        ],
        "queue, filtered": [
            plain("/queue?service=SR-ST01"),
            plain("/queue?language=km"),
            plain("/queue?area=District+7&channel=x"),
            plain("/queue?view=all&language=km"),
            plain("/queue?view=closed&area=District+3&language=vi"),
            plain("/queue?view=all&assignee=1&place=missing"),
        ],
        "search": [
            words("pothole", "street light", "graffiti wall", "bache", "trash tuesday"),
            words("Girard", "Tasker St pothole", "deep pothole frankford", "corner store"),
            lambda dice: f"/queue?q={dice.randrange(1, 90_000)}+tree",
            words("路灯", "修理", "ổ gà", "яма", "រណ្តៅ"),
            lambda dice: f"/queue?q=%40{dice.choice(stored.handles)}",
            lambda dice: f"/queue?q={dice.choice(stored.numbers)}",
            lambda dice: f"/queue?q=pothole&view=closed&area=District+{dice.randrange(1, 19)}",
            plain("/queue?q=pothole&language=km"),
        ],
        "mention": [
            lambda dice: f"/mentions/{dice.choice(stored.waiting)}",
            lambda dice: f"/mentions/{dice.choice(stored.closed)}",
        ],
    }


async def _ask(app: Any, secret: str, paths: list[Callable[[random.Random], str]], dice: random.Random) -> Timed:
    took: list[tuple[float, str]] = []
    worked: list[float] = []
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
        client.cookies.set(SESSION_COOKIE, secret)
        for at in range(ASKED + WARM):
            path = paths[at % len(paths)](dice)
            began, cpu = time.perf_counter(), time.process_time()
            answer = await client.get(path)
            spent, own = (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answered {answer.status_code}")
            if at >= WARM:
                took.append((spent, path))
                worked.append(own)
    (p50, p95), (cpu50, cpu95) = _halfway_and_most([spent for spent, _ in took]), _halfway_and_most(worked)
    slowest, path = max(took)
    return Timed(len(took), p50, p95, cpu50, cpu95, round(slowest, 1), path)


def _halfway_and_most(milliseconds: list[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    cuts = statistics.quantiles(milliseconds, n=20)
    return round(cuts[9], 1), round(cuts[18], 1)


@contextmanager
def _empty_postgresql(server: str) -> Iterator[str]:
    """The URL of a new database on a server, dropped afterwards."""
    import psycopg

    name = f"hark_desk_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _apart(given: argparse.Namespace, url: str) -> Any:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.desk", "--one", "--mentions", str(given.mentions)]
    command += ["--seed", str(given.seed), "--data", given.data, "--database-url", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def _table(found: dict[str, Any]) -> Table:
    table = Table("page", "p50 ms", "p95 ms", "slowest", title=f"{found['mentions']:,} mentions on {found['database']}")
    for name, one in found["pages"].items():
        table.add_row(name, f"{one['p50_ms']:.1f}", f"{one['p95_ms']:.1f}", f"{one['slowest_ms']:.1f}")
    table.add_row("memory", f"{found['memory_mb']:.0f} MB", "", "")
    return table


def main() -> int:
    """The command; returns the exit code: 1 where a page does not keep the bar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default="", help="a PostgreSQL database; the only one that is measured then")
    parser.add_argument("--data", default="", help="keep the SQLite file here, and use one that is here already")
    parser.add_argument("--one", action="store_true", help="measure one database in this process")
    parser.add_argument("--json", action="store_true", help="print JSON for a script")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if given.one:
        url = SecretStr(given.database_url) if given.database_url else None
        with tempfile.TemporaryDirectory(prefix="hark311-desk-") as scratch:
            settings = Settings(data=Path(given.data or scratch), database_url=url)
            result = measure(settings, given.mentions, given.seed)
        print(json.dumps(asdict(result) | {"within_bar": result.within_bar}))
        return 0
    found = [_apart(given, given.database_url)]
    server = os.environ.get("TEST_POSTGRESQL_URL", "")
    if server and not given.database_url:
        with _empty_postgresql(server) as empty:
            found.append(_apart(given, empty))
    if given.json:
        print(json.dumps({"bar_ms": BAR_MS, "databases": found}, indent=2))
    else:
        for one in found:
            Console().print(_table(one))
    return 0 if all(one["within_bar"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
