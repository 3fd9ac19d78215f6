"""X: mentions through tweepy, newest first, caught up page by page.

The high-water mark moves only once the last page of a catch-up is stored: the cursor remembers where in the catch-up we
are, so a crash in the middle goes on there. X shows only the newest 800 mentions; behind them recent search takes over,
and what is older than its seven days is recorded as a gap. Source: X API v2, GET /2/users/:id/mentions and
/2/tweets/search/recent.
"""

import asyncio
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from types import TracebackType
from typing import Any, Self

import requests
import tweepy

from listeners.errors import ChannelUnavailable, CredentialsRejected, RateLimited, UnreadablePost
from listeners.protocol import Batch, OurAccount
from models import Channel, utc_now
from models.posts import (
    AttachmentKind,
    IncomingAttachment,
    IncomingAuthor,
    IncomingPost,
    NoticedGap,
    Pin,
    PostKind,
    UnreadableItem,
)
from models.x_fields import (
    EXPANSIONS,
    MEDIA_FIELDS,
    PLACE_FIELDS,
    POST_FIELDS,
    USER_FIELDS,
    Json,
    edit_history,
    first_id_at,
    full_text,
    included,
    included_posts,
    reference_of,
    when,
)

REACHABLE_MENTIONS = 800
SEARCH_REACHES = timedelta(days=7)
OVERLAP = timedelta(seconds=90)
"""Posts can become visible after younger ones: for a while after the newest one we look back this far."""

