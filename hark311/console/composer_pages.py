"""Writing a reply: kept as it is typed, an earlier version again, shorter wordings, asking in private."""

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console import mention_queries
from hark311.console.composing import shorter_wordings
from hark311.console.decisions import form_of_submission, known_language
from hark311.console.frame import signed_in_page
from hark311.console.mention_queries import MentionPage
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Drafting, Submission
from responders import asking_private
from responders.composing import keep_draft
from responders.review import Decided, NotApproved, NotYours

router = APIRouter(prefix="/mentions/{mention_id}")


@router.post("/draft")
def keep_typed(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Keep what stands in the reply's box. Whoever types takes a mention that nobody holds."""
    if "reply_text" not in sent.fields:
        return _back(mention_id)
    seen = sent.text("reply_revision")
    revision = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
    text, language = sent.text("reply_text"), known_language(sent.text("language"))
    try:
        kept = keep_draft(console.product.desk, mention_id, sent.visitor.id, text, language, revision)
    except NotYours as error:
        if "hx-request" not in request.headers:
            raise
        return console.page("kept.html", 200, kept=None, trouble=str(error))
    if "hx-request" in request.headers:
        return console.page("kept.html", kept=kept, trouble="")
    return _back(mention_id)


@router.post("/words")
def use_words(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Let the reply say the words of the button that was pressed; all else that was typed is kept."""
    desk, form = console.product.desk, form_of_submission(sent)
    if not sent.text("words").strip():
        return _back(mention_id)
    language = known_language(sent.text("words_language") or form.language)
    desk.claim(mention_id, sent.visitor.id)
    if "description" in sent.fields:
        form = replace(form, reply_text=sent.text("words"), language=language)
        decided = form.kept(_read(console, mention_id))
    else:
        decided = Decided(form.seen_version, form.seen_post_id, sent.text("words"), language, None)
    desk.save(mention_id, sent.visitor.id, decided)
    return _back(mention_id)


@router.post("/shorter")
def show_shorter(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Shorter wordings of what stands in the box, each with its length."""
    page, form = _read(console, mention_id), form_of_submission(sent)
    with console.product.database.read() as session:
        sign_off = console.product.desk.sign_off(session, page.mention, sent.visitor.staff)
        found = shorter_wordings(session, console.product.desk, page, form.reply_text, form.language, sign_off)
    if "hx-request" in request.headers:
        return console.page("shorter_list.html", page=page, form=form, proposals=found, alone=False, csrf="")
    if form.reply_text.strip():
        keep_draft(console.product.desk, mention_id, sent.visitor.id, form.reply_text, form.language, 0)
    return _alone(request, console, sent, page, form=form, proposals=found)


@router.post("/ask-private")
def ask_private(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Draft the words that ask the author to go on in private; what stood there stays among the versions."""
    try:
        asking_private.ask(console.product.desk, mention_id, sent.visitor.id)
    except NotApproved as error:
        page, form = _read(console, mention_id), form_of_submission(sent)
        return _alone(request, console, sent, page, 422, form=form, trouble=" ".join(error.reasons))
    return _back(mention_id)


@router.post("/answer-public")
def answer_public(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Answer in public after all."""
    asking_private.answer_in_public(console.product.desk, mention_id, sent.visitor.id)
    return _back(mention_id)


def _read(console: Console, mention_id: int) -> MentionPage:
    with console.product.database.read() as session:
        return mention_queries.mention_page(session, mention_id, console.now(), console.product.desk.speaking)


def _back(mention_id: int) -> Response:
    return RedirectResponse(f"/mentions/{mention_id}#reply-title", status_code=303)


def _alone(
    request: Request, console: Console, sent: Submission, page: MentionPage, status: int = 200, **context: object
) -> HTMLResponse:
    """The same on a page of its own, for browsers without scripts."""
    given = {"proposals": [], "trouble": "", **context}
    return signed_in_page(request, console, sent.visitor, "shorter.html", status, page=page, alone=True, **given)
