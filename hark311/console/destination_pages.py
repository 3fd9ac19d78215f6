"""Where requests go: the destinations, and which service is filed with which. Secrets stay in the settings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from sqlmodel import Session, col, func, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import ConsoleHere, Submission, Supervising, Visitor, viewing_with
from hark311.destination_entries import entry_of
from models import (
    AttemptOutcome,
    Destination,
    DestinationKind,
    Power,
    RequestState,
    SendAttempt,
    Service,
    ServiceDestination,
    ServiceRequest,
    record,
)
from models.job_names import SUBMIT_REQUEST
from responders.errors import NotSetUp
from responders.review import NotFound
from responders.tray import Health, health_of

router = APIRouter(prefix="/destinations")

Watching = Annotated[Visitor, Depends(viewing_with(Power.SUPERVISE))]
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
KINDS = {
    DestinationKind.EMAIL: "e-mail to a department",
    DestinationKind.WEBHOOK: "signed webhook",
    DestinationKind.OPEN311: "another Open311 system",
}


@dataclass(frozen=True, slots=True)
class DestinationRow:
    """A destination as the page shows it. `missing`: what the settings lack for it, "" where nothing."""

    destination: Destination
    services: Sequence[str]
    health: Health
    missing: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was kept, and what was typed. `destination_id` 0: a new one."""

    destination_id: int
    reasons: list[str]
    typed: dict[str, str] = field(default_factory=dict)


@router.get("")
def show_destinations(request: Request, console: ConsoleHere, visitor: Watching) -> Response:
    return _show(request, console, visitor)


