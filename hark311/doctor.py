"""`hark doctor`: look at everything the product needs and say, for each thing, whether it is well and what to do.

Looks, and changes nothing. It runs beside the product or without it.
"""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import httpx
import redis
from rich.console import Group, RenderableType
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from hark311 import wiring
from hark311.embedded import redis_url
from hark311.settings import AccountSettings, Settings, is_loopback
from hark311.simulated import accounts_of, city_of, has_city
from hark311.supervisor import running_pids
from hark311.watching import watch
from listeners.compliance import Unasked, unasked
from listeners.protocol import ChecksAccount, Finding, Listener
from models import CHANNELS, Account, Channel, Database, Service, ServiceDestination, migrations

LITTLE_SPACE = 2 * 1024**3
SECONDS = 10.0
NOT_SIGNED = 403
"""What our webhook answers to a call without the channel's signature. Source: hark311.webhooks."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and what it is about: "this machine", "the city", or an account's name."""

    about: str
    finding: Finding

    @property
    def verdict(self) -> str:
        return {True: "ok", False: "problem", None: "cannot be told"}[self.finding.ok]


def as_dict(told: Sequence[Told]) -> dict[str, Any]:
    """What `hark doctor --json` prints."""
    return {
        "well": well(told),
        "findings": [{"about": one.about, "verdict": one.verdict, **asdict(one.finding)} for one in told],
    }


def well(told: Sequence[Told]) -> bool:
    """Whether there is no problem. What cannot be told is none."""
    return all(one.finding.ok is not False for one in told)


async def examine(settings: Settings, database: Database, now: datetime, account: str | None = None) -> list[Told]:
    """Everything, or one account alone."""
    found: list[Told] = []
    if account is None:
        here = await asyncio.to_thread(this_machine, settings, database)
        found += [Told("this machine", one) for one in here]
        asked = await _city(settings) if has_city(settings) else await asyncio.to_thread(_destinations, database)
        found.append(Told("the city", asked))
    found += [one async for one in _accounts(settings, database, now, account)]
    return found


def this_machine(settings: Settings, database: Database) -> list[Finding]:
    """Settings, data directory, disk, database, Redis and processes."""
    return [
        _settings(settings),
        *_settings_file(settings),
        _disk(settings),
        _database(database),
        _redis(settings),
        _processes(settings),
    ]


def _settings(settings: Settings) -> Finding:
    if settings.simulated:
        return Finding("settings", True, "no account is set, so the product talks to its own simulator")
    if not settings.public_url and any(one.webhooks for one in settings.accounts.values()):
        return Finding(
            "settings",
            False,
            "an account has webhooks switched on, but public_url is not set",
            "Set HARK_PUBLIC_URL to the https:// address under which the channel reaches this desk.",
        )
    return Finding("settings", True, f"{len(settings.accounts)} accounts are set")


def _settings_file(settings: Settings) -> list[Finding]:
    file = settings.data / "hark.toml"
    if not file.exists():
        return []
    if stat.S_IMODE(file.stat().st_mode) & stat.S_IROTH:
        return [Finding("settings file", False, f"everybody on this machine can read {file}", f"chmod 600 {file}")]
    return [Finding("settings file", True, "only its owner can read it")]


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data).free
    said = f"{free / 1024**3:.1f} GiB are free in {settings.data}"
    if free < LITTLE_SPACE:
        return Finding("disk", False, said, "Make room, or move the data directory to a larger disk (--data).")
    return Finding("disk", True, said)


def _database(database: Database) -> Finding:
    try:
        at, wanted = migrations.current(database), migrations.newest()
    except SQLAlchemyError as error:
        advice = "Start the database, and look at HARK_DATABASE_URL. Nothing is lost: posts wait on their channels."
        return Finding("database", False, f"it does not answer ({type(error).__name__})", advice)
    if at != wanted:
        return Finding("database", False, f"its schema is at {at}, the code wants {wanted}", "Run hark db upgrade.")
    kind = "SQLite in the data directory" if database.is_sqlite else "PostgreSQL"
    return Finding("database", True, f"{kind}, its schema is the newest")


