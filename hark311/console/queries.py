"""Reads that every page needs: open alarms, what could not be read, who is who."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from models import (
    CHANNELS,
    Account,
    Alarm,
    Author,
    Channel,
    Evidence,
    Mention,
    MentionState,
    NamedInNote,
    Post,
    Referral,
    StaffUser,
    Understanding,
    UnreadablePost,
    scope_of,
)
from models.posts import PostKind
from models.referrals import family_of
from models.threads import newest_versions
from responders.chats.tasks import overdue_promises
from responders.shifts import unread_handover

COUNTED_TO = 1000
ALARMS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, counted no further than COUNTED_TO; `more` says there may be more than that."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.more else ''}"


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """A danger nobody has acknowledged yet."""

    id: int
    mention_id: int
    rule: str
    author: str
    channel: str
    text: str
    raised_at: datetime
    paged_at: datetime | None
    page_trouble: str
    referral: Referral | None
    escalated: int = 0


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A hand-over note that a person has not read yet."""

    id: int
    who: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """What the top of every page says. `unheard`: accounts that nobody listens to though somebody should.

    `notes`: how many notes name this person that they have not read; `handover`: the newest hand-over note, unread.
    `promises`: of tweet chats, over their day.
    """

    dangers: int
    mine: int
    unheard: int = 0
    notes: int = 0
    handover: LeftBehind | None = None
    promises: int = 0


def header(session: Session, staff_id: int, unheard: int = 0, today: date | None = None) -> Header:
    """`today`: the city's date; None: promises are not looked at."""
    unseen = select(func.count()).select_from(Alarm).where(col(Alarm.acknowledged_at).is_(None))
    if scope := scope_of(session, staff_id).where():
        unseen = unseen.join(Mention, col(Mention.id) == Alarm.mention_id).where(*scope)
    dangers = session.exec(unseen).one()
    mine = session.exec(
        select(func.count())
        .select_from(Mention)
        .where(Mention.state == MentionState.IN_REVIEW, Mention.claimed_by == staff_id)
    ).one()
    promises = overdue_promises(session, today) if today else 0
    return Header(dangers, mine, unheard, count_unread(session, staff_id), left_behind(session, staff_id), promises)


def left_behind(session: Session, staff_id: int) -> LeftBehind | None:
    """The newest hand-over note, where somebody else wrote it and this person has not said that they read it."""
    found = unread_handover(session, staff_id)
    if found is None:
        return None
    who = names_of_staff(session, [found.staff_id]).get(found.staff_id, "A colleague")
    return LeftBehind(found.id or 0, who, found.at, found.text)


def count_unread(session: Session, staff_id: int) -> int:
    """How many notes name this person that they have not said to have read."""
    unread = select(func.count()).select_from(NamedInNote)
    return session.exec(unread.where(NamedInNote.staff_id == staff_id, col(NamedInNote.read_at).is_(None))).one()


def open_alarms(session: Session, scope: Sequence[ColumnElement[bool]] = ()) -> list[OpenAlarm]:
    """The dangers nobody has acknowledged, at most ALARMS_SHOWN: the surest first, then who has waited longest.

    `scope`: conditions on Mention, of what the person looks after.
    """
    found = session.exec(
        select(Alarm, Mention, Author)
        .join(Mention, col(Mention.id) == Alarm.mention_id)
        .join(Author, col(Author.id) == Mention.author_id)
        .where(col(Alarm.acknowledged_at).is_(None), *scope)
        .order_by(col(Alarm.score).desc(), col(Alarm.id))
        .limit(ALARMS_SHOWN)
    ).all()
    referrals = {one.danger: one for one in session.exec(select(Referral)).all()} if found else {}
    texts = first_posts(session, [alarm.mention_id for alarm, _, _ in found])
    return [
        OpenAlarm(
            id=alarm.id or 0,
            mention_id=alarm.mention_id,
            rule=alarm.rule.replace("_", " "),
            author=author.called,
            channel=CHANNELS[author.channel].label,
            text=texts[alarm.mention_id][0].text if alarm.mention_id in texts else "",
            raised_at=alarm.raised_at,
            paged_at=alarm.paged_at,
            page_trouble=alarm.page_trouble,
            referral=referrals.get(family_of(alarm.rule)),
            escalated=alarm.escalated,
        )
        for alarm, _mention, author in found
    ]


def unreadable_posts(session: Session, limit: int = 100) -> list[tuple[UnreadablePost, str]]:
    """Posts we could not read and nobody has dealt with, oldest first, each with its channel's name."""
    found = session.exec(
        select(UnreadablePost, Account)
        .join(Account, col(Account.id) == UnreadablePost.account_id)
        .where(col(UnreadablePost.closed_at).is_(None))
        .order_by(col(UnreadablePost.id))
        .limit(limit)
    ).all()
    return [(post, CHANNELS[account.channel].label) for post, account in found]


def count_unreadable(session: Session) -> Count:
    ids = select(UnreadablePost.id).where(col(UnreadablePost.closed_at).is_(None)).limit(COUNTED_TO + 1)
    found = session.exec(select(func.count()).select_from(ids.subquery())).one()
    return Count(min(found, COUNTED_TO), found > COUNTED_TO)


def channels_in_use(session: Session) -> list[tuple[Channel, str]]:
    """The channels we have accounts on, with their names."""
    used = set(session.exec(select(Account.channel)).all())
    return [(channel, facts.label) for channel, facts in CHANNELS.items() if channel in used]


def latest_understandings(session: Session, mention_ids: Sequence[int]) -> dict[int, Understanding]:
    """The newest understanding of each mention."""
    if not mention_ids:
        return {}
    newest = (
        select(func.max(Understanding.id))
        .where(col(Understanding.mention_id).in_(mention_ids))
        .group_by(col(Understanding.mention_id))
    )
    found = session.exec(select(Understanding).where(col(Understanding.id).in_(newest))).all()
    return {one.mention_id: one for one in found}


def first_posts(session: Session, mention_ids: Sequence[int]) -> dict[int, tuple[Post, int]]:
    """For each mention the first post with words in its newest version, and how many posts there are.

    A mention whose posts hold no words gives its first post; one whose posts are deleted is left out.
    """
    if not mention_ids:
        return {}
    rows = session.exec(
        select(Post)
        .where(col(Post.mention_id).in_(mention_ids), Post.kind == PostKind.MENTION, col(Post.deleted_at).is_(None))
        .order_by(col(Post.id))
    ).all()
    by_mention: dict[int, list[Post]] = {}
    for row in rows:
        by_mention.setdefault(row.mention_id or 0, []).append(row)
    found = {}
    for mention_id, posts in by_mention.items():
        newest = newest_versions(posts)
        found[mention_id] = (next((post for post in newest if post.text.strip()), newest[0]), len(newest))
    return found


def names_of_staff(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one}
    if not wanted:
        return {}
    found = session.exec(select(StaffUser).where(col(StaffUser.id).in_(wanted))).all()
    return {staff.id or 0: staff.display_name for staff in found}


def spans_in(understanding: Understanding | None, post_id: int | None) -> list[Evidence]:
    """The evidence that lies in one post."""
    if understanding is None:
        return []
    return [span for span in understanding.evidence_spans() if span.post_id == post_id]
