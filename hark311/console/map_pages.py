"""The streets around a map that somebody moves: GeoJSON of our own gazetteer, for staff alone."""

import json
from typing import Any

import shapely
from fastapi import APIRouter
from limits import RateLimitItemPerMinute
from starlette.responses import JSONResponse, Response

from hark311.console.map_drawing import street_of
from hark311.console.place_queries import LINES_DRAWN
from hark311.console.visits import ConsoleHere, Viewing
from models.place_layers import Stretch, stretches_in
from models.shapes import Box

router = APIRouter(prefix="/map")

WIDEST = 0.03
"""Degrees across: about 3 km. Whoever looks at more sees no single street."""
PER_MINUTE = RateLimitItemPerMinute(240)
KEPT_SECONDS = 300


@router.get("/streets")
def show_streets(console: ConsoleHere, visitor: Viewing, bbox: str = "") -> Response:
    """The streets that touch a box, "west,south,east,north" in degrees (GeoJSON, RFC 7946)."""
    if not console.throttle.may_ask(visitor.id, PER_MINUTE):
        return _no(429, "That is more map than a person can look at. Wait a minute.")
    box = _box(bbox)
    if box is None:
        return _no(422, f"bbox must be west,south,east,north in degrees, at most {WIDEST} across.")
    with console.product.database.read() as session:
        found = stretches_in(session, console.product.settings.city, box, LINES_DRAWN)
    streets = {"type": "FeatureCollection", "features": [one for row in found if (one := _street(row))]}
    kept = {"cache-control": f"private, max-age={KEPT_SECONDS}"}
    return JSONResponse(streets, headers=kept, media_type="application/geo+json")


def _box(text: str) -> Box | None:
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        return None
    # rounding of the sender may add a hair; NaN compares false and is refused
    fits = 0 < east - west <= WIDEST * 1.01 and 0 < north - south <= WIDEST * 1.01
    return Box(west, south, east, north) if fits and abs(north) <= 90 and abs(west) <= 180 else None


def _street(row: Stretch) -> dict[str, Any] | None:
    street = street_of(row.name, row.shape)
    if street is None:
        return None
    geometry = json.loads(shapely.to_geojson(street.lines))
    return {"type": "Feature", "id": row.id, "properties": {"name": street.name}, "geometry": geometry}


def _no(status: int, why: str) -> Response:
    return JSONResponse({"why": why}, status_code=status)
