"""The calendars: when the promise clock runs, who answers now, which days are closed; supervisors change them."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import calendar_editing, calendar_queries
from hark311.console.calendar_editing import Unclear
from hark311.console.calendar_words import WEEKDAYS
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from hark311.holidays_of import countries
from models import Calendar, CalendarDay, CalendarDesk, Stoppage, record
from responders.review import NotFound

router = APIRouter(prefix="/calendars")


@dataclass(frozen=True, slots=True)
class Refused:
    """Which form was not kept, why, and what was typed into it."""

    form: str
    reasons: list[str]
    typed: dict[str, str]


@router.get("")
def show_calendars(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show_all(request, console, visitor)


@router.post("")
def add_calendar(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """A new calendar without hours; the first one is the city's own."""
    try:
        with console.product.database.write() as session:
            made = Calendar(name="", time_zone="")
            calendar_editing.keep_calendar(session, made, sent.fields, console.now())
            _audit(session, console, sent, made, "made")
    except Unclear as error:
        return _show_all(request, console, sent.visitor, _refused("new", error, sent))
    return _back(made.id)


@router.get("/{calendar_id}")
def show_calendar(request: Request, console: ConsoleHere, visitor: Viewing, calendar_id: int) -> Response:
    return _show(request, console, visitor, calendar_id)


@router.post("/{calendar_id}")
def change_calendar(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int) -> Response:
    def keep(session: Session, calendar: Calendar) -> str:
        calendar_editing.keep_calendar(session, calendar, sent.fields, console.now())
        return "name, zone or holidays changed"

    return _change(request, console, sent, calendar_id, "calendar", keep)


@router.post("/{calendar_id}/hours")
def change_hours(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int) -> Response:
    def keep(session: Session, calendar: Calendar) -> str:
        calendar_editing.keep_hours(session, calendar, sent.fields)
        return "hours changed"

    return _change(request, console, sent, calendar_id, "hours", keep)


@router.post("/{calendar_id}/desks")
def add_desk(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int) -> Response:
    def keep(session: Session, calendar: Calendar) -> str:
        desk = CalendarDesk(calendar_id=calendar.id or 0, name="")
        calendar_editing.keep_desk(session, calendar, desk, sent.fields)
        return f"desk {desk.id} added"

    return _change(request, console, sent, calendar_id, "desk-new", keep)


@router.post("/{calendar_id}/desks/{desk_id}")
def change_desk(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int, desk_id: int) -> Response:
    def keep(session: Session, calendar: Calendar) -> str:
        calendar_editing.keep_desk(session, calendar, _desk(session, calendar_id, desk_id), sent.fields)
        return f"desk {desk_id} changed"

    return _change(request, console, sent, calendar_id, f"desk-{desk_id}", keep)


@router.post("/{calendar_id}/desks/{desk_id}/remove")
def remove_desk(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int, desk_id: int) -> Response:
    def keep(session: Session, _calendar: Calendar) -> str:
        calendar_editing.remove_desk(session, _desk(session, calendar_id, desk_id))
        return f"desk {desk_id} taken away"

    return _change(request, console, sent, calendar_id, "desks", keep)


@router.post("/{calendar_id}/days")
def add_day(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int) -> Response:
    def keep(session: Session, calendar: Calendar) -> str:
        day = calendar_editing.add_day(session, calendar, sent.fields)
        return f"{day.day} {'opened' if day.openings else 'closed'}"

    return _change(request, console, sent, calendar_id, "days", keep)


@router.post("/{calendar_id}/days/{row_id}/remove")
def remove_day(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int, row_id: int) -> Response:
    """Take away a day of the city's own; the holiday on it, if any, counts again."""

    def keep(session: Session, _calendar: Calendar) -> str:
        row = session.get(CalendarDay, row_id)
        if row is None or row.calendar_id != calendar_id or not row.own:
            raise NotFound("There is no such day.")
        session.delete(row)
        return f"{row.day} is like its weekday again"

    return _change(request, console, sent, calendar_id, "days", keep)


@router.post("/{calendar_id}/stoppages")
def add_stoppage(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int) -> Response:
    def keep(session: Session, calendar: Calendar) -> str:
        row = calendar_editing.add_stoppage(session, calendar, sent.fields)
        return f"stoppage {row.id} added"

    return _change(request, console, sent, calendar_id, "stoppages", keep)


@router.post("/{calendar_id}/stoppages/{row_id}/end")
def end_stoppage(request: Request, console: ConsoleHere, sent: Supervising, calendar_id: int, row_id: int) -> Response:
    def keep(session: Session, _calendar: Calendar) -> str:
        row = session.get(Stoppage, row_id)
        if row is None or row.calendar_id != calendar_id:
            raise NotFound("There is no such stoppage.")
        calendar_editing.end_stoppage(session, row, console.now())
        return f"stoppage {row_id} ended"

    return _change(request, console, sent, calendar_id, "stoppages", keep)


def _change(
    request: Request,
    console: Console,
    sent: Submission,
    calendar_id: int,
    form: str,
    keep: Callable[[Session, Calendar], str],
) -> Response:
    """Do one change and write it down, or show the page again with what is wrong."""
    try:
        with console.product.database.write() as session:
            calendar = session.get(Calendar, calendar_id, with_for_update=True)
            if calendar is None:
                raise NotFound("There is no such calendar.")
            _audit(session, console, sent, calendar, keep(session, calendar))
    except Unclear as error:
        return _show(request, console, sent.visitor, calendar_id, _refused(form, error, sent))
    return _back(calendar_id, f"#{form.partition('-')[0]}")


def _audit(session: Session, console: Console, sent: Submission, calendar: Calendar, why: str) -> None:
    record(session, "Calendar", calendar.id or 0, f"staff:{sent.visitor.id}", why, console.now())


def _refused(form: str, error: Unclear, sent: Submission) -> Refused:
    return Refused(form, error.reasons, dict(sent.fields))


def _desk(session: Session, calendar_id: int, desk_id: int) -> CalendarDesk:
    desk = session.get(CalendarDesk, desk_id)
    if desk is None or desk.calendar_id != calendar_id:
        raise NotFound("There is no such desk.")
    return desk


def _show_all(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        cards = calendar_queries.cards(session, console.now())
    return signed_in_page(
        request,
        console,
        visitor,
        "calendars.html",
        422 if refused else 200,
        cards=cards,
        refused=refused,
        countries=countries(),
        usual_zone=str(console.city_time.zone),
    )


def _show(
    request: Request, console: Console, visitor: Visitor, calendar_id: int, refused: Refused | None = None
) -> Response:
    now = console.now()
    with console.product.database.read() as session:
        card = next((one for one in calendar_queries.cards(session, now) if one.calendar.id == calendar_id), None)
        if card is None:
            raise NotFound("There is no such calendar.")
        details = calendar_queries.details(session, card.calendar, now)
    return signed_in_page(
        request,
        console,
        visitor,
        "calendar.html",
        422 if refused else 200,
        card=card,
        details=details,
        refused=refused,
        weekdays=WEEKDAYS,
        countries=countries(),
    )


def _back(calendar_id: int | None, part: str = "") -> Response:
    return RedirectResponse(f"/calendars/{calendar_id}{part}", status_code=303)
