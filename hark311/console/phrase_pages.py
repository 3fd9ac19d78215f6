"""The phrases we do not use towards residents, and what to say instead: supervisors keep the list."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import kept_lists, words
from hark311.console.kept_lists import LONGEST, Refused
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from models import BannedPhrase
from models.phrases import phrases_in_force
from responders.wording import WordingError, slots

router = APIRouter(prefix="/phrases")


@router.get("")
def show_phrases(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("")
def add(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """Put a phrase on the list."""
    return _keep(request, console, sent, 0)


@router.post("/{phrase_id}")
def change(request: Request, console: ConsoleHere, sent: Supervising, phrase_id: int) -> Response:
    """Change a phrase: what stood there ends, and the new one begins under its own name."""
    return _keep(request, console, sent, phrase_id)


@router.post("/{phrase_id}/end")
def end(console: ConsoleHere, sent: Supervising, phrase_id: int) -> Response:
    """Take a phrase off the list."""
    with console.product.database.write() as session:
        kept_lists.end(session, console, sent, kept_lists.in_force(session, BannedPhrase, phrase_id))
    return RedirectResponse("/phrases", status_code=303)


def _keep(request: Request, console: Console, sent: Submission, phrase_id: int) -> Response:
    typed = kept_lists.typed_fields(sent, ("phrase", "say_instead", "language", "blocks"))
    with console.product.database.write() as session:
        old = kept_lists.in_force(session, BannedPhrase, phrase_id) if phrase_id else None
        reasons = _problems(session, typed, old)
        if not reasons:
            new = BannedPhrase(
                phrase=typed["phrase"],
                say_instead=typed["say_instead"],
                language=typed["language"],
                blocks=typed["blocks"] == "yes",
                by=sent.visitor.id,
                at=console.now(),
            )
            kept_lists.begin(session, console, sent, new, old)
    if reasons:
        return _show(request, console, sent.visitor, Refused(reasons, phrase_id, typed))
    return RedirectResponse(f"/phrases#phrase-{new.id}", status_code=303)


def _problems(session: Session, typed: dict[str, str], old: BannedPhrase | None) -> list[str]:
    reasons = []
    if not any(letter.isalnum() for letter in typed["phrase"]):
        reasons.append("The phrase is missing.")
    reasons += [
        f"{label} has {len(typed[name])} characters; {LONGEST} are the most."
        for name, label in (("phrase", "The phrase"), ("say_instead", "What to say instead"))
        if len(typed[name]) > LONGEST
    ]
    if typed["language"] and typed["language"] not in words.LANGUAGES:
        reasons.append("Choose one of the languages.")
    if typed["say_instead"].casefold() == typed["phrase"].casefold():
        reasons.append("What to say instead is the phrase itself.")
    try:
        slots(typed["say_instead"])
    except WordingError as error:
        reasons.append(f"What to say instead cannot be used: {error}")
    same = [
        one
        for one in phrases_in_force(session)
        if one.phrase.casefold() == typed["phrase"].casefold() and one.language == typed["language"]
    ]
    if any(old is None or one.id != old.id for one in same):
        reasons.append("This phrase is on the list already.")
    return reasons


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        phrases = phrases_in_force(session)
    return kept_lists.show(request, console, visitor, "phrases.html", phrases, refused)
