"""What a Mastodon listener does beside its notifications: hashtags of tweet chats, and what `hark doctor` looks at."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from listeners.errors import ChannelUnavailable, ListenerError
from listeners.findings import bot_label, finding, named_operator
from listeners.mastodon_threads import Gone, MastodonThreads
from listeners.protocol import Batch, Finding, SearchRule
from listeners.streams import WakingStream
from listeners.tagged import TagPlace, tag_in
from models.mastodon_fields import UNREADABLE, kept, profile_text, speaks_to
from models.posts import IncomingPost, PostKind, UnreadableItem

MAKE_APP = "In Preferences > Development make an app with the scopes read and write; put its token in."
READ = ("read:accounts", "read:notifications", "read:statuses")
WRITE = ("write:statuses", "write:media", "write:mutes", "write:blocks")
"""The scopes that are needed: the last two for moderation. Source: docs.joinmastodon.org, OAuth scopes."""
TAGGED_PAGE = 40
"""Posts of a hashtag in one answer. Source: Mastodon, timelines/tag."""


class MastodonBeside(MastodonThreads):
    """Half of a listener; the other half knows the SDK."""

    _stream: WakingStream
    _operator: str

    async def search(self, rule: SearchRule, cursor: str | None) -> Batch:
        """One page of a hashtag's public posts, the newest first. Raises ListenerError.

        Who does not name us there, and answers nothing of ours, did not speak to us. An edit is seen as long as the
        post stands among those that are looked at again.
        """
        us, place = (await self.whoami()).channel_account_id, TagPlace.load(cursor, rule.begins_at)
        try:
            tag = tag_in(rule.query)
        except ValueError as error:
            raise ChannelUnavailable(str(error)) from error
        shown = await self._ask(
            lambda: list(self._api.timeline_hashtag(tag, max_id=place.page or None, limit=TAGGED_PAGE))
        )
        posts: dict[str, IncomingPost] = {}
        broken: list[UnreadableItem] = []
        for status in reversed(shown):
            try:
                above = [self._threads.read(one, PostKind.CONTEXT, us) for one in await self._above(status)]
                found = self._threads.read(status, PostKind.MENTION, us)
                if found.kind == PostKind.MENTION and not speaks_to(status, us):
                    found = replace(found, addressed=False, rule_id=rule.id)
                posts |= {post.post_id: post for post in above if post.post_id not in posts}
                posts[found.post_id] = found
            except UNREADABLE as error:
                broken.append(_unreadable_status(status, error))
        try:
            then, more = place.after([one["created_at"] for one in shown], str(shown[-1]["id"]) if shown else "")
        except UNREADABLE as error:
            raise ChannelUnavailable("Mastodon answered something that is no list of posts") from error
        return Batch(list(posts.values()), then.written(), broken, more=more)

    async def check(self) -> Sequence[Finding]:
        """The key and its scopes, bot label, named operator, the stream. What a server does not tell is None."""
        app: Any = {}
        try:
            me = await self._ask(self._api.account_verify_credentials)
            with suppress(Gone):
                app = await self._ask(self._api.app_verify_credentials)
            profile = profile_text(me)
        except (ListenerError, *UNREADABLE) as error:
            return [Finding("key", False, str(error), MAKE_APP)]
        have = sorted(str(one) for one in app.get("scopes") or ())
        lacks = [one for one in (*READ, *WRITE) if one not in have and one.partition(":")[0] not in have]
        says = f"the app has {', '.join(have)}" + (f", and lacks {', '.join(lacks)}" if lacks else "")
        return [
            Finding("key", True, f"opens @{me['acct']}"),
            finding("scopes", not lacks if have else None, says, says, MAKE_APP),
            bot_label(bool(me.get("bot")), "Tick 'This is an automated account' in the profile."),
            named_operator(self._operator, profile, "Name who answers for the account in the profile's text."),
            finding("stream", self._stream.receives(), "open", "none: posts are heard by polling", "None is lost."),
        ]


def _unreadable_status(status: Any, error: Exception) -> UnreadableItem:
    """A post that a search found and that cannot be read, kept as it came. Raises LookupError where it has no id."""
    reason = f"Mastodon sent a post we cannot read ({type(error).__name__})"
    return UnreadableItem(str(status["id"]), reason, json.dumps(kept(status)))
