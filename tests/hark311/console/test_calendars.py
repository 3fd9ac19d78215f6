"""The calendars' pages: the week as a chart, who answers now, and what a supervisor changes."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from hark311.console.calendar_words import HoursUnclear, hours_words, read_hours
from hark311.holidays_of import Holidays, NoSuchCountry, holidays_in, put_in_holidays
from models import (
    Calendar,
    CalendarDay,
    CalendarDesk,
    CalendarOpening,
    Database,
    MentionState,
    PromiseMark,
    PromiseUnit,
    ReplyState,
    RequestState,
    Role,
    ServicePromise,
    Stoppage,
)
from models.business_time import Opening
from models.calendars import timetables
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    make_account,
    make_mention,
    make_services,
    make_staff,
)
from tests.hark311.console.office import make_office
from tests.hark311.console.test_learning import audit

CITY = ZoneInfo("America/New_York")
HOLES = "SR-ST01"


@pytest.fixture
def office(desk: Running) -> Running:
    with desk.rows() as session:
        make_services(session)
        make_office(session)
    return desk


@pytest.fixture
def supervisor(office: Running) -> Browser:
    with office.rows() as session:
        staff = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    return office.browser_of(staff)


def words_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def fields_of(page: str, action: str) -> dict[str, str]:
    """What a form of the page holds."""
    form = re.search(rf'<form[^>]* action="{action}">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    fields = {name: unescape(value) for name, value in re.findall(r'name="([^"]+)"[^>]* value="([^"]*)"', form[1])}
    chosen = re.findall(r'<select[^>]* name="([^"]+)".*?<option( value="[^"]*")? selected>([^<]*)<', form[1], re.DOTALL)
    return fields | {name: value.split('"')[1] if value else word for name, value, word in chosen}


def test_a_page_says_who_answers_now_when_they_hand_over_and_until_when_it_is_open(
    office: Running, supervisor: Browser
) -> None:
    said = words_of(supervisor.get("/calendars").text)
    assert "Early desk until today 3:00 pm, then Late desk" in said
    assert "Closed; opens today 1:00 pm" in said
    assert "City Hall the city's own" in said
    office.clock.now = datetime(2026, 3, 8, 3, tzinfo=UTC)
    said = words_of(supervisor.get("/calendars").text)
    assert "Late desk until today 11:00 pm, then Police desk" in said
    assert "Closed; opens Mon, Mar 9, 8:00 am" in said
    assert words_of(supervisor.get("/queue").text).count("Late desk until today 11:00 pm") == 1


def test_the_week_shows_the_closed_day_and_a_shift_past_midnight_on_both_days(supervisor: Browser) -> None:
    page = supervisor.get("/calendars/1").text
    rows = dict(re.findall(r'<th scope="row"><bdi>([^<]+)</bdi></th>(.*?)</tr>', page, re.DOTALL))
    said = {name: re.findall(r'class="week-said">(.*?)</span>', cells) for name, cells in rows.items()}
    assert said["Open"] == [*["08:00 to 12:00, 13:00 to 17:00"] * 4, "closed", "closed", "closed"]
    assert said["Police desk"][1] == "00:00 to 05:00, 23:00 to 24:00"
    assert said["Answering service"][6] == "05:00 to 24:00"
    assert said["Answering service"][4] == "05:00 to 23:00"


def test_a_supervisor_sets_up_a_calendar_with_hours_and_its_holidays_stand_in_it(desk: Running) -> None:
    start_page = "/calendars"
    with desk.rows() as session:
        ada = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    browser = desk.browser_of(ada)
    assert "No calendar is set up" in browser.get(start_page).text
    typed = {"name": "Streets", "time_zone": "America/New_York", "country": "US", "subdivision": "PA"}
    wrong = browser.post("/calendars", start_page, **typed | {"time_zone": "Mars/Olympus", "subdivision": "XX"})
    assert wrong.status_code == 422
    assert "such as America/New_York" in wrong.text
    assert "Parts of US" in wrong.text
    assert browser.post("/calendars", start_page, **typed).status_code == 303
    hours = {f"day{day}": "8:00-12:00, 13:00-16:30" for day in range(5)} | {"day5": "22:00-2:00"}
    assert browser.post("/calendars/1/hours", "/calendars/1", **hours).status_code == 303
    unclear = hours | {"day0": "8-12", "day1": "9:00-12:00, 11:00-13:00"}
    wrong = browser.post("/calendars/1/hours", "/calendars/1", **unclear)
    assert wrong.status_code == 422
    assert "Monday: “8-12” is no time" in wrong.text
    assert "Tuesday: 09:00-12:00 and 11:00-13:00 lie over each other." in wrong.text
    assert 'value="8-12"' in wrong.text
    with desk.rows() as session:
        kept = session.exec(select(CalendarOpening).where(CalendarOpening.weekday == 5)).one()
        assert (kept.from_minute, kept.to_minute) == (22 * 60, 26 * 60)
        names = {one.day: one.name for one in session.exec(select(CalendarDay)).all()}
        assert names[date(2026, 11, 26)] == "Thanksgiving Day"
        assert timetables(session)[1].of_day(date(2026, 11, 26)) == ()
    assert "2026" not in words_of(browser.get("/calendars/1").text).partition("Stoppages")[2]
    assert [why for _, why, _, _ in audit(desk, "Calendar")] == ["made", "hours changed"]


def test_desks_days_and_stoppages_are_added_changed_and_taken_away(office: Running, supervisor: Browser) -> None:
    here = "/calendars/1"
    held = fields_of(supervisor.get(here).text, f"{here}/desks/1")
    changed = held | {"name": "Morning desk", "day6": "9:00-13:00", "on_closed_days": "yes"}
    changed.pop("csrf")
    assert supervisor.post(f"{here}/desks/1", here, **changed).status_code == 303
    assert supervisor.post(f"{here}/desks", here, name=" ").status_code == 422
    assert supervisor.post(f"{here}/desks", here, name="Volunteers", rank="9").status_code == 303
    assert supervisor.post(f"{here}/desks/2/remove", here).status_code == 303
    day = {"day": "2026-05-25", "name": "Open for the flood", "hours": "10:00-14:00"}
    assert supervisor.post(f"{here}/days", here, **day).status_code == 303
    assert supervisor.post(f"{here}/days", here, day="", name="", hours="noon").status_code == 422
    strike = {"begins": "2026-03-10T10:00", "ends": "2026-03-10T09:00", "reason": "Strike"}
    assert supervisor.post(f"{here}/stoppages", here, **strike).status_code == 422
    assert supervisor.post(f"{here}/stoppages", here, **strike | {"begins": "9999-12-31T23:59"}).status_code == 422
    assert supervisor.post(f"{here}/stoppages", here, **strike | {"ends": ""}).status_code == 303
    page = words_of(supervisor.get(here).text)
    assert "The promise clock stands still from today 10:00 am with no end set" in page
    assert "Monday, May 25 Open for the flood the city's own day 10:00-14:00" in page
    assert "Morning desk 555-0142 Monday to Saturday 07:00-15:00; Sunday 09:00-13:00, on holidays as well" in page
    with office.rows() as session:
        names = session.exec(select(CalendarDesk.name).order_by(col(CalendarDesk.rank))).all()
        assert list(names) == ["Morning desk", "Police desk", "Answering service", "Volunteers"]
        assert session.exec(select(CalendarOpening).where(CalendarOpening.desk_id == 2)).all() == []
        own = session.exec(select(CalendarDay).where(col(CalendarDay.own), CalendarDay.day == date(2026, 5, 25))).one()
        assert timetables(session)[1].days[own.day] == (Opening(600, 840),)
    assert supervisor.post(f"{here}/days/{own.id}/remove", here).status_code == 303
    assert supervisor.post(f"{here}/stoppages/2/end", here).status_code == 303
    with office.rows() as session:
        assert timetables(session)[1].of_day(date(2026, 5, 25)) == ()
        assert timetables(session)[1].of_day(date(2026, 5, 26)) != ()
        assert session.get_one(Stoppage, 2).ends_at == NOON


@pytest.mark.parametrize("what", ["desks/9", "desks/9/remove", "days/1/remove", "days/99/remove", "stoppages/9/end"])
def test_what_is_not_there_or_no_day_of_ours_is_not_changed(supervisor: Browser, what: str) -> None:
    assert supervisor.post(f"/calendars/1/{what}", "/calendars/1", name="x").status_code == 404
    assert supervisor.get("/calendars/7").status_code == 404


def test_a_service_promises_what_a_supervisor_says_and_nothing_of_its_own(office: Running, supervisor: Browser) -> None:
    at = f"/services/{HOLES}/promise"
    assert words_of(supervisor.get("/services").text).count("only what the city's own system says") >= 2
    wrong = supervisor.post(at, "/services", amount="soon", unit="business_days", calendar="1")
    assert wrong.status_code == 422
    assert "whole number from 0 to 999" in wrong.text
    assert supervisor.post(at, "/services", amount="3", unit="hours", calendar="9" * 30).status_code == 422
    assert supervisor.post(at, "/services", amount="3", unit="business_days", calendar="1").status_code == 303
    assert "Promised: 3 business days by City Hall" in words_of(supervisor.get("/services").text)
    with office.rows() as session:
        kept = session.get_one(ServicePromise, HOLES)
        assert (kept.amount, kept.unit, kept.calendar_id) == (3, PromiseUnit.BUSINESS_DAYS, 1)
    assert supervisor.post(at, "/services", amount="").status_code == 303
    with office.rows() as session:
        assert session.get(ServicePromise, HOLES) is None
    assert supervisor.post("/services/none/promise", "/services", amount="1").status_code == 404


def test_the_queue_shows_whose_promise_is_near_or_late_and_the_page_both_clocks(
    office: Running, supervisor: Browser
) -> None:
    with office.rows() as session:
        account = make_account(session)
        marked = []
        for mark, days in ((PromiseMark.LATE, -4), (PromiseMark.NEAR, 1), (None, 9)):
            mention = make_mention(session, account, NOON - timedelta(days=7), state=MentionState.CLOSED)
            mention.service_code = HOLES
            request = draft_request(session, mention, state=RequestState.SUBMITTED)
            request.status, request.requested_datetime = "open", NOON - timedelta(days=7)
            request.expected_datetime = NOON + timedelta(days=days)
            request.promise_mark = mark
            reply = draft_reply(session, mention, "We are on it.", state=ReplyState.SENT)
            reply.approved_at, reply.sent_at = NOON - timedelta(days=6, hours=1), NOON - timedelta(days=6)
            marked.append(mention.id)
    page = supervisor.get("/queue?view=promises").text
    assert re.findall(r'id="open-(\d+)"', page) == [str(one) for one in marked[:2]]
    assert "late since Friday, Mar 6" in words_of(page)
    shown = words_of(supervisor.get(f"/mentions/{marked[0]}").text)
    assert "First reply by a person answered after 1 day , 8 h of it in open hours" in shown
    assert "Outcome open for 7 days" in shown


def test_holidays_are_dates_in_rows_a_year_ahead_and_the_past_stays(database: Database) -> None:
    with database.write() as session:
        calendar = Calendar(name="City Hall", time_zone="America/New_York", country="US", subdivision="PA")
        session.add(calendar)
        session.flush()
        assert put_in_holidays(session, calendar, NOON) > 30
        session.add(CalendarDay(calendar_id=calendar.id or 0, day=date(2026, 12, 25), name="Open at Christmas"))
        session.flush()
    assert Holidays(database, lambda: NOON).put_in() == 0
    with database.write() as session:
        session.get_one(Calendar, 1).country = ""
    assert Holidays(database, lambda: NOON).put_in() > 0
    with database.read() as session:
        left = session.exec(select(CalendarDay).order_by(col(CalendarDay.day))).all()
        assert all(one.day < NOON.date() or one.own for one in left)
        assert [one.name for one in left if one.own] == ["Open at Christmas"]
    with pytest.raises(NoSuchCountry):
        holidays_in("XX", "", 2026)


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1440)), max_size=4))
def test_hours_are_read_as_they_are_written(stretches: list[tuple[int, int]]) -> None:
    openings, reached = [], -1
    for begins, length in sorted(stretches):
        if begins >= reached:
            openings.append(Opening(begins, begins + length))
            reached = begins + length
    assert read_hours(hours_words(tuple(openings))) == tuple(openings)


@given(st.text("0123456789:-, ", max_size=30))
def test_whatever_is_typed_is_read_or_refused_in_words(typed: str) -> None:
    with suppress(HoursUnclear):
        assert all(isinstance(one, Opening) for one in read_hours(typed))
