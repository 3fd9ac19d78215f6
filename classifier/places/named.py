"""Reading landmarks, stops, waterways and areas: names that end in a word for a kind of place, and names of lists."""

from classifier.places.streets import begins_capital, is_elsewhere, is_spoken_of, read_capitals
from classifier.places.tokens import ELSEWHERE, Known, Token, Trust, word_set

_MOST_WORDS = 8
_SMALL_WORDS = 3
_TYING = frozenset("-.&'")
_CUT = frozenset({"subdivision", "neighborhood", "neighbourhood"})

Named = tuple[int, str]
"""The token after the last, and the kind of place."""


def read_headed(tokens: list[Token], at: int, *, placed: bool = False) -> Named | None:
    """The longest name that ends in a word for a kind of place ("Clark Park", "Union Park Street playground"), or None.

    `placed`: the words before say that a place follows, so that small words name one too ("juhu church").
    """
    here, found = at, (at, "")
    generic = tokens[at].kind.lower in word_set("heads", "generic")
    if generic and _is_small(tokens[at]) and at + 1 < len(tokens) and tokens[at + 1].kind.capital:
        return None
    while here < min(len(tokens), at + _MOST_WORDS):
        if here > at and not tokens[here].gap and tokens[here - 1].text not in _TYING and not _ties(tokens, here):
            break
        kind = tokens[here].kind
        if kind.lower in ("building", "stop") and here > at and _is_plural(tokens[here - 1]):
            break
        if kind.head and here > at and _names_it(tokens, at, here, placed):
            cut = kind.lower in _CUT and tokens[here].text == kind.lower
            found = (here if cut else _with_number(tokens, here + 1), kind.head)
        elif not (_is_name_part(tokens, at, here, placed) or _is_small_part(tokens, at, here, placed, found[1])):
            break
        elif kind.capital and here > at and tokens[here - 1].kind.lower == "of":
            found = (read_capitals(tokens, here)[0], found[1] or tokens[at].kind.head)
        here += 1
    if found[1] == "area" and tokens[at].known == Known(found[0], ELSEWHERE, Trust.CAPITAL):
        return None
    return found if found[1] else None


def _is_name_part(tokens: list[Token], at: int, here: int, placed: bool) -> bool:
    """Whether a word by its own spelling goes on a name that begins at `at`."""
    kind = tokens[here].kind
    if kind.capital and here > at and _is_small(tokens[here - 1]):
        before = tokens[here - 1].kind
        return before.lower in ("of", "the") or before.suffix or bool(before.head)
    if here == at and tokens[at].known and tokens[at].text[0].isupper():
        return True
    if kind.capital or kind.ordinal or _ties(tokens, here) or (kind.suffix and here > at):
        return True
    return _before_head(tokens, at, here) or (kind.letter and (kind.lower != "i" or placed))


def _is_small_part(tokens: list[Token], at: int, here: int, placed: bool, head: str) -> bool:
    """Whether a small word goes on a name: "of" behind its kind, the last before it, any where a place follows."""
    kind, before = tokens[here].kind, tokens[here - 1].kind
    if kind.lower == "of":
        behind = here > at and (bool(head) or bool(before.head)) and not _is_small(tokens[at])
        following = tokens[here + 1].kind if here + 1 < len(tokens) else None
        return behind and following is not None and (following.capital or following.lower == "the")
    if kind.lower == "the":
        return here > at and before.lower == "of"
    if not kind.word or kind.common:
        return False
    if here > at and before.capital and here + 1 < len(tokens) and tokens[here + 1].kind.head in ("landmark", "stop"):
        return True
    return placed and here - at < _SMALL_WORDS and _is_small(tokens[at])


def _is_small(token: Token) -> bool:
    return token.text == token.kind.lower and token.text.isalpha()


def _is_plural(token: Token) -> bool:
    """Whether what stands behind is rather a verb ("the prosecutors building a case")."""
    return _is_small(token) and token.text.endswith("s") and not token.text.endswith("ss")


def _before_head(tokens: list[Token], at: int, here: int) -> bool:
    """A plain word written as part of a name ("Front St Water Park")."""
    return at < here < len(tokens) - 1 and tokens[here].text[0].isupper() and bool(tokens[here + 1].kind.head)


def _with_number(tokens: list[Token], after: int) -> int:
    """With the number of a lot, pier, gate or terminal."""
    numbered = (
        after < len(tokens) and tokens[after].gap and tokens[after].text.isdigit() and len(tokens[after].text) < 3
    )
    return after + 1 if numbered and tokens[after - 1].kind.capital else after


