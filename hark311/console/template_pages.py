"""Templates: every text we send, beside English; a supervisor changes one, and a speaker says that it is right."""

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import template_queries, words
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.said_when import OUTCOME
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from hark311.wording_files import FORMATS, written_out
from models import ReplyTemplate
from responders.drafting import FALLBACK_LANGUAGE, Key
from responders.review import NotFound
from responders.rewording import NotKept, Rewording, Written
from responders.wording import RIGHT_TO_LEFT
from responders.wordings import Outcome, outcome_of

router = APIRouter(prefix="/templates")

FIRST_OTHER = "es"
Language = Annotated[str, Path(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of one wording, and why it was not kept."""

    body: str
    checked_by: str = ""
    reasons: list[str] = field(default_factory=list)


@router.get("")
def show_templates(
    request: Request, console: ConsoleHere, visitor: Viewing, language: str = FIRST_OTHER, outcome: str = ""
) -> Response:
    kind = Outcome(outcome) if outcome in set(Outcome) else Outcome.ACKNOWLEDGE
    with console.product.database.read() as session:
        book = template_queries.book_of(session)
    chosen = language if language in book.languages else FALLBACK_LANGUAGE
    return signed_in_page(
        request,
        console,
        visitor,
        "templates.html",
        rows=template_queries.rows_of(book, chosen, kind),
        language=chosen,
        backwards=chosen in RIGHT_TO_LEFT,
        outcome=kind,
        outcomes=OUTCOME,
        tallies=template_queries.tallies(book),
    )


@router.get("/export")
def export(console: ConsoleHere, _visitor: Viewing, language: str = FIRST_OTHER, format: str = "csv") -> Response:
    """The wordings of one language in a file for a translator."""
    with console.product.database.read() as session:
        book = template_queries.book_of(session)
    if language not in book.languages or format not in FORMATS:
        raise NotFound("There are no texts in this language, or not in this format.")
    return Response(
        written_out(book, language, format),
        media_type=FORMATS[format],
        headers={"content-disposition": f'attachment; filename="templates-{language}.{format}"'},
    )


@router.get("/{language}/{key}")
def show_wording(request: Request, console: ConsoleHere, visitor: Viewing, language: Language, key: Key) -> Response:
    return _show(request, console, visitor, language, key)


@router.post("/{language}/{key}")
def keep(request: Request, console: ConsoleHere, sent: Supervising, language: Language, key: Key) -> Response:
    """Keep what was typed as a new version."""
    theirs = template_queries.ours().get((key.value, language))
    wanted = Written(
        key=key,
        language=language,
        body=sent.text("body"),
        ours=theirs.body if theirs else "",
        seen=_whole(sent.text("version")),
        checked_by=sent.text("checked_by"),
        ours_checked=theirs is not None and theirs.checked_by_speaker,
    )
    return _keep(request, console, sent, wanted)


@router.post("/{language}/{key}/check")
def check(request: Request, console: ConsoleHere, sent: Supervising, language: Language, key: Key) -> Response:
    """What is wrong with it and how long it gets, while somebody types. Nothing is kept."""
    typed = Typed(sent.text("body"), sent.text("checked_by"))
    if "hx-request" not in request.headers:
        return _show(request, console, sent.visitor, language, key, typed)
    with console.product.database.read() as session:
        judged = _judged(console, session, language, key, typed.body)
    return console.page("template_check.html", language=language, **judged)


@router.post("/{language}/{key}/reset")
def reset(request: Request, console: ConsoleHere, sent: Supervising, language: Language, key: Key) -> Response:
    """Say what hark311 says today, as a new version."""
    theirs = template_queries.ours().get((key.value, language))
    if theirs is None:
        raise NotFound("hark311 has no text of its own in this language.")
    wanted = Written(
        key, language, theirs.body, theirs.body, _whole(sent.text("version")), ours_checked=theirs.checked_by_speaker
    )
    return _keep(request, console, sent, wanted)


@router.post("/{language}/{key}/checked")
def say_checked(request: Request, console: ConsoleHere, sent: Supervising, language: Language, key: Key) -> Response:
    """A speaker of the language has read it, and says that it is right."""
    with console.product.database.write() as session:
        rewording = _rewording(console, session, sent)
        own = _seen(rewording, key, language, sent)
        try:
            rewording.say_checked(own, sent.text("checked_by"), _day(console, sent.text("checked_on")))
        except NotKept as error:
            refused = Typed(own.body, sent.text("checked_by"), error.reasons)
        else:
            return _back(language, key)
    return _show(request, console, sent.visitor, language, key, refused)


@router.post("/{language}/{key}/unchecked")
def take_check_back(console: ConsoleHere, sent: Supervising, language: Language, key: Key) -> Response:
    with console.product.database.write() as session:
        rewording = _rewording(console, session, sent)
        rewording.take_check_back(_seen(rewording, key, language, sent))
    return _back(language, key)


def _keep(request: Request, console: Console, sent: Submission, wanted: Written) -> Response:
    try:
        with console.product.database.write() as session:
            _rewording(console, session, sent).keep(wanted)
    except NotKept as error:
        typed = Typed(wanted.body, wanted.checked_by, error.reasons)
        return _show(request, console, sent.visitor, wanted.language, wanted.key, typed)
    return _back(wanted.language, wanted.key)


def _rewording(console: Console, session: Session, sent: Submission) -> Rewording:
    return Rewording(session, console.product.desk.length_of, sent.visitor.staff, console.now())


def _seen(rewording: Rewording, key: Key, language: str, sent: Submission) -> ReplyTemplate:
    """The version that the form was made for; the newest one may be another by now."""
    own = rewording.newest(key.value, language)
    if own is None or own.version != _whole(sent.text("version")):
        raise NotFound("This version is not in use any more.")
    return own


def _show(
    request: Request, console: Console, visitor: Visitor, language: str, key: Key, typed: Typed | None = None
) -> Response:
    with console.product.database.read() as session:
        wording = template_queries.wording_of(session, key, language)
        if wording.own is None and language not in words.LANGUAGES:
            raise NotFound("There is no text in this language.")
        body = typed.body if typed else wording.own.body if wording.own else ""
        judged = _judged(console, session, language, key, body)
    return signed_in_page(
        request,
        console,
        visitor,
        "template.html",
        422 if typed and typed.reasons else 200,
        wording=wording,
        typed=typed or Typed(body),
        language=language,
        outcome=outcome_of(key),
        outcome_word=OUTCOME[outcome_of(key)],
        today=console.city_time.today(console.now()),
        **judged,
    )


def _judged(console: Console, session: Session, language: str, key: Key, body: str) -> dict[str, Any]:
    """What the desk says to a wording as it stands."""
    rewording = Rewording(session, console.product.desk.length_of, None, console.now())
    return {
        "problems": rewording.problems(key, language, body),
        "fits": template_queries.lengths(session, body, language, console.product.desk.length_of),
        "shown": words.in_words(body),
        "backwards": language in RIGHT_TO_LEFT,
    }


def _back(language: str, key: Key) -> Response:
    return RedirectResponse(f"/templates/{language}/{key.value}", status_code=303)


def _day(console: Console, text: str) -> datetime:
    """The beginning of a day in the city; now where none is given."""
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(), console.city_time.zone)
    except ValueError:
        return console.now()


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
