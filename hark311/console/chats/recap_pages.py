"""The public recap of a chat, its transcript and both as files: no sign-in, no script, nothing private.

Everything is read from the database at each look, so that a deleted or hidden post is gone at once. A recap that is not
published, was taken off or never was gets one and the same page. Search engines keep no copy that would outlive a post.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hark311.console.chats import recap_showing
from hark311.console.chats.recap_files import transcript_json, transcript_sheet
from hark311.console.chats.recap_showing import Reader, own_name, reader_of
from hark311.console.pages import Console
from hark311.console.sheets import as_csv
from hark311.console.status_page import page_words as status_words
from hark311.console.visits import ConsoleHere
from models import ChatRecap, TweetChat
from responders.chats.recap_posts import Line, lines_of, rows_of
from responders.chats.recapping import published
from responders.chats.run_drafts import time_words
from responders.drafting import language_of_reply

router = APIRouter(prefix="/recap")

HEADERS = {"x-robots-tag": "noindex, nofollow, noarchive", "cache-control": "no-store"}
LONGEST_SLUG = 80
ON_A_PAGE = 200
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


@dataclass(frozen=True, slots=True)
class Public:
    """A chat of which at least one recap is published."""

    chat: TweetChat
    recaps: Mapping[str, ChatRecap]

    @property
    def read_at(self) -> datetime:
        """When a person last read what was there and let it go."""
        return max(one.published_at for one in self.recaps.values() if one.published_at)

    def language_for(self, request: Request) -> str:
        """The language asked for, or the browser's, if there is a recap in it; else the first there is."""
        accepted = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
        for wanted in (request.query_params.get("in", ""), accepted):
            language = language_of_reply(wanted, self.recaps.keys()) if wanted else ""
            if language in self.recaps:
                return language
        return next(iter(self.recaps))


@router.get("/{slug}")
def show_recap(request: Request, console: ConsoleHere, slug: str) -> Response:
    """The recap in the language of the browser, where it is published in that."""
    return _answer(request, console, slug, lambda session, found: _recap(session, console, found, request, ""))


@router.get("/{slug}/transcript")
def show_transcript(request: Request, console: ConsoleHere, slug: str, page: PageNumber = 1) -> Response:
    """Every post that still stands, in order; `?in=es` chooses one of the published languages."""
    return _answer(request, console, slug, lambda session, found: _transcript(session, console, found, request, page))


@router.get("/{slug}/transcript.csv")
def download_csv(request: Request, console: ConsoleHere, slug: str) -> Response:
    """The transcript as a table that no spreadsheet takes for formulas."""
    return _answer(
        request,
        console,
        slug,
        lambda session, found: as_csv(transcript_sheet(found.chat, _lines(session, console, found))),
    )


@router.get("/{slug}/transcript.json")
def download_json(request: Request, console: ConsoleHere, slug: str) -> Response:
    """The same for programs."""
    return _answer(
        request,
        console,
        slug,
        lambda session, found: JSONResponse(transcript_json(found.chat, _lines(session, console, found))),
    )


@router.get("/{slug}/{language}")
def show_recap_in(request: Request, console: ConsoleHere, slug: str, language: str) -> Response:
    """The recap in one language."""
    return _answer(request, console, slug, lambda session, found: _recap(session, console, found, request, language))


Made = Callable[[Session, Public], Response | None]


def _answer(request: Request, console: Console, slug: str, make: Made) -> Response:
    address = request.client.host if request.client else ""
    if not console.throttle.may_look(address):
        return PlainTextResponse("Too many pages were asked for. Wait 15 minutes.\n", 429, headers=HEADERS)
    with console.product.database.read() as session:
        found = published(session, slug) if len(slug) <= LONGEST_SLUG else None
        answer = make(session, Public(*found)) if found else None
    if answer is None:
        console.throttle.missed(address)
        answer = _gone(request, console)
    answer.headers.update(HEADERS)
    return answer


def _recap(session: Session, console: Console, found: Public, request: Request, language: str) -> Response | None:
    recap = found.recaps.get(language or found.language_for(request))
    if recap is None:
        return None
    reader = reader_of(recap.language)
    shown = recap_showing.shown_recap(session, console, found.chat, recap)
    return _page(console, "chats/recap.html", reader, shown=shown, others=_others(found, recap.language))


def _transcript(session: Session, console: Console, found: Public, request: Request, page: int) -> Response | None:
    lines = _lines(session, console, found)
    pages = max(1, -(-len(lines) // ON_A_PAGE))
    if page > pages:
        return None
    reader = reader_of(found.language_for(request))
    clock = partial(time_words, zone=console.city_time.zone, language=reader.tag)
    return _page(
        console,
        "chats/transcript.html",
        reader,
        chat=found.chat,
        lines=lines[(page - 1) * ON_A_PAGE : page * ON_A_PAGE],
        clock=clock,
        page=page,
        pages=pages,
        first=(page - 1) * ON_A_PAGE + 1,
    )


def _lines(session: Session, console: Console, found: Public) -> list[Line]:
    rows = rows_of(session, found.chat, console.now())
    return lines_of(session, rows, console.product.redact, found.read_at)


def _others(found: Public, language: str) -> list[tuple[str, str]]:
    return [(tag, own_name(tag)) for tag in found.recaps if tag != language]


def _gone(request: Request, console: Console) -> Response:
    reader = reader_of(request.headers.get("accept-language", "en").partition(",")[0].partition(";")[0].strip())
    return _page(console, "chats/recap_gone.html", reader, 404)


def _page(console: Console, template: str, reader: Reader, status: int = 200, **more: object) -> Response:
    return console.page(
        template,
        status,
        said_as=reader.words,
        status_as=status_words()[reader.tag],
        language=reader.tag,
        direction=reader.direction,
        reader=reader,
        showing=recap_showing,
        **more,
    )