def _ties(tokens: list[Token], at: int) -> bool:
    """A sign that ties two words to one name: the dot of "St. Paul", the hyphen of "C-Mart", the sign of "P&M"."""
    if not 0 < at < len(tokens) - 1 or tokens[at].gap:
        return False
    if tokens[at].text == ".":
        before = tokens[at - 1].kind
        return (before.letter or before.lower in word_set("street", "titles")) and tokens[at + 1].kind.capital
    if tokens[at].kind.lower == "'s":
        return tokens[at - 1].kind.capital and tokens[at + 1].text[0].isupper()
    return tokens[at].text in "-&'" and not tokens[at + 1].gap


def _names_it(tokens: list[Token], at: int, head: int, placed: bool) -> bool:
    """Whether the words before a word for a kind of place name one: not "dog park", nor "Broken gate" that begins a
    sentence.
    """
    names = [one.kind for one in tokens[at:head] if one.kind.lower[0].isalnum()]
    telling = [one for one in names if not one.common and one.lower not in word_set("heads", "generic")]
    if _is_small(tokens[head]) and tokens[head].kind.lower in word_set("heads", "weak"):
        telling = [one for one in telling if one.lower == "washington" or one.lower not in word_set("named", "states")]
    if any(one.lower.endswith("ly") for one in names if not one.capital):
        return False
    if not telling or (telling[0].lower == "a" and len(telling) == 1):
        return False
    if tokens[head].kind.capital or (placed and tokens[head].kind.lower not in word_set("heads", "weak")):
        return True
    if not any(one.capital for one in telling):
        return False
    if not _begins_sentence(tokens, at) or sum(one.capital for one in names) > 1 or tokens[head - 1].kind.head:
        return True
    return tokens[head].kind.lower not in word_set("heads", "weak") and not telling[0].lower.endswith(("ed", "ing"))


def _begins_sentence(tokens: list[Token], at: int) -> bool:
    return at == 0 or tokens[at - 1].text in ".!?\n:"


def read_area(tokens: list[Token], at: int) -> int | None:
    """The token after a name in capitals that may be an area, with its state and zip code, or None.

    A name that is no place ("Facebook", "January", a country alone) is none.
    """
    kind = tokens[at].kind
    after = at
    before = kind.direction or kind.lower in word_set("phrases", "area_before")
    if before and at + 1 < len(tokens) and (tokens[at + 1].kind.capital or tokens[at + 1].known):
        after += 1
    if after >= len(tokens) or not (tokens[after].kind.capital or tokens[after].known):
        return None
    known = tokens[after].known
    if not tokens[after].kind.capital and _is_common_word(tokens[after]):
        return None
    if known and known.kind == "area":
        return None if _is_agency(tokens, after, known.after) else with_state(tokens, known.after)
    if not tokens[after].kind.capital or is_no_area(tokens[after]):
        return None
    last = read_capitals(tokens, after)[0]
    if last == after + 1 and tokens[after].kind.suffix:
        return None
    if any(one.kind.lower in word_set("named", "no_place") for one in tokens[after:last]):
        return None
    if last < len(tokens) and tokens[last].kind.number and tokens[last].gap and len(tokens[last].text) == 1:
        last += 1
    if last < len(tokens) and tokens[last].kind.head == "area" and tokens[last].gap:
        last += 1
    return with_state(tokens, last)


def _is_common_word(token: Token) -> bool:
    return token.kind.lower in word_set("never_a_name", "also_cities")


def is_no_area(token: Token) -> bool:
    """Whether a word in capitals is no place on its own."""
    lower = token.kind.lower
    return (
        is_elsewhere(token)
        or lower in word_set("named", "no_place")
        or lower in word_set("named", "states")
        or lower in word_set("named", "countries")
        or (len(token.text) < 4 and token.text.isupper())
    )


def with_state(tokens: list[Token], after: int) -> int:
    """With the state and zip code behind a city: ", MA 02134", "Georgia"."""
    here = after + 1 if after < len(tokens) and tokens[after].text == "," else after
    state = here
    if words := _state_at(tokens, here, comma=here > after):
        here += words
        after = here
        here += here < len(tokens) and tokens[here].text == ","
    if (
        here < len(tokens)
        and tokens[here].kind.number
        and len(tokens[here].text) == 5
        and (here > state or tokens[here].gap)
    ):
        after = here + 1
    return after


