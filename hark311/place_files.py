"""A file of places on its way into the database, and what a person is told of it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.places.importers import BrokenSource, Options, read_source
from models import Database, LayerKind, PlaceLayer
from models.place_layers import active_layers, import_layer
from models.places import Skipped


@dataclass(frozen=True, slots=True)
class Source:
    """A file and what a person says about it."""

    file: Path
    kind: LayerKind
    name: str
    options: Options = field(default_factory=Options)
    attribution: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file. `replaced`: the layer of the same name that counted before; it can be restored."""

    layer: PlaceLayer
    skipped: Skipped
    seconds: float
    replaced: PlaceLayer | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a script: the layer, and each reason with its rows and first lines."""
        reasons = {why: {"rows": rows, "lines": lines} for why, (rows, *lines) in self.skipped.reasons.items()}
        replaced = self.replaced.id if self.replaced else None
        more = {"skipped": reasons, "seconds": round(self.seconds, 2), "replaced": replaced}
        return layer_as_dict(self.layer) | more


def layer_as_dict(layer: PlaceLayer) -> dict[str, Any]:
    """A layer for a script."""
    return layer.model_dump(mode="json", exclude={"complete"})


def bring_in(
    database: Database,
    city: str,
    source: Source,
    told: Callable[[int, int], None] = lambda rows, features: None,
    by: str = "hark places",
) -> Imported:
    """Read a file into a new layer of a city. told: called with the rows read and the features stored so far.

    Raises BrokenSource, with a sentence that says what is wrong and what is kept; then nothing has changed.
    """
    skipped, started = Skipped(), time.monotonic()
    before = _active(database, city, source.name)
    try:
        layer = import_layer(
            database,
            city,
            source.kind,
            source.name,
            read_source(source.kind, source.file, skipped, source.options),
            lambda stored: told(skipped.rows_read, stored),
            attribution=source.attribution,
            licence=source.licence,
            sha256=_sha256(source.file),
            skipped=skipped,
            by=by,
        )
    except BrokenSource as error:
        raise BrokenSource(f"{error} {_kept(before)}") from error
    return Imported(layer, skipped, time.monotonic() - started, before)


def _active(database: Database, city: str, name: str) -> PlaceLayer | None:
    with database.read() as session:
        return next((one for one in active_layers(session, city) if one.name == name), None)


def _kept(before: PlaceLayer | None) -> str:
    if before is None:
        return "Nothing was changed."
    return f"Nothing was changed: {before.name!r} stays as it was imported on {before.imported_at:%Y-%m-%d}."


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
