"""Two reports side by side, as large as they need: words, photos, age, state, and one map with both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console import mention_queries
from hark311.console.frame import signed_in_page
from hark311.console.map_drawing import Mark, on_earth
from hark311.console.mention_queries import MentionPage
from hark311.console.neighbour_queries import NeighbourCard, Side, Suggested, neighbour_card, side_of
from hark311.console.place_queries import map_around
from hark311.console.queries import latest_understandings
from hark311.console.visits import ConsoleHere, Viewing
from models import Attachment, Post, ServiceRequest
from models.place_layers import active_layers
from models.threads import posts_of
from models.thumbnails import thumbnail_sizes

router = APIRouter(prefix="/mentions/{mention_id}/compare")

SIGNS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Report:
    """One of the two. `sign`: on its pin and before its name."""

    sign: str
    side: Side
    posts: Sequence[Post]
    photos: Sequence[Attachment]
    sizes: Mapping[int, tuple[int, int]]
    probability: float | None


@router.get("/{request_id}")
def show_compare(
    request: Request, console: ConsoleHere, visitor: Viewing, mention_id: int, request_id: int
) -> Response:
    """This mention beside the one behind a request; back to it where there is no such pair."""
    city = console.product.settings.city
    with console.product.database.read() as session:
        page = mention_queries.mention_page(session, mention_id, console.now())
        other = session.get(ServiceRequest, request_id)
        mine = page.first_request
        sides = [side_of(session, one) for one in (mine, other) if one is not None]
        if mine is None or other is None or other.mention_id == mention_id or None in sides:
            return RedirectResponse(f"/mentions/{mention_id}#neighbours", status_code=303)
        reports = [_report(session, sign, side) for sign, side in zip(SIGNS, sides, strict=True) if side is not None]
        card = neighbour_card(session, page)
        marks = [
            Mark(one.lat, one.long, sign, one.address_string or sign)
            for sign, one in zip(SIGNS, (mine, other), strict=True)
            if one.lat is not None and one.long is not None and on_earth(one.lat, one.long)
        ]
        drawn = map_around(session, city, active_layers(session, city), marks)
    return signed_in_page(
        request,
        console,
        visitor,
        "compare.html",
        page=page,
        reports=reports,
        map=drawn,
        pair=_pair(page, card, request_id),
        joined=card.joined_to if card.head and card.head.request_id == request_id else "",
    )


def _report(session: Session, sign: str, side: Side) -> Report:
    posts = posts_of(session, side.mention_id)
    photos = session.exec(
        select(Attachment).where(col(Attachment.post_id).in_([post.id for post in posts])).order_by(col(Attachment.id))
    ).all()
    read = latest_understandings(session, [side.mention_id]).get(side.mention_id)
    sizes = thumbnail_sizes(session, [photo.id or 0 for photo in photos])
    return Report(sign, side, posts, photos, sizes, read.service_probability if read and read.service_code else None)


def _pair(page: MentionPage, card: NeighbourCard, request_id: int) -> Suggested | None:
    """The suggestion about the two, where they are still to be decided about."""
    if not page.open:
        return None
    return next((one for one in card.suggested if one.side.request_id == request_id), None)
