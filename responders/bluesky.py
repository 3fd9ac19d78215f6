"""Bluesky: replies through atproto, one attempt at a time, under a record key chosen before the call.

The key follows from the attempt, so our own repository proves both ways. Bluesky takes a reply to anything and hides
what its author does not allow, so we look at that post first. Source: lexicons com.atproto.repo, app.bsky.feed.post.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from atproto_client import AsyncClient
from atproto_client.exceptions import RequestErrorBase
from atproto_client.models.dot_dict import DotDict
from atproto_client.request import AsyncRequest

from models import Channel, SendAttempt, utc_now
from models.bluesky_fields import POST, Json, moment, part_of, place_of, record_key, said_in, without_version
from models.bluesky_posts import BLOCKED_BY, may_reply
from models.bluesky_replies import UPLOAD, as_sent, reply_record, shown_in, why_refused
from models.bluesky_session import KEY_REFUSED, SESSION_ENDED, KeepsSession, SharedSession
from models.opened import Opened
from models.posts import OutgoingPost, SentPost
from responders.bluesky_moderating import Moderates
from responders.connections import never_opened
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain
from responders.lengths import on_bluesky
from responders.protocol import CannotTell, Proof, ProvedAbsent, Sent

READ_SECONDS, SOON, AT_ONCE = 20, timedelta(seconds=30), timedelta(seconds=1)
SETTLED = timedelta(seconds=60)
"""After so long no call of ours is still on its way: what is not there then will not come."""


class BlueskyResponder(Moderates, Opened):
    """Replies as one account; `kept` holds its session (signing in is limited); `hooks` are httpx's."""

    channel = Channel.BLUESKY

    def __init__(
        self,
        *,
        handle: str,
        app_password: str,
        base_url: str,
        kept: KeepsSession,
        hooks: Mapping[str, list[Any]] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = AsyncClient(base_url, AsyncRequest(timeout=READ_SECONDS, trust_env=False, event_hooks=hooks))
        self._session, self._clock = SharedSession(kept, handle, app_password, clock), clock
        self._client.on_session_change(self._session.changed)

    async def _close(self) -> None:
        await self._client.request.close()

    def length(self, text: str) -> int:
        """The fuller of Bluesky's two measures, in 300ths."""
        return on_bluesky(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Post a reply under the resident's post, once. Raises SendRefused, SendDeferred or SendUncertain."""
        key = record_key(post.started_at, post.idempotency_key)
        try:
            await self._session.open(self._client.login)
            record = await self._record(post)
        except Exception as error:
            raise self._as_send_error(error, posting=False) from error
        asked = {"repo": self._session.did, "collection": POST, "rkey": key, "record": record}
        how: Any = {"input_encoding": "application/json", "timeout": READ_SECONDS}
        try:
            answer = await self._client.invoke_procedure("com.atproto.repo.createRecord", data=DotDict(asked), **how)
        except Exception as error:
            raise self._as_send_error(error, posting=True) from error
        if not said_in(answer.content, "uri").endswith(f"/{key}"):
            raise SendUncertain("Bluesky did not say whether it took the reply")
        return as_sent(self._session.did, key, self._clock())

    async def _record(self, post: OutgoingPost) -> Json:
        answered = await self._answered(without_version(post.in_reply_to)) if post.in_reply_to else {}
        facets = await self._client.detect_facets(post.text)  # asks whose a named handle is
        marked = [one.model_dump(by_alias=True, exclude_none=True) for one in facets]
        put: Any = self._client.invoke_procedure
        told = [await put(UPLOAD, content=one.content, input_encoding=one.media_type) for one in post.pictures]
        return reply_record(post, answered, marked, self._clock(), [one.content for one in told])

    async def _answered(self, uri: str) -> Json:
        """The post we answer, as Bluesky shows it to us. Raises SendRefused where a reply would not be seen."""
        view = shown_in(await self._query("app.bsky.feed.getPosts", uris=[uri]), uri)
        may, why = may_reply(view) if view else (False, await self._why_hidden(uri))
        if not may:
            raise SendRefused(f"Bluesky would hide this reply: {why}.", author_blocks_us=why == BLOCKED_BY)
        return view

    async def _why_hidden(self, uri: str) -> str:
        try:
            await self._query("com.atproto.repo.getRecord", **place_of(uri))
        except RequestErrorBase as error:
            if not self._session.refused(error).gone:
                raise
            return "the post we answer is gone"
        return BLOCKED_BY

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """Look into our own repository. Raises what atproto and httpx raise when Bluesky cannot be asked."""
        await self._session.open(self._client.login)
        did, key = self._session.did, record_key(attempt.started_at, attempt.idempotency_key)
        try:
            found = await self._query("com.atproto.repo.getRecord", repo=did, collection=POST, rkey=key)
        except RequestErrorBase as error:
            if self._session.refused(error).name != "RecordNotFound":
                raise
            if self._clock() - attempt.started_at < SETTLED:
                return CannotTell("it is not in our repository, but our call may still be on its way")
            return ProvedAbsent()
        if not said_in(found, "uri").endswith(f"/{key}"):
            return CannotTell("Bluesky answered something that is no record")
        written = moment(said_in(part_of(found, "value"), "createdAt"))
        return Sent(as_sent(did, key, written or attempt.started_at))

    async def _query(self, nsid: str, **asked: Any) -> Any:
        return (await self._client.invoke_query(nsid, params=DotDict(asked), timeout=READ_SECONDS)).content

    async def _procedure(self, nsid: str, said: Json) -> Any:
        how: Any = {"input_encoding": "application/json", "timeout": READ_SECONDS}
        return await self._client.invoke_procedure(nsid, data=DotDict(said), **how)

    def _as_send_error(self, error: Exception, *, posting: bool) -> SendError:
        """What an error means; unless we were `posting`, nothing had left us but questions."""
        if isinstance(error, SendError):
            return error
        told = self._session.refused(error)
        if told.status in KEY_REFUSED:
            return SendRefused("Bluesky does not accept our app password; mend it", credentials=True)
        if told.status == 429:
            return SendDeferred(told.again_at or self._clock() + SOON, "Bluesky asks us to wait")
        if told.name in SESSION_ENDED:
            return SendDeferred(self._clock() + AT_ONCE, "our session with Bluesky had ended")
        if told.status == 400:
            return SendRefused(why_refused(told.words))
        if not posting or never_opened(error):
            return SendDeferred(self._clock() + SOON, "Bluesky could not be reached; nothing was posted")
        return SendUncertain("the connection to Bluesky broke while we were posting")
