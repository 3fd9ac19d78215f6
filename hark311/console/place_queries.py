"""Where it may be, as the place card and the Places page show it: candidates in words, and the map around them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from classifier.places.spots import metres
from hark311.console import words
from hark311.console.decisions import DecisionForm
from hark311.console.map_drawing import Drawing, Mark, draw, on_earth, sheet_around, street_of
from hark311.console.mention_queries import MentionPage
from hark311.console.nearby import open_nearby, radius_of
from hark311.console.neighbour_queries import NeighbourCard
from hark311.product import OfPlace, Product
from models import Candidate, PlaceLayer, ServiceRequest
from models.place_layers import active_layers, stretches_in
from models.threads import posts_of
from responders.drafting import Missing

LINES_DRAWN = 1_500
"""More lines than this on one sheet are a grey carpet; the map is then drawn without streets, and says so."""
SAME_POINT = 1e-6
"""Degrees: as fine as the form writes them, about a tenth of a metre."""
A_GUESS_M = 5_000.0
"""A point that may be farther off than this is none that a crew could go to."""
ASTRAY_M = 200.0
"""Between a place's name and a point that still go together: a large crossing, a park's other gate."""
IN_REQUEST = "R"
LIT = ("address", "block")
"""Kinds whose stretch of street is lit on the map."""


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """One candidate as the desk says it. `index`: its place in the understanding; `sign`: on its pin, "" for no pin.

    A point without a name is called by its kind, and `kind` is then empty.
    """

    index: int
    sign: str
    name: str
    kind: str
    precision: str
    source: str
    said: str
    score: float
    estimated: bool
    outside: bool
    note: str
    in_use: bool


@dataclass(frozen=True, slots=True)
class Ring:
    """How far around a point repeats are looked for: in units of the sheet, and in metres."""

    x: float
    y: float
    radius: float
    metres: float


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """A map with whom its streets are from. `crowded`: there are too many streets to draw."""

    drawing: Drawing
    marks: list[Mark]
    dots: list[Mark]
    attribution: list[str]
    crowded: bool
    ring: Ring | None = None


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """Where a mention may be. `point`: lat, lon of what the request says, or else of the best candidate."""

    understanding_id: int
    read_anew: bool
    places: list[ShownPlace]
    question: str
    note: str
    map: PlaceMap | None
    point: tuple[float, float] | None
    apart: bool
    """Whether the request names a point that is none of the candidates; it is on the map as IN_REQUEST."""
    astray: str
    """How far the point of the request lies from the place that it names, in words; "" where it lies there."""


def place_card(
    session: Session, page: MentionPage, form: DecisionForm, city: str, neighbours: Sequence[Mark] = ()
) -> PlaceCard:
    """The card of a mention. `neighbours`: where others tell of the same, shown as small dots."""
    understanding, layers = page.understanding, active_layers(session, city)
    found = understanding.candidates() if understanding else []
    texts = {post.id: post.text for post in posts_of(session, page.mention.id or 0)}
    note = sentence(understanding.place_note) if understanding else ""
    places = [one if one.note != note else replace(one, note="") for one in shown_places(found, texts, form)]
    marks = marks_of(found)
    apart = form.point is not None and on_earth(*form.point) and not any(one.in_use for one in places)
    if apart and form.point:
        marks.append(Mark(*form.point, IN_REQUEST, form.address_string or "What the request says"))
    best = next(((one.lat, one.lon) for one in found if one.lat is not None and one.lon is not None), None)
    point = form.point or best
    here = point if point and on_earth(*point) else None
    dots = [*neighbours, *(open_nearby(session, here, page.mention.id or 0) if here else [])]
    drawn = map_around(session, city, layers, marks, _distinct(dots))
    return PlaceCard(
        understanding_id=(understanding.id if understanding else None) or 0,
        read_anew=understanding is not None
        and (understanding.mention_version != page.mention.version or page.mention.needs_understanding),
        places=places,
        question="" if understanding is None or _is_settled(page, places) else understanding.place_question,
        note=note,
        map=_with_ring(session, drawn, here, form.service_code) if drawn and here else drawn,
        point=point,
        apart=apart,
        astray=_astray(found, form),
    )


def _distinct(dots: Sequence[Mark]) -> list[Mark]:
    """One dot where several lie on each other: what tells of the same comes first."""
    by_point: dict[tuple[float, float], Mark] = {}
    for one in dots:
        by_point.setdefault((round(one.lat, 6), round(one.lon, 6)), one)
    return list(by_point.values())


def _with_ring(session: Session, drawn: PlaceMap, point: tuple[float, float], service_code: str) -> PlaceMap:
    radius = radius_of(session, service_code)
    if not radius:
        return drawn
    x, y = drawn.drawing.sheet.xy(*point)
    return replace(drawn, ring=Ring(x, y, radius / drawn.drawing.sheet.metres, radius))


def _is_settled(page: MentionPage, places: Sequence[ShownPlace]) -> bool:
    """Whether the request says one of the places, and a crew lacks nothing more about where."""
    request = page.draft_request
    lacking = set(request.missing) - {Missing.SERVICE} if request else set()
    return any(one.in_use for one in places) and not lacking


def _astray(found: Sequence[Candidate], form: DecisionForm) -> str:
    named = next((one for one in found if one.name and one.name == form.address_string.strip()), None)
    if named is None or named.lat is None or named.lon is None or form.point is None:
        return ""
    off = metres(*form.point, named.lat, named.lon)
    return distance_words(off) if off > max(ASTRAY_M, named.precision_m) else ""


def dots_of(session: Session, card: NeighbourCard) -> list[Mark]:
    """Where the neighbours of a mention lie, those that have a point."""
    sides = [*([card.head] if card.head else []), *card.follow, *(one.side for one in card.suggested)]
    ids = [side.request_id for side in sides]
    found = session.exec(select(ServiceRequest).where(col(ServiceRequest.id).in_(ids))).all() if ids else []
    points = {one.id: (one.lat, one.long) for one in found}
    return [
        Mark(lat, lon, "", ", ".join(filter(None, (side.author, side.service, side.place))))
        for side in sides
        for lat, lon in [points.get(side.request_id, (None, None))]
        if lat is not None and lon is not None and on_earth(lat, lon)
    ]


def belongs(product: Product, point: tuple[float, float] | None, service_code: str) -> Sequence[OfPlace]:
    """Whose a point is, for the service in the form; nothing where there is no point, or nobody can tell."""
    if product.responsibility_of is None or point is None or not on_earth(*point):
        return []
    return product.responsibility_of(*point, service_code or None)


def shown_places(
    found: Sequence[Candidate],
    texts: Mapping[int | None, str],
    form: DecisionForm | None = None,
) -> list[ShownPlace]:
    """Candidates in words, best first. `texts`: the posts that their spans point into, by id."""
    on_map = {mark.sign for mark in marks_of(found)}
    return [
        ShownPlace(
            index=index,
            sign=sign if (sign := str(index + 1)) in on_map else "",
            name=_called(one),
            kind=words.PLACE_KIND.get(one.kind, one.kind) if one.name else "",
            precision=precision_words(one.precision_m) if on_earth(one.lat, one.lon) else "no point known",
            source="" if one.source == one.kind else _source(one.source),
            said=" ".join(texts.get(one.post_id, "")[one.start : one.end].split()) if one.end > one.start >= 0 else "",
            score=one.score,
            estimated=one.estimated,
            outside=one.outside,
            note=sentence(one.note),
            in_use=form is not None and _in_use(one, form),
        )
        for index, one in enumerate(found)
    ]


def marks_of(found: Sequence[Candidate]) -> list[Mark]:
    """The candidates that a map shows: those with a point; those outside the city only where there is no other."""
    marks = [
        (
            one.outside,
            Mark(one.lat, one.lon, str(index + 1), _called(one), max(0.0, one.precision_m), lights=one.kind in LIT),
        )
        for index, one in enumerate(found)
        if one.lat is not None and one.lon is not None and on_earth(one.lat, one.lon)
    ]
    return [mark for outside, mark in marks if not outside] or [mark for _, mark in marks]


def map_around(
    session: Session, city: str, layers: Sequence[PlaceLayer], marks: list[Mark], dots: Sequence[Mark] = ()
) -> PlaceMap | None:
    """The map that shows all marks; None where there is nothing to show."""
    if not marks:
        return None
    sheet = sheet_around(marks)
    lines = stretches_in(session, city, sheet.box, LINES_DRAWN + 1)
    crowded = len(lines) > LINES_DRAWN
    streets = [] if crowded else [found for one in lines if (found := street_of(one.name, one.shape))]
    drawing = draw(sheet, streets, marks, dots)
    used = {one.layer_id for one in lines} if streets else set()
    named = dict.fromkeys(layer.attribution for layer in layers if layer.id in used and layer.attribution)
    return PlaceMap(drawing, marks, list(dots), list(named), crowded)


def precision_words(within: float) -> str:
    """A precision as people say it: "within about 40 m"; "" where nothing is known of it."""
    if not within > 0 or math.isinf(within):
        return ""
    if within > A_GUESS_M:
        return "the point is a guess"
    return f"within about {distance_words(within)}"


def distance_words(far: float) -> str:
    """A distance as people say it, rounded: "40 m", "1.3 km"."""
    step = 5 if far < 50 else 10 if far < 200 else 50 if far < 1000 else 100
    rounded = max(step, round(far / step) * step)
    return f"{rounded / 1000:g} km" if rounded >= 1000 else f"{rounded:g} m"


def sentence(note: str) -> str:
    """A note as the desk says it: the gazetteer's begin small and end without a full stop."""
    whole = note[:1].upper() + note[1:]
    return whole if not whole or whole[-1] in ".?!" else f"{whole}."


def _called(one: Candidate) -> str:
    kind = words.PLACE_KIND.get(one.kind, one.kind)
    return one.name or kind[:1].upper() + kind[1:]


def _source(source: str) -> str:
    """Where a candidate's point is from, in words: the kinds of layers that know it, or else what found it."""
    kinds = {kind.value: found for kind, found in words.FOUND_IN.items()}
    return " and ".join(kinds.get(one) or words.FOUND_BY.get(one, one) for one in source.split(", "))


def _in_use(one: Candidate, form: DecisionForm) -> bool:
    if form.address_string.strip() != one.name.strip():
        return False
    if one.lat is None or one.lon is None or form.point is None:
        return form.point is None and one.lat is None
    lat, lon = form.point
    return abs(lat - one.lat) <= SAME_POINT and abs(lon - one.lon) <= SAME_POINT
