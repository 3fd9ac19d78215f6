"""Reading what one does not: a mention's posts, or our draft, in the desk's language. Never waits for the engine."""

from fastapi import APIRouter, BackgroundTasks, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import translation_queries
from hark311.console.decisions import form_of_submission
from hark311.console.pages import Console
from hark311.console.queries import latest_understandings
from hark311.console.visits import ConsoleHere, Drafting, Submitting, Viewing
from models import Mention
from models.job_names import TRANSLATE
from responders.review import NotFound

router = APIRouter(prefix="/mentions/{mention_id}")


@router.post("/translate")
def translate(
    request: Request, console: ConsoleHere, sent: Submitting, mention_id: int, after: BackgroundTasks
) -> Response:
    """Ask for the translation of the author's posts."""
    settings, now = console.product.settings, console.now()
    _require_engine(console)
    with console.product.database.write() as session:
        mention = _mention(session, mention_id, alone=True)
        understanding = latest_understandings(session, [mention_id]).get(mention_id)
        language = understanding.language if understanding else "und"
        asked = translation_queries.ask_for_posts(session, mention, language, settings.translation_into, now)
    if asked:
        after.add_task(console.product.nudge, TRANSLATE)
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/mentions/{mention_id}#translations", status_code=303)
    return _shown(console, mention_id, sent.visitor.csrf)


@router.get("/translations")
def show_translations(console: ConsoleHere, visitor: Viewing, mention_id: int) -> Response:
    """The translations as they stand, for a page that waits for them."""
    return _shown(console, mention_id, visitor.csrf)


@router.post("/translate-reply")
def translate_reply(
    request: Request, console: ConsoleHere, sent: Drafting, mention_id: int, after: BackgroundTasks
) -> Response:
    """What the draft in the form says in the language of the desk. Nothing is decided."""
    _require_engine(console)
    form, into = form_of_submission(sent), console.product.settings.translation_into
    if "hx-request" not in request.headers:
        console.product.desk.claim(mention_id, sent.visitor.id)
        console.product.desk.save(mention_id, sent.visitor.id, form.decided())
    if form.reply_text.strip():
        with console.product.database.write() as session:
            mention, now = _mention(session, mention_id, alone=True), console.now()
            translation_queries.ask_for_draft(session, mention, form.reply_text, form.language, into, now)
        after.add_task(console.product.nudge, TRANSLATE)
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/mentions/{mention_id}#back", status_code=303)
    with console.product.database.read() as session:
        said = translation_queries.back_translation(session, mention_id, form.reply_text)
    return console.page("back_translation.html", mention_id=mention_id, back=said, into_tag=into)


@router.get("/back-translation/{translation_id}")
def show_back_translation(console: ConsoleHere, _visitor: Viewing, mention_id: int, translation_id: int) -> Response:
    """What became of a draft's translation, for a page that waits for it."""
    with console.product.database.read() as session:
        said = translation_queries.back_translation_by_id(session, mention_id, translation_id)
    into = console.product.settings.translation_into
    return console.page("back_translation.html", mention_id=mention_id, back=said, into_tag=into)


def _require_engine(console: Console) -> None:
    if not translation_queries.is_set_up(console.product.settings):
        raise NotFound("No translation engine is set up.")


def _mention(session: Session, mention_id: int, *, alone: bool = False) -> Mention:
    """`alone`: two people who ask at the same moment ask one after the other."""
    mention = session.get(Mention, mention_id, with_for_update=alone)
    if mention is None:
        raise NotFound(f"There is no mention {mention_id}.")
    return mention


def _shown(console: Console, mention_id: int, csrf: str) -> Response:
    with console.product.database.read() as session:
        mention = _mention(session, mention_id)
        understanding = latest_understandings(session, [mention_id]).get(mention_id)
        card = translation_queries.card_of(session, mention, understanding, console.product.settings)
    return console.page("translations_live.html", translation=card, csrf=csrf)
