"""Rules for stretches of a street: "X between Y and Z", "X from Y to Z", "between 173-175 Streets"."""

from classifier.places.crossings import (
    crossing,
    is_area,
    is_no_place,
    past_side,
    phrase_at,
    read_pair,
    read_placed,
    said_before,
)
from classifier.places.kinds import Found, PlaceKind
from classifier.places.streets import Proof, read_street
from classifier.places.tokens import Token

_BETWEEN = frozenset({"b/w", "b/t", "b/n"})
_UNTIL = frozenset({"to", "until", "through", "thru", "till"})


def stretch(tokens: list[Token], at: int) -> Found | None:
    """ "X between Y and Z", "between Y and Z", "X from Y to Z"."""
    street = read_street(tokens, at, placed=said_before(tokens, at, "before_names"))
    here = street[0] if street else at
    if here >= len(tokens):
        return None
    here += tokens[here].text in ",(" and here + 1 < len(tokens) and street is not None
    if street is None and tokens[at].kind.lower == "from":
        return _run(tokens, at)
    between = phrase_at(tokens, here, "between") or (here + 3 if _spelled(tokens, here) in _BETWEEN else None)
    if between and between < len(tokens):
        between = past_side(tokens, between)
        if between >= len(tokens):
            return None
        if numbers := _numbered(tokens, between, told=street is not None):
            return PlaceKind.BLOCK, at, _closed(tokens, here, numbers), "between"
        pair = read_pair(tokens, between, proved=street is not None or _is_letter_or_number(tokens, between))
        if pair is None and (names := crossing(tokens, between)):
            return PlaceKind.BLOCK, at, names[2], "between"
        return (PlaceKind.BLOCK, at, _closed(tokens, here, pair[0]), "between") if pair else None
    if street and tokens[here].kind.lower == "from" and (numbers := _numbered(tokens, here + 1, told=True)):
        return PlaceKind.BLOCK, at, _closed(tokens, here, numbers), "from to"
    if street and tokens[here].kind.lower == "from" and (first := read_placed(tokens, here + 1)):
        to = first[0]
        to_word = to < len(tokens) and tokens[to].kind.lower in _UNTIL
        areas = street[1] is Proof.NAME and (is_area(tokens[here + 1]) or is_no_place(tokens[at]))
        if to_word and not areas and (last := read_placed(tokens, to + 1)):
            return PlaceKind.BLOCK, at, _closed(tokens, here, last[0]), "from to"
    return None


def _run(tokens: list[Token], at: int) -> Found | None:
    """ "from Y Ave to Z", with no street named before it."""
    first = read_placed(tokens, at + 1)
    if first is None or first[1] is not Proof.SURE or first[0] + 1 >= len(tokens):
        return None
    last = read_placed(tokens, first[0] + 1) if tokens[first[0]].kind.lower in _UNTIL else None
    named = last is not None and last[1] >= Proof.NAME and not is_area(tokens[first[0] + 1])
    return (PlaceKind.BLOCK, at, last[0], "from to") if last and (named or last[1] is Proof.SURE) else None


def _numbered(tokens: list[Token], at: int, *, told: bool) -> int | None:
    """The token after numbered streets joined by a hyphen ("173-175 Streets", "10th-12th"); bare ones need `told`."""
    numbers = [one.kind.number or one.kind.ordinal for one in tokens[at : at + 3 : 2]]
    if numbers != [True, True] or tokens[at + 1].text not in "-\u2013":
        return None
    suffixed = at + 3 < len(tokens) and tokens[at + 3].kind.plain_suffix
    if suffixed or tokens[at + 3 - 1].kind.ordinal or told:
        return at + 3 + suffixed
    return None


def _is_letter_or_number(tokens: list[Token], at: int) -> bool:
    """ "N and 5th", "94 and 214 street": what no word but the street words around it makes a street."""
    later = tokens[at + 2 : at + 4]
    numbered = len(later) == 2 and later[0].kind.number and later[1].kind.plain_suffix
    return tokens[at].kind.letter or (tokens[at].kind.number and numbered)


def _closed(tokens: list[Token], inner: int, after: int) -> int:
    """With the bracket that closes one before `inner`."""
    return after + (tokens[inner - 1].text == "(" and after < len(tokens) and tokens[after].text == ")")


def _spelled(tokens: list[Token], at: int) -> str:
    return "".join(one.kind.lower for one in tokens[at : at + 3])
