"""What a Bluesky listener does beside its notifications: hashtags of tweet chats, and what `hark doctor` looks at."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from listeners.errors import ChannelUnavailable, ListenerError
from listeners.findings import bot_label, clock, finding, named_operator
from listeners.protocol import Batch, Finding, OurAccount, SearchRule
from listeners.tagged import TagPlace, tag_in
from models.bluesky_fields import Json, said_in
from models.bluesky_lanes import PAGE, Page
from models.bluesky_posts import has_tag, is_labelled, read_news, speaks_to
from models.bluesky_session import SharedSession
from models.posts import IncomingPost, PostKind


class BlueskyBeside(ABC):
    """Half of a listener; the other half knows the SDK."""

    _session: SharedSession
    _handle: str
    _operator: str
    _their_date: str
    _clock: Any

    @abstractmethod
    async def whoami(self) -> OurAccount:
        """Our DID and handle. Raises ListenerError."""

    @abstractmethod
    async def _ask(self, nsid: str, **asked: Any) -> Json: ...

    async def search(self, rule: SearchRule, cursor: str | None) -> Batch:
        """One page of what bears a hashtag, the newest first. Who does not name us did not speak to us.

        Bluesky finds what is like it as well: only what bears the very tag counts. Raises ListenerError.
        """
        us, place = await self.whoami(), TagPlace.load(cursor, rule.begins_at)
        try:
            tag = tag_in(rule.query)
        except ValueError as error:
            raise ChannelUnavailable(str(error)) from error
        asked: dict[str, Any] = {"q": f"#{tag}", "sort": "latest", "limit": PAGE}
        answer = await self._ask("app.bsky.feed.searchPosts", **asked | ({"cursor": place.page} if place.page else {}))
        sent, token = answer.get("posts"), answer.get("cursor") or ""
        if not isinstance(sent, list) or not isinstance(token, str):
            raise ChannelUnavailable("Bluesky answered something that is no page")
        posts, unreadable, _ = read_news([one for one in sent if has_tag(one, tag)], {}, (), us.channel_account_id)
        then, more = place.after(Page(sent, token).times, token)
        found = [self._found(post, us, rule.id) for post in posts]
        return Batch(found, then.written(), unreadable, more=more)

    def _found(self, post: IncomingPost, us: OurAccount, rule_id: int) -> IncomingPost:
        spoken_to = post.kind != PostKind.MENTION or speaks_to(post.raw, us.channel_account_id, us.handle)
        return post if spoken_to else replace(post, addressed=False, rule_id=rule_id)

    async def check(self) -> Sequence[Finding]:
        """The session, the kind of password, handle, bot label, named operator and the clock. Never raises."""
        try:
            us = await self.whoami()
            profile = await self._ask("app.bsky.actor.getProfile", actor=us.channel_account_id)
        except ListenerError as error:
            return [Finding("sign-in", False, str(error), "Set the handle, and an app password made in Bluesky.")]
        same = us.handle.casefold() == self._handle.casefold().removeprefix("@")
        app, says = self._session.scope != "com.atproto.access", f"the account answers to @{us.handle}"
        return [
            Finding("sign-in", True, f"signed in as @{us.handle}"),
            finding("handle", same, says, says, "Set its handle as it is now."),
            finding(
                "app password", app, "it is one", "it is the main one", "Make an app password; change the main one."
            ),
            bot_label(is_labelled(profile, "bot"), "Label the account as a bot in its Bluesky settings."),
            named_operator(self._operator, said_in(profile, "description"), "Write it into the profile."),
            await self._searched(us),
            clock(self._clock(), self._their_date, "Bluesky"),
        ]

    async def _searched(self, us: OurAccount) -> Finding:
        """Whether Bluesky's search works for us: without it, whoever types our name by hand is not heard."""
        try:
            await self._ask("app.bsky.feed.searchPosts", q=f"@{us.handle}", sort="latest", limit=1)
        except ListenerError as error:
            says = f"names typed by hand are not heard: {error}"
            return Finding("search", False, says, "It comes again by itself; none is lost. If it stays, ask Bluesky.")
        return Finding("search", True, "names typed by hand are heard")
