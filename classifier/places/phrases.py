"""Place phrases in a text, with their spans: house numbers, blocks, crossings, stretches, streets, landmarks, areas.

The commonest words are also streets ("race", "pine", "market"), so a word in small letters counts only with a street
word behind it or where the phrase around it proves it ("corner of race and 5th").
"""

import re
from collections.abc import Callable, Sequence

from classifier.places.crossings import (
    address,
    address_behind,
    block,
    block_first,
    corner,
    crossing,
    is_no_place,
    phrase_at,
    said_before,
)
from classifier.places.kinds import Found, Place, PlaceKind
from classifier.places.namebook import NameBook
from classifier.places.named import is_no_area, read_area, read_headed, reads_as_listed, with_state
from classifier.places.stops import stop
from classifier.places.street_names import foreign, street_name
from classifier.places.streets import read_names
from classifier.places.stretches import stretch
from classifier.places.tokens import ELSEWHERE, Token, plain_words, tokens_of, word_set
from classifier.places.world import world
from classifier.words import SCANNED_CODE_POINTS

__all__ = ["Place", "PlaceKind", "find_places", "kind_of_place", "most_exact", "places_in"]

_ROW = frozenset({",", "and", "&"})
_ORDER = {kind: rank for rank, kind in enumerate(PlaceKind)}
_TAG_STREET = r"(?:[NSEW](?=[A-Z\d]))?(?:\d{1,3}(?:st|nd|rd|th)|[A-Z][a-z]{2,20}?)(?:St|Ave|Blvd|Rd)?"
_TAG = re.compile(rf"#(?P<place>{_TAG_STREET}(?:And|and|N(?=[A-Z\d]))(?:(?!And){_TAG_STREET}))(?!\w)")
_HAN_NAME = r"(?:[A-Za-z0-9]{1,24} ?|(?:(?![和与與及跟在的上是有])[一-鿿]){1,5})"
_HAN = _HAN_NAME + r"(?:大街|大道|大路|马路|馬路|街(?![道灯燈上口])|路(?![灯燈面上口人边邊]))"
_HAN_CROSSING = re.compile(rf"{_HAN} ?[和与與及跟&] ?(?:{_HAN}|[A-Za-z0-9]{{2,24}})(?:交界|交叉口|路口)?")
_HAN_STREET = re.compile(_HAN)
_HANGUL_STREET = re.compile(r"[A-Za-z0-9\uac00-\ud7a3]{1,16} ?(?:스트리트|애비뉴|대로|번가)")


def _headed(tokens: list[Token], at: int) -> Found | None:
    named = read_headed(tokens, at, placed=said_before(tokens, at, "beside_words"))
    if named is None:
        return None
    for inner in range(at + 1, named[0] - 1):
        known = tokens[inner].known
        if known and known.after == named[0] and known.kind == "area":
            return PlaceKind(known.kind), inner, known.after, "listed name"
    return PlaceKind(named[1]), at, named[0], "named place"


def _listed(tokens: list[Token], at: int) -> Found | None:
    inside = said_before(tokens, at, "in_words")
    placed = inside or said_before(tokens, at, "from_words") or said_before(tokens, at, "beside_words")
    bare = not (said_before(tokens, at, "onto_street") or said_before(tokens, at, "beside_street"))
    named = reads_as_listed(tokens, at, placed=placed, bare=bare)
    return (PlaceKind(named[1]), at, named[0], "listed name") if named else None


def _beside(tokens: list[Token], at: int) -> Found | None:
    here = phrase_at(tokens, at, "beside")
    if here is None or here >= len(tokens):
        return None
    here += tokens[here].kind.lower in ("the", "el", "la", "le", "o") and here + 1 < len(tokens)
    if found := longest(tokens, here):
        return found
    shouted = tokens[here].text.isupper() and len(tokens[here].text) > 4
    after = None if shouted or is_no_area(tokens[here]) else read_names(tokens, here)
    if after == here + 1 and (tokens[here].kind.head or tokens[here].kind.suffix):
        return None
    if after and any(is_no_place(one) for one in tokens[here:after]):
        return None
    return (PlaceKind.LANDMARK, here, after, "beside a name") if after else None


