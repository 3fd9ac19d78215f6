"""The city's gazetteer on the desk: its layers, what people call places, and a box to try a phrase in."""

from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.nicknames import NAMES, Nickname, NicknameTrouble, change_nickname, nicknames, nicknames_of_layers
from hark311.console.pages import Console
from hark311.console.place_queries import PlaceMap, ShownPlace, map_around, marks_of, sentence, shown_places
from hark311.console.visits import ConsoleHere, Submission, Submitting, Supervising, Viewing, Visitor
from models.place_layers import active_layers, count_features

router = APIRouter(prefix="/places")

LONGEST_PHRASE = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """A phrase that somebody tried: the words that name a place, and what the gazetteer makes of them."""

    text: str
    named: list[str]
    places: list[ShownPlace]
    question: str
    note: str
    map: PlaceMap | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a nickname was not changed, what was typed, and for which row; `was` is "" for a new one."""

    was: str
    reasons: list[str]
    typed: dict[str, str] = field(default_factory=dict)


@router.get("")
def show_places(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("/try")
def try_phrase(request: Request, console: ConsoleHere, sent: Submitting) -> Response:
    """What the finder and the gazetteer make of a phrase. Nothing is kept."""
    text = sent.text("phrase")[:LONGEST_PHRASE]
    return _show(request, console, sent.visitor, tried=_try(console, text) if text.strip() else None)


@router.post("/nicknames")
def keep_nickname(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """Add a nickname, or change the one that was called `was`."""
    return _change(request, console, sent, Nickname.of(sent.text("name"), sent.text("meant")))


@router.post("/nicknames/remove")
def remove_nickname(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    return _change(request, console, sent, None)


def _change(request: Request, console: Console, sent: Submission, wanted: Nickname | None) -> Response:
    was, by = sent.text("was"), f"staff:{sent.visitor.id}"
    try:
        with console.product.database.write() as session:
            change_nickname(session, console.product.settings.city, was, wanted, by=by, now=console.now())
    except NicknameTrouble as trouble:
        typed = {name: sent.text(name) for name in NAMES}
        return _show(request, console, sent.visitor, refused=Refused(was, trouble.reasons, typed))
    return RedirectResponse("/places#nicknames", status_code=303)


def _try(console: Console, text: str) -> Tried | None:
    product = console.product
    if product.locate is None:
        return None
    located, city = product.locate(text), product.settings.city
    with product.database.read() as session:
        layers = active_layers(session, city)
        return Tried(
            text=text,
            named=[text[start:end] for start, end in located.phrases],
            places=shown_places(located.candidates, {None: text}),
            question=located.question,
            note=sentence(located.note),
            map=map_around(session, city, layers, marks_of(located.candidates)),
        )


def _show(
    request: Request,
    console: Console,
    visitor: Visitor,
    *,
    tried: Tried | None = None,
    refused: Refused | None = None,
) -> Response:
    city = console.product.settings.city
    with console.product.database.read() as session:
        layers, counts = active_layers(session, city), count_features(session, city)
        known, came = nicknames(session, city), nicknames_of_layers(session, city)
    return signed_in_page(
        request,
        console,
        visitor,
        "places.html",
        422 if refused else 200,
        city=city,
        layers=layers,
        counts=counts,
        nicknames=known,
        nicknames_of_layers=came,
        tried=tried,
        refused=refused,
        can_try=console.product.locate is not None,
    )
