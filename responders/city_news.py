"""What is news in what the city says of a request: changes of status, of its words and of its date, each once.

The same thing may be heard twice, from the list of requests and from the updates extension; the second is no news.
"""

import hashlib
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import NoticeState, Outcome, RequestState, ServiceRequest, StatusNotice, StatusUpdate, UpdateSource
from models.joined import head_of
from models.open311 import RequestShape, UpdateShape, open_or_closed
from models.status_changes import CLOSED, Change, note_change
from models.status_rules import status_rules
from models.statuses import DATE, FACTS, LATER
from responders.city_facts import copy_facts, sort_again
from responders.open311_answers import duplicate_named
from responders.open311_updates import OUTCOMES, is_ours
from responders.status_outcomes import judge
from responders.turned_here import follows, not_followed

SAME_DATE = timedelta(hours=1)
"""A promise that moves by less is written differently, not changed."""
LATER_DATE = "The city has a later date for it than was promised, and no words come with it."
EARLIER_DATE = "The city has an earlier date for it than was promised, and no words come with it."
FIRST_DATE = "The city has a date for it now, and no words come with it."
OPENED_FOR_US = "The city opened it again because they asked us to, and they have our answer to that."
SAME_TIME = timedelta(days=1)
"""How far apart the two lists may date one and the same thing."""


def take_over(session: Session, request: ServiceRequest, facts: RequestShape, now: datetime) -> StatusUpdate | None:
    """Copy what the city says, and note it where that is news. Lock the request before."""
    stale = not_followed(session, request, facts, now)
    if stale:
        facts = facts.model_copy(update={"status": ""})
    follows_us = follows(session, request, facts)
    status, notes, promised = request.status, request.status_notes, request.promised_datetime
    copy_facts(request, facts, now)
    dated = _is_another_date(request, promised, now)
    later = dated and promised is not None and (request.promised_datetime or now) > promised
    if request.promised_datetime != promised:
        sort_again(session, request)
    session.add(request)
    if status is None and request.status in (None, "open") and not request.status_notes:
        return None
    same = (request.status, request.status_notes) == (status, notes)
    if same and not dated and not follows_us:
        return None
    silent = dated and not follows_us and (same or (request.status == "open" and not request.status_notes))
    if silent and _dates_planned_work(session, request, now):
        return None
    happened_at = min(request.updated_datetime or now, now)
    change = Change(
        key=_key(request, now, DATE if silent else FACTS, later=later),
        source=UpdateSource.CITY,
        happened_at=happened_at,
        status="" if stale else request.status or "",
        status_notes="" if silent or (follows_us and same) else request.status_notes,
        outcome=Outcome.ACCEPTED if silent else None,
        agency=request.agency_responsible,
        duplicate_of="" if silent else duplicate_named(request.status_notes),
        planned_for=request.expected_datetime if dated and not silent else None,  # of work, where the words say so
    )
    if not dated and _said(session, request, change):
        return None
    noted = note_change(session, request, change, now)
    if noted and silent:
        noted.evidence = LATER_DATE if later else EARLIER_DATE if promised else FIRST_DATE
        session.add(noted)
    elif noted:
        _no_news_of_our_own_asking(session, noted, now)
    return noted


def _dates_planned_work(session: Session, request: ServiceRequest, now: datetime) -> bool:
    """Whether a date belongs to work that the city has just said is planned, by its other list: it is put there."""
    newest = _newest(session, request)
    if newest is None or newest.outcome is not Outcome.SCHEDULED or now - newest.noticed_at >= SAME_TIME:
        return False
    told = select(StatusNotice.id).where(
        StatusNotice.update_id == newest.id, col(StatusNotice.state).in_([NoticeState.DRAFTED, NoticeState.TOLD])
    )
    if newest.planned_for is not None or session.exec(told.limit(1)).first() is not None:
        return False
    newest.planned_for = request.expected_datetime
    session.add(newest)
    return True


def _date_told_alone(session: Session, request: ServiceRequest, now: datetime) -> datetime | None:
    """The date that the city's list has just put alone, which work that is planned is planned for."""
    newest = _newest(session, request)
    just_now = newest is not None and newest.is_date_alone and now - newest.noticed_at < SAME_TIME
    return request.expected_datetime if just_now else None


def _newest(session: Session, request: ServiceRequest) -> StatusUpdate | None:
    found = select(StatusUpdate).where(
        StatusUpdate.request_id == head_of(session, request).id, StatusUpdate.source == UpdateSource.CITY
    )
    return session.exec(found.order_by(col(StatusUpdate.id).desc()).limit(1)).first()


