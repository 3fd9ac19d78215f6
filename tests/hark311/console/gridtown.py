"""Riverton, a made-up town on a grid, and mentions whose place was looked up in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry import LineString
from sqlmodel import Session

from models import Candidate, EvidenceKind, Feature, FeatureKind, LayerKind, Mention, PlaceLayer, Understanding
from models.place_layers import add_layer
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    understand,
)

CITY = "philadelphia"
"""The city of the settings' default; the streets are Riverton's."""
SOUTH, WEST = 39.99, -75.14
BLOCK_LAT, BLOCK_LON = 0.0011, 0.0013
ACROSS = ("Alder St", "Bluff St", "Cannery St", "Dovecote St", "Elder St", "Foundry St", "Gable St", "Heron St")
UP = ("N Front St", "N 2nd St", "N 3rd St", "N 4th St", "N 5th St", "N 6th St", "N 7th St")
ATTRIBUTION = "Riverton Department of Streets, 2026"


def corner(up: int, across: int) -> tuple[float, float]:
    """lat, lon of the crossing of UP[up] and ACROSS[across]."""
    return SOUTH + across * BLOCK_LAT, WEST + up * BLOCK_LON


def segments() -> list[Feature]:
    """Every block of the grid."""
    ends = [
        *((UP[up], (up, at), (up, at + 1)) for up in range(len(UP)) for at in range(len(ACROSS) - 1)),
        *((ACROSS[at], (up, at), (up + 1, at)) for at in range(len(ACROSS)) for up in range(len(UP) - 1)),
    ]
    return [_segment(name, corner(*start), corner(*end)) for name, start, end in ends]


def _segment(name: str, start: tuple[float, float], end: tuple[float, float]) -> Feature:
    line = LineString([start[::-1], end[::-1]])
    middle = line.centroid
    return Feature(FeatureKind.SEGMENT, name, lat=middle.y, lon=middle.x, shape=shapely.to_wkb(line))


def build_town(session: Session, at: datetime) -> PlaceLayer:
    """The streets of Riverton as the active layer of the city."""
    return add_layer(
        session, CITY, LayerKind.STREETS, "riverton streets", segments(), attribution=ATTRIBUTION, licence="CC0", now=at
    )


def candidate(name: str, kind: str, place: tuple[float, float] | None, **more: Any) -> Candidate:
    lat, lon = place or (None, None)
    return Candidate(kind=kind, name=name, lat=lat, lon=lon, **{"source": "streets", "score": 0.9, **more})


def two_corners() -> list[Candidate]:
    """What a numbered street without its direction leaves open, and the pin that came with the post."""
    return [
        candidate("N 4th St & Dovecote St", "intersection", corner(3, 3), precision_m=20, score=0.71),
        candidate("N 5th St & Dovecote St", "intersection", corner(4, 3), precision_m=20, score=0.66),
        candidate("", "pin", (corner(3, 3)[0] + 0.0006, corner(3, 3)[1]), precision_m=40, source="pin"),
    ]


def make_located(
    session: Session,
    at: datetime,
    found: Sequence[Candidate],
    *,
    text: str = "Deep pothole at 4th and Dovecote, please hurry",
    said: str = "4th and Dovecote",
    question: str = "",
    note: str = "",
    missing: Sequence[str] = ("which_place",),
) -> Mention:
    """A mention with its drafts, whose place may be `found`. Needs make_services."""
    mention = make_mention(session, make_account(session), at, text)
    post = first_post(session, mention)
    read = understand(session, mention, post, at, marked=[(EvidenceKind.LOCATION, said)], location_phrase=said)
    locate(session, read, found, text.index(said), len(said), post.id, question, note)
    draft_request(session, mention, address_string="", lat=None, long=None, missing=missing)
    draft_reply(session, mention, "Filed as {number}. A crew comes by {date}. ^MJ")
    return mention


def locate(
    session: Session,
    read: Understanding,
    found: Sequence[Candidate],
    start: int,
    length: int,
    post_id: int | None,
    question: str = "",
    note: str = "",
) -> None:
    """Write candidates onto an understanding; those of the text point at the words they were read from."""
    spans = [
        one if one.kind in ("pin", "photo") else one.model_copy(update={"start": start, "end": start + length})
        for one in found
    ]
    read.places = [one.model_copy(update={"post_id": post_id}).model_dump(mode="json") for one in spans]
    read.place_question, read.place_note = question, note
    session.add(read)
    session.flush()
