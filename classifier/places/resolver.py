"""From the place phrases of a post to points: candidates with their evidence, or a question where it is not clear.

The pin, the photo and the words stay apart: each is a candidate of its own, and where they are far from each other the
note says so.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from classifier.places import questions
from classifier.places.found import Fits, Found, likely
from classifier.places.gazetteer import Area, Gazetteer
from classifier.places.lookups import Lookups
from classifier.places.phrases import Place
from classifier.places.readings import Form, Reading, read_phrase, read_place
from classifier.places.rereading import Rereader, Words
from classifier.places.spots import Spot, metres
from models import Need
from models.places import Candidate
from models.posts import Pin

ELSEWHERE = "not known in the part of the city that is named"
_MOST_CANDIDATES = 8
_EXACT = (Form.ADDRESS, Form.CROSSING)
_AREA_EDGE_M = 800.0
"""So far beyond an area's edge people still name it."""
_NEAR_M = 300.0
"""Evidence within this distance speaks for a place."""
_DISAGREE_M = 250.0
_PIN_M = 20.0
_PHOTO_M = 50.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a post is, best candidate first; a question where that is not clear enough for the service.

    `apart`: the pin, the photo and the words lead to different places; the note says how far.
    """

    candidates: tuple[Candidate, ...] = ()
    needs_clarification: bool = False
    question: str = ""
    note: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """One reading and the places it may be."""

    reading: Reading
    found: tuple[Found, ...]

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """Best first when sorted: one place that is enough, then one of several, then the rest."""
        best = self.found[0]
        return best.spot is None, not best.enough, -best.score + 0.1 * (len(self.found) > 1)


class Resolver:
    """Resolves against one gazetteer. `version` names it.

    `normal`: a city's own address parser, from a phrase to its normal form or None; asked about what is not found.
    """

    def __init__(self, gazetteer: Gazetteer, normal: Callable[[str], str | None] | None = None) -> None:
        self.gazetteer = gazetteer
        self._normal = normal
        self.version = gazetteer.version
        self._lookups = Lookups(gazetteer)
        self._rereader = Rereader(gazetteer)

    def resolve(
        self,
        text: str,
        places: Sequence[Place],
        *,
        need: Need = Need.POINT,
        pin: Pin | None = None,
        photo: Pin | None = None,
    ) -> Resolved:
        """The candidates for one post. `places`: the place phrases found in its text. Never raises for a text."""
        points = [point for point in (pin, photo) if point is not None]
        readings = [one for place in places if not self._rereader.is_common(one := read_place(text, place))]
        taken = [
            (one.start, one.end)
            for one in readings
            if one.form is not Form.NAME or self._lookups.named.is_landmark(one)
        ]
        words = Words.of(text)
        areas = self._rereader.areas(words, taken)
        answers = self._answers(words, readings, points, areas)
        if not any(map(_is_enough, answers)) and (official := self._official(text, readings)):
            readings, answers = official, self._answers(words, official, points, areas) or answers
        spoken = [
            self._candidate(one, answer.reading) for answer in answers[:3] for one in answer.found[:_MOST_CANDIDATES]
        ]
        spoken = spoken or [_by_name(text, self._in_full(reading)) for reading in readings[:1]]
        candidates = self._with_points(spoken, answers, pin, photo)
        enough = need is Need.NOTHING or (points and need is not Need.ADDRESS)
        question = "" if enough else self._question(answers, readings, need, areas)
        apart = self._apart(candidates, answers)
        note = self._note(candidates, apart)
        return Resolved(tuple(candidates[:_MOST_CANDIDATES]), bool(question), question, note, bool(apart))

    def _official(self, text: str, readings: Sequence[Reading]) -> list[Reading]:
        """The streets, corners and addresses among the readings as the city's own parser writes them."""
        if self._normal is None:
            return []
        written = ((one, self._normal(text[one.start : one.end])) for one in readings if one.streets)
        return [read_phrase(normal, None, one.start, one.end) for one, normal in written if normal]

    def _answers(
        self, words: Words, readings: Sequence[Reading], points: Sequence[Pin], areas: Sequence[Area]
    ) -> list[_Answer]:
        """What the readings lead to, best first, each narrowed down by all that the post says besides."""
        answers = self._looked_up(readings, areas)
        if not any(_is_enough(one) for one in answers):
            answers += self._looked_up(self._joined(readings), areas)
        if not any(_is_enough(one) for one in answers):
            answers += [one for one in self._looked_up(self._rereader.readings(words), areas) if _is_enough(one)]
        if any(len(one.found) > 1 for one in answers):
            answers = [self._narrowed(one, answers, points) for one in answers]
        return sorted(answers, key=lambda one: one.rank)

    def _looked_up(self, readings: Iterable[Reading], areas: Sequence[Area]) -> list[_Answer]:
        def fits(spot: Spot, edge_m: float = _AREA_EDGE_M) -> bool:
            return any(self.gazetteer.is_in(area, spot.lat, spot.lon, edge_m) for area in areas)

        looked = ((one, self._lookups.find(one, fits if areas else None)) for one in readings)
        return [_Answer(one, self._in_area(found, fits) if areas else tuple(found)) for one, found in looked if found]

    def _in_area(self, found: Sequence[Found], fits: Fits) -> tuple[Found, ...]:
        """The places in an area the post names. Where none is, a street without a known course may be another one."""
        for edge_m in (0.0, _AREA_EDGE_M, 2 * _AREA_EDGE_M):
            inside = [one for one in found if one.spot is not None and fits(one.spot, edge_m)]
            if inside and (edge_m <= _AREA_EDGE_M or any(one.known for one in inside)):
                return tuple(inside)
        return tuple(
            one
            if one.kind == "area" or any(self.gazetteer.has_lines(street) for street in one.streets)
            else replace(one, enough=False, note=ELSEWHERE)
            for one in found
        )

    def _joined(self, readings: Sequence[Reading]) -> list[Reading]:
        """Two streets named apart from each other may be one corner; a street and "between Y and Z" are one stretch."""
        streets = [one for one in readings if one.form in (Form.STREET, Form.NAME, Form.ADDRESS) and one.streets]
        bounds = [one for one in readings if one.form is Form.STRETCH and not one.streets[0][0].base]
        stretches = [
            replace(bound, streets=tuple((one.streets[0][0], *pair[1:]) for pair in bound.streets))
            for one in streets
            for bound in bounds
        ]
        return stretches + [
            Reading(Form.CROSSING, one.start, other.end, streets=((one.streets[0][0], other.streets[0][0]),))
            for at, one in enumerate(streets)
            for other in streets[at + 1 :]
            if one.streets[0][0].key != other.streets[0][0].key
        ]

    def _narrowed(self, answer: _Answer, answers: Sequence[_Answer], points: Sequence[Pin]) -> _Answer:
        """Of several places those that another street of the post or a point speaks for, and then the likely ones."""
        found = answer.found
        if len(found) > 1:
            near = [
                one for one in found if any(self._speaks_for(one, other) for other in answers if other is not answer)
            ]
            found = _kept(found, near)
        if len(found) > 1:
            found = _kept(found, [one for one in found if any(_metres_to(one, point) <= _NEAR_M for point in points)])
        return replace(answer, found=likely(found, lambda one: self._lookups.is_lesser(answer.reading, one)))

    def _speaks_for(self, one: Found, other: _Answer) -> bool:
        """Whether another reading of the post is near this place, and on another street."""
        return one.spot is not None and any(
            self.gazetteer.is_near(street, one.spot.lat, one.spot.lon, _NEAR_M)
            for found in other.found
            for street in found.streets
            if street not in one.streets and self.gazetteer.streets[street].key != self._key(one)
        )

    def _key(self, one: Found) -> str:
        return self.gazetteer.streets[one.streets[0]].key if one.streets else ""

    def _candidate(self, one: Found, reading: Reading) -> Candidate:
        spot = one.spot
        return Candidate(
            kind=one.kind,
            name=one.name,
            lat=round(spot.lat, 6) if spot else None,
            lon=round(spot.lon, 6) if spot else None,
            precision_m=round(spot.precision_m, 1) if spot else 0.0,
            source=one.source or self.gazetteer.source_of(one.streets) or "gazetteer",
            score=round(one.score, 3),
            start=reading.start,
            end=reading.end,
            estimated=bool(spot and spot.estimated),
            outside=bool(spot and not self.gazetteer.in_city(spot.lat, spot.lon)),
            note=one.note,
        )

    def _in_full(self, reading: Reading) -> Reading:
        """With the street words and directions that the gazetteer leaves no choice about."""
        return replace(reading, streets=tuple(tuple(map(self._lookups.in_full, names)) for names in reading.streets))

    def _with_points(
        self, spoken: list[Candidate], answers: Sequence[_Answer], pin: Pin | None, photo: Pin | None
    ) -> list[Candidate]:
        """The pin goes before words that are unclear, coarse or far from it; the photo only before no point at all."""
        candidates = spoken
        clear = len(answers[0].found) == 1 and answers[0].found[0].enough if answers else False
        if photo is not None:
            shown = self._pinned(photo, "photo", _PHOTO_M, 0.6)
            candidates = [*candidates[:1], shown, *candidates[1:]] if clear else [shown, *candidates]
        if pin is not None:
            shown = self._pinned(pin, "pin", _PIN_M, 0.9)
            agrees = clear and _between(shown, spoken[0]) <= _DISAGREE_M + spoken[0].precision_m
            candidates = [*candidates[:1], shown, *candidates[1:]] if agrees else [shown, *candidates]
        return candidates

    def _pinned(self, point: Pin, kind: str, precision_m: float, score: float) -> Candidate:
        return Candidate(
            kind=kind,
            name=point.address or point.title,
            lat=point.lat,
            lon=point.lon,
            precision_m=point.accuracy_m or precision_m,
            source=kind,
            score=score,
            outside=not self.gazetteer.in_city(point.lat, point.lon),
        )

    def _question(
        self, answers: Sequence[_Answer], readings: Sequence[Reading], need: Need, areas: Sequence[Area]
    ) -> str:
        known = {one.reading for one in answers}
        lost = [one for one in readings if one.form in _EXACT and one not in known]
        if not answers or (lost and not _is_enough(answers[0]) and len(answers[0].found) == 1):
            return self._not_found(lost or readings, need)
        found = answers[0].found
        if areas and found[0].note == ELSEWHERE:
            return questions.elsewhere(found[0].name, areas[0].name)
        if len(found) > 1:
            streets = [self.gazetteer.streets[one.streets[0]] for one in found if one.streets]
            return questions.which_of(found, streets, [self._area_of(one) for one in found])
        if not found[0].enough or found[0].spot is None or (need is Need.ADDRESS and found[0].kind != "address"):
            return questions.more_exactly(found[0], need)
        return ""

    def _not_found(self, readings: Sequence[Reading], need: Need) -> str:
        for one in readings:
            names = [name for name in one.streets[0] if name.base] if one.streets else []
            if not names or one.form is Form.NAME:
                continue
            lost = next((name for name in names if not self._lookups.streets(name)), None)
            if lost is not None:
                return questions.unknown(lost.normal)
            if one.form is Form.CROSSING:
                streets = [street for name in names for street in self._lookups.streets(name)]
                sketched = "starter" in self.gazetteer.source_of(streets)  # which does not know every corner
                drawn = not sketched and all(self.gazetteer.has_lines(street) for street in streets)
                return (questions.apart if drawn else questions.unmet)(names[0].normal, names[1].normal)
            return questions.more_exactly(Found("street", names[0].normal, None, 0.0), need)
        return questions.more_exactly(None, need)

    def _area_of(self, one: Found) -> str:
        if one.spot is None:
            return ""
        areas = self.gazetteer.areas_at(one.spot.lat, one.spot.lon)
        return next((area.name for area in areas if area.kind == "neighbourhood"), "")

    def _note(self, candidates: Sequence[Candidate], apart: Sequence[str]) -> str:
        notes = [f"the {candidates[0].kind} is outside the city"] if any(one.outside for one in candidates[:2]) else []
        notes += apart
        notes += [candidates[0].note] if candidates and candidates[0].note else []
        return "; ".join(notes)

    def _apart(self, candidates: Sequence[Candidate], answers: Sequence[_Answer]) -> list[str]:
        """What is said where the pin, the photo and the words are farther apart than they are unsure."""
        if answers and len(answers[0].found) > 1:
            return []
        best: dict[str, Candidate] = {}
        for one in candidates:
            if one.lat is not None:
                best.setdefault(_word(one), one)
        evidence = list(best.values())
        return [
            f"the {_word(one)} and the {_word(other)} are {_far(_between(one, other))} apart"
            for at, one in enumerate(evidence)
            for other in evidence[at + 1 :]
            if _between(one, other) > max(_DISAGREE_M, one.precision_m + other.precision_m)
        ]


