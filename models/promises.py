"""What the city promises about a filed request: the date by its calendar, reckoned once, where the city gave none."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from models.business_time import NeverOpen, Timetable, due_at
from models.calendars import ServicePromise, timetables
from models.mentions import Mention
from models.requests import ServiceRequest
from models.sorting import sort_mention

log = logging.getLogger(__name__)


def promise_date(session: Session, request: ServiceRequest, now: datetime) -> None:
    """Give a request that was just filed its promised date, if the city gave none and its service has a promise.

    It is reckoned from when it was filed. A calendar that never opens promises nothing.
    """
    if request.promised_datetime is not None or not request.service_code:
        return
    promised = session.get(ServicePromise, request.service_code)
    if promised is None:
        return
    timetable = timetables(session)[promised.calendar_id]
    try:
        request.promised_datetime = due_at(timetable, request.requested_datetime or now, promised.promise)
    except NeverOpen as error:
        log.warning("request %s: nothing is promised (%s)", request.id, error)
        return
    session.add(request)
    sort_mention(session, session.get_one(Mention, request.mention_id))


def is_over(promised: datetime, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a promise was missed: it is told as a date, so only when that day is over in the city."""
    return now.astimezone(zone).date() > promised.astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class Clocks:
    """By whose hours each service is reckoned: those of its promise, else the `usual`, the city's own, if any."""

    named: Mapping[str, Timetable]
    usual: Timetable | None

    def of(self, service_code: str | None) -> Timetable | None:
        return self.named.get(service_code or "", self.usual)


def clocks(session: Session) -> Clocks:
    """The hours of every service, as the calendars have them now."""
    tables = timetables(session)
    named = {one.service_code: tables[one.calendar_id] for one in session.exec(select(ServicePromise)).all()}
    return Clocks(named, next(iter(tables.values()), None))