MEDIA_KINDS = {
    "photo": AttachmentKind.PHOTO,
    "video": AttachmentKind.VIDEO,
    "animated_gif": AttachmentKind.VIDEO,
}
WHO_MAY_REPLY = {
    "following": "only people the author follows or names may reply",
    "mentionedUsers": "only people named in the post may reply",
    "subscribers": "only the author's subscribers may reply",
    "verified": "only verified accounts may reply",
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where we stand. `since`: all up to this id is stored. The rest is set only in the middle of a catch-up:
    `start` the id it reaches back to, `top` the newest id it saw, `lowest` the oldest, `page` X's token, `seen` how
    many mentions it counted, `searching` once recent search has taken over.
    """

    since: str | None = None
    start: str | None = None
    top: str | None = None
    lowest: str | None = None
    page: str | None = None
    seen: int = 0
    searching: bool = False

    @classmethod
    def load(cls, stored: str | None) -> "Cursor | None":
        """A stored cursor; None where what was stored is none."""
        try:
            found = cls(**json.loads(stored)) if stored else cls()
            ids = [one for one in (found.since, found.start, found.top, found.lowest) if one is not None]
            return found if all(_is_id(one) for one in ids) else None
        except (ValueError, TypeError, AttributeError):
            return None

    def dump(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value})


class XListener:
    """Hears the mentions of one account. `session` carries time limits and, in the simulator, another host."""

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
        self._us: OurAccount | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    async def whoami(self) -> OurAccount:
        """Our id and @handle. Raises ListenerError."""
        if self._us is None:
            user = (await self._ask(self._client.get_me)).get("data")
            if not isinstance(user, Mapping) or not user.get("id"):
                raise ChannelUnavailable("X did not say whose key this is")
            self._us = OurAccount(str(user["id"]), str(user.get("username", "")))
        return self._us

    async def fetch(self, cursor: str | None) -> Batch:
        """One page of mentions. Raises ListenerError."""
        us, here, lost = await self.whoami(), Cursor.load(cursor), None
        if here is None:
            here = Cursor()
            lost = NoticedGap("", "", "our place in X's list was lost; what X still shows is read again")
        if not here.page and not here.searching:
            here = replace(here, start=self._look_back_to(here.since), top=None, lowest=None, seen=0)
        try:
            page = await (self._search(us, here) if here.searching else self._mentions(us, here))
        except tweepy.BadRequest as error:
            if here.page is None:
                raise ChannelUnavailable(f"X did not understand our question: {_detail(error)}") from error
            return Batch((), Cursor(since=here.since).dump())  # the page token is gone: start over, after a pause
        if not isinstance(page.get("meta"), Mapping) or not isinstance(page.get("data", []), list):
            raise ChannelUnavailable("X answered something that is no page")  # it would end a catch-up half-way
        batch = self._batch(us, here, page)
        return replace(batch, gap=lost) if lost else batch

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those of our posts (at most 100) that X does not show any more. Raises ListenerError."""
        page = await self._ask(self._client.get_tweets, ids=list(post_ids))
        shown = {str(post["id"]) for post in page.get("data") or ()}
        gone = {
            str(one.get("resource_id") or one.get("value"))
            for one in page.get("errors") or ()
            if str(one.get("type", "")).endswith(("resource-not-found", "not-authorized-for-resource"))
        }
        return [post_id for post_id in post_ids if post_id in gone and post_id not in shown]

    async def _mentions(self, us: OurAccount, here: Cursor) -> Json:
        return await self._ask(
            self._client.get_users_mentions,
            id=us.channel_account_id,
            max_results=100,
            since_id=here.start,
            pagination_token=here.page,
            **_FIELDS,
        )

    async def _search(self, us: OurAccount, here: Cursor) -> Json:
        start = here.start if here.start and self._within_search(here.start) else None
        return await self._ask(
            self._client.search_recent_tweets,
            query=f"@{us.handle} -is:retweet",
            max_results=100,
            since_id=start,
            until_id=here.lowest,
            next_token=here.page,
            **_FIELDS,
        )

    def _batch(self, us: OurAccount, here: Cursor, page: Json) -> Batch:
        posts, unreadable = read_page(page, us)
        ids = [post_id for post in page.get("data") or () if _is_id(post_id := _id_in(post))]
        top = _largest(here.top, *ids)
        lowest = here.lowest if here.searching else _smallest(here.lowest, *ids)
        token = (page.get("meta") or {}).get("next_token")
        going_on = replace(here, top=top, lowest=lowest, page=token, seen=here.seen + len(ids))
        if token:
            return Batch(posts, going_on.dump(), unreadable, more=True)
        if not here.searching and here.since and going_on.seen >= REACHABLE_MENTIONS:
            return Batch(posts, replace(going_on, searching=True).dump(), unreadable, more=True)
        gap = None
        if here.searching and here.start and not self._within_search(here.start):
            gap = NoticedGap(here.start, here.lowest or "", "X shows mentions of the last seven days only")
        return Batch(posts, Cursor(since=_largest(here.since, top)).dump(), unreadable, gap)

    def _look_back_to(self, since: str | None) -> str | None:
        if since is None:
            return None
        newest = when(since)
        return min(since, first_id_at(newest - OVERLAP), key=int) if self._clock() - newest < 3 * OVERLAP else since

    def _within_search(self, post_id: str) -> bool:
        return self._clock() - when(post_id) < SEARCH_REACHES - timedelta(minutes=5)

    async def _ask(self, call: Callable[..., Any], **arguments: Any) -> Json:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = await asyncio.to_thread(call, **given)
        except (tweepy.Unauthorized, tweepy.Forbidden) as error:
            raise CredentialsRejected(f"X does not accept our key: {_detail(error)}") from error
        except tweepy.TooManyRequests as error:
            reset = error.reset_time or int(self._clock().timestamp()) + 60
            raise RateLimited(datetime.fromtimestamp(reset, UTC)) from error
        except tweepy.BadRequest:
            raise
        except tweepy.HTTPException as error:
            raise ChannelUnavailable(f"X answered {_detail(error)}") from error
        except (requests.RequestException, ValueError, TypeError, AttributeError) as error:
            # the last two are what tweepy makes of an error body that is JSON, but no object
            raise ChannelUnavailable(f"X could not be reached: {type(error).__name__}") from error
        if not isinstance(answer, Mapping):
            raise ChannelUnavailable("X answered something that is no page")
        return answer


_FIELDS: dict[str, Any] = {
    "tweet_fields": POST_FIELDS,
    "expansions": EXPANSIONS,
    "user_fields": USER_FIELDS,
    "media_fields": MEDIA_FIELDS,
    "place_fields": PLACE_FIELDS,
}


def read_page(page: Json, us: OurAccount) -> tuple[list[IncomingPost], list[UnreadableItem]]:
    """The posts of a page, oldest first, with the posts they answer as context; and what could not be read."""
    users, media = included(page, "users", "id"), included(page, "media", "media_key")
    posts: dict[str, IncomingPost] = {}
    unreadable: list[UnreadableItem] = []
    ours = {_id_in(post) for post in included_posts(page) if _author_in(post) == us.channel_account_id}
    for context in included_posts(page):
        try:
            seen = read_post(context, users, media, us)
        except UnreadablePost:
            continue  # context only: the mention itself says what it answers
        posts[seen.post_id] = replace(seen, kind=PostKind.CONTEXT if seen.kind == PostKind.MENTION else seen.kind)
    sent = page.get("data")
    for position, raw in enumerate(sent if isinstance(sent, list) else ()):
        try:
            post = read_post(raw, users, media, us, ours)
        except UnreadablePost as error:
            kept = json.dumps(raw, sort_keys=True)
            given = _id_in(raw)
            post_id = given if _is_id(given) else f"unknown-{sha256(kept.encode()).hexdigest()[:16]}"
            unreadable.append(UnreadableItem(post_id, f"item {position}: {error.reason}", kept))
            continue
        posts[post.post_id] = post
    return sorted(posts.values(), key=lambda post: int(post.post_id)), unreadable


def read_post(
    raw: Json, users: Mapping[str, Json], media: Mapping[str, Json], us: OurAccount, ours: Collection[str] = ()
) -> IncomingPost:
    """One post; `ours`: ids of our own posts, to know a quote of us by. Raises UnreadablePost with what is wrong."""
    try:
        post_id, author_id = str(int(raw["id"])), str(int(raw["author_id"]))
        user = users.get(author_id, {})
        reposted = reference_of(raw, "retweeted") is not None
        kind = PostKind.OWN if author_id == us.channel_account_id else PostKind.MENTION
        handle = str(user.get("username", ""))
        may, reason = may_reply(raw, user, us, quotes_us=reference_of(raw, "quoted") in ours)
        return IncomingPost(
            post_id=post_id,
            edit_chain=str(int(edit_history(raw)[0])),
            conversation_id=str(raw.get("conversation_id") or post_id),
            author=IncomingAuthor(author_id, handle, str(user.get("name", "")), bool(user.get("protected", False))),
            text=str(unescape(full_text(raw))),
            created_at=_moment(raw["created_at"]) if "created_at" in raw else when(post_id),
            kind=PostKind.REPOST if reposted else kind,
            in_reply_to=str(replied_to) if (replied_to := reference_of(raw, "replied_to")) else None,
            language_hint=str(raw["lang"]) if raw.get("lang") else None,
            url=f"https://x.com/{handle or 'i'}/status/{post_id}",
            pin=_pin(raw),
            attachments=_attachments(raw, media),
            may_reply=may,
            may_reply_reason=reason,
            raw=raw,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadablePost(f"X sent a post without a usable {error}") from error


def may_reply(raw: Json, user: Json, us: OurAccount, *, quotes_us: bool = False) -> tuple[bool, str]:
    """X's rule: an app may only answer who named or quoted it (self-serve tiers, 23 February 2026).

    Source: X docs, manage posts, introduction; reply settings of the post.
    """
    named = (
        any(
            str(one.get("username", "")).lower() == us.handle.lower()
            for one in (raw.get("entities") or {}).get("mentions") or ()
        )
        or re.search(rf"(?<!\w)@{re.escape(us.handle)}(?!\w)", full_text(raw), re.IGNORECASE) is not None
    )
    if user.get("protected"):
        return False, "the author's posts are protected"
    if named:
        return True, "the author named us"
    settings = raw.get("reply_settings") or "everyone"
    if settings != "everyone":
        return False, WHO_MAY_REPLY.get(settings, "the author limited who may reply")
    if quotes_us:
        return True, "the author quoted us"
    return False, "the author did not name or quote us"


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_id(written: str) -> bool:
    """Source: X's ids are numbers of 63 bits, 19 digits at most."""
    return written.isdecimal() and len(written) <= 19


def _author_in(raw: object) -> str:
    return str(raw.get("author_id") or "") if isinstance(raw, Mapping) else ""


def _id_in(raw: object) -> str:
    return str(raw.get("id") or "") if isinstance(raw, Mapping) else ""


def _attachments(raw: Json, media: Mapping[str, Json]) -> list[IncomingAttachment]:
    keys = (raw.get("attachments") or {}).get("media_keys") or ()
    return [
        IncomingAttachment(
            channel_file_id=str(key),
            kind=MEDIA_KINDS.get(str(media[key].get("type")), AttachmentKind.DOCUMENT),
            url=str(media[key].get("url") or media[key].get("preview_image_url") or ""),
            alt_text=str(media[key].get("alt_text") or ""),
        )
        for key in keys
        if key in media
    ]


def _pin(raw: Json) -> Pin | None:
    point = ((raw.get("geo") or {}).get("coordinates") or {}).get("coordinates")
    return Pin(lat=float(point[1]), lon=float(point[0])) if point else None


def _detail(error: tweepy.HTTPException) -> str:
    said = " ".join(str(one) for one in error.api_messages)
    return said or f"{error.response.status_code} {error.response.reason}"


def _largest(*ids: str | None) -> str | None:
    return max((one for one in ids if one), key=int, default=None)


def _smallest(*ids: str | None) -> str | None:
    return min((one for one in ids if one), key=int, default=None)
