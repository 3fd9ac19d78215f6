"""Reading one street or one house number at a given word."""

from enum import IntEnum

from classifier.places.tokens import ELSEWHERE, Token, Trust, word_set

_NAME_WORDS = 4
_BEHIND = frozenset(
    {"N", "S", "E", "W", "NE", "NW", "SE", "SW", "NB", "SB", "EB", "WB", "IB", "OB", "Nb", "Sb", "Eb", "Wb", "Ib", "Ob"}
)
_TO = "-\u2013/"
"""Between two numbers of one house."""
_LONG_NAME = 6
_TIGHT = "-.'\u2019"


class Proof(IntEnum):
    """How sure it is that the words read are a street, least sure first."""

    LOOSE = 0
    """A plain word: only where the phrase around it is proof ("corner of")."""
    NAME = 1
    """Words in capitals."""
    ORDINAL = 2
    """5th, Ninth."""
    KNOWN = 3
    """A name of the city's gazetteer."""
    SURE = 4
    """With a street word, a direction or a route number."""


Street = tuple[int, Proof]
"""The token after the last, and how sure."""


def read_street(tokens: list[Token], at: int, *, loose: bool = False, placed: bool = False) -> Street | None:
    """The street whose first word is at `at`, or None.

    `loose` also takes a plain word. `placed`: the words before say that a place follows, so that up to three small
    words may stand before a street word ("spring garden st"), or one before a word that is seldom one ("maple drive").
    """
    if road := _read_route(tokens, at):
        return None if _is_bus(tokens, road) else (road, Proof.SURE)
    here = _skip_direction(tokens, at)
    if here >= len(tokens):
        return None
    proof = Proof.SURE if here > at and _tells(tokens[at]) else Proof.LOOSE
    kind = tokens[here].kind
    if kind.ordinal:
        after = _read_suffix(tokens, here + 1)
        if after == here + 1 and _is_plain_ordinal(tokens, here, directed=here > at):
            return None
        return _with_direction(tokens, after), max(proof, Proof.ORDINAL if after == here + 1 else Proof.SURE)
    if kind.number and here + 1 < len(tokens) and tokens[here + 1].kind.plain_suffix and tokens[here + 1].gap:
        thing = here + 2 < len(tokens) and tokens[here + 2].kind.lower in word_set("phrases", "street_things")
        told = tokens[here + 1].kind.capital or here > at or ((placed or loose) and not thing)
        return (_with_direction(tokens, _dotted(tokens, here + 2)), Proof.SURE) if told else None
    known = _read_known(tokens, here, placed=placed or loose)
    if here > at and is_elsewhere(tokens[here]) and not _followed_by_suffix(tokens, here):
        return None
    if kind.capital and not (kind.suffix and not _followed_by_name(tokens, here)):
        after, suffixed = read_capitals(tokens, here)
        if known and not suffixed and known[0] >= after:
            return _with_direction(tokens, known[0]), max(proof, known[1])
        return _with_direction(tokens, after), Proof.SURE if suffixed else max(proof, Proof.NAME)
    if _named_anyway(tokens, here):
        return _with_direction(tokens, _read_suffix(tokens, here + 1)), Proof.SURE
    if (kind.letter or kind.capital) and (lettered := _read_letter(tokens, here)):
        return _with_direction(tokens, lettered), Proof.SURE
    for words in (1, 2, 3) if placed else (1,):
        if _suffix_in_small(tokens, here, words, placed or here > at):
            return _with_direction(tokens, _dotted(tokens, here + words + 1)), Proof.SURE
    if known:
        return _with_direction(tokens, known[0]), max(proof, known[1])
    return (_loose(tokens, here), proof) if loose and kind.word else None


def _loose(tokens: list[Token], at: int) -> int:
    """The token after a plain word, or after two or three that something joins to another street."""
    for after in range(at + 1, min(at + 4, len(tokens) - 1)):
        if tokens[after].kind.join in ("sign", "word") and tokens[after].kind.join:
            return after
        if not tokens[after].kind.word or tokens[after].kind.common:
            break
    return at + 1


