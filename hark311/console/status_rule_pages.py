"""What the city's words mean: the phrases by which its notes are judged, kept by supervisors."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import case_words, kept_lists
from hark311.console.kept_lists import LONGEST, Refused
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from models import Outcome, StatusRule
from models.status_rules import status_rules

router = APIRouter(prefix="/status-rules")


@router.get("")
def show_rules(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("")
def add(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """Put a phrase on the list."""
    return _keep(request, console, sent, 0)


@router.post("/{rule_id}")
def change(request: Request, console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """Change a rule: what stood there ends, and the new one begins under its own name."""
    return _keep(request, console, sent, rule_id)


@router.post("/{rule_id}/end")
def end(console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """Take a phrase off the list."""
    with console.product.database.write() as session:
        kept_lists.end(session, console, sent, kept_lists.in_force(session, StatusRule, rule_id))
    return RedirectResponse("/status-rules", status_code=303)


def _keep(request: Request, console: Console, sent: Submission, rule_id: int) -> Response:
    typed = kept_lists.typed_fields(sent, ("phrase", "outcome", "destination"))
    with console.product.database.write() as session:
        old = kept_lists.in_force(session, StatusRule, rule_id) if rule_id else None
        reasons = _problems(session, typed, old)
        if not reasons:
            new = StatusRule(
                phrase=typed["phrase"],
                outcome=Outcome(typed["outcome"]) if typed["outcome"] else None,
                destination=typed["destination"],
                by=sent.visitor.id,
                at=console.now(),
            )
            kept_lists.begin(session, console, sent, new, old)
    if reasons:
        return _show(request, console, sent.visitor, Refused(reasons, rule_id, typed))
    return RedirectResponse(f"/status-rules#rule-{new.id}", status_code=303)


def _problems(session: Session, typed: dict[str, str], old: StatusRule | None) -> list[str]:
    reasons = []
    if not any(letter.isalnum() for letter in typed["phrase"]):
        reasons.append("The phrase is missing.")
    if len(typed["phrase"]) > LONGEST or len(typed["destination"]) > LONGEST:
        reasons.append(f"A phrase and a destination have {LONGEST} characters at most.")
    if typed["outcome"] and typed["outcome"] not in case_words.SAYABLE:
        reasons.append("Choose one of the meanings.")
    same = [
        one
        for one in status_rules(session)
        if (one.phrase.casefold(), one.destination) == (typed["phrase"].casefold(), typed["destination"])
    ]
    if any(old is None or one.id != old.id for one in same):
        reasons.append("This phrase is on the list already.")
    return reasons


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        rules = status_rules(session)
    return kept_lists.show(request, console, visitor, "status_rules.html", rules, refused, case_words=case_words)
