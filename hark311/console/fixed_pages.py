"""Is it fixed? What a person heard elsewhere, written down on the mention; and the page of closings by service."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import fixed_queries
from hark311.console.frame import signed_in_page
from hark311.console.mention_pages import Refused, refuse
from hark311.console.visits import Approving, ConsoleHere, Viewing
from models import scope_of
from responders.fixed_desk import write_answer
from responders.review import NotApproved

router = APIRouter()
ANSWERS = {"yes": True, "no": False}


@router.post("/mentions/{mention_id}/fixed/{question_id}")
def say(request: Request, console: ConsoleHere, sent: Approving, mention_id: int, question_id: int) -> Response:
    """Whether it is fixed, as the resident said by telephone or at a counter."""
    try:
        if (fixed := ANSWERS.get(sent.text("fixed"))) is None:
            raise NotApproved(["Say whether it is fixed or not."])
        desk, how = console.product.desk, sent.text("heard")
        write_answer(desk, mention_id, question_id, sent.visitor.id, fixed=fixed, reason=how)
    except NotApproved as error:
        return refuse(request, console, sent, mention_id, None, Refused("Not written down", error.reasons))
    return RedirectResponse(f"/mentions/{mention_id}#fixed", status_code=303)


@router.get("/closings")
def show_closings(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    """What the city closed and what residents say of it, by service; and what people closed without an answer."""
    now = console.now()
    with console.product.database.read() as session:
        scope = scope_of(session, visitor.id).where()
        found = fixed_queries.closings(session, now, scope)
        away = fixed_queries.put_away(session, now, scope)
    return signed_in_page(request, console, visitor, "closings.html", closings=found, put_away=away)
