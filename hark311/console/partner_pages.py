"""Partners with a key to our own Open311 endpoint, for administrators: made, listed, revoked."""

from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import Administering, ConsoleHere, Submission, Visitor, viewing_with
from hark311.partnering import NoPartner, NotMade, Wanted, make_partner, revoke_partner
from models import Partner, PartnerReport, Power
from models.partners import partners
from responders.review import NotFound

router = APIRouter(prefix="/partners")

Seeing = Annotated[Visitor, Depends(viewing_with(Power.ADMINISTER))]
MAY = (
    ("may_read", "Read every request that is shown, not only their own"),
    ("may_report", "Make reports"),
    ("may_update", "Say how filed requests stand, as a department does"),
)
"""The fields of what a key is for, and what each says."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A partner as the page shows them. `reports`: how many they have made."""

    partner: Partner
    may: str
    made_by: str
    reports: int


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: as it was typed where it was refused, for `reasons`."""

    reasons: list[str] = field(default_factory=list)
    name: str = ""
    contact: str = ""
    rate: str = "60"
    may: frozenset[str] = frozenset({"may_read", "may_report"})


@router.get("")
def show_partners(request: Request, console: ConsoleHere, visitor: Seeing) -> Response:
    return _show(request, console, visitor, Typed())


@router.post("")
def make(request: Request, console: ConsoleHere, sent: Administering) -> Response:
    """Make a partner, and show their key: this once."""
    typed, staff_id = _typed(sent), sent.visitor.id
    may = {name: name in typed.may for name, _ in MAY}
    rate = int(typed.rate) if typed.rate.isdecimal() and len(typed.rate) < 8 else 0
    try:
        with console.product.database.write() as session:
            wanted = Wanted(typed.name, typed.contact, rate, **may)
            partner, key = make_partner(session, wanted, f"staff:{staff_id}", staff_id, console.now())
    except NotMade as error:
        return _show(request, console, sent.visitor, replace(typed, reasons=error.reasons), status=422)
    except IntegrityError:  # two administrators added the same partner at the same moment
        reasons = ["Somebody else added that partner just now."]
        return _show(request, console, sent.visitor, replace(typed, reasons=reasons), status=422)
    return _show(request, console, sent.visitor, Typed(), made=(partner.name, key))


@router.post("/{partner_id}/revoke")
def revoke(console: ConsoleHere, sent: Administering, partner_id: int) -> Response:
    try:
        with console.product.database.write() as session:
            revoke_partner(session, partner_id, f"staff:{sent.visitor.id}", sent.visitor.id, console.now())
    except NoPartner as error:
        raise NotFound(str(error)) from None
    return RedirectResponse("/partners", status_code=303)


def _typed(sent: Submission) -> Typed:
    ticked = frozenset(name for name, _ in MAY if sent.text(name) == "yes")
    name, contact = sent.text("name").strip(), sent.text("contact").strip()
    return Typed([], name, contact, sent.text("rate").strip(), ticked)


def _show(
    request: Request,
    console: Console,
    visitor: Visitor,
    typed: Typed,
    *,
    made: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    settings = console.product.settings
    with console.product.database.read() as session:
        shown = _shown(session)
    return signed_in_page(
        request,
        console,
        visitor,
        "partners.html",
        status,
        shown=shown,
        typed=typed,
        made=made,
        may=MAY,
        address=f"{settings.desk_url}/open311/discovery.json",
        server=settings.open311_server,
    )


def _shown(session: Session) -> list[Shown]:
    found = partners(session)
    counted = session.exec(
        select(PartnerReport.partner_id, func.count(col(PartnerReport.id))).group_by(col(PartnerReport.partner_id))
    ).all()
    reports, people = dict(counted), names_of_staff(session, [one.made_by for one in found])
    return [
        Shown(one, _may(one), people.get(one.made_by or 0, "the operator"), reports.get(one.id or 0, 0))
        for one in found
    ]


def _may(partner: Partner) -> str:
    words = (("reads", partner.may_read), ("reports", partner.may_report), ("updates", partner.may_update))
    return ", ".join(word for word, allowed in words if allowed)
