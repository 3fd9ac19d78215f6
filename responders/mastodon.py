"""Mastodon: replies through Mastodon.py, one attempt at a time, under a key the server knows again for an hour.

Source: docs.joinmastodon.org, POST /api/v1/statuses (Idempotency-Key), GET /api/v1/accounts/:id/statuses.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import regex
import requests
from mastodon import Mastodon, MastodonAPIError, MastodonError, MastodonNetworkError, MastodonNotFoundError
from mastodon.errors import MastodonRatelimitError, MastodonUnauthorizedError
from urllib3.exceptions import NewConnectionError

from models import CHANNELS, Channel, SendAttempt, utc_now
from models.mastodon_fields import NAMED, UNREADABLE, as_sent, same_words
from models.posts import OutgoingPost, SentPost
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, Proof, ProvedAbsent, Sent

READ_SECONDS = 20
STILL_AT_WORK = timedelta(seconds=60)
CLOCKS_APART = timedelta(minutes=5)
PAGES = 10
URL_WEIGHT, USUAL_LIMIT = 23, 500
LINK = re.compile(r"https?://[\w.-]+\.\w+(?::\d+)?(?:[/?#][!-~]*[\w/=#&-])?", re.IGNORECASE)
AS_NARROW = {"public": "unlisted", "unlisted": "unlisted"}
"""A reply to what everybody may see is for everybody too, without standing on public timelines. Anything else is for
the one we answer: "private" would show our reply to our own followers, whom the resident never meant."""
LANGUAGES = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}


def length(text: str) -> int:
    """Length as Mastodon counts it: graphemes, a link 23, a name without its server. The name of whom we answer goes in
    front of it; the channel's limit leaves room for that. Source: StatusLengthValidator."""
    shorter = NAMED.sub(r"@\1", LINK.sub("x" * URL_WEIGHT, text))
    return len(shorter) if shorter.isascii() and "\r" not in shorter else len(regex.findall(r"\X", shorter))


