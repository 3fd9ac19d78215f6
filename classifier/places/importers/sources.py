"""What reading a source takes, whatever is in it: its rows, its columns by their usual names, numbers and degrees."""

import csv
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models import AreaKind
from models.places import Skipped

LONGEST_CELL = 10_000_000
"""Bytes. The outline of a county as text has a million."""
NOT_DEGREES = "the coordinates are no degrees (export as WGS 84, EPSG:4326)"
NO_NAME = "no name"
_NUMBER = re.compile(r"\s*([0-9]{1,6})(?![0-9])")


class BrokenSource(ValueError):
    """A file cannot be read as what it should be. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person says about a file. columns: our name of a column -> theirs."""

    columns: Mapping[str, str] = field(default_factory=dict)
    area_kind: AreaKind = AreaKind.NEIGHBOURHOOD


def csv_rows(path: Path, skipped: Skipped) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row by heading in small letters). Rows that are cut short are counted and left out."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from csv_rows_of(lines, path.name, skipped)
    finally:
        csv.field_size_limit(before)


def csv_rows_of(lines: Iterator[str] | object, name: str, skipped: Skipped) -> Iterator[tuple[int, dict[str, str]]]:
    """As csv_rows, of an open file called `name`."""
    reader = csv.reader(lines)  # type: ignore[arg-type]  # any iterable of lines
    try:
        heading = [one.strip().lower() for one in next(reader, [])]
        if not any(heading):
            raise BrokenSource(f"{name} is empty.")
        for cells in reader:
            if not cells:
                continue
            skipped.rows_read += 1
            if len(cells) < len(heading):
                skipped.add("fewer columns than the heading", reader.line_num)
            else:
                yield reader.line_num, dict(zip(heading, map(str.strip, cells), strict=False))
    except UnicodeDecodeError as error:
        raise BrokenSource(f"{name} is not UTF-8 text (after line {reader.line_num}). Save it as UTF-8.") from error
    except csv.Error as error:
        raise BrokenSource(f"{name} is no CSV file: line {reader.line_num}: {error}.") from error


class Columns:
    """Which column of a file holds what: by the usual names, or as a person said.

    there: the columns of the first row. Raises BrokenSource where a person named a column that is not there, or a
    needed one has no usual name.
    """

    def __init__(
        self,
        there: Collection[str],
        usual: Mapping[str, Sequence[str]],
        said: Mapping[str, str],
        needed: Sequence[str] = (),
    ) -> None:
        known = {name.lower() for name in there}
        self._names: dict[str, Sequence[str]] = dict(usual)
        for ours, theirs in said.items():
            if ours not in usual:
                raise BrokenSource(f"--column {ours}=...: there is no {ours}. There are {', '.join(usual)}.")
            if theirs.lower() not in known:
                raise BrokenSource(f"--column {ours}={theirs}: the file has no such column. It has {_listed(there)}.")
            self._names[ours] = [theirs.lower()]
        missing = [ours for ours in needed if known.isdisjoint(self._names[ours])]
        if missing:
            raise BrokenSource(
                f"No column is known as {' or '.join(missing)}. The file has {_listed(there)}. "
                f"Say which it is: --column {missing[0]}=COLUMN"
            )

    def text(self, row: Mapping[str, object], ours: str) -> str:
        """What a row, its columns in small letters, says in the surest of these that it has; "" where in none."""
        found = next((row[name] for name in self._names[ours] if row.get(name) is not None), "")
        return str(found).strip()

    def number(self, row: Mapping[str, object], ours: str) -> int | None:
        """The whole number a cell begins with ("123A", "123-125", "123.0"), or None."""
        return leading_number(self.text(row, ours))

    def point(self, row: Mapping[str, object]) -> tuple[float, float] | None:
        """(lat, lon) of a row with these two columns, or None where they are no degrees."""
        return degrees(self.text(row, "lat"), self.text(row, "lon"))


def leading_number(text: str) -> int | None:
    """The whole number a text begins with, of at most six digits."""
    found = _NUMBER.match(text)
    return int(found[1]) if found else None


def degrees(lat: object, lon: object) -> tuple[float, float] | None:
    """(lat, lon) where both are numbers in range and not the origin, which stands for "unknown"; else None."""
    try:
        point = float(lat), float(lon)  # type: ignore[arg-type]  # whatever cannot be a number raises
    except (TypeError, ValueError, OverflowError):
        return None
    if not all(map(math.isfinite, point)) or abs(point[0]) > 90 or abs(point[1]) > 180 or point == (0, 0):
        return None
    return point


def _listed(there: Collection[str]) -> str:
    shown = ", ".join(list(there)[:40])
    return f"{shown} ..." if len(there) > 40 else shown or "none"
