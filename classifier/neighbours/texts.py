"""How much two texts say the same: a hash for reposts, and weighted words for everything else. No encoder."""

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from itertools import pairwise

from classifier import corpus
from classifier.words import BLANK, QUESTION, STOP, form_of, read_words

SHORTEST = 4
"""Words a text needs before its hash says anything: "pothole" and "street light out" are written anew every day."""
RARE = 5.0
"""The weight of a word that our corpus does not hold; words every other post uses weigh near nothing."""
NUMBER = 4.0
COUNTED_TEXTS = 400
"""So many texts of a language tell how seldom its words are: enough for the frequent ones, and read in a second."""
_NUMBER = re.compile(r"(?!19\d\d$|20[0-4]\d$)[1-9]\d{1,4}[a-z]?")
_UNITS = """
day week month year hour hr minute min second mph feet foot ft inch yard yd mile block pm am percent lb pound time
people car degree dollar dia semana mese hora
"""
_COUNTED = frozenset(_UNITS.split())
_NOT_WORDS = frozenset({BLANK, STOP, QUESTION})
_SMALL_WORDS_OF_PLACES = """
and & at st street ave av avenue rd road blvd boulevard ln lane dr drive pl place ct court sq square the of on near
corner block off by esq calle y con rue et
"""
_NOT_IN_A_PLACE = frozenset(_SMALL_WORDS_OF_PLACES.split())


@dataclass(frozen=True, slots=True)
class Gist:
    """A text's words with their weights, as they are compared.

    `numbers`: those that may be house or unit numbers. `told`: the things of `telling.toml` it names, as (list, thing).
    """

    words: frozenset[str]
    weight: float
    numbers: frozenset[str]
    told: frozenset[tuple[str, str]]


def text_hash(text: str) -> str:
    """`hash_of_forms` of a text."""
    return hash_of_forms(forms_of(text))


def hash_of_forms(forms: Sequence[str]) -> str:
    """Equal for texts that differ only in handles, links, punctuation, case, a leading RT; numbers count.

    32 hexadecimal digits; "" for a text too short to tell anything.
    """
    forms = forms[1:] if forms[:1] == ["rt"] else forms
    if len(forms) < SHORTEST:
        return ""
    return blake2b(" ".join(forms).encode(), digest_size=16).hexdigest()


def forms_of(text: str) -> list[str]:
    """The comparable forms of a text's words, in their order: what a mark keeps of it."""
    return [form for form in read_words(text).forms if form not in _NOT_WORDS]


def gist_of(text: str) -> Gist:
    """What a text says, for comparing."""
    return gist_of_forms(forms_of(text))


def gist_of_forms(forms: Sequence[str]) -> Gist:
    """The same from `forms_of`, for a text that is not at hand."""
    held = frozenset(forms)
    words = frozenset(form for form in held if weight_of(form) > 0)
    things = _things()
    return Gist(
        words,
        sum(map(weight_of, words)),
        frozenset(_numbers(forms)),
        frozenset(thing for form in held & things.keys() for rest, thing in things[form] if not rest or rest <= held),
    )


def _numbers(forms: Sequence[str]) -> Iterator[str]:
    """Numbers of two to five digits that count nothing: no years, no "20 minutes", no "$40", no 5th."""
    for form, after in pairwise([*forms, ""]):
        if form[0] in "123456789" and after not in _COUNTED and _NUMBER.fullmatch(form):
            yield form


def likeness(one: Gist, other: Gist) -> float:
    """0 to 1: the weight of the words they share, of the geometric mean of all their words' weight."""
    if not one.weight or not other.weight:
        return 0.0
    shared = sum(map(weight_of, one.words & other.words))
    return shared / math.sqrt(one.weight * other.weight)


@lru_cache(maxsize=65_536)
def weight_of(form: str) -> float:
    """How much a word tells: the rarer in our corpus, the more; 0 for a word of nearly every post."""
    if form[:1].isdigit():
        return NUMBER
    known = _weights()
    return known.get(form, RARE)


def place_key(name: str) -> str:
    """A place name without its small words, in one order: "5th & Market St" and "Market and 5th" give the same.

    "" for a name that holds one word only: a street alone is not a place.
    """
    forms = {form for form in read_words(name).forms if form not in _NOT_WORDS and form not in _NOT_IN_A_PLACE}
    return " ".join(sorted(forms)) if len(forms) > 1 else ""


def contrary(one: Gist, other: Gist, group: str) -> bool:
    """Whether both texts name something of one list of a group in `telling.toml`, and nothing alike."""
    if not one.told or not other.told:
        return False
    both = {name for name, _ in one.told} & {name for name, _ in other.told}
    alike = {name for name, _ in one.told & other.told}
    return any(name.startswith(f"{group}.") and not name.endswith(".far") for name in both - alike)


def shares_far_word(one: Gist, other: Gist, group: str) -> bool:
    """Whether both texts name one thing that reaches far: a power cut, a flood, a smell."""
    return any(name == f"{group}.far" for name, _ in one.told & other.told)


@lru_cache(maxsize=1)
def _things() -> Mapping[str, tuple[tuple[frozenset[str], tuple[str, str]], ...]]:
    """First comparable form -> the others that have to be there, and the (list, thing) they stand for."""
    read = tomllib.loads((files("classifier.neighbours") / "telling.toml").read_text("utf-8"))
    things: dict[str, tuple[tuple[frozenset[str], tuple[str, str]], ...]] = {}
    for group, lists in read.items():
        for name, listed in lists.items():
            for thing, entries in listed.items():
                for entry in entries:
                    first, *rest = map(form_of, entry.split())
                    things[first] = (*things.get(first, ()), (frozenset(rest), (f"{group}.{name}", thing)))
    return things


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    """Weights of the words of our own corpus: log of how seldom a text of their language holds them."""
    texts: Counter[str] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for example in corpus.categories():
        if texts[example.language] == COUNTED_TEXTS:
            continue
        texts[example.language] += 1
        seen.update((example.language, form) for form in set(read_words(example.text).forms) - _NOT_WORDS)
    weights: dict[str, float] = {}
    for (language, form), count in seen.items():
        weight = max(0.0, min(RARE, math.log(texts[language] / count)) - 1.2)
        weights[form] = min(weight, weights.get(form, RARE))
    return weights
