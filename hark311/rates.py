"""What all workers know together, in Redis: how much of each rate limit is left, and whose turn it is to send.

Nothing here is needed to be right: without Redis a channel says itself that it was asked too often, and what is billed
once a day is reckoned every time. Keys expire with what they tell.
"""

import json
import logging
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import redis

from models import utc_now

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.25
AGAIN_SECONDS = 5.0
"""How long Redis is left alone after it did not answer."""
LONGEST_WINDOW = timedelta(days=1)
KEPT = timedelta(days=2)

T = TypeVar("T")

_NOTE = """
local seen, left = redis.call('HGET', KEYS[1], ARGV[1]), tonumber(ARGV[3])
if seen then
  local before, reset = string.match(seen, '^%d+ (%d+) (%d+)$')
  if reset == ARGV[4] then left = math.min(left, tonumber(before)) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. left .. ' ' .. ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
"""
"""Answers overtake each other: of one window, the fewest calls left are believed."""

_TURN = """
local now, free = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
  local most, span = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - span)
  if redis.call('ZCARD', key) >= most then
    local oldest = redis.call('ZRANGE', key, -most, -most, 'WITHSCORES')
    free = math.max(free, tonumber(oldest[2]) + span)
  end
end
if free > now then return string.format('%.6f', free) end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[2])
  redis.call('EXPIRE', key, ARGV[3 * i + 2])
end
return false
"""
"""A turn is taken in all of its windows or in none. Returns when the fullest of them has room again."""


@dataclass(frozen=True, slots=True)
class Window:
    """A channel's rate limit for one kind of call: `left` of `limit` (0: not told) calls until `reset`."""

    name: str
    limit: int
    left: int
    reset: datetime

    @property
    def used_up(self) -> bool:
        return self.left == 0


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `most` sends in `span`, counted under `key`."""

    key: str
    most: int
    span: timedelta


class Rates:
    """The book in Redis. Every method answers as if nothing were known while Redis does not answer; none raises."""

    def __init__(self, url: str, clock: Callable[[], datetime] = utc_now) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            decode_responses=True,
        )
        self._clock = clock
        self._alone_until = 0.0

    def note(self, account: str, window: Window) -> None:
        """Remember what an answer said of its window."""
        now = self._clock()
        if not now < window.reset <= now + LONGEST_WINDOW:
            return
        seconds = int(LONGEST_WINDOW.total_seconds())
        told = [window.name, window.limit, window.left, math.ceil(window.reset.timestamp()), seconds]
        self._ask(lambda: self._redis.eval(_NOTE, 1, _windows_key(account), *map(str, told)), None)

    def note_wait(self, account: str, name: str, wait: timedelta) -> None:
        """Remember that no more calls of this name are taken for so long; how many are otherwise nobody said."""
        self.note(account, Window(name, 0, 0, self._clock() + wait))

    def windows(self, account: str) -> list[Window]:
        """The windows of an account that are not over, by name."""
        found: Mapping[str, str] = self._ask(lambda: self._redis.hgetall(_windows_key(account)), {})  # type: ignore[arg-type, return-value]
        read = [_window(name, told) for name, told in sorted(found.items())]
        return [one for one in read if one.reset > self._clock()]

    def window(self, account: str, name: str) -> Window | None:
        """One window of an account, if it is known and not over."""
        told = self._ask(lambda: self._redis.hget(_windows_key(account), name), None)
        read = _window(name, str(told)) if told else None
        return read if read and read.reset > self._clock() else None

    def turn(self, paces: Sequence[Pace], mark: str) -> datetime | None:
        """Take a turn in all of `paces`; None: it is taken. Else when to ask again. `mark` is unique per turn."""
        if not paces:
            return None
        now = self._clock().timestamp()
        arguments: list[str] = [repr(now), mark]
        for pace in paces:
            seconds = pace.span.total_seconds()
            arguments += [str(pace.most), repr(seconds), str(int(seconds) + 1)]
        keys = [f"hark:pace:{pace.key}" for pace in paces]
        free = self._ask(lambda: self._redis.eval(_TURN, len(keys), *keys, *arguments), None)
        return datetime.fromtimestamp(float(str(free)), UTC) if free else None

    def first_today(self, account: str, day: date, ids: Sequence[str]) -> int:
        """How many of `ids` were not named for this account and day before."""
        if not ids:
            return 0

        def ask() -> int:
            key = f"hark:billed:{account}:{day}"
            with self._redis.pipeline(transaction=True) as steps:
                steps.sadd(key, *ids)
                steps.expire(key, KEPT)
                return int(steps.execute()[0])

        return self._ask(ask, len(ids))

    def close(self) -> None:
        self._redis.close()

    def _ask(self, ask: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._alone_until:
            return otherwise
        try:
            return ask()
        except (redis.RedisError, OSError) as error:
            self._alone_until = time.monotonic() + AGAIN_SECONDS
            log.info("limits are not shared for now: Redis does not answer (%s)", type(error).__name__)
            return otherwise


def window_in(name: str, headers: Mapping[str, str]) -> Window | None:
    """What an answer's headers say of its window, in the spelling of X, Mastodon or Bluesky; None if nothing usable.

    `headers` are looked up in small letters. Sources: X API v2, rate limits (epoch seconds); Mastodon, rate limits
    (ISO 8601); Bluesky, rate limits (epoch seconds).
    """
    for prefix in ("x-rate-limit", "x-ratelimit", "ratelimit"):
        told = [headers.get(f"{prefix}-{part}", "") for part in ("limit", "remaining", "reset")]
        if all(told):
            limit, left, reset = told
            when = _moment(reset)
            if re.fullmatch(r"\d{1,9}", limit) and re.fullmatch(r"\d{1,9}", left) and when:
                return Window(name, int(limit), int(left), when)
    return None


def wait_in(body: bytes) -> timedelta | None:
    """How long a refusal asks us to wait in its body, as Telegram does, which names no window; None if it does not.

    Source: Bot API, ResponseParameters (whole seconds).
    """
    try:
        seconds = json.loads(body)["parameters"]["retry_after"]
    except (ValueError, LookupError, TypeError):
        return None
    longest = LONGEST_WINDOW.total_seconds()
    return timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds <= longest else None


def _moment(written: str) -> datetime | None:
    try:
        if re.fullmatch(r"\d{1,12}(\.\d+)?", written):
            return datetime.fromtimestamp(float(written), UTC)
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _window(name: str, told: str) -> Window:
    limit, left, reset = told.split(" ")
    return Window(name, int(limit), int(left), datetime.fromtimestamp(int(reset), UTC))


def _windows_key(account: str) -> str:
    return f"hark:windows:{account}"