@router.post("")
def add_destination(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """A new destination; a service is sent there in a second step."""
    return _keep(request, console, sent, 0)


@router.post("/services/{service_code:path}")
def send_service(console: ConsoleHere, sent: Supervising, service_code: str) -> Response:
    """Say where a service's requests go from now on; "" is the city's own system. What was filed stays where it is."""
    chosen = sent.text("destination")
    with console.product.database.write() as session:
        if session.get(Service, service_code, with_for_update=True) is None:
            raise NotFound("There is no such service.")
        where = session.get(Destination, int(chosen)) if chosen.isdecimal() and len(chosen) < 10 else None
        if chosen and where is None:
            raise NotFound("There is no such destination.")
        row = session.get(ServiceDestination, service_code)
        before = session.get(Destination, row.destination_id) if row else None
        if (before.id if before else None) != (where.id if where else None):
            now = console.now()
            if where is None:
                session.delete(row)
            else:
                row = row or ServiceDestination(service_code=service_code, destination_id=where.id or 0, changed_at=now)
                row.destination_id, row.changed_at, row.changed_by = where.id or 0, now, sent.visitor.id
                session.add(row)
            names = [one.name if one else "the city" for one in (before, where)]
            why = f"where requests of {service_code} go"
            record(session, "ServiceDestination", 0, f"staff:{sent.visitor.id}", why, now, *names)
    return RedirectResponse("/destinations#services", status_code=303)


@router.post("/{destination_id}")
def change_destination(request: Request, console: ConsoleHere, sent: Supervising, destination_id: int) -> Response:
    return _keep(request, console, sent, destination_id)


@router.post("/{destination_id}/off")
def switch_off(console: ConsoleHere, sent: Supervising, destination_id: int) -> Response:
    """Nothing is filed there from now on; what is approved for it waits."""
    _switch(console, sent, destination_id, on=False)
    return RedirectResponse("/destinations", status_code=303)


@router.post("/{destination_id}/on")
def switch_on(console: ConsoleHere, sent: Supervising, destination_id: int, after: BackgroundTasks) -> Response:
    """What waited for it is filed at once."""
    for request_id in _switch(console, sent, destination_id, on=True):
        after.add_task(console.product.nudge, SUBMIT_REQUEST, request_id)
    return RedirectResponse("/destinations", status_code=303)


def _switch(console: Console, sent: Submission, destination_id: int, *, on: bool) -> list[int]:
    """Switch a destination; returns the requests that waited for it and are due now."""
    with console.product.database.write() as session:
        row, now = _locked(session, destination_id), console.now()
        if row.active == on:
            return []
        row.active, row.changed_at, row.changed_by = on, now, sent.visitor.id
        session.add(row)
        why = f"switched {'on' if on else 'off'}"
        record(session, "Destination", destination_id, f"staff:{sent.visitor.id}", why, now)
        waiting = _waiting_for(session, destination_id) if on else []
        for request in waiting:
            request.not_before = now
            session.add(request)
        return [one.id or 0 for one in waiting]


def _waiting_for(session: Session, destination_id: int) -> Sequence[ServiceRequest]:
    newest = select(func.max(SendAttempt.id)).where(SendAttempt.request_id == ServiceRequest.id)
    return session.exec(
        select(ServiceRequest)
        .join(SendAttempt, col(SendAttempt.request_id) == ServiceRequest.id)
        .where(
            ServiceRequest.state == RequestState.APPROVED,
            SendAttempt.destination_id == destination_id,
            SendAttempt.outcome == AttemptOutcome.DEFERRED,
            col(SendAttempt.id) == newest.correlate(ServiceRequest).scalar_subquery(),
        )
        .with_for_update(of=ServiceRequest)
    ).all()


def _keep(request: Request, console: Console, sent: Submission, destination_id: int) -> Response:
    typed = {name: " ".join(sent.text(name).split()) for name in ("name", "way", "address", "jurisdiction_id")}
    now, by = console.now(), f"staff:{sent.visitor.id}"
    with console.product.database.write() as session:
        row = _locked(session, destination_id) if destination_id else _new(now)
        reasons = _objections(session, console, typed, destination_id)
        if not reasons:
            before = row.name if destination_id else ""
            row.name, row.settings_key = typed["name"], typed["way"]
            row.kind = DestinationKind(console.product.settings.destinations[typed["way"]].kind)
            row.address = typed["address"] if row.kind == DestinationKind.EMAIL else ""
            row.jurisdiction_id = typed["jurisdiction_id"] if row.kind == DestinationKind.OPEN311 else ""
            row.changed_at, row.changed_by = now, sent.visitor.id
            session.add(row)
            session.flush()
            record(session, "Destination", row.id or 0, by, "changed" if before else "made", now, before, row.name)
    if reasons:
        return _show(request, console, sent.visitor, Refused(destination_id, reasons, typed))
    return RedirectResponse(f"/destinations#destination-{row.id}", status_code=303)


def _objections(session: Session, console: Console, typed: dict[str, str], destination_id: int) -> list[str]:
    """Every reason against what was typed."""
    reasons, given = [], console.product.settings.destinations.get(typed["way"])
    if not typed["name"] or len(typed["name"]) > 80:
        reasons.append("Say what it is called, in at most 80 characters.")
    taken = session.exec(select(Destination.id).where(Destination.name == typed["name"])).first()
    if taken is not None and taken != destination_id:
        reasons.append(f"There is a destination called {typed['name']} already.")
    if given is None:
        reasons.append("Choose how it gets there, from what the operator has set up.")
    elif given.kind == "email" and not _ADDRESS.fullmatch(typed["address"]):
        reasons.append("Write the department's e-mail address, as parks@city.example.")
    if len(typed["jurisdiction_id"]) > 100:
        reasons.append("A jurisdiction has at most 100 characters.")
    return reasons


def _new(now: datetime) -> Destination:
    return Destination(name="", kind=DestinationKind.EMAIL, settings_key="", changed_at=now)


def _locked(session: Session, destination_id: int) -> Destination:
    row = session.get(Destination, destination_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such destination.")
    return row


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    settings = console.product.settings
    with console.product.database.read() as session:
        rows = session.exec(select(Destination).order_by(Destination.name)).all()
        services = session.exec(select(Service).where(col(Service.active)).order_by(Service.service_name)).all()
        sent_to = {one.service_code: one.destination_id for one in session.exec(select(ServiceDestination)).all()}
        names = {one.service_code: one.service_name for one in session.exec(select(Service)).all()}
        people = names_of_staff(session, [row.changed_by for row in rows])
        shown = [
            DestinationRow(
                destination=row,
                services=sorted(names.get(code, code) for code, where in sent_to.items() if where == row.id),
                health=health_of(session, row.id),
                missing=_missing(console, row),
                changed_by=people.get(row.changed_by or 0, "the operator"),
            )
            for row in rows
        ]
        city = health_of(session, None)
    return signed_in_page(
        request,
        console,
        visitor,
        "destinations.html",
        422 if refused else 200,
        rows=shown,
        city=city,
        services=services,
        sent_to=sent_to,
        ways=[(name, KINDS[DestinationKind(given.kind)]) for name, given in sorted(settings.destinations.items())],
        kinds=KINDS,
        refused=refused,
    )


def _missing(console: Console, row: Destination) -> str:
    try:
        entry_of(console.product.settings, row)
    except NotSetUp as error:
        return str(error)
    return ""
