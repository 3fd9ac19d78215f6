"""A resident's photo, small, from our own copy."""

from fastapi import APIRouter
from starlette.responses import Response

from hark311.console.visits import ConsoleHere, Viewing
from models import Attachment, Post, Thumbnail

router = APIRouter(prefix="/mentions/{mention_id}/photos")

KEPT_SECONDS = 300


@router.get("/{attachment_id}")
def show_photo(console: ConsoleHere, _visitor: Viewing, mention_id: int, attachment_id: int) -> Response:
    """The small copy; nothing where there is none, or where the photo is not of this mention."""
    with console.product.database.read() as session:
        photo = session.get(Attachment, attachment_id)
        post = session.get(Post, photo.post_id) if photo else None
        small = session.get(Thumbnail, attachment_id) if post and post.mention_id == mention_id else None
    if small is None or small.content is None:
        return Response(status_code=404)
    kept = {"cache-control": f"private, max-age={KEPT_SECONDS}"}
    return Response(small.content, media_type="image/jpeg", headers=kept)
