"""One post, several requests: add one beside the first, or put an added one back."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from hark311.console.keeping import keep_typed, not_done
from hark311.console.visits import ConsoleHere, Drafting
from responders.deciding import NotApproved
from responders.splitting import add_request, take_away

router = APIRouter(prefix="/mentions/{mention_id}/requests")


@router.post("")
def add(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Add a request. `problem`: which of the problems told it begins with, from 0; empty: none of them."""
    title, problem = "No request was added", sent.text("problem")
    console.product.desk.claim(mention_id, sent.visitor.id)
    if refused := keep_typed(console, sent, mention_id, title):
        return refused
    try:
        index = int(problem) if problem.isdecimal() and len(problem) < 4 else None
        request_id = add_request(console.product.desk, mention_id, sent.visitor.id, index)
    except NotApproved as error:
        return not_done(console, sent, mention_id, error.reasons, title, "#requests")
    return RedirectResponse(f"/mentions/{mention_id}#request-{request_id}", status_code=303)


@router.post("/{request_id}/put-back")
def put_back(console: ConsoleHere, sent: Drafting, mention_id: int, request_id: int) -> Response:
    """Take an added request away again; possible until it is approved."""
    title = "The request was not put back"
    console.product.desk.claim(mention_id, sent.visitor.id)
    if refused := keep_typed(console, sent, mention_id, title):
        return refused
    try:
        take_away(console.product.desk, mention_id, sent.visitor.id, request_id)
    except NotApproved as error:
        return not_done(console, sent, mention_id, error.reasons, title, "#requests")
    return RedirectResponse(f"/mentions/{mention_id}#requests", status_code=303)
