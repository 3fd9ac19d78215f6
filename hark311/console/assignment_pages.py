"""Who gets what: the rules of assignment, who is at the desk, a line to try them, and giving one mention by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console import assignment_queries, words
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Drafting, Submission, Supervising, Viewing, Visitor
from hark311.kpi_report import day_named
from models import Absence, Account, AssignmentRule, Mention, Role, Service, StaffUser, WorkingTime, record
from models.assignments import EVERY_DAY, Case, Verdict, minute_of
from models.sorting import areas_in_use
from responders.assigning import CannotTake, assign, colleagues, roles_that_answer, rules_in_force, try_rules
from responders.review import NotFound

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Tried:
    """What somebody asks the rules: a case, and a weekday and time of the city. `asked`: whether they asked at all."""

    service: str = ""
    area: str = ""
    language: str = ""
    account: str = ""
    weekday: str = ""
    time: str = ""

    @property
    def asked(self) -> bool:
        return any((self.service, self.area, self.language, self.account, self.weekday, self.time))


def tried(
    service: str = "", area: str = "", language: str = "", account: str = "", weekday: str = "", time: str = ""
) -> Tried:
    return Tried(service, area, language, account, weekday, time)


Trying = Annotated[Tried, Depends(tried)]


@router.get("/assignments")
def show_assignments(request: Request, console: ConsoleHere, visitor: Viewing, ask: Trying) -> Response:
    return _show(request, console, visitor, ask)


@router.post("/assignments")
def add_rule(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """A new rule at the end of the list."""
    wrong = None
    with console.product.database.write() as session:
        made = _rule_of(session, sent, console.now())
        if isinstance(made, str):
            wrong = made
        else:
            session.add(made)
            session.flush()
            record(session, "AssignmentRule", made.id or 0, f"staff:{sent.visitor.id}", "made", console.now())
    return _show(request, console, sent.visitor, Tried(), wrong) if wrong else _back()


@router.post("/assignments/{rule_id}/move")
def move_rule(console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """One place up, so that it is asked earlier."""
    with console.product.database.write() as session:
        rules = rules_in_force(session)
        ids = [rule.id for rule in rules]
        if rule_id not in ids:
            raise NotFound(f"There is no rule {rule_id}.")
        place = ids.index(rule_id)
        if place:
            rules[place - 1], rules[place] = rules[place], rules[place - 1]
        for rank, rule in enumerate(rules):
            rule.rank = rank
            session.add(rule)
        record(session, "AssignmentRule", rule_id, f"staff:{sent.visitor.id}", "asked earlier", console.now())
    return _back()


@router.post("/assignments/{rule_id}/end")
def end_rule(console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    with console.product.database.write() as session:
        rule = session.get(AssignmentRule, rule_id)
        if rule is None:
            raise NotFound(f"There is no rule {rule_id}.")
        if rule.ended_at is None:
            rule.ended_at, rule.ended_by = console.now(), sent.visitor.id
            session.add(rule)
            record(session, "AssignmentRule", rule_id, f"staff:{sent.visitor.id}", "ended", console.now())
    return _back()


@router.post("/assignments/hours")
def add_hours(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """When a person is at the desk, every week."""
    calendar, staff_id = _calendar(sent), _whole(sent.text("staff_id"))
    if isinstance(calendar, str):
        return _show(request, console, sent.visitor, Tried(), calendar)
    with console.product.database.write() as session:
        _require_staff(session, staff_id)
        days, begins, ends = calendar
        session.add(WorkingTime(staff_id=staff_id, weekdays=days, from_minute=begins, to_minute=ends))
        record(session, "StaffUser", staff_id, f"staff:{sent.visitor.id}", "hours at the desk added", console.now())
    return _back("#people")


@router.post("/assignments/hours/{row_id}/remove")
def remove_hours(console: ConsoleHere, sent: Supervising, row_id: int) -> Response:
    return _remove(console, sent, lambda session: session.get(WorkingTime, row_id), "hours at the desk taken away")


@router.post("/assignments/absences")
def add_absence(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """Days on which a person is away."""
    first, last = day_named(sent.text("first_day")), day_named(sent.text("last_day") or sent.text("first_day"))
    if first is None or last is None or last < first:
        wrong = "An absence needs a first day, and a last day that is not before it. Nothing was kept."
        return _show(request, console, sent.visitor, Tried(), wrong)
    staff_id = _whole(sent.text("staff_id"))
    with console.product.database.write() as session:
        _require_staff(session, staff_id)
        session.add(Absence(staff_id=staff_id, first_day=first, last_day=last))
        record(session, "StaffUser", staff_id, f"staff:{sent.visitor.id}", "absence added", console.now())
    return _back("#people")


@router.post("/assignments/absences/{row_id}/remove")
def remove_absence(console: ConsoleHere, sent: Supervising, row_id: int) -> Response:
    return _remove(console, sent, lambda session: session.get(Absence, row_id), "absence taken away")


@router.post("/mentions/{mention_id}/assign")
def assign_one(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Give one mention to a person, or to nobody in particular."""
    wanted = sent.text("staff_id")
    try:
        with console.product.database.write() as session:
            mention = session.get(Mention, mention_id, with_for_update=True)
            if mention is None:
                raise NotFound(f"There is no mention {mention_id}.")
            assign(session, mention, _whole(wanted) if wanted else None, f"staff:{sent.visitor.id}", console.now())
    except CannotTake as error:
        said = [str(error), "Nothing was changed."]
        link = (f"/mentions/{mention_id}#assigned", "Back to the mention")
        return console.page("trouble.html", 422, title="Not assigned", sentences=said, typed={}, link=link)
    return RedirectResponse(f"/mentions/{mention_id}#assigned", status_code=303)


