"""How often to look for new posts: more often while they come, less often at night and as the month's money goes.

X bills posts, not looks, so that looking seldom saves little; it is what an operator can see and count on.
"""

from collections.abc import Sequence
from datetime import timedelta

FLOOR = timedelta(minutes=15)
"""The longest pause, and the one once the ceiling is reached: a mention is heard late then, but it is heard."""

BUSY = 10
"""So many new posts in one fetch, and the next comes in half the time."""
QUIET_FETCHES = 20
NIGHT = range(1, 6)
"""Hours of the city's day in which a quiet account is looked at half as often."""

NEARING = ((0.7, 2), (0.85, 4), (0.95, 8))
"""From this share of the ceiling on, the pause is so many times as long."""


def next_pause(base: timedelta, recent: Sequence[int], used: float, hour: int) -> timedelta:
    """The pause before the next fetch.

    `base`: the usual pause. `recent`: new posts in the last QUIET_FETCHES fetches, newest last. `used`: share of the
    month's ceiling that is spent, 0 without one. `hour`: of the city's day, 0 to 23. Above FLOOR only where `base` is.
    """
    longest = max(base, FLOOR)
    if used >= 1:
        return longest
    times = max((many for share, many in NEARING if used >= share), default=1)
    if recent and recent[-1] >= BUSY:
        return min(base * times / 2, longest)
    if len(recent) >= QUIET_FETCHES and not any(recent):
        times *= 4 if hour in NIGHT else 2
    return min(base * times, longest)


LIVE = timedelta(seconds=5)
"""Between two looks while a tweet chat takes place. Source: X takes 300 calls for our mentions in 15 minutes."""


def while_live(pause: timedelta, usual: timedelta) -> timedelta:
    """The pause while a tweet chat takes place: as much longer than LIVE as money and quiet make the usual one.

    `pause`: what next_pause says, from the usual one. Once it is FLOOR the month's money is gone, and it stays.
    """
    if pause >= FLOOR:
        return pause
    return min(LIVE, usual) * max(1.0, pause / usual)
