"""What a channel tells beside new posts: what was deleted, which thread moved, where a live place is now."""

from collections.abc import Sequence
from datetime import datetime
from math import asin, cos, radians, sin, sqrt

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Mention,
    MentionState,
    Post,
    RequestState,
    ServiceRequest,
    Understanding,
    UnreadablePost,
)
from models.deletion import bring_back, forget_post
from models.moving import move_conversation
from models.posts import IncomingPost

EARTH_METRES = 6_371_000
NOT_FILED = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.APPROVED)
STILL_METRES = 30.0
"""A telephone that lies still wanders about this far on the map."""


def follow_moves(session: Session, account: Account, moved: Sequence[tuple[str, str]]) -> None:
    """Conversations that go on under another id keep their history."""
    for old, new in moved:
        move_conversation(session, account.id or 0, old, new)


def forget_posts(session: Session, account: Account, post_ids: Sequence[str], why: str, now: datetime) -> int:
    """Purge the posts of these ids (invariant 6), which counts them in the ledger; returns how many there were.

    A post is also known by the id of its first version, which is not stored where we first heard it edited.
    """
    posts = session.exec(
        select(Post).where(
            Post.account_id == account.id,
            col(Post.channel_post_id).in_(post_ids) | col(Post.edit_chain).in_(post_ids),
            col(Post.deleted_at).is_(None),
        )
    ).all()
    for post in posts:
        if post.deleted_at is None:  # an earlier version may have taken this one along
            forget_post(session, post, "listener", f"{CHANNELS[account.channel].label} {why}", now)
    forget_unreadable(session, account, post_ids, now)
    return len(posts)


def forget_unreadable(session: Session, account: Account, post_ids: Sequence[str], now: datetime) -> None:
    """What could not be read and is gone on the channel is not kept raw either."""
    for one in session.exec(
        select(UnreadablePost).where(
            UnreadablePost.account_id == account.id,
            col(UnreadablePost.channel_post_id).in_(post_ids),
            UnreadablePost.raw != "",
        )
    ).all():
        one.raw, one.closed_at = "", one.closed_at or now
        session.add(one)


def forget_places(session: Session, account: Account, post_ids: Sequence[str], now: datetime) -> None:
    """Take out where these posts were written from, which their author has taken out on the channel.

    What we made of it goes too, as far as the city has not got it: their mentions are understood anew.
    """
    for post in session.exec(
        select(Post).where(Post.account_id == account.id, col(Post.channel_post_id).in_(post_ids))
    ).all():
        mention = session.get(Mention, post.mention_id, with_for_update=True) if post.mention_id else None
        if mention is not None and post.lat is not None:
            _forget_point(session, mention, (post.lat, post.lon), now)
        post.lat = post.lon = post.pin_accuracy_m = None
        post.pin_title = ""
        post.raw = {name: value for name, value in (post.raw or {}).items() if name != "geo"} or None
        session.add(post)


def _forget_point(session: Session, mention: Mention, point: tuple[float | None, float | None], now: datetime) -> None:
    for understanding in session.exec(select(Understanding).where(Understanding.mention_id == mention.id)).all():
        understanding.places, understanding.place_question, understanding.place_note = [], "", ""
        session.add(understanding)
    requests = select(ServiceRequest).where(
        ServiceRequest.mention_id == mention.id, col(ServiceRequest.state).in_(NOT_FILED)
    )
    for request in session.exec(requests.with_for_update()).all():
        if (request.lat, request.long) != point:
            continue  # a person, or the words, put it elsewhere
        request.lat = request.long = None
        session.add(request)
        if request.state == RequestState.APPROVED:
            bring_back(session, mention, "listener", "its author took out where it was written", now)
    if mention.state != MentionState.WITHDRAWN and not mention.waits:
        mention.version += 1
        mention.needs_understanding = True
    session.add(mention)


def stands_still(session: Session, account: Account, post: IncomingPost) -> bool:
    """Whether a live place has not moved farther than it could be wrong by, so that its move is no news.

    It is held against the stored version, not against the last move: who walks slowly arrives too. A point that is
    more precise than the stored one is kept quietly.
    """
    stored = session.exec(
        select(Post)
        .where(
            Post.account_id == account.id,
            Post.edit_chain == post.edit_chain,
            col(Post.lat).is_not(None),
            col(Post.deleted_at).is_(None),
        )
        .order_by(col(Post.created_at).desc(), col(Post.id).desc())
        .limit(1)
    ).first()
    if stored is None or stored.lat is None or stored.lon is None or post.pin is None:
        return False
    if post.created_at < stored.created_at:
        return True  # it comes late: we know where it is by now
    far = metres(stored.lat, stored.lon, post.pin.lat, post.pin.lon)
    if far > max(STILL_METRES, post.pin.accuracy_m or 0.0):
        return False
    if post.pin.accuracy_m is not None and post.pin.accuracy_m < (stored.pin_accuracy_m or float("inf")):
        stored.lat, stored.lon, stored.pin_accuracy_m = post.pin.lat, post.pin.lon, post.pin.accuracy_m
        session.add(stored)
    return True


def only_moves(session: Session, account: Account, post: IncomingPost) -> bool:
    """Whether a post is a pin without words of which we have an earlier one: a live place that moved on, or stopped."""
    if post.pin is None or post.text:
        return False
    earlier = select(Post.id).where(
        Post.account_id == account.id,
        Post.edit_chain == post.edit_chain,
        Post.text == "",
        col(Post.lat).is_not(None),
    )
    return session.exec(earlier.limit(1)).first() is not None


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance between two points in degrees WGS 84."""
    south, north = radians(lat), radians(other_lat)
    across = sin((north - south) / 2) ** 2
    along = cos(south) * cos(north) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(across + along)))
