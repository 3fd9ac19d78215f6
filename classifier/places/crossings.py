"""Rules for what is said with streets: crossings, blocks, stretches and addresses."""

import re

from classifier.places.kinds import Found, PlaceKind
from classifier.places.named import read_headed
from classifier.places.streets import Proof, Street, is_elsewhere, read_house, read_street
from classifier.places.tokens import Token, Trust, phrase_list, word_set

_HUNDRED = frozenset({"block", "blk", "blocks", "blks", "bk"})
_BLOCK_FIRST = frozenset({"block", "blk", "cuadra", "bloque", "quadra"})
_NO_HOUSE = frozenset({"311", "911", *map(str, range(1990, 2040))})
_AFTER_ADDRESS = frozenset({"has", "is", "with", "and", "needs", "got", "was", "still", "again", "no", "there", "for"})
_ARTICLES = frozenset({"the", "la", "el", "calle", "rue", "rua"})
_BUILDINGS = frozenset({"school", "hospital", "library", "university", "airport", "cemetery"})
"""What no street is called after without more: "Spring Garden" and "Market" are streets, "Mill School" is none."""
_LONG_NUMBER = 5
"""Digits of a train's number."""
_HUNDREDS = re.compile(r"\d{1,5}s")


def phrase_at(tokens: list[Token], at: int, key: str) -> int | None:
    """The token after the longest phrase of this list that starts here."""
    for phrase in phrase_list(key) if at < len(tokens) else ():
        if tokens[at].kind.lower != phrase[0]:
            continue
        if len(phrase) == 1 or [one.kind.lower for one in tokens[at : at + len(phrase)]] == list(phrase):
            return at + len(phrase)
    return None


def begins(tokens: list[Token], at: int) -> bool:
    """Whether a text or line begins here."""
    return at == 0 or tokens[at - 1].text == "\n"


def said_before(tokens: list[Token], at: int, key: str, *, article: bool = True) -> bool:
    """Whether a word of this list stands before, an article aside where one may."""
    if article and at and tokens[at - 1].kind.lower in _ARTICLES:
        at -= 1
    return at > 0 and tokens[at - 1].kind.lower in word_set("phrases", key)


def is_no_place(token: Token) -> bool:
    """Whether a word in capitals names no place ("Facebook", "Monday")."""
    return token.kind.lower in word_set("named", "no_place") or is_elsewhere(token)


def is_area(token: Token) -> bool:
    """Whether the name of something else than a street begins here."""
    return token.known is not None and token.known.kind != "street"


def is_followed(tokens: list[Token], after: int) -> bool:
    """Whether a word behind a name says that it is no street ("Vista Express", "Labor Day")."""
    return after < len(tokens) and tokens[after].kind.lower in word_set("phrases", "after_no_street")


def join_at(tokens: list[Token], at: int) -> Token | None:
    """The sign or word that joins two streets here, or None."""
    if at < len(tokens) and (join := tokens[at].kind.join) and (join == "sign" or tokens[at].gap):
        return tokens[at]
    return None


def _fits(join: Token, left: Proof, right: Proof, *, said: bool) -> bool:
    """Whether two streets joined so are a crossing. What joins other things too asks for surer streets."""
    low, high = sorted((left, right))
    if join.kind.lower in ("&", "@", "+"):
        return (low >= Proof.NAME and (said or high > Proof.NAME)) or high >= Proof.ORDINAL
    if join.kind.join == "near":
        return left >= Proof.ORDINAL and right >= Proof.NAME
    return high >= Proof.ORDINAL and (
        low >= Proof.NAME or high == Proof.ORDINAL or join.kind.lower in ("and", "y", "/")
    )


def read_pair(tokens: list[Token], at: int, *, proved: bool = False) -> tuple[int, Proof] | None:
    """Two joined streets from `at`, or three. `proved`: words before them say that this is a place."""
    placed = proved or said_before(tokens, at, "before_names")
    left = read_street(tokens, at, loose=True, placed=placed)
    if left is None and proved and (tokens[at].kind.letter or _is_short_number(tokens[at])):
        left = at + 1, Proof.NAME
    if left is None and proved and tokens[at].kind.ordinal:
        left = at + 1, Proof.ORDINAL
    if left is None and tokens[at].kind.ordinal and (placed or begins(tokens, at)):
        left = _before_known(tokens, at)
    if left is None:
        return None
    read = _signed(tokens, at, left, proved=proved) or _told(tokens, left)
    if read is None:
        return None
    while (more := _third(tokens, read[0])) is not None:
        read = more, read[1]
    return read