def _redis(settings: Settings) -> Finding:
    try:
        with redis.Redis.from_url(redis_url(settings), socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as one:
            one.ping()
    except (redis.RedisError, OSError) as error:
        if not settings.redis_url and not running_pids(settings.data):
            return Finding("Redis", None, "the embedded one runs only while the product does", "Start it: hark up.")
        advice = "Start it again with hark up." if not settings.redis_url else "Start it, and look at HARK_REDIS_URL."
        return Finding("Redis", False, f"it does not answer ({type(error).__name__})", advice)
    return Finding("Redis", True, "it answers")


def _processes(settings: Settings) -> Finding:
    pids = running_pids(settings.data)
    if pids:
        return Finding("processes", True, ", ".join(sorted(pids)) + " run")
    return Finding(
        "processes", None, "hark up does not run with this data directory", "Start it, or look at the other machines."
    )


def _destinations(database: Database) -> Finding:
    """Without a system of the city's own, whether every service has somewhere to go."""
    chosen = select(ServiceDestination.service_code)
    with database.read() as session:
        lost = session.exec(
            select(Service.service_code)
            .where(col(Service.active), col(Service.service_code).not_in(chosen))
            .order_by(Service.service_code)
        ).all()
    if lost:
        named = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        return Finding(
            "destinations",
            False,
            f"these services go nowhere: {named}",
            "Choose a destination for each under Destinations, or set open311. Requests wait until then.",
        )
    return Finding("destinations", True, "open311 is not set, and every service has a destination")


async def _city(settings: Settings) -> Finding:
    where = city_of(settings)
    params = {"jurisdiction_id": where.jurisdiction_id} if where.jurisdiction_id else None
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=not is_loopback(where.base_url)) as client:
            answer = await client.get(f"{where.base_url.rstrip('/')}/services.json", params=params)
            services = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        return Finding(
            "Open311",
            False,
            f"the city's system does not list its services ({type(error).__name__})",
            "Look at open311.base_url in the settings, and ask who runs that system. Requests wait until it answers.",
        )
    return Finding("Open311", True, f"the city's system lists {len(services)} services")


async def _accounts(settings: Settings, database: Database, now: datetime, only: str | None) -> AsyncIterator[Told]:
    given, listeners = accounts_of(settings), wiring.listeners_of(settings)
    rows = await asyncio.to_thread(_rows, database, now)
    for name in sorted({*given, *rows}):
        if only not in (None, name):
            continue
        (row, not_asked), mine = rows.get(name, (None, None)), given.get(name)
        if row is not None:
            for one in _standing(row, mine, now, not_asked):
                yield Told(name, one)
        if row is not None and row.retired_at is not None:
            continue
        if name in listeners and mine is not None:
            for one in await _channel(listeners[name][1], mine):
                yield Told(name, one)
            if mine.webhooks:
                yield Told(name, await _webhook(settings, name))


def _rows(database: Database, now: datetime) -> Mapping[str, tuple[Account, Unasked | None]]:
    """The accounts by name, each with what its channel was not asked about."""
    try:
        with database.read() as session:
            return {one.name: (one, unasked(session, one, now)) for one in session.exec(select(Account)).all()}
    except SQLAlchemyError:
        return {}


def _standing(
    account: Account, settings: AccountSettings | None, now: datetime, not_asked: Unasked | None = None
) -> list[Finding]:
    """What we know of the account ourselves: its last trouble, silence, a key that runs out."""
    meant_to_rest = account.retired_at is not None or (settings is not None and not settings.enabled)
    watched = watch(account, settings, now, not_asked)
    found = [Finding("listening", meant_to_rest, warning) for warning in watched.warnings]
    if account.trouble and not meant_to_rest:
        found.append(Finding("last contact", False, account.trouble, "What follows says more about it."))
    return found or [Finding("listening", True, f"health: {account.stands.replace('_', ' ')}")]


async def _channel(listener: Listener, account: AccountSettings) -> Sequence[Finding]:
    """What the channel itself tells about our key and account."""
    label = CHANNELS[Channel(account.channel)].label
    if not isinstance(listener, ChecksAccount):
        return [Finding(label, None, "this channel cannot be asked")]
    try:
        async with listener, asyncio.timeout(6 * SECONDS):
            return await listener.check()
    except TimeoutError:
        return [Finding(label, False, "it did not answer in time", "Look at the network, then run hark doctor again.")]


async def _webhook(settings: Settings, name: str) -> Finding:
    """Call our own webhook from here, unsigned: it has to be reachable, and to refuse us."""
    url = f"{settings.desk_url}/webhooks/{name}"
    advice = (
        f"Let your web server pass {url} to the desk on port {settings.port} with its body untouched, over https and "
        "with a certificate the channel trusts; then register the address with the channel again."
    )
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=not is_loopback(url)) as client:
            answer = await client.post(url, content=b"{}", headers={"content-type": "application/json"})
    except httpx.HTTPError as error:
        return Finding("webhook", False, f"{url} cannot be reached from here ({type(error).__name__})", advice)
    if answer.status_code != NOT_SIGNED:
        said = f"{url} answers {answer.status_code} to an unsigned call, and should answer {NOT_SIGNED}"
        return Finding("webhook", False, said, advice)
    return Finding("webhook", True, f"{url} answers, and refuses what is not signed")


def rendered(told: Sequence[Told]) -> RenderableType:
    """A table for a person, and below it what to do, step by step."""
    table = Table("about", "what", "verdict", "found", title="hark doctor")
    colours = {"ok": "green", "problem": "red", "cannot be told": "yellow"}
    for one in told:
        table.add_row(one.about, one.finding.what, f"[{colours[one.verdict]}]{one.verdict}[/]", one.finding.says)
    todo = [one for one in told if one.finding.ok is not True and one.finding.advice]
    steps = [f"{n}. {one.about}, {one.finding.what}: {one.finding.advice}" for n, one in enumerate(todo, 1)]
    return Group(table, *(["", "What to do:", *steps] if steps else ["", "Nothing is to be done."]))