class MastodonResponder:
    """Replies as one account. `session` carries what stands between us and the network."""

    channel = Channel.MASTODON

    def __init__(self, *, session: requests.Session, access_token: str, base_url: str) -> None:
        session.headers["Connection"] = "close"  # some servers close kept-alive connections without a word
        self._session = session
        checks: Any = {"version_check_mode": "none", "ratelimit_method": "throw"}
        self._api = Mastodon(access_token=access_token, api_base_url=base_url, session=session, **checks)
        self._our_id, self._most = "", 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def length(self, text: str) -> int:
        """Length as Mastodon counts it."""
        return length(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Post a reply that names whom we answer and nobody else. Raises SendRefused, SendDeferred or SendUncertain.

        The Idempotency-Key is made of the reply, what it answers and its words: another attempt at the same words is
        the same status to the server, even where the earlier one lands after it.
        """
        parent = (post.in_reply_to or "").partition(":")[0]
        try:
            whom = post.reply_with or await self._answered(parent)
            text = f"@{whom['acct']} {post.text}"
            await self._require_room(post.text, text)
        except (MastodonError, *UNREADABLE) as error:
            raise self._before_sending(error) from error
        key = sha256(f"{post.reply_id}\n{parent}\n{post.text}".encode()).hexdigest()
        try:
            status = await self._ask(
                lambda: self._api.status_post(
                    text,
                    in_reply_to_id=parent,
                    visibility=AS_NARROW.get(whom["visibility"], "direct"),
                    language=LANGUAGES.get(post.language, post.language.partition("-")[0]),
                    idempotency_key=f"reply-{key[:40]}",
                )
            )
            return as_sent(status)
        except (MastodonError, *UNREADABLE) as error:
            raise self._as_send_error(error) from error

    async def _answered(self, status_id: str) -> Mapping[str, str]:
        status = await self._ask(lambda: self._api.status(status_id))
        return {"acct": str(status["account"]["acct"]), "visibility": str(status["visibility"])}

    async def _require_room(self, words: str, text: str) -> None:
        """Raises SendRefused where the server, which is asked once, takes no text as long as this."""
        for told in () if self._most else (self._api.instance_v2, self._api.instance_v1):
            with suppress(MastodonNotFoundError, *UNREADABLE):  # not every server knows both, or tells
                self._most = self._most or int((await self._ask(told))["configuration"]["statuses"]["max_characters"])
        self._most = self._most or USUAL_LIMIT
        if length(words) > CHANNELS[Channel.MASTODON].reply_limit or length(text) > self._most:
            raise SendRefused(f"The reply is too long for this server, which takes {self._most} characters.")

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """Look through our own statuses, and below the post we answered. Raises what the SDK and requests raise.

        Our own server writes a status before it answers, and lists our own without delay. So a reply that is in
        neither place a minute later was not posted; and should the server still be at it, the next attempt bears the
        same key. Other words of ours under the same post prove nothing: a person has to look.
        """
        if not self._our_id:
            self._our_id = str((await self._ask(self._api.account_verify_credentials))["id"] or "")
        parent, since = (attempt.in_reply_to or "").partition(":")[0], attempt.started_at - CLOCKS_APART
        doubt, pages = "", 0
        try:
            await self._answered(parent)
        except MastodonNotFoundError:  # the server then forgets what our own posts answered
            return CannotTell("the post we answered is gone; please look among our own posts")
        async for page in self._where_it_may_stand(parent, since):
            ours = [one for one in page if str(one["in_reply_to_id"]) == parent and self._is_ours(one)]
            if same := next((one for one in ours if same_words(one, attempt.text)), None):
                return Sent(as_sent(same))
            if any(one["created_at"] >= since for one in ours):
                doubt = "a reply of ours stands there with other words; please look into the thread"
            pages += 1
        if pages > PAGES:
            doubt = doubt or "we posted too much since to look through it all; please look into the thread"
        elif utc_now() < attempt.started_at + STILL_AT_WORK:
            doubt = doubt or "it is not there yet; the server may still be at work on it"
        return CannotTell(doubt) if doubt else ProvedAbsent()

    async def _where_it_may_stand(self, parent: str, since: datetime) -> AsyncIterator[Sequence[Any]]:
        """What hangs below the post we answered, then our own statuses back to `since`, page by page, up to PAGES."""
        yield (await self._ask(lambda: self._api.status_context(parent)))["descendants"]
        before: dict[str, Any] = {}
        for _ in range(PAGES):
            page = await self._ask(partial(self._api.account_statuses, self._our_id, **before))
            if not isinstance(page, list):
                raise TypeError("no list of statuses")
            yield page
            if not page or page[-1]["created_at"] < since:
                return
            before = {"max_id": str(page[-1]["id"])}

    def _is_ours(self, status: Any) -> bool:
        return str(status["account"]["id"]) == self._our_id

    async def _ask(self, call: Callable[[], Any]) -> Any:
        self._api.request_timeout = READ_SECONDS
        return await asyncio.to_thread(call)

    def _before_sending(self, error: Exception) -> Exception:
        """Trouble before anything left us: what is not refused can wait."""
        told = self._as_send_error(error)
        return SendDeferred(utc_now() + timedelta(seconds=30), told.reason) if isinstance(told, SendUncertain) else told

    def _as_send_error(self, error: Exception) -> SendRefused | SendDeferred | SendUncertain:
        status, said = _status_of(error)
        reset = self._api.ratelimit_reset
        match error:
            case MastodonRatelimitError() if error.args == ("Hit rate limit.",):
                until = datetime.fromtimestamp(reset, UTC) if reset else utc_now() + timedelta(minutes=5)
                return SendDeferred(until, "Mastodon asks us to wait")
            case MastodonNetworkError() if _nothing_left_us(error):
                return SendDeferred(utc_now() + timedelta(seconds=30), "Mastodon could not be reached")
            case MastodonUnauthorizedError():
                return SendRefused("Mastodon does not accept our token; somebody has to mend it.", credentials=True)
        if status == 403:
            return SendRefused(f"Mastodon does not let our token post: {said}.", credentials=True)
        if status == 404:
            return SendRefused("Mastodon refused this reply: the post is gone, or its author does not let us see it.")
        if 400 <= status < 500 and status not in (408, 409, 425):
            why = "the text is too long" if "character limit" in said else said
            return SendRefused(f"Mastodon refused this reply: {why}.")
        return SendUncertain(f"Mastodon gave no clear answer while we were posting ({type(error).__name__})")


def _status_of(error: Exception) -> tuple[int, str]:
    """HTTP status and the server's words from what the SDK raises: (text, status, reason, words)."""
    if isinstance(error, MastodonAPIError) and len(error.args) == 4 and isinstance(error.args[1], int):
        return error.args[1], str(error.args[3] or error.args[2])
    return 0, ""


def _nothing_left_us(error: MastodonNetworkError) -> bool:
    cause = error.__context__
    reason = getattr(cause.args[0] if cause and cause.args else None, "reason", None)
    return isinstance(cause, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
