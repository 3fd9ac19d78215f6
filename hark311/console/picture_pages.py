"""Pictures in a reply: added with what they show, described anew, taken away, and shown to staff."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console.pages import Console
from hark311.console.visits import TOKEN_FIELD, ConsoleHere, Drafting, NotAllowed, Viewing, Visitor, require_token
from models import Power, Reply, ReplyPicture
from responders.illustrating import LARGEST_FILE, Illustrator, PictureRefused

router = APIRouter(prefix="/mentions/{mention_id}/pictures")


async def _file_of(request: Request, console: ConsoleHere, visitor: Viewing) -> tuple[Visitor, bytes, str]:
    """The one file of a form, and what it is said to show. Raises Forged, NotAllowed."""
    try:
        async with request.form(max_files=1, max_fields=5, max_part_size=64 * 1024) as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            require_token({TOKEN_FIELD: fields.get(TOKEN_FIELD, "")}, visitor.csrf)
            given = form.get("picture")
            file = await given.read(LARGEST_FILE + 1) if isinstance(given, UploadFile) else b""
    except MultiPartException:
        fields, file = {}, b""
    if not visitor.staff.may(Power.DRAFT):
        raise NotAllowed(Power.DRAFT)
    return visitor, file, fields.get("alt_text", "")


Given = Annotated[tuple[Visitor, bytes, str], Depends(_file_of)]


@router.post("")
def add(request: Request, console: ConsoleHere, given: Given, mention_id: int) -> Response:
    """Add a picture. Takes the mention first, as every other change of a reply does."""
    visitor, file, alt_text = given
    try:
        if not file:
            raise PictureRefused("Choose a picture first. Nothing was added.")
        console.product.desk.claim(mention_id, visitor.id)
        _illustrator(console).add(mention_id, visitor.id, file, alt_text)
    except PictureRefused as error:
        return _refused(console, mention_id, error, alt_text)
    return _back(mention_id)


@router.post("/{picture_id}")
def describe(console: ConsoleHere, sent: Drafting, mention_id: int, picture_id: int) -> Response:
    """Say anew what it shows, or take it away."""
    illustrator, who = _illustrator(console), sent.visitor.id
    try:
        console.product.desk.claim(mention_id, who)
        if sent.text("do") == "remove":
            illustrator.remove(mention_id, who, picture_id)
        else:
            illustrator.describe(mention_id, who, picture_id, sent.text("alt_text"))
    except PictureRefused as error:
        return _refused(console, mention_id, error, sent.text("alt_text"))
    return _back(mention_id)


@router.get("/{picture_id}")
def show(console: ConsoleHere, _visitor: Viewing, mention_id: int, picture_id: int) -> Response:
    """The picture itself, as it will be posted."""
    with console.product.database.read() as session:
        picture = session.get(ReplyPicture, picture_id)
        reply = session.get(Reply, picture.reply_id) if picture else None
        if picture is None or reply is None or reply.mention_id != mention_id:
            return HTMLResponse("There is no such picture.\n", status_code=404)
        return Response(picture.content, media_type=picture.media_type, headers={"cache-control": "private, no-store"})


def _illustrator(console: Console) -> Illustrator:
    return Illustrator(console.product.database, console.product.desk.clock)


def _back(mention_id: int) -> Response:
    return RedirectResponse(f"/mentions/{mention_id}#pictures", status_code=303)


def _refused(console: Console, mention_id: int, error: PictureRefused, alt_text: str) -> HTMLResponse:
    typed = {"What it shows": alt_text} if alt_text else {}
    link = (f"/mentions/{mention_id}#pictures", "Back to the reply")
    said = [str(error), "The reply is as it was."]
    return console.page("trouble.html", 422, title="The picture was not taken", sentences=said, typed=typed, link=link)
