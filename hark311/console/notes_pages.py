"""Internal notes: written on the mention page, and the list of those that name you."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import notes_queries
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Drafting, Submission, Submitting, Supervising, Viewing
from models import Mention, Note
from responders.noting import NoteRefused, change_note, hold_note, mark_read, remove_note, write_note
from responders.review import NotFound

router = APIRouter()


@router.get("/notes/mine")
def show_mine(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    """The notes that name you."""
    with console.product.database.read() as session:
        found = notes_queries.notes_for(session, visitor.staff)
    return signed_in_page(request, console, visitor, "notes_mine.html", found=found)


@router.post("/notes/mine/read")
def read_mine(console: ConsoleHere, sent: Submitting) -> Response:
    """Say that you have read one note (`note_id`), or all of them."""
    wanted = sent.text("note_id")
    with console.product.database.write() as session:
        mark_read(session, sent.visitor.id, console.now(), int(wanted) if _is_id(wanted) else None)
    mention_id = sent.text("mention_id")
    return RedirectResponse(f"/mentions/{mention_id}#notes" if _is_id(mention_id) else "/notes/mine", status_code=303)


@router.post("/mentions/{mention_id}/notes")
def write(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    try:
        with console.product.database.write() as session:
            mention = session.get(Mention, mention_id)
            if mention is None:
                raise NotFound(f"There is no mention {mention_id}.")
            write_note(session, mention, sent.visitor.staff, sent.text("note"), console.now())
    except NoteRefused as error:
        return _refused(console, sent, mention_id, error)
    return _back(mention_id)


@router.post("/mentions/{mention_id}/notes/{note_id}/change")
def change(console: ConsoleHere, sent: Drafting, mention_id: int, note_id: int) -> Response:
    try:
        with console.product.database.write() as session:
            _require(session, mention_id, note_id)
            change_note(session, note_id, sent.visitor.staff, sent.text("note"), console.now())
    except NoteRefused as error:
        return _refused(console, sent, mention_id, error)
    return _back(mention_id)


@router.post("/mentions/{mention_id}/notes/{note_id}/remove")
def remove(console: ConsoleHere, sent: Drafting, mention_id: int, note_id: int) -> Response:
    try:
        with console.product.database.write() as session:
            _require(session, mention_id, note_id)
            remove_note(session, note_id, sent.visitor.staff, console.now())
    except NoteRefused as error:
        return _refused(console, sent, mention_id, error)
    return _back(mention_id)


@router.post("/mentions/{mention_id}/notes/{note_id}/hold")
def hold(console: ConsoleHere, sent: Supervising, mention_id: int, note_id: int) -> Response:
    """Put a note under legal hold (`held` is "yes"), or end that."""
    try:
        with console.product.database.write() as session:
            _require(session, mention_id, note_id)
            hold_note(session, note_id, sent.visitor.staff, console.now(), held=sent.text("held") == "yes")
    except NoteRefused as error:
        return _refused(console, sent, mention_id, error)
    return _back(mention_id)


def _require(session: Session, mention_id: int, note_id: int) -> None:
    note = session.get(Note, note_id)
    if note is None or note.mention_id != mention_id:
        raise NotFound(f"There is no note {note_id} about mention {mention_id}.")


def _refused(console: Console, sent: Submission, mention_id: int, error: NoteRefused) -> Response:
    said = [str(error), "Nothing was changed. What you typed stands below."]
    typed = {"Note": sent.text("note")} if sent.text("note").strip() else {}
    link = (f"/mentions/{mention_id}#notes", "Back to the mention")
    return console.page("trouble.html", 422, title="The note was not kept", sentences=said, typed=typed, link=link)


def _back(mention_id: int) -> Response:
    return RedirectResponse(f"/mentions/{mention_id}#notes", status_code=303)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18
