"""Mastodon: what stands above and below a status, and how to go on where the server does not show it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from listeners.errors import ChannelUnavailable, PermissionMissing
from listeners.protocol import OurAccount
from models.mastodon_fields import UNREADABLE, original
from models.mastodon_heard import Threads
from models.posts import IncomingPost, PostKind

TRIES, PAUSE_SECONDS = 3, 60.0
"""After so many threads that were not shown, one after another, we ask for none for so long: each may keep us 20 s."""


class Gone(ChannelUnavailable):
    """The server does not have it, or does not show it to us."""


class MastodonThreads(ABC):
    """The part of a listener that knows in which thread a status stands."""

    _api: Any
    _threads: Threads
    _not_shown, _asks_again_at = 0, 0.0

    @abstractmethod
    async def whoami(self) -> OurAccount:
        """Our id and @handle. Raises ListenerError."""

    @abstractmethod
    async def _ask(self, call: Callable[[], Any]) -> Any: ...

    async def thread(self, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
        """What stands above and below a post, as context, oldest first. Raises ListenerError."""
        us = (await self.whoami()).channel_account_id
        try:
            above, below = await self._around(original(post_id))
            self._threads.learn([*above, *below], conversation_id.partition("/")[0])
            return [self._threads.read(one, PostKind.CONTEXT, us) for one in (*above, *below)]
        except UNREADABLE as error:
            raise ChannelUnavailable("Mastodon answered something that is no thread") from error

    async def _above(self, status: Any) -> Sequence[Any]:
        """What stands above an answer whose thread we do not know yet; nothing where that is kept from us.

        Trouble is raised once, so that the page comes again: without what stands above it, an answer begins a thread
        of its own. After that we go on, or one status would stop all hearing; for open work it is fetched later on.
        Raises ListenerError.
        """
        rests = self._not_shown >= TRIES and monotonic() < self._asks_again_at
        if rests or self._threads.knows(status):
            return ()
        try:
            above, _ = await self._around(str(status["id"]))
        except PermissionMissing:
            return ()
        except ChannelUnavailable:
            self._not_shown, self._asks_again_at = self._not_shown + 1, monotonic() + PAUSE_SECONDS
            if self._not_shown == 1:
                raise
            return ()
        self._not_shown = 0
        self._threads.learn(above)
        return above

    async def _around(self, status_id: str) -> tuple[Sequence[Any], Sequence[Any]]:
        """What stands above and below a status; nothing where that is gone. Raises ListenerError."""

        def ask() -> tuple[Sequence[Any], Sequence[Any]]:
            context = self._api.status_context(status_id)
            return list(context["ancestors"]), list(context["descendants"])

        with suppress(Gone):
            shown: tuple[Sequence[Any], Sequence[Any]] = await self._ask(ask)
            return shown
        return (), ()
