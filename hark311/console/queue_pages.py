"""The queue and its parts that refresh by themselves."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session, col, select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console import channel_queries, queries, queue_queries, queue_rows
from hark311.console.calendar_queries import answering_now
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queue_filters import Filters, normal_query, read_filters, write_filters
from hark311.console.queue_streams import Place
from hark311.console.views import BY_KEY, VIEWS, View
from hark311.console.visits import ConsoleHere, Drafting, Viewing, Visitor
from models import Account, SavedView, Service, StaffUser, scope_of
from models.presence import THE_LIST, onlookers
from models.saved_views import views_for
from models.sorting import areas_in_use

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a queue page asks for. A value that names nothing is taken as absent."""

    view: View
    filters: Filters
    after: Place | None

    def query(self, after: Place | None = None, **changed: str) -> str:
        """The query part of a link to this view, with the same filters."""
        chosen = {
            "view": self.view.key,
            **write_filters(self.filters),
            "after": str(after) if after else "",
            **changed,
        }
        return urlencode({name: value for name, value in chosen.items() if value})

    @property
    def saved_as(self) -> str:
        """The same as a saved view keeps it."""
        return normal_query(self.query(), tuple(BY_KEY))


def asked(request: Request) -> Asked:
    """What is looked for without a view is looked for everywhere."""
    given = {name: value for name, value in request.query_params.items() if len(value) <= LONGEST_VALUE}
    filters = read_filters(given)
    usual = "all" if filters.words else "now"
    return Asked(BY_KEY.get(given.get("view", usual), BY_KEY[usual]), filters, Place.parse(given.get("after", "")))


LONGEST_VALUE = 500
Asking = Annotated[Asked, Depends(asked)]


@dataclass(frozen=True, slots=True)
class RailView:
    """A saved view as the rail shows it."""

    id: int
    name: str
    query: str
    shared: bool
    theirs: bool
    count: queries.Count


@router.get("/")
def show_desk() -> Response:
    return RedirectResponse("/queue", status_code=303)


@router.get("/queue")
def show_queue(request: Request, console: ConsoleHere, visitor: Viewing, ask: Asking) -> Response:
    console.live.polled(visitor.id, THE_LIST)
    with console.product.database.read() as session:
        context = {
            **_live(session, console, visitor, ask),
            "services": session.exec(select(Service).order_by(Service.service_name)).all(),
            "channels_in_use": queries.channels_in_use(session),
            "accounts": session.exec(select(Account).order_by(Account.name)).all(),
            "areas": areas_in_use(session),
            "colleagues": session.exec(
                select(StaffUser).where(col(StaffUser.active)).order_by(StaffUser.display_name)
            ).all(),
        }
    return signed_in_page(request, console, visitor, "queue.html", **context)


@router.get("/queue/live")
def show_live(console: ConsoleHere, visitor: Viewing, ask: Asking) -> HTMLResponse:
    """The parts of the queue page that change while somebody looks at it."""
    console.live.polled(visitor.id, THE_LIST)
    with console.product.database.read() as session:
        context = _live(session, console, visitor, ask)
        today, unheard = console.city_time.today(console.now()), channel_queries.count_unheard(session, console)
        header = queries.header(session, visitor.id, unheard, today)
    return console.page("queue_live.html", header=header, staff=visitor.staff, csrf=visitor.csrf, **context)


@router.post("/alarms/{alarm_id}/acknowledge")
def acknowledge(console: ConsoleHere, sent: Drafting, alarm_id: int) -> Response:
    console.product.desk.acknowledge(alarm_id, sent.visitor.id)
    mention_id = sent.text("mention_id")
    return RedirectResponse(f"/mentions/{mention_id}" if mention_id.isdecimal() else "/queue", status_code=303)


def _live(session: Session, console: Console, visitor: Visitor, ask: Asked) -> dict[str, Any]:
    scope = scope_of(session, visitor.id).where()
    found = queue_queries.find(session, ask.view, ask.filters, visitor.id, ask.after, scope)
    here = onlookers(session, [THE_LIST, *found.ids], console.now(), visitor.id)
    return {
        "ask": ask,
        "views": VIEWS,
        "counts": queue_queries.counts(session, visitor.id, scope),
        "saved": [_rail_view(session, one, visitor, scope) for one in views_for(session, visitor.id)],
        "unreadable": queries.count_unreadable(session),
        "arriving": queue_queries.arriving(session),
        "alarms": queries.open_alarms(session, scope),
        "channels": channel_queries.channel_states(session, console),
        "rows": queue_rows.rows(session, found.ids, console.now()),
        "found": found,
        "onlookers": here,
        "answering": answering_now(session, console.now()),
    }


def _rail_view(session: Session, one: SavedView, visitor: Visitor, scope: queue_queries.Conditions) -> RailView:
    ask = asked_of(one.query)
    count = queue_queries.count(session, ask.view, visitor.id, ask.filters, scope)
    return RailView(one.id or 0, one.name, one.query, one.shared, one.staff_id != visitor.id, count)


def asked_of(query: str) -> Asked:
    """What a saved view asks for."""
    return asked(Request({"type": "http", "query_string": query.encode(), "headers": []}))
