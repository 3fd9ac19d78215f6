"""Go to: one page that leads everywhere, and to a mention by its number. The palette is made from the same table."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlmodel import Session, col, or_, select
from starlette.responses import JSONResponse, RedirectResponse, Response

from hark311.console import keymap, navigation
from hark311.console.frame import signed_in_page
from hark311.console.views import VIEWS
from hark311.console.visits import ConsoleHere, Viewing
from models import Mention, ServiceRequest, preference_of
from models.saved_views import views_for

router = APIRouter()
NUMBER_LENGTH = 60


@router.get("/go")
def go(
    request: Request, console: ConsoleHere, visitor: Viewing, to: Annotated[str, Query(max_length=NUMBER_LENGTH)] = ""
) -> Response:
    """All pages; with a number, the mention it belongs to."""
    number = to.strip().lstrip("#").strip()
    with console.product.database.read() as session:
        found = mention_numbered(session, number)
    if found:
        return RedirectResponse(f"/mentions/{found}", status_code=303)
    return signed_in_page(request, console, visitor, "go.html", 404 if number else 200, number=number, views=VIEWS)


@router.get("/go/places")
def show_places(console: ConsoleHere, visitor: Viewing) -> JSONResponse:
    """What the palette offers besides the actions of the page: pages and views, and what the keys do."""
    with console.product.database.read() as session:
        keys = keymap.keys_of(preference_of(session, visitor.id).keys)
        saved = [_view(one.name, f"/queue?{one.query}") for one in views_for(session, visitor.id)]
    actions = {one.name: {"does": one.does, "key": keys[one.name]} for one in keymap.ACTIONS}
    return JSONResponse({"actions": actions, "places": [*_pages(visitor), *_views(), *saved]})


def _pages(visitor: Viewing) -> list[dict[str, Any]]:
    return [
        {"word": place.word, "kind": section.word, "path": place.path}
        for section in navigation.sections(visitor.staff)
        for place in section.places
    ]


def _views() -> list[dict[str, Any]]:
    return [_view(view.word, f"/queue?view={view.key}") for view in VIEWS]


def _view(name: str, path: str) -> dict[str, Any]:
    return {"word": name, "kind": "View of the queue", "path": path}


def mention_numbered(session: Session, number: str) -> int | None:
    """The mention behind a request's number at the city, our own reference, or the mention's own number."""
    if not number:
        return None
    of_request = session.exec(
        select(ServiceRequest.mention_id)
        .where(or_(col(ServiceRequest.service_request_id) == number, col(ServiceRequest.reference) == number.upper()))
        .order_by(col(ServiceRequest.id).desc())
        .limit(1)
    ).first()
    if of_request is not None or not (number.isdecimal() and len(number) < 10):
        return of_request
    return session.exec(select(Mention.id).where(Mention.id == int(number))).first()
