"""Calls to X, one at a time, with errors that say what to do next."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
import tweepy

from listeners.errors import ChannelUnavailable, CredentialsRejected, PermissionMissing, RateLimited
from listeners.protocol import OurAccount
from models.x_fields import EXPANSIONS, MEDIA_FIELDS, PLACE_FIELDS, POST_FIELDS, USER_FIELDS, Json

FIELDS: Mapping[str, Any] = {
    "tweet_fields": POST_FIELDS,
    "expansions": EXPANSIONS,
    "user_fields": USER_FIELDS,
    "media_fields": MEDIA_FIELDS,
    "place_fields": PLACE_FIELDS,
}
NOBODYS_POST = "1"
"""An id no post has: looking it up costs nothing and still needs a good bearer token."""
USED_UP = "usage-capped"
"""The kind of problem X answers when credits or the spending limit are used up: no waiting helps."""


class NotUnderstood(ChannelUnavailable):
    """X answered 400: what we asked makes no sense to it, such as a page token it has forgotten."""


class XCalls:
    """The client of one account. `session` carries time limits and, in the simulator, another host."""

    def __init__(
        self,
        *,
        session: requests.Session,
        bearer_token: str,
        consumer_key: str,
        consumer_secret: str,
        access_token: str,
        access_token_secret: str,
        clock: Callable[[], datetime],
    ) -> None:
        keys = (bearer_token, consumer_key, consumer_secret, access_token, access_token_secret)
        self.client = tweepy.Client(*keys, return_type=dict)
        self.whole = tweepy.Client(*keys, return_type=requests.Response)
        """Answers with headers, for who wants to know what the key may do."""
        self.client.session = self.whole.session = session
        self.session = session
        self.clock = clock
        self._us: OurAccount | None = None

    async def whoami(self) -> OurAccount:
        """Our id and @handle. Raises ListenerError."""
        if self._us is None:
            user = (await self.ask(self.client.get_me)).get("data")
            if not isinstance(user, Mapping) or not user.get("id"):
                raise ChannelUnavailable("X did not say whose key this is")
            await self.ask(self.client.get_tweets, ids=[NOBODYS_POST])  # the bearer token is told of at once, too
            self._us = OurAccount(str(user["id"]), str(user.get("username", "")))
        return self._us

    async def ask(self, call: Callable[..., Any], **arguments: Any) -> Json:
        """What X answers; arguments that are None are left out. Raises ListenerError."""
        answer = await self.tried(call, **arguments)
        if not isinstance(answer, Mapping):
            raise ChannelUnavailable("X answered something that is no page")
        return answer

    async def page(self, call: Callable[..., Any], **arguments: Any) -> Json:
        """A page of posts. Raises ListenerError, also where it is no page: taken for one it would end a catch-up."""
        page = await self.ask(call, **arguments)
        if not isinstance(page.get("meta"), Mapping) or not isinstance(page.get("data", []), list):
            raise ChannelUnavailable("X answered something that is no page")
        return page

    async def tried(self, call: Callable[..., Any], **arguments: Any) -> Any:
        """A call whose failures are ours by name, whatever it answers. Raises ListenerError."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            return await asyncio.to_thread(call, **given)
        except tweepy.Unauthorized as error:
            raise CredentialsRejected(f"X does not accept our key: {_detail(error)}") from error
        except tweepy.Forbidden as error:
            raise PermissionMissing(_not_allowed(error)) from error
        except tweepy.TooManyRequests as error:
            if USED_UP in error.response.text:
                raise PermissionMissing(
                    "X's credits or spending limit are used up. Raise them in X's developer console"
                ) from error
            reset = error.reset_time or int(self.clock().timestamp()) + 60
            raise RateLimited(datetime.fromtimestamp(reset, UTC)) from error
        except tweepy.BadRequest as error:
            raise NotUnderstood(f"X did not understand our question: {_detail(error)}") from error
        except tweepy.HTTPException as error:
            raise ChannelUnavailable(f"X answered {_detail(error)}") from error
        except (requests.RequestException, ValueError, TypeError, AttributeError) as error:
            # the last two are what tweepy makes of an error body that is JSON, but no object
            raise ChannelUnavailable(f"X could not be reached: {type(error).__name__}") from error


def _not_allowed(error: tweepy.HTTPException) -> str:
    return (
        f"X knows our key but does not let it do this: {_detail(error)}. Look at the app's permissions and plan in X's "
        "developer console, then make new access tokens"
    )


def _detail(error: tweepy.HTTPException) -> str:
    said = " ".join(str(one) for one in error.api_messages)
    return said.rstrip(".") or f"{error.response.status_code} {error.response.reason}"