def read_house(tokens: list[Token], at: int) -> int | None:
    """The token after a house number ("1208", "1208-1210", "12b") that starts at `at`, or None."""
    token = tokens[at]
    if not token.kind.number or (at and not token.gap and tokens[at - 1].text in "$#.,:/-+"):
        return None
    after = at + 1
    if after + 1 < len(tokens) and tokens[after].text in _TO and tokens[after + 1].kind.number:
        after += 2
    elif [one.text for one in tokens[after : after + 3]] == ["1", "/", "2"]:
        after += 3
    if after < len(tokens) and not tokens[after].gap and tokens[after].text in "%:$.,/":
        return None
    return after


def read_names(tokens: list[Token], at: int) -> int | None:
    """The token after a run of words in capitals, or None."""
    return read_capitals(tokens, at)[0] if tokens[at].kind.capital else None


def read_capitals(tokens: list[Token], at: int) -> tuple[int, bool]:
    """The token after a run of words in capitals and its street word, and whether it has one."""
    here = at
    while here < len(tokens) and here - at < _NAME_WORDS + 2:
        kind = tokens[here].kind
        if here > at and kind.suffix and not _followed_by_suffix(tokens, here):
            break
        if here > at and not tokens[here].gap and tokens[here - 1].text not in _TIGHT:
            break
        if not (kind.capital or (kind.letter and kind.lower != "i" and _capital_at(tokens, _dotted(tokens, here + 1)))):
            break
        here = _past_title(tokens, here)
    if here == at:
        return here, False
    here += _small_part(tokens, here)
    after = _read_suffix(tokens, here)
    if after > here and here == at + 1 and tokens[here].kind.lower == tokens[here].text and tokens[at].kind.common:
        return here, False
    if after > here and here == at + 1 and (_is_other_word(tokens, at, here) or _is_way(tokens, at, here)):
        return here, False
    return (after, True) if after > here else (here, False)


def _named_anyway(tokens: list[Token], at: int) -> bool:
    """Whether a word that seldom names anything does here: "Day Blvd", "Water St"."""
    if not (tokens[at].text[0].isupper() and len(tokens[at].text) > 2 and _followed_by_suffix(tokens, at)):
        return False
    street = tokens[at + 1]
    return (
        street.text[0].isupper()
        and street.kind.plain_suffix
        and tokens[at].kind.lower in word_set("never_a_name", "things")
    )


def _small_part(tokens: list[Token], here: int) -> int:
    """1 where a small word stands between a name and its street word ("Hyde park ave"), else 0."""
    if here + 1 >= len(tokens) or not tokens[here].gap or tokens[here].kind.suffix or not tokens[here].kind.word:
        return 0
    return int(tokens[here + 1].kind.plain_suffix and tokens[here + 1].gap and not tokens[here].kind.common)


def _is_other_word(tokens: list[Token], at: int, suffix: int) -> bool:
    """Whether a word behind the first of a sentence is rather no street word ("Pedestrian walk")."""
    kind = tokens[suffix].kind
    begins = at == 0 or tokens[at - 1].text in ".!?\n:"
    return begins and kind.lower == tokens[suffix].text and not kind.plain_suffix and not kind.weak_suffix


def _is_way(tokens: list[Token], at: int, suffix: int) -> bool:
    """Whether two capitals are no street but what a street has ("Fire Lane", "One Way", "Bike Path")."""
    return tokens[at].kind.common and not tokens[suffix].kind.plain_suffix


def is_elsewhere(token: Token) -> bool:
    """Whether another city's name begins here."""
    return token.known is not None and token.known.kind == ELSEWHERE


def _past_title(tokens: list[Token], here: int) -> int:
    """Past one word of a name, with the dot of an initial or title and the hyphen of a double name."""
    kind = tokens[here].kind
    after = here + 1
    if after >= len(tokens):
        return after
    sign = tokens[after]
    dotted = sign.text == "." and (kind.letter or kind.lower in word_set("street", "titles"))
    tied = sign.text in "-&" and not sign.gap and after + 1 < len(tokens) and not tokens[after + 1].gap
    return after + 1 if (dotted or tied) and _capital_at(tokens, after + 1) else after


