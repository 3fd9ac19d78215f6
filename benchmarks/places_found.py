"""How well place phrases are found: on the posts of others, ours beside usaddress used as a finder."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import usaddress

from benchmarks.others_posts import OthersPosts
from benchmarks.places_harvey import benchmark, rules_of
from classifier.evaluation.findings import place_measures
from classifier.evaluation.rows import Labelled, Spot
from classifier.evaluation.scoring import read_rows
from classifier.places import Place, PlaceKind
from classifier.places.finder import Finder
from classifier.protocol import Understood
from classifier.training.taught_places import taught_row

Find = Callable[[str], Sequence[Place]]

_STREET_PARTS = frozenset({"StreetName", "StreetNamePostType", "StreetNamePreDirectional", "AddressNumber"})
_WORD = re.compile(r"\S+")


def gold(posts: OthersPosts) -> dict[str, Any] | None:
    """Residents' posts with every place marked; no gazetteer, for the rows are from nine cities."""
    file = posts.file("gold311")
    if file is None:
        return None
    rows = read_rows("location", [file]).rows
    samples = sorted({row.sample for row in rows} - {""})
    ours = _measured(rows, Finder().find)
    return {
        **ours,
        "samples": {
            name: _short(_measured([row for row in rows if row.sample == name], Finder().find)) for name in samples
        },
        "usaddress": _short(_measured(rows, by_usaddress)),
    }


def harvey(posts: OthersPosts, *, train: bool) -> dict[str, Any] | None:
    """Places in tweets of one city: a gazetteer of the names in the train half, measured on the official dev half."""
    file = posts.file("harveyner")
    if file is None:
        return None
    raw = posts.rows("harveyner")
    learnt = [row for row in raw if row["official_split"] == "train"]
    asked = [row for row in raw if row["official_split"] == "dev"]
    known = {row["id"] for row in asked}
    rows = [row for row in read_rows("location", [file]).rows if raw[row.line - 1]["id"] in known]
    names = rules_of([taught_row(row) for row in learnt])
    result = {
        "patterns": _short(_measured(rows, Finder().find)),
        "gazetteer": _short(_measured(rows, names)),
        "usaddress": _short(_measured(rows, by_usaddress)),
    }
    if train:
        told = benchmark(learnt, asked)
        result["trained"] = told["with_recogniser"] | {
            name: told[name] for name in ("fit_seconds", "milliseconds_a_post")
        }
    return result


def by_usaddress(text: str) -> list[Place]:
    """What a user may put together instead: runs of words that usaddress labels as parts of a street address."""
    words = list(_WORD.finditer(text))
    found: list[Place] = []
    run: list[re.Match[str]] = []
    for word, (_, label) in zip(words, usaddress.parse(text), strict=False):
        if label in _STREET_PARTS:
            run.append(word)
        elif run:
            found.append(_place(run))
            run = []
    return [*found, _place(run)] if run else found


def _place(run: Sequence[re.Match[str]]) -> Place:
    numbered = run[0].group()[0].isdigit()
    return Place(PlaceKind.ADDRESS if numbered else PlaceKind.STREET, run[0].start(), run[-1].end(), "usaddress")


def _measured(rows: Sequence[Labelled[tuple[Spot, ...]]], find: Find) -> dict[str, Any]:
    return place_measures([(row, Understood(places=tuple(find(row.text)))) for row in rows])


def _short(measures: dict[str, Any]) -> dict[str, Any]:
    return {name: measures[name] for name in ("n", "spans", "exact_f1", "overlap_f1", "exact_typed_f1")}
