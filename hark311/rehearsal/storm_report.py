"""What came of a storm, counted from both sides: what the networks and the city hold, and what the desk remembers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session, col, func, select

from hark311.rehearsal.storm import Played
from hark311.simulator import RunningSimulator
from models import (
    Account,
    Author,
    Channel,
    Database,
    Mention,
    NoticeState,
    Outcome,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Review,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
)
from models.joined import followers_of
from models.posts import PostKind

LISTED = 10_000
STANDS_SO = ("status_known", "status_closed", "status_unknown", "cases_list", "status_not_found")
"""Answers to a question about a case. They acknowledge nothing."""


@dataclass(frozen=True, slots=True)
class StormReport:
    """The counts. What must be nothing: lost, doubled, unapproved, and all that ends in _not or _twice, silently ..."""

    posts: int
    stored: int
    lost: int
    doubled: int
    problems: int
    authors: int
    authors_on_x: int
    authors_acknowledged_once: int
    authors_not_acknowledged: int
    authors_acknowledged_twice: int
    requests_filed: int
    requests_closed: int
    reports_joined: int
    followers: int
    followers_answered_once: int
    followers_not_answered: int
    followers_answered_twice: int
    promises_missed: int
    promises_missed_silently: int
    closed_without_outcome_text: int
    replies_sent: int
    replies_unapproved: int
    closed_by_hand_without_reply: int
    waiting_at_the_end: list[str]
    simulated_hours: float
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether every promise of the storm was kept."""
        return not any(
            (
                self.lost,
                self.doubled,
                self.authors_not_acknowledged,
                self.authors_acknowledged_twice,
                self.followers_not_answered,
                self.followers_answered_twice,
                self.promises_missed_silently,
                self.closed_without_outcome_text,
                self.replies_unapproved,
            )
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"kept": self.kept}


def report(played: Played, simulator: RunningSimulator, database: Database, seconds: float) -> StormReport:
    """Count. `seconds`: what the play took on the wall."""
    with database.read() as session:
        stored = _stored(session, played)
        standing = _standing(simulator)
        acknowledged = _acknowledged(session, standing)
        answered = _answers(session, played, standing)
        late = _late(session)
        people = {(one.channel, one.author) for one in played.storm.sayings}
        times = Counter(min(acknowledged.get(one, 0), 2) for one in people)
        answers = Counter(min(count, 2) for count in answered.values())
        return StormReport(
            posts=len(played.residents.said),
            stored=len(stored),
            lost=sum((one.channel, post_id) not in stored for one, post_id in played.residents.said),
            doubled=sum(count - 1 for count in stored.values()),
            problems=len(played.storm.problems),
            authors=len(people),
            authors_on_x=sum(channel == Channel.X for channel, _ in people),
            authors_acknowledged_once=times[1],
            authors_not_acknowledged=times[0],
            authors_acknowledged_twice=times[2],
            requests_filed=_count(session, ServiceRequest.state == RequestState.SUBMITTED),
            requests_closed=_count(session, ServiceRequest.status == "closed"),
            reports_joined=_count(session, ServiceRequest.state == RequestState.JOINED),
            followers=len(answered),
            followers_answered_once=answers[1],
            followers_not_answered=answers[0],
            followers_answered_twice=answers[2],
            promises_missed=late[0],
            promises_missed_silently=late[1],
            closed_without_outcome_text=_without_outcome(session),
            replies_sent=len(standing),
            replies_unapproved=_unapproved(session),
            closed_by_hand_without_reply=sum(len(one.closed) for one in played.approvers),
            waiting_at_the_end=played.waiting,
            simulated_hours=round((played.ended - played.began).total_seconds() / 3600, 2),
            seconds=round(seconds, 1),
        )


def _count(session: Session, *where: Any) -> int:
    return session.exec(select(func.count()).select_from(ServiceRequest).where(*where)).one()


def _stored(session: Session, played: Played) -> Counter[tuple[Channel, str]]:
    """How often each thing said is stored, by channel and channel post id."""
    said = {(one.channel, post_id) for one, post_id in played.residents.said}
    rows = session.exec(
        select(Account.channel, Post.channel_post_id)
        .join(Account, col(Account.id) == Post.account_id)
        .where(Post.kind == PostKind.MENTION)
    ).all()
    told = ((Channel(channel), post_id) for channel, post_id in rows)
    return Counter(one for one in told if one in said)


def _standing(simulator: RunningSimulator) -> set[tuple[Channel, str]]:
    """Everything that stands on the networks in our name."""
    x = simulator.x_posts(by="us", limit=LISTED)
    telegram = simulator.telegram_messages(by="us", limit=LISTED)
    return {
        *((Channel.X, str(one["id"])) for one in x if not one["deleted"]),
        *((Channel.TELEGRAM, f"{one['chat_id']}:{one['message_id']}") for one in telegram),
        *((Channel.MASTODON, str(one["id"])) for one in simulator.our_replies_on_mastodon()),
        *((Channel.BLUESKY, str(one["uri"])) for one in simulator.our_replies_on_bluesky()),
    }


