"""What the gazetteer knows about the name of a place that is no street: landmarks, stops, waterways and areas."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rapidfuzz import fuzz, process

from classifier.places.found import Found
from classifier.places.gazetteer import Area, Gazetteer, Named
from classifier.places.readings import Reading, read_phrase
from classifier.places.spots import Spot
from classifier.places.written import place_key
from models.places import FeatureKind

_NEARLY_NAMED = 85.0
"""RapidFuzz ratio from which two names with the same first letter may be one."""
_SHORTEST_NEAR = 6
_AHEAD = 4.0
"""So far must the nearest spelling lead the next."""


class NamedLookups:
    """Looks names up in one gazetteer. `resolve`: finds the address of a landmark that has no point."""

    def __init__(self, gazetteer: Gazetteer, resolve: Callable[[Reading], list[Found]]) -> None:
        self.gazetteer = gazetteer
        self._resolve = resolve
        self._keys = list({*gazetteer.names(), *gazetteer.area_names})

    def find(self, reading: Reading) -> list[Found]:
        """What its name is the name of: as it is, then nearly so, then by part of it."""
        if found := self._by_name(reading.name, reading):
            return found
        if near := self.nearest(place_key(reading.name), self._keys):
            return self._by_name(near, reading)
        if rough := self.gazetteer.named_roughly(reading.name):
            return list(self._landmark(rough, reading))
        return []

    def stops(self, reading: Reading) -> list[Found]:
        """The stops of this name, on any line."""
        return [one for stop in self.gazetteer.stops(reading.name) for one in self._landmark(stop, reading)]

    def is_landmark(self, reading: Reading) -> bool:
        """Whether a name is a landmark's, stop's or waterway's, whatever area it has in it."""
        return bool(self.gazetteer.named(reading.name) or self.gazetteer.named_for_short(reading.name))

    def is_name(self, words: str) -> bool:
        """Whether these words are the name of a place that is no street."""
        gazetteer = self.gazetteer
        return (
            bool(gazetteer.named(words) or gazetteer.named_for_short(words)) or place_key(words) in gazetteer.area_names
        )

    def _by_name(self, words: str, reading: Reading) -> list[Found]:
        """Landmarks, stops and waterways, the area, then the landmarks for short, of exactly this name."""
        if found := [one for named in self.gazetteer.named(words) for one in self._landmark(named, reading)]:
            return found
        if area := self.gazetteer.area_names.get(place_key(words)):
            return [_area(area)]
        return [one for named in self.gazetteer.named_for_short(words) for one in self._landmark(named, reading)]

    def nearest(self, key: str, keys: Sequence[str]) -> str:
        """The one of these keys that is spelled nearly so; "" where none is, or two are."""
        if len(key) < _SHORTEST_NEAR:
            return ""
        near = process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=_NEARLY_NAMED, limit=3)
        good = [(one, score) for one, score, _ in near if one[0] == key[0]]
        if not good or (len(good) > 1 and good[0][1] - good[1][1] < _AHEAD):
            return ""
        return str(good[0][0])

    def _landmark(self, one: Named, reading: Reading) -> Iterator[Found]:
        if one.lat is None or one.lon is None:
            if one.other:
                at = self._resolve(read_phrase(one.other, None, reading.start, reading.end))
                yield from (replace(found, kind="landmark", name=one.name, source=one.source) for found in at[:1])
            else:
                yield Found(str(one.kind), one.name, None, 0.3, enough=False, source=one.source)
            return
        wide = one.kind is FeatureKind.WATERWAY
        kind = "area" if wide else str(one.kind)
        spot, score = Spot(one.lat, one.lon, one.precision_m), 0.3 if wide else 0.85
        yield Found(kind, one.name, spot, score, enough=not wide, source=one.source)


def _area(area: Area) -> Found:
    spot = Spot(area.lat, area.lon, max(500.0, area.precision_m)) if area.lat and area.lon else None
    return Found("area", area.name, spot, 0.2, enough=False, source=area.source)
