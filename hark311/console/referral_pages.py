"""Whom a danger is for: everybody reads it, supervisors keep it right and say when they have made sure of a number."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import col, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from models import Referral, record
from responders.review import NotFound

router = APIRouter(prefix="/referrals")

LONGEST = {"call": 100, "number": 60, "note": 300}
NAMES = {"call": "Who answers", "number": "The number", "note": "The note"}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one referral was not changed, and what was typed for it."""

    danger: str
    reasons: list[str]
    typed: dict[str, str]


@router.get("")
def show_referrals(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("/{danger}")
def change(request: Request, console: ConsoleHere, sent: Supervising, danger: str) -> Response:
    """Change who answers, the number or the note. A changed number is one that nobody has checked."""
    typed = {name: " ".join(sent.text(name).split()) for name in LONGEST}
    reasons = [f"{NAMES[name]} is missing." for name in ("call", "number") if not typed[name]]
    reasons += [
        f"{NAMES[name]} has {len(typed[name])} characters; {limit} are the most."
        for name, limit in LONGEST.items()
        if len(typed[name]) > limit
    ]
    if reasons:
        return _show(request, console, sent.visitor, Refused(danger, reasons, typed))
    with console.product.database.write() as session:
        referral = session.get(Referral, danger, with_for_update=True)
        if referral is None:
            raise NotFound(f"There is no referral for {danger}.")
        before = f"{referral.call}, {referral.number}"
        changed = [name for name, text in typed.items() if getattr(referral, name) != text]
        referral.call, referral.number, referral.note = typed["call"], typed["number"], typed["note"]
        if "number" in changed or "call" in changed:
            referral.checked_on = referral.checked_by = None
        if changed:
            session.add(referral)
            after, why = f"{referral.call}, {referral.number}", f"{danger}: changed {', '.join(changed)}"
            record(session, "Referral", 0, _by(sent), why, console.now(), before, after)
    return _back(danger)


@router.post("/{danger}/checked")
def checked(request: Request, console: ConsoleHere, sent: Supervising, danger: str) -> Response:
    """A supervisor made sure today that the number is right: the one that stood on their page."""
    with console.product.database.write() as session:
        referral = session.get(Referral, danger, with_for_update=True)
        if referral is None:
            raise NotFound(f"There is no referral for {danger}.")
        meant = referral.number == sent.text("number")
        if meant:
            referral.checked_on = console.city_time.today(console.now())
            referral.checked_by = sent.visitor.id
            session.add(referral)
            record(session, "Referral", 0, _by(sent), f"{danger}: checked {referral.number}", console.now())
    if not meant:
        said = ["Somebody changed the number meanwhile. Check the one that stands here now."]
        return _show(request, console, sent.visitor, Refused(danger, said, {}))
    return _back(danger)


def _by(sent: Submission) -> str:
    return f"staff:{sent.visitor.id}"


def _back(danger: str) -> Response:
    return RedirectResponse(f"/referrals#{danger}", status_code=303)


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        referrals = session.exec(select(Referral).order_by(col(Referral.danger))).all()
        people = names_of_staff(session, [one.checked_by for one in referrals])
    return signed_in_page(
        request,
        console,
        visitor,
        "referrals.html",
        422 if refused else 200,
        referrals=referrals,
        people=people,
        refused=refused,
        longest=LONGEST,
    )
