"""Where a post says the problem is. Patterns only; a city's own street names come on top of these."""

from classifier.places.phrases import Place, PlaceKind, find_places, kind_of_place, most_exact

__all__ = ["Place", "PlaceKind", "find_places", "kind_of_place", "most_exact"]
