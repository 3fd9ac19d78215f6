"""Promised dates: reckoned once a request was filed, marked before they are over, told of once they were missed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from hark311.starter import load_status_rules
from models import (
    Calendar,
    CalendarDay,
    CalendarOpening,
    Database,
    Mention,
    NoticeState,
    Outcome,
    PromiseMark,
    PromiseUnit,
    RequestState,
    Service,
    ServicePromise,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    Stoppage,
    UpdateSource,
    advance,
)
from models.open311 import RequestShape
from models.requests import OPEN_AT_CITY
from models.status_changes import Change, note_change
from responders.city_news import take_over
from responders.final_words import words_now
from responders.promises import Promises
from responders.status_outcomes import judge
from tests.rows import a_mention, a_reply, a_request

CITY = ZoneInfo("America/New_York")
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""Ten in the morning in the city."""
MONDAY_CLOSE = datetime(2026, 11, 23, 17, tzinfo=CITY)


class Hand:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.now = FRIDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def town(either_database: Database) -> Database:
    """A city that is open from nine to five on weekdays and promises potholes in one business day."""
    with either_database.write() as session:
        calendar = Calendar(name="City Hall", time_zone="America/New_York")
        services = [Service(service_code=code, service_name=code.title()) for code in ("POTHOLE", "GRAFFITI")]
        session.add_all([calendar, *services])
        session.flush()
        for weekday in range(5):
            session.add(CalendarOpening(calendar_id=calendar.id or 0, weekday=weekday, from_minute=540, to_minute=1020))
        session.add(
            ServicePromise(
                service_code="POTHOLE", amount=1, unit=PromiseUnit.BUSINESS_DAYS, calendar_id=calendar.id or 0
            )
        )
    return either_database


def filed(
    session: Session, service: str = "POTHOLE", expected: datetime | None = None, at: datetime = FRIDAY
) -> ServiceRequest:
    """A request the city just took, with the date it gave."""
    request = a_request(session, a_mention(session))
    request.service_code, request.expected_datetime = service, expected
    for state in (RequestState.IN_REVIEW, RequestState.APPROVED, RequestState.SUBMITTING):
        advance(session, request, state, "test", "on its way", at)
    request.status = "open"
    advance(session, request, RequestState.SUBMITTED, "test", "the city took it", at)
    session.flush()
    return request


def told_late(session: Session) -> list[StatusUpdate]:
    return list(session.exec(select(StatusUpdate).order_by(col(StatusUpdate.id))).all())


def test_a_filed_request_is_promised_by_its_calendar_where_the_city_gave_no_date(town: Database) -> None:
    with town.write() as session:
        ours = filed(session)
        assert ours.promised_datetime == MONDAY_CLOSE
        assert session.get_one(Mention, ours.mention_id).promised_at == MONDAY_CLOSE
        theirs = filed(session, expected=FRIDAY + timedelta(days=9))
        assert theirs.promised_datetime == FRIDAY + timedelta(days=9)
        assert filed(session, "GRAFFITI").promised_datetime is None


def test_the_date_is_reckoned_once_and_only_the_city_moves_it(town: Database) -> None:
    with town.write() as session:
        request = filed(session)
        session.add(CalendarDay(calendar_id=1, day=date(2026, 11, 23), name="Snow"))
        session.flush()
        assert request.promised_datetime == MONDAY_CLOSE
        assert filed(session).promised_datetime == MONDAY_CLOSE + timedelta(days=1)
        request.expected_datetime = FRIDAY + timedelta(days=20)
        assert request.promised_datetime == FRIDAY + timedelta(days=20)


def test_while_nothing_is_worked_on_and_nobody_knows_until_when_nothing_is_promised(town: Database) -> None:
    with town.write() as session:
        session.add(Stoppage(calendar_id=1, begins_at=FRIDAY, reason="Strike"))
        session.flush()
        assert filed(session).promised_datetime is None


def test_a_reply_says_the_date_of_the_calendar_also_where_nobody_gave_a_number(town: Database) -> None:
    words = "Reported as {number}. We expect it done by {date}."
    with town.write() as session:
        ours, without = filed(session), filed(session, "GRAFFITI")
        numbered = filed(session)
        numbered.service_request_id = "13075315"
        said = {}
        for request in (ours, without, numbered):
            reply = a_reply(session, session.get_one(Mention, request.mention_id))
            reply.approved_text, reply.approved_fallback, reply.language = words, "Reported.", "en"
            said[request.id] = words_now(reply, [request], CITY, timedelta(minutes=1), FRIDAY)
        by_monday = "We expect it done by Monday, Nov 23."
        assert said[ours.id] == f"Reported as {ours.reference}. {by_monday}"
        assert said[without.id] == f"Reported as {without.reference}."
        assert said[numbered.id] == f"Reported as 13075315. {by_monday}"


