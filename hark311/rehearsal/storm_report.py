"""What came of a storm, counted from both sides: what the networks and the city hold, and what the desk remembers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, not_, or_, select

from hark311.rehearsal.acknowledged import Told, acknowledgements
from hark311.rehearsal.approver import is_in_own_words
from hark311.rehearsal.storm import Played
from hark311.simulator import RunningSimulator
from models import (
    Account,
    Author,
    Channel,
    Database,
    Decision,
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
from models.promises import is_over
from models.status_changes import CLOSED_FIRST

LISTED = 10_000


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
                self.waiting_at_the_end,
            )
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"kept": self.kept}


def report(
    played: Played, simulator: RunningSimulator, database: Database, zone: ZoneInfo, seconds: float
) -> StormReport:
    """Count. `zone`: the city's; `seconds`: what the play took on the wall."""
    with database.read() as session:
        stored = _stored(session, played)
        standing = _standing(simulator)
        acknowledged = _acknowledged(session, played, standing)
        answered = _answers(session, played, standing)
        late = _late(session, zone, played.ended)
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


def _acknowledged(
    session: Session, played: Played, standing: set[tuple[Channel, str]]
) -> dict[tuple[Channel, str], int]:
    """How often each author's report was acknowledged, by what stands on the network (see acknowledgements)."""
    news = select(StatusNotice.reply_id).where(col(StatusNotice.reply_id).is_not(None))
    rows = session.exec(
        select(Account.channel, Author, Reply)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .join(Author, col(Author.id) == Mention.author_id)
        .join(Account, col(Account.id) == Reply.account_id)
        .where(Reply.state == ReplyState.SENT, col(Reply.id).not_in(news))
    ).all()
    reports, told = _mentions_of_reports(session, played), defaultdict[tuple[Channel, str], list[Told]](list)
    for channel, author, reply in rows:
        who = Channel(channel), _called(Channel(channel), author.handle, author.display_name)
        if (Channel(channel), reply.sent_post_id or "") in standing:
            own = is_in_own_words(reply.sent_text)
            there = reply.mention_id is not None and reply.mention_id == reports.get(who)
            told[who].append(Told(reply.template_key, own, answers_report=there and reply.round == 1, in_thread=there))
    return {who: acknowledgements(replies) for who, replies in told.items()}


def _mentions_of_reports(session: Session, played: Played) -> dict[tuple[Channel, str], int | None]:
    """The mention that each author's report became; what they said later may be another one."""
    rows = session.exec(
        select(Account.channel, Post.channel_post_id, Post.mention_id)
        .join(Account, col(Account.id) == Post.account_id)
        .where(Post.kind == PostKind.MENTION)
    ).all()
    became = {(Channel(channel), post_id): mention_id for channel, post_id, mention_id in rows}
    return {who: became.get((who[0], post_id)) for who, post_id in played.residents.first_of.items()}


def _called(channel: Channel, handle: str, name: str) -> str:
    """The author as the script calls them."""
    return name if channel == Channel.TELEGRAM else handle.partition(".")[0].lstrip("@")


def _answers(session: Session, played: Played, standing: set[tuple[Channel, str]]) -> dict[tuple[int, int, int], int]:
    """(request closed, which closing, mention that follows it) -> how many replies that tell of it stand in its thread.

    What was opened again and closed again is told again: of the last closing everybody has to hear, of an earlier one
    nobody twice. An approver's own words in place of the outcome tell of nothing.
    """
    updates = session.exec(
        select(StatusUpdate.id, StatusUpdate.request_id, StatusUpdate.status).order_by(col(StatusUpdate.id))
    ).all()
    closing = closings((one or 0, request_id, status) for one, request_id, status in updates)
    last = dict(closing.values())
    told = Counter[tuple[int, int, int]]()
    for request in session.exec(select(ServiceRequest).where(ServiceRequest.status == "closed")).all():
        head = request.id or 0
        mentions = [request.mention_id, *(one.mention_id for one in followers_of(session, head))]
        told.update({(head, last.get(head, 1), mention_id): 0 for mention_id in mentions})
    rows = session.exec(
        select(StatusUpdate.id, StatusNotice.mention_id, Account.channel, Reply)
        .join(StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id)
        .join(Reply, col(Reply.id) == StatusNotice.reply_id)
        .join(Account, col(Account.id) == Reply.account_id)
        .where(StatusUpdate.status == "closed", StatusNotice.state == NoticeState.TOLD, Reply.state == ReplyState.SENT)
    ).all()
    for update_id, mention_id, channel, reply in rows:
        request_id, number = closing[update_id or 0]
        stands = (Channel(channel), reply.sent_post_id or "") in standing and not is_in_own_words(reply.sent_text)
        if stands and (request_id, last[request_id], mention_id) in told:
            told[request_id, number, mention_id] += 1
    return {one: count for one, count in told.items() if count or one[1] == last.get(one[0], 1)}


def closings(updates: Iterable[tuple[int, int, str]]) -> dict[int, tuple[int, int]]:
    """(id, request, status) in their order -> of each that says closed, its request and which closing it tells of.

    A second word on a closing, as a person's who says what it means, is no second closing.
    """
    found, number, was = dict[int, tuple[int, int]](), Counter[int](), dict[int, str]()
    for update_id, request_id, status in updates:
        if status == "closed":
            number[request_id] += was.get(request_id) != "closed"
            found[update_id] = request_id, number[request_id]
        was[request_id] = status or was.get(request_id, "")
    return found


def _late(session: Session, zone: ZoneInfo, ended: datetime) -> tuple[int, int]:
    """How many promises were missed, and of how many of those somebody who follows heard neither that nor the closing.

    A promise is told as a date: it is missed when that day was over in the city before the request was closed there.
    """
    promised = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.state == RequestState.SUBMITTED, col(ServiceRequest.promised_datetime).is_not(None)
        )
    ).all()
    missed = {
        one.id
        for one in promised
        if one.promised_datetime and is_over(one.promised_datetime, zone, _settled_at(one) or ended)
    }
    noticed = (
        select(StatusUpdate.request_id)
        .join(StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id)
        .where(StatusUpdate.outcome == Outcome.LATE)
    )
    heard = or_(col(StatusNotice.state) == NoticeState.TOLD, col(StatusNotice.because) == CLOSED_FIRST)
    told = set(session.exec(noticed).all()) - set(session.exec(noticed.where(not_(heard))).all())
    return len(missed), len(missed - told)


def _settled_at(request: ServiceRequest) -> datetime | None:
    """When the city closed a request; None while it is open."""
    return (request.updated_datetime or request.changed_at) if request.status == "closed" else None


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
    """Replies sent that nobody approved; a first key is no approval."""
    approved = select(Review.reply_id).where(Review.decision == Decision.APPROVED, col(Review.reply_id).is_not(None))
    return session.exec(
        select(func.count()).select_from(Reply).where(Reply.state == ReplyState.SENT, col(Reply.id).not_in(approved))
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
