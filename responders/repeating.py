"""What a repeated attempt must share with those before it, and what already stands in the thread (invariant 4).

A reply is attempted again only after proof of absence, or after a person said that it is not there. Should both be
wrong, the same words under the same key are what keeps it single: Mastodon keeps a key for an hour, Bluesky takes a
record key once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from models import Account, AttemptOutcome, Mention, Post, Reply, SendAttempt
from models.posts import PostKind
from models.same_words import same_words

LOOKS = (timedelta(seconds=5), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""When after an uncertain attempt proof is looked for; after the last look a person has to."""

LOOKS_AGAIN = timedelta(minutes=1)
"""After this long a look is taken again where nobody could be asked; earlier where the next would be due earlier."""

KEY_AGAIN, KEY_TRIED_AGAIN = timedelta(minutes=1), timedelta(seconds=10)
"""A refused key is tried again after the first; after the second where a broken call said nothing about it."""

IN_DOUBT = (AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN, AttemptOutcome.PROVED_ABSENT)
CLOCKS_DIFFER = timedelta(minutes=2)
ON_ITS_WAY = timedelta(seconds=60)
"""So long an attempt may still land: until then, what is not there yet is no proof of absence."""


def next_look(attempt: SendAttempt, *, can_prove: bool) -> datetime | None:
    """When proof of an uncertain attempt is looked for next; None: not any more."""
    if attempt.looks >= len(LOOKS) or (attempt.looks and not can_prove):
        return None
    due = attempt.started_at + LOOKS[attempt.looks]
    return max(due, attempt.looked_at + pauses(LOOKS)[attempt.looks]) if attempt.looked_at else due


def look_is_due(looks: Sequence[timedelta], now: datetime) -> ColumnElement[bool]:
    """Whether the next look at an attempt is due: a condition on SendAttempt. `looks`: as LOOKS."""
    looked_at = col(SendAttempt.looked_at)
    return or_(
        *(
            and_(
                SendAttempt.looks == number,
                col(SendAttempt.started_at) <= now - after,
                or_(looked_at.is_(None), looked_at <= now - pause),
            )
            for number, (after, pause) in enumerate(zip(looks, pauses(looks), strict=True))
        )
    )


def count_look(attempt: SendAttempt, before: int, now: datetime, *, asked: bool) -> None:
    """Note that proof was looked for. Of several workers that looked after the same `before` looks, one counts.

    Else a slow channel would use up all looks at once, and the next one came in half an hour.
    """
    attempt.looks, attempt.looked_at = max(attempt.looks, before + asked), now


def pauses(looks: Sequence[timedelta]) -> list[timedelta]:
    """The least time between each look and the one before it, or the same one when nobody could be asked."""
    return [min(after - before, LOOKS_AGAIN) for before, after in pairwise((timedelta(0), *looks))]


def first_in_doubt(session: Session, reply: Reply) -> SendAttempt | None:
    """The first of the latest attempts at what was approved, if it is not certain that they did not land.

    One that the channel put off says nothing about those before it.
    """
    first: SendAttempt | None = None
    for attempt in session.exec(
        select(SendAttempt)
        .where(SendAttempt.reply_id == reply.id, SendAttempt.outcome != AttemptOutcome.DEFERRED)
        .order_by(col(SendAttempt.id).desc())
    ).all():
        if attempt.outcome not in IN_DOUBT or (reply.approved_at and attempt.started_at < reply.approved_at):
            break
        first = attempt
    return first


def as_sent(attempt: SendAttempt, first: SendAttempt | None) -> SendAttempt:
    """The attempt as the channel was told of it: with the key and time of the first one. Not to be stored."""
    origin = first or attempt
    return SendAttempt(
        id=attempt.id,
        reply_id=attempt.reply_id,
        idempotency_key=origin.idempotency_key,
        text=attempt.text,
        conversation_id=attempt.conversation_id,
        in_reply_to=attempt.in_reply_to,
        started_at=origin.started_at,
        looks=attempt.looks,
        looked_at=attempt.looked_at,
    )


def newest_attempt(session: Session, reply: Reply) -> SendAttempt | None:
    """The latest attempt at a reply."""
    return session.exec(
        select(SendAttempt).where(SendAttempt.reply_id == reply.id).order_by(col(SendAttempt.id).desc()).limit(1)
    ).first()


def stands_already(session: Session, reply: Reply) -> tuple[SendAttempt | None, Post | None]:
    """The attempt that landed, and our post that proves it; (None, None) without proof."""
    first = first_in_doubt(session, reply)
    if first is None:
        return None, None
    known = select(Reply.sent_post_id).where(
        Reply.account_id == reply.account_id, col(Reply.sent_post_id).is_not(None), col(Reply.id) != reply.id
    )
    ours = session.exec(
        select(Post).where(
            Post.account_id == reply.account_id,
            Post.kind == PostKind.OWN,
            or_(Post.in_reply_to == first.in_reply_to, _hangs_nowhere(reply)),
            col(Post.created_at) >= first.started_at - CLOCKS_DIFFER,
            col(Post.channel_post_id).not_in(known),
        )
    ).all()
    found = next((post for post in ours if same_words(post.text, first.text)), None)
    return newest_attempt(session, reply), found


def _hangs_nowhere(reply: Reply) -> ColumnElement[bool]:
    """In the thread of a reply: Telegram shows our own message without what it answers."""
    of_mention = select(Mention.conversation_id).where(Mention.id == reply.mention_id).scalar_subquery()
    return and_(col(Post.in_reply_to).is_(None), Post.conversation_id == (reply.conversation_id or of_mention))


def may_still_land(session: Session, reply: Reply, now: datetime) -> bool:
    """Whether our latest call may still be on its way; the channel was asked by the time of the first one."""
    latest = newest_attempt(session, reply)
    return latest is not None and now < latest.started_at + ON_ITS_WAY


def tried_again(session: Session, attempt: SendAttempt) -> bool:
    """Whether a later attempt at the same reply may have landed: what is known of this one says nothing about it."""
    later = select(SendAttempt.id).where(
        SendAttempt.reply_id == attempt.reply_id,
        col(SendAttempt.id) > attempt.id,
        col(SendAttempt.outcome).in_([AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN]),
    )
    return session.exec(later.limit(1)).first() is not None


def tries_the_key(session: Session, account: Account, now: datetime) -> bool:
    """Whether one reply is to try a refused key: a minute after the last try, sooner where that one told nothing."""
    newest = session.exec(
        select(SendAttempt)
        .join(Reply, col(Reply.id) == SendAttempt.reply_id)
        .where(Reply.account_id == account.id)
        .order_by(col(SendAttempt.id).desc())
        .limit(1)
    ).first()
    if newest is None:
        return True
    refused = newest.outcome == AttemptOutcome.DEFERRED and newest.detail == account.refused_because
    return now - newest.started_at > (KEY_AGAIN if refused else KEY_TRIED_AGAIN)