def test_staff_are_warned_a_business_day_before_and_everybody_is_told_once_the_day_is_over(
    town: Database, hand: Hand
) -> None:
    promises = Promises(town, CITY, warn_days=1, clock=hand)
    with town.write() as session:
        session.get_one(ServicePromise, "POTHOLE").amount = 2
        session.flush()
        number = filed(session).id
    assert promises.look() == 0
    hand.now = datetime(2026, 11, 23, 0, 30, tzinfo=CITY)
    assert (promises.look(), promises.look()) == (1, 0)
    with town.read() as session:
        assert session.get_one(ServiceRequest, number).promise_mark == PromiseMark.NEAR
    hand.now = datetime(2026, 11, 24, 23, 59, tzinfo=CITY)
    assert promises.look() == 0
    hand.now = datetime(2026, 11, 25, 0, 1, tzinfo=CITY)
    assert (promises.look(), promises.look()) == (1, 0)
    with town.read() as session:
        request = session.get_one(ServiceRequest, number)
        assert request.promise_mark == PromiseMark.LATE
        (update,) = told_late(session)
        assert (update.change_key, update.outcome, update.source) == (
            "late:2026-11-24",
            Outcome.LATE,
            UpdateSource.CALENDAR,
        )
        assert update.happened_at == datetime(2026, 11, 25, tzinfo=CITY)
        (notice,) = session.exec(select(StatusNotice)).all()
        assert (notice.mention_id, notice.state) == (request.mention_id, NoticeState.PENDING)


def test_a_later_date_of_the_city_is_a_new_promise_that_can_be_missed_again(town: Database, hand: Hand) -> None:
    promises = Promises(town, CITY, clock=hand)
    with town.write() as session:
        number = filed(session).id
    hand.now = FRIDAY + timedelta(days=5)
    promises.look()
    with town.write() as session:
        request = session.get_one(ServiceRequest, number)
        request.expected_datetime = FRIDAY + timedelta(days=14)
        assert request.promise_mark is None
    promises.look()
    hand.now = FRIDAY + timedelta(days=15)
    promises.look()
    with town.read() as session:
        assert [one.change_key for one in told_late(session)] == ["late:2026-11-23", "late:2026-12-04"]


def test_a_date_of_the_city_that_is_not_the_one_we_told_is_news(town: Database) -> None:
    with town.write() as session:
        request = filed(session)
        assert take_over(session, request, RequestShape(service_request_id="7", status="open"), FRIDAY) is None
        told = RequestShape.model_validate(
            {"service_request_id": "7", "status": "open", "expected_datetime": "2026-11-30T17:00:00-05:00"}
        )
        news = take_over(session, request, told, FRIDAY)
        assert news is not None
        assert request.promised_datetime == datetime(2026, 11, 30, 17, tzinfo=CITY)
        assert (news.outcome, news.planned_for) == (Outcome.ACCEPTED, None)  # a deadline plans no work
        assert "later date" in news.evidence
        assert take_over(session, request, told, FRIDAY) is None


def says(session: Session, request: ServiceRequest, expected: datetime, **more: str) -> StatusUpdate | None:
    """What is news in what the city says on Friday."""
    told: dict[str, object] = {"service_request_id": "7", "status": "open", "expected_datetime": expected.isoformat()}
    return take_over(session, request, RequestShape.model_validate(told | more), FRIDAY)


def test_a_date_that_is_over_is_no_news_and_makes_the_promise_late(town: Database, hand: Hand) -> None:
    with town.write() as session:
        request = filed(session)
        assert says(session, request, FRIDAY - timedelta(days=2)) is None
        assert request.promised_datetime == FRIDAY - timedelta(days=2)
    assert Promises(town, CITY, clock=hand).look() == 1
    with town.read() as session:
        assert [one.outcome for one in told_late(session)] == [Outcome.LATE]


def test_a_first_date_is_news_where_none_was_promised(town: Database) -> None:
    with town.write() as session:
        request = filed(session, "GRAFFITI")
        news = says(session, request, FRIDAY + timedelta(days=9))
        assert news is not None
        assert (news.outcome, news.is_date_alone) == (Outcome.ACCEPTED, True)
        assert says(session, request, FRIDAY + timedelta(days=9)) is None


def test_words_that_come_with_a_date_say_what_it_means(town: Database) -> None:
    with town.write() as session:
        request = filed(session)
        news = says(session, request, FRIDAY + timedelta(days=9), status_notes="Work is scheduled for the 29th.")
        assert news is not None
        assert (news.outcome, news.is_date_alone) == (None, False)
        assert judge(news, load_status_rules()).outcome == Outcome.SCHEDULED


def test_a_date_beside_a_closing_is_no_news_of_its_own(town: Database) -> None:
    with town.write() as session:
        request = filed(session)
        request.status = "closed"
        assert says(session, request, FRIDAY + timedelta(days=9), status="closed") is None


