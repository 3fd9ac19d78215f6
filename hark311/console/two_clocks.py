"""The two clocks of a mention: until a person answered, and until the city was done; by the wall and in open hours."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, func, select

from hark311.console.mention_queries import MentionPage
from hark311.kpi_report import span
from models import Post, ReplyState, RequestState, Timetable
from models.business_time import open_between
from models.posts import PostKind
from models.promises import clocks


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One clock in words: "answered by a person after 3 h", "1 h of it in open hours" or "" without a calendar."""

    name: str
    said: str
    open_hours: str


def two_clocks(session: Session, page: MentionPage, now: datetime) -> list[ClockLine]:
    """The desk's clock, once there is something to count, and the department's, once a request was filed."""
    hours = clocks(session).of(page.mention.service_code)
    lines = []
    wrote_at = session.exec(
        select(func.min(Post.created_at)).where(Post.mention_id == page.mention.id, Post.kind == PostKind.MENTION)
    ).one()
    answered = [
        one.sent_at
        for one in page.replies
        if one.state == ReplyState.SENT and one.sent_at and one.standing_approval_id is None
    ]
    if wrote_at and (answered or page.open):
        said = "answered after" if answered else "waiting for"
        lines.append(_line("First reply by a person", said, wrote_at, min(answered, default=now), hours))
    filed = page.head or page.filed
    if filed and filed.state == RequestState.SUBMITTED and filed.requested_datetime:
        closed_at = filed.updated_datetime or now if filed.status == "closed" else None
        said = "closed after" if closed_at else "open for"
        lines.append(_line("Outcome", said, filed.requested_datetime, closed_at or now, hours))
    return lines


def _line(name: str, said: str, since: datetime, until: datetime, hours: Timetable | None) -> ClockLine:
    whole = max(0.0, (until - since).total_seconds())
    worked = open_between(hours, since, until).total_seconds() if hours else None
    return ClockLine(name, f"{said} {span(whole)}", "" if worked is None else f"{span(worked)} of it in open hours")
