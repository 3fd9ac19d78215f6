"""One account's way out: its calls are counted, and held back while their rate limit is known to be used up."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hark311.bills import Call, endpoint_of
from hark311.metering import Meter
from hark311.rates import Rates, wait_in, window_in
from models import Channel

log = logging.getLogger(__name__)

NO_ANSWER = 599
"""Stands for a call whose answer never came: counted, not billed."""


@dataclass(frozen=True, slots=True)
class Toll:
    """Stands between an account's SDK and the network. Safe to call from any thread; never raises."""

    account: str
    channel: Channel
    meter: Meter
    rates: Rates

    def held_until(self, call: Call) -> datetime | None:
        """When a call may be made that would be refused now; None: it may be made now, as far as is known."""
        window = self.rates.window(self.account, window_of(self.channel, call))
        return window.reset if window and window.used_up else None

    def answered(self, call: Call, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Count a call and remember what its answer said of the limits. `headers` with names in small letters."""
        try:
            self._note_limit(window_of(self.channel, call), status, headers, body)
            self.meter.note(self.account, self.channel, call, status, self._read(body))
        except Exception:  # what was sent was sent: a fault in our books must not look like a fault of the call
            log.exception("a call of %s was not counted", self.account)

    def broke(self, call: Call) -> None:
        """Count a call whose answer never came."""
        self.answered(call, NO_ANSWER, {}, b"")

    def _note_limit(self, name: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        if window := window_in(name, headers):
            self.rates.note(self.account, replace(window, left=0) if status == 429 else window)
        elif status == 429 and (wait := wait_in(body)):
            self.rates.note_wait(self.account, name, wait)

    def _read(self, body: bytes) -> object:
        if self.channel != Channel.X:
            return None  # only X bills by what an answer holds
        try:
            return json.loads(body)
        except ValueError:
            return None


def window_of(channel: Channel, call: Call) -> str:
    """The name of the rate limit a call falls under. X counts calls of the app apart from calls of the account."""
    name = endpoint_of(channel, call)
    return f"{name} (app)" if channel == Channel.X and not call.own_keys else name


@dataclass(frozen=True, slots=True)
class Tolls:
    """The tolls of all accounts of one process."""

    meter: Meter
    rates: Rates

    def of(self, account: str, channel: Channel) -> Toll:
        return Toll(account, channel, self.meter, self.rates)
