"""A resident's photo for the city's crew: our own copy, by a link that left with an approved request.

The link is long and random, and leads nowhere once the post is deleted. No sign-in, no cookie, nothing but the picture.
"""

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from hark311.console.visits import ConsoleHere
from models.photo_links import PATH, linked_copy

router = APIRouter(prefix=PATH.rstrip("/"))

HEADERS = {"x-robots-tag": "noindex, nofollow, noarchive", "cache-control": "private, max-age=300"}
LONGEST_LINK = 64


@router.get("/{link}")
def show_kept_photo(request: Request, console: ConsoleHere, link: str) -> Response:
    """The picture, a JPEG; 404 where there is none, 429 for who guesses too often."""
    address = request.client.host if request.client else ""
    if not console.throttle.may_look(address):
        return PlainTextResponse("Too many pictures were asked for. Wait 15 minutes.\n", 429, headers=HEADERS)
    with console.product.database.read() as session:
        copy = linked_copy(session, link) if len(link) <= LONGEST_LINK else None
    if copy is None:
        console.throttle.missed(address)
        return PlainTextResponse("This picture is not here, or not any more.\n", 404, headers=HEADERS)
    return Response(copy, media_type="image/jpeg", headers=HEADERS)