def _is_enough(answer: _Answer) -> bool:
    return answer.found[0].enough and answer.found[0].spot is not None


def _kept(found: tuple[Found, ...], narrower: Sequence[Found]) -> tuple[Found, ...]:
    return tuple(narrower) or found


def _by_name(text: str, reading: Reading) -> Candidate:
    """A place the gazetteer does not know: its words in their normal form."""
    kinds = {
        Form.ADDRESS: "address",
        Form.CROSSING: "intersection",
        Form.BLOCK: "block",
        Form.STRETCH: "block",
        Form.STREET: "street",
    }
    names = [name.normal for name in reading.streets[0] if name.base] if reading.streets else []
    written = {
        Form.ADDRESS: f"{reading.number} {' '.join(names)}",
        Form.CROSSING: " & ".join(names),
        Form.STREET: " ".join(names),
    }
    name = written.get(reading.form) or text[reading.start : reading.end]
    kind = kinds.get(reading.form, "landmark")
    return Candidate(kind=kind, name=name, source="text", score=0.1, start=reading.start, end=reading.end)


def _metres_to(one: Found, point: Pin) -> float:
    return metres(one.spot.lat, one.spot.lon, point.lat, point.lon) if one.spot else float("inf")


def _between(one: Candidate, other: Candidate) -> float:
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return 0.0
    return metres(one.lat, one.lon, other.lat, other.lon)


def _word(one: Candidate) -> str:
    return one.source if one.source in ("pin", "photo") else "words"


def _far(distance: float) -> str:
    return f"{distance / 1000:.1f} km" if distance >= 1000 else f"{round(distance, -1):.0f} m"
