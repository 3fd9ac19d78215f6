"""The session of an account on Bluesky, and what Bluesky refuses. No SDK: a client's `login` is handed in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self

from models.held_back import HeldBack

REJECTED_FOR = timedelta(minutes=5)
"""Signing in is allowed 300 times a day: a wrong password is not tried more often. Source: Bluesky, rate limits."""
KEY_REFUSED, SESSION_ENDED = (401, 403), ("ExpiredToken", "InvalidToken")
GONE = ("NotFound", "RecordNotFound", "RepoNotFound", "RepoTakendown", "RepoSuspended", "RepoDeactivated")


class KeepsSession(Protocol):
    """Where the session of an account is kept for all who speak for it; an empty text stands for none."""

    def load(self) -> str: ...

    def save(self, session: str) -> None: ...

    def forget(self) -> None: ...


class PasswordRejected(Exception):
    """The app password was refused a moment ago and is not tried again yet."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error of the SDK tells: HTTP status (0: no answer), Bluesky's name for it, words, when to come again."""

    status: int
    name: str
    words: str
    again_at: datetime | None

    @classmethod
    def of(cls, error: Exception) -> Self:
        """What an error tells, whichever it is."""
        if isinstance(error, PasswordRejected):
            return cls(KEY_REFUSED[0], "", str(error), None)
        if isinstance(error, HeldBack):
            return cls(429, "", str(error), error.until)
        answer = getattr(error, "response", None)
        name = str(getattr(getattr(answer, "content", None), "error", ""))
        words = str(error)[:200] if answer else type(error).__name__
        return cls(getattr(answer, "status_code", 0), name, words, getattr(error, "reset_at", None))

    @property
    def gone(self) -> bool:
        """Whether what was asked for is not there any more, or its whole repository."""
        return self.name in GONE or "Could not find repo" in self.words


class SharedSession:
    """One adapter's hold on a session that all processes share."""

    def __init__(self, kept: KeepsSession, handle: str, app_password: str, clock: Callable[[], datetime]) -> None:
        self._kept, self._login, self._clock = kept, (handle, app_password), clock
        self._held: Any = None
        self._rejected_until = datetime.min.replace(tzinfo=UTC)

    @property
    def did(self) -> str:
        """Whose session it is; "" before it was opened."""
        return str(self._held.did) if self._held else ""

    @property
    def scope(self) -> str:
        """What the session may do, in Bluesky's words; "" where it does not say."""
        return str(getattr(self._held.access_jwt_payload, "scope", "")) if self._held else ""

    async def open(self, login: Callable[..., Awaitable[object]]) -> None:
        """Take the kept session, which another process may have renewed; sign in where there is none.

        Raises PasswordRejected, and what `login` raises.
        """
        if self._clock() < self._rejected_until:
            raise PasswordRejected("it was refused, and is tried every five minutes")
        kept = self._kept.load()
        if kept and (self._held is None or kept != self._held.export()):
            await login(session_string=kept, fetch_bsky_profile=False)
        elif not kept:
            try:
                await login(*self._login, fetch_bsky_profile=False)
            except Exception as error:
                if Refusal.of(error).status in KEY_REFUSED:
                    self._rejected_until = self._clock() + REJECTED_FOR
                raise

    def changed(self, event: Any, session: Any) -> None:
        """For the SDK to call with a SessionEvent and a Session: a new one is kept."""
        self._held = session
        if event.name != "IMPORT":
            self._kept.save(session.export())

    def refused(self, error: Exception) -> Refusal:
        """What an error tells; a session that Bluesky no longer takes is forgotten. One call alone may be forbidden."""
        told = Refusal.of(error)
        if told.status == KEY_REFUSED[0] or told.name in SESSION_ENDED:
            self._kept.forget()
        return told
