"""Bluesky: mentions, replies and quotes through atproto, newest first, caught up page by page to a mark of our own.

A search for our handle goes beside the notifications, since a name typed without its facet is no notification.
Source: lexicons app.bsky.notification.listNotifications, app.bsky.feed.searchPosts, getPosts, getPostThread.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
from atproto_client import AsyncClient
from atproto_client.models.dot_dict import DotDict
from atproto_client.request import AsyncRequest
from atproto_core.exceptions import AtProtocolError

from listeners.bluesky_beside import BlueskyBeside
from listeners.errors import ChannelUnavailable, CredentialsRejected, ListenerError, RateLimited
from listeners.protocol import Batch, OurAccount
from models import Channel, utc_now
from models.bluesky_fields import UNREADABLE, Json, place_of, said_in, without_version
from models.bluesky_lanes import Cursor, Page
from models.bluesky_posts import context_in, read_news
from models.bluesky_session import KeepsSession, PasswordRejected, Refusal, SharedSession
from models.held_back import HeldBack
from models.opened import Opened
from models.posts import IncomingPost

log = logging.getLogger(__name__)

READ_SECONDS, LOOKED_UP = 20, 25


class BlueskyListener(BlueskyBeside, Opened):
    """Hears one account; `kept` holds its session (signing in is limited); check() looks for `operator`."""

    channel = Channel.BLUESKY

    def __init__(
        self,
        *,
        handle: str,
        app_password: str,
        base_url: str,
        kept: KeepsSession,
        hooks: Mapping[str, list[Any]] | None = None,
        operator: str = "",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = AsyncClient(base_url, AsyncRequest(timeout=READ_SECONDS, trust_env=False, event_hooks=hooks))
        self._session = SharedSession(kept, handle, app_password, clock)
        self._client.on_session_change(self._session.changed)
        self._handle, self._operator, self._clock, self._their_date = handle, operator, clock, ""
        self._us: OurAccount | None = None

    async def _close(self) -> None:
        await self._client.request.close()

    async def whoami(self) -> OurAccount:
        """Our DID and handle. Raises ListenerError."""
        if self._us is None:
            said = await self._ask("com.atproto.server.getSession")
            if not said_in(said, "did").startswith("did:"):
                raise ChannelUnavailable("Bluesky did not say whose session this is")
            self._us = OurAccount(said_in(said, "did"), said_in(said, "handle"))
        return self._us

    async def fetch(self, cursor: str | None) -> Batch:
        """One page of notifications, or of what a search for our handle finds. Raises ListenerError.

        A search that fails is put off: the notifications are heard all the same.
        """
        us, (here, lost) = await self.whoami(), Cursor.load(cursor, self._clock())
        try:
            page = await self._page(here, us)
        except ListenerError as error:
            if not here.searching:
                raise
            log.warning("%s: the search for our handle failed (%s)", us.handle, error)
            refused = isinstance(error, CredentialsRejected)
            return Batch((), here.without_search(self._clock(), refused=refused).written())
        news = here.news_on(page, us.handle)
        views = {} if here.searching else await self._views([said_in(raw, "uri") for raw in news])
        posts, unreadable, read = read_news(news, views, here.known, us.channel_account_id)
        then, more = here.after(page, read, self._clock())
        return Batch(posts, then.written(), unreadable, lost, more)

    async def _page(self, here: Cursor, us: OurAccount) -> Page:
        """The next page. One that goes on another has to hold what comes next when that alone is asked for.

        An old page that is served once more would end a catch-up half-way, and what lies between would be lost.
        """
        nsid, asked = here.question(us.handle)
        try:
            ahead = here.page_in(await self._ask(nsid, **asked | {"limit": 1})) if here.lane.page else Page((), "")
            return here.page_in(await self._ask(nsid, **asked)).going_on_with(ahead)
        except ValueError as error:
            raise ChannelUnavailable(str(error)) from error

    async def thread(self, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
        """What stands above and below a post, oldest first, as context. Raises ListenerError."""
        us, uri = await self.whoami(), without_version(post_id)
        try:
            page = await self._ask("app.bsky.feed.getPostThread", uri=uri, depth=10, parentHeight=80)
        except _Gone:
            return ()
        return context_in(page.get("thread"), conversation_id, uri, us.channel_account_id)

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those that are gone; who blocks us is hidden too, so their repository is asked. Raises ListenerError."""
        shown = await self._views([without_version(one) for one in post_ids])
        hidden = [one for one in post_ids if without_version(one) not in shown]
        gone = await asyncio.gather(*(self._is_gone(without_version(one)) for one in hidden))
        return [post_id for post_id, is_gone in zip(hidden, gone, strict=True) if is_gone]

    async def _is_gone(self, uri: str) -> bool:
        try:
            await self._ask("com.atproto.repo.getRecord", **place_of(uri))
        except _Gone:
            return True
        return False

    async def _views(self, uris: Sequence[str]) -> dict[str, Json]:
        """Posts as Bluesky shows them to us, by uri; what is gone or hidden is missing."""
        parts = [list(uris[at : at + LOOKED_UP]) for at in range(0, len(uris), LOOKED_UP)]
        pages = await asyncio.gather(*(self._ask("app.bsky.feed.getPosts", uris=part) for part in parts))
        if not all(isinstance(page.get("posts"), list) for page in pages):
            raise ChannelUnavailable("Bluesky did not show the posts it told us of")
        return {said_in(post, "uri"): post for page in pages for post in page["posts"] if isinstance(post, Mapping)}

    async def _ask(self, nsid: str, **asked: Any) -> Json:
        """What Bluesky answers. Raises ListenerError, of which _Gone is what is not there any more."""
        try:
            await self._session.open(self._client.login)
            answer = await self._client.invoke_query(nsid, params=DotDict(asked), timeout=READ_SECONDS)
        except (AtProtocolError, httpx.HTTPError, HeldBack, PasswordRejected, *UNREADABLE) as error:
            raise self._as_listener_error(self._session.refused(error)) from error
        self._their_date = str(answer.headers.get("date", ""))
        if not isinstance(answer.content, Mapping):
            raise ChannelUnavailable("Bluesky answered something that is no page")
        return answer.content

    def _as_listener_error(self, told: Refusal) -> ListenerError:
        match told.status:
            case 401 | 403:
                return CredentialsRejected(f"Bluesky does not accept our app password: {told.words}")
            case 429:
                return RateLimited(told.again_at or self._clock() + timedelta(minutes=1))
            case 400 if told.gone:
                return _Gone("Bluesky does not have what we asked for")
        return ChannelUnavailable(f"Bluesky could not be reached, or not understood: {told.words}")


class _Gone(ChannelUnavailable):
    """What we asked for is not there any more."""
