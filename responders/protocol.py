"""What a responder is: it sends one reply once, and can be asked whether an earlier attempt landed."""

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from models import Channel, SendAttempt
from models.posts import OutgoingPost, SentPost


@dataclass(frozen=True, slots=True)
class Sent:
    """Proof that the attempt landed."""

    post: SentPost


@dataclass(frozen=True, slots=True)
class ProvedAbsent:
    """Proof that the attempt did not land. Only this takes a reply back to approved."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """No proof either way; `why` is a sentence for the person who has to decide."""

    why: str


class NotAsked(CannotTell):
    """Whoever could tell could not be asked. It says nothing: the same look is taken again."""


Proof = Sent | ProvedAbsent | CannotTell


class Responder(Protocol):
    """Sends replies on one account of a channel. An async context manager; owns its client."""

    @property
    def channel(self) -> Channel: ...

    def length(self, text: str) -> int:
        """The length of a text as the channel counts it."""
        ...

    async def send(self, post: OutgoingPost) -> SentPost:
        """Exactly one attempt. Raises SendRefused, SendDeferred or SendUncertain."""
        ...

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """Whether an earlier attempt landed. Raises what the channel raises when it cannot be asked now."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class Hideable(Protocol):
    """A channel that folds one post under ours. Safe to repeat. Raises what `send` raises."""

    async def hide(self, post_id: str) -> None: ...

    async def unhide(self, post_id: str) -> None: ...


@runtime_checkable
class Mutable(Protocol):
    """A channel that keeps an author out of what we are shown. Safe to repeat. Raises what `send` raises."""

    async def mute(self, author_id: str) -> None: ...

    async def unmute(self, author_id: str) -> None: ...


@runtime_checkable
class Blockable(Protocol):
    """A channel that keeps an author from reading and answering us. Safe to repeat. Raises what `send` raises."""

    async def block(self, author_id: str) -> None: ...

    async def unblock(self, author_id: str) -> None: ...
