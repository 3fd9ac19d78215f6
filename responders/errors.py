"""What can go wrong when words leave us, named by what the outbox does next.

SendError
├── SendRefused    not posted, trying again is pointless: a person decides
├── SendDeferred   not posted, the channel asks us to wait until `retry_at`
│   └── ConversationMoved   not posted, and from now on the conversation has another id
└── SendUncertain  may have been posted: proof or a person decides, never another try (invariant 4)

Whatever else is raised after the call left counts as SendUncertain.
"""

from datetime import datetime


class SendError(Exception):
    """A reply or request did not go through, or we do not know whether it did."""


class SendRefused(SendError):
    """Not posted, and posting again would be refused again. `reason` is a sentence staff can read.

    `duplicate_of`: the number under which the city says that it has this already; "" where it says no such thing.
    """

    def __init__(
        self, reason: str, *, credentials: bool = False, author_blocks_us: bool = False, duplicate_of: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.credentials = credentials
        self.author_blocks_us = author_blocks_us
        self.duplicate_of = duplicate_of


class SendDeferred(SendError):
    """Not posted; the channel wants us to wait until `retry_at` (aware UTC)."""

    def __init__(self, retry_at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.retry_at = retry_at
        self.reason = reason


class ConversationMoved(SendDeferred):
    """Not posted: the conversation goes on under another id, `new_conversation_id`, and the reply goes there."""

    def __init__(self, retry_at: datetime, new_conversation_id: str) -> None:
        super().__init__(retry_at, "The conversation has moved; the reply goes where it is now.")
        self.new_conversation_id = new_conversation_id


class SendUncertain(SendError):
    """The call left us and we do not know whether it had its effect."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CityUnreachable(Exception):
    """The city's system could not be asked, or answered nonsense. Nothing was changed.

    `status` is the answer's HTTP status, 0 where there was none.
    """

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class NotSetUp(Exception):
    """The settings lack what the destination needs. The text says what, and who mends it."""
