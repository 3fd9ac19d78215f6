"""Mastodon: muting and blocking an account. Nobody else's status can be hidden. Each call is safe to repeat.

Source: docs.joinmastodon.org, POST /api/v1/accounts/:id/mute, unmute, block and unblock.
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from responders.errors import SendError


class Moderates:
    """What MastodonResponder can do beside sending."""

    _api: Any

    @abstractmethod
    async def _ask(self, call: Callable[[], Any]) -> Any: ...

    @abstractmethod
    def _as_send_error(self, error: Exception, *, posting: bool) -> SendError: ...

    async def mute(self, author_id: str) -> None:
        """Mute an account for ours. Raises what `send` raises.

        Not its notifications, which a mute would take too unless told not to: a danger it tells of is still heard.
        """
        await self._change(partial(self._api.account_mute, author_id, notifications=False))

    async def unmute(self, author_id: str) -> None:
        """End the mute. Raises what `send` raises."""
        await self._change(partial(self._api.account_unmute, author_id))

    async def block(self, author_id: str) -> None:
        """Block an account. Raises what `send` raises."""
        await self._change(partial(self._api.account_block, author_id))

    async def unblock(self, author_id: str) -> None:
        """End the block. Raises what `send` raises."""
        await self._change(partial(self._api.account_unblock, author_id))

    async def _change(self, call: Callable[[], Any]) -> None:
        try:
            await self._ask(call)
        except Exception as error:
            raise self._as_send_error(error, posting=True) from error
