"""Which kind of problem each of the city's services stands for: guessed from its names, or chosen by a supervisor."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.responses import RedirectResponse, Response

from classifier.taxonomy import CATEGORIES
from hark311.console.frame import signed_in_page
from hark311.console.visits import ConsoleHere, Supervising, Viewing
from hark311.product import Product
from models import Service, record
from responders.review import NotFound

router = APIRouter(prefix="/services")


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service and its category in words; `guessed` is what stands where nobody has chosen, "" for nothing.

    `how` says where the guess is from; "" where the classifier could not be asked.
    """

    service: Service
    chosen: str
    guessed: str
    how: str


@router.get("")
def show_services(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    with console.product.database.read() as session:
        services = session.exec(select(Service).order_by(Service.service_name)).all()
    rows = [_row(console.product, service) for service in services]
    return signed_in_page(
        request,
        console,
        visitor,
        "services.html",
        rows=[row for row in rows if row.service.active],
        inactive=[row for row in rows if not row.service.active],
        categories=sorted(CATEGORIES.items(), key=lambda one: one[1]),
    )


@router.post("/{service_code:path}")
def choose_category(console: ConsoleHere, sent: Supervising, service_code: str) -> Response:
    """Choose a service's category, or leave it to be guessed."""
    chosen = sent.text("category") or None
    if chosen is not None and chosen not in CATEGORIES:
        raise NotFound("There is no such category.")
    with console.product.database.write() as session:
        service = session.get(Service, service_code, with_for_update=True)
        if service is None:
            raise NotFound("There is no such service.")
        if service.category != chosen:
            before, service.category = service.category or "guessed", chosen
            session.add(service)
            by, why = f"staff:{sent.visitor.id}", f"category of {service_code}"
            record(session, "Service", 0, by, why, console.now(), before, chosen or "guessed")
    return RedirectResponse("/services", status_code=303)


def _row(product: Product, service: Service) -> ServiceRow:
    if service.service_code in CATEGORIES:
        guess, how = service.service_code, "by its code"
    else:
        suggest = product.suggest_category
        guess, how = (suggest(service) or "", "guessed from its name and keywords") if suggest else ("", "")
    chosen = service.category or ""
    return ServiceRow(service, CATEGORIES.get(chosen, chosen), CATEGORIES.get(guess, guess), how)
