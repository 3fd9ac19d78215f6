"""The desk as a FastAPI application."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from hark311 import webhooks
from hark311.console import (
    account_pages,
    assets,
    assignment_pages,
    bulk_pages,
    calendar_pages,
    card_pages,
    case_pages,
    channel_pages,
    compare_pages,
    composer_pages,
    correction_pages,
    delivery_pages,
    destination_pages,
    escalation_pages,
    evidence_pages,
    fixed_pages,
    freeze_pages,
    go_pages,
    handover_pages,
    jurisdiction_pages,
    kept_photo_pages,
    key_pages,
    learning_pages,
    ledger_pages,
    link_pages,
    live_pages,
    map_pages,
    mention_pages,
    moderation_appeal_pages,
    moderation_pages,
    moderation_policy_pages,
    neighbour_pages,
    notes_pages,
    partner_pages,
    photo_pages,
    phrase_pages,
    picture_pages,
    place_pages,
    point_pages,
    preference_pages,
    question_pages,
    queue_pages,
    referral_pages,
    rule_pages,
    second_step_pages,
    service_pages,
    service_questions,
    sign_in_pages,
    spend_pages,
    splitting_pages,
    staff_pages,
    standing_pages,
    status_link_pages,
    status_page,
    status_rule_pages,
    supervise_pages,
    template_pages,
    translation_pages,
    tray_pages,
    view_pages,
)
from hark311.console.chats import (
    board_answer_pages,
    board_pages,
    event_pages,
    export_pages,
    people_pages,
    plan_pages,
    recap_desk_pages,
    recap_pages,
    run_pages,
    stage_pages,
    task_pages,
)
from hark311.console.guard import Guard
from hark311.console.mention_queries import NoSuchMention
from hark311.console.pages import Console, make_console
from hark311.console.reach import NoSuchId, OutOfReach
from hark311.console.visits import Forged, NeedsSecondStep, NotAllowed, NotForGuests, NotInChat, NotSignedIn
from hark311.open311_server import app as open311_server
from hark311.product import Product
from models import IllegalTransition, Power
from responders.review import NotApproved, NotFound, NotYours

log = logging.getLogger(__name__)


class WithoutSecrets(logging.Filter):
    """Takes secrets that stand in addresses out of the web server's access log."""

    _LINK = re.compile(r"(/sign-in/|/s/|/photos/|/appeal/|[?&]api_key=)[^\s?&\"]+")

    def filter(self, entry: logging.LogRecord) -> bool:
        if isinstance(entry.args, tuple):
            entry.args = tuple(self._LINK.sub(r"\1...", one) if isinstance(one, str) else one for one in entry.args)
        return True


PAGES = (
    queue_pages,
    supervise_pages,
    handover_pages,
    assignment_pages,
    notes_pages,
    live_pages,
    view_pages,
    bulk_pages,
    mention_pages,
    composer_pages,
    picture_pages,
    phrase_pages,
    neighbour_pages,
    compare_pages,
    kept_photo_pages,
    photo_pages,
    correction_pages,
    splitting_pages,
    point_pages,
    question_pages,
    evidence_pages,
    delivery_pages,
    tray_pages,
    destination_pages,
    key_pages,
    freeze_pages,
    channel_pages,
    partner_pages,
    ledger_pages,
    standing_pages,
    link_pages,
    rule_pages,
    referral_pages,
    jurisdiction_pages,
    escalation_pages,
    service_questions,
    service_pages,
    calendar_pages,
    place_pages,
    map_pages,
    learning_pages,
    spend_pages,
    account_pages,
    second_step_pages,
    staff_pages,
    preference_pages,
    go_pages,
    template_pages,
    translation_pages,
    card_pages,
    sign_in_pages,
    status_link_pages,
    status_page,
    fixed_pages,
    status_rule_pages,
    case_pages,
    moderation_policy_pages,  # before the acts: its addresses could be read as an act's
    moderation_pages,
    moderation_appeal_pages,
    plan_pages,
    run_pages,
    people_pages,
    event_pages,
    task_pages,
    recap_desk_pages,
    export_pages,
    board_pages,
    board_answer_pages,
    stage_pages,
    recap_pages,
)


def _routes() -> list[BaseRoute]:
    """Every page, ready made: including routers would read the signatures of all of them once more for each app."""
    return [*webhooks.router.routes, *(route for pages in PAGES for route in pages.router.routes)]


def create_app(product: Product) -> FastAPI:
    """The desk of one product. Raises AssetsError where the browser files are missing."""
    assets.check()
    app = FastAPI(title="hark311", openapi_url=None, docs_url=None, redoc_url=None, routes=_routes())
    app.state.console = make_console(product)
    app.state.webhooks = webhooks.webhooks_of(product)
    if product.settings.open311_server != "off":
        app.mount(open311_server.PATH, open311_server.Open311Server(product).app())
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_middleware(Guard, settings=product.settings, broken=_broken)
    app.add_exception_handler(NotSignedIn, _not_signed_in)
    app.add_exception_handler(Forged, _forged)
    app.add_exception_handler(NotAllowed, _not_allowed)
    app.add_exception_handler(NeedsSecondStep, _needs_second_step)
    app.add_exception_handler(NotForGuests, _not_for_guests)
    app.add_exception_handler(NotInChat, _not_in_chat)
    app.add_exception_handler(OutOfReach, _out_of_reach)
    app.add_exception_handler(NotYours, _not_yours)
    app.add_exception_handler(NotApproved, _not_done)
    app.add_exception_handler(IllegalTransition, _overtaken)
    app.add_exception_handler(OperationalError, _at_the_same_moment)
    app.add_exception_handler(HTTPException, _http_error)
    for missing in (NotFound, NoSuchMention, NoSuchId, RequestValidationError, OverflowError):  # no id is that long
        app.add_exception_handler(missing, _missing)
    logging.getLogger("uvicorn.access").addFilter(WithoutSecrets())
    return app


