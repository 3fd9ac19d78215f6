"""How well places are resolved: cities learnt from half of their own past requests, and our starter of Philadelphia."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from statistics import median
from typing import Any

from rapidfuzz import fuzz, process

from benchmarks.others_posts import WRITTEN_APART, OthersPosts
from classifier.evaluation.resolving import evaluate_resolving
from classifier.places import PlaceKind
from classifier.places.finder import Finder
from classifier.places.gazetteer import Gazetteer
from classifier.places.past_requests import PastRequest, learn
from classifier.places.resolver import Resolved, Resolver
from classifier.places.spots import metres
from classifier.places.starter import starter_features

Row = Mapping[str, Any]
_SURE = 90
"""A user who matches whole texts against known addresses takes a match from here on (0 to 100)."""


def learnt_half(posts: OthersPosts, name: str) -> dict[str, Any] | None:
    """Learnt from one half of a city's requests, measured on the other half's rows that name their place; both ways."""
    rows, named = posts.rows(name), posts.ids(name, "place_named.txt")
    if not rows or not named:
        return None
    halves = [[row for row in rows if _even(row["id"]) is even] for even in (True, False)]
    return {
        "even_learnt": _measured(halves[0], halves[1], named),
        "odd_learnt": _measured(halves[1], halves[0], named),
    }


def _even(id: str) -> bool:
    return sha256(id.encode()).digest()[0] % 2 == 0


def _measured(learnt: Sequence[Row], asked: Sequence[Row], named: frozenset[str]) -> dict[str, Any]:
    past = [
        PastRequest(row["address"], row["lat"], row["lon"]) for row in learnt if row.get("address") and row.get("lat")
    ]
    features = list(learn(past).features)
    finder, resolver = Finder(features), Resolver(Gazetteer.build(features))
    ours = evaluate_resolving(asked, finder.find, resolver, named)
    return {**ours, "learnt_rows": len(past), "assembled": _by_likeness(past, asked, named)}


def _by_likeness(past: Sequence[PastRequest], asked: Sequence[Row], named: frozenset[str]) -> dict[str, Any]:
    """What a user may put together instead: the known address that a text holds most nearly, by RapidFuzz."""
    addresses = [(one.address or "").split(",")[0].lower() for one in past]
    rows = [row for row in asked if row["id"] in named]
    away = []
    for row in rows:
        found = process.extractOne(row["text"].lower(), addresses, scorer=fuzz.partial_ratio, score_cutoff=_SURE)
        if found is not None:
            one = past[found[2]]
            away.append(metres(one.lat or 0.0, one.lon or 0.0, row["lat"], row["lon"]))
    return {
        "n": len(rows),
        "located": round(len(away) / len(rows), 4),
        "median_m": round(median(away), 1) if away else None,
        "within_250": round(sum(one <= 250 for one in away) / len(away), 4) if away else None,
        "wrong_1km": round(sum(one > 1000 for one in away) / len(away), 4) if away else None,
    }


def philadelphia() -> dict[str, Any]:
    """Phrases and posts without a place, written apart from the gazetteer, on our starter.

    `first` was written before there was a gazetteer; some of its failures were looked at afterwards. `fresh` was
    written last, and nobody who worked on places has seen its phrases.
    """
    features = list(starter_features())
    finder, resolver = Finder(features), Resolver(Gazetteer.build(features))

    def resolved(row: Row) -> Resolved:
        return resolver.resolve(row["text"], finder.find(row["text"]))

    return {"first": _phrases("philadelphia", resolved), "fresh": _phrases("philadelphia_fresh", resolved)}


def _phrases(name: str, resolved: Callable[[Row], Resolved]) -> dict[str, Any]:
    rows, without = _written(f"{name}_places.jsonl"), _written(f"{name}_no_place.jsonl")
    clear = [(row, resolved(row)) for row in rows if not row["ask"]]
    asked = [resolved(row).needs_clarification for row in rows if row["ask"]]
    right = [(row["kind"], _is_right(row, found)) for row, found in clear]
    return {
        "n": len(rows),
        "right_form": _share([one for _, one in right]),
        "right_form_by_kind": {
            kind: _share([one for name, one in right if name == kind]) for kind in sorted({kind for kind, _ in right})
        },
        "asked": _share(asked),
        "asked_without_need": _share(
            [found.needs_clarification for row, found in clear if row["kind"] not in ("street", "area")]
        ),
        "posts_without_a_place": len(without),
        "false_places": sum(_names_a_spot(resolved(row)) for row in without),
    }


def _is_right(row: Row, found: Resolved) -> bool:
    return bool(found.candidates) and _form(found.candidates[0].name) == _form(row["normal"])


def _form(name: str) -> str:
    """A normal form, with what is mere custom taken out: "1 block" is the unit block, and nobody says Jr."""
    plain = name.casefold().replace("unit block", "1 block").replace(" jr ", " ").replace("\u2019", "'")
    return " ".join(re.sub(r"[^\w&' ]", " ", plain).split())


def _names_a_spot(found: Resolved) -> bool:
    """A place is claimed where none is; the city itself is none that a crew would go to."""
    return any(one.kind != PlaceKind.AREA for one in found.candidates)


def _written(name: str) -> list[Row]:
    return [json.loads(line) for line in (WRITTEN_APART / name).read_text("utf-8").splitlines()]


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4)
