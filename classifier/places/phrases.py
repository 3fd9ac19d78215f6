"""Place phrases in a text, with their spans: house numbers, blocks, crossings, stretches, streets, landmarks.

Patterns alone, no list of a city's names. The commonest words are also streets ("race", "pine", "market"), so a word in
small letters counts only with a street word behind it or where the phrase around it proves it ("corner of race and
5th").
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from classifier.places.streets import Proof, Street, read_house, read_landmark, read_names, read_street
from classifier.places.tokens import Token, phrase_list, tokens_of, word_set
from classifier.words import SCANNED_CODE_POINTS


class PlaceKind(StrEnum):
    """How exactly a phrase says where, from most to least exact."""

    ADDRESS = "address"
    INTERSECTION = "intersection"
    BLOCK = "block"
    LANDMARK = "landmark"
    STREET = "street"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Place:
    """A place phrase: code points `start` to `end` of the text, and the rule that found it."""

    kind: PlaceKind
    start: int
    end: int
    rule: str


_Found = tuple[PlaceKind, int, int, str]
"""Kind, first token, token after the last, rule."""

_ORDER = {kind: rank for rank, kind in enumerate(PlaceKind)}
_HUNDRED = frozenset({"block", "blk", "blocks", "blks", "bk"})
_TAG_STREET = r"(?:[NSEW](?=[A-Z\d]))?(?:\d{1,3}(?:st|nd|rd|th)|[A-Z][a-z]{2,20}?)(?:St|Ave|Blvd|Rd)?"
_TAG = re.compile(rf"#(?P<place>{_TAG_STREET}(?:And|and|N(?=[A-Z\d]))(?:(?!And){_TAG_STREET}))(?!\w)")
_HAN_NAME = r"(?:[A-Za-z0-9]{1,24} ?|(?:(?![和与與及跟在的上是有])[一-鿿]){1,5})"
_HAN = _HAN_NAME + r"(?:大街|大道|大路|马路|馬路|街(?![道灯燈上口])|路(?![灯燈面上口人边邊]))"
_HAN_CROSSING = re.compile(rf"{_HAN} ?[和与與及跟&] ?(?:{_HAN}|[A-Za-z0-9]{{2,24}})(?:交界|交叉口|路口)?")
_HAN_STREET = re.compile(_HAN)
_HANGUL_STREET = re.compile(r"[A-Za-z0-9\uac00-\ud7a3]{1,16} ?(?:스트리트|애비뉴|대로|번가)")


def _phrase_at(tokens: list[Token], at: int, key: str) -> int | None:
    """The token after the longest phrase of this list that starts here."""
    for phrase in phrase_list(key):
        if [one.kind.lower for one in tokens[at : at + len(phrase)]] == list(phrase):
            return at + len(phrase)
    return None


def _join_at(tokens: list[Token], at: int) -> Token | None:
    """The sign or word that joins two streets here, or None."""
    if at < len(tokens) and (join := tokens[at].kind.join) and (join == "sign" or tokens[at].gap):
        return tokens[at]
    return None


def _fits(join: Token, left: Proof, right: Proof) -> bool:
    """Whether two streets joined so are a crossing. What joins other things too asks for surer streets."""
    low, high = sorted((left, right))
    if join.kind.lower in ("&", "&amp;", "@"):
        return low >= Proof.NAME or high >= Proof.ORDINAL
    if join.kind.join == "near":
        return left >= Proof.ORDINAL and right >= Proof.NAME
    return high >= Proof.ORDINAL and (
        low >= Proof.NAME or high == Proof.ORDINAL or join.kind.lower in ("and", "y", "/")
    )


def _pair(tokens: list[Token], at: int, *, proved: bool = False) -> tuple[int, Proof] | None:
    """Two joined streets from `at`. `proved`: words before them say that this is a place."""
    left = read_street(tokens, at, loose=True, two_small=proved)
    if left is None:
        return None
    after = left[0]
    if after + 1 < len(tokens) and tokens[after].text == "," and tokens[after + 1].kind.join == "near":
        after += 1
    if not (join := _join_at(tokens, after)):
        return None
    second = after + 1
    second += second < len(tokens) and tokens[second].kind.lower in ("the", "la", "el", "calle", "rue", "rua")
    right = read_street(tokens, second, loose=True, two_small=True) if second < len(tokens) else None
    if right is None or not (proved or _fits(join, left[1], right[1])):
        return None
    return right[0], min(left[1], right[1])


def _block(tokens: list[Token], at: int) -> _Found | None:
    here = at + 1 if tokens[at].kind.lower == "unit" else read_house(tokens, at)
    if here is None and re.fullmatch(r"\d{1,5}s", tokens[at].kind.lower):
        here = at + 1
    if here is None or here >= len(tokens):
        return None
    here += tokens[here].kind.lower == "hundred"
    if here >= len(tokens) or tokens[here].kind.lower not in _HUNDRED:
        return None
    here += 1
    while here < len(tokens) and tokens[here].kind.lower in (".", "of", "on", "the"):
        here += 1
    street = read_street(tokens, here, loose=True, two_small=True) if here < len(tokens) else None
    return (PlaceKind.BLOCK, at, street[0], "block of") if street else None


def _corner(tokens: list[Token], at: int) -> _Found | None:
    here = _phrase_at(tokens, at, "corner")
    if here is None or here >= len(tokens):
        return None
    here += tokens[here].kind.lower == "the"
    pair = _pair(tokens, here, proved=True) if here < len(tokens) else None
    return (PlaceKind.INTERSECTION, here, pair[0], "corner of") if pair else None


def _stretch(tokens: list[Token], at: int) -> _Found | None:
    """ "X between Y and Z", "between Y and Z", "X from Y to Z"."""
    street = read_street(tokens, at, two_small=True)
    here = street[0] if street else at
    if here >= len(tokens):
        return None
    lower = tokens[here].kind.lower
    between = _phrase_at(tokens, here, "between") or (here + 3 if _spelled(tokens, here, "b/w") else None)
    if between and between < len(tokens) and (pair := _pair(tokens, between, proved=street is not None)):
        return PlaceKind.BLOCK, at, pair[0], "between"
    if street and lower == "from" and (first := _read(tokens, here + 1)):
        to = first[0]
        if (
            to < len(tokens)
            and tokens[to].kind.lower in ("to", "until", "through", "thru")
            and (last := _read(tokens, to + 1))
        ):
            return PlaceKind.BLOCK, at, last[0], "from to"
    return None


def _read(tokens: list[Token], at: int) -> Street | None:
    return read_street(tokens, at, two_small=True) if at < len(tokens) else None


def _spelled(tokens: list[Token], at: int, sign: str) -> bool:
    return "".join(one.kind.lower for one in tokens[at : at + 3]) == sign


def _before(tokens: list[Token], at: int, key: str) -> bool:
    return at == 0 or tokens[at - 1].text == "\n" or tokens[at - 1].kind.lower in word_set("phrases", key)


def _address(tokens: list[Token], at: int) -> _Found | None:
    here = read_house(tokens, at)
    if here is None or here >= len(tokens) or not tokens[here].gap:
        return None
    street = read_street(tokens, here, two_small=True)
    if street is None:
        return None
    after, proof = street
    enough = proof is Proof.SURE or (len(tokens[at].text) >= 2 and _before(tokens, at, "before_number"))
    return (PlaceKind.ADDRESS, at, after, "house number") if enough else None


def _crossing(tokens: list[Token], at: int) -> _Found | None:
    pair = _pair(tokens, at)
    if pair:
        return PlaceKind.INTERSECTION, at, pair[0], "two streets"
    if (
        _before(tokens, at, "before_names")
        and at
        and (left := read_street(tokens, at))
        and (join := _join_at(tokens, left[0]))
        and join.kind.lower in ("and", "n")
    ):
        right = read_street(tokens, left[0] + 1) if left[0] + 1 < len(tokens) else None
        if right and min(left[1], right[1]) >= Proof.NAME:
            return PlaceKind.INTERSECTION, at, right[0], "names after a place word"
    return None


def _named(tokens: list[Token], at: int) -> _Found | None:
    landmark = read_landmark(tokens, at)
    return (PlaceKind.LANDMARK, at, landmark, "named landmark") if landmark else None


def _foreign(tokens: list[Token], at: int) -> _Found | None:
    """ "calle Quinta", "rue Spruce", "улица Брод": the street word comes first."""
    here = at + 1
    while here < len(tokens) and tokens[here].kind.lower in ("de", "la", "del", "da", "do", "des", "las", "los", "."):
        here += 1
    if here >= len(tokens) or not (tokens[here].kind.capital or tokens[here].kind.ordinal or tokens[here].kind.number):
        return None
    after = here + 1 if tokens[here].kind.number else (read_street(tokens, here) or (here + 1, Proof.NAME))[0]
    if (
        (join := _join_at(tokens, after))
        and join.kind.join != "near"
        and (right := _foreign(tokens, after + 1) if after + 1 < len(tokens) else None)
    ):
        return PlaceKind.INTERSECTION, at, right[2], "two streets"
    if join and (pair := _read(tokens, after + 1)) and pair[1] >= Proof.NAME:
        return PlaceKind.INTERSECTION, at, pair[0], "two streets"
    return PlaceKind.STREET, at, after, "street word first"


def _street(tokens: list[Token], at: int) -> _Found | None:
    street = read_street(tokens, at, two_small=_before(tokens, at, "before_names"))
    if street and (
        street[1] is Proof.SURE or (street[1] is Proof.ORDINAL and at and _before(tokens, at, "before_names"))
    ):
        return PlaceKind.STREET, at, street[0], "street name"
    return None


def _beside(tokens: list[Token], at: int) -> _Found | None:
    here = _phrase_at(tokens, at, "beside")
    if here is None or here >= len(tokens):
        return None
    here += tokens[here].kind.lower in ("the", "el", "la", "le", "o", "a") and here + 1 < len(tokens)
    if street := next((hit for rule in _STREET_RULES if (hit := rule(tokens, here))), None):
        return street
    after = read_names(tokens, here)
    return (PlaceKind.LANDMARK, here, after, "beside a name") if after else None


def _area(tokens: list[Token], at: int) -> _Found | None:
    if at + 1 >= len(tokens):
        return None
    after = read_names(tokens, at + 1)
    return (PlaceKind.AREA, at + 1, after, "in a name") if after else None


_Rule = Callable[[list[Token], int], _Found | None]
_STREET_RULES: tuple[_Rule, ...] = (_stretch, _crossing, _named, _street)


def _rules_for(tokens: list[Token], at: int) -> tuple[_Rule, ...]:
    """The rules that may begin at this word, so that the many words which begin none cost nothing."""
    kind = tokens[at].kind
    if kind.number or kind.lower == "unit":
        return (_block, _address)
    if kind.opens:
        return tuple(rule for key, rule in _OPENED.items() if key in kind.opens) + (
            _STREET_RULES if kind.capital or kind.word else ()
        )
    if kind.street_first:
        return (_foreign, *_STREET_RULES)
    if kind.capital or kind.ordinal or kind.direction or kind.route:
        return _STREET_RULES
    if kind.word:
        ahead = tokens[at + 1 : at + 3]
        return _STREET_RULES if any(one.kind.plain_suffix for one in ahead) or (ahead and ahead[0].kind.join) else ()
    return (_block,) if kind.lower[0].isdigit() else ()


_OPENED: dict[str, _Rule] = {"corner": _corner, "between": _stretch, "beside": _beside, "in_words": _area}


def find_places(text: str) -> list[Place]:
    """Every place phrase of the first SCANNED_CODE_POINTS, in order, none overlapping another. Never raises.

    At each word the first rule that fits wins, so a longer phrase is found before the parts it is made of.
    """
    found = _by_pattern(text[:SCANNED_CODE_POINTS])
    tokens = tokens_of(text)
    at = 0
    while at < len(tokens):
        hit = next((hit for rule in _rules_for(tokens, at) if (hit := rule(tokens, at))), None)
        if hit is None:
            at += 1
            continue
        kind, first, after, name = hit
        found.append(Place(kind, tokens[first].start, tokens[after - 1].end, name))
        at = after
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Place] = []
    for place in found:
        if not kept or place.start >= kept[-1].end:
            kept.append(place)
    return kept


def _by_pattern(text: str) -> list[Place]:
    """Hashtags, and languages that write no blanks between words."""
    found = [Place(PlaceKind.INTERSECTION, *match.span("place"), "hashtag") for match in _TAG.finditer(text)]
    if not text.isascii():
        found += [Place(PlaceKind.INTERSECTION, *match.span(), "two streets") for match in _HAN_CROSSING.finditer(text)]
        found += [Place(PlaceKind.STREET, *match.span(), "street name") for match in _HAN_STREET.finditer(text)]
        found += [Place(PlaceKind.STREET, *match.span(), "street name") for match in _HANGUL_STREET.finditer(text)]
    return found


def most_exact(places: Sequence[Place]) -> Place | None:
    """The most exact of these; among equals the first. None of none."""
    return min(places, key=lambda one: (_ORDER[one.kind], one.start), default=None)


def kind_of_place(phrase: str) -> PlaceKind | None:
    """How exact a phrase is that was taken from a text. None for no phrase; one that no rule knows is a landmark."""
    if not phrase.strip():
        return None
    place = most_exact(find_places(phrase))
    return place.kind if place else PlaceKind.LANDMARK
