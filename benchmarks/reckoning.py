"""Counting from both sides: what residents said and see, against what the product stored, decided and believes."""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from benchmarks.person import stands, thread_place
from benchmarks.residents import Said, mark_of
from benchmarks.towns import LISTED, own_posts
from hark311.database_check import check_database
from hark311.simulator import RunningSimulator
from models import (
    Database,
    Decision,
    Mention,
    MentionState,
    NoticeState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Review,
    SendAttempt,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    Understanding,
)
from models.posts import PostKind
from models.status_changes import following


@dataclass(slots=True)
class Result:
    """What came of a run. Every number of the second group has to be 0."""

    rounds: int = 0
    kills: int = 0
    faults: int = 0
    posts_sent: int = 0
    posts_stored: int = 0
    posts_understood: int = 0
    approvals: int = 0
    replies_sent: int = 0
    requests_filed: int = 0
    closings_told: int = 0
    left_to_a_person: int = 0
    truly_ambiguous: int = 0

    lost: int = 0
    not_understood: int = 0
    doubled_posts: int = 0
    doubled_replies: int = 0
    doubled_requests: int = 0
    unapproved_sent: int = 0
    illegal: list[str] = field(default_factory=list)
    undelivered: int = 0
    untold: int = 0
    said_sent_but_is_not: int = 0
    desk_broke: list[str] = field(default_factory=list)

    @property
    def broken(self) -> dict[str, Any]:
        """The numbers that had to be 0 and are not."""
        watched = (
            "lost",
            "not_understood",
            "doubled_posts",
            "doubled_replies",
            "doubled_requests",
            "unapproved_sent",
            "illegal",
            "undelivered",
            "untold",
            "said_sent_but_is_not",
            "desk_broke",
        )
        return {name: getattr(self, name) for name in watched if getattr(self, name)}

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def reckon(result: Result, database: Database, simulator: RunningSimulator, said: Sequence[Said]) -> None:
    """Fill in what both sides say at the end of a run."""
    _posts(result, database, said)
    _replies(result, database, own_posts(simulator), {thread_place(one.post_id) for one in said if not one.gone})
    _requests(result, database, [one["description"] for one in simulator.city_requests(limit=LISTED)])
    _closings(result, database, [one for one in simulator.city_requests(limit=LISTED) if one["status"] == "closed"])
    result.illegal = check_database(database)


def _posts(result: Result, database: Database, said: Sequence[Said]) -> None:
    with database.read() as session:
        rows = session.exec(select(Post.text, Post.mention_id).where(Post.kind == PostKind.MENTION)).all()
        understood = set(
            session.exec(
                select(Mention.id)
                .join(Understanding, col(Understanding.mention_id) == Mention.id)
                .where(col(Mention.needs_understanding).is_(False))
            ).all()
        )
    stored = Counter(mark_of(text) for text, _ in rows)
    mention_of = {mark_of(text): mention_id for text, mention_id in rows}
    wanted = [one.mark for one in said if not one.gone]
    result.posts_sent, result.posts_stored = len(wanted), sum(mark in stored for mark in wanted)
    result.posts_understood = sum(mention_of.get(mark) in understood for mark in wanted)
    result.lost = result.posts_sent - result.posts_stored
    result.not_understood = result.posts_stored - result.posts_understood
    result.doubled_posts = sum(count > 1 for mark, count in stored.items() if mark is not None)


