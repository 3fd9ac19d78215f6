"""Keys and colours: what a person likes, kept with the person and not with the browser."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import keymap
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ComingIn, ConsoleHere, Submission, SubmittingComingIn, Visitor
from models import StaffPreference, Theme, preference_of

router = APIRouter()

THEMES = {
    Theme.SYSTEM: "as this machine is set",
    Theme.LIGHT: "light",
    Theme.DARK: "dark",
    Theme.CONTRAST: "high contrast, light or dark as this machine is set",
}
KEPT = {"keys": "Your keys are kept.", "look": "Your colours are kept.", "own": "The desk's own keys are back."}


@router.get("/account/keys")
def show_keys(request: Request, console: ConsoleHere, visitor: ComingIn, done: str = "") -> Response:
    return _page(request, console, visitor, done=KEPT.get(done, ""))


@router.post("/account/keys")
def set_keys(request: Request, console: ConsoleHere, sent: SubmittingComingIn) -> Response:
    """Keep a person's keys, all or none: keys that cannot be told apart are refused with a sentence."""
    if sent.text("own"):
        return _keep(console, sent, "own", keys={})
    typed = {one.name: keymap.tidy(sent.text(f"key-{one.name}")) for one in keymap.ACTIONS if not one.fixed}
    wished = keymap.keys_of(typed)
    if troubles := keymap.troubles(wished):
        return _page(request, console, sent.visitor, 422, troubles=troubles, typed=wished)
    return _keep(console, sent, "keys", keys=keymap.differing(wished), single_keys=bool(sent.text("single_keys")))


@router.post("/account/look")
def set_look(console: ConsoleHere, sent: SubmittingComingIn) -> Response:
    theme = sent.text("theme")
    return _keep(console, sent, "look", theme=Theme(theme) if theme in set(Theme) else Theme.SYSTEM)


def _keep(console: Console, sent: Submission, done: str, **wishes: object) -> Response:
    with console.product.database.write() as session:
        liked: StaffPreference = preference_of(session, sent.visitor.id)
        for name, value in wishes.items():
            setattr(liked, name, value)
        session.add(liked)
    return RedirectResponse(f"/account/keys?done={done}", status_code=303)


def _page(
    request: Request,
    console: Console,
    visitor: Visitor,
    status: int = 200,
    *,
    done: str = "",
    troubles: Sequence[str] = (),
    typed: dict[str, str] | None = None,
) -> Response:
    context: dict[str, Any] = {"done": done, "troubles": troubles, "typed": typed, "themes": THEMES}
    return signed_in_page(request, console, visitor, "preferences.html", status, **context)