def _area(tokens: list[Token], at: int) -> Found | None:
    here = at + 1
    if here >= len(tokens):
        return None
    if found := longest(tokens, here):
        return found
    after = read_area(tokens, here)
    return (PlaceKind.AREA, here, after, "in a name") if after else None


def _exit(tokens: list[Token], at: int) -> Found | None:
    """ "exit 14" of a highway."""
    if tokens[at].kind.lower != "exit" or at + 1 >= len(tokens) or not tokens[at + 1].kind.number:
        return None
    return (PlaceKind.LANDMARK, at, at + 2, "exit") if tokens[at + 1].gap else None


_Rule = Callable[[list[Token], int], Found | None]
_STREET_RULES: tuple[_Rule, ...] = (stretch, crossing, address_behind, _listed, _headed, street_name)
_OPENED: dict[str, _Rule] = {"corner": corner, "between": stretch, "run": stretch, "beside": _beside, "in_words": _area}


def _rules_for(tokens: list[Token], at: int) -> tuple[_Rule, ...]:
    """The rules that may begin at this word, so that the many words which begin none cost nothing."""
    token = tokens[at]
    kind = token.kind
    listed = (_listed,) if token.known and token.known.kind != "street" else ()
    if kind.lower in word_set("phrases", "area_before") and not kind.direction:
        listed = (_listed,)
    if kind.number or kind.lower == "unit":
        numbered = at + 1 < len(tokens) and tokens[at + 1].kind.plain_suffix
        return (block, address, *_STREET_RULES) if numbered else (block, address, *listed)
    if kind.lower == "exit":
        return (_exit, *listed)
    if kind.lower in ("block", "blk", "cuadra", "bloque", "quadra"):
        return (block_first, *listed)
    if kind.street_first:
        return (foreign, *_STREET_RULES)
    if kind.capital or kind.ordinal or kind.direction or kind.route or kind.letter or token.known:
        return _STREET_RULES
    if token.text[0].isupper() and kind.lower in word_set("never_a_name", "things"):
        return _STREET_RULES
    if kind.word:
        ahead = tokens[at + 1 : at + 4]
        near = any(one.kind.plain_suffix or one.kind.weak_suffix or one.kind.head for one in ahead)
        return (
            _STREET_RULES
            if near or any(one.kind.join for one in ahead[:2]) or (ahead and ahead[0].text == "(")
            else listed
        )
    return (block,) if kind.lower[0].isdigit() else ()


def longest(tokens: list[Token], at: int) -> Found | None:
    """The longest place that begins at this word; among equals the first rule's."""
    rules = _rules_for(tokens, at)
    if tokens[at].stop:
        rules = (stop, *rules)
    if not rules:
        return None
    found = [hit for rule in rules if (hit := rule(tokens, at))]
    return max(found, key=lambda hit: hit[2], default=None)


def find_places(text: str) -> list[Place]:
    """Every place phrase by patterns alone, no list of a city's names; see `places_in`."""
    return places_in(text)


def places_in(text: str, names: NameBook | None = None, *, own_areas: bool = False) -> list[Place]:
    """Every place phrase of the first SCANNED_CODE_POINTS, in order, none overlapping another. Never raises.

    `names`: a city's own, which go before the world's. `own_areas`: areas are among them, so that another city's name
    is no place in this one unless its state stands behind it.
    """
    found = _by_pattern(text[:SCANNED_CODE_POINTS])
    tokens = tokens_of(text)
    if names is not None:
        names.mark(tokens)
        names.mark_typos(tokens)
        names.mark_parted(tokens)
        names.mark_slips(tokens)
        names.mark_stops(tokens)
    world().mark(tokens, area=ELSEWHERE if own_areas else "area")
    hits: list[Found] = []
    at = 0
    while at < len(tokens):
        hit = _first(tokens, at)
        if hit is None:
            at += 1
            continue
        hits.append(hit)
        at = hit[2]
    hits += [one for hit in hits if (one := _locality(tokens, hit))]
    hits += _among_areas(tokens, hits)
    hits += _said_again(tokens, hits)
    found += [Place(kind, tokens[first].start, tokens[after - 1].end, rule) for kind, first, after, rule in hits]
    found.sort(key=lambda one: (one.start, one.rule != "hashtag", -one.end))
    kept: list[Place] = []
    for place in found:
        if not kept or place.start >= kept[-1].end:
            kept.append(place)
    return kept


