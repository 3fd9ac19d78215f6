"""Who is paged when nobody acknowledges a danger: the steps after the desk, and how quickly dangers were seen."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import Administering, ConsoleHere, Submission, Viewing, Visitor
from hark311.danger_figures import danger_figures
from hark311.escalating import MAIL_ADDRESS
from models import EscalationStep, record
from models.answering_desks import desks_of, watch_now
from models.calendars import calendars
from models.escalation import steps_of
from responders.review import NotFound

router = APIRouter(prefix="/escalation")

MOST_STEPS, LATEST = 10, 24 * 60
LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a step was not kept, and what was typed."""

    reasons: list[str]
    typed: dict[str, str] = field(default_factory=dict)


@router.get("")
def show_steps(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("")
def add(request: Request, console: ConsoleHere, sent: Administering) -> Response:
    """Add a step."""
    typed = {name: sent.text(name).strip() for name in ("after_minutes", "name", "emails", "webhook_url", "on_call")}
    with console.product.database.write() as session:
        reasons = _problems(typed, len(steps_of(session)))
        if not reasons:
            step = EscalationStep(
                after_minutes=int(typed["after_minutes"]),
                name=typed["name"],
                emails=typed["emails"].replace(",", " ").split(),
                webhook_url=typed["webhook_url"],
                on_call=typed["on_call"] == "yes",
            )
            session.add(step)
            session.flush()
            _note(session, console, sent, step, "added")
    if reasons:
        return _show(request, console, sent.visitor, Refused(reasons, typed))
    return RedirectResponse("/escalation", status_code=303)


@router.post("/{step_id}/remove")
def remove(console: ConsoleHere, sent: Administering, step_id: int) -> Response:
    """Take a step out."""
    with console.product.database.write() as session:
        step = session.get(EscalationStep, step_id)
        if step is None:
            raise NotFound(f"There is no step {step_id}.")
        _note(session, console, sent, step, "removed")
        session.delete(step)
    return RedirectResponse("/escalation", status_code=303)


def _note(session: Session, console: Console, sent: Submission, step: EscalationStep, what: str) -> None:
    why = f"{what}: {step.name} after {step.after_minutes} minutes"
    record(session, "EscalationStep", step.id or 0, f"staff:{sent.visitor.id}", why, console.now())


def _problems(typed: dict[str, str], steps: int) -> list[str]:
    minutes, addresses = typed["after_minutes"], typed["emails"].replace(",", " ").split()
    where = urlsplit(typed["webhook_url"]) if typed["webhook_url"] else None
    wrong = [one for one in addresses if not MAIL_ADDRESS.fullmatch(one)]
    checks = (
        (steps >= MOST_STEPS, f"{MOST_STEPS} steps are the most."),
        (not typed["name"] or len(typed["name"]) > 80, "Say in a few words who is paged."),
        (
            not (minutes.isdecimal() and len(minutes) < 5 and 1 <= int(minutes) <= LATEST),
            "The minutes are a number from 1 to 1440: the desk itself is paged at once.",
        ),
        (bool(wrong), f"This is no mail address: {', '.join(wrong)[:100]}."),
        (where is not None and (where.scheme != "https" or not where.hostname), "A webhook begins with https://."),
        (
            not (addresses or where or typed["on_call"] == "yes"),
            "Give a mail address or a webhook, or choose who answers by the calendar.",
        ),
    )
    return [reason for applies, reason in checks if applies]


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    now = console.now()
    with console.product.database.read() as session:
        city = next(iter(calendars(session)), None)
        context = {
            "steps": steps_of(session),
            "answers": watch_now(desks_of(session, city), now).desk if city else None,
            "figures": danger_figures(session, now - LOOKED_BACK, now),
        }
    return signed_in_page(
        request,
        console,
        visitor,
        "escalation.html",
        422 if refused else 200,
        refused=refused,
        days=LOOKED_BACK.days,
        decide_minutes=console.product.settings.notify.decide_minutes,
        **context,
    )
