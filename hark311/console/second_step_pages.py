"""A person's second step at sign-in: setting it up, trying it out, new recovery codes, taking it away again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import auth, second_step
from hark311.console.frame import signed_in_page
from hark311.console.link_pages import qr_code
from hark311.console.pages import Console
from hark311.console.visits import Arriving, ConsoleHere, Submission, SubmittingOnArrival, Visitor
from hark311.staffing import forget_second_step
from models import StaffUser

router = APIRouter(prefix="/account/second-step")

WRONG = "This code is not right, or was used before. Wait for the next one your phone shows. Nothing was changed."
TOO_MANY = "Too many tries. Wait 15 minutes. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a form: why not, or the recovery codes to show this once."""

    trouble: str = ""
    codes: Sequence[str] = ()


@router.get("")
def show(request: Request, console: ConsoleHere, visitor: Arriving) -> Response:
    return _page(request, console, visitor)


@router.post("/begin")
def begin(request: Request, console: ConsoleHere, sent: SubmittingOnArrival) -> Response:
    """A new secret for the app. Whoever has a second step already proves it first."""

    def begin_anew(session: Session, staff: StaffUser) -> Outcome:
        second_step.begin(session, staff)
        return Outcome()

    return _with_code(request, console, sent, begin_anew)


@router.post("/prove")
def prove(request: Request, console: ConsoleHere, sent: SubmittingOnArrival) -> Response:
    """The first code of the app: from now on it is asked for, and whoever came in without it is signed out."""
    outcome = Outcome(TOO_MANY)
    if _may_try(console, sent):
        with console.product.database.write() as session:
            staff = session.get_one(StaffUser, sent.visitor.id)
            codes = second_step.prove(session, staff, sent.text("code"), console.now())
            if codes:
                auth.end_other_sessions(session, staff, sent.visitor.secret, console.now())
        outcome = Outcome(codes=codes) if codes else Outcome(WRONG)
        if codes:
            console.throttle.forgive(_guesses(sent))
    return _page(request, console, sent.visitor, outcome)


@router.post("/codes")
def new_codes(request: Request, console: ConsoleHere, sent: SubmittingOnArrival) -> Response:
    return _with_code(
        request, console, sent, lambda session, staff: Outcome(codes=second_step.new_recovery_codes(session, staff))
    )


@router.post("/off")
def switch_off(request: Request, console: ConsoleHere, sent: SubmittingOnArrival) -> Response:
    if _demanded(console, sent.visitor):
        return _page(request, console, sent.visitor, Outcome("Your role signs in with a second step. It stays on."))

    def forget(session: Session, staff: StaffUser) -> Outcome:
        forget_second_step(session, staff, f"staff:{staff.id}", console.now())
        return Outcome()

    return _with_code(request, console, sent, forget)


def _with_code(
    request: Request, console: Console, sent: Submission, act: Callable[[Session, StaffUser], Outcome]
) -> Response:
    """Do it for somebody who shows a right code, or has no second step yet; the page says what came of it."""
    outcome = Outcome(TOO_MANY)
    if not sent.visitor.staff.totp_secret or _may_try(console, sent):
        with console.product.database.write() as session:
            staff = session.get_one(StaffUser, sent.visitor.id)
            proved = not staff.totp_secret or second_step.accepts(session, staff, sent.text("code"), console.now())
            outcome = act(session, staff) if proved else Outcome(WRONG)
        if proved:
            console.throttle.forgive(_guesses(sent))
    if outcome.trouble or outcome.codes:
        return _page(request, console, sent.visitor, outcome)
    return RedirectResponse("/account/second-step", status_code=303)


def _may_try(console: Console, sent: Submission) -> bool:
    return console.throttle.allows(_guesses(sent))


def _guesses(sent: Submission) -> str:
    """What tries are counted under: the same as at sign-in, so that there is no second place to guess."""
    return second_step.counted_under(sent.visitor.staff)


def _demanded(console: Console, visitor: Visitor) -> bool:
    return visitor.staff.role in console.product.settings.second_step_roles


def _page(request: Request, console: Console, visitor: Visitor, outcome: Outcome | None = None) -> Response:
    shown = outcome or Outcome()
    with console.product.database.read() as session:
        person = session.get_one(StaffUser, visitor.id)
        codes_left = second_step.codes_left(session, person)
    address = second_step.address(person, console.product.settings.city_name) if person.totp_pending else ""
    return signed_in_page(
        request,
        console,
        visitor,
        "own_second_step.html",
        422 if shown.trouble else 200,
        person=person,
        outcome=shown,
        codes_left=codes_left,
        code=qr_code(address, "QR code for your app") if address else "",
        demanded=_demanded(console, visitor),
    )
