"""Bluesky: mentions, replies and quotes through atproto, newest first, caught up page by page to a mark of our own.

Bluesky has no `since`. Two lanes (notifications; a search for our handle, since a name typed without its facet is no
notification) page down to their floor, which rises only once the last page of a catch-up is stored: a crash in the
middle goes on there. The newest posts are known by uri and cid; another cid of a known uri is a new version.
Source: lexicons app.bsky.notification.listNotifications, app.bsky.feed.searchPosts, getPosts, getPostThread.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import httpx
from atproto_client import AsyncClient
from atproto_client.client.session import Session, SessionEvent
from atproto_client.exceptions import BadRequestError, RateLimitExceededError, RequestErrorBase, UnauthorizedError
from atproto_client.models.dot_dict import DotDict
from atproto_client.request import AsyncRequest
from atproto_core.exceptions import AtProtocolError

from listeners.errors import ChannelUnavailable, CredentialsRejected, ListenerError, RateLimited
from listeners.protocol import Batch, Finding, OurAccount
from models import Channel, utc_now
from models.bluesky_fields import Json, KeepsSession, moment, posts_in, said_in, without_version
from models.bluesky_posts import Mark, mark_of, names, read_post
from models.posts import IncomingPost, NoticedGap, PostKind, UnreadableItem

READ_SECONDS = 20
OVERLAP = timedelta(seconds=90)
"""Posts stand where their author's clock puts them: for so long below the newest we look again."""
FIRST_LOOK, SEARCH_EVERY = timedelta(days=7), timedelta(seconds=60)
REJECTED_FOR = timedelta(minutes=5)
"""Signing in is allowed 300 times a day: a wrong password is not tried more often. Source: Bluesky, rate limits."""
REMEMBERED, PAGE, LOOKED_UP = 50, 100, 25
REASONS = ("mention", "reply", "quote")
GONE = ("NotFound", "RecordNotFound", "RepoNotFound", "RepoTakendown", "RepoSuspended", "RepoDeactivated")
SESSION_ENDED = ("ExpiredToken", "InvalidToken")


class Refused(ChannelUnavailable):
    """Bluesky did not take a question; `name` is its word for why."""

    def __init__(self, error: BadRequestError) -> None:
        super().__init__(f"Bluesky did not take our question: {str(error)[:200]}")
        self.name = str(getattr(getattr(error.response, "content", None), "error", ""))