def _is_short_number(token: Token) -> bool:
    """Whether this may be a numbered street ("esquina de 5 y Lehigh")."""
    return token.kind.number and token.text.isdigit() and len(token.text) < 3


def _before_known(tokens: list[Token], at: int) -> Street | None:
    """An ordinal in small letters ("fourth and south") that a street of the gazetteer is joined to."""
    known = tokens[at + 2].known if at + 2 < len(tokens) else None
    joined = join_at(tokens, at + 1)
    if joined and joined.kind.join != "near" and known and known.kind == "street":
        return at + 1, Proof.ORDINAL
    return None


def _signed(tokens: list[Token], at: int, left: Street, *, proved: bool) -> Street | None:
    """The second street behind a sign or word: "& Market", "and Market", ", near Market"."""
    after = phrase_at(tokens, left[0], "sign_sides") or left[0]
    if after + 1 < len(tokens) and tokens[after].text == "," and tokens[after + 1].kind.join == "near":
        after += 1
    if not (join := join_at(tokens, after)):
        return None
    second = past_side(tokens, after + 1)
    if left[1] < Proof.ORDINAL and second > after + 2 and tokens[second - 2].kind.lower == "corner":
        return None
    right = read_street(tokens, second, loose=True, placed=True) if second < len(tokens) else None
    if right is None or _names_no_street(tokens, second, right):
        return None
    name = join.kind.join == "sign" and right[0] > second + 1
    if not (proved or name) and right[1] is Proof.NAME and is_no_place(tokens[second]):
        return None
    if not proved and max(left[1], right[1]) is Proof.NAME and is_area(tokens[at]) and is_area(tokens[second]):
        return None
    alone = (
        after - at == right[0] - second == 1 and join.kind.lower != "+" and not _among_capitals(tokens, at, right[0])
    )
    said = proved or begins(tokens, at) or said_before(tokens, at, "before_names") or alone
    on = said_before(tokens, at, "onto_street", article=False) and right[1] >= Proof.NAME and second == after + 1
    told = join.kind.join != "near" and second == after + 1 and _ends_in_corner(tokens, right[0])
    if join.kind.join != "near" and _are_streets(tokens[at], tokens[second], said=said):
        return right[0], Proof.KNOWN
    if not (proved or told or (on and join.kind.join == "near") or _fits(join, left[1], right[1], said=said)):
        return None
    if not (proved or told) and min(left[1], right[1]) is Proof.LOOSE and max(left[1], right[1]) >= Proof.KNOWN:
        if left[1] is Proof.LOOSE and not said:
            return None
        if right[1] is Proof.LOOSE and not (right[0] >= len(tokens) or tokens[right[0]].text in ".,;!?\n)"):
            return None
    return right[0], min(left[1], right[1])


def _names_no_street(tokens: list[Token], at: int, street: Street) -> bool:
    """Whether what reads as a street goes on to the name of a building or park ("Dock Street & Mill High School")."""
    named = read_headed(tokens, at) if street[1] is Proof.NAME else None
    return named is not None and named[0] >= street[0] + (tokens[street[0] - 1].kind.lower not in _BUILDINGS)


def _are_streets(left: Token, right: Token, *, said: bool) -> bool:
    """Whether the gazetteer has a street for both, and one is no common word or a place word stands before."""
    known = [one.known for one in (left, right) if one.known and one.known.kind == "street"]
    return len(known) == 2 and (said or max(one.trust for one in known) >= Trust.CAPITAL)


def _ends_in_corner(tokens: list[Token], after: int) -> bool:
    """Whether "intersection" stands behind."""
    return after < len(tokens) and tokens[after].kind.lower in ("intersection", "intersections", "corner")


def _among_capitals(tokens: list[Token], first: int, after: int) -> bool:
    """Whether words in capitals stand around, or what stands here is short and all capitals, as offices are."""
    around = [*tokens[max(0, first - 1) : first], *tokens[after : after + 1]]
    letters = any(one.text.isupper() and len(one.text) < 5 for one in (tokens[first], tokens[after - 1]))
    return letters or any(one.kind.capital and one.gap for one in around)


