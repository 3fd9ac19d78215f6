"""Which module reads which kind of source."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from classifier.places.importers.sources import BrokenSource, Options
from models import Feature, LayerKind
from models.places import Skipped

LONGEST_NAME = 300
"""Code points; what is longer comes from a quotation mark that was never closed."""
IMPORTED = tuple(kind for kind in LayerKind if kind is not LayerKind.STARTER)
"""What can be read from a file; the starter comes with the product."""


def read_source(kind: LayerKind, path: Path, skipped: Skipped, options: Options | None = None) -> Iterator[Feature]:
    """The features of a file, one by one; what is left out is counted in `skipped`.

    Raises BrokenSource, possibly after some features: with a sentence that says what is wrong and what to do.
    """
    if kind not in IMPORTED:
        raise BrokenSource(f"{kind} is no kind of file.")
    module = import_module(f"classifier.places.importers.{kind.value}")
    found = False
    for feature in module.read(path, skipped, options or Options()):
        if why := _cannot_be_kept(feature):
            skipped.add(why)
        else:
            found = True
            yield feature
    if not found:
        why = "; ".join(f"{rows} rows: {reason}" for reason, rows in skipped.counts.items())
        raise BrokenSource(f"Nothing in {path.name} could be used ({why or 'it has no rows'}).")


def _cannot_be_kept(feature: Feature) -> str:
    """Why no database could keep its words, or ""."""
    words = feature.name + feature.other + feature.owner
    if len(words) > LONGEST_NAME:
        return f"a name longer than {LONGEST_NAME} signs"
    try:
        words.encode()
    except UnicodeEncodeError:
        return "a name with half a sign"
    return "a name with a NUL sign" if "\x00" in words else ""
