"""GET /events: a page learns that something changed, as server-sent events. Without it, pages ask every few seconds."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, format_sse_event
from sqlmodel import Session
from starlette.responses import HTMLResponse

from hark311.console.auth import person_of_session
from hark311.console.live import BEAT_SECONDS
from hark311.console.pages import Console
from hark311.console.reach import require_reach
from hark311.console.visits import ConsoleHere, Viewing, Visitor
from models.presence import THE_LIST, Onlooker, onlookers

router = APIRouter()

RETRY_MILLISECONDS = 2_000
QUIET = b": nothing new\n\n"


@dataclass(frozen=True, slots=True)
class Looking:
    """Who else looks at a mention right now."""

    mention_id: int
    people: list[Onlooker]


def looking_at(session: Session, console: Console, visitor: Visitor, mention_id: int) -> Looking:
    """Who else looks at a mention; that this person does is noted."""
    console.live.polled(visitor.id, mention_id)
    found = onlookers(session, [mention_id], console.now(), visitor.id)
    return Looking(mention_id, found.get(mention_id, []))


@router.get("/mentions/{mention_id}/looking")
def show_looking(console: ConsoleHere, visitor: Viewing, mention_id: int) -> HTMLResponse:
    """Who else looks at the mention, again."""
    with console.product.database.read() as session:
        looking = looking_at(session, console, visitor, mention_id)
    return console.page("looking.html", looking=looking)


@router.get("/events")
async def stream(console: ConsoleHere, visitor: Viewing, mention: int = THE_LIST) -> EventSourceResponse:
    """What changes, while the page is open and its person signed in. `mention`: the one the page is about."""
    if mention != THE_LIST:
        await asyncio.to_thread(_require_reach, console, visitor, mention)
    return events_for(console, visitor, mention if mention < 2**31 else THE_LIST)


def events_for(console: Console, visitor: Visitor, look: int) -> EventSourceResponse:
    """The stream for one page. `look`: the mention it is about, THE_LIST, or the board of a chat as minus its id."""
    return EventSourceResponse(
        _events(console, visitor, look), headers={"cache-control": "no-store", "x-accel-buffering": "no"}
    )


def _require_reach(console: Console, visitor: Visitor, mention_id: int) -> None:
    with console.product.database.read() as session:
        require_reach(session, visitor.staff, {"mention_id": mention_id})


async def _events(console: Console, visitor: Visitor, mention_id: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    proved = loop.time()
    yield format_sse_event(retry=RETRY_MILLISECONDS, comment="hark311")
    async for notice in console.live.listen(visitor.id, mention_id):
        if loop.time() - proved >= BEAT_SECONDS:
            if not await asyncio.to_thread(_still_signed_in, console, visitor):
                yield format_sse_event(event="signed-out", data_str="{}")
                return
            proved = loop.time()
        if notice is None:
            yield QUIET
        else:
            yield format_sse_event(event="step", data_str=json.dumps(asdict(notice)), id=str(notice.number))


def _still_signed_in(console: Console, visitor: Visitor) -> bool:
    with console.product.database.read() as session:
        return person_of_session(session, visitor.secret, console.now()) is not None
