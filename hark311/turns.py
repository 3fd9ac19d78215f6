"""Whose turn it is to send: the month's money, the channel's limits and its pace, one book for all workers."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from hark311.metering import Meter
from hark311.prices import MICRO
from hark311.rates import Pace, Rates
from hark311.spending import dollars, next_month
from models import CHANNELS, Channel, utc_now
from responders.pacing import Leaving, Wait

BUDGET_AGAIN = timedelta(minutes=10)
"""How soon a reply that waits for money asks again: the operator may have raised the ceiling."""

RESERVE = 5
"""The last calls of a window that are left to answers to a danger; a tenth of it where it is small."""

SENDS = {
    Channel.X: "create_post",
    Channel.TELEGRAM: "sendMessage",
    Channel.MASTODON: "POST /api/v1/statuses",
    Channel.BLUESKY: "com.atproto.repo.createRecord",
}
X_PRIVATELY = "send_message"


class Turns:
    """Gives turns. `ceilings`: dollars a month by account; 0 and absent are none."""

    def __init__(
        self, meter: Meter, rates: Rates, ceilings: Mapping[str, float], clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._meter, self._rates, self._clock = meter, rates, clock
        self._ceilings = {name: round(ceiling * MICRO) for name, ceiling in ceilings.items()}

    async def turn(self, leaving: Leaving) -> Wait | None:
        """None: go now, and this turn is taken. An answer to a danger waits for pace alone, not for money."""
        return await asyncio.to_thread(lambda: self._money(leaving) or self._limit(leaving) or self._pace(leaving))

    def _money(self, leaving: Leaving) -> Wait | None:
        ceiling, spent = self._ceilings.get(leaving.account_name, 0), self._meter.spent_this_month(leaving.account_name)
        if leaving.urgent or not 0 < ceiling <= spent:
            return None
        now = self._clock()
        why = (
            f"{dollars(spent)} of this month's {dollars(ceiling)} are spent. The reply is kept; it leaves when the "
            "operator raises the ceiling, or when the month (UTC) is over."
        )
        return Wait(min(now + BUDGET_AGAIN, next_month(now)), why)

    def _limit(self, leaving: Leaving) -> Wait | None:
        privately = leaving.channel == Channel.X and leaving.private
        window = self._rates.window(leaving.account_name, X_PRIVATELY if privately else SENDS[leaving.channel])
        if window is None:
            return None
        kept = 0 if leaving.urgent else min(RESERVE, window.limit // 10)
        if window.left > kept:
            return None
        label = CHANNELS[leaving.channel].label
        why = f"{label} takes {window.limit} replies in a stretch of time, and no more fit into this one."
        if not window.limit:
            why = f"{label} asked us to wait before the next reply."
        return Wait(window.reset, why)

    def _pace(self, leaving: Leaving) -> Wait | None:
        free = self._rates.turn(paces_of(leaving), uuid.uuid4().hex)
        return (
            Wait(free, f"{CHANNELS[leaving.channel].label} takes so many replies at a time; this one is next.")
            if free
            else None
        )


def paces_of(leaving: Leaving) -> list[Pace]:
    """The paces a reply has to keep. Telegram: one a second to a chat, 20 a minute to a group, 30 a second in all.

    Source: Bot API, "My bot is hitting limits" (Bots FAQ). A topic of a group is no chat of its own.
    """
    if leaving.channel != Channel.TELEGRAM:
        return []
    account, chat = leaving.account_name, leaving.conversation_id.partition("/")[0]
    paces = [
        Pace(f"{account}:all", 30, timedelta(seconds=1)),
        Pace(f"{account}:chat:{chat}", 1, timedelta(seconds=1)),
    ]
    if not leaving.private:
        paces.append(Pace(f"{account}:group:{chat}", 20, timedelta(minutes=1)))
    return paces
