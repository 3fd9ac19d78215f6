"""The queue and its parts that refresh by themselves."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session, select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console import channel_queries, queries, queue_queries, queue_rows, words
from hark311.console.frame import keys_on, signed_in_page
from hark311.console.queue_queries import Filters, Place
from hark311.console.views import BY_KEY, VIEWS, View
from hark311.console.visits import ConsoleHere, Submitting, Viewing
from models import Channel, MentionState, Service

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
            "channel": self.filters.channel or "",
            "account": str(self.filters.account_id or ""),
            "state": self.filters.state or "",
            "service": self.filters.service_code or "",
            "language": self.filters.language or "",
            "after": str(after) if after else "",
            **changed,
        }
        return urlencode({name: value for name, value in chosen.items() if value})


def asked(
    view: str = "now",
    channel: str = "",
    account: str = "",
    state: str = "",
    service: str = "",
    language: str = "",
    after: str = "",
) -> Asked:
    filters = Filters(
        channel=Channel(channel) if channel in set(Channel) else None,
        account_id=int(account) if account.isdecimal() and len(account) < 10 else None,
        state=MentionState(state) if state in set(MentionState) else None,
        service_code=service or None,
        language=language if language in words.LANGUAGES or language == "und" else None,
    )
    return Asked(BY_KEY.get(view, BY_KEY["now"]), filters, Place.parse(after))


Asking = Annotated[Asked, Depends(asked)]


@router.get("/")
def show_desk() -> Response:
    return RedirectResponse("/queue", status_code=303)


@router.get("/queue")
def show_queue(request: Request, console: ConsoleHere, visitor: Viewing, ask: Asking) -> Response:
    with console.product.database.read() as session:
        context = {
            **_live(session, console, visitor, ask),
            "services": session.exec(select(Service).order_by(Service.service_name)).all(),
            "channels_in_use": queries.channels_in_use(session),
        }
    return signed_in_page(request, console, visitor, "queue.html", **context)


@router.get("/queue/live")
def show_live(request: Request, console: ConsoleHere, visitor: Viewing, ask: Asking) -> HTMLResponse:
    """The parts of the queue page that change while somebody looks at it."""
    with console.product.database.read() as session:
        context = _live(session, console, visitor, ask)
        header = queries.header(session, visitor.id, channel_queries.count_unheard(session, console))
    return console.page("queue_live.html", header=header, csrf=visitor.csrf, keys_on=keys_on(request), **context)


@router.post("/alarms/{alarm_id}/acknowledge")
def acknowledge(console: ConsoleHere, sent: Submitting, alarm_id: int) -> Response:
    console.product.desk.acknowledge(alarm_id, sent.visitor.id)
    mention_id = sent.text("mention_id")
    return RedirectResponse(f"/mentions/{mention_id}" if mention_id.isdecimal() else "/queue", status_code=303)


def _live(session: Session, console: ConsoleHere, visitor: Viewing, ask: Asked) -> dict[str, Any]:
    found = queue_queries.find(session, ask.view, ask.filters, visitor.id, ask.after)
    return {
        "ask": ask,
        "views": VIEWS,
        "counts": queue_queries.counts(session, visitor.id),
        "unreadable": queries.count_unreadable(session),
        "arriving": queue_queries.arriving(session),
        "alarms": queries.open_alarms(session),
        "channels": channel_queries.channel_states(session, console),
        "rows": queue_rows.rows(session, found.ids, console.now()),
        "found": found,
    }
