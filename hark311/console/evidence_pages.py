"""Which words count in the sentence as a whole: worked out when a person opens the mention, then kept."""

import logging

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import mention_queries
from hark311.console.pages import Console
from hark311.console.queries import latest_understandings
from hark311.console.visits import ConsoleHere, Viewing
from models import Mention, Understanding
from models.threads import posts_of

log = logging.getLogger(__name__)
router = APIRouter()


@router.get("/mentions/{mention_id}/occlusion")
def show_whole(request: Request, console: ConsoleHere, _visitor: Viewing, mention_id: int) -> Response:
    """The part of the card that says it; without scripts, back to the page, which shows it then."""
    failed = not _ask(console, mention_id)
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/mentions/{mention_id}#whole", status_code=303)
    with console.product.database.read() as session:
        page = mention_queries.mention_page(session, mention_id, console.now())
    return console.page("whole_live.html", page=page, explains=False, failed=failed)


def _ask(console: Console, mention_id: int) -> bool:
    """Ask the explainer unless that is done already, outside any transaction. False where it could not say."""
    explainer = console.product.explainer
    with console.product.database.read() as session:
        understanding = latest_understandings(session, [mention_id]).get(mention_id)
        posts = posts_of(session, mention_id)
    if understanding is None or explainer is None or not understanding.explanations or not posts:
        return True
    if any(one.occluded is not None for one in understanding.explained()):
        return True
    try:
        explained = explainer.occlude(understanding, posts)
    except Exception as error:  # a page for a person must not break over an extra
        log.error("%s while explaining mention %d", type(error).__name__, mention_id)
        return False
    if explained and all(one.occluded is None for one in explained):
        explained[0].occluded = []  # nothing to tell; asked once is enough
    with console.product.database.write() as session:
        mention = session.get(Mention, mention_id, with_for_update=True)
        stored = session.get(Understanding, understanding.id)
        if mention and stored and stored.explanations and mention.version == stored.mention_version:
            stored.explanations = [one.model_dump(mode="json", exclude_defaults=True) for one in explained]
            session.add(stored)  # unless the posts changed or were deleted meanwhile
    return True
