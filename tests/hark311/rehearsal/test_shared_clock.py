"""The clock of a storm, which is turned by hand."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hark311.rehearsal.clock import SharedClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
A_MICROSECOND = timedelta(microseconds=1)


def test_no_two_readings_tell_the_same_time() -> None:
    made = SharedClock(NOON)
    assert [made() for _ in range(1000)] == [NOON + number * A_MICROSECOND for number in range(1000)]


def test_no_two_threads_read_the_same_time() -> None:
    made = SharedClock(NOON)
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda _: made(), range(2000)))
    assert len(set(read)) == 2000


def test_turning_it_on_takes_it_to_the_same_time_however_often_it_was_read() -> None:
    made = SharedClock(NOON)
    for _ in range(50):
        made()
    made.forward(timedelta(seconds=20))
    assert made.turned_to() == (NOON + timedelta(seconds=20)).timestamp()
    assert made() == NOON + timedelta(seconds=20)
    made()
    assert made.turned_to() == (NOON + timedelta(seconds=20)).timestamp()


def test_it_never_goes_back_behind_what_was_read() -> None:
    made = SharedClock(NOON)
    read = [made() for _ in range(10)]
    made.forward(A_MICROSECOND)
    assert made() > read[-1]
