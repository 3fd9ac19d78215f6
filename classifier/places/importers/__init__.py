"""Reading a city's own sources of places: one module for each kind of source, each `read(path, skipped, options)`."""

from classifier.places.importers.reading import read_source
from classifier.places.importers.sources import BrokenSource, Options

__all__ = ["BrokenSource", "Options", "read_source"]