@dataclass(frozen=True, slots=True)
class Lane:
    """Stored down to `floor`. In the middle of a catch-up: Bluesky's token `page`, and the newest time seen."""

    floor: str = ""
    page: str = ""
    top: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Both lanes, whose turn it is, when a search last ended; of the newest posts time, short uri, short cid."""

    notified: Lane = Lane()
    found: Lane = Lane()
    searching: bool = False
    searched: str = ""
    known: Sequence[Mark] = ()

    @classmethod
    def load(cls, stored: str | None, now: datetime) -> "Cursor | None":
        """A stored cursor, or the first one; None where what was stored is none."""
        if not stored:
            first = Lane((now - FIRST_LOOK).isoformat())
            return cls(first, first, searched=now.isoformat())
        try:
            given = json.loads(stored)
            lanes = [Lane(**given.pop(name)) for name in ("notified", "found")]
            known = [(str(time), str(uri), str(cid)) for time, uri, cid in given.pop("known")]
            times = [given["searched"], *(time for lane in lanes for time in (lane.floor, lane.top) if time)]
            return cls(lanes[0], lanes[1], known=known, **given) if all(map(moment, times)) else None
        except (ValueError, TypeError, LookupError, AttributeError):
            return None


class BlueskyListener:
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
        request = AsyncRequest(timeout=READ_SECONDS, trust_env=False, event_hooks=hooks)
        self._client = AsyncClient(base_url, request=request)
        self._client.on_session_change(self._session_changed)
        self._login, self._kept, self._operator, self._clock = (handle, app_password), kept, operator, clock
        self._session, self._rejected_until = "", datetime.min.replace(tzinfo=UTC)
        self._us: OurAccount | None = None
        self._apart = timedelta()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        """One page of notifications, or of what a search for our handle finds. Raises ListenerError."""
        us, here, lost = await self.whoami(), Cursor.load(cursor, self._clock()), None
        if here is None:
            here = Cursor(searched=self._clock().isoformat())
            lost = NoticedGap("", "", "our place in Bluesky's list was lost; what Bluesky still shows is read again")
        turn, items = ("found", "posts") if here.searching else ("notified", "notifications")
        lane: Lane = getattr(here, turn)
        asked: dict[str, Any] = {"limit": PAGE} | ({"cursor": lane.page} if lane.page else {})
        if here.searching:
            page = await self._ask("app.bsky.feed.searchPosts", q=f"@{us.handle}", sort="latest", **asked)
        else:
            page = await self._ask("app.bsky.notification.listNotifications", reasons=list(REASONS), **asked)
        sent, token = page.get(items), page.get("cursor") or ""
        if not isinstance(sent, list) or not isinstance(token, str):
            raise ChannelUnavailable("Bluesky answered something that is no page")  # it would end a catch-up half-way
        batch, known = await self._read(sent, here, us)
        times = [time for raw in sent if (time := moment(said_in(raw, "indexedAt")))]
        top = max([*times, *filter(None, [moment(lane.top)])], default=None)
        floor = moment(lane.floor)
        more = bool(token and sent and token != lane.page and not (floor and times and min(times) <= floor))
        if more and top:
            lane = replace(lane, page=token, top=top.isoformat())
        elif not more:
            oldest_known = [found for one in known[REMEMBERED - 1 :] if (found := moment(one[0]))]
            risen = max([top - OVERLAP, *(min(one, top) for one in oldest_known)]) if top else floor
            lane = Lane(max(filter(None, [floor, risen])).isoformat() if floor or risen else "")
        after: dict[str, Any] = {turn: lane, "known": known}
        if not more and here.searching:
            after |= {"searching": False, "searched": self._clock().isoformat()}
        elif not more and self._clock() - (moment(here.searched) or self._clock()) >= SEARCH_EVERY:
            after, more = after | {"searching": True}, True
        return replace(batch, cursor=json.dumps(asdict(replace(here, **after))), gap=lost, more=more)

    async def _read(self, sent: Sequence[Any], here: Cursor, us: OurAccount) -> tuple[Batch, list[Mark]]:
        """What is new on a page; and the newest posts we know by then."""
        known = {uri: (time, uri, cid) for time, uri, cid in here.known}
        new = []
        for raw in sent:
            _, uri, cid = mark_of(raw)
            concerns_us = names(raw, us.handle) if here.searching else said_in(raw, "reason") in ("", *REASONS)
            if concerns_us and known.get(uri, ("", "", ""))[2] != cid:
                new.append(raw)
        views = {} if here.searching else await self._views([said_in(raw, "uri") for raw in new])
        posts: list[IncomingPost] = []
        unreadable: list[UnreadableItem] = []
        for raw in new:
            mark, uri = mark_of(raw), said_in(raw, "uri")
            view = views.get(uri, {})
            try:
                post = read_post(
                    raw | {part: view[part] for part in ("embed", "viewer") if part in view}, us.channel_account_id
                )
            except (ValueError, TypeError) as error:
                kept = json.dumps(raw, sort_keys=True)
                given = uri or f"unknown-{sha256(kept.encode()).hexdigest()[:16]}"
                unreadable.append(UnreadableItem(given, str(error), kept))
                continue
            posts.append(replace(post, post_id=f"{uri}#{said_in(raw, 'cid')}") if mark[1] in known else post)
            known[mark[1]] = mark
        posts.sort(key=lambda post: (said_in(post.raw, "indexedAt"), post.post_id))
        return Batch(posts, None, unreadable), sorted(known.values(), reverse=True)[:REMEMBERED]

    async def thread(self, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
        """What stands above and below a post, oldest first, as context. Raises ListenerError."""
        us, uri, posts = await self.whoami(), without_version(post_id), []
        try:
            page = await self._ask("app.bsky.feed.getPostThread", uri=uri, depth=10, parentHeight=80)
        except Refused as error:
            if error.name in GONE:
                return ()
            raise
        for raw in posts_in(page.get("thread")):
            with suppress(ValueError):  # context only
                post = read_post(raw, us.channel_account_id)
                kind = PostKind.OWN if post.kind == PostKind.OWN else PostKind.CONTEXT
                if post.post_id != uri and post.conversation_id == conversation_id:
                    posts.append(replace(post, kind=kind))
        return sorted(posts, key=lambda post: post.created_at)

    async def deleted(self, post_ids: Sequence[str]) -> Sequence[str]:
        """Those that are gone; who blocks us is hidden too, so their repository is asked. Raises ListenerError."""
        shown = await self._views([without_version(one) for one in post_ids])
        hidden = [one for one in post_ids if without_version(one) not in shown]
        gone = await asyncio.gather(*(self._gone(without_version(one)) for one in hidden))
        return [post_id for post_id, is_gone in zip(hidden, gone, strict=True) if is_gone]

    async def _gone(self, uri: str) -> bool:
        repo, collection, rkey = uri.removeprefix("at://").split("/")
        try:
            await self._ask("com.atproto.repo.getRecord", repo=repo, collection=collection, rkey=rkey)
        except Refused as error:
            return error.name in GONE or "Could not find repo" in str(error)
        return False

    async def check(self) -> Sequence[Finding]:
        """The session, the kind of password, handle, bot label, named operator and the clock. Never raises."""
        try:
            us = await self.whoami()
            profile = await self._ask("app.bsky.actor.getProfile", actor=us.channel_account_id)
        except ListenerError as error:
            return [Finding("sign-in", False, str(error), "Set the handle, and an app password made in Bluesky.")]
        claims = Session.decode(self._session).access_jwt_payload
        labels, told = profile.get("labels"), said_in(profile, "description").casefold()
        app = getattr(claims, "scope", "") != "com.atproto.access"
        bot = any(said_in(one, "val") == "bot" for one in (labels if isinstance(labels, list) else ()))
        named = bool(self._operator) and self._operator.casefold() in told
        same = us.handle.casefold() == self._login[0].casefold().removeprefix("@")
        return [
            Finding("sign-in", True, f"signed in as @{us.handle}"),
            _finding("handle", same, f"the account answers to @{us.handle}", "Set its handle as it is now."),
            _finding("app password", app, "it is no main password", "Make an app password; change the main one."),
            _finding("bot label", bot, "labelled as automated", "Label the account as a bot in its Bluesky settings."),
            _finding("operator", named, "named in the profile", "Set operator, and name them in the profile."),
            _finding("clock", abs(self._apart) < timedelta(minutes=1), "as Bluesky's", "Set the clock (NTP)."),
        ]

    async def _views(self, uris: Sequence[str]) -> dict[str, Json]:
        """Posts as Bluesky shows them to us, by uri; what is gone or hidden is missing."""
        parts = [list(uris[at : at + LOOKED_UP]) for at in range(0, len(uris), LOOKED_UP)]
        pages = await asyncio.gather(*(self._ask("app.bsky.feed.getPosts", uris=part) for part in parts))
        if not all(isinstance(page.get("posts"), list) for page in pages):
            raise ChannelUnavailable("Bluesky did not show the posts it told us of")
        return {said_in(post, "uri"): post for page in pages for post in page["posts"] if isinstance(post, Mapping)}

    async def _ask(self, nsid: str, **asked: Any) -> Json:
        try:
            await self._sign_in()
            answer = await self._client.invoke_query(nsid, params=DotDict(asked), timeout=READ_SECONDS)
            with suppress(LookupError, ValueError, TypeError):  # not every server dates its answers
                self._apart = parsedate_to_datetime(answer.headers["date"]) - self._clock()
        except UnauthorizedError as error:
            self._forget_session()
            raise CredentialsRejected(f"Bluesky does not accept our app password: {str(error)[:200]}") from error
        except RateLimitExceededError as error:
            raise RateLimited(error.reset_at or self._clock() + timedelta(minutes=1)) from error
        except BadRequestError as error:
            refused = Refused(error)
            if refused.name in SESSION_ENDED:
                self._forget_session()
            raise refused from error
        except RequestErrorBase as error:
            said = str(error)[:200] or type(error).__name__
            raise ChannelUnavailable(f"Bluesky could not be reached: {said}") from error
        except (AtProtocolError, httpx.HTTPError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise ChannelUnavailable(f"Bluesky could not be reached: {type(error).__name__}") from error
        if not isinstance(answer.content, Mapping):
            raise ChannelUnavailable("Bluesky answered something that is no page")
        return answer.content

    async def _sign_in(self) -> None:
        """Take the kept session, which another process may have renewed; sign in where there is none."""
        if self._clock() < self._rejected_until:
            raise CredentialsRejected("Bluesky does not accept our app password; it is tried every five minutes")
        kept = self._kept.load()
        if kept and kept != self._session:
            await self._client.login(session_string=kept, fetch_bsky_profile=False)
        elif not kept:
            try:
                await self._client.login(*self._login, fetch_bsky_profile=False)
            except UnauthorizedError:
                self._rejected_until = self._clock() + REJECTED_FOR
                raise

    def _session_changed(self, event: SessionEvent, session: Session) -> None:
        self._session = session.export()
        if event != SessionEvent.IMPORT:
            self._kept.save(self._session)

    def _forget_session(self) -> None:
        self._kept.forget()
        self._session = ""


def _finding(what: str, ok: bool, says: str, advice: str) -> Finding:
    return Finding(what, ok, says if ok else f"not {says}", "" if ok else advice)
