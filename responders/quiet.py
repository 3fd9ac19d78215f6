"""Quiet hours: at night no news of a case leaves, unless the resident is talking with us just now."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from models import Mention, NoticeState, Post, Reply, StatusNotice
from models.posts import PostKind

AWAKE = timedelta(hours=1)
"""Who wrote within this time is answered at any hour."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `begins` to `ends` by the clock of `zone`, over midnight where it begins later than it ends."""

    begins: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def of(cls, hours: str, zone: str) -> Self | None:
        """ "21:00-08:00" in a zone of the tz database; None where there are no quiet hours: "" or nothing between."""
        begins, _, ends = hours.partition("-")
        if not ends or begins == ends:
            return None
        return cls(time.fromisoformat(begins), time.fromisoformat(ends), ZoneInfo(zone))

    def over_at(self, now: datetime) -> datetime | None:
        """When the quiet hours end that hold now, in UTC; None where none hold.

        By the wall clock: in the night when clocks change it is quiet for an hour less or more.
        """
        here = now.astimezone(self.zone)
        wall = here.time()
        over_midnight = self.begins > self.ends
        quiet = wall >= self.begins or wall < self.ends if over_midnight else self.begins <= wall < self.ends
        if not quiet:
            return None
        day = here.date() + timedelta(days=1 if over_midnight and wall >= self.begins else 0)
        morning = datetime.combine(day, self.ends, self.zone).astimezone(UTC)
        while morning <= now:  # the clocks were put back, and this hour comes a second time
            morning += timedelta(hours=1)
        return morning


def quiet_until(
    session: Session, reply: Reply, mention: Mention, quiet: Quiet | None, now: datetime
) -> tuple[datetime, str] | None:
    """Until when a reply that tells news has to wait, and a sentence that says so; None where it may leave."""
    until = quiet.over_at(now) if quiet else None
    if quiet is None or until is None or not _tells_news(session, reply) or _is_awake(session, mention, now):
        return None
    return until, f"Quiet hours: it leaves at {until.astimezone(quiet.zone):%H:%M}."


def _tells_news(session: Session, reply: Reply) -> bool:
    found = select(StatusNotice.id).where(StatusNotice.reply_id == reply.id, StatusNotice.state == NoticeState.DRAFTED)
    return session.exec(found.limit(1)).first() is not None


def _is_awake(session: Session, mention: Mention, now: datetime) -> bool:
    wrote_at = session.exec(
        select(func.max(col(Post.created_at))).where(
            Post.conversation_id == mention.conversation_id,
            Post.author_id == mention.author_id,
            Post.kind == PostKind.MENTION,
        )
    ).one()
    return wrote_at is not None and now - wrote_at < AWAKE
