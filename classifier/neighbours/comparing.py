"""Whether two reports are about one problem: kind, distance, age and words, with the reasons in words. Pure.

A suggestion, never a decision: a person joins (design, section 3). Distances in metres, ages in hours.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from classifier.neighbours.reach import Reach, reach_of
from classifier.neighbours.texts import Gist, contrary, gist_of_forms, likeness, shares_far_word
from models import NeighbourRelation as Relation

METRES_A_DEGREE = 111_195
NEARLY_THE_SAME = 0.8
"""Likeness from which two texts are one text, changed a little."""
SAYS_THE_SAME = 0.34
"""Likeness from which two texts say the same in other words, whatever they lack besides."""
SHARES_WORDS = 0.16
"""Likeness from which words speak for a neighbour that place and time alone leave open."""
SIDE_BY_SIDE_M = 60.0
"""Two kinds are often mixed up: this near, reports that say the same are shown whatever kind they were taken for."""
SHARES_A_WORD = 0.06
"""Likeness that a kind needs, besides, which is only the second guess for both."""
FEWEST_WORDS = 2
"""Words of weight that a text needs before its kind and its place alone say anything."""
MOST_BLUR = 100.0
"""Metres by which unsure points widen the radius at most."""
LONGEST_LIST = 5


@dataclass(slots=True)
class Report:
    """What is compared of a post or a request. `words`: `forms_of` its text, parted by spaces.

    `categories`: the likely ones, best first. lat, lon: degrees WGS 84; precision_m: metres, how sure the point is.
    `place`: `place_key` of its place's name. `hash`: `text_hash`.
    """

    id: int
    words: str
    at: datetime
    categories: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    precision_m: float = 0.0
    place: str = ""
    hash: str = ""
    _gist: Gist | None = None

    @property
    def gist(self) -> Gist:
        """What its words say; most reports around are too far off or too old for anybody to ask."""
        if self._gist is None:
            self._gist = gist_of_forms(self.words.split())
        return self._gist


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another report that may be about the same problem. `metres` is None where one side has no point.

    `reasons` are words for a person at the desk and hold nothing of what a resident wrote.
    """

    id: int
    relation: Relation
    score: float
    metres: float | None
    hours: float
    reasons: tuple[str, ...] = field(default=())


def neighbours_of(new: Report, known: Iterable[Report], reach: Reach | None = None) -> list[Neighbour]:
    """The reports among `known` that `new` may repeat or belong to, best first, at most LONGEST_LIST.

    The oldest that tells the same is always among them, so that a storm of posts gathers around one.
    """
    found = [(one, other) for other in known if (one := compare(new, other, reach)).relation != Relation.DIFFERENT]
    found.sort(key=lambda pair: (pair[0].relation != Relation.SAME, -pair[0].score, pair[1].at, pair[1].id))
    same = [pair for pair in found if pair[0].relation == Relation.SAME]
    oldest = min(same, key=lambda pair: (pair[1].at, pair[1].id), default=None)
    listed = found[:LONGEST_LIST]
    if oldest is not None and oldest not in listed:
        listed[-1] = oldest
    return [one for one, _ in listed]


def compare(new: Report, known: Report, reach: Reach | None = None) -> Neighbour:
    """How `known` stands to `new`. `reach`: that of the service of `new`; its category's where none is given.

    A radius of 0 looks nowhere: all is different then.
    """
    kinds = tuple(one for one in new.categories if one in known.categories)
    reach = reach or _widest(kinds or new.categories)
    hours = abs((new.at - known.at).total_seconds()) / 3600
    metres = metres_between(new, known)
    blur = min(new.precision_m + known.precision_m, MOST_BLUR)
    farthest = max(reach.radius_m, reach.far_m, SIDE_BY_SIDE_M) if reach.radius_m else -math.inf
    if hours > reach.hours or (metres or 0.0) - blur > farthest:
        return Neighbour(known.id, Relation.DIFFERENT, 0.0, metres, hours)
    if reach.far_m and shares_far_word(new.gist, known.gist, reach.group):
        reach = replace(reach, radius_m=max(reach.radius_m, reach.far_m), near_m=max(reach.near_m, reach.far_m))
    pair = _Pair(
        new,
        known,
        alike=1.0 if new.hash and new.hash == known.hash else likeness(new.gist, known.gist),
        one_kind=bool(kinds),
        best_kind=new.categories[:1] == known.categories[:1] and bool(kinds),
        other_thing=contrary(new.gist, known.gist, reach.group),
        other_number=bool(new.gist.numbers and known.gist.numbers) and not new.gist.numbers & known.gist.numbers,
        one_place=bool(new.place) and new.place == known.place,
    )
    if pair.other_thing:
        return Neighbour(known.id, Relation.DIFFERENT, 0.0, metres, hours)
    if metres is None:
        relation = _without_points(pair)
        nearness = 1.0 if pair.one_place else 0.5
    else:
        relation = _with_points(pair, max(0.0, metres - blur), reach)
        nearness = max(0.0, 1.0 - metres / (reach.radius_m + blur))
    if relation == Relation.DIFFERENT:
        return Neighbour(known.id, relation, 0.0, metres, hours)
    score = 0.5 * pair.alike + 0.25 * nearness + 0.15 * pair.one_kind + 0.1 * (1.0 - hours / reach.hours)
    return Neighbour(known.id, relation, round(score, 3), metres, hours, _reasons(pair, metres, hours))


