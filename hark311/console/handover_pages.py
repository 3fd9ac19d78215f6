"""The hand-over at the end of a shift."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import handover_queries
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Drafting, Submitting, Viewing, Visitor
from models import StaffUser
from responders.review import NotFound
from responders.shifts import HandoverRefused, hand_over, read_handover

router = APIRouter(prefix="/handover")


@router.get("")
def show_handover(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    """What is open now, the note to write, and the notes of earlier shifts."""
    return _show(request, console, visitor)


@router.post("")
def leave(request: Request, console: ConsoleHere, sent: Drafting) -> Response:
    now, written = console.now(), sent.text("handover")
    try:
        with console.product.database.write() as session:
            staff = session.get_one(StaffUser, sent.visitor.id)
            today = console.city_time.today(now)
            waiting = [one.kept() for one in handover_queries.open_now(session, staff, now, today) if one.count]
            gives_back = sent.text("give_back") == "yes"
            hand_over(session, staff, written, waiting, console.city_time.zone, now, gives_back=gives_back)
    except HandoverRefused as error:
        return _show(request, console, sent.visitor, str(error), written)
    return RedirectResponse("/handover", status_code=303)


@router.post("/{handover_id}/read")
def read(console: ConsoleHere, sent: Submitting, handover_id: int) -> Response:
    """Say that you have read a note; it leaves the top of your queue."""
    with console.product.database.write() as session:
        if not read_handover(session, handover_id, sent.visitor.id, console.now()):
            known = {one.id for one in handover_queries.handovers(session, sent.visitor.staff)}
            if handover_id not in known:
                raise NotFound(f"There is no hand-over note {handover_id}.")
    return RedirectResponse("/queue", status_code=303)


def _show(
    request: Request, console: Console, visitor: Visitor, wrong: str = "", written: str | None = None
) -> Response:
    with console.product.database.read() as session:
        now = console.now()
        waiting = handover_queries.open_now(session, visitor.staff, now, console.city_time.today(now))
        notes = handover_queries.handovers(session, visitor.staff)
    return signed_in_page(
        request,
        console,
        visitor,
        "handover.html",
        422 if wrong else 200,
        waiting=waiting,
        notes=notes,
        wrong=wrong,
        written=handover_queries.prefilled(waiting) if written is None else written,
    )