def _state_at(tokens: list[Token], at: int, *, comma: bool) -> int:
    """How many words a state has that stands here; 0 for none."""
    if at >= len(tokens) or not tokens[at].text[0].isupper():
        return 0
    lower = tokens[at].kind.lower
    if lower in word_set("named", "state_letters"):
        return int(tokens[at].text.isupper() or comma)
    if at + 1 < len(tokens) and f"{lower} {tokens[at + 1].kind.lower}" in word_set("named", "states"):
        return 2
    return int(lower in word_set("named", "states"))


def reads_as_listed(tokens: list[Token], at: int, *, placed: bool, bare: bool = False) -> Named | None:
    """A name of a list that is no street, where its spelling or the words before speak for it; else None.

    `bare`: nothing before says that a street follows, so that what is the name of a street and of an area is the area.
    """
    known = tokens[at].known
    if bare and known and known.kind == "street" and known.also and not _as_street(tokens, at, known.after):
        if known.trust is Trust.ALONE or placed or is_spoken_of(tokens, at) or tokens[at].kind.capital:
            return known.after, known.also
        return None
    inner = _past_prefix(tokens, at)
    if inner > at and not _is_agency(tokens, at, inner):
        named = _read_listed(tokens, inner, placed=True)
        if named and named[1] == "area":
            return named
    return _read_listed(tokens, at, placed=placed)


def _read_listed(tokens: list[Token], at: int, *, placed: bool) -> Named | None:
    known, capital = tokens[at].known, begins_capital(tokens, at)
    if known is None:
        return _read_with_state(tokens, at)
    is_city = known.kind in ("area", ELSEWHERE)
    if known.kind == "street" or (is_city and _is_agency(tokens, at, known.after)):
        return None
    enough = {
        Trust.PLACED: placed and (capital or (tokens[at - 1].text == "#" and not _is_common_word(tokens[at]))),
        Trust.CAPITAL: placed or (capital and (not _begins_sentence(tokens, at) or _goes_on_in_capitals(tokens, at))),
        Trust.ALONE: True,
    }
    after = with_state(tokens, known.after) if is_city else known.after
    if not enough[known.trust] or (known.kind == ELSEWHERE and after == known.after):
        return None
    return after, "area" if is_city else known.kind


def _goes_on_in_capitals(tokens: list[Token], at: int) -> bool:
    """Whether a capital is more than that of a sentence's first word."""
    known = tokens[at].known
    more = known is not None and known.after > at + 1 and tokens[at + 1].text[0].isupper()
    return more or (tokens[at].text.isupper() and tokens[at].kind.capital)


def _read_with_state(tokens: list[Token], at: int) -> Named | None:
    """A name that no list has, with its state: "Lovelady, TX"."""
    last = read_capitals(tokens, at)[0] if tokens[at].kind.capital and not is_no_area(tokens[at]) else at
    if last == at or last >= len(tokens) or tokens[last].text != ",":
        return None
    after = with_state(tokens, last)
    return (after, "area") if after > last else None


def _as_street(tokens: list[Token], at: int, after: int) -> bool:
    """Whether a street word, direction or house number stands beside a name, or another name is joined to it."""
    before = tokens[at - 1].kind if at else None
    joined = before is not None and bool(before.join) and not _is_area_too(tokens, at - 2)
    told = before is not None and (before.number or before.direction or before.ordinal)
    behind = tokens[after].kind if after < len(tokens) else None
    joins = behind is not None and behind.join in ("sign", "word") and not _is_area_too(tokens, after + 1)
    return bool(told) or joined or joins or (behind is not None and behind.suffix)


def _is_area_too(tokens: list[Token], at: int) -> bool:
    known = tokens[at].known if 0 <= at < len(tokens) else None
    return known is not None and "area" in (known.kind, known.also)


def _past_prefix(tokens: list[Token], at: int) -> int:
    """Past "downtown", "NW" before the name of an area; else `at`."""
    if tokens[at].kind.lower not in word_set("phrases", "area_before") or (at and not tokens[at].gap):
        return at
    here = at + 1
    while here < len(tokens) and tokens[here].text == "\n":
        here += 1
    return here if here < len(tokens) and tokens[here].known else at


def _is_agency(tokens: list[Token], at: int, after: int) -> bool:
    """Whether a city's name stands for its offices or something called after it ("Boston Police", "City of Boston")."""
    if after < len(tokens) and tokens[after].gap and tokens[after].kind.lower in word_set("phrases", "agency_after"):
        return tokens[after].text[0].isupper() or tokens[after].kind.lower in ("police", "express", "mail")
    before = f"{tokens[at - 2].kind.lower} {tokens[at - 1].kind.lower}" if at > 1 else ""
    return before in word_set("phrases", "agency_before")
