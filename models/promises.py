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

    It is reckoned from when it was filed. What is told under the number of an old request is promised with that one.
    """
    if request.answers_city:
        return  # an answer of the resident's is no work of the city's
    if request.under_old_number:
        _promise_again(session, session.get_one(ServiceRequest, request.reopens_id, with_for_update=True), now)
    elif request.promised_datetime is None:
        _promise(session, request, _due(session, request, request.requested_datetime or now))


def _promise_again(session: Session, old: ServiceRequest, now: datetime) -> None:
    """Promise an old request from now on: a date that is over is never said again, one that is ahead still holds."""
    if old.promised_datetime is None or old.promised_datetime < now:
        _promise(session, old, _due(session, old, now))


def _promise(session: Session, request: ServiceRequest, due: datetime | None) -> None:
    if due == request.promised_datetime:
        return
    request.promised_datetime, request.promise_mark = due, None
    session.add(request)
    sort_mention(session, session.get_one(Mention, request.mention_id))


def _due(session: Session, request: ServiceRequest, since: datetime) -> datetime | None:
    """When its service has promised it, from `since` on; None: nothing is, as by a calendar that never opens."""
    promised = session.get(ServicePromise, request.service_code) if request.service_code else None
    if promised is None:
        return None
    try:
        return due_at(timetables(session)[promised.calendar_id], since, promised.promise)
    except NeverOpen as error:
        log.warning("request %s: nothing is promised (%s)", request.id, error)
        return None


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
