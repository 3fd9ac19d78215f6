"""What the city's words mean: the phrases by which its notes are judged, kept by supervisors."""

from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console import case_words
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from models import Outcome, StatusRule, record
from models.status_rules import status_rules
from responders.review import NotFound

router = APIRouter(prefix="/status-rules")

LONGEST = 120


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a rule was not kept, and what was typed. `rule_id`: 0 for a new one."""

    reasons: list[str]
    rule_id: int = 0
    typed: dict[str, str] = field(default_factory=dict)


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
        _end(session, console, sent, _rule(session, rule_id))
    return RedirectResponse("/status-rules", status_code=303)


def _keep(request: Request, console: Console, sent: Submission, rule_id: int) -> Response:
    typed = {name: " ".join(sent.text(name).split()) for name in ("phrase", "outcome", "destination")}
    with console.product.database.write() as session:
        old = _rule(session, rule_id) if rule_id else None
        reasons = _problems(session, typed, old)
        if not reasons:
            if old is not None:
                _end(session, console, sent, old)
            new = StatusRule(
                phrase=typed["phrase"],
                outcome=Outcome(typed["outcome"]) if typed["outcome"] else None,
                destination=typed["destination"],
                by=sent.visitor.id,
                at=console.now(),
            )
            session.add(new)
            session.flush()
            record(session, "StatusRule", new.id or 0, f"staff:{sent.visitor.id}", "put on the list", console.now())
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


def _end(session: Session, console: Console, sent: Submission, rule: StatusRule) -> None:
    rule.ended_at, rule.ended_by = console.now(), sent.visitor.id
    session.add(rule)
    record(session, "StatusRule", rule.id or 0, f"staff:{sent.visitor.id}", "taken off the list", console.now())


def _rule(session: Session, rule_id: int) -> StatusRule:
    found = session.exec(
        select(StatusRule).where(StatusRule.id == rule_id, col(StatusRule.ended_at).is_(None)).with_for_update()
    ).first()
    if found is None:
        raise NotFound("There is no such phrase on the list.")
    return found


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        rules = status_rules(session)
        people = names_of_staff(session, [one.by for one in rules])
    return signed_in_page(
        request,
        console,
        visitor,
        "status_rules.html",
        422 if refused else 200,
        rules=rules,
        people=people,
        refused=refused,
        longest=LONGEST,
        case_words=case_words,
    )
