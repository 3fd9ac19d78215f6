"""A point that a person chose on the map: what lies there, and taking it into the request."""

from fastapi import APIRouter
from limits import RateLimitItemPerMinute
from sqlmodel import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from hark311.console import words
from hark311.console.added_requests import number_of
from hark311.console.keeping import keep_typed, not_done
from hark311.console.map_drawing import on_earth
from hark311.console.pages import Console
from hark311.console.point_reading import read_point
from hark311.console.visits import ConsoleHere, Drafting, Viewing
from models import Candidate, Need, Service
from responders.deciding import NotApproved
from responders.placing import choose_point

router = APIRouter(prefix="/mentions/{mention_id}/point")

PER_MINUTE = RateLimitItemPerMinute(240)
NOWHERE = "no street is known here"


@router.get("")
def show_point(
    console: ConsoleHere, visitor: Viewing, mention_id: int, lat: float, lon: float, service: str = ""
) -> Response:
    """What lies at a point, in words, for somebody who moves it about."""
    if not console.throttle.may_ask(visitor.id, PER_MINUTE):
        return JSONResponse({"why": "That is more than a person can look at. Wait a minute."}, status_code=429)
    if not on_earth(lat, lon):
        return JSONResponse({"why": "That is no point of the earth."}, status_code=422)
    with console.product.database.read() as session:
        place = _read(session, console, lat, lon, service)
    kind = words.PLACE_KIND.get(place.kind, place.kind) if place.name else ""
    return JSONResponse({"name": place.name, "kind": kind, "words": place.name or NOWHERE})


@router.post("")
def take_point(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Take the latitude and longitude of the form into the request, with the place that lies there."""
    title = "The place was not changed"
    console.product.desk.claim(mention_id, sent.visitor.id)
    lat, lon = number_of(sent.text("lat")), number_of(sent.text("long"))
    if lat is None or lon is None or not on_earth(lat, lon):
        reasons = ["A point needs a latitude and a longitude, like 39.95258 and -75.16522."]
        return not_done(console, sent, mention_id, reasons, title, "#where")
    if refused := keep_typed(console, sent, mention_id, title):
        return refused
    with console.product.database.read() as session:
        place = _read(session, console, lat, lon, sent.text("service_code"))
    try:
        redrafted = choose_point(console.product.desk, mention_id, sent.visitor.id, place)
    except NotApproved as error:
        return not_done(console, sent, mention_id, error.reasons, title, "#where")
    return RedirectResponse(f"/mentions/{mention_id}{'?reply=anew' if redrafted else ''}#where", status_code=303)


def _read(session: Session, console: Console, lat: float, lon: float, service_code: str) -> Candidate:
    service = session.get(Service, service_code) if service_code else None
    exact = service is not None and service.needs is Need.ADDRESS
    return read_point(session, console.product.settings.city, round(lat, 6), round(lon, 6), house=exact)
