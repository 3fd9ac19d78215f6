"""What a listener is: it fetches one page, and leaves storing and waiting to others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from models import Channel
from models.posts import IncomingPost, NoticedGap, UnreadableItem


@dataclass(frozen=True, slots=True)
class OurAccount:
    """Who we are on the channel, as the channel tells it."""

    channel_account_id: str
    handle: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One page. `cursor` is opaque and is stored in the same transaction as the posts (invariant 2).

    `posts` oldest first. `more` says that another page waits now, so that the caller need not pause.
    """

    posts: Sequence[IncomingPost]
    cursor: str | None
    unreadable: Sequence[UnreadableItem] = ()
    gap: NoticedGap | None = None
    more: bool = False


class Listener(Protocol):
    """Hears one account of a channel. An async context manager; owns its client."""

    @property
    def channel(self) -> Channel: ...

    async def whoami(self) -> OurAccount:
        """Our id and @handle. Raises ListenerError."""
        ...

    async def fetch(self, cursor: str | None) -> Batch:
        """One page after `cursor`; never loops, never sleeps. Raises ListenerError."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class WebhookListener(Protocol):
    """Hears a channel that calls us."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises NotFromChannel unless the channel signed this call."""
        ...

    def parse(self, body: bytes) -> Sequence[IncomingPost]:
        """The posts of one call, oldest first. Raises UnreadablePost."""
        ...


@runtime_checkable
class FindsDeleted(Protocol):
    """A channel that can be asked which of our stored posts are gone."""

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those of `post_ids` (at most 100) that the channel no longer shows. Raises ListenerError."""
        ...


@runtime_checkable
class FetchesThreads(Protocol):
    """A channel that shows the whole thread around a post."""

    async def thread(self, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
        """What else stands in the thread of `post_id`, oldest first, as context. Raises ListenerError."""
        ...


@runtime_checkable
class RefillsGaps(Protocol):
    """A channel that still shows a stretch we have not heard."""

    async def refill(self, after: str, before: str, cursor: str | None) -> Batch:
        """One page of what lies between two post ids ("" is open); `more` while some are left. Raises ListenerError."""
        ...


@runtime_checkable
class CountsMentions(Protocol):
    """A channel that tells how many posts it holds for us, so that the ledger can be compared."""

    async def count_mentions(self, day: date) -> int | None:
        """The channel's own count for one UTC day; None where it does not tell. Raises ListenerError."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `hark doctor` looked at: `ok` None where it cannot be told. `advice` says what to do, step by step."""

    what: str
    ok: bool | None
    says: str
    advice: str = ""


@runtime_checkable
class ChecksAccount(Protocol):
    """A channel that tells what our key may do and how our account is labelled."""

    async def check(self) -> Sequence[Finding]:
        """Keys, scopes, bot label, named operator, webhook, expiry. A problem is a finding, never an exception."""
        ...


@runtime_checkable
class FetchesPhotos(Protocol):
    """A channel that keeps photos as they were sent, with what the camera wrote into them."""

    async def photo_file(self, file_id: str, most_bytes: int) -> bytes | None:
        """The bytes of a photo sent as a file; None where it is gone, too large or no photo. Raises ListenerError."""
        ...
