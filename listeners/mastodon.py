"""Mastodon: notifications through Mastodon.py, by `min_id`, which gives the oldest next on every server.

The stream only wakes us: what is stored always comes from the paged notifications, so that nothing is lost or doubled.
Source: docs.joinmastodon.org, methods notifications, statuses, streaming.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import requests
from mastodon import CallbackStreamListener, Mastodon, MastodonError

from listeners.errors import ChannelUnavailable, CredentialsRejected, ListenerError, PermissionMissing, RateLimited
from listeners.mastodon_beside import MastodonBeside
from listeners.mastodon_threads import Gone
from listeners.protocol import Batch, OurAccount
from listeners.streams import WakingStream
from models import Channel, utc_now
from models.mastodon_fields import HOW, UNREADABLE, account_in, goes_on_at, original, refusal_in
from models.mastodon_heard import Heard, Threads, notifications_in, unreadable
from models.opened import Opened
from models.posts import IncomingPost, PostKind, UnreadableItem

READ_SECONDS, STREAM_SILENCE_SECONDS, RECONNECT_SECONDS = 20, 60, 30
"""Mastodon's stream gives a sign of life every 15 s; a server without one is asked again every half minute."""


class MastodonListener(MastodonBeside, Opened):
    """Hears one account. `session` carries what stands between us and it; `operator` is looked for in its note."""

    channel, asks_one_by_one = Channel.MASTODON, True

    def __init__(
        self, *, session: requests.Session, access_token: str, base_url: str, streaming: bool, operator: str = ""
    ) -> None:
        self._session, self._operator = session, operator
        self._api = Mastodon(access_token=access_token, api_base_url=base_url, session=session, **HOW)
        self._us: OurAccount | None = None
        self._threads, self._stream = Threads(), WakingStream(wanted=streaming)

    async def _close(self) -> None:
        await self._stream.close()
        self._session.close()

    def wake_by(self, wake: Callable[[], None]) -> None:
        """Keep a stream open beside polling, and call `wake` in the event loop when it says that something is there."""
        self._stream.wake_by(wake)

    async def whoami(self) -> OurAccount:
        """Our id and @handle. Raises ListenerError."""
        if self._us is None:
            self._us = OurAccount(*await self._ask(lambda: account_in(self._api.account_verify_credentials())))
        return self._us

    async def fetch(self, cursor: str | None) -> Batch:
        """The oldest notifications after `cursor`; when there are none, what was edited since. Raises ListenerError.

        Servers cap a page as they like, so only an empty one is the last. Nobody is told of an edit: a second look, at
        the newest notifications, shows it; and that look catches a server that calls the rest of a list empty.
        """
        heard = Heard.read(cursor)
        await self.whoami()
        if page := await self._page(min_id=heard.after):
            return await self._batch(page, heard.moved(page[-1]), more=True)
        newest = await self._page()
        if heard.misses(newest):
            raise ChannelUnavailable("Mastodon said that nothing is new, and then showed something new")
        await self._stream.keep(self._begin_stream)
        edited, gone = heard.edits_in(newest), self._stream.taken_back()
        return await self._batch(edited, heard.seen_edits(edited), gone=gone)

    async def _page(self, **where: Any) -> Sequence[Any]:
        """Some notifications, oldest first. No limit: one server cuts the wrong end."""
        return list(await self._ask(lambda: notifications_in(self._api.notifications(types=["mention"], **where))))

    async def _batch(self, page: Sequence[Any], heard: Heard, *, more: bool = False, gone: Sequence[str] = ()) -> Batch:
        read = partial(self._threads.read, our_id=(await self.whoami()).channel_account_id)
        posts: dict[str, IncomingPost] = {}
        broken: list[UnreadableItem] = []
        for one in (one for one in page if one.get("type") == "mention"):
            try:
                above = [read(status, PostKind.CONTEXT) for status in await self._above(one["status"])]
                mention = read(one["status"], PostKind.MENTION)
                posts |= {post.post_id: post for post in above if post.post_id not in posts}
                posts[mention.post_id] = mention
            except UNREADABLE as error:
                broken.append(unreadable(one, error))
        return Batch(list(posts.values()), heard.written(), broken, more=more, deleted=gone)

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those of `post_ids` that the server does not have, each asked for alone. Raises ListenerError."""
        gone: list[str] = []
        for post_id in post_ids:
            try:
                await self._ask(partial(self._api.status, original(post_id)))
            except Gone:
                gone.append(post_id)
        if gone:
            await self._ask(self._api.account_verify_credentials)  # a server that has nothing at all deleted nothing
        return gone

    async def _begin_stream(self, heard: Callable[[Any], None], deleted: Callable[[Any], None]) -> Any:
        listen: Any = CallbackStreamListener
        ears = listen(notification_handler=heard, delete_handler=deleted)
        again: Any = {"run_async": True, "reconnect_async": True, "reconnect_async_wait_sec": RECONNECT_SECONDS}
        return await self._ask(lambda: self._api.stream_user(ears, timeout=STREAM_SILENCE_SECONDS, **again))

    async def _ask(self, call: Callable[[], Any]) -> Any:
        """One call of the SDK, in a thread. Raises ListenerError, of which Gone is a 404."""
        self._api.request_timeout = READ_SECONDS
        try:
            return await asyncio.to_thread(call)
        except (MastodonError, *UNREADABLE) as error:  # the latter: an answer that is JSON, but not Mastodon's
            raise self._as_listener_error(error) from error

    def _as_listener_error(self, error: Exception) -> ListenerError:
        match refusal_in(error):
            case 401, _:
                return CredentialsRejected("Mastodon does not accept our access token")
            case 403, _:
                return PermissionMissing("Mastodon does not let our token do this: it needs the scopes read and write")
            case 404, _:
                return Gone("Mastodon does not have what we asked for")
            case 429, _:
                return RateLimited(goes_on_at(self._api.ratelimit_reset, utc_now()))
        return ChannelUnavailable(f"Mastodon could not be reached, or not understood: {type(error).__name__}")
