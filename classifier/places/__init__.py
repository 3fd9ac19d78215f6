"""Where a post says the problem is: patterns, and the names of a city's own gazetteer on top of these (`finder`)."""

from classifier.places.phrases import Place, PlaceKind, find_places, kind_of_place, most_exact

__all__ = ["Place", "PlaceKind", "find_places", "kind_of_place", "most_exact"]
