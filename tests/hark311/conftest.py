"""Fixtures for the product: commands run in this process set up logging for themselves, and it is put back."""

import logging
from collections.abc import Iterator

import pytest
import redis

from hark311.embedded import redis_url, start
from hark311.settings import Settings


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(data=tmp_path_factory.mktemp("redis"))
    child = start(settings)
    yield redis_url(settings)
    child.kill()
    child.wait()


@pytest.fixture
def redis_at(_redis_server: str) -> str:
    """The address of a real Redis with nothing in it: the product's own, on a socket."""
    with redis.Redis.from_url(_redis_server) as client:
        client.flushall()
    return _redis_server


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level