@dataclass(frozen=True, slots=True)
class _Pair:
    """What speaks for and against two reports being about one problem, distance and age apart."""

    new: Report
    known: Report
    alike: float
    one_kind: bool
    best_kind: bool
    other_thing: bool
    other_number: bool
    one_place: bool


@lru_cache(maxsize=1024)
def _widest(categories: tuple[str, ...]) -> Reach:
    """As far as any of the kinds reaches, since either may be the right one."""
    reaches = [reach_of(one) for one in categories or ("",)]
    return Reach(
        group=reaches[0].group,
        radius_m=max(one.radius_m for one in reaches),
        near_m=max(one.near_m for one in reaches),
        far_m=max(one.far_m for one in reaches),
        hours=max(one.hours for one in reaches),
    )


def metres_between(one: Report, other: Report) -> float | None:
    """Metres on the ground, flat over a few kilometres; None where one side has no point."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return None
    north = (one.lat - other.lat) * METRES_A_DEGREE
    east = (one.lon - other.lon) * METRES_A_DEGREE * math.cos(math.radians(one.lat))
    return math.hypot(north, east)


def _with_points(pair: _Pair, metres: float, reach: Reach) -> Relation:
    side_by_side = metres <= SIDE_BY_SIDE_M and pair.alike >= SAYS_THE_SAME and not pair.other_number
    if not pair.one_kind and pair.alike < NEARLY_THE_SAME:
        return Relation.RELATED if side_by_side else Relation.DIFFERENT
    if metres > reach.radius_m:
        return Relation.DIFFERENT
    if pair.alike >= NEARLY_THE_SAME and not pair.other_number:
        return Relation.SAME
    if metres > reach.near_m:
        return Relation.RELATED if pair.alike >= SHARES_WORDS else Relation.DIFFERENT
    if pair.alike >= SHARES_WORDS:
        return Relation.RELATED if pair.other_number else Relation.SAME
    speaks = min(len(pair.new.gist.words), len(pair.known.gist.words)) >= FEWEST_WORDS
    return Relation.RELATED if speaks and (pair.best_kind or pair.alike >= SHARES_A_WORD) else Relation.DIFFERENT


def _without_points(pair: _Pair) -> Relation:
    """Only one place name, or nearly one text, says anything where a point is missing."""
    if pair.other_number:
        return Relation.DIFFERENT
    if pair.alike >= NEARLY_THE_SAME and (pair.one_kind or pair.new.hash):
        return Relation.SAME
    if pair.one_kind and pair.one_place:
        return Relation.SAME if pair.alike >= SHARES_WORDS else Relation.RELATED
    return Relation.DIFFERENT


def _reasons(pair: _Pair, metres: float | None, hours: float) -> tuple[str, ...]:
    said = ["same kind of problem" if pair.one_kind else "another kind of problem, in nearly the same words"]
    if metres is not None:
        said.append(f"{round_metres(metres)} away")
    elif pair.one_place:
        said.append("the same place by name")
    said.append(f"{words_of_hours(hours)} apart")
    if pair.new.hash and pair.new.hash == pair.known.hash:
        said.append("word for word the same text")
    elif pair.alike >= NEARLY_THE_SAME:
        said.append("nearly the same text")
    elif pair.alike >= SHARES_WORDS and pair.one_kind:
        said.append("says the same in other words")
    if pair.other_number:
        said.append("but they name different numbers")
    return tuple(said)


def round_metres(metres: float) -> str:
    """A distance as people say it: 40 m, 1.2 km."""
    if metres < 10:
        return "a few metres"
    return f"{round(metres, -1):.0f} m" if metres < 995 else f"{metres / 1000:.1f} km"


def words_of_hours(hours: float) -> str:
    """An age as people say it: 5 minutes, 2 hours, 3 days."""
    if hours < 1:
        count, unit = max(1, round(hours * 60)), "minute"
    elif hours < 36:
        count, unit = round(hours), "hour"
    else:
        count, unit = round(hours / 24), "day"
    return f"{count} {unit}{'s' if count != 1 else ''}"