def test_who_hears_that_it_is_closed_does_not_hear_that_it_is_late(town: Database, hand: Hand) -> None:
    promises = Promises(town, CITY, clock=hand)
    with town.write() as session:
        number, in_time = filed(session).id, filed(session)
        in_time.status = "closed"
    hand.now = FRIDAY + timedelta(days=5)
    assert promises.look() == 1
    with town.write() as session:
        request = session.get_one(ServiceRequest, number)
        request.status = "closed"
        closing = Change("closed", UpdateSource.CITY, hand.now, status="closed", outcome=Outcome.FIXED)
        note_change(session, request, closing, hand.now)
    assert promises.look() == 1
    with town.read() as session:
        assert session.get_one(ServiceRequest, number).promise_mark is None
        notices = session.exec(select(StatusNotice).order_by(col(StatusNotice.id))).all()
        assert [one.state for one in notices] == [NoticeState.SKIPPED, NoticeState.PENDING]


def test_a_city_without_calendars_is_warned_by_the_day(either_database: Database, hand: Hand) -> None:
    with either_database.write() as session:
        session.add(Service(service_code="POTHOLE", service_name="Pothole"))
        session.flush()
        filed(session, expected=FRIDAY + timedelta(days=1))
        filed(session, expected=FRIDAY + timedelta(days=2))
    assert Promises(either_database, CITY, clock=hand).look() == 1


def closed_and_told_again(
    session: Session, at: datetime, expected: datetime | None = None
) -> tuple[ServiceRequest, ServiceRequest]:
    """A request that was closed in time, and what told the city by an update that it is not fixed: (old, again)."""
    old = filed(session, expected=expected)
    old.service_request_id, old.status = "13075315", "closed"
    again = ServiceRequest(mention_id=old.mention_id, part=2, reference="H-22222222", changed_at=at)
    again.service_code, again.reopens_id = old.service_code, old.id
    session.add(again)
    for state in (RequestState.IN_REVIEW, RequestState.APPROVED, RequestState.SUBMITTING, RequestState.SUBMITTED):
        advance(session, again, state, "test", "on its way", at)
    session.flush()
    return old, again


def test_what_the_city_was_told_by_an_update_is_no_second_promise_and_earns_no_apology(
    town: Database, hand: Hand
) -> None:
    with town.write() as session:
        old, again = closed_and_told_again(session, FRIDAY)
        assert again.promised_datetime is None
        again.promised_datetime = MONDAY_CLOSE  # as it was given before this was minded
        again.promise_mark = PromiseMark.LATE
        open_now = session.exec(select(ServiceRequest.id).where(OPEN_AT_CITY)).all()
        assert open_now == []
        old_id, again_id = old.id, again.id
    hand.now = FRIDAY + timedelta(days=30)
    assert Promises(town, CITY, clock=hand).look() == 1
    with town.read() as session:
        assert told_late(session) == []
        assert session.get_one(ServiceRequest, again_id).promise_mark is None
        session.get_one(ServiceRequest, old_id).status = "open"
        assert list(session.exec(select(ServiceRequest.id).where(OPEN_AT_CITY)).all()) == [old_id]


def test_a_request_told_again_after_its_day_is_promised_anew_and_nobody_apologises_at_once(
    town: Database, hand: Hand
) -> None:
    hand.now = FRIDAY + timedelta(days=7)
    with town.write() as session:
        old, _ = closed_and_told_again(session, hand.now)
        old.status = "open"
        anew = MONDAY_CLOSE + timedelta(days=7)
        assert (old.promised_datetime, session.get_one(Mention, old.mention_id).promised_at) == (anew, anew)
    promises = Promises(town, CITY, clock=hand)
    promises.look()
    with town.read() as session:
        assert told_late(session) == []
    hand.now = FRIDAY + timedelta(days=12)
    promises.look()
    with town.read() as session:
        assert [one.change_key for one in told_late(session)] == ["late:2026-11-30"]


def test_a_day_that_is_still_ahead_holds_for_what_is_told_again(town: Database) -> None:
    with town.write() as session:
        old, _ = closed_and_told_again(session, FRIDAY + timedelta(hours=20))
        assert old.promised_datetime == MONDAY_CLOSE


def test_the_citys_own_day_that_is_over_is_neither_said_again_nor_news(town: Database) -> None:
    later, by_the_city = FRIDAY + timedelta(days=7), FRIDAY + timedelta(days=1)
    listed = {"service_request_id": "13075315", "status": "open", "expected_datetime": by_the_city.isoformat()}
    with town.write() as session:
        old, _ = closed_and_told_again(session, later, by_the_city)
        old.status, anew = "open", MONDAY_CLOSE + timedelta(days=7)
        assert (old.expected_datetime, old.promised_datetime) == (by_the_city, anew)
        assert take_over(session, old, RequestShape.model_validate(listed), later) is None
        assert old.promised_datetime == anew
