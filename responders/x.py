"""X: replies through tweepy, one attempt at a time.

X has no idempotency key. After a doubtful attempt our own timeline is the proof: a reply found there was sent; one that
is not found proves nothing, because the timeline may lag. Source: X API v2, POST /2/tweets, GET /2/users/:id/tweets.
"""

import asyncio
import re
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from types import TracebackType
from typing import Any, Self

import requests
import tweepy
from urllib3.exceptions import NewConnectionError

from models import Channel, SendAttempt, utc_now
from models.posts import OutgoingPost, SentPost
from models.x_fields import full_text, reference_of, when
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, Proof, Sent
from responders.wording import LEFT_TO_RIGHT_MARK

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # twitter-text-parser 3.0 imports pkg_resources
    from twitter_text import extract_urls_with_indices, parse_tweet

LEADING_MENTIONS = re.compile(r"^(?:@\w+\s+)+")
MAY_HOLD_LINK = re.compile(r"[^\s.]\.[^\s.]|://|@")

REFUSALS = (
    ("duplicate content", "X says this text was posted before"),
    ("deleted", "the post we answer is gone"),
    ("not visible", "the post we answer is gone, or its author does not let us see it"),
    ("mentioned or otherwise engaged", "the author did not name or quote us, so X does not let us reply"),
    ("reply to this conversation is not allowed", "the author limited who may reply"),
    ("blocked", "the author has blocked us"),
    ("too long", "the text is too long for X"),
)


def length(text: str) -> int:
    """Weighted length as X counts it: a link is 23, most scripts beyond Latin 2 a letter. Source: twitter-text v3."""
    if text.isascii() and not MAY_HOLD_LINK.search(text):
        return len(text)  # every letter weighs one; the library needs a millisecond to say the same
    return int(parse_tweet(text).weightedLength)


class XResponder:
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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def length(self, text: str) -> int:
        """Weighted length as X counts it."""
        return length(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        """Post a reply under the resident's post, once. Raises SendRefused, SendDeferred or SendUncertain."""
        try:
            answer = await asyncio.to_thread(
                self._client.create_tweet, text=post.text, in_reply_to_tweet_id=post.in_reply_to, user_auth=True
            )
            return self._sent(str(answer["data"]["id"]), self._clock())
        except tweepy.TooManyRequests as error:
            reset = error.reset_time or int(self._clock().timestamp()) + 60
            raise SendDeferred(datetime.fromtimestamp(reset, UTC), "X asks us to wait") from error
        except tweepy.Unauthorized as error:
            raise SendRefused("X does not accept our key; somebody has to mend it", credentials=True) from error
        except tweepy.Forbidden as error:
            if "duplicate content" in _detail(error).lower() and (found := await self._sent_before(post)):
                return found
            raise SendRefused(_in_words(error), author_blocks_us="blocked" in _detail(error).lower()) from error
        except (tweepy.BadRequest, tweepy.NotFound) as error:
            raise SendRefused(_in_words(error)) from error
        except tweepy.HTTPException as error:
            raise SendUncertain(f"X answered {error.response.status_code} while we were posting") from error
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
            if _nothing_left_us(error):
                raise SendDeferred(self._clock() + timedelta(seconds=30), "X could not be reached") from error
            raise SendUncertain("the connection to X broke while we were posting") from error

    async def _sent_before(self, post: OutgoingPost) -> SentPost | None:
        """What X calls a duplicate, if it stands where ours belongs. Raises SendUncertain when X cannot be asked."""
        try:
            return await self._look(post.text, post.in_reply_to)
        except Exception as error:
            raise SendUncertain("X says this text was posted before, and does not let us look where") from error

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        """Look for the reply on our own timeline. Raises what tweepy and requests raise when X cannot be asked."""
        found = await self._look(attempt.text, attempt.in_reply_to)
        return Sent(found) if found else CannotTell("it is not on our timeline, which may lag behind")

    async def _look(self, text: str, in_reply_to: str | None) -> SentPost | None:
        if not self._our_id:
            self._our_id = str((await asyncio.to_thread(self._client.get_me))["data"]["id"])
        token: str | None = None
        wanted = comparable(text)
        for _page in range(8):  # X shows the newest 800 posts at most
            given: dict[str, Any] = {"since_id": in_reply_to, "pagination_token": token}
            page: Mapping[str, Any] = await asyncio.to_thread(
                self._client.get_users_tweets,
                id=self._our_id,
                max_results=100,
                tweet_fields=["referenced_tweets", "created_at", "note_tweet"],
                **{name: value for name, value in given.items() if value is not None},
            )
            for post in page.get("data") or ():
                if reference_of(post, "replied_to") == in_reply_to and comparable(unescape(full_text(post))) == wanted:
                    return self._sent(str(post["id"]), when(str(post["id"])))
            token = (page.get("meta") or {}).get("next_token")
            if token is None:
                return None
        return None

    def _sent(self, post_id: str, at: datetime) -> SentPost:
        return SentPost(post_id, at, f"https://x.com/i/status/{post_id}")


def comparable(text: str) -> str:
    """A text as X may give it back, once unescaped: composed, without leading @mentions, links replaced."""
    plain = unicodedata.normalize("NFC", text).replace(LEFT_TO_RIGHT_MARK, "")
    for link in reversed(extract_urls_with_indices(plain)):  # X also links phila.gov/311, without any https://
        start, end = link["indices"]
        plain = f"{plain[:start]}<link>{plain[end:]}"
    return " ".join(LEADING_MENTIONS.sub("", plain).split())


def _nothing_left_us(error: Exception) -> bool:
    """Whether the connection was never opened. requests hides a refused one in its first argument."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _detail(error: tweepy.HTTPException) -> str:
    return " ".join(str(one) for one in error.api_messages)


def _in_words(error: tweepy.HTTPException) -> str:
    said = _detail(error)
    for sign, words in REFUSALS:
        if sign in said.lower():
            return f"X refused this reply: {words}."
    return f"X refused this reply: {said or error.response.status_code}."
