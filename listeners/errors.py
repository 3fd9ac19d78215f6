"""What can go wrong when we listen, named by what to do next.

ListenerError
├── CredentialsRejected   stop, tell staff, look again now and then: somebody must mend the key
│   └── AnotherAccount    the key is good, but opens another account than the one whose history we keep
├── PermissionMissing     the key is good but may not do this: tell staff what to switch on, the rest goes on
├── RateLimited           wait until `retry_at`
└── ChannelUnavailable    back off and try again
UnreadablePost            one post is broken: store it raw with the reason, go on with the page
NotFromChannel            a webhook call that the channel did not sign
JobGone                   a compliance job that came to nothing: begin another
"""

from datetime import datetime


class ListenerError(Exception):
    """The channel could not be heard. The cursor has not moved, nothing is lost."""


class CredentialsRejected(ListenerError):
    """The channel does not accept our key."""


class AnotherAccount(CredentialsRejected):
    """The key opens another account than before; the text says which, and what to do."""


class PermissionMissing(ListenerError):
    """The channel knows our key but does not let it do this; the text says what somebody has to switch on."""


class RateLimited(ListenerError):
    """The channel wants us to wait until `retry_at` (aware UTC)."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(f"asked to wait until {retry_at:%H:%M:%S} UTC")
        self.retry_at = retry_at


class ChannelUnavailable(ListenerError):
    """The channel did not answer, or answered nonsense."""


class UnreadablePost(Exception):
    """A single post that cannot be read. `reason` is a sentence without the post's words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotFromChannel(Exception):
    """A webhook call without the channel's signature or secret."""


class JobGone(Exception):
    """The channel does not know our compliance job any more, or gave it up: begin another."""
