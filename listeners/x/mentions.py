"""Mentions, caught up page by page. X lists only the newest 800: what lies before is a gap, refilled elsewhere.

Source: X API v2, GET /2/users/:id/mentions.
"""

from dataclasses import replace

from listeners.protocol import Batch
from listeners.x.calls import FIELDS, NotUnderstood, XCalls
from listeners.x.catch_up import Cursor
from listeners.x.reading import read_page
from models.posts import NoticedGap

A_PAGE = 100
REACHABLE_MENTIONS = 800
"""Of these X leaves out whoever it does not show us: a list that ends on its last page may have been cut short."""
LOST_PLACE = NoticedGap("", "", "our place in X's list was lost; what X still shows is read again")


async def mentions(calls: XCalls, cursor: str | None) -> Batch:
    """One page of mentions. Raises ListenerError."""
    us, stored = await calls.whoami(), Cursor.load(cursor)
    here = (stored or Cursor()).beginning(calls.clock())
    try:
        page = await calls.page(
            calls.client.get_users_mentions,
            id=us.channel_account_id,
            max_results=A_PAGE,
            since_id=here.start,
            pagination_token=here.page,
            user_auth=True,  # with our own keys X bills them as our own, a fifth of what any post costs
            **FIELDS,
        )
    except NotUnderstood as error:
        return begun_anew(here, error)
    posts, unreadable = read_page(page, us)
    there = here.after(page)
    batch = Batch(posts, there.dump(), unreadable, more=True)
    if not there.page:
        batch = replace(batch, cursor=there.done().dump(), more=False, gap=_out_of_reach(there))
    return batch if stored else replace(batch, gap=LOST_PLACE)


def begun_anew(here: Cursor, error: NotUnderstood) -> Batch:
    """X has forgotten the page token: the catch-up starts over, after a pause. Raises it where there was none."""
    if here.page is None:
        raise error
    return Batch((), Cursor(since=here.since).dump())


def _out_of_reach(here: Cursor) -> NoticedGap | None:
    """What may lie before the oldest mention that X lists. New mentions do not wait until it is filled.

    Where nothing lies there the search finds nothing, and the gap is closed.
    """
    if here.since is None or here.lowest is None or here.seen <= REACHABLE_MENTIONS - A_PAGE:
        return None
    if int(here.lowest) <= int(here.since):
        return None  # only the look back for late ones was cut short
    return NoticedGap(here.start or here.since, here.lowest, "X lists only the newest 800 mentions")