def _told(tokens: list[Token], left: Street) -> Street | None:
    """The second street behind a phrase: "off of Market St", "leads into Market St", "(at Market)", "- Market St"."""
    after, proof = left
    if after >= len(tokens) or proof is Proof.LOOSE:
        return None
    bracket = tokens[after].text == "("
    begin = phrase_at(tokens, after + bracket, "between_streets")
    if begin is None:
        return None
    dash = tokens[begin - 1].text in "-\u2013"
    if dash and not (tokens[after].gap and begin < len(tokens) and tokens[begin].gap):
        return None
    begin = past_side(tokens, begin)
    right = read_street(tokens, begin, placed=True) if begin < len(tokens) else None
    if right is None or _names_no_street(tokens, begin, right):
        return None
    if bracket:
        closed = right[0] < len(tokens) and tokens[right[0]].text == ")"
        return (right[0] + 1, min(proof, right[1])) if closed and right[1] >= Proof.NAME else None
    if dash and proof is Proof.SURE and right[1] is Proof.NAME and _ends(tokens, right[0]):
        return right[0], Proof.NAME
    return (right[0], min(proof, right[1])) if min(proof, right[1]) >= Proof.ORDINAL else None


def _ends(tokens: list[Token], after: int) -> bool:
    return after >= len(tokens) or tokens[after].text in "-\u2013.,;\n"


def _third(tokens: list[Token], after: int) -> int | None:
    """A street more that is joined to a crossing ("& Boone Blvd"), if it is surely one."""
    here = after + (after < len(tokens) and tokens[after].text == ",")
    join = join_at(tokens, here)
    if join is None or join.kind.lower not in ("and", "&", "/", "+", "n"):
        return None
    street = read_street(tokens, here + 1) if here + 1 < len(tokens) else None
    return street[0] if street and street[1] is Proof.SURE else None


def past_side(tokens: list[Token], at: int) -> int:
    """Past "the", "the inbound side of"."""
    here = at + (at < len(tokens) and tokens[at].kind.lower in _ARTICLES)
    for side in range(here, min(here + 2, len(tokens) - 1)):
        if tokens[side].kind.lower in ("side", "corner", "end") and tokens[side + 1].kind.lower == "of":
            return side + 2
    return here


def block(tokens: list[Token], at: int) -> Found | None:
    """ "1200 blk of S 9th St", "unit block of Juniper", "1400 hundred block maple lane"."""
    here = at + 1 if tokens[at].kind.lower == "unit" else read_house(tokens, at)
    if (
        here
        and here + 1 < len(tokens)
        and tokens[here].kind.lower in ("to", "-", "\u2013", "and", "&", "through", "thru")
    ):
        here = read_house(tokens, here + 1) or here
    if here is None and _HUNDREDS.fullmatch(tokens[at].kind.lower):
        here = at + 1
    if here is None or here >= len(tokens):
        return None
    here += tokens[here].kind.lower == "hundred"
    if here >= len(tokens) or tokens[here].kind.lower not in _HUNDRED:
        return None
    here += 1
    while here < len(tokens) and tokens[here].kind.lower in (".", "of", "on", "the"):
        here += 1
    street = read_street(tokens, here, loose=True, placed=True) if here < len(tokens) else None
    if street:
        return PlaceKind.BLOCK, at, street[0], "block of"
    return (PlaceKind.BLOCK, at, at + 2, "block alone") if _is_hundred(tokens, at) else None


def block_first(tokens: list[Token], at: int) -> Found | None:
    """ "la cuadra 2800 de Kensington", "block 1200 of Wolf St"."""
    if tokens[at].kind.lower not in _BLOCK_FIRST or at + 2 >= len(tokens) or not tokens[at + 1].kind.number:
        return None
    here = at + 2
    while here < len(tokens) and tokens[here].kind.lower in ("of", "on", "the", "de", "del", "da", "la", "el"):
        here += 1
    street = read_street(tokens, here, loose=here > at + 2, placed=True) if here < len(tokens) else None
    return (PlaceKind.BLOCK, at, street[0], "block of") if street else None


