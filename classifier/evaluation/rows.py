"""Reading labelled lines: what each task takes for right, and which lines it leaves out.

A line is left out, and counted, where it has no label for the task, where a keyword rule chose its label (`mapping`
other than "label": scoring it would flatter; that says nothing about places), or where both answers would be right. A
line that cannot be read is left out, counted and named by its number. Nothing here repeats what a resident wrote.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeGuard, TypeVar

Row = Mapping[str, Any]
Gold = TypeVar("Gold")

LONGEST_LABEL = 64
"""Code points; what is longer is a text in the wrong field."""
NAMED = 20
"""So many lines that cannot be read are named; the rest are only counted."""
_EMERGENCY = "emergency"


OF_PLACES = frozenset({"location", "resolve"})
"""Tasks whose labels no keyword rule chose."""


class Why(StrEnum):
    """Why a line is left out."""

    NO_GOLD = "no_gold"
    MAPPING = "mapping"
    EITHER = "either_right"
    REAL_DISASTER = "real_disaster"
    BROKEN = "broken"


class LeftOut(Exception):
    """The row does not count for this task."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that cannot be read, and what is wrong with it. Holds nothing of its text."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Skipped:
    """The lines that were left out: how many for which reason, and the first NAMED that cannot be read."""

    counts: Counter[Why] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """All reasons, also those that did not occur."""
        return {
            "n": self.counts.total(),
            **{why.value: self.counts[why] for why in Why},
            "lines": [{"file": one.file, "line": one.line, "reason": one.reason} for one in self.broken],
        }


@dataclass(frozen=True, slots=True)
class Labelled(Generic[Gold]):
    """A text and what is right about it. `line` counts from 1; `sample` and `language` are "" where not named."""

    file: str
    line: int
    text: str
    gold: Gold
    sample: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class LabelledRows(Generic[Gold]):
    """The rows of some files that count for a task, and what was left out."""

    task: str
    files: tuple[str, ...]
    rows: tuple[Labelled[Gold], ...]
    skipped: Skipped


@dataclass(frozen=True, slots=True)
class Right:
    """The right label, and others that are right as well."""

    wanted: str
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a text names a place: code points, and the label of its kind in small letters, "" where it has none."""

    start: int
    end: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Danger:
    """`emergency` is None where the row only says that disaster words are meant figuratively."""

    emergency: bool | None
    lookalike: bool = False


def read_files(task: str, files: Sequence[Path], gold: Callable[[Row], Gold]) -> LabelledRows[Gold]:
    """The rows of these files. Raises OSError for a file that cannot be opened."""
    skipped = Skipped()
    names = _names(files)
    wanted = gold if task in OF_PLACES else partial(_counted, gold=gold)
    rows = [one for file, name in zip(files, names, strict=True) for one in _read(file, name, wanted, skipped)]
    return LabelledRows(task, tuple(dict.fromkeys(names)), tuple(rows), skipped)


def _names(files: Sequence[Path]) -> list[str]:
    """Short names, folder and file; whole paths where two would have the same."""
    short = ["/".join(file.absolute().parts[-2:]) for file in files]
    return short if len(set(short)) == len({file.absolute() for file in files}) else [str(file) for file in files]


def _read(file: Path, name: str, gold: Callable[[Row], Gold], skipped: Skipped) -> Iterator[Labelled[Gold]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = _row(line)
                yield Labelled(
                    name,
                    number,
                    row["text"],
                    gold(row),
                    _named(row, "sample"),
                    _named(row, "language", "lang"),
                )
            except LeftOut as left:
                skipped.counts[left.why] += 1
            except ValueError as error:
                skipped.counts[Why.BROKEN] += 1
                if len(skipped.broken) < NAMED:
                    skipped.broken.append(Broken(name, number, str(error)))


def _row(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError("is no JSON object with a text")
    return row


def _counted(row: Row, gold: Callable[[Row], Gold]) -> Gold:
    found = gold(row)
    if row.get("mapping", "label") != "label":
        raise LeftOut(Why.MAPPING)
    return found


def _named(row: Row, *names: str) -> str:
    """The first of these fields that holds a label, as far as it can be one; else ""."""
    return next((value for name in names if _is_label(value := row.get(name))), "")


def _is_label(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= LONGEST_LABEL and value.isprintable() and value != ""


def _checked(value: object, name: str) -> str:
    if not _is_label(value):
        raise ValueError(f"its {name} is no label")
    return value


def _alternatives(row: Row, name: str) -> frozenset[str]:
    value = row.get(name)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return frozenset(_checked(one, name) for one in listed)


def right_label(name: str, *other_names: str) -> Callable[[Row], Right]:
    """Reads the label of this name, or of the first other name that the row holds; NAME_alt is right as well."""

    def gold(row: Row) -> Right:
        for one in (name, *other_names):
            if row.get(one) not in (None, ""):
                return Right(_checked(row[one], one), _alternatives(row, f"{one}_alt"))
        raise LeftOut(Why.NO_GOLD)

    return gold


def danger(row: Row) -> Danger:
    """Whether the row is an emergency: `emergency`, else `intent`. Where it has neither, `real_disaster` 0 stands for
    disaster words as a figure of speech. A row whose second right intent is an emergency counts for neither side.
    """
    lookalike = row.get("emergency_like") is True
    if "emergency" in row:
        return Danger(_yes_or_no(row, _EMERGENCY), lookalike)
    if "intent" in row:
        right = right_label("intent")(row)
        if right.wanted != _EMERGENCY and _EMERGENCY in right.also:
            raise LeftOut(Why.EITHER)
        return Danger(right.wanted == _EMERGENCY, lookalike)
    if _yes_or_no(row, "real_disaster"):
        raise LeftOut(Why.REAL_DISASTER)
    return Danger(None)


def _yes_or_no(row: Row, name: str) -> bool:
    value = row.get(name)
    if value is None:
        raise LeftOut(Why.NO_GOLD)
    if value not in (0, 1):
        raise ValueError(f"its {name} is neither true nor false")
    return bool(value)


def places(row: Row) -> tuple[Spot, ...]:
    """`locations` or `spans`: [start, end] or [start, end, type], or objects with start, end and type."""
    found = row.get("locations", row.get("spans"))
    if found is None:
        raise LeftOut(Why.NO_GOLD)
    try:
        return tuple(_spot(one) for one in found)
    except (TypeError, KeyError, IndexError, ValueError):
        raise ValueError("its places are no spans") from None


def _spot(span: Any) -> Spot:
    if isinstance(span, dict):
        start, end, kind = span["start"], span["end"], span.get("type", "")
    else:
        start, end, kind = (*span, "") if len(span) == 2 else span[:3]
    return Spot(int(start), int(end), _checked(kind, "type").lower() if kind else "")
