"""What is not ours: the rules of who takes care of what instead, a box to try them, and how much of it comes to us."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console.asked_queries import road_owner_names, rules_of
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import ConsoleHere, Drafting, Submission, Supervising, Viewing, Visitor
from hark311.misdirected import misdirected
from models import Jurisdiction, RoadOwner, Service, record
from models.ground import Ground, ground_at
from models.jurisdictions import Whose, whose_is_it
from models.sorting import areas_in_use
from responders.filing_anyway import file_anyway
from responders.not_ours import CONTACT_HOLDS, sayable_contact
from responders.review import NotFound

router = APIRouter()

LONGEST = {"name": 80, "contact": 60, "note": 300, "area": 120, "road_owner": 60}
LABELS = {"name": "Who takes care of it", "contact": "How to reach them", "note": "The note", "area": "The area"}
LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a rule was not kept, and what was typed. `rule_id`: 0 for a new one."""

    reasons: list[str]
    rule_id: int = 0
    typed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tried:
    """What the box answers: where the address lies, and whose it is there (None: ours)."""

    service: str
    address: str
    place: str = ""
    ground: Ground | None = None
    whose: Whose | None = None
    says: str = ""


@router.get("/jurisdictions")
def show_rules(
    request: Request, console: ConsoleHere, visitor: Viewing, service: str = "", address: str = ""
) -> Response:
    """`service` and `address`: try whose that would be."""
    tried = _try(console, service[:80], address[:200]) if service or address else None
    return _show(request, console, visitor, tried=tried)


@router.post("/jurisdictions")
def add(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """Make a rule."""
    return _keep(request, console, sent, 0)


@router.post("/jurisdictions/{rule_id}")
def change(request: Request, console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """Change a rule. A changed contact is one that nobody has checked."""
    return _keep(request, console, sent, rule_id)


@router.post("/jurisdictions/{rule_id}/checked")
def checked(request: Request, console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """A supervisor made sure today that the contact is right: the one that stood on their page."""
    with console.product.database.write() as session:
        rule = _rule(session, rule_id)
        meant = rule.contact == sent.text("contact")
        if meant:
            rule.checked_on, rule.checked_by = console.city_time.today(console.now()), sent.visitor.id
            session.add(rule)
            _note(session, console, sent, rule, "checked how to reach them")
    if not meant:
        said = ["Somebody changed the contact meanwhile. Check the one that stands here now."]
        return _show(request, console, sent.visitor, Refused(said, rule_id))
    return RedirectResponse(f"/jurisdictions#rule-{rule_id}", status_code=303)


@router.post("/jurisdictions/{rule_id}/switch")
def switch(console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """Let a rule hold or not hold from now on."""
    with console.product.database.write() as session:
        rule = _rule(session, rule_id)
        rule.active = not rule.active
        session.add(rule)
        _note(session, console, sent, rule, "switched on" if rule.active else "switched off")
    return RedirectResponse(f"/jurisdictions#rule-{rule_id}", status_code=303)


@router.post("/mentions/{mention_id}/file-anyway")
def file_it(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """A person says that it is ours after all."""
    file_anyway(console.product.desk, mention_id, sent.visitor.id)
    return RedirectResponse(f"/mentions/{mention_id}?reply=anew", status_code=303)


def _keep(request: Request, console: Console, sent: Submission, rule_id: int) -> Response:
    typed: dict[str, Any] = {name: " ".join(sent.text(name).split()) for name in LONGEST}
    typed |= {"service": sent.text("service"), "outside": sent.text("outside") == "yes"}
    with console.product.database.write() as session:
        reasons = _problems(session, typed)
        if not reasons:
            rule = _rule(session, rule_id) if rule_id else Jurisdiction()
            if rule.contact != typed["contact"]:
                rule.checked_on = rule.checked_by = None
            rule.service_codes = [typed["service"]] if typed["service"] else []
            for name in (*LONGEST, "outside"):
                setattr(rule, name, typed[name])
            rule.changed_by, rule.changed_at = sent.visitor.id, console.now()
            session.add(rule)
            session.flush()
            _note(session, console, sent, rule, "changed" if rule_id else "made")
            rule_id = rule.id or 0
    if reasons:
        return _show(request, console, sent.visitor, Refused(reasons, rule_id, typed))
    return RedirectResponse(f"/jurisdictions#rule-{rule_id}", status_code=303)


def _problems(session: Session, typed: dict[str, Any]) -> list[str]:
    reasons = [
        f"{LABELS.get(name, name)} has {len(typed[name])} characters; {longest} are the most."
        for name, longest in LONGEST.items()
        if len(typed[name]) > longest
    ]
    if not any(typed[name] for name in ("service", "area", "road_owner", "outside")):
        reasons.append("Say for which service or where: a rule for everything everywhere leaves nothing to the city.")
    if not typed["name"] and not typed["road_owner"]:
        reasons.append("Who takes care of it is missing.")
    if typed["service"] and session.get(Service, typed["service"]) is None:
        reasons.append("There is no such service.")
    if typed["road_owner"] and session.get(RoadOwner, typed["road_owner"]) is None:
        reasons.append("Nobody has said on the page Roads who that is.")
    return reasons


def _rule(session: Session, rule_id: int) -> Jurisdiction:
    rule = session.get(Jurisdiction, rule_id, with_for_update=True)
    if rule is None:
        raise NotFound(f"There is no rule {rule_id}.")
    return rule


def _note(session: Session, console: Console, sent: Submission, rule: Jurisdiction, why: str) -> None:
    record(session, "Jurisdiction", rule.id or 0, f"staff:{sent.visitor.id}", why, console.now())


def _try(console: Console, service: str, address: str) -> Tried:
    located = console.product.locate(address) if console.product.locate and address else None
    place = next((one for one in located.candidates if one.lat is not None), None) if located else None
    with console.product.database.read() as session:
        ground = (
            ground_at(session.connection(), place.lat, place.lon)
            if place is not None and place.lat is not None and place.lon is not None
            else None
        )
        whose = whose_is_it(session, service or None, ground)
    says = (
        "The city's map does not know this place: only rules without a place can tell."
        if address and not ground
        else ""
    )
    return Tried(service, address, place.name if place else "", ground, whose, says)


def _show(
    request: Request,
    console: Console,
    visitor: Visitor,
    refused: Refused | None = None,
    tried: Tried | None = None,
) -> Response:
    now = console.now()
    with console.product.database.read() as session:
        rules = rules_of(session)
        owners = {one.code: one for one in session.exec(select(RoadOwner)).all()}
        context = {
            "rules": rules,
            "owners": owners,
            "road_names": road_owner_names(session),
            "areas": areas_in_use(session),
            "services": session.exec(select(Service).order_by(col(Service.service_name))).all(),
            "people": names_of_staff(session, [one.checked_by for one in rules]),
            "counts": misdirected(session, now - LOOKED_BACK, now),
        }
    return signed_in_page(
        request,
        console,
        visitor,
        "jurisdictions.html",
        422 if refused else 200,
        refused=refused,
        tried=tried,
        longest=LONGEST,
        days=LOOKED_BACK.days,
        holds=CONTACT_HOLDS,
        today=console.city_time.today(now),
        sayable=sayable_contact,
        **context,
    )
