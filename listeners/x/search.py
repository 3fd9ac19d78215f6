"""What X's recent search finds: posts for a rule, quotes of us, threads, gaps, and how many there are.

Seven days back. Source: X API v2, GET /2/tweets/search/recent and /2/tweets/counts/recent.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from listeners.errors import ChannelUnavailable
from listeners.protocol import Batch, OurAccount, SearchRule
from listeners.x.calls import FIELDS, NotUnderstood, XCalls
from listeners.x.catch_up import OVERLAP, Cursor, is_id, largest
from listeners.x.mentions import begun_anew
from listeners.x.reading import read_page
from models.posts import IncomingPost, NoticedGap, PostKind
from models.x_fields import Json, first_id_at, included_posts, reference_of

SEARCH_REACHES = timedelta(days=7) - timedelta(minutes=5)
"""X says seven days; what is about to fall out of them is not asked for."""

SETTLED = 3 * OVERLAP
"""What is older than this does not become visible any more."""

PARENTS = 100
"""Posts looked up in one call. Source: X API v2, GET /2/tweets."""


def naming(us: OurAccount) -> str:
    """The query for what the mentions list shows."""
    return f"@{us.handle} -is:retweet"


def quoting(us: OurAccount) -> str:
    """The query for posts that quote ours: X puts a quoted post's address among the links."""
    ours = " OR ".join(f'url:"{host}/{us.handle}/status"' for host in ("x.com", "twitter.com"))
    return f"({ours}) is:quote -is:retweet -from:{us.handle}"


async def search(calls: XCalls, rule: SearchRule, cursor: str | None) -> Batch:
    """One page of what a rule finds. Who does not name or quote us there did not speak to us. Raises ListenerError."""
    query = written(rule, await calls.whoami())
    batch, _page = await _caught_up(calls, query, cursor, first_id_at(rule.begins_at), f"rule {rule.id}")
    return replace(batch, posts=[found_by(post, rule.id) for post in batch.posts])


def written(rule: SearchRule, us: OurAccount) -> str:
    """A rule as X takes it. Our own posts are left out, and reposts too unless they are counted in a chat."""
    return f"({rule.query}) {'' if rule.chat else '-is:retweet '}-from:{us.handle}"


async def quotes(calls: XCalls, cursor: str | None) -> Batch:
    """One page of posts that quote ours. The first one begins seven days back. Raises ListenerError."""
    us = await calls.whoami()
    batch, page = await _caught_up(calls, quoting(us), cursor, None, "quotes")
    ours = {str(one.get("id")) for one in included_posts(page) if str(one.get("author_id")) == us.channel_account_id}
    return replace(batch, posts=[post for post in batch.posts if _belongs(post, ours)])


def _belongs(post: IncomingPost, ours: Collection[str]) -> bool:
    """A link to one of our posts is no quote of it."""
    return post.kind != PostKind.MENTION or reference_of(post.raw, "quoted") in ours


def found_by(post: IncomingPost, rule_id: int) -> IncomingPost:
    """The post with the rule that found it; one that speaks to us would have been heard anyway."""
    unheard = post.kind == PostKind.REPOST or (post.kind == PostKind.MENTION and not post.addressed)
    return replace(post, rule_id=rule_id) if unheard else post


async def _caught_up(
    calls: XCalls, query: str, cursor: str | None, begins: str | None, what: str
) -> tuple[Batch, Json]:
    """One page of a search's catch-up, and the page as it came."""
    now, reach = calls.clock(), _reach(calls)
    here = (Cursor.load(cursor) or Cursor()).beginning(now)
    bounds = [one for one in (here.start, begins) if one]
    since = max(*bounds, reach, key=int) if bounds else None
    try:
        page = await _page(calls, query, since_id=since, next_token=here.page)
    except NotUnderstood as error:
        return begun_anew(here, error), {}
    posts, unreadable = read_page(page, await calls.whoami())
    there = here.after(page)
    if there.page:
        return Batch(posts, there.dump(), unreadable, more=True), page
    lost = here.since is not None and int(here.since) < int(reach)
    gap = NoticedGap(here.since or "", reach, f"X's search ({what}) reaches back seven days only") if lost else None
    done = there.done()
    if here.page is None:  # all there was until now: where little is found, the mark moves with the clock
        done = Cursor(since=largest(done.since, first_id_at(now - SETTLED)))
    return Batch(posts, done.dump(), unreadable, gap), page


