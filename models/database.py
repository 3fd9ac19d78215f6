"""Engine, sessions and column types. SQLite (WAL) and PostgreSQL alike, one code path.

Time is aware UTC everywhere (invariant 12): a naive datetime is refused on its way into the database.
A write transaction on SQLite begins IMMEDIATE, so that two writers queue up instead of failing half-way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, String, TypeDecorator, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.types import JSON
from sqlmodel import Session

SQLITE_WAIT_SECONDS = 30


class UTCDateTime(TypeDecorator[datetime]):
    """A timestamp that is always aware and always UTC. Raises ValueError on a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database; times are aware UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StrEnumType(TypeDecorator[StrEnum]):
    """A StrEnum stored as its value in a plain text column: readable in psql, no database enum to migrate."""

    impl = String(40)
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.enum(value)


def str_enum(enum: type[StrEnum]) -> Any:
    """The column type for a StrEnum field of a table."""
    return StrEnumType(enum)


def json_column() -> Any:
    """A JSON column: for what is shown, never for what is queried."""
    return JSON(none_as_null=True)


def _real_clock() -> datetime:
    return datetime.now(UTC)


_clock: Callable[[], datetime] = _real_clock


def utc_now() -> datetime:
    """The time by this process's clock. Code that decides by time takes a clock as an argument instead."""
    return _clock()


def set_clock(clock: Callable[[], datetime] | None) -> None:
    """Give this process another clock, for a rehearsal that plays a night in minutes; None: the real one again."""
    global _clock
    _clock = clock or _real_clock


class Database:
    """The one door to the database: `read()` and `write()` sessions.

    `write()` commits at the end of the block and rolls back when it raises. Nothing slow, and no call to a
    channel, belongs inside either.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() == "postgresql" and self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.engine: Engine = create_engine(
            self.url,
            hide_parameters=True,
            **_engine_options(self.url),  # parameters are residents' words: no log
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @classmethod
    def in_file(cls, path: Path) -> "Database":
        """The embedded database of one data directory."""
        return cls(f"sqlite:///{path}")

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"hark_write": True})
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def dispose(self) -> None:
        self.engine.dispose()


def _engine_options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": SQLITE_WAIT_SECONDS, "check_same_thread": False}}
    return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, in _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_WAIT_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("hark_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
