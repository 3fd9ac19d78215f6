"""A running simulator for each test, and the real clients pointed at it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import telegram
import tweepy

from hark311.simulator import RunningSimulator, SimulatorSettings
from tests.hark311.simulator.pointed import pointed_client


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    """A fresh city in a box."""
    settings = SimulatorSettings(tmp_path / "city.sqlite", port=0, webhook_pause=0.02)
    with RunningSimulator(settings.database, settings) as running:
        yield running


@pytest.fixture
def x(simulator: RunningSimulator) -> Iterator[tweepy.Client]:
    """The real tweepy client with good keys."""
    client = pointed_client(simulator)
    yield client
    client.session.close()


@pytest.fixture
async def bot(simulator: RunningSimulator) -> AsyncIterator[telegram.Bot]:
    """The real bot with a good token."""
    async with telegram.Bot(
        simulator.settings.telegram_token,
        base_url=simulator.telegram_base_url,
        base_file_url=simulator.telegram_file_url,
    ) as ready:
        yield ready


@pytest.fixture
def city(simulator: RunningSimulator) -> Iterator[httpx.Client]:
    """A client at the city's GeoReport endpoint."""
    with httpx.Client(base_url=simulator.open311_url, trust_env=False, timeout=10) as client:
        yield client
