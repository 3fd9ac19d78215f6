"""Joining from the mention page: same, related, different, un-join, and all alike at once."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import mention_queries, neighbour_queries
from hark311.console.correction_pages import joiner_of
from hark311.console.frame import signed_in_page
from hark311.console.keeping import keep_typed, not_done
from hark311.console.visits import Approving, ConsoleHere, Viewing
from models import NeighbourRelation
from responders.joining import NotJoined

router = APIRouter(prefix="/mentions/{mention_id}/neighbours")


@router.get("/alike")
def show_alike(request: Request, console: ConsoleHere, visitor: Viewing, mention_id: int) -> Response:
    """Everything that seems to tell the same, listed before it is joined."""
    with console.product.database.read() as session:
        page = mention_queries.mention_page(session, mention_id, console.now())
        found = neighbour_queries.alike(session, page)
    if found is None:
        return _back(mention_id)
    return signed_in_page(request, console, visitor, "alike.html", page=page, alike=found)


@router.post("/alike")
def join_all(request: Request, console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    """Join what was listed, and nothing that came since."""
    listed = [_whole(one) for one in sent.text("mention_ids").split(",") if one]
    try:
        done = joiner_of(console).join_all(listed, _whole(sent.text("request_id")), sent.visitor.id)
    except NotJoined as error:
        return not_done(console, sent, mention_id, [str(error)], "Not joined", "#neighbours")
    if not done.left:
        return _back(mention_id)
    reasons = [f"{len(done.mention_ids)} are joined now. These were left as they were:"]
    reasons += [f"Mention {one}: {why}" for one, why in sorted(done.left.items())[:20]]
    return not_done(console, sent, mention_id, reasons, "Not all were joined", "#neighbours")


@router.post("/part")
def part(console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    """Un-join this mention."""
    if refused := keep_typed(console, sent, mention_id, "Not joined"):
        return refused
    try:
        joiner_of(console).part(mention_id, sent.visitor.id)
    except NotJoined as error:
        return not_done(console, sent, mention_id, [str(error)], "Not un-joined", "#neighbours")
    return _back(mention_id)


@router.post("/{other_id}/{request_id}/{relation}")
def decide(
    console: ConsoleHere, sent: Approving, mention_id: int, other_id: int, request_id: int, relation: NeighbourRelation
) -> Response:
    """What a person says about two reports: `other_id` is the mention that would follow `request_id`.

    That is this mention itself, or a later one that would follow this one.
    """
    if refused := keep_typed(console, sent, mention_id, "Not joined"):
        return refused
    try:
        if relation == NeighbourRelation.SAME:
            joiner_of(console).join(other_id, request_id, sent.visitor.id)
        else:
            joiner_of(console).say(other_id, request_id, relation, sent.visitor.id)
    except NotJoined as error:
        return not_done(console, sent, mention_id, [str(error)], "Not joined", "#neighbours")
    return _back(mention_id)


def _back(mention_id: int) -> Response:
    return RedirectResponse(f"/mentions/{mention_id}#neighbours", status_code=303)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