def _replies(result: Result, database: Database, ours: Sequence[tuple[str, str]], standing: AbstractSet[str]) -> None:
    """`standing`: the places of residents' posts that were not deleted."""
    with database.read() as session:
        replies = {reply.id: reply for reply in session.exec(select(Reply)).all()}
        attempts = session.exec(
            select(SendAttempt).where(col(SendAttempt.reply_id).is_not(None)).order_by(col(SendAttempt.id))
        ).all()
        approvals = session.exec(
            select(Review.reply_id, Review.at).where(
                Review.decision == Decision.APPROVED, col(Review.reply_id).is_not(None)
            )
        ).all()
    first_approval: dict[int | None, datetime] = {}
    for reply_id, at in approvals:
        first_approval[reply_id] = min(at, first_approval.get(reply_id, at))
    tried: dict[tuple[str, str], set[int | None]] = {}
    approved: set[tuple[str, str]] = set()
    for attempt in attempts:
        if attempt.text:  # those of deleted posts are emptied (invariant 6)
            what = (thread_place(attempt.in_reply_to or ""), attempt.text)
            tried.setdefault(what, set()).add(attempt.reply_id)
            if attempt.reply_id in first_approval and attempt.started_at >= first_approval[attempt.reply_id]:
                approved.add(what)
    seen = {what: stands(ours, *what, parent_stands=what[0] in standing) for what in tried}
    result.replies_sent = len(ours)
    result.doubled_replies = sum(max(0, seen[what] - len(reply_ids)) for what, reply_ids in tried.items())
    result.unapproved_sent = sum(not any(stands([one], *what) for what in approved) for one in ours)
    delivered = {reply_id for what, reply_ids in tried.items() if seen[what] for reply_id in reply_ids}
    result.said_sent_but_is_not = sum(
        reply.state == ReplyState.SENT and reply_id not in delivered for reply_id, reply in replies.items()
    )
    result.undelivered += sum(
        reply.state in (ReplyState.APPROVED, ReplyState.SENDING, ReplyState.UNCERTAIN) for reply in replies.values()
    )


def _requests(result: Result, database: Database, filed: Sequence[str]) -> None:
    with database.read() as session:
        requests = session.exec(select(ServiceRequest)).all()
    result.requests_filed = len(filed)
    for request in requests:
        count = sum(f"[{request.reference}]" in one for one in filed)
        result.doubled_requests += max(0, count - 1)
        result.said_sent_but_is_not += request.state == RequestState.SUBMITTED and count == 0
        result.undelivered += request.state in (
            RequestState.APPROVED,
            RequestState.SUBMITTING,
            RequestState.TOKEN_PENDING,
            RequestState.UNCERTAIN,
        )


def _closings(result: Result, database: Database, closed: Sequence[dict[str, Any]]) -> None:
    """Whoever follows what the city closed is told, or waits to be told with a draft or a reason."""
    numbers = {str(one["service_request_id"]) for one in closed}
    with database.read() as session:
        filed = session.exec(select(ServiceRequest).where(ServiceRequest.state == RequestState.SUBMITTED)).all()
        withdrawn = set(session.exec(select(Mention.id).where(Mention.state == MentionState.WITHDRAWN)).all())
        rows = session.exec(
            select(StatusUpdate.request_id, StatusNotice.mention_id, StatusNotice.state).join(
                StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id
            )
        ).all()
        promised = {(request_id, mention_id) for request_id, mention_id, _ in rows}
        for request in filed:
            if request.service_request_id in numbers:
                wanted = set(following(session, request)) - withdrawn
                result.untold += sum((request.id, mention_id) not in promised for mention_id in wanted)
    result.closings_told = sum(state == NoticeState.TOLD for _, _, state in rows)


def pending(database: Database) -> int:
    """How much is still on its way by itself; what is uncertain is not counted."""
    with database.read() as session:
        replies = session.exec(
            select(Reply.id).where(col(Reply.state).in_([ReplyState.APPROVED, ReplyState.SENDING]))
        ).all()
        requests = session.exec(
            select(ServiceRequest.id).where(
                col(ServiceRequest.state).in_(
                    [RequestState.APPROVED, RequestState.SUBMITTING, RequestState.TOKEN_PENDING]
                )
            )
        ).all()
        unread = session.exec(select(Mention.id).where(col(Mention.needs_understanding).is_(True))).all()
    return len(replies) + len(requests) + len(unread)


def uncertain(database: Database) -> int:
    """How many replies and requests may or may not have arrived."""
    with database.read() as session:
        replies = session.exec(select(Reply.id).where(Reply.state == ReplyState.UNCERTAIN)).all()
        requests = session.exec(select(ServiceRequest.id).where(ServiceRequest.state == RequestState.UNCERTAIN)).all()
    return len(replies) + len(requests)