def _is_another_date(request: ServiceRequest, promised: datetime | None, now: datetime) -> bool:
    """Whether the city expects it done by another day than was promised, one that is still to come."""
    date = request.promised_datetime
    if date is None or date <= now or request.status == CLOSED:
        return False
    return promised is None or abs(date - promised) >= SAME_DATE


def take_first(session: Session, request: ServiceRequest, facts: RequestShape | None, now: datetime) -> None:
    """Copy what the city says of a request whose number we have just learned; that it is closed by then is news."""
    if facts is not None and open_or_closed(facts.status) == CLOSED:
        take_over(session, request, facts, now)
    else:
        copy_facts(request, facts, now)


def hear_update(session: Session, request: ServiceRequest, update: UpdateShape, now: datetime) -> StatusUpdate | None:
    """Take over an entry of the updates extension, and note it where that is news. Lock the request before."""
    happened_at = min(update.updated_datetime or now, now)
    outcome, number = OUTCOMES.get(update.status), duplicate_named(update.description)
    change = Change(
        key=f"update:{update.update_id}",
        source=UpdateSource.CITY,
        happened_at=happened_at,
        status=update.status,
        status_notes=update.description,
        outcome=None if outcome is Outcome.DUPLICATE and not number else outcome,  # a person says with which
        agency=request.agency_responsible,
        duplicate_of=number,
        media_url=update.media_url,
        planned_for=_date_told_alone(session, request, now) if outcome is Outcome.SCHEDULED else None,
    )
    if is_ours(update, request) or _said(session, request, change):
        return None
    noted = note_change(session, request, change, now)
    if noted:
        _no_news_of_our_own_asking(session, noted, now)
        turned = open_or_closed(update.status) not in ("", request.status)
        request.status = open_or_closed(update.status) or request.status
        request.status_notes = update.description or ("" if turned else request.status_notes)
        request.updated_datetime = max(happened_at, request.updated_datetime or happened_at)
        session.add(request)
    return noted


def _no_news_of_our_own_asking(session: Session, update: StatusUpdate, now: datetime) -> None:
    """Tell nobody that a request was opened again where we asked for it: whoever said "not fixed" has our answer.

    Only the first change after the closing is that, and only where it does not say more, such as a day.
    """
    if open_or_closed(update.status) != "open" or judge(update, status_rules(session)).outcome is not None:
        return
    others = select(StatusUpdate).where(StatusUpdate.request_id == update.request_id, StatusUpdate.id != update.id)
    newest = max(session.exec(others).all(), key=lambda one: (one.happened_at, one.id or 0), default=None)
    asked = select(ServiceRequest.id).where(
        ServiceRequest.reopens_id == update.request_id,
        ServiceRequest.state == RequestState.SUBMITTED,
        col(ServiceRequest.answers_city).is_(False),
    )
    if newest is None or open_or_closed(newest.status) != CLOSED or session.exec(asked).first() is None:
        return
    for notice in session.exec(select(StatusNotice).where(StatusNotice.update_id == update.id)).all():
        notice.state, notice.because, notice.changed_at = NoticeState.SKIPPED, OPENED_FOR_US, now
        session.add(notice)


def _said(session: Session, request: ServiceRequest, change: Change) -> bool:
    """Whether the city said this about that time already, by its other list, and not the opposite in between."""
    head, at, now_is = head_of(session, request), change.happened_at, open_or_closed(change.status)
    earlier = session.exec(
        select(StatusUpdate).where(StatusUpdate.request_id == head.id, StatusUpdate.source == UpdateSource.CITY)
    ).all()
    turned = [one.happened_at for one in earlier if open_or_closed(one.status) != now_is]
    return any(
        open_or_closed(one.status) == now_is
        and _says_as_much(one, change)
        and abs(one.happened_at - at) < SAME_TIME
        and not any(min(one.happened_at, at) < turn <= max(one.happened_at, at) for turn in turned)
        for one in earlier
    )


def _says_as_much(one: StatusUpdate, change: Change) -> bool:
    """Whether a change adds neither words nor an outcome to an earlier one. A later update with either is a step."""
    words, finer = change.status_notes.split(), OUTCOMES.get(change.status)
    return (not words or one.status_notes.split() == words) and finer in (None, one.outcome)


def _key(request: ServiceRequest, now: datetime, kind: str, *, later: bool) -> str:
    """Names the change by what it says and when, to the minute. `later`: than was promised."""
    at = (request.updated_datetime or now).strftime("%Y-%m-%dT%H:%M")
    promised = request.expected_datetime.isoformat() if request.expected_datetime else ""
    said = "\n".join([request.status or "", request.status_notes, promised, at])
    return f"{kind}{LATER if later else ''}" + hashlib.sha256(said.encode()).hexdigest()[:24]