def _acknowledged(session: Session, standing: set[tuple[Channel, str]]) -> Counter[tuple[Channel, str]]:
    """How many acknowledgements stand on the network for each author: what tells of their report being taken.

    Not counted are answers to "any news?", and what tells of a change at the city.
    """
    news = select(StatusNotice.reply_id).where(col(StatusNotice.reply_id).is_not(None))
    rows = session.exec(
        select(Account.channel, Author.handle, Author.display_name, Reply.sent_post_id)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .join(Author, col(Author.id) == Mention.author_id)
        .join(Account, col(Account.id) == Reply.account_id)
        .where(
            Reply.state == ReplyState.SENT,
            col(Reply.request_id).is_not(None),
            col(Reply.template_key).not_in(STANDS_SO),
            col(Reply.id).not_in(news),
        )
    ).all()
    return Counter(
        (Channel(channel), _called(Channel(channel), handle, name))
        for channel, handle, name, post_id in rows
        if (Channel(channel), post_id or "") in standing
    )


def _called(channel: Channel, handle: str, name: str) -> str:
    """The author as the script calls them."""
    return name if channel == Channel.TELEGRAM else handle.partition(".")[0].lstrip("@")


def _answers(session: Session, played: Played, standing: set[tuple[Channel, str]]) -> dict[tuple[int, int], int]:
    """(request closed, mention that follows it) -> how many replies that tell of its closing stand in its thread."""
    wanted: dict[tuple[int, int], int] = {}
    for request in session.exec(select(ServiceRequest).where(ServiceRequest.status == "closed")).all():
        mentions = [request.mention_id, *(one.mention_id for one in followers_of(session, request.id or 0))]
        wanted |= {(request.id or 0, mention_id): 0 for mention_id in mentions}
    rows = session.exec(
        select(StatusUpdate.request_id, StatusNotice.mention_id, Account.channel, Reply.sent_post_id)
        .join(StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id)
        .join(Reply, col(Reply.id) == StatusNotice.reply_id)
        .join(Account, col(Account.id) == Reply.account_id)
        .where(StatusUpdate.status == "closed", StatusNotice.state == NoticeState.TOLD, Reply.state == ReplyState.SENT)
    ).all()
    for request_id, mention_id, channel, post_id in rows:
        if (request_id, mention_id) in wanted and (Channel(channel), post_id or "") in standing:
            wanted[request_id, mention_id] += 1
    return wanted


def _late(session: Session) -> tuple[int, int]:
    """How many promises were missed, and how many of those nobody was told about, neither by apology nor by closing."""
    missed = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.state == RequestState.SUBMITTED,
            col(ServiceRequest.expected_datetime).is_not(None),
            func.coalesce(ServiceRequest.updated_datetime, ServiceRequest.changed_at)
            > col(ServiceRequest.expected_datetime),
            ServiceRequest.status == "closed",
        )
    ).all()
    told = set(
        session.exec(
            select(StatusUpdate.request_id)
            .join(StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id)
            .where(
                (StatusUpdate.outcome == Outcome.LATE),
                col(StatusNotice.state).in_((NoticeState.TOLD, NoticeState.SKIPPED)),
            )
        ).all()
    )
    return len(missed), sum(one.id not in told for one in missed)


def _without_outcome(session: Session) -> int:
    """Closed requests of which somebody was told without an outcome in words."""
    return session.exec(
        select(func.count(func.distinct(StatusUpdate.request_id)))
        .join(StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id)
        .where(
            StatusUpdate.status == "closed",
            StatusNotice.state == NoticeState.TOLD,
            col(StatusUpdate.outcome).is_(None),
        )
    ).one()


def _unapproved(session: Session) -> int:
    """Replies sent that nobody approved."""
    reviewed = select(Review.reply_id).where(col(Review.reply_id).is_not(None))
    return session.exec(
        select(func.count()).select_from(Reply).where(Reply.state == ReplyState.SENT, col(Reply.id).not_in(reviewed))
    ).one()


def sentences(found: StormReport) -> Sequence[str]:
    """The report for a person."""
    lines = [
        f"{found.posts} posts by {found.authors} people about {found.problems} problems, "
        f"{found.simulated_hours} simulated hours in {found.seconds:.0f} s.",
        f"Stored {found.stored}, lost {found.lost}, doubled {found.doubled}.",
        f"Acknowledged once: {found.authors_acknowledged_once} of {found.authors} people; "
        f"not: {found.authors_not_acknowledged}; twice: {found.authors_acknowledged_twice}.",
        f"{found.requests_closed} requests closed; told once: {found.followers_answered_once} of {found.followers} "
        f"followers; not: {found.followers_not_answered}; twice: {found.followers_answered_twice}.",
        f"Promises missed: {found.promises_missed}, of those silently: {found.promises_missed_silently}. "
        f"Closed without an outcome in words: {found.closed_without_outcome_text}.",
    ]
    if found.waiting_at_the_end:
        lines.append("Still waiting at the end: " + ", ".join(found.waiting_at_the_end) + ".")
    return lines