DEADLOCK = "40P01"
"""SQLSTATE deadlock_detected: PostgreSQL, appendix A."""
TO_QUEUE = ("/queue", "Back to the queue")


def _trouble(
    request: Request, status: int, title: str, sentences: list[str], link: tuple[str, str] = TO_QUEUE
) -> HTMLResponse:
    console: Console = request.app.state.console
    typed: Mapping[str, str] = getattr(request.state, "typed", {})
    return console.page("trouble.html", status, title=title, sentences=sentences, typed=typed, link=link)


def _not_signed_in(request: Request, _error: Exception) -> Response:
    if "hx-request" in request.headers:
        return PlainTextResponse("You are signed out.\n", status_code=401)
    if request.method == "GET":
        return RedirectResponse("/sign-in", status_code=303)
    said = ["You were signed out, so nothing was done.", "What you typed stands below. Copy it, sign in, and go on."]
    return _trouble(request, 401, "You are signed out", said, ("/sign-in", "Sign in"))


def _forged(request: Request, _error: Exception) -> Response:
    said = [
        "The form did not come from a page this browser was given, or you have signed in anew since. Nothing was done.",
        "What you typed stands below. Copy it, open the page again, and send it from there.",
    ]
    return _trouble(request, 403, "This form was not accepted", said)


WHO_MAY = {
    Power.DRAFT: "Somebody who drafts does this",
    Power.APPROVE: "An approver does this",
    Power.MODERATE: "A chat moderator does this",
    Power.SUPERVISE: "A supervisor changes this",
    Power.ADMINISTER: "An administrator changes this",
}


def _not_allowed(request: Request, error: Exception) -> Response:
    said = ["Nothing was changed. What you typed stands below; ask a colleague with that role to do it."]
    return _trouble(request, 403, WHO_MAY[cast(NotAllowed, error).power], said)


def _not_for_guests(request: Request, _error: Exception) -> Response:
    said = ["Guests of a tweet chat read and answer in their own chats. Nothing was changed."]
    return _trouble(request, 403, "The desk does this", said, ("/chats", "Your chats"))


def _not_in_chat(request: Request, error: Exception) -> Response:
    as_guest = cast(NotInChat, error).as_guest
    who = "Somebody who takes part in the chat" if as_guest else "A host or moderator of the chat"
    said = ["Nothing was changed. What you typed stands below; ask the chat's host to add you."]
    return _trouble(request, 403, f"{who} does this", said, ("/chats", "The chats"))


def _needs_second_step(request: Request, _error: Exception) -> Response:
    if request.method == "GET" and "hx-request" not in request.headers:
        return RedirectResponse("/account/second-step", status_code=303)
    said = ["Your role signs in with a second step, which you have not set up yet. Nothing was done."]
    return _trouble(request, 403, "Set up your second step first", said, ("/account/second-step", "Set it up"))


def _out_of_reach(request: Request, _error: Exception) -> Response:
    said = ["An administrator says who looks after which accounts, services and areas. Nothing was changed."]
    return _trouble(request, 403, "Other colleagues look after this post", said)


def _not_yours(request: Request, error: Exception) -> Response:
    said = [str(error), "Nothing was decided. What you typed stands below."]
    mention_id = request.path_params.get("mention_id")
    link = (f"/mentions/{mention_id}", "Open the mention again") if mention_id else TO_QUEUE
    return _trouble(request, 409, "It is not yours to decide right now", said, link)


def _not_done(request: Request, error: Exception) -> Response:
    said = [*cast(NotApproved, error).reasons, "Nothing was changed. What you typed stands below."]
    mention_id = request.path_params.get("mention_id")
    link = (f"/mentions/{mention_id}", "Open the mention again") if mention_id else TO_QUEUE
    return _trouble(request, 422, "It could not be done", said, link)


def _overtaken(request: Request, _error: Exception) -> Response:
    return _not_yours(request, NotYours("It changed in the meantime, so this could not be done any more."))


def _at_the_same_moment(request: Request, error: Exception) -> Response:
    """PostgreSQL breaks up two decisions that wait for each other: this one was rolled back whole."""
    if getattr(cast(OperationalError, error).orig, "sqlstate", "") != DEADLOCK:
        raise error
    return _not_yours(request, NotYours("Somebody decided about it at the same moment. Please try again."))


def _missing(request: Request, _error: Exception) -> Response:
    return _trouble(request, 404, "There is no such page", ["Nothing is stored under this address, or it is gone."])


def _http_error(request: Request, error: Exception) -> Response:
    status = cast(HTTPException, error).status_code
    if status in (404, 405):
        return _missing(request, error)
    said = ["The form or the address is damaged. Nothing was done."]
    return _trouble(request, status, "This could not be read", said)


def _broken(request: Request) -> Response:
    said = [
        "The desk ran into a fault of its own. It is written in the log.",
        "What you typed stands below. Try again, or tell the operator.",
    ]
    return _trouble(request, 500, "The desk could not do this", said)