def _read_known(tokens: list[Token], at: int, *, placed: bool) -> Street | None:
    """A street that the gazetteer names; in small letters where a place follows, a common word only in capitals."""
    known = tokens[at].known
    if known is None or known.kind != "street":
        return None
    if known.after == at + 1 and len(tokens[at].text) == 1 and not tokens[at].text.isupper():
        return None
    after = _read_suffix(tokens, known.after)
    if after > known.after:
        return after, Proof.SURE
    told = begins_capital(tokens, at) or known.trust is Trust.ALONE or (placed and known.trust is Trust.CAPITAL)
    return (after, Proof.KNOWN) if told else None


def begins_capital(tokens: list[Token], at: int) -> bool:
    """Whether a name is written in capitals, an article before it aside ("the Boulevard")."""
    if tokens[at].kind.lower == "the" and at + 1 < len(tokens):
        return tokens[at + 1].text[0].isupper()
    return tokens[at].kind.capital


def is_spoken_of(tokens: list[Token], at: int) -> bool:
    """Whether a long name of a street begins a sentence about it ("aramingo is a moonscape")."""
    known = tokens[at].known
    if known is None or known.trust is Trust.PLACED or len(tokens[at].text) < _LONG_NAME or known.after >= len(tokens):
        return False
    begins = at == 0 or tokens[at - 1].text in ".!?\n"
    return begins and tokens[known.after].kind.lower in word_set("phrases", "said_of_streets")


def _read_route(tokens: list[Token], at: int) -> int | None:
    """ "I-95", "US 290 WB", "Hwy 6", "I95"."""
    token = tokens[at]
    if not token.kind.route:
        return None
    if token.text[-1].isdigit() or (len(token.text) > 2 and token.text[-2].isdigit()):
        return _with_bound(tokens, _past_second(tokens, at + 1))
    tied = at + 1 < len(tokens) and tokens[at + 1].text == "-" and not tokens[at + 1].gap
    number = at + 2 if tied else at + 1
    if number < len(tokens) and tokens[number].kind.number and len(tokens[number].text) <= 4:
        return _with_bound(tokens, _past_second(tokens, number + 1))
    return None


def _past_second(tokens: list[Token], after: int) -> int:
    """Past the number of another route on the same road ("I-75/85")."""
    tied = [one.text for one in tokens[after : after + 1]] == ["/"] and after + 1 < len(tokens)
    return after + 2 if tied and not tokens[after + 1].gap and tokens[after + 1].text[-1].isdigit() else after


def _is_bus(tokens: list[Token], after: int) -> bool:
    """Whether the number before is that of a bus or train ("Route 23 bus", "Route 4/16 bus stop")."""
    while after + 1 < len(tokens) and tokens[after].text in "/-&" and tokens[after + 1].kind.number:
        after += 2
    return after < len(tokens) and tokens[after].kind.lower in ("bus", "buses", "trolley", "tram")


def _with_bound(tokens: list[Token], after: int) -> int:
    """With the way a road is driven ("SB", "North")."""
    while after < len(tokens) and tokens[after].gap and tokens[after].kind.lower in word_set("street", "bounds"):
        if not tokens[after].text[0].isupper():
            break
        after += 1
    return after


def _skip_direction(tokens: list[Token], at: int) -> int:
    if tokens[at].kind.direction and at + 1 < len(tokens):
        after = at + 2 if tokens[at + 1].text == "." else at + 1
        if _plain_suffix_alone(tokens, after):
            return at
        if after < len(tokens) and (tokens[after].kind.ordinal or tokens[after].kind.word or tokens[after].known):
            return after
        if after < len(tokens) and tokens[after].kind.number and _followed_by_suffix(tokens, after):
            return after
    return at


def _plain_suffix_alone(tokens: list[Token], at: int) -> bool:
    """Whether a direction before is the name itself ("North Ave")."""
    return at < len(tokens) and tokens[at].kind.suffix and not _followed_by_suffix(tokens, at)


def _tells(token: Token) -> bool:
    """Whether a direction makes a street of the word behind it: "N", "s", "NW", not "north" nor Spanish "se"."""
    return len(token.text) == 1 or (len(token.text) == 2 and token.text.isupper())


def _is_plain_ordinal(tokens: list[Token], at: int, *, directed: bool) -> bool:
    """ "the 5th time": a place in a row, not a street. Spelled-out ones need a street word, or a name's capital."""
    following = tokens[at + 1].kind.lower if at + 1 < len(tokens) else ""
    return following in word_set("street", "not_after_ordinal") or not (
        directed or tokens[at].text[0].isdigit() or tokens[at].text[0].isupper()
    )


