"""When a reply may leave: the pace and the limits of its channel, and the month's ceiling of its account.

Asked before an attempt is written, so that a reply whose turn has not come leaves no trace but the time of its turn.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models import Channel


@dataclass(frozen=True, slots=True)
class Leaving:
    """A reply that is about to leave, as far as its pace depends on it. `urgent`: it answers a danger."""

    account_name: str
    channel: Channel
    conversation_id: str
    private: bool
    urgent: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: when to ask again, and why, in a sentence staff can read."""

    until: datetime
    why: str


class Pacing(Protocol):
    """Gives turns, to every worker from one book."""

    async def turn(self, leaving: Leaving) -> Wait | None:
        """None: go now, and this turn is taken. Never raises."""
        ...
