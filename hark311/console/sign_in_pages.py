"""Coming in and going out: one-time links, passwords, signing out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import auth
from hark311.console.visits import (
    SESSION_COOKIE,
    VISIT_COOKIE,
    ConsoleHere,
    Fields,
    Submitting,
    keep_session,
    require_token,
    set_cookie,
    token_for,
    visit_of,
)

router = APIRouter()


def prove_visit(request: Request, console: ConsoleHere, fields: Fields) -> None:
    """A form that nobody is signed in for yet must come from the browser that got it. Raises Forged."""
    visit, new = visit_of(request)
    require_token(fields, "" if new else token_for(console.product.secret_key, visit))


Proved = Annotated[None, Depends(prove_visit)]


@router.get("/sign-in")
def show_sign_in(request: Request, console: ConsoleHere) -> Response:
    return _with_visit(request, console, "sign_in.html", username="", trouble="")


@router.post("/sign-in")
def sign_in(request: Request, console: ConsoleHere, fields: Fields, _proved: Proved) -> Response:
    username = fields.get("username", "").strip()
    address = request.client.host if request.client else ""
    if not console.throttle.allows(username, address):
        trouble = "Too many tries. Wait 15 minutes, or ask the operator for a sign-in link."
        return _with_visit(request, console, "sign_in.html", 429, username=username, trouble=trouble)
    with console.product.database.read() as session:
        staff = auth.person_with_password(session, username, fields.get("password", ""))
    if staff is None:
        trouble = "This name and password do not belong together. Without a password, ask for a sign-in link."
        return _with_visit(request, console, "sign_in.html", 403, username=username, trouble=trouble)
    console.throttle.forgive(username)
    with console.product.database.write() as session:
        secret = auth.open_session(session, staff, console.now())
    return _come_in(request, secret)


@router.get("/sign-in/{secret}")
def show_link(request: Request, console: ConsoleHere, secret: str) -> Response:
    try:
        with console.product.database.read() as session:
            staff = auth.owner_of_link(session, secret, console.now())
    except auth.LinkRefused:
        return _link_refused(console)
    return _with_visit(request, console, "sign_in_link.html", name=staff.display_name)


@router.post("/sign-in/{secret}")
def use_link(request: Request, console: ConsoleHere, secret: str, _proved: Proved) -> Response:
    try:
        with console.product.database.write() as session:
            _staff, session_secret = auth.use_link(session, secret, console.now())
    except auth.LinkRefused:
        return _link_refused(console)
    return _come_in(request, session_secret)


@router.post("/sign-out")
def sign_out(console: ConsoleHere, sent: Submitting) -> Response:
    with console.product.database.write() as session:
        auth.end_session(session, sent.visitor.secret, console.now())
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _come_in(request: Request, secret: str) -> Response:
    answer = RedirectResponse("/queue", status_code=303)
    keep_session(answer, request, secret)
    return answer


def _link_refused(console: ConsoleHere) -> Response:
    said = [
        "A sign-in link works once, and for one hour. This one was used already, is too old, or was not copied whole.",
        "Ask the operator for a new one. If you have not used it yourself, say so: somebody else may have.",
    ]
    title, link = "This link does not work any more", ("/sign-in", "Sign in")
    return console.page("trouble.html", 403, title=title, sentences=said, typed={}, link=link)


def _with_visit(request: Request, console: ConsoleHere, template: str, status: int = 200, **context: str) -> Response:
    visit, new = visit_of(request)
    answer = console.page(template, status, csrf=token_for(console.product.secret_key, visit), **context)
    if new:
        set_cookie(answer, request, VISIT_COOKIE, visit)
    return answer