def _read_letter(tokens: list[Token], at: int) -> int | None:
    """ "Q Ave", "M street", "Avenue N"."""
    if at + 1 >= len(tokens) or not tokens[at + 1].gap:
        return None
    first, second = tokens[at].kind, tokens[at + 1].kind
    if first.letter and (second.plain_suffix or second.lower in ("streets", "avenues")):
        following = next((one.kind.lower for one in tokens[at + 2 : at + 5] if one.text != "\n"), "")
        return (
            None
            if first.lower == "a" and following in word_set("phrases", "street_things")
            else _dotted(tokens, at + 2)
        )
    return at + 2 if first.lower in ("avenue", "ave") and second.letter else None


def _followed_by_suffix(tokens: list[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].kind.suffix and tokens[at + 1].gap


def _followed_by_name(tokens: list[Token], at: int) -> bool:
    """Whether a word that may be a street word begins a name here ("Court St", "St. Paul St", "Bridge Water Ln")."""
    return _followed_by_suffix(tokens, at) or (
        tokens[at].kind.lower in word_set("street", "titles") and _capital_at(tokens, _dotted(tokens, at + 1))
    )


def _read_suffix(tokens: list[Token], at: int) -> int:
    if at >= len(tokens) or not ((tokens[at].kind.suffix or _is_lane(tokens, at)) and tokens[at].gap):
        return at
    after = _dotted(tokens, at + 1)
    second = (
        after < len(tokens) and tokens[after].gap and tokens[after].kind.lower in word_set("street", "second_suffixes")
    )
    return _dotted(tokens, after + 1) if second else after


def _is_lane(tokens: list[Token], at: int) -> bool:
    """ "Maple La": the postal "La", not the article that a name goes on with."""
    behind = tokens[at + 1] if at + 1 < len(tokens) else None
    return tokens[at].text == "La" and (behind is None or not (behind.kind.word or behind.kind.capital))


def _suffix_in_small(tokens: list[Token], at: int, words: int, placed: bool) -> bool:
    """Whether this many small words and then a street word stand here."""
    if at + words >= len(tokens) or not tokens[at + words].gap:
        return False
    kind, name = tokens[at + words].kind, tokens[at : at + words]
    if at + words + 1 < len(tokens) and kind.route and tokens[at + words + 1].kind.number:
        return False
    titled = tokens[at + words].text[0].isupper() and kind.lower in word_set("street", "titles")
    if titled and _capital_at(tokens, _dotted(tokens, at + words + 1)):
        return False
    if not (kind.plain_suffix or (placed and kind.weak_suffix)):
        return False
    if any(not (one.kind.word or one.kind.lower == "jr") or one.kind.plain_suffix or one.kind.ordinal for one in name):
        return False
    if any(one.kind.capital and one.text[0].isupper() for one in name[1:]) and not name[0].kind.capital:
        return False
    spelled = kind.weak_suffix or kind.lower in word_set("street", "spelled_suffixes")
    if (kind.weak_suffix and words > 2) or (words > 1 and name[0].kind.lower.endswith("ly")):
        return False
    thing = (
        spelled and tokens[at + words + 1].kind.lower in word_set("phrases", "street_things")
        if at + words + 1 < len(tokens)
        else False
    )
    common = any(one.kind.common for one in name) and not (
        placed and words == 1 and name[0].kind.lower in word_set("never_a_name", "also_streets")
    )
    return (
        not common and not thing and (placed or not spelled) and not (name[0].kind.suffix and words == 1 and not placed)
    )


def _dotted(tokens: list[Token], after: int) -> int:
    """With the dot of an abbreviation ("St.")."""
    abbreviated = 0 < after <= len(tokens) and len(tokens[after - 1].text) <= 4 and not tokens[after - 1].kind.whole
    return (
        after + 1
        if abbreviated and after < len(tokens) and tokens[after].text == "." and not tokens[after].gap
        else after
    )


def _with_direction(tokens: list[Token], after: int) -> int:
    if after < len(tokens) and tokens[after].gap and tokens[after].text in _BEHIND:
        return after + 1
    return after


def _capital_at(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].kind.capital
