"""PostgreSQL and Redis for tests of the scaled mode: required under CI=true, skipped with a reason elsewhere."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

POSTGRESQL = os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Which of several test processes this is. Each empties a Redis database of its own."""


def missing(what: str, why: object) -> None:
    """Skip on a laptop; fail where CI says that the service has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is required under CI=true, and does not answer: {why}")
    pytest.skip(f"needs {what} ({why})")


@contextmanager
def throwaway_postgresql(like: str = "") -> Iterator[str]:
    """The URL of a new database that is dropped afterwards: empty, or a copy of the one at `like` that nobody uses."""
    name = f"hark_test_{secrets.token_hex(6)}"
    template = f' TEMPLATE "{like.rpartition("/")[2]}"' if like else ""
    try:
        server = psycopg.connect(POSTGRESQL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        missing("PostgreSQL (TEST_POSTGRESQL_URL)", error)
        raise
    with server:
        server.execute(f'CREATE DATABASE "{name}"{template}'.encode())
        try:
            yield f"{POSTGRESQL.rsplit('/', 1)[0]}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def throwaway_redis() -> Iterator[str]:
    """The URL of a Redis database that is emptied before and afterwards."""
    server, _, number = REDIS.rpartition("/")
    url = f"{server}/{(int(number) - WORKER) % 16}"
    client = redis.Redis.from_url(url, socket_connect_timeout=3)
    try:
        client.flushdb()
    except redis.RedisError as error:
        missing("Redis (TEST_REDIS_URL)", error)
        raise
    try:
        yield url
    finally:
        client.flushdb()
        client.close()
