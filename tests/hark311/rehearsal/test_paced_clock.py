"""A clock that runs faster than the wall's."""

from datetime import UTC, datetime, timedelta

import pytest

from hark311.rehearsal import clock
from hark311.rehearsal.clock import PROCESSES, PacedClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Wall:
    """The machine's own clock, turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(clock, "time", made)
    return made


def test_it_stands_until_it_runs_and_keeps_its_time_when_its_pace_changes(wall: Wall) -> None:
    made = PacedClock(NOON)
    wall.now += 50
    assert made() == NOON
    made.run(60)
    wall.now += 10
    assert made() == NOON + timedelta(minutes=10)
    made.run(1)
    wall.now += 30
    assert made() == NOON + timedelta(minutes=10, seconds=30)
    assert made.pace == 1
    made.run(0)
    wall.now += 1000
    made.forward(timedelta(minutes=1))
    assert made() == NOON + timedelta(minutes=11, seconds=30)


def test_a_process_of_its_own_sees_the_same_time() -> None:
    made, told = PacedClock(NOON), PROCESSES.Queue()
    made.forward(timedelta(hours=2))
    other = PROCESSES.Process(target=_tell, args=(made, told))
    other.start()
    assert told.get(timeout=60) == (NOON + timedelta(hours=2)).timestamp()
    other.join(10)


def _tell(seen: PacedClock, told: object) -> None:
    told.put(seen.seconds())  # type: ignore[attr-defined]
