"""A city that takes requests."""

from collections.abc import Iterator

import pytest

from hark311.simulator import RunningSimulator, SimulatorSettings


@pytest.fixture(scope="module")
def town_hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """One city for a module of tests; they look for their own reference in it."""
    file = tmp_path_factory.mktemp("city") / "city.db"
    with RunningSimulator(file, SimulatorSettings(file, port=0, token_delay=3600)) as running:
        yield running
