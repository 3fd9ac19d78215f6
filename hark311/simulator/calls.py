"""The log of API calls the simulator answered: method, path without any token, status, time. In memory."""

import re
from collections import deque

from hark311.simulator.spoken import Json
from hark311.simulator.store import iso_z

_BOT_TOKEN = re.compile(r"/bot[^/]+")
KEPT = 10_000


class CallLog:
    """The last ten thousand calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Json] = deque(maxlen=KEPT)
        self.total = 0

    def note(
        self, channel: str, operation: str, method: str, path: str, status: int, fault: str | None, ms: int
    ) -> None:
        """Write one call down; status 0 means the connection was dropped. Query strings are never kept."""
        self.total += 1
        self._calls.append(
            {
                "number": self.total,
                "channel": channel,
                "operation": operation,
                "method": method,
                "path": _BOT_TOKEN.sub("/bot", path),
                "status": status,
                "fault": fault,
                "at": iso_z(ms),
            }
        )

    def last(self, limit: int, channel: str | None = None, operation: str | None = None) -> list[Json]:
        """Up to `limit` newest calls, oldest of them first."""
        wanted = [
            call
            for call in self._calls
            if channel in (None, call["channel"]) and operation in (None, call["operation"])
        ]
        return wanted[-limit:] if limit else []
