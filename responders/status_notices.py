"""The promises to tell: what became of each when its reply left, was dropped, or gave way to another one."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    Mention,
    MentionState,
    NoticeState,
    Reply,
    ReplyState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    advance,
)
from models.lifecycle import OPEN_MENTIONS

UNSENT = (ReplyState.DRAFT, ReplyState.IN_REVIEW)
SAY_FIRST = "Say first what the city's news means: the case below asks for it."
BY = "status"


def told(session: Session, reply: Reply, now: datetime) -> None:
    """A reply has left: what it tells of is told."""
    for notice in notices_of(session, reply):
        change(session, notice, NoticeState.TOLD, "", now)


def give_way(session: Session, reply: Reply, now: datetime) -> None:
    """A draft becomes the answer to something else, because its author wrote again: its news wait for the next one."""
    for notice in notices_of(session, reply):
        change(session, notice, NoticeState.PENDING, "They wrote again: that is answered first.", now)
        notice.reply_id = None


def news_of(session: Session, reply: Reply | None) -> list[StatusUpdate]:
    """The changes that a reply tells of, the oldest first; none where it is no status reply of ours."""
    if reply is None or reply.id is None:
        return []
    wanted = (
        select(StatusUpdate)
        .join(StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id)
        .where(StatusNotice.reply_id == reply.id, StatusNotice.state == NoticeState.DRAFTED)
        .order_by(col(StatusUpdate.happened_at), col(StatusUpdate.id))
    )
    return list(session.exec(wanted).all())


def about_the_news(session: Session, mention: Mention) -> list[str]:
    """Why a reply may not tell news that nobody can make sense of; empty where there is no such reply."""
    reply = session.exec(
        select(Reply).where(Reply.mention_id == mention.id, Reply.round == mention.round, col(Reply.state).in_(UNSENT))
    ).first()
    found = news_of(session, reply)
    return [SAY_FIRST] if found and found[-1].outcome is None else []


def told_with(session: Session, mention: Mention) -> list[ServiceRequest]:
    """The request that the status reply of this round tells of; empty where the open reply is another one."""
    reply = session.exec(
        select(Reply).where(Reply.mention_id == mention.id, Reply.round == mention.round, col(Reply.state).in_(UNSENT))
    ).first()
    request = session.get(ServiceRequest, reply.request_id) if reply and reply.request_id else None
    return [request] if request and news_of(session, reply) else []


def settle_notices(session: Session, now: datetime, limit: int = 200) -> int:
    """Follow what became of the replies: sent, dropped by a person, withdrawn, or left behind; returns how many."""
    rows = session.exec(
        select(StatusNotice, Reply, Mention)
        .join(Reply, col(Reply.id) == StatusNotice.reply_id)
        .join(Mention, col(Mention.id) == StatusNotice.mention_id)
        .where(
            StatusNotice.state == NoticeState.DRAFTED,
            col(Reply.state).in_([ReplyState.SENT, ReplyState.CANCELLED])
            | (col(Reply.state).in_(UNSENT) & col(Mention.state).not_in(OPEN_MENTIONS)),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for notice, reply, mention in rows:
        if reply.state == ReplyState.SENT:
            change(session, notice, NoticeState.TOLD, "", now)
        elif mention.state == MentionState.WITHDRAWN:
            change(session, notice, NoticeState.SKIPPED, "Its author deleted the post.", now)
        elif reply.state == ReplyState.CANCELLED:
            change(session, notice, NoticeState.SKIPPED, f"Not told: {reply.state_reason}.", now)
        else:
            change(session, notice, NoticeState.PENDING, "Its draft was put away.", now)
            notice.reply_id = None
    for reply in {reply.id: reply for _, reply, _ in rows if reply.state in UNSENT}.values():
        advance(session, reply, ReplyState.CANCELLED, BY, "put away with its mention: drafted anew", now)
    return len(rows)


def notices_of(session: Session, reply: Reply) -> list[StatusNotice]:
    """What a reply is to tell and has not told yet."""
    found = select(StatusNotice).where(StatusNotice.reply_id == reply.id, StatusNotice.state == NoticeState.DRAFTED)
    return list(session.exec(found).all())


def skip(session: Session, notices: Iterable[StatusNotice], because: str, now: datetime) -> None:
    """Nobody is told, for a reason that stays on record."""
    for notice in notices:
        change(session, notice, NoticeState.SKIPPED, because, now)


def change(session: Session, notice: StatusNotice, to: NoticeState, because: str, now: datetime) -> None:
    """Move a notice, or change why it waits."""
    if notice.state != to:
        notice.changed_at = now
    notice.state, notice.because = to, because
    if to == NoticeState.PENDING and notice.not_before > now:
        notice.not_before = now
    session.add(notice)
