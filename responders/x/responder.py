"""X: posts, replies and direct messages through tweepy, one attempt at a time.

X has no idempotency key. After a doubtful attempt our own timeline is the proof, and for a direct message the chat:
what is found there was sent; what is not found proves nothing, because both may lag. Source: X API v2, POST /2/tweets,
GET /2/users/:id/tweets, POST /2/dm_conversations/with/:participant_id/messages, GET /2/dm_conversations/:id/dm_events.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import requests
import tweepy

from models import Channel, SendAttempt, utc_now
from models.opened import Opened
from models.posts import OutgoingPost, SentPost
from models.x_fields import DIRECT, full_text, reference_of, when
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, Proof, Sent
from responders.x.moderating import Moderates
from responders.x.troubles import NETWORK, is_duplicate, trouble_of
from responders.x.words import LINK, comparable, length

PAGES = 8
"""X shows the newest 800 posts at most."""
CLOCKS_DIFFER = timedelta(minutes=2)
SOON = timedelta(seconds=30)


class XResponder(Moderates, Opened):
    """Replies as one account. `session` carries time limits and, in the simulator, another host."""

    channel = Channel.X

    def __init__(
        self,
        *,
        session: requests.Session,
        bearer_token: str,
        consumer_key: str,
        consumer_secret: str,
        access_token: str,
        access_token_secret: str,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = tweepy.Client(
            bearer_token, consumer_key, consumer_secret, access_token, access_token_secret, return_type=dict
        )
        self._client.session = session
        self._session = session
        self._clock = clock
        self._our_id = ""

    async def _close(self) -> None:
        self._session.close()

    def length(self, text: str) -> int:
        """Weighted length as X counts it."""
        return length(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Post, under a post or alone, or write in private, once. Raises SendRefused, SendDeferred or SendUncertain."""
        media = await self._upload(post) if post.pictures else None
        try:
            return await (self._write_to(post, media) if post.private else self._answer(post, media))
        except tweepy.Forbidden as error:
            if is_duplicate(error):
                if found := await self._sent_before(post):
                    return found
                if post.in_doubt:  # the timeline lags: what X has seen may well be our earlier attempt
                    raise SendUncertain("X says this text was posted before, but does not show us where") from error
            raise trouble_of(error, self._clock()) from error
        except (tweepy.HTTPException, *NETWORK) as error:
            raise trouble_of(error, self._clock()) from error

    async def _upload(self, post: OutgoingPost) -> list[str]:
        """X's ids of the pictures, each with what it shows. Whatever goes wrong here, nothing was posted."""
        ids = []
        try:
            for one in post.pictures:
                shown = {
                    "media": b64encode(one.content).decode(),
                    "media_category": "dm_image" if post.private else "tweet_image",
                    "media_type": one.media_type,
                }
                answer = await self._post("/2/media/upload", shown)
                ids.append(str(answer["data"]["id"]))
                await self._post("/2/media/metadata", {"id": ids[-1], "metadata": {"alt_text": {"text": one.alt_text}}})
        except (tweepy.HTTPException, *NETWORK) as error:
            trouble = trouble_of(error, self._clock())
            if isinstance(trouble, SendUncertain):
                trouble = SendDeferred(self._clock() + SOON, "X did not take the picture; nothing was posted")
            raise trouble from error
        return ids

    async def _post(self, route: str, said: Mapping[str, Any]) -> Any:
        """A call that tweepy has no method for."""
        answer = await asyncio.to_thread(self._client.request, "POST", route, json=dict(said), user_auth=True)
        return answer.json()

    async def _answer(self, post: OutgoingPost, media: list[str] | None) -> SentPost:
        """Under the post we answer, naming its author and nobody else who was named there; or alone."""
        bystanders = [one for one in post.reply_with.get("bystanders", "").split(",") if one]
        answer = await asyncio.to_thread(
            self._client.create_tweet,
            text=post.text,
            in_reply_to_tweet_id=post.in_reply_to,
            exclude_reply_user_ids=bystanders if post.in_reply_to and bystanders else None,
            media_ids=media,
            user_auth=True,
        )
        return _public(str(answer["data"]["id"]), self._clock())

    async def _write_to(self, post: OutgoingPost, media: list[str] | None) -> SentPost:
        """To the person who wrote to us: X lets us write to nobody else."""
        if not post.author_id:
            raise SendRefused("X lets us write in private only to somebody who has written to us.")
        answer = await asyncio.to_thread(
            self._client.create_direct_message,
            participant_id=post.author_id,
            text=post.text,
            media_id=media[0] if media else None,
            user_auth=True,
        )
        return _private(str(answer["data"]["dm_event_id"]), post.conversation_id, self._clock())

    async def _sent_before(self, post: OutgoingPost) -> SentPost | None:
        """What X calls a duplicate, if it stands where ours belongs. Raises SendUncertain when X cannot be asked."""
        try:
            if post.private:
                return await self._look_in_chat(post.text, post.conversation_id, post.started_at)
            return await self._look(post.text, post.in_reply_to, post.started_at)
        except Exception as error:
            raise SendUncertain("X says this text was posted before, and does not let us look where") from error

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """Look where the attempt would stand. Raises what tweepy and requests raise when X cannot be asked."""
        if attempt.conversation_id.startswith(DIRECT):
            found = await self._look_in_chat(attempt.text, attempt.conversation_id, attempt.started_at)
            return Sent(found) if found else CannotTell("it is not in the chat as X shows it, which may lag behind")
        found = await self._look(attempt.text, attempt.in_reply_to, attempt.started_at)
        return Sent(found) if found else CannotTell("it is not on our timeline, which may lag behind")

    async def _look(self, text: str, in_reply_to: str | None, started_at: datetime) -> SentPost | None:
        """What answers nobody may have been said in these words before: of that only what was posted since counts."""
        wanted = comparable(text)
        since = started_at - CLOCKS_DIFFER if in_reply_to is None else None
        shown = self._pages(
            self._client.get_users_tweets,
            id=await self._us(),
            since_id=in_reply_to,
            tweet_fields=["referenced_tweets", "created_at", "note_tweet", "attachments"],
        )
        async for post in shown:
            at = when(str(post["id"]))
            if since is not None and at < since:
                return None
            if reference_of(post, "replied_to") == in_reply_to and _words_of(post, full_text(post)) == wanted:
                return _public(str(post["id"]), at)
        return None

    async def _look_in_chat(self, text: str, conversation_id: str, started_at: datetime) -> SentPost | None:
        """The same words may stand there from another day: only what was written since the attempt counts."""
        wanted, us, since = comparable(text), await self._us(), started_at - CLOCKS_DIFFER
        shown = self._pages(
            self._client.get_direct_message_events,
            dm_conversation_id=conversation_id.removeprefix(DIRECT),
            event_types="MessageCreate",
            dm_event_fields=["sender_id", "created_at", "text", "attachments"],
            user_auth=True,
        )
        async for event in shown:
            at = when(str(event["id"]))
            if at < since:
                return None
            if str(event["sender_id"]) == us and _words_of(event, str(event.get("text", ""))) == wanted:
                return _private(str(event["id"]), conversation_id, at)
        return None

    async def _us(self) -> str:
        if not self._our_id:
            self._our_id = str((await asyncio.to_thread(self._client.get_me))["data"]["id"])
        return self._our_id

    async def _pages(self, call: Callable[..., Any], **asked: Any) -> AsyncIterator[Mapping[str, Any]]:
        """What X lists, newest first, page by page."""
        token: str | None = None
        for _page in range(PAGES):
            given = {name: value for name, value in {**asked, "pagination_token": token}.items() if value is not None}
            page: Mapping[str, Any] = await asyncio.to_thread(call, max_results=100, **given)
            for one in page.get("data") or ():
                yield one
            token = (page.get("meta") or {}).get("next_token")
            if token is None:
                return


def _words_of(shown: Mapping[str, Any], text: str) -> str:
    """What a post or message says, comparable; X puts a link to its pictures behind the words."""
    words = comparable(unescape(text))
    return words.removesuffix(LINK).rstrip() if shown.get("attachments") else words


def _public(post_id: str, at: datetime) -> SentPost:
    return SentPost(post_id, at, f"https://x.com/i/status/{post_id}")


def _private(event_id: str, conversation_id: str, at: datetime) -> SentPost:
    return SentPost(DIRECT + event_id, at, f"https://x.com/messages/{conversation_id.removeprefix(DIRECT)}")
