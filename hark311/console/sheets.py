"""Tables of figures: the same rows on a page, behind a chart, and as a CSV file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

NO_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula. Source: OWASP, CSV Injection."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is written to a file, and as it is shown. `href`: where it leads."""

    value: str | float | None
    shown: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. The first cell of a row names it. `empty` is said where there are no rows."""

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str = "Nothing to show."


def cell(value: str | float | None, shown: str | None = None, href: str = "") -> Cell:
    """A cell; a number is shown with separators where nothing else is said."""
    if shown is None:
        shown = "" if value is None else value if isinstance(value, str) else f"{value:,}"
    return Cell(value, shown, href)


def as_csv(sheet: Sheet) -> Response:
    """The table as a file that no spreadsheet takes for formulas."""
    return Response(
        csv_text(sheet),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="hark311-{sheet.key}.csv"'},
    )


def csv_text(sheet: Sheet) -> str:
    """What stands in such a file."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(harmless(column) for column in sheet.columns)
    for row in sheet.rows:
        lines.writerow(harmless(one.value) for one in row)
    return "\ufeff" + written.getvalue()  # the mark that makes Excel read it as UTF-8


def harmless(value: str | float | None) -> str | float:
    """A value that a spreadsheet shows and never runs."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    plain = value.replace("\x00", "")
    return f"'{plain}" if plain.lstrip(" \u00a0").startswith(NO_FORMULA) or plain.startswith(NO_FORMULA) else plain
