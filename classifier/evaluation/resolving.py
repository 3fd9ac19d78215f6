"""How well posts are resolved: against the points of labelled rows."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from classifier.evaluation.rows import LeftOut, Row, Why, read_files
from classifier.places.phrases import Place
from classifier.places.resolver import Resolved, Resolver
from classifier.places.spots import metres
from models.places import Candidate

Finder = Callable[[str], Sequence[Place]]
"""From a text to its place phrases."""
_WITHIN_M = (100, 250, 500)
_WRONG_M = 1000


@dataclass(frozen=True, slots=True)
class _Gold:
    id: str
    lat: float
    lon: float


def evaluate_resolving(
    rows: Iterable[Mapping[str, Any]], finder: Finder, resolver: Resolver, ids: Collection[str] | None = None
) -> dict[str, Any]:
    """Resolves each row's `text` and measures metres to its `lat` and `lon`. `ids`: only rows of these ids.

    A row is located where the best candidate read from its words has a point and no question is needed. `within_*` and
    `wrong_1km` are shares of the located, `located` and `needs_clarification` of all.
    """
    counted = [(row["text"], _gold(row)) for row in rows if ids is None or row.get("id") in ids]
    return _measures(counted, finder, resolver)


def evaluate_resolving_files(
    files: Sequence[Path], finder: Finder, resolver: Resolver, ids: Collection[str] | None = None
) -> dict[str, Any]:
    """The same for files of JSON lines; `skipped` says what was left out, and which lines cannot be read.

    Raises OSError for a file that cannot be opened.
    """

    def gold(row: Row) -> _Gold:
        found = _gold(row)
        if ids is not None and found.id not in ids:
            raise LeftOut(Why.NO_GOLD)
        return found

    read = read_files("resolve", files, gold)
    measures = _measures([(row.text, row.gold) for row in read.rows], finder, resolver)
    return {**measures, "skipped": read.skipped.as_dict()}


def _gold(row: Row) -> _Gold:
    lat, lon = row.get("lat"), row.get("lon")
    if lat is None or lon is None:
        raise LeftOut(Why.NO_GOLD)
    if not all(isinstance(one, int | float) for one in (lat, lon)):
        raise ValueError("its lat and lon are no numbers")
    return _Gold(str(row.get("id", "")), float(lat), float(lon))


def _measures(rows: Sequence[tuple[str, _Gold]], finder: Finder, resolver: Resolver) -> dict[str, Any]:
    away: list[float] = []
    asked = 0
    for text, gold in rows:
        resolved = resolver.resolve(text, finder(text))
        asked += resolved.needs_clarification
        if (found := _located(resolved)) and found.lat is not None and found.lon is not None:
            away.append(metres(found.lat, found.lon, gold.lat, gold.lon))
    return {
        "n": len(rows),
        "located": _share(len(away), len(rows)),
        "median_m": round(median(away), 1) if away else None,
        **{f"within_{limit}": _share(sum(one <= limit for one in away), len(away)) for limit in _WITHIN_M},
        "wrong_1km": _share(sum(one > _WRONG_M for one in away), len(away)),
        "needs_clarification": _share(asked, len(rows)),
    }


def _located(resolved: Resolved) -> Candidate | None:
    if resolved.needs_clarification:
        return None
    return next((one for one in resolved.candidates if one.end > one.start), None)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
