"""Fixtures every test may use: a clean environment, throwaway databases, a clock that only moves when told."""

import os
import shutil
import ssl
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, Engine, event

from hark311 import wiring
from hark311.settings import load
from hark311.trained import prepare_models
from models import Database, migrations
from tests import services
from tests.town import Clock, Town

settings.register_profile("hark311", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hark311")  # a busy machine fails no test

MOST_STATEMENTS = 5_000


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in os.environ:
        if name.startswith("HARK_") and name != "HARK_CHROMIUM":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture(scope="session", autouse=True)
def _one_trust_store() -> Iterator[None]:
    """Every client reads the certificates anew, which takes longer than what most of them are made for here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_databases() -> Iterator[None]:
    """What one test has compiled the next need not: each has a database, and with it an engine, of its own.

    Nor is anything of this process flushed to the disk: what is killed here is a process of its own.
    """
    first: dict[str, Engine] = {}
    begin = Database.__init__

    def begin_quickly(database: Database, url: str | URL) -> None:
        begin(database, url)
        engine = database.engine
        shared = first.setdefault(engine.url.drivername, engine)
        shared._compiled_cache.capacity = MOST_STATEMENTS  # type: ignore[union-attr]  # on by default
        engine.dialect = engine.pool._dialect = shared.dialect  # part of the cache's keys
        engine._compiled_cache = shared._compiled_cache
        if database.is_sqlite:
            event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "__init__", begin_quickly)
        yield


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy: migrating takes longer than copying."""
    file = tmp_path_factory.mktemp("schema") / "empty.db"
    database = Database.in_file(file)
    migrations.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return file


@pytest.fixture
def database(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """An empty SQLite database with the real schema."""
    file = tmp_path / "hark.db"
    shutil.copy(migrated_file, file)
    database = Database.in_file(file)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database to copy."""
    with services.throwaway_postgresql() as url:
        database = Database(url)
        migrations.upgrade(database)
        database.dispose()
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.scaled)])
def either_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database with the real schema, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    with services.throwaway_postgresql(like=request.getfixturevalue("migrated_postgresql")) as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture(scope="session")
def prepared_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema, accounts, services and templates a new product starts with, to copy."""
    data = tmp_path_factory.mktemp("prepared")
    shutil.copy(migrated_file, data / "hark.db")
    settings = load(data)
    database = wiring.database_of(settings)
    wiring.prepare(settings, database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return data / "hark.db"


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the models of day one, taken from where set-up made them."""
    settings = load(tmp_path_factory.mktemp("models"))
    return prepare_models(settings).folder


@pytest.fixture
def clock() -> Clock:
    """The real time plus what a test adds to it."""
    return Clock()


@pytest.fixture
def town(tmp_path: Path, prepared_file: Path, clock: Clock) -> Iterator[Town]:
    """The product against a running simulator, driven step by step."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(prepared_file, data / "hark.db")
    with Town(data, clock, hold=timedelta(0)) as town:
        yield town
