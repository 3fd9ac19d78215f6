"""What people say for something that has another name: a CSV with nickname and stands_for."""

from collections.abc import Iterator
from pathlib import Path

from classifier.places.importers.sources import Columns, Options, csv_rows
from models import Feature, FeatureKind
from models.places import Skipped

USUAL = {
    "nickname": ("nickname", "alias", "short", "said"),
    "stands_for": ("stands_for", "name", "meaning", "means", "full_name"),
}


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """A NICKNAME for each row."""
    columns: Columns | None = None
    for line, row in csv_rows(path, skipped):
        columns = columns or Columns(row, USUAL, options.columns, needed=["nickname", "stands_for"])
        nickname, stands_for = columns.text(row, "nickname"), columns.text(row, "stands_for")
        if not nickname or not stands_for:
            skipped.add("no nickname, or nothing it stands for", line)
        elif nickname.casefold() == stands_for.casefold():
            skipped.add("a nickname that stands for itself", line)
        else:
            yield Feature(FeatureKind.NICKNAME, nickname, other=stands_for)
