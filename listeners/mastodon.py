"""Mastodon: notifications through Mastodon.py, by `min_id`, which gives the oldest next on every server.

The stream only wakes us: what is stored always comes from the paged notifications, so that nothing is lost or doubled.
Source: docs.joinmastodon.org, methods notifications, statuses, streaming.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

import requests
from mastodon import CallbackStreamListener, Mastodon, MastodonAPIError, MastodonError, MastodonNotFoundError
from mastodon.errors import MastodonRatelimitError, MastodonUnauthorizedError

from listeners.errors import ChannelUnavailable, CredentialsRejected, ListenerError, PermissionMissing, RateLimited
from listeners.protocol import Batch, Finding, OurAccount
from models import Channel, utc_now
from models.mastodon_fields import UNREADABLE, Heard, as_post, edited_at, plain_text, when
from models.posts import IncomingPost, PostKind, UnreadableItem

READ_SECONDS, STREAM_SILENCE_SECONDS, RECONNECT_SECONDS = 20, 60, 30
"""Mastodon's stream gives a sign of life every 15 s; a server without one is asked again every half minute."""
ROOTS_KEPT = 10_000


class MastodonListener:
    """Hears one account. `session` carries what stands between us and it; `operator` is looked for in its note."""

    channel = Channel.MASTODON

    def __init__(
        self, *, session: requests.Session, access_token: str, base_url: str, streaming: bool, operator: str = ""
    ) -> None:
        session.headers["Connection"] = "close"  # some servers close kept-alive connections without a word
        self._session, self._streaming, self._operator = session, streaming, operator
        checks: Any = {"version_check_mode": "none", "ratelimit_method": "throw"}
        self._api = Mastodon(access_token=access_token, api_base_url=base_url, session=session, **checks)
        self._us: OurAccount | None = None
        self._roots: dict[str, str] = {}
        self._wake: Callable[[], None] | None = None
        self._stream: Any = None
        self._taken_back: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream:
            await asyncio.to_thread(_close, self._stream)
        self._session.close()

    def wake_by(self, wake: Callable[[], None]) -> None:
        """Keep a stream open beside polling, and call `wake` in the event loop when it says that something is there."""
        self._wake = wake if self._streaming else None

    async def whoami(self) -> OurAccount:
        """Our id and @handle. Raises ListenerError."""
        if self._us is None:
            me = await self._ask(self._api.account_verify_credentials)
            if not (isinstance(me, Mapping) and me.get("id") and me.get("acct")):
                raise ChannelUnavailable("Mastodon answered something that is no account")
            self._us = OurAccount(str(me["id"]), str(me["acct"]))
        return self._us

    async def fetch(self, cursor: str | None) -> Batch:
        """The oldest notifications after `cursor`; when there are none, what was edited since. Raises ListenerError.

        Servers cap a page as they like, so only an empty one is the last. Nobody is told of an edit: a second look, at
        the newest notifications, shows it; and that look catches a server that calls the rest of a list empty.
        """
        us, heard = await self.whoami(), Heard.read(cursor)
        if page := await self._page(min_id=heard.after):
            return await self._batch(page, us, heard.moved(page[-1]), more=True)
        newest = await self._page()
        if newest and str(newest[-1]["id"]) != heard.after and when(newest[-1]["created_at"]) >= heard.at:
            raise ChannelUnavailable("Mastodon said that nothing is new, and then showed something new")
        edited = [one for one in newest if edited_at(one.get("status")) > heard.edited]
        await self._keep_stream()
        gone = [self._taken_back.pop() for _ in self._taken_back[:]]
        return await self._batch(edited, us, heard.seen_edits(one["status"] for one in edited), gone=gone)

    async def _page(self, **where: str) -> list[Any]:
        """Some notifications, oldest first, whatever order they came in. No limit: one server cuts the wrong end."""
        page = await self._ask(lambda: self._api.notifications(types=["mention"], **where))
        if not isinstance(page, list):
            raise ChannelUnavailable("Mastodon answered something that is no list of notifications")
        if not all(isinstance(one, Mapping) and one.get("id") and when(one.get("created_at")) for one in page):
            raise ChannelUnavailable("Mastodon sent something that is no notification")
        return page if page and when(page[0]["created_at"]) < when(page[-1]["created_at"]) else page[::-1]

    async def _batch(
        self, page: Sequence[Any], us: OurAccount, heard: Heard, *, more: bool = False, gone: Sequence[str] = ()
    ) -> Batch:
        posts: dict[str, IncomingPost] = {}
        unreadable: list[UnreadableItem] = []
        for one in (one for one in page if one.get("type") == "mention"):
            try:
                for above in await self._above(one["status"]):
                    context = self._read(above, us, PostKind.CONTEXT)
                    posts.setdefault(context.post_id, context)
                mention = self._read(one["status"], us, PostKind.MENTION)
                posts[mention.post_id] = mention
            except UNREADABLE as error:
                reason = f"Mastodon sent a post we cannot read ({type(error).__name__})"
                unreadable.append(UnreadableItem(str(one["id"]), reason, json.dumps(one, default=str)))
        return Batch(list(posts.values()), heard.written(), unreadable, more=more, deleted=gone)

    async def _above(self, status: Any) -> list[Any]:
        """What stands above an answer whose thread we do not know yet. Raises ListenerError."""
        if not status["in_reply_to_id"] or str(status["in_reply_to_id"]) in self._roots:
            return []
        with suppress(_Gone):
            above = list((await self._ask(partial(self._api.status_context, str(status["id"]))))["ancestors"])
            self._roots |= {str(one["id"]): str(above[0]["id"]) for one in above}
            return above
        return []

    def _read(self, status: Any, us: OurAccount, kind: PostKind) -> IncomingPost:
        own, parent = str(status["id"]), str(status["in_reply_to_id"] or "")
        root = self._roots[own] = self._roots.get(own) or self._roots.get(parent) or parent or own
        while len(self._roots) > ROOTS_KEPT:
            del self._roots[next(iter(self._roots))]
        return as_post(status, kind, us.channel_account_id, root)

    async def thread(self, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
        """What stands above and below a post, as context, oldest first. Raises ListenerError."""
        us = await self.whoami()
        try:
            context = await self._ask(partial(self._api.status_context, post_id.partition(":")[0]))
            around = [*context["ancestors"], *context["descendants"]]
            self._roots |= {str(one["id"]): conversation_id.partition("/")[0] for one in around}
            return [self._read(one, us, PostKind.CONTEXT) for one in around]
        except _Gone:
            return []
        except UNREADABLE as error:
            raise ChannelUnavailable("Mastodon answered something that is no thread") from error

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those of `post_ids` that the server does not have, each asked for alone. Raises ListenerError."""
        gone: list[str] = []
        for post_id in post_ids:
            try:
                await self._ask(partial(self._api.status, post_id.partition(":")[0]))
            except _Gone:
                gone.append(post_id)
        if gone:
            await self._ask(self._api.account_verify_credentials)  # a server that has nothing at all deleted nothing
        return gone

    async def check(self) -> Sequence[Finding]:
        """The key and its scopes, bot label, named operator, the stream. What a server does not tell is None."""
        app: Any = {}
        try:
            me = await self._ask(self._api.account_verify_credentials)
            with suppress(_Gone):
                app = await self._ask(self._api.app_verify_credentials)
            note = plain_text(" ".join([str(me["note"]), *(str(one["value"]) for one in me.get("fields") or ())]))
        except (ListenerError, *UNREADABLE) as error:
            advice = "In Preferences > Development make an app with the scopes read and write; put its token in."
            return [Finding("key", False, str(error), advice)]
        have = {str(one).partition(":")[0] for one in app.get("scopes") or ()}
        named = self._operator.casefold() in note.casefold() if self._operator else None
        live = bool(self._stream and self._stream.is_receiving()) if self._wake else None
        return [
            Finding("key", True, f"opens @{me['acct']}"),
            Finding(
                "scopes", have >= {"read", "write"} if have else None, ", ".join(sorted(have)), "Needs read, write."
            ),
            Finding("bot label", bool(me.get("bot")), "", "Tick 'This is an automated account' in the profile."),
            Finding("operator", named, self._operator, "Name who answers for the account in the profile's text."),
            Finding("stream", live, "", "Without a stream posts are heard by polling, a little later. None is lost."),
        ]

    async def _keep_stream(self) -> None:
        """Begin to stream, once: the SDK connects again by itself, and `is_receiving` says whether it does."""
        if (wake := self._wake) is None or (self._stream and self._stream.is_alive()):
            return
        loop = asyncio.get_running_loop()

        def heard(_: Any) -> None:
            loop.call_soon_threadsafe(wake)

        def deleted(status_id: Any) -> None:
            self._taken_back.append(str(status_id))
            heard(status_id)

        listen: Any = CallbackStreamListener
        ears = listen(notification_handler=heard, delete_handler=deleted)
        again = {"reconnect_async": True, "reconnect_async_wait_sec": RECONNECT_SECONDS}
        begin = partial(self._api.stream_user, ears, run_async=True, timeout=STREAM_SILENCE_SECONDS, **again)
        with suppress(ListenerError):  # polling goes on, and the next page tries again
            self._stream = await self._ask(begin)

    async def _ask(self, call: Callable[[], Any]) -> Any:
        """One call of the SDK, in a thread. Raises ListenerError, of which _Gone is a 404."""
        self._api.request_timeout = READ_SECONDS
        try:
            return await asyncio.to_thread(call)
        except (MastodonError, *UNREADABLE) as error:  # the latter: an answer that is JSON, but not Mastodon's
            raise self._as_listener_error(error) from error

    def _as_listener_error(self, error: Exception) -> ListenerError:
        match error:
            case MastodonNotFoundError():
                return _Gone("Mastodon does not have what we asked for")
            case MastodonUnauthorizedError():
                return CredentialsRejected("Mastodon does not accept our access token")
            case MastodonRatelimitError():
                reset = self._api.ratelimit_reset
                return RateLimited(datetime.fromtimestamp(reset, UTC) if reset else utc_now() + timedelta(minutes=5))
            case MastodonAPIError() if 403 in error.args:
                return PermissionMissing(
                    "Mastodon does not let our token do this; its app needs the scopes read and write"
                )
        return ChannelUnavailable(f"Mastodon could not be reached: {type(error).__name__}")


class _Gone(ChannelUnavailable):
    """The server does not have it, or does not show it to us."""


def _close(stream: Any) -> None:
    """End the stream's thread: it may be waiting for the next byte, and then only the socket wakes it."""
    stream.closed = True
    if stream.connection is not None:
        with suppress(OSError, AttributeError, ValueError):
            stream.connection.raw.shutdown()
    stream.join(2)
    stream.close()