async def refill(calls: XCalls, after: str, before: str, cursor: str | None) -> Batch:
    """One page of the mentions between two posts. `gap`: what lies further back than search. Raises ListenerError."""
    us, reach = await calls.whoami(), _reach(calls)
    until = min(before or reach, reach, key=int)
    lost = (
        NoticedGap(after, until, "X's search reaches back seven days only")
        if int(after or reach) < int(until)
        else None
    )
    if before and int(before) <= int(reach):
        return Batch((), None, gap=lost)
    since = max(after or "0", reach, key=int)
    try:
        page = await _page(calls, naming(us), since_id=since, until_id=before or None, next_token=cursor)
    except NotUnderstood:
        if cursor is None:
            raise
        return Batch((), None, more=True)  # the page token is gone: from the beginning of the stretch
    posts, unreadable = read_page(page, us)
    token = page["meta"].get("next_token")
    return Batch(posts, token, unreadable, more=bool(token), gap=None if token else lost)


async def thread(calls: XCalls, conversation_id: str, post_id: str) -> Sequence[IncomingPost]:
    """What stands around a post: the newest 100 of its conversation in seven days, and what they hang under.

    Oldest first, as context. Raises ListenerError.
    """
    if not is_id(conversation_id):
        return ()
    us = await calls.whoami()
    page = await _page(calls, f"conversation_id:{conversation_id}")
    found = {post.post_id: post for post in read_page(page, us)[0]}
    parents = _missing(found, [conversation_id, *(post.in_reply_to for post in found.values())])
    if parents:
        looked_up = await calls.ask(calls.client.get_tweets, ids=parents, **FIELDS)
        found |= {post.post_id: post for post in read_page(looked_up, us)[0]}
    return [
        replace(post, kind=PostKind.CONTEXT) if post.kind == PostKind.MENTION else post
        for post in sorted(found.values(), key=lambda one: int(one.post_id))
        if post.post_id != post_id and post.kind != PostKind.REPOST and post.conversation_id == conversation_id
    ]


def _missing(found: Collection[str], wanted: Iterable[str | None]) -> list[str]:
    return [one for one in dict.fromkeys(wanted) if one and one not in found][:PARENTS]


async def count(calls: XCalls, query: str) -> int:
    """How many posts of the last seven days a query finds. Raises ListenerError."""
    us = await calls.whoami()
    return await _counted(calls, f"({query}) -is:retweet -from:{us.handle}")


async def count_mentions(calls: XCalls, day: date) -> int | None:
    """How many posts of others on one UTC day name us; None where X does not tell. Raises ListenerError."""
    now, begins = calls.clock(), datetime.combine(day, time(), UTC)
    ends = min(begins + timedelta(days=1), now - timedelta(seconds=30))
    if now - begins > SEARCH_REACHES or ends <= begins:
        return None
    us = await calls.whoami()
    return await _counted(calls, f"{naming(us)} -from:{us.handle}", begins, ends)


async def _counted(calls: XCalls, query: str, begins: datetime | None = None, ends: datetime | None = None) -> int:
    try:
        answer = await calls.ask(
            calls.client.get_recent_tweets_count, query=query, granularity="day", start_time=begins, end_time=ends
        )
        return int(answer["meta"]["total_tweet_count"])
    except (LookupError, TypeError, ValueError) as error:
        raise ChannelUnavailable("X answered something that is no count") from error


async def _page(calls: XCalls, query: str, **bounds: str | int | None) -> Json:
    return await calls.page(
        calls.client.search_recent_tweets, **({"query": query, "max_results": 100} | bounds), **FIELDS
    )


def _reach(calls: XCalls) -> str:
    """The oldest id that search still knows."""
    return first_id_at(calls.clock() - SEARCH_REACHES)