def _show(request: Request, console: Console, visitor: Visitor, ask: Tried, wrong: str | None = None) -> Response:
    now = console.now()
    at = now.astimezone(console.city_time.zone)
    with console.product.database.read() as session:
        people = colleagues(session)
        verdict = _judged(session, ask, at) if ask.asked else None
        context = {
            "rules": assignment_queries.rule_lines(session, people, at),
            "attendance": assignment_queries.attendance(session, people, at),
            "services": session.exec(select(Service).where(col(Service.active)).order_by(Service.service_name)).all(),
            "areas": areas_in_use(session),
            "accounts": [
                (one.id, assignment_queries.account_in_words(one))
                for one in session.exec(select(Account).where(col(Account.retired_at).is_(None))).all()
            ],
            "verdict": verdict,
            "verdict_name": people[verdict.staff_id].staff.display_name if verdict and verdict.staff_id else "",
        }
    return signed_in_page(
        request,
        console,
        visitor,
        "assignments.html",
        422 if wrong else 200,
        ask=ask,
        wrong=wrong,
        roles=roles_that_answer(),
        weekdays=assignment_queries.WEEKDAYS,
        languages=words.LANGUAGES,
        at=at,
        **context,
    )


def _judged(session: Session, ask: Tried, at: datetime) -> Verdict:
    """Who takes what was asked about; at this hour today where no other was named."""
    minute = minute_of(ask.time)
    if ask.weekday.isdecimal() and int(ask.weekday) < len(EVERY_DAY):
        at += timedelta(days=(int(ask.weekday) - at.weekday()) % len(EVERY_DAY))
    if minute is not None:
        at = at.replace(hour=minute // 60, minute=minute % 60)
    case = Case(_whole(ask.account), ask.service, ask.area, ask.language)
    return try_rules(session, case, at)


def _rule_of(session: Session, sent: Submission, now: datetime) -> AssignmentRule | str:
    """The rule a form asks for, or why it cannot be made."""
    calendar, to = _calendar(sent), sent.text("to")
    if isinstance(calendar, str):
        return calendar
    kind, _, whom = to.partition(":")
    staff = session.get(StaffUser, _whole(whom)) if kind == "staff" else None
    role = Role(whom) if kind == "role" and whom in set(Role) else None
    if (staff is None or not staff.active) and role is None:
        return "Say who should get it: a person who works here, or a role. Nothing was kept."
    account, service = _whole(sent.text("account")), sent.text("service")
    if service and session.get(Service, service) is None:
        return "This service is not known. Nothing was kept."
    rules = rules_in_force(session)
    days, begins, ends = calendar
    return AssignmentRule(
        rank=rules[-1].rank + 1 if rules else 0,
        service_code=service,
        area=sent.text("area").strip()[:200],
        language=sent.text("language") if sent.text("language") in words.LANGUAGES else "",
        account_id=account if account and session.get(Account, account) is not None else None,
        weekdays=days,
        from_minute=begins,
        to_minute=ends,
        staff_id=staff.id if staff else None,
        role=role,
        made_by=sent.visitor.id,
        made_at=now,
    )


def _calendar(sent: Submission) -> tuple[str, int, int] | str:
    """(weekdays, from, to) of a form, or what is wrong. No day ticked means every day; no times, the whole day."""
    days = "".join(day for day in EVERY_DAY if sent.text(f"day{day}") == "yes") or EVERY_DAY
    begins, ends = sent.text("begins").strip(), sent.text("ends").strip()
    if not begins and not ends:
        return days, 0, 0
    first, last = minute_of(begins), minute_of(ends)
    if first is None or last is None:
        return "Give both times like 07:30, or none for the whole day. Nothing was kept."
    return days, first, last


def _remove(
    console: Console, sent: Submission, row_of: Callable[[Session], WorkingTime | Absence | None], why: str
) -> Response:
    with console.product.database.write() as session:
        row = row_of(session)
        if row is not None:
            record(session, "StaffUser", row.staff_id, f"staff:{sent.visitor.id}", why, console.now())
            session.delete(row)
    return _back("#people")


def _require_staff(session: Session, staff_id: int) -> None:
    if session.get(StaffUser, staff_id) is None:
        raise NotFound(f"There is nobody with the number {staff_id}.")


def _back(part: str = "") -> Response:
    return RedirectResponse(f"/assignments{part}", status_code=303)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
