"""X: hiding replies below our posts, and muting. X has no block for us. Each call is safe to repeat.

Source: X API v2, PUT /2/tweets/:id/hidden, POST and DELETE /2/users/:id/muting.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import tweepy

from responders.errors import SendRefused
from responders.x.troubles import NETWORK, trouble_of

NOT_BELOW_OURS = "X did not hide it: it hides only replies in a thread that a post of ours began. It holds on the desk."


class Moderates:
    """What XResponder can do beside sending."""

    _client: tweepy.Client
    _clock: Callable[[], datetime]

    async def hide(self, post_id: str) -> None:
        """Hide a reply in a thread of ours. Raises what `send` raises."""
        await self._change(self._client.hide_reply, post_id)

    async def unhide(self, post_id: str) -> None:
        """Show it again. Raises what `send` raises."""
        await self._change(self._client.unhide_reply, post_id)

    async def mute(self, author_id: str) -> None:
        """Mute an account for ours. Raises what `send` raises."""
        await self._change(self._client.mute, author_id)

    async def unmute(self, author_id: str) -> None:
        """End the mute. Raises what `send` raises."""
        await self._change(self._client.unmute, author_id)

    async def _change(self, call: Callable[..., Any], wanted: str) -> None:
        try:
            await asyncio.to_thread(call, wanted, user_auth=True)
        except (tweepy.HTTPException, *NETWORK) as error:
            trouble = trouble_of(error, self._clock())
            if isinstance(trouble, SendRefused) and not trouble.credentials:
                hides = call == self._client.hide_reply and isinstance(error, tweepy.Forbidden)
                refused = trouble.reason.replace("refused this reply", "refused it")
                trouble = SendRefused(NOT_BELOW_OURS if hides else refused)
            raise trouble from error
