"""`hark evaluate neighbours`: are repeats found, and are the suggestions right?

Recall: pairs of texts written by us, the second a rewording of the first, are planted among a file's rows, both near
one row's point and within the radius and the age of their kind; found is an `again` for which its `first` is suggested.
Precision: suggested pairs among the real rows alone are written to a file, readers judge them, and their verdicts are
read back. The index and the comparison are those of the product; only the database is not.
"""

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from classifier.neighbours import Neighbour, Report, gist_of, neighbours_of, reach_of
from classifier.neighbours.comparing import METRES_A_DEGREE, metres_between, round_metres, words_of_hours
from classifier.neighbours.keys import keys_around, keys_of
from classifier.neighbours.looking import KINDS, LIKELY
from classifier.neighbours.texts import forms_of, hash_of_forms, shares_far_word
from classifier.protocol import Classifier
from classifier.taxonomy import CATEGORIES, services_of_taxonomy
from models import NeighbourRelation as Relation

KindsOf = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""Texts -> the likely categories of each, best first: what the product knows about them."""
SEECLICKFIX_TIME = "%m/%d/%Y - %I:%M%p"
OLDEST = timedelta(days=90)
BATCH = 64
JUDGED_RIGHT = frozenset({"same", "related"})
VERDICTS = JUDGED_RIGHT | {"different"}


@dataclass(frozen=True, slots=True)
class Row:
    """A real report of a file, or one of ours that is planted among them."""

    name: str
    text: str
    report: Report


@dataclass(frozen=True, slots=True)
class Pair:
    """Something a resident wrote, and how another one says it. Ours."""

    first: str
    again: str
    category: str


def kinds_by(classifier: Classifier) -> KindsOf:
    """What a classifier knows: its suggestion and the runners-up the product would count, as categories."""
    services = services_of_taxonomy()

    def kinds(texts: Sequence[str]) -> list[list[str]]:
        found = []
        for start in range(0, len(texts), BATCH):
            for one in classifier.classify(texts[start : start + BATCH], services):
                likely = [guess.value for guess in one.runners_up if guess.probability >= LIKELY]
                found.append(list(dict.fromkeys([*([one.service_code] if one.service_code else []), *likely]))[:KINDS])
        return found

    return kinds


def read_rows(files: Sequence[Path], kinds_of: KindsOf) -> list[Row]:
    """The rows that have a text, a point and a time. The category is the row's own, else what `kinds_of` says.

    Raises OSError for a file that cannot be opened and ValueError, naming the line, for one that is no JSON object.
    """
    read = [(number, row) for file in files for number, row in _lines(file)]
    whole = [row for _, row in read if row.get("text") and row.get("lat") is not None and row.get("created")]
    unknown = [row for row in whole if not row.get("category")]
    guessed = iter(kinds_of([row["text"] for row in unknown]))
    kinds = [[row["category"]] if row.get("category") else next(guessed) for row in whole]
    return [
        Row(
            str(row.get("id", number)),
            row["text"],
            _report(number, row["text"], categories, _time(row["created"]), row["lat"], row["lon"]),
        )
        for number, (row, categories) in enumerate(zip(whole, kinds, strict=True))
    ]


def _category(code: object) -> str:
    """A code of the taxonomy, in any case. Raises ValueError for another."""
    found = str(code).upper()
    if found not in CATEGORIES:
        raise ValueError(f"{code!r} is no category")
    return found


def read_pairs(file: Path) -> list[Pair]:
    """Lines of {"first", "again", "category"}. Raises ValueError naming a line that is not."""
    pairs = []
    for number, row in _lines(file):
        try:
            pairs.append(Pair(row["first"], row["again"], _category(row["category"])))
        except KeyError as missing:
            raise ValueError(f"{file.name}, line {number}: it has no {missing}") from None
        except ValueError as error:
            raise ValueError(f"{file.name}, line {number}: {error}") from None
    return pairs


def suggested(rows: Iterable[Row]) -> Iterator[tuple[Row, Row, Neighbour]]:
    """Every suggestion as the product would make it, post after post: (new, known, neighbour)."""
    index: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda one: (one.report.at, one.report.id)):
        near = {one.report.id: one for key in keys_around(row.report) for one in index[key]}
        fresh = [one.report for one in near.values() if row.report.at - one.report.at <= OLDEST]
        for neighbour in neighbours_of(row.report, fresh):
            yield row, near[neighbour.id], neighbour
        for key in keys_of(row.report):
            index[key].append(row)


def recall(rows: Sequence[Row], pairs: Sequence[Pair], kinds_of: KindsOf, *, seed: int = 311) -> dict[str, Any]:
    """How many of the planted repeats are found, and what stands in the way of the others.

    Keys: n, found, recall, same (share of the found suggested as the same), first (share where `first` is the best
    suggestion), by_category (found, n), missed (why: "kind" where the two texts were given no category in common).
    """
    planted = planted_among(rows, pairs, kinds_of, random.Random(seed))  # noqa: S311 - places to plant at
    wanted = {again.report.id: first.report.id for first, again in planted}
    by_id = {row.report.id: row for couple in planted for row in couple}
    found: dict[int, Neighbour] = {}
    best = Counter[int]()
    place: Counter[int] = Counter()
    for new, known, neighbour in suggested([*rows, *by_id.values()]):
        place[new.report.id] += 1
        if wanted.get(new.report.id) == known.report.id:
            found[new.report.id] = neighbour
            best[new.report.id] = place[new.report.id]
    missed = Counter(_why_missed(by_id[first], by_id[again]) for again, first in wanted.items() if again not in found)
    by_category: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for pair, (_, again) in zip(pairs, planted, strict=True):
        by_category[pair.category][0] += again.report.id in found
        by_category[pair.category][1] += 1
    return {
        "n": len(pairs),
        "found": len(found),
        "recall": _share(len(found), len(pairs)),
        "same": _share(sum(one.relation == Relation.SAME for one in found.values()), len(found)),
        "first": _share(sum(one == 1 for one in best.values()), len(found)),
        "missed": dict(missed),
        "by_category": {name: tuple(counts) for name, counts in sorted(by_category.items())},
    }


def write_pairs(rows: Sequence[Row], file: Path, count: int, *, seed: int = 311) -> int:
    """Write `count` suggestions among the rows, drawn by chance, for readers to judge; returns how many there were.

    One JSON object a line: n, new, known (texts), metres, hours, relation, and an empty `verdict` to fill in with
    "same", "related" or "different". What a reader needs and no more: neither the score nor the reasons.
    """
    found = list(suggested(rows))
    drawn = random.Random(seed).sample(found, min(count, len(found)))  # noqa: S311 - a sample to read
    with file.open("w", encoding="utf-8") as lines:
        for number, (new, known, neighbour) in enumerate(drawn, start=1):
            apart = f"{round_metres(neighbour.metres or 0.0)}, {words_of_hours(neighbour.hours)}"
            fields = {"n": number, "new": new.text, "known": known.text, "apart": apart}
            fields |= {"new_id": new.name, "known_id": known.name, "relation": neighbour.relation, "verdict": ""}
            lines.write(json.dumps(fields, ensure_ascii=False) + "\n")
    return len(found)


def precision(files: Sequence[Path]) -> dict[str, Any]:
    """What readers made of the pairs, one file a reader: precision, and how far the readers agree.

    A suggestion is right where a reader says "same" or "related". Keys: n, readers, precision (mean of the readers),
    per_reader, all_agree (share of pairs that every reader calls right), same_is_same (of those suggested as the same,
    the share read as the same), agreement (share of pairs with one answer to right or wrong). Raises ValueError for a
    verdict that is none.
    """
    read = [_verdicts(file) for file in files]
    shared = sorted(set.intersection(*(set(one) for one in read)))
    right = [[one[number][1] in JUDGED_RIGHT for number in shared] for one in read]
    together = list(zip(*right, strict=True))
    same = [verdicts[number][1] == "same" for verdicts in read for number in shared if verdicts[number][0] == "same"]
    return {
        "n": len(shared),
        "readers": len(files),
        "precision": _share(sum(map(sum, right)), len(shared) * len(files)),
        "per_reader": [_share(sum(one), len(shared)) for one in right],
        "all_agree": _share(sum(all(one) for one in together), len(shared)),
        "same_is_same": _share(sum(same), len(same)),
        "agreement": _share(sum(len(set(one)) == 1 for one in together), len(shared)),
    }


def _verdicts(file: Path) -> dict[int, tuple[str, str]]:
    """Pair number -> (suggested relation, verdict). Pairs without a verdict are left out."""
    found = {}
    for number, row in _lines(file):
        verdict = str(row.get("verdict", "")).strip().lower()
        if verdict and verdict not in VERDICTS:
            raise ValueError(f"{file.name}, line {number}: a verdict is same, related or different")
        if verdict:
            found[int(row["n"])] = (str(row["relation"]), verdict)
    return found


def planted_among(
    rows: Sequence[Row], pairs: Sequence[Pair], kinds_of: KindsOf, chance: random.Random
) -> list[tuple[Row, Row]]:
    """Each pair beside a row drawn by chance: anywhere within the radius of its kind, any time within its age."""
    firsts, agains = kinds_of([pair.first for pair in pairs]), kinds_of([pair.again for pair in pairs])
    couples = []
    for number, (pair, one, other) in enumerate(zip(pairs, firsts, agains, strict=True)):
        beside, reach = chance.choice(rows).report, reach_of(pair.category)
        first = _report(-2 * number - 1, pair.first, one, beside.at, beside.lat, beside.lon)
        far = shares_far_word(first.gist, gist_of(pair.again), reach.group)
        radius = reach.far_m if far else reach.radius_m
        metres, angle = radius * math.sqrt(chance.random()), chance.uniform(0, 2 * math.pi)
        north = metres * math.cos(angle) / METRES_A_DEGREE
        east = metres * math.sin(angle) / METRES_A_DEGREE / math.cos(math.radians(beside.lat or 0.0))
        at = beside.at + timedelta(hours=reach.hours * chance.uniform(0.001, 0.999))
        again = _report(-2 * number - 2, pair.again, other, at, (beside.lat or 0) + north, (beside.lon or 0) + east)
        couples.append((Row(f"first-{number}", pair.first, first), Row(f"again-{number}", pair.again, again)))
    return couples


def _why_missed(first: Row, again: Row) -> str:
    if not set(first.report.categories) & set(again.report.categories):
        return "kind"
    metres = metres_between(first.report, again.report) or 0.0
    return "words" if metres > reach_of(again.report.categories[0]).near_m else "crowded out or contrary"


def _report(
    number: int, text: str, categories: Sequence[str], at: datetime, lat: float | None, lon: float | None
) -> Report:
    forms = forms_of(text)
    return Report(number, " ".join(forms), at, tuple(categories), lat, lon, hash=hash_of_forms(forms))


def _lines(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _object(line, file, number)


def _object(line: bytes, file: Path, number: int) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise ValueError(f"{file.name}, line {number}: it is no JSON object")
    return row


def _time(text: str) -> datetime:
    """ISO 8601, or as SeeClickFix writes it: 03/10/2014 - 04:48AM. Taken for UTC where no zone is named."""
    at = datetime.strptime(text, SEECLICKFIX_TIME) if " - " in text else datetime.fromisoformat(text)  # noqa: DTZ007
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _share(part: float, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