def _first(tokens: list[Token], at: int) -> Found | None:
    if here := longest(tokens, at):
        return here
    opens = tokens[at].kind.opens
    if not opens:
        return None
    return next((hit for key, rule in _OPENED.items() if key in opens and (hit := rule(tokens, at))), None)


def _locality(tokens: list[Token], hit: Found) -> Found | None:
    """What stands behind an address: "..., Mattapan", "..., whitemarsh island, GA", "... 02122"."""
    kind, _, at, _ = hit
    if kind not in (PlaceKind.ADDRESS, PlaceKind.INTERSECTION, PlaceKind.BLOCK) or at >= len(tokens):
        return None
    if tokens[at].text == "\n" and at + 1 < len(tokens) and tokens[at + 1].kind.capital:
        last = read_names(tokens, at + 1)
        after = with_state(tokens, last) if last else at
        return (PlaceKind.AREA, at + 1, after, "behind an address") if last and after > last else None
    if tokens[at].text == ",":
        at += 1
        if at >= len(tokens):
            return None
        here = at
        while here < len(tokens) and here - at < 3 and (tokens[here].kind.word or tokens[here].kind.capital):
            here += 1
        ends = here == len(tokens) or tokens[here].text in ",.\n"
        if here > at and ends and not any(one.kind.common for one in tokens[at:here]):
            return PlaceKind.AREA, at, with_state(tokens, here), "behind an address"
    if tokens[at].kind.number and len(tokens[at].text) == 5 and tokens[at].gap:
        return PlaceKind.AREA, at, at + 1, "behind an address"
    return None


def _among_areas(tokens: list[Token], hits: Sequence[Found]) -> list[Found]:
    """Names in capitals in a row with areas ("from Vorde to Boston", "Boston, Vorde and Denver")."""
    firsts = {first for kind, first, _, _ in hits if kind == PlaceKind.AREA}
    ends = {after for kind, _, after, _ in hits if kind == PlaceKind.AREA}
    taken = {at for _, first, after, _ in hits for at in range(first, after)}
    found: list[Found] = []
    for at in range(len(tokens)) if firsts else ():
        known = tokens[at].known
        listed = known is not None and known.kind == "area"
        named = tokens[at].kind.capital and not (is_no_area(tokens[at]) or tokens[at].kind.head)
        if at in taken or not (named or listed):
            continue
        last = known.after if known and listed else read_names(tokens, at) or at + 1
        before = tokens[at - 1].kind.lower if at - 1 in ends else ""
        behind = tokens[last].kind.lower if last + 1 in firsts else ""
        led = behind == "/" or (behind == "to" and at and tokens[at - 1].kind.lower == "from")
        if before in ("to", "/") or led or (before in _ROW and behind in _ROW):
            found.append((PlaceKind.AREA, at, last, "among areas"))
            ends.add(last)
    return found


def _said_again(tokens: list[Token], hits: Sequence[Found]) -> list[Found]:
    """A street that was named before and is named again without its street word ("... the light on Cummins")."""
    streets = (PlaceKind.STREET, PlaceKind.INTERSECTION, PlaceKind.ADDRESS, PlaceKind.BLOCK)
    taken = {at for _, first, after, _ in hits for at in range(first, after)}
    named = {
        tokens[at].kind.lower
        for kind, first, after, _ in hits
        if kind in streets
        for at in range(first, after)
        if tokens[at].kind.word and not (tokens[at].kind.suffix or tokens[at].kind.common or tokens[at].kind.direction)
    }
    return [
        (PlaceKind.STREET, at, at + 1, "named before")
        for at, token in enumerate(tokens)
        if at not in taken and token.kind.lower in named and said_before(tokens, at, "before_names")
        if token.text[0].isupper() or token.kind.lower not in plain_words()
    ]


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
