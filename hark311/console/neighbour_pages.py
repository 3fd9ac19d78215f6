"""Joining from the mention page: same, related, different, un-join, and all alike at once."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console import mention_queries, neighbour_queries
from hark311.console.decisions import form_of_submission
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Submission, Submitting, Viewing, typed
from models import NeighbourRelation
from responders.joining import Joiner, NotJoined

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
def join_all(request: Request, console: ConsoleHere, sent: Submitting, mention_id: int) -> Response:
    """Join what was listed, and nothing that came since."""
    listed = [_whole(one) for one in sent.text("mention_ids").split(",") if one]
    try:
        done = _joiner(console).join_all(listed, _whole(sent.text("request_id")), sent.visitor.id)
    except NotJoined as error:
        return _refused(console, sent, mention_id, [str(error)])
    if not done.left:
        return _back(mention_id)
    reasons = [f"{len(done.mention_ids)} are joined now. These were left as they were:"]
    reasons += [f"Mention {one}: {why}" for one, why in sorted(done.left.items())[:20]]
    return _refused(console, sent, mention_id, reasons, "Not all were joined")


@router.post("/part")
def part(console: ConsoleHere, sent: Submitting, mention_id: int) -> Response:
    """Un-join this mention."""
    if refused := _keep(console, sent, mention_id):
        return refused
    try:
        _joiner(console).part(mention_id, sent.visitor.id)
    except NotJoined as error:
        return _refused(console, sent, mention_id, [str(error)], "Not un-joined")
    return _back(mention_id)


@router.post("/{other_id}/{request_id}/{relation}")
def decide(
    console: ConsoleHere, sent: Submitting, mention_id: int, other_id: int, request_id: int, relation: NeighbourRelation
) -> Response:
    """What a person says about two reports: `other_id` is the mention that would follow `request_id`.

    That is this mention itself, or a later one that would follow this one.
    """
    if refused := _keep(console, sent, mention_id):
        return refused
    try:
        if relation == NeighbourRelation.SAME:
            _joiner(console).join(other_id, request_id, sent.visitor.id)
        else:
            _joiner(console).say(other_id, request_id, relation, sent.visitor.id)
    except NotJoined as error:
        return _refused(console, sent, mention_id, [str(error)])
    return _back(mention_id)


def _keep(console: Console, sent: Submission, mention_id: int) -> Response | None:
    """Keep what was typed on the page first; a page with it for copying where that would lose something."""
    if "reply_text" not in sent.fields:
        return None
    with console.product.database.read() as session:
        page = mention_queries.mention_page(session, mention_id, console.now())
    form = form_of_submission(sent)
    problems = form.problems()
    if form.seen_version != page.mention.version:
        problems.append("The author wrote or changed something meanwhile. Read the thread again.")
    if problems:
        return _refused(console, sent, mention_id, problems)
    console.product.desk.claim(mention_id, sent.visitor.id)
    console.product.desk.save(mention_id, sent.visitor.id, form.kept(page))
    return None


def _joiner(console: Console) -> Joiner:
    return Joiner(console.product.database, console.now)


def _back(mention_id: int) -> Response:
    return RedirectResponse(f"/mentions/{mention_id}#neighbours", status_code=303)


def _refused(
    console: Console, sent: Submission, mention_id: int, reasons: list[str], title: str = "Not joined"
) -> HTMLResponse:
    link = (f"/mentions/{mention_id}#neighbours", "Back to the mention")
    return console.page("trouble.html", 409, title=title, sentences=reasons, typed=typed(sent.fields), link=link)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
