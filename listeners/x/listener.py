"""The X listener: one account's keys, and what can be asked with them."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

import requests

from listeners.protocol import Batch, Finding, OurAccount, Removed, SearchRule
from listeners.x import checking, removed, search
from listeners.x.calls import XCalls
from listeners.x.direct_messages import direct_messages
from listeners.x.mentions import mentions
from listeners.x.stream import XStream
from models import Channel, utc_now
from models.opened import Opened
from models.posts import IncomingPost

MESSAGES, QUOTES = "messages", "quotes"


class XListener(Opened):
    """Hears one account. `session` carries time limits and, in the simulator, another host.

    `stream_session`: the same for a connection that stays open, where the account's tier has the filtered stream.
    `country`: where staff sit (ISO 3166, two letters); what X withholds there is gone for us. `operator`: who the
    profile must name.
    """

    channel = Channel.X
    lanes = (QUOTES, MESSAGES)

    def __init__(
        self,
        *,
        session: requests.Session,
        bearer_token: str,
        consumer_key: str,
        consumer_secret: str,
        access_token: str,
        access_token_secret: str,
        country: str = "US",
        operator: str = "",
        stream_session: requests.Session | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clock = clock
        self._country, self._operator = country, operator
        self._session = session
        self._calls = XCalls(
            session=session,
            bearer_token=bearer_token,
            consumer_key=consumer_key,
            consumer_secret=consumer_secret,
            access_token=access_token,
            access_token_secret=access_token_secret,
            clock=lambda: self._clock(),
        )

        self._stream = XStream(self._calls, bearer_token, stream_session)

    async def _close(self) -> None:
        await self._stream.close()
        self._session.close()

    @property
    def stream_is_open(self) -> bool:
        """Whether the filtered stream brings what is found now."""
        return self._stream.is_open

    def wake_by(self, wake: Callable[[], None]) -> None:
        """Call `wake` in the event loop when the stream has brought something."""
        self._stream.wake_by(wake)

    async def stream(self, rules: Sequence[SearchRule]) -> Batch:
        """What the filtered stream brought for these rules; nothing where the tier has none. Raises ListenerError."""
        return await self._stream.brought(rules)

    async def whoami(self) -> OurAccount:
        """Our id and @handle. Raises ListenerError."""
        return await self._calls.whoami()

    async def fetch(self, cursor: str | None) -> Batch:
        """One page of mentions. Raises ListenerError."""
        return await mentions(self._calls, cursor)

    async def fetch_lane(self, lane: str, cursor: str | None) -> Batch:
        """One page of quotes or of direct messages. Raises ListenerError."""
        return await (direct_messages if lane == MESSAGES else search.quotes)(self._calls, cursor)

    async def search(self, rule: SearchRule, cursor: str | None) -> Batch:
        """One page of what a rule finds. Raises ListenerError."""
        return await search.search(self._calls, rule, cursor)

    async def count(self, query: str) -> int:
        """How many posts of the last seven days a query finds. Raises ListenerError."""
        return await search.count(self._calls, query)

    async def refill(self, after: str, before: str, cursor: str | None) -> Batch:
        """One page of the mentions between two posts; `gap` is what search does not reach. Raises ListenerError."""
        return await search.refill(self._calls, after, before, cursor)

    async def count_mentions(self, day: date) -> int | None:
        """How many posts of one UTC day name us; None where X does not tell. Raises ListenerError."""
        return await search.count_mentions(self._calls, day)

    async def thread(self, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
        """What else stands in a conversation, oldest first, as context. Raises ListenerError."""
        return await search.thread(self._calls, conversation_id, post_id)

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those of these posts (at most 100) that X does not show any more. Raises ListenerError."""
        return await removed.deleted(self._calls, post_ids, self._country)

    async def begin_compliance(self) -> str:
        """Open a compliance job. Raises ListenerError."""
        return await removed.begin_compliance(self._calls)

    async def upload_compliance(self, job_id: str, post_ids: Sequence[str]) -> None:
        """Hand over the ids of posts. Raises ListenerError, JobGone."""
        await removed.upload_compliance(self._calls, job_id, post_ids)

    async def compliance_found(self, job_id: str) -> Sequence[Removed] | None:
        """What the job found; None while it runs. Raises ListenerError, JobGone."""
        return await removed.compliance_found(self._calls, job_id)

    async def check(self) -> Sequence[Finding]:
        """Keys, what they may do, clock, profile, label."""
        return await checking.check(self._calls, self._operator)
