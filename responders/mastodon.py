"""Mastodon: replies through Mastodon.py, one attempt at a time, under a key the server knows again for an hour.

Source: docs.joinmastodon.org, POST /api/v1/statuses (Idempotency-Key), GET /api/v1/accounts/:id/statuses.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import requests
from mastodon import Mastodon, MastodonError, MastodonNotFoundError

from models import CHANNELS, Channel, SendAttempt, utc_now
from models.mastodon_fields import HOW, UNREADABLE, account_in, goes_on_at, original, reach_of, refusal_in
from models.mastodon_replies import answers_in, as_sent, media_of, refused_because, same_words, status_of
from models.opened import Opened
from models.posts import OutgoingPicture, OutgoingPost, SentPost
from responders.connections import never_opened
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain
from responders.lengths import on_mastodon
from responders.mastodon_moderating import Moderates
from responders.protocol import CannotTell, Proof, ProvedAbsent, Sent

READ_SECONDS, PAGES, USUAL_LIMIT = 20, 10, 500
STILL_AT_WORK, CLOCKS_APART, SOON = timedelta(seconds=60), timedelta(minutes=5), timedelta(seconds=30)


class MastodonResponder(Moderates, Opened):
    """Replies as one account. `session` carries what stands between us and the network."""

    channel = Channel.MASTODON

    def __init__(self, *, session: requests.Session, access_token: str, base_url: str) -> None:
        self._session, self._our_id, self._most = session, "", 0
        self._api = Mastodon(access_token=access_token, api_base_url=base_url, session=session, **HOW)

    async def _close(self) -> None:
        self._session.close()

    def length(self, text: str) -> int:
        """Length as Mastodon counts it."""
        return on_mastodon(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Post a reply, once. Raises SendRefused, SendDeferred or SendUncertain."""
        try:
            reply = status_of(post.reply_with or await self._answered(post.in_reply_to), post)
            await self._require_room(post.text, reply["status"])
            for one in post.pictures:
                reply["media_ids"] += [await self._upload(one)]
        except (MastodonError, *UNREADABLE) as error:
            raise self._as_send_error(error, posting=False) from error
        try:
            return as_sent(await self._ask(partial(self._api.status_post, **reply)))
        except (MastodonError, *UNREADABLE) as error:
            raise self._as_send_error(error, posting=True) from error

    async def _upload(self, picture: OutgoingPicture) -> Any:
        """The id of a picture that a status can show. What our key may not do with pictures is no fault of the key."""
        try:
            return (await self._ask(partial(self._api.media_post, **media_of(picture))))["id"]
        except MastodonError as error:
            if refusal_in(error)[0] == 403:
                raise SendRefused("Mastodon does not let our token post pictures: give it write:media.") from error
            raise

    async def _answered(self, post_id: str | None) -> Mapping[str, str]:
        if not post_id:
            return {}  # it answers nobody
        return reach_of(await self._ask(partial(self._api.status, original(post_id))))

    async def _require_room(self, words: str, text: str) -> None:
        """Raises SendRefused where the server, which is asked once, takes no text as long as this."""
        for told in () if self._most else (self._api.instance_v2, self._api.instance_v1):
            with suppress(MastodonNotFoundError, *UNREADABLE):  # not every server knows both, or tells
                self._most = self._most or int((await self._ask(told))["configuration"]["statuses"]["max_characters"])
        self._most = self._most or USUAL_LIMIT
        if on_mastodon(words) > CHANNELS[Channel.MASTODON].reply_limit or on_mastodon(text) > self._most:
            raise SendRefused(f"The reply is too long for this server, which takes {self._most} characters.")

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """Look through our own statuses, and below the post we answered. Raises what the SDK and requests raise.

        Our own server writes a status before it answers, and lists our own without delay. So a reply that is in
        neither place a minute later was not posted; and should the server still be at it, the next attempt bears the
        same key. Other words of ours under the same post prove nothing: a person has to look. What answers nobody may
        have been said in these words before, and stands among other posts of ours: there the words since then count.
        """
        self._our_id = self._our_id or account_in(await self._ask(self._api.account_verify_credentials))[0]
        parent, since, doubt, pages = original(attempt.in_reply_to), attempt.started_at - CLOCKS_APART, "", 0
        try:
            await self._answered(parent)
        except MastodonNotFoundError:  # the server then forgets what our own posts answered
            return CannotTell("the post we answered is gone; please look among our own posts")
        async for page in self._where_it_may_stand(parent, since):
            ours = [one for one in answers_in(page, parent, self._our_id) if parent or one["created_at"] >= since]
            if same := next((one for one in ours if same_words(one, attempt.text)), None):
                return Sent(as_sent(same))
            if parent and any(one["created_at"] >= since for one in ours):
                doubt = "a reply of ours stands there with other words; please look into the thread"
            pages += 1
        if pages > (PAGES if parent else PAGES - 1):
            doubt = doubt or "we posted too much since to look through it all; please look into the thread"
        elif utc_now() < attempt.started_at + STILL_AT_WORK:
            doubt = doubt or "it is not there yet; the server may still be at work on it"
        return CannotTell(doubt) if doubt else ProvedAbsent()

    async def _where_it_may_stand(self, parent: str, since: datetime) -> AsyncIterator[Sequence[Any]]:
        """What hangs below the post we answered, then our own statuses back to `since`, page by page, up to PAGES."""
        if parent:
            yield (await self._ask(partial(self._api.status_context, parent)))["descendants"]
        before: dict[str, str] = {}
        for _ in range(PAGES):
            page = await self._ask(partial(self._api.account_statuses, self._our_id, **before))
            if not isinstance(page, list):
                raise TypeError("no list of statuses")
            yield page
            if not page or page[-1]["created_at"] < since:
                return
            before = {"max_id": str(page[-1]["id"])}

    async def _ask(self, call: Callable[[], Any]) -> Any:
        self._api.request_timeout = READ_SECONDS
        return await asyncio.to_thread(call)

    def _as_send_error(self, error: Exception, *, posting: bool) -> SendError:
        """What an error means; unless we were `posting`, nothing had left us, and what is not refused can wait."""
        status, said = refusal_in(error)
        if status == 429:
            return SendDeferred(goes_on_at(self._api.ratelimit_reset, utc_now()), "Mastodon asks us to wait")
        if why := refused_because(status, said):
            return SendRefused(why, credentials=status in (401, 403))
        if not posting or never_opened(error):
            return SendDeferred(utc_now() + SOON, "Mastodon could not be reached; nothing was posted")
        return SendUncertain(f"Mastodon gave no clear answer while we were posting ({type(error).__name__})")
