"""The supervisor's pages: how things stand now, and the figures of a period."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session, col, select
from starlette.responses import Response

from hark311.console import queries, supervise_sheets, words
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.sheets import Sheet, as_csv
from hark311.console.visits import ConsoleHere, Visitor, viewing_with
from hark311.kpi_facts import LONGEST, Chosen, Period, period_of
from hark311.kpi_report import BESIDE_EACH_OTHER, By, Report, channel_named, day_named, report_of, said
from hark311.kpis import Reckoning
from models import Channel, Power, Service, scope_of
from responders.review import NotFound

router = APIRouter(prefix="/supervise")

Watching = Annotated[Visitor, Depends(viewing_with(Power.SUPERVISE))]
HOURS = (1, 4, 24, 72)
SPANS = (1, 7, 28, 90)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page of figures asks for. A value that names nothing is taken as absent."""

    since: str
    until: str
    channel: Channel | None
    service: str
    language: str
    within: int
    by: By

    def query(self, **changed: str) -> str:
        """The query part of a link with the same choice."""
        chosen = {
            "since": self.since,
            "until": self.until,
            "channel": self.channel or "",
            "service": self.service,
            "language": self.language,
            "within": str(self.within),
            "by": self.by.value,
            **changed,
        }
        return urlencode({name: value for name, value in chosen.items() if value})


def asked(
    since: str = "",
    until: str = "",
    channel: str = "",
    service: str = "",
    language: str = "",
    within: str = "24",
    by: str = "channel",
) -> Asked:
    return Asked(
        since if day_named(since) else "",
        until if day_named(until) else "",
        channel_named(channel),
        service,
        language if language in words.LANGUAGES or language == "und" else "",
        int(within) if within in {str(hours) for hours in HOURS} else 24,
        By(by) if by in set(By) else By.CHANNEL,
    )


Asking = Annotated[Asked, Depends(asked)]


@router.get("")
def show_now(request: Request, console: ConsoleHere, visitor: Watching) -> Response:
    """What waits and since when, what is pending, what goes by itself, what is held."""
    with console.product.database.read() as session:
        sheets = _sheets(session, console, visitor)
    return signed_in_page(request, console, visitor, "supervise.html", sheets=sheets)


@router.get("/now/{key}.csv")
def download_now(console: ConsoleHere, visitor: Watching, key: str) -> Response:
    with console.product.database.read() as session:
        sheets = _sheets(session, console, visitor)
    if key not in sheets:
        raise NotFound(f"There is no table {key}.")
    return as_csv(sheets[key])


@router.get("/figures")
def show_figures(request: Request, console: ConsoleHere, visitor: Watching, ask: Asking) -> Response:
    """The figures of a period, each with its definition."""
    with console.product.database.read() as session:
        report = _report(session, console, visitor, ask)
        context: dict[str, Any] = {
            "services": session.exec(select(Service).where(col(Service.active)).order_by(Service.service_name)).all(),
            "channels": queries.channels_in_use(session),
        }
    beside = supervise_sheets.parts_sheet(report)
    today = console.city_time.today(console.now())
    return signed_in_page(
        request,
        console,
        visitor,
        "figures.html",
        ask=ask,
        report=report,
        period=report.chosen.period,
        days=supervise_sheets.days_sheet(report),
        beside=Sheet(beside.key, beside.title, beside.columns, beside.rows[:BESIDE_EACH_OTHER], beside.empty),
        left_out=max(0, len(beside.rows) - BESIDE_EACH_OTHER),
        said=said,
        hours=HOURS,
        spans=[(days, (today - timedelta(days=days - 1)).isoformat()) for days in SPANS],
        today=today,
        longest=LONGEST.days,
        languages=words.LANGUAGES,
        **context,
    )


@router.get("/figures/{key}.csv")
def download_figures(console: ConsoleHere, visitor: Watching, ask: Asking, key: str) -> Response:
    with console.product.database.read() as session:
        report = _report(session, console, visitor, ask)
    found = (
        supervise_sheets.figures_sheet(report),
        supervise_sheets.days_sheet(report),
        supervise_sheets.parts_sheet(report),
    )
    sheet = next((one for one in found if one.key == key), None)
    if sheet is None:
        raise NotFound(f"There is no table {key}.")
    return as_csv(sheet)


def _sheets(session: Session, console: Console, visitor: Visitor) -> dict[str, Sheet]:
    return supervise_sheets.sheets_of(session, console, scope_of(session, visitor.staff).where())


def _report(session: Session, console: Console, visitor: Visitor, ask: Asked) -> Report:
    now, zone = console.now(), console.city_time.zone
    period: Period = period_of(day_named(ask.since), day_named(ask.until), now.astimezone(zone).date(), zone)
    scope = scope_of(session, visitor.staff).where()
    chosen = Chosen(period, ask.channel, ask.service, ask.language, scope)
    return report_of(session, chosen, Reckoning(now, timedelta(hours=ask.within)), ask.by)
