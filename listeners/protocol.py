"""What a listener is: it fetches one page, and leaves storing and waiting to others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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

    `posts` oldest first. `more` says that another page waits now, so that the caller need not pause. `deleted`: ids of
    posts their authors took back. `moved`: conversations that go on under another id, old and new.
    """

    posts: Sequence[IncomingPost]
    cursor: str | None
    unreadable: Sequence[UnreadableItem] = ()
    gap: NoticedGap | None = None
    more: bool = False
    deleted: Sequence[str] = ()
    moved: Sequence[tuple[str, str]] = ()


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
    """Hears a channel that calls us. Makes no call itself, and keeps nothing between two calls of the channel."""

    @property
    def channel(self) -> Channel: ...

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises NotFromChannel unless the channel signed this call. `headers` in lower case; `body` as it came."""
        ...

    def parse(self, body: bytes, us: OurAccount) -> Batch:
        """What one call brought, as a page without a cursor. Raises UnreadablePost where it is no call we know."""
        ...


@runtime_checkable
class AnswersChallenge(Protocol):
    """A channel that asks now and then whether the secret of its webhook is still ours."""

    def challenge(self, token: str) -> Mapping[str, str]:
        """What to answer, as JSON. Raises NotFromChannel for what is no challenge of the channel's."""
        ...


@runtime_checkable
class Wakes(Protocol):
    """A channel that says at once that something is there. What is stored still comes by `fetch`."""

    def wake_by(self, wake: Callable[[], None]) -> None:
        """From the next fetch on, call `wake` in the event loop when a pause need not go on."""
        ...


@runtime_checkable
class FindsDeleted(Protocol):
    """A channel that can be asked which of our stored posts are gone."""

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those of `post_ids` (at most 100) that the channel no longer shows. Raises ListenerError."""
        ...


@runtime_checkable
class AsksOneByOne(FindsDeleted, Protocol):
    """A channel where `deleted` takes a call for each post: a round asks about some of them, the next one goes on."""

    @property
    def asks_one_by_one(self) -> bool: ...


@runtime_checkable
class FetchesThreads(Protocol):
    """A channel that shows the whole thread around a post."""

    async def thread(self, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
        """What else stands in the thread of `post_id`, oldest first, as context. Raises ListenerError."""
        ...


@runtime_checkable
class HearsLanes(Protocol):
    """A channel where more than mentions is heard, each in a lane with a cursor of its own."""

    @property
    def lanes(self) -> Sequence[str]:
        """Names of the lanes, such as messages and quotes."""
        ...

    async def fetch_lane(self, lane: str, cursor: str | None) -> Batch:
        """One page of a lane after `cursor`; never loops, never sleeps. Raises ListenerError."""
        ...


@dataclass(frozen=True, slots=True)
class SearchRule:
    """What to search for, in the channel's own words, from `begins_at` (aware UTC) on.

    `chat`: it is the hashtag of a tweet chat, whose reposts are counted. `live`: that chat takes place now.
    """

    id: int
    query: str
    begins_at: datetime
    chat: bool = False
    live: bool = False


@runtime_checkable
class Searches(Protocol):
    """A channel that can be searched for what concerns us without naming us."""

    async def search(self, rule: SearchRule, cursor: str | None) -> Batch:
        """One page of what a rule finds after `cursor`. Raises ListenerError."""
        ...


@runtime_checkable
class CountsFound(Protocol):
    """A channel that tells how many posts a search would find."""

    async def count(self, query: str) -> int:
        """How many posts of the last seven days a query finds. Raises ListenerError."""
        ...


@runtime_checkable
class Streams(Protocol):
    """A channel that can bring what rules find at once. Searching goes on beside it, so that nothing rests on it."""

    @property
    def stream_is_open(self) -> bool:
        """Whether it brings what is found now."""
        ...

    async def stream(self, rules: Sequence[SearchRule]) -> Batch:
        """What it brought for these rules since the last call; without any it is closed. Raises ListenerError."""
        ...


@dataclass(frozen=True, slots=True)
class Removed:
    """A post the channel says is gone, and why in a few words; `only_place`: only where it was written from is."""

    post_id: str
    why: str
    only_place: bool = False


@runtime_checkable
class ChecksCompliance(Protocol):
    """A channel that tells for many stored posts at once which of them are gone."""

    async def begin_compliance(self) -> str:
        """Open a job and return its id. Raises ListenerError."""
        ...

    async def upload_compliance(self, job_id: str, post_ids: Sequence[str]) -> None:
        """Hand over the ids the job is to look at; may be repeated. Raises ListenerError."""
        ...

    async def compliance_found(self, job_id: str) -> Sequence[Removed] | None:
        """What is gone; None while the channel still looks. Raises ListenerError, or JobGone where it gave up."""
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
