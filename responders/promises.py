"""The promised dates of filed requests: marked before they are over, and once they are, everybody who follows is told.

A promise is told as a date, so it is missed when that day is over in the city. Then a change of its own is noted, once
for each date, and the apology is drafted for a person to approve like every other status reply.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from models import Database, Outcome, PromiseMark, ServiceRequest, Timetable, UpdateSource, record, utc_now
from models.business_time import NeverOpen, end_of_business_day
from models.promises import clocks
from models.requests import OPEN_AT_CITY
from models.status_changes import Change, note_change
from models.statuses import MISSED

log = logging.getLogger(__name__)

BY = "calendar"
AT_ONCE = 200
LOOK_SECONDS = 60


@dataclass(slots=True)
class Promises:
    """Looks after the promised dates; to be asked every minute or so.

    `warn_days`: how many business days before the promised one staff are warned. `zone` is the city's.
    """

    database: Database
    zone: ZoneInfo
    warn_days: int = 1
    clock: Callable[[], datetime] = utc_now

    def look(self) -> int:
        """Mark what is near and what was missed, and unmark what is not open any more; returns how many changed."""
        return self._unmark() + self._miss() + self._warn()

    def _miss(self) -> int:
        with self.database.write() as session:
            now = self.clock()
            today = datetime.combine(now.astimezone(self.zone).date(), time(), self.zone).astimezone(UTC)
            missed = _open_requests(
                session,
                col(ServiceRequest.promised_datetime) < today,
                or_(col(ServiceRequest.promise_mark).is_(None), ServiceRequest.promise_mark != PromiseMark.LATE),
            )
            for request in missed:
                self._note_missed(session, request, now)
            return len(missed)

    def _note_missed(self, session: Session, request: ServiceRequest, now: datetime) -> None:
        promised = (request.promised_datetime or now).astimezone(self.zone)
        _mark(session, request, PromiseMark.LATE, f"promised for {promised.date()}, which is over", now)
        over = datetime.combine(promised.date() + timedelta(days=1), time(), self.zone)
        change = Change(
            key=f"{MISSED}{promised.date()}",
            source=UpdateSource.CALENDAR,
            happened_at=over,
            status=request.status or "open",
            outcome=Outcome.LATE,
        )
        note_change(session, request, change, now)

    def _warn(self) -> int:
        with self.database.write() as session:
            now, marked = self.clock(), 0
            for theirs, timetable in _by_calendar(session, self.zone):
                try:
                    soon = end_of_business_day(timetable, now, self.warn_days)
                except NeverOpen:
                    continue  # nothing is worked on there, so there is nobody to warn
                near = _open_requests(
                    session,
                    col(ServiceRequest.promise_mark).is_(None),
                    col(ServiceRequest.promised_datetime) < soon,
                    theirs,
                )
                for request in near:
                    _mark(session, request, PromiseMark.NEAR, "its promised day is near", now)
                marked += len(near)
            return marked

    def _unmark(self) -> int:
        with self.database.write() as session:
            under_old = and_(
                col(ServiceRequest.reopens_id).is_not(None), col(ServiceRequest.service_request_id).is_(None)
            )
            over = session.exec(
                select(ServiceRequest)
                .where(col(ServiceRequest.promise_mark).is_not(None), or_(ServiceRequest.status == "closed", under_old))
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            for request in over:
                why = "it stands under its old number" if request.under_old_number else "the city closed it"
                _mark(session, request, None, why, self.clock())
            return len(over)


def _by_calendar(session: Session, zone: ZoneInfo) -> Iterator[tuple[ColumnElement[bool], Timetable]]:
    """Which requests are reckoned by which hours; without any calendar every day of the city counts."""
    by, code = clocks(session), func.coalesce(ServiceRequest.service_code, "")
    for timetable in set(by.named.values()):
        yield code.in_([one for one, theirs in by.named.items() if theirs is timetable]), timetable
    yield code.not_in(list(by.named)), by.usual or Timetable.always(zone)


def _open_requests(session: Session, *where: ColumnElement[bool]) -> list[ServiceRequest]:
    """Requests the city has and has not closed, the soonest promise first, locked."""
    return list(
        session.exec(
            select(ServiceRequest)
            .where(OPEN_AT_CITY, *where)
            .order_by(col(ServiceRequest.promised_datetime))
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
    )


def _mark(session: Session, request: ServiceRequest, to: PromiseMark | None, why: str, now: datetime) -> None:
    request.promise_mark = to
    session.add(request)
    record(session, "ServiceRequest", request.id or 0, BY, why, now)


async def look_after_promises(ctx: dict[str, Any]) -> int:
    """Mark the promises that are near or missed; returns how many changed."""
    promises: Promises = ctx["promises"]
    return await asyncio.to_thread(promises.look)


ROUNDS = [(look_after_promises, LOOK_SECONDS)]
