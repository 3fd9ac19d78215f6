"""Bluesky: replies through atproto, one attempt at a time, under a record key chosen before the call.

The key follows from the attempt, so that our own repository proves both ways: the record is there, or it is not and
no call of ours can still be on its way. Bluesky takes a reply to anything and hides what its author does not allow, so
we look at the post we answer first. Source: lexicons com.atproto.repo.createRecord, getRecord, app.bsky.feed.post.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx
import regex
from atproto_client import AsyncClient
from atproto_client.client.session import Session, SessionEvent
from atproto_client.exceptions import BadRequestError, RateLimitExceededError, RequestErrorBase, UnauthorizedError
from atproto_client.models.dot_dict import DotDict
from atproto_client.request import AsyncRequest

from models import Channel, SendAttempt, utc_now
from models.bluesky_fields import POST, Json, KeepsSession, moment, part_of, record_key, said_in, without_version
from models.posts import OutgoingPost, SentPost
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, Proof, ProvedAbsent, Sent

READ_SECONDS = 20
SETTLED = timedelta(seconds=60)
"""After so long no call of ours is still on its way: what is not there then will not come."""
SOON = timedelta(seconds=30)
SESSION_ENDED = ("ExpiredToken", "InvalidToken")
TOO_LONG = ("graphemes", "must not be longer", "too big", "too long")


def length(text: str) -> int:
    """Letters as people see them, 300 at most; or tenths of the 3000 bytes, where those fill up first."""
    return max(len(regex.findall(r"\X", text)), -(-len(text.encode("utf-8", "replace")) // 10))


class BlueskyResponder:
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
        request = AsyncRequest(timeout=READ_SECONDS, trust_env=False, event_hooks=hooks)
        self._client = AsyncClient(base_url, request=request)
        self._client.on_session_change(self._session_changed)
        self._login, self._kept, self._clock = (handle, app_password), kept, clock
        self._session, self._did = "", ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.request.close()

    def length(self, text: str) -> int:
        """The fuller of Bluesky's two measures, in 300ths."""
        return length(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Post a reply under the resident's post, once. Raises SendRefused, SendDeferred or SendUncertain."""
        key = record_key(post.started_at, post.idempotency_key)
        try:
            await self._sign_in()
            record = await self._record(post)
        except Exception as error:  # nothing left us yet but questions
            raise self._before_posting(error) from error
        asked = {"repo": self._did, "collection": POST, "rkey": key, "record": record}
        try:
            answer = await self._client.invoke_procedure(
                "com.atproto.repo.createRecord",
                data=DotDict(asked),
                input_encoding="application/json",
                timeout=READ_SECONDS,
            )
            uri = said_in(answer.content, "uri")
        except (UnauthorizedError, RateLimitExceededError) as error:
            raise self._before_posting(error) from error
        except BadRequestError as error:
            if _name(error) in SESSION_ENDED:
                raise self._before_posting(error) from error
            raise SendRefused(_in_words(error)) from error
        except (RequestErrorBase, httpx.HTTPError, ValueError, TypeError, AttributeError) as error:
            if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                raise SendDeferred(self._clock() + SOON, "Bluesky could not be reached") from error
            raise SendUncertain("the connection to Bluesky broke while we were posting") from error
        if not uri.endswith(f"/{key}"):
            raise SendUncertain("Bluesky did not say whether it took the reply")
        return self._sent(key, self._clock())

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """Look into our own repository. Raises what atproto and httpx raise when Bluesky cannot be asked."""
        await self._sign_in()
        key = record_key(attempt.started_at, attempt.idempotency_key)
        asked = {"repo": self._did, "collection": POST, "rkey": key}
        try:
            found = await self._client.invoke_query(
                "com.atproto.repo.getRecord", params=DotDict(asked), timeout=READ_SECONDS
            )
        except UnauthorizedError:
            self._kept.forget()
            raise
        except BadRequestError as error:
            if _name(error) != "RecordNotFound":
                raise
            if self._clock() - attempt.started_at < SETTLED:
                return CannotTell("it is not in our repository, but our call may still be on its way")
            return ProvedAbsent()
        if not said_in(found.content, "uri").endswith(f"/{key}"):
            return CannotTell("Bluesky answered something that is no record")
        written = moment(said_in(part_of(found.content, "value"), "createdAt"))
        return Sent(self._sent(key, written or attempt.started_at))

    async def _record(self, post: OutgoingPost) -> Json:
        facets = await self._client.detect_facets(post.text)  # asks whose a named handle is
        record: dict[str, Any] = {"$type": POST, "text": post.text, "langs": [post.language]}
        record["createdAt"] = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if facets:
            record["facets"] = [one.model_dump(by_alias=True, exclude_none=True) for one in facets]
        if post.in_reply_to:
            view = await self._answered(without_version(post.in_reply_to))
            whole = part_of(view, "record", "reply", "root") or view
            given = post.reply_with or {
                "root_uri": said_in(whole, "uri"),
                "root_cid": said_in(whole, "cid"),
                "uri": said_in(view, "uri"),
                "cid": said_in(view, "cid"),
            }
            root, parent = ((given[f"{at}uri"], given[f"{at}cid"]) for at in ("root_", ""))
            record["reply"] = {
                name: {"uri": uri, "cid": cid} for name, (uri, cid) in (("root", root), ("parent", parent))
            }
        return record

    async def _answered(self, uri: str) -> Json:
        """The post we answer, as Bluesky shows it to us. Raises SendRefused where a reply would not be seen."""
        page = await self._query("app.bsky.feed.getPosts", uris=[uri])
        view = part_of({"": page["posts"][0] if page["posts"] else None}, "")
        if view and said_in(view, "uri") != uri:
            raise ValueError("Bluesky showed another post than the one asked for")
        if part_of(view, "author", "viewer").get("blockedBy"):
            raise SendRefused("Bluesky would hide this reply: the author has blocked us.", author_blocks_us=True)
        if part_of(view, "viewer").get("replyDisabled"):
            raise SendRefused("Bluesky would hide this reply: the author limited who may reply.")
        if view:
            return view
        repo, _, rkey = uri.removeprefix("at://").split("/")
        try:
            await self._query("com.atproto.repo.getRecord", repo=repo, collection=POST, rkey=rkey)
        except BadRequestError as error:
            raise SendRefused("Bluesky would hide this reply: the post we answer is gone.") from error
        raise SendRefused("Bluesky would hide this reply: the author has blocked us.", author_blocks_us=True)

    async def _query(self, nsid: str, **asked: Any) -> Any:
        return (await self._client.invoke_query(nsid, params=DotDict(asked), timeout=READ_SECONDS)).content

    def _before_posting(self, error: Exception) -> Exception:
        """What an error means that came while nothing could have been posted."""
        match error:
            case SendRefused():
                return error
            case RateLimitExceededError():
                return SendDeferred(error.reset_at or self._clock() + SOON, "Bluesky asks us to wait")
            case UnauthorizedError():
                self._kept.forget()
                return SendRefused("Bluesky does not accept our app password; mend it", credentials=True)
            case BadRequestError() if _name(error) in SESSION_ENDED:
                self._kept.forget()
                return SendDeferred(self._clock() + timedelta(seconds=1), "our session with Bluesky had ended")
            case BadRequestError():
                return SendRefused(_in_words(error))
            case _:
                return SendDeferred(self._clock() + SOON, "Bluesky could not be asked; nothing was posted")

    async def _sign_in(self) -> None:
        """Take the kept session, which another process may have renewed; sign in where there is none."""
        kept = self._kept.load()
        if not kept:
            await self._client.login(*self._login, fetch_bsky_profile=False)
        elif kept != self._session:
            await self._client.login(session_string=kept, fetch_bsky_profile=False)

    def _session_changed(self, event: SessionEvent, session: Session) -> None:
        self._session, self._did = session.export(), session.did
        if event != SessionEvent.IMPORT:
            self._kept.save(self._session)

    def _sent(self, key: str, at: datetime) -> SentPost:
        return SentPost(f"at://{self._did}/{POST}/{key}", at, f"https://bsky.app/profile/{self._did}/post/{key}")


def _name(error: RequestErrorBase) -> str:
    return str(getattr(getattr(error.response, "content", None), "error", ""))


def _in_words(error: BadRequestError) -> str:
    said = str(error)[:200]
    if any(sign in said.lower() for sign in TOO_LONG):
        return "Bluesky refused this reply: the text is too long for Bluesky."
    return f"Bluesky refused this reply: {said}."