def _is_hundred(tokens: list[Token], at: int) -> bool:
    return len(tokens[at].text) > 2 and tokens[at].text.isdigit() and tokens[at + 1].kind.lower in _HUNDRED


def corner(tokens: list[Token], at: int) -> Found | None:
    """What follows "corner of"."""
    here = phrase_at(tokens, at, "corner")
    if here is None or here >= len(tokens):
        return None
    here += tokens[here].kind.lower == "the"
    pair = read_pair(tokens, here, proved=True) if here < len(tokens) else None
    return (PlaceKind.INTERSECTION, here, pair[0], "corner of") if pair else None


def read_placed(tokens: list[Token], at: int) -> Street | None:
    """The street from here, an article aside, where the words before say that a place follows; or None."""
    at += at < len(tokens) and tokens[at].kind.lower == "the"
    return read_street(tokens, at, placed=True) if at < len(tokens) else None


def address(tokens: list[Token], at: int) -> Found | None:
    """A house number, or two, and a street."""
    here = read_house(tokens, at)
    if here is None or here >= len(tokens) or not tokens[here].gap:
        return None
    if tokens[here].kind.lower in ("&", "and", "or") and here + 1 < len(tokens) and tokens[here + 1].kind.number:
        here = read_house(tokens, here + 1) or here
    street = read_street(tokens, here, placed=True) if here < len(tokens) else None
    if street is None:
        return None
    after, proof = street
    told = begins(tokens, at) or said_before(tokens, at, "before_number")
    known = tokens[here].known
    long = len(tokens[at].text) == _LONG_NUMBER
    city = known is not None and known.kind == "area" and (long or known.trust is Trust.ALONE)
    named = not city and tokens[here].text.isalpha() and len(tokens[here].text) > 2 and not is_followed(tokens, after)
    if proof is Proof.NAME and not named:
        return None
    enough = proof >= Proof.KNOWN or (len(tokens[at].text) >= 2 and told)
    return (PlaceKind.ADDRESS, at, after, "house number") if enough else None


def address_behind(tokens: list[Token], at: int) -> Found | None:
    """A street and then its house number ("N Fifth St 4944", "calle Cambria 315")."""
    street = read_street(tokens, at, placed=said_before(tokens, at, "before_names"))
    if street is None or street[1] is not Proof.SURE or street[0] >= len(tokens):
        return None
    here = street[0] + (tokens[street[0]].text in ",#" and street[0] + 1 < len(tokens))
    number = tokens[here]
    if not (number.kind.number and number.text.isdigit() and 2 < len(number.text) < 5) or number.text in _NO_HOUSE:
        return None
    after = here + 1
    ends = after >= len(tokens) or tokens[after].text in ",.;!?\n)" or tokens[after].kind.lower in _AFTER_ADDRESS
    return (PlaceKind.ADDRESS, at, after, "house number behind") if ends else None


def crossing(tokens: list[Token], at: int) -> Found | None:
    """Two streets, joined."""
    if _are_areas_too(tokens, at) and not said_before(tokens, at, "at_corners", article=False):
        return None
    pair = read_pair(tokens, at)
    if pair:
        return PlaceKind.INTERSECTION, at, pair[0], "two streets"
    if (
        at
        and (begins(tokens, at) or said_before(tokens, at, "before_pair", article=False))
        and (left := read_street(tokens, at))
        and (join := join_at(tokens, left[0]))
        and join.kind.lower in ("and", "n", "/")
    ):
        right = read_street(tokens, left[0] + 1) if left[0] + 1 < len(tokens) else None
        both = right is not None and is_area(tokens[at]) and is_area(tokens[left[0] + 1])
        areas = both and tokens[at - 1].kind.lower not in ("on", "at", "@")
        if right and _names_no_street(tokens, left[0] + 1, right):
            return None
        if right and min(left[1], right[1]) >= Proof.NAME and not areas:
            return PlaceKind.INTERSECTION, at, right[0], "names after a place word"
    return None


def _are_areas_too(tokens: list[Token], at: int) -> bool:
    """Whether both of two joined names are also those of areas ("Kenwood and Avondale")."""
    left = tokens[at].known
    right = tokens[left.after + 1].known if left and left.after + 1 < len(tokens) else None
    return all(one is not None and "area" in (one.kind, one.also) for one in (left, right))
