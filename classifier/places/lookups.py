"""What the gazetteer knows about one reading: every place it may be, best first."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from rapidfuzz import fuzz, process

from classifier.places.found import Fits, Found
from classifier.places.gazetteer import Gazetteer
from classifier.places.guessing import extent, guessed_crossings, on_the_shorter
from classifier.places.named_lookups import NamedLookups
from classifier.places.names import StreetName, name_key, read_street_name, short_names, without_article
from classifier.places.readings import Form, Reading, read_phrase
from classifier.places.spots import Spot, apart, distinct, metres
from classifier.places.written import place_key

_NEARLY = 83.0
"""RapidFuzz ratio from which two keys with the same first letter may be one name."""
_NEARLY_MEETING = 80.0
"""The same where the other street really meets it."""
_SHORTEST_NEAR = 6
_AHEAD = 4.0
"""So far must the nearest spelling lead the next."""
_RIVAL_M = 250.0
_ONE_ESTIMATE_M = 600.0
"""Estimates this near each other are guesses at one place."""
_TOO_COARSE_M = 600.0
_MOST_POINTS = 200
OTHERWISE = "named otherwise than was said"
_LESSER = frozenset({"Ct", "Pl", "Ter", "Sq", "Ln", "Cir", "Plz", "Way", "Row", "Aly", "Path", "Walk", "Mews"})
_SHORT_STREET_M = 150.0
_UNKNOWN_EXTENT_M = 250.0


class Lookups:
    """Looks readings up in one gazetteer. Not safe for changing gazetteers: make a new one."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self._letters: dict[str, list[str]] = {}
        for key in gazetteer.street_keys():
            self._letters.setdefault(key[:1], []).append(key)
        self.named = NamedLookups(gazetteer, self.find)
        self._nick_keys = list(gazetteer.nicknames)
        self._near = lru_cache(maxsize=4096)(self._nearly)
        self._streets = lru_cache(maxsize=16_384)(self._streets_of)

    def find(self, reading: Reading, fits: Fits | None = None) -> list[Found]:
        """Every place the reading may be, best first; empty where the gazetteer knows none.

        `fits`: crossings are looked for until one fits; the others are left to be judged.
        """
        if (nick := self._nickname(reading)) is not None:
            return self.find(nick, fits)
        match reading.form:
            case Form.ADDRESS:
                return self._address(reading, fits)
            case Form.CROSSING:
                return self.crossing(reading.streets, fits) or self._one_side(reading.streets[0])
            case Form.BLOCK:
                return self._block(reading)
            case Form.STRETCH:
                return self._stretch(reading)
            case Form.STREET:
                return self._street(reading.streets[0][0])
            case Form.NAME:
                return self._name(reading)
            case Form.STOP:
                return self.named.stops(reading) or self._name(reading)

    def _name(self, reading: Reading) -> list[Found]:
        return self.named.find(reading) or (self._street(reading.streets[0][0]) if reading.streets else [])

    def streets(self, name: StreetName, *, loose: bool = False, near: bool = True) -> tuple[int, ...]:
        """The streets a name may be: by spelling, by nickname and short name.

        `loose`: where there is none, with another street word ("Oak St" for "Oak Ave"). `near`: then by near spelling.
        """
        if found := self._streets(name):
            return found
        if loose and name.suffix and (found := self._streets(replace(name, suffix=""))):
            return found
        key = self._near(name.key) if near else ""
        return self._alike(replace(name, base=key)) if key else ()

    def _streets_of(self, name: StreetName) -> tuple[int, ...]:
        key = name.key
        if not key:
            return ()
        gazetteer = self.gazetteer
        nick = gazetteer.nicknames.get(name_key(name.normal)) or gazetteer.nicknames.get(key)
        if nick and (found := self._alike(read_street_name(nick))):
            return found
        if found := self._alike(name):
            return found
        if long := short_names().get(name.base.casefold()):
            return self._alike(replace(name, base=long))
        whole = StreetName(base=name.normal)
        return tuple(gazetteer.with_key(whole.key)) if name.suffix else ()

    def _alike(self, name: StreetName) -> tuple[int, ...]:
        """Streets of this base and street word, in this direction where there are such, else in any."""
        known = self.gazetteer.streets
        found = [
            one
            for one in self.gazetteer.with_key(name.key)
            if name.suffix in ("", known[one].suffix) or not known[one].suffix
        ]
        if direction := name.direction or name.post_direction:
            directed = [one for one in found if direction in (known[one].direction, known[one].post_direction)]
            found = directed or [one for one in found if not (known[one].direction or known[one].post_direction)]
        return tuple(found)

    def _nearly(self, key: str) -> str:
        """The one key spelled nearly so; "" where none is, or two are."""
        if len(key) < 6 or key[0].isdigit():
            return ""
        near = process.extract(key, self._letters.get(key[0], ()), scorer=fuzz.ratio, score_cutoff=_NEARLY, limit=2)
        if not near or (len(near) == 2 and near[0][1] - near[1][1] < _AHEAD):
            return ""
        return str(near[0][0])

    def _nickname(self, reading: Reading) -> Reading | None:
        """What a nickname stands for, read in its place."""
        if reading.form in (Form.ADDRESS, Form.BLOCK, Form.STRETCH) or not self.gazetteer.nicknames:
            return None
        bases = " ".join(one.base for one in next(iter(reading.streets), ()))
        words = reading.name or bases
        nicknames, key = self.gazetteer.nicknames, place_key(words)
        meant = nicknames.get(name_key(without_article(words))) or nicknames.get(key)
        if not meant and reading.form is Form.CROSSING:
            meant = nicknames.get(name_key(bases))
        if meant and reading.form is Form.STREET and self._streets(reading.streets[0][0]):
            street = read_street_name(meant)
            meant = meant if self._alike(street) else ""
        if not meant and reading.form is Form.NAME and not self.named.is_name(words):
            meant = nicknames.get(self.named.nearest(key, self._nick_keys))
        if not meant or name_key(meant) == name_key(words):
            return None
        return read_phrase(meant, None, reading.start, reading.end)

    def _address(self, reading: Reading, fits: Fits | None) -> list[Found]:
        name = reading.streets[0][0]
        streets = self._plain_first(self.streets(name, near=False), name)
        spots = [spot for street in streets for spot in self.gazetteer.house(street, reading.low)]
        if not spots:
            loose = self.streets(name, loose=True)
            spots = [spot for street in loose for spot in self.gazetteer.house(street, reading.low)]
            spots = spots if len(loose) == 1 else [spot for spot in spots if not spot.estimated]
        if not spots or (fits and not any(fits(spot) for spot in spots)):
            spots += [spot for street in streets if (spot := self._somewhere(street, fits))]
        known = distinct((spot for spot in spots if not spot.estimated), _RIVAL_M)
        guessed = distinct((spot for spot in spots if spot.estimated), _ONE_ESTIMATE_M)
        kept = [*known, *(spot for spot in guessed if all(apart(spot, one) > _ONE_ESTIMATE_M for one in known))]
        found = [
            Found(
                "address",
                f"{reading.number} {self.gazetteer.streets[spot.street].normal}",
                spot,
                0.6 if spot.estimated else 0.95,
                (spot.street,),
                enough=spot.precision_m <= _TOO_COARSE_M and self._is_as_said(spot, name),
                note=self._doubt(spot, name),
            )
            for spot in kept
        ]
        return found + self._open(reading, "address", found)

    def _open(self, reading: Reading, kind: str, found: Sequence[Found]) -> list[Found]:
        """Where else a house or block may be that no direction was said of: on a twin whose numbers are not known."""
        name, gazetteer = reading.streets[0][0], self.gazetteer
        there = {street for one in found if one.known for street in one.streets}
        if name.direction or name.post_direction or not there:
            return []
        twins = {(gazetteer.streets[one].base, gazetteer.streets[one].suffix) for one in there}
        more = []
        for street in self.streets(name, near=False):
            one = gazetteer.streets[street]
            if street in there or (one.base, one.suffix) not in twins or not gazetteer.is_open(street, reading.low):
                continue
            middle = extent(gazetteer.points_of(street))
            spot = Spot(*middle[:2], max(_UNKNOWN_EXTENT_M, middle[2]), street=street) if middle else None
            label = f"{reading.number or f'{reading.low or 1} block of'} {one.normal}"
            more.append(Found(kind, label, spot, 0.5, (street,), open=True))
        return more

    def _doubt(self, spot: Spot, name: StreetName) -> str:
        if not self._is_as_said(spot, name):
            return OTHERWISE
        return "outside every known range of house numbers" if spot.estimated else ""

    def _is_as_said(self, spot: Spot, said: StreetName) -> bool:
        """Whether the street is the one that was said. Where not all streets are known, another one is none."""
        if self.gazetteer.has_lines(spot.street):
            return True
        name = self.gazetteer.streets[spot.street]
        if spot.estimated and (name.direction or name.post_direction) and not (said.direction or said.post_direction):
            return False
        return spot.street in self._streets(said) or (not spot.estimated and said.suffix in ("", name.suffix))

    def is_lesser(self, reading: Reading, found: Found) -> bool:
        """Whether the place is on an "Oak Ct" where only "Oak" was said, which is Oak St where there is one."""
        said = {word for streets in reading.streets for name in streets for word in (name.suffix,)}
        words = {self.gazetteer.streets[street].suffix for street in found.streets}
        return bool((words & _LESSER) - said)

    def in_full(self, name: StreetName) -> StreetName:
        """The name with the street word, and the direction, that all streets have that it may be."""
        known = [self.gazetteer.streets[one] for one in self.streets(name)]
        if len({(one.base, one.suffix) for one in known}) != 1:
            return name
        return known[0] if len(known) == 1 else replace(name, base=known[0].base, suffix=known[0].suffix)

    def _plain_first(self, streets: Sequence[int], name: StreetName) -> Sequence[int]:
        """Without a direction said, the street without one goes before "N" and "S" of the same name."""
        if name.direction or name.post_direction:
            return streets
        known = self.gazetteer.streets
        plain = [one for one in streets if not (known[one].direction or known[one].post_direction)]
        return plain or streets

    def _somewhere(self, street: int, fits: Fits | None) -> Spot | None:
        """The middle of a street, or of what fits of it, where that is short: for a number that is known nowhere."""
        points = self.gazetteer.points_of(street)
        if fits and len(points) < _MOST_POINTS:
            points = points[[fits(Spot(lat, lon, 0.0)) for lat, lon in points.tolist()]]
        middle = extent(points)
        if middle is None or middle[2] > 3 * _SHORT_STREET_M:
            return None
        return Spot(middle[0], middle[1], max(_UNKNOWN_EXTENT_M, middle[2]), estimated=True, street=street)

    def crossing(self, pairs: Iterable[tuple[StreetName, ...]], fits: Fits | None = None) -> list[Found]:
        """Where two streets meet, of the first way to read them that does; guessed only where no lines are known."""
        pairs, unfit = list(pairs), list[Found]()
        for look in (self._met, self._nearly_met, self._guessed):
            for one, other in pairs:
                found = look(one, other)
                if found and (fits is None or any(at.spot and fits(at.spot) for at in found)):
                    return found
                unfit = unfit or found
        return unfit

    def _met(self, one: StreetName, other: StreetName) -> list[Found]:
        spots = [
            (a, b, spot)
            for a in self.streets(one, loose=True, near=False)
            for b in self.streets(other, loose=True, near=False)
            for spot in self.gazetteer.crossing(a, b)
        ]
        return self._crossings(spots, 0.93)

    def _nearly_met(self, one: StreetName, other: StreetName) -> list[Found]:
        """A misspelled street is one that meets the other."""
        spots = []
        for right, wrong, turned in ((one, other, False), (other, one, True)):
            if len(wrong.key) < 4 or wrong.key[0].isdigit() or self.gazetteer.with_key(wrong.key):
                continue
            for a in self.streets(right, near=False):
                for b in self.gazetteer.meeting(a):
                    key = self.gazetteer.streets[b].key
                    if key[:1] == wrong.key[0] and fuzz.ratio(key, wrong.key) >= _NEARLY_MEETING:
                        pair = (b, a) if turned else (a, b)
                        spots += [(*pair, spot) for spot in self.gazetteer.crossing(a, b)]
        return self._crossings(spots, 0.85)

    def _guessed(self, one: StreetName, other: StreetName) -> list[Found]:
        """Streets known by some of their houses alone may meet where those are nearest."""
        gazetteer = self.gazetteer
        spots = [
            (a, b, spot)
            for a in self.streets(one)
            for b in self.streets(other)
            if a != b and not (gazetteer.has_lines(a) and gazetteer.has_lines(b))
            for spot in guessed_crossings(gazetteer.points_of(a), gazetteer.points_of(b))
        ]
        spots = spots or [
            (a, b, spot)
            for a in self.streets(one)
            for b in self.streets(other)
            if a != b and not (gazetteer.has_lines(a) or gazetteer.has_lines(b))
            if (spot := on_the_shorter(gazetteer.points_of(a), gazetteer.points_of(b)))
        ]
        best = min((spot.precision_m for _, _, spot in spots), default=0.0)
        return self._crossings([one for one in spots if one[2].precision_m <= 2 * best + 30], 0.55)

    def _crossings(self, spots: Sequence[tuple[int, int, Spot]], score: float) -> list[Found]:
        found = []
        for spot in distinct((spot for _, _, spot in spots), _RIVAL_M):
            here = [(a, b) for a, b, near in spots if apart(near, spot) <= _RIVAL_M]
            name = f"{self._shared_name(a for a, _ in here)} & {self._shared_name(b for _, b in here)}"
            streets = tuple(dict.fromkeys(one for pair in here for one in pair))
            note = "the streets are not known to meet; guessed from addresses near by" if spot.estimated else ""
            found.append(Found("intersection", name, spot, score, streets, note=note))
        return found

    def _shared_name(self, streets: Iterable[int]) -> str:
        """The name of these streets; without its direction where they differ in that alone ("5th St")."""
        names = list(dict.fromkeys(self.gazetteer.streets[one] for one in streets))
        plain = {replace(name, direction="", post_direction="") for name in names}
        return next(iter(plain)).normal if len(names) > 1 and len(plain) == 1 else names[0].normal

    def _one_side(self, pair: Sequence[StreetName]) -> list[Found]:
        """Of a crossing with a street nobody knows, the other one, where that is short enough."""
        sides = [name for name in pair if self.streets(name)]
        found = self._street(sides[0]) if len(sides) == 1 else []
        return [replace(one, note="the cross street is not known") for one in found if one.enough]

    def _block(self, reading: Reading) -> list[Found]:
        found = []
        for street in self.streets(reading.streets[0][0]):
            spots = [spot for number in (50, 51, 20, 21) for spot in self.gazetteer.house(street, reading.low + number)]
            name = self.gazetteer.streets[street].normal
            label = f"{reading.low} block of {name}" if reading.low else f"unit block of {name}"
            known = [spot for spot in spots if not spot.estimated]
            for spot in distinct(known or spots[:1], _RIVAL_M):
                wide = replace(spot, precision_m=max(60.0, spot.precision_m))
                found.append(Found("block", label, wide, 0.6 if spot.estimated else 0.9, (street,)))
        return [*(one for one in found if one.known), *self._open(reading, "block", found)] or found

    def _stretch(self, reading: Reading) -> list[Found]:
        for street, first, last in reading.streets:
            if street.base and (found := self._between(street, first, last)):
                return found
            if not street.base and (found := self.crossing([(first, last)])):
                return [replace(one, kind="block", score=0.5, name=_between_name(one.name)) for one in found]
        return []

    def _between(self, street: StreetName, first: StreetName, last: StreetName) -> list[Found]:
        ends = [self.crossing([(street, end)]) for end in (first, last)]
        if not (ends[0] and ends[1]):
            return [replace(one, score=one.score * 0.8) for one in ends[0] or ends[1]]
        found = []
        for one in ends[0]:
            near = min(ends[1], key=lambda other: _apart(one, other))
            if one.spot is None or near.spot is None or (away := _apart(one, near)) > 5000:
                continue
            name = self._shared_name(one.streets[:1])
            label = f"{name} between {one.name.partition(' & ')[2]} and {near.name.partition(' & ')[2]}"
            spot = Spot(
                (one.spot.lat + near.spot.lat) / 2,
                (one.spot.lon + near.spot.lon) / 2,
                max(50.0, away / 2),
                one.spot.estimated or near.spot.estimated,
                one.spot.street,
            )
            found.append(Found("block", label, spot, min(one.score, near.score) * 0.95, one.streets))
        return found

    def _street(self, name: StreetName) -> list[Found]:
        found = []
        for street in self.streets(name):
            middle = extent(self.gazetteer.points_of(street))
            label = self.gazetteer.streets[street].normal
            if middle is None:
                found.append(Found("street", label, None, 0.3, (street,), enough=False))
                continue
            lat, lon, reach, count = middle
            short = reach <= _SHORT_STREET_M and (count > 2 or self.gazetteer.has_lines(street))
            spot = Spot(lat, lon, max(50.0, reach), street=street)
            found.append(Found("street", label, spot, 0.5 if short else 0.4, (street,), enough=short))
        return found


def _between_name(crossing: str) -> str:
    return f"between {' and '.join(crossing.split(' & '))}"


def _apart(one: Found, other: Found) -> float:
    if one.spot is None or other.spot is None:
        return float("inf")
    return metres(one.spot.lat, one.spot.lon, other.spot.lat, other.spot.lon)
