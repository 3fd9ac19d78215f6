"""Each of the city's services: which kind of problem it stands for, where repeats are looked for, what is promised."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.responses import RedirectResponse, Response

from classifier.taxonomy import CATEGORIES
from hark311.console.calendar_words import UNITS
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.service_promises import keep_promise, promised
from hark311.console.service_questions import DATATYPES, questions_by_service
from hark311.console.service_reach import LIMITS, Figures, keep_figures, read_figures
from hark311.console.visits import ConsoleHere, Supervising, Viewing, Visitor
from hark311.console.words import LANGUAGES
from hark311.product import Product
from models import Service, ServiceReach, record
from models.calendars import calendars
from responders.review import NotFound

router = APIRouter(prefix="/services")


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service and its category in words; `guessed` is what stands where nobody has chosen, "" for nothing.

    `how` says where the guess is from; "" where the classifier could not be asked. `own` is what a supervisor said of
    where repeats are looked for, `default` what counts where nobody did.
    """

    service: Service
    chosen: str
    guessed: str
    how: str
    own: Figures
    default: Figures

    @property
    def reach(self) -> Figures:
        """What counts."""
        return self.own.over(self.default)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a form of one service was not kept, and what was typed into it."""

    service_code: str
    reasons: list[str]
    typed: dict[str, str]
    form: str = "reach"


@router.get("")
def show_services(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("/{service_code:path}/reach")
def choose_reach(request: Request, console: ConsoleHere, sent: Supervising, service_code: str) -> Response:
    """Say how far around and how far back repeats are looked for; an empty field leaves it to the kind of problem."""
    typed = {name: sent.text(name) for name in ("radius", "age", "unit")}
    wanted, reasons = read_figures(**typed)
    if reasons:
        return _show(request, console, sent.visitor, Refused(service_code, reasons, typed))
    with console.product.database.write() as session:
        if session.get(Service, service_code) is None:
            raise NotFound("There is no such service.")
        now = console.now()
        today = console.city_time.today(now)
        keep_figures(session, service_code, wanted, staff_id=sent.visitor.id, today=today, now=now)
    return RedirectResponse("/services", status_code=303)


@router.post("/{service_code:path}/promise")
def choose_promise(request: Request, console: ConsoleHere, sent: Supervising, service_code: str) -> Response:
    """Say how soon it is done, and by which calendar; an empty amount promises nothing."""
    with console.product.database.write() as session:
        if session.get(Service, service_code) is None:
            raise NotFound("There is no such service.")
        reasons = keep_promise(session, service_code, sent.fields, sent.visitor.id, console.now())
    if reasons:
        typed = {name: sent.text(name) for name in ("amount", "unit", "calendar")}
        return _show(request, console, sent.visitor, Refused(service_code, reasons, typed, "promise"))
    return RedirectResponse("/services", status_code=303)


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


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        services = session.exec(select(Service).order_by(Service.service_name)).all()
        questions = questions_by_service(session)
        reaches = {one.service_code: one for one in session.exec(select(ServiceReach)).all()}
        promises, of_city = promised(session), calendars(session)
    rows = [_row(console.product, service, reaches.get(service.service_code)) for service in services]
    return signed_in_page(
        request,
        console,
        visitor,
        "services.html",
        422 if refused else 200,
        rows=[row for row in rows if row.service.active],
        inactive=[row for row in rows if not row.service.active],
        categories=sorted(CATEGORIES.items(), key=lambda one: one[1]),
        refused=refused,
        limits=LIMITS,
        questions=questions,
        datatypes=DATATYPES,
        languages=LANGUAGES,
        promises=promises,
        calendars=of_city,
        units=UNITS,
    )


def _row(product: Product, service: Service, reach: ServiceReach | None) -> ServiceRow:
    if service.service_code in CATEGORIES:
        guess, how = service.service_code, "by its code"
    else:
        suggest = product.suggest_category
        guess, how = (suggest(service) or "", "guessed from its name and keywords") if suggest else ("", "")
    chosen = service.category or ""
    kind = chosen if chosen in CATEGORIES else guess
    own, default = Figures.own(reach), Figures.of_kind(kind)
    return ServiceRow(service, CATEGORIES.get(chosen, chosen), CATEGORIES.get(guess, guess), how, own, default)
