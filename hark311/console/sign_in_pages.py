"""Coming in and going out: one-time links, passwords, the second step, signing out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import auth, navigation, second_step
from hark311.console.browsers import kind_of_browser
from hark311.console.visits import (
    SESSION_COOKIE,
    STEP_COOKIE,
    VISIT_COOKIE,
    ConsoleHere,
    Fields,
    SubmittingOnArrival,
    is_over_for,
    keep_session,
    require_token,
    set_cookie,
    token_for,
    visit_of,
)
from models import StaffUser

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
    if not console.throttle.allows(username, _address(request)):
        trouble = "Too many tries. Wait 15 minutes, or ask the operator for a sign-in link."
        return _with_visit(request, console, "sign_in.html", 429, username=username, trouble=trouble)
    with console.product.database.read() as session:
        staff = auth.person_with_password(session, username, fields.get("password", ""))
        over = staff is not None and is_over_for(session, staff, console.now())
    if staff is None:
        console.throttle.failed(_address(request))
        trouble = "This name and password do not belong together. Without a password, ask for a sign-in link."
        return _with_visit(request, console, "sign_in.html", 403, username=username, trouble=trouble)
    console.throttle.forgive(username)
    if over:
        trouble = "Your tweet chat is over, and its guests come in no more. Its host can tell you what came of it."
        return _with_visit(request, console, "sign_in.html", 403, username=username, trouble=trouble)
    with console.product.database.write() as session:
        way = auth.come_in(session, staff, console.now(), _browser(request))
    return _come_in(request, way, staff)


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
            staff = auth.use_link(session, secret, console.now())
            way = auth.come_in(session, staff, console.now(), _browser(request))
    except auth.LinkRefused:
        return _link_refused(console)
    return _come_in(request, way, staff)


@router.get("/second-step")
def show_second_step(request: Request, console: ConsoleHere) -> Response:
    with console.product.database.read() as session:
        staff = auth.owner_of_way(session, request.cookies.get(STEP_COOKIE, ""), console.now())
    if staff is None:
        return RedirectResponse("/sign-in", status_code=303)
    return _with_visit(request, console, "second_step.html", trouble="")


@router.post("/second-step")
def take_second_step(request: Request, console: ConsoleHere, fields: Fields, _proved: Proved) -> Response:
    """The code from the app, or a recovery code: guessing is counted by itself, whatever the password did."""
    way, now = request.cookies.get(STEP_COOKIE, ""), console.now()
    with console.product.database.read() as session:
        staff = auth.owner_of_way(session, way, now)
    if staff is None:
        return RedirectResponse("/sign-in", status_code=303)
    guesses = second_step.counted_under(staff)
    if not console.throttle.allows(guesses):
        trouble = "Too many tries. Wait 15 minutes, or ask an administrator to reset you."
        return _with_visit(request, console, "second_step.html", 429, trouble=trouble)
    try:
        with console.product.database.write() as session:
            right = second_step.accepts(session, staff, fields.get("code", ""), now)
            secret = auth.step_in(session, staff, way, now, _browser(request)) if right else ""
    except auth.LinkRefused:
        return RedirectResponse("/sign-in", status_code=303)
    if not right:
        trouble = "This code is not right, or was used before. Wait for the next one your phone shows, and type that."
        return _with_visit(request, console, "second_step.html", 403, trouble=trouble)
    console.throttle.forgive(guesses)
    return _come_in(request, auth.WayIn(secret, awaits_code=False), staff)


@router.post("/sign-out")
def sign_out(console: ConsoleHere, sent: SubmittingOnArrival) -> Response:
    with console.product.database.write() as session:
        auth.end_session(session, sent.visitor.secret, console.now())
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _come_in(request: Request, way: auth.WayIn, staff: StaffUser) -> Response:
    if way.awaits_code:
        answer = RedirectResponse("/second-step", status_code=303)
        set_cookie(answer, request, STEP_COOKIE, way.secret, int(auth.CODE_LASTS.total_seconds()))
        return answer
    answer = RedirectResponse(navigation.landing(staff), status_code=303)
    keep_session(answer, request, way.secret)
    return answer


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _browser(request: Request) -> str:
    return kind_of_browser(request.headers.get("user-agent", ""))


def _link_refused(console: ConsoleHere) -> Response:
    said = [
        "A sign-in link works once, and not for long. This one was used already, taken back, is too old, or was not "
        "copied whole.",
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
