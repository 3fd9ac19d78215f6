"""How right Philadelphia's starter gazetteer is against the city's own lists.

    python -m benchmarks.philadelphia_starter

Share of its street names that the city lists, share of its blocks whose house numbers are in the city's ranges, and how
far the middles of its neighbourhoods lie from the published ones. The lists stay outside the repository.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from classifier.places.names import normal_street
from classifier.places.spots import metres
from classifier.places.starter import starter_features
from models.places import AreaKind, Feature, FeatureKind

LISTS = Path(__file__).parents[2] / "shared" / "data" / "philadelphia"
STEP, SLACK, ENOUGH = 10, 2, 0.5
"""Every so many house numbers one is looked up; a range may miss by so much; this share of a block must be found."""
SIDES = (("L_F_ADD", "L_T_ADD"), ("R_F_ADD", "R_T_ADD"))

Row = dict[str, str]


def measure(lists: Path) -> dict[str, Any]:
    """All measures; raises FileNotFoundError where the lists are absent."""
    features = list(starter_features())
    return {
        **_names(features, _read(lists / "street_names.csv")),
        **_blocks(features, _read(lists / "street_segments_address_ranges.csv")),
        **_neighbourhoods(features, _read(lists / "neighborhoods.csv")),
    }


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _names(features: Sequence[Feature], listed: Sequence[Row]) -> dict[str, Any]:
    kinds = (FeatureKind.STREET, FeatureKind.SEGMENT)
    ours = {one.name for one in features if one.kind in kinds}
    theirs = {normal_street(row["street_full"]) for row in listed}
    return {
        "street_names": len(ours),
        "of_them_listed": round(len(ours & theirs) / len(ours), 4),
        "of_theirs_known": round(len(ours & theirs) / len(theirs), 4),
    }


def _blocks(features: Sequence[Feature], listed: Sequence[Row]) -> dict[str, Any]:
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in listed:
        street = normal_street(" ".join(row[key] for key in ("PRE_DIR", "ST_NAME", "ST_TYPE", "POST_DIR") if row[key]))
        for first, last in SIDES:
            low, high = sorted((int(row[first] or 0), int(row[last] or 0)))
            if high:
                ranges[street].append((low, high))
    numbered = [one for one in features if one.kind is FeatureKind.SEGMENT and one.left_from is not None]
    right = sum(_found(one, ranges[one.name]) >= ENOUGH for one in numbered)
    return {"blocks_with_numbers": len(numbered), "of_them_in_range": round(right / len(numbered), 4)}


def _found(block: Feature, ranges: Sequence[tuple[int, int]]) -> float:
    """The share of a block's house numbers that lie in a range."""
    low = min(block.left_from or 0, block.right_from or 0)
    numbers = range(low, max(block.left_to or 0, block.right_to or 0) + 1, STEP)
    held = sum(any(first - SLACK <= number <= last + SLACK for first, last in ranges) for number in numbers)
    return held / len(numbers)


def _neighbourhoods(features: Sequence[Feature], listed: Sequence[Row]) -> dict[str, Any]:
    theirs = {
        row[key].casefold(): (float(row["lat"]), float(row["lon"])) for row in listed for key in ("listname", "mapname")
    }
    ours = [one for one in features if one.other == AreaKind.NEIGHBOURHOOD]
    away = [
        metres(one.lat, one.lon, *theirs[one.name.casefold()])
        for one in ours
        if one.lat is not None and one.lon is not None and one.name.casefold() in theirs
    ]
    return {
        "neighbourhoods": len(ours),
        "of_the_same_name": len(away),
        "mean_m": round(mean(away)),
        "median_m": round(median(away)),
    }


def main() -> None:
    """Prints the measures, or that the lists are absent."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--lists", type=Path, default=LISTS)
    asked.add_argument("--json", action="store_true")
    args = asked.parse_args()
    if not args.lists.is_dir():
        print(f"skipped: no {args.lists}")
        return
    found = measure(args.lists)
    print(json.dumps(found) if args.json else "\n".join(f"{name:24}{value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
