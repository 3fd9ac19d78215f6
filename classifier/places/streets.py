"""Reading one street, one house number or one named place at a given word."""

from enum import IntEnum

from classifier.places.tokens import Token, word_set

_NAME_WORDS = 4


class Proof(IntEnum):
    """How sure it is that the words read are a street, least sure first."""

    LOOSE = 0
    """A plain word: only where the phrase around it is proof ("corner of")."""
    NAME = 1
    """Words in capitals."""
    ORDINAL = 2
    """5th, Ninth."""
    SURE = 3
    """With a street word, a direction or a route number."""


Street = tuple[int, Proof]
"""The token after the last, and how sure."""


def read_street(tokens: list[Token], at: int, *, loose: bool = False, two_small: bool = False) -> Street | None:
    """The street whose first word is at `at`, or None.

    `loose` also takes a plain word. `two_small` takes two small words before a street word
    ("spring garden st").
    """
    if road := _read_route(tokens, at):
        return road, Proof.SURE
    here = _skip_direction(tokens, at)
    if here >= len(tokens):
        return None
    proof = Proof.SURE if here > at and not _is_word_direction(tokens[at]) else Proof.LOOSE
    kind = tokens[here].kind
    if kind.ordinal:
        after = _read_suffix(tokens, here + 1)
        if after == here + 1 and _is_plain_ordinal(tokens, here):
            return None
        return _with_direction(tokens, after), max(proof, Proof.ORDINAL if after == here + 1 else Proof.SURE)
    if kind.capital and not (kind.suffix and not _followed_by_suffix(tokens, here)):
        after, suffixed = _read_capitals(tokens, here)
        return _with_direction(tokens, after), Proof.SURE if suffixed else max(proof, Proof.NAME)
    for words in (1, 2) if two_small else (1,):
        if _plain_suffix_at(tokens, here + words) and _small_words(tokens, here, words):
            return _with_direction(tokens, _dotted(tokens, here + words + 1)), Proof.SURE
    return (here + 1, proof) if loose and kind.word else None


def read_house(tokens: list[Token], at: int) -> int | None:
    """The token after a house number ("1208", "1208-1210", "12b") that starts at `at`, or None."""
    token = tokens[at]
    if not token.kind.number or (at and not token.gap and tokens[at - 1].text in "$#.,:/-+"):
        return None
    after = at + 1
    if after + 1 < len(tokens) and tokens[after].text in "-\u2013" and tokens[after + 1].kind.number:
        after += 2
    if after < len(tokens) and not tokens[after].gap and tokens[after].text in "%:$.,/":
        return None
    return after


def read_landmark(tokens: list[Token], at: int) -> int | None:
    """The token after a name that ends in a word for a kind of place ("Clark Park"), or None."""
    if not tokens[at].kind.capital:
        return None
    here, last = at, None
    while here < len(tokens) and here - at < 6:
        kind = tokens[here].kind
        if here > at and not tokens[here].gap:
            break
        if kind.landmark and here > at:
            last = here + 1
        elif not (kind.capital or (kind.lower in ("of", "the", "and", "&") and _capital_at(tokens, here + 1))):
            break
        here += 1
    return last


def read_names(tokens: list[Token], at: int) -> int | None:
    """The token after a run of words in capitals, or None."""
    return _read_capitals(tokens, at)[0] if tokens[at].kind.capital else None


def _read_capitals(tokens: list[Token], at: int) -> tuple[int, bool]:
    here = at
    while here < len(tokens) and here - at < _NAME_WORDS and tokens[here].kind.capital:
        if here > at and not tokens[here].gap and tokens[here - 1].text not in "-.'":
            break
        if here > at and tokens[here].kind.suffix:
            break
        if (
            here + 1 < len(tokens)
            and tokens[here + 1].text == "."
            and tokens[here].kind.lower in word_set("street", "titles")
        ):
            here += 1
        here += 1
    after = _read_suffix(tokens, here)
    return (after, True) if after > here else (here, False)


def _read_route(tokens: list[Token], at: int) -> int | None:
    token = tokens[at]
    if not token.kind.route or at + 1 >= len(tokens):
        return None
    number = at + 2 if tokens[at + 1].text == "-" else at + 1
    if number < len(tokens) and tokens[number].text.isdigit() and len(tokens[number].text) <= 4:
        return number + 1
    return None


def _skip_direction(tokens: list[Token], at: int) -> int:
    if tokens[at].kind.direction and at + 1 < len(tokens):
        after = at + 2 if tokens[at + 1].text == "." else at + 1
        if after < len(tokens) and (tokens[after].kind.ordinal or tokens[after].kind.word):
            return after
    return at


def _is_word_direction(token: Token) -> bool:
    return len(token.text) > 2


def _is_plain_ordinal(tokens: list[Token], at: int) -> bool:
    """ "the 5th time": a place in a row, not a street. Spelled-out ones need a street word, or a name's capital."""
    following = tokens[at + 1].kind.lower if at + 1 < len(tokens) else ""
    return following in word_set("street", "not_after_ordinal") or not (
        tokens[at].text[0].isdigit() or tokens[at].text[0].isupper()
    )


def _followed_by_suffix(tokens: list[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].kind.suffix


def _read_suffix(tokens: list[Token], at: int) -> int:
    return _dotted(tokens, at + 1) if at < len(tokens) and tokens[at].kind.suffix and tokens[at].gap else at


def _plain_suffix_at(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].kind.plain_suffix and tokens[at].gap


def _small_words(tokens: list[Token], at: int, count: int) -> bool:
    return all(one.kind.word and not one.kind.suffix and not one.kind.common for one in tokens[at : at + count])


def _dotted(tokens: list[Token], after: int) -> int:
    """With the dot of an abbreviation ("St.")."""
    abbreviated = len(tokens[after - 1].text) <= 4
    return (
        after + 1
        if abbreviated and after < len(tokens) and tokens[after].text == "." and not tokens[after].gap
        else after
    )


def _with_direction(tokens: list[Token], after: int) -> int:
    if after < len(tokens) and tokens[after].gap and tokens[after].text in ("N", "S", "E", "W", "NE", "NW", "SE", "SW"):
        return after + 1
    return after


def _capital_at(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].kind.capital
