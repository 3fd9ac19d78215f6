"""A person's own page: their password, and where they are signed in."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import auth, second_step
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ComingIn, ConsoleHere, SubmittingComingIn, Visitor
from models import StaffUser

router = APIRouter(prefix="/account")

DONE = {
    "password": "Your password is set. You are signed out everywhere else.",
    "ended": "That browser is signed out.",
    "others": "You are signed out everywhere but here.",
}


@router.get("")
def show_account(request: Request, console: ConsoleHere, visitor: ComingIn, done: str = "") -> Response:
    return _page(request, console, visitor, done=DONE.get(done, ""))


@router.post("/password")
def set_password(request: Request, console: ConsoleHere, sent: SubmittingComingIn) -> Response:
    new, again, current = sent.text("new"), sent.text("again"), sent.text("current")
    stored = sent.visitor.staff.password_hash
    trouble = ""
    if not console.throttle.allows(sent.visitor.staff.username, request.client.host if request.client else ""):
        trouble = "Too many tries. Wait 15 minutes. Your password is as it was."
    elif stored is not None and not auth.password_is(stored, current):
        trouble = "That is not your current password. Nothing was changed."
    elif len(new) < auth.PASSWORD_LENGTH:
        trouble = f"A password needs at least {auth.PASSWORD_LENGTH} characters. Nothing was changed."
    elif new != again:
        trouble = "The two new passwords differ. Nothing was changed."
    if trouble:
        return _page(request, console, sent.visitor, 422, trouble=trouble)
    with console.product.database.write() as session:
        staff = session.get_one(StaffUser, sent.visitor.id)
        auth.set_password(session, staff, new, console.now())
        auth.end_other_sessions(session, staff, sent.visitor.secret, console.now())
    console.throttle.forgive(sent.visitor.staff.username)
    return RedirectResponse("/account?done=password", status_code=303)


@router.post("/sessions/others/end")
def end_others(console: ConsoleHere, sent: SubmittingComingIn) -> Response:
    with console.product.database.write() as session:
        auth.end_other_sessions(session, sent.visitor.staff, sent.visitor.secret, console.now())
    return RedirectResponse("/account?done=others", status_code=303)


@router.post("/sessions/{sign_in_id}/end")
def end_one(console: ConsoleHere, sent: SubmittingComingIn, sign_in_id: int) -> Response:
    with console.product.database.write() as session:
        auth.end_one(session, sent.visitor.id, sign_in_id, console.now())
    return RedirectResponse("/account?done=ended", status_code=303)


def _page(
    request: Request, console: Console, visitor: Visitor, status: int = 200, *, trouble: str = "", done: str = ""
) -> Response:
    with console.product.database.read() as session:
        sessions = auth.sessions_of(session, visitor.id, console.now())
        codes_left = second_step.codes_left(session, visitor.staff)
    return signed_in_page(
        request,
        console,
        visitor,
        "account.html",
        status,
        trouble=trouble,
        done=done,
        sessions=sessions,
        this=visitor.session.id,
        codes_left=codes_left,
        demanded=visitor.staff.role in console.product.settings.second_step_roles,
    )
