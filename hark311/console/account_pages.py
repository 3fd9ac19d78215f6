"""A person's own page: password, single-key shortcuts."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import auth
from hark311.console.frame import KEYS_COOKIE, signed_in_page
from hark311.console.visits import ConsoleHere, Submitting, Viewing, set_cookie
from models import StaffUser

router = APIRouter()
A_YEAR = 365 * 86400


@router.get("/account")
def show_account(request: Request, console: ConsoleHere, visitor: Viewing, done: str = "") -> Response:
    said = {"password": "Your password is set. You are signed out everywhere else.", "keys": "Kept for this browser."}
    return signed_in_page(request, console, visitor, "account.html", trouble="", done=said.get(done, ""))


@router.post("/account/password")
def set_password(request: Request, console: ConsoleHere, sent: Submitting) -> Response:
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
        return signed_in_page(request, console, sent.visitor, "account.html", 422, trouble=trouble, done="")
    with console.product.database.write() as session:
        staff = session.get_one(StaffUser, sent.visitor.id)
        auth.set_password(session, staff, new, console.now())
        auth.end_other_sessions(session, staff, sent.visitor.secret, console.now())
    console.throttle.forgive(sent.visitor.staff.username)
    return RedirectResponse("/account?done=password", status_code=303)


@router.post("/account/keys")
def set_keys(request: Request, sent: Submitting) -> Response:
    answer = RedirectResponse("/account?done=keys", status_code=303)
    set_cookie(answer, request, KEYS_COOKIE, "on" if sent.text("keys") else "off", A_YEAR)
    return answer
