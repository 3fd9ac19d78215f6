"""Which language a text is in: by script first, then by small words, known words and runs of letters.

Knows the sixteen languages of the desk and says "und" for what it cannot tell. Web addresses, handles, hashtags,
numbers, abbreviations of street kinds and names in capitals are taken out first: they are English in every language
here. What is left is held against the small words of `lexicon/language.toml` and against the words and the runs of
three letters of our own category, intent and danger lexicons, so that a lexicon that grows makes the guess better too.
What the channel says about the language decides only where this leaves two of them close.
"""

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from classifier.cues import verb_forms
from classifier.lexicons import lexicon_names, read_lexicon
from classifier.words import SCANNED_CODE_POINTS

UNKNOWN = "und"
UNDECIDED = 0.5
"""A guess of this probability or less rests on the script or the channel's word alone."""
LANGUAGES = ("en", "es", "zh-Hans", "zh-Hant", "vi", "ru", "uk", "ar", "ht", "fr", "pt", "ko", "km", "ps", "fa", "bn")

_LATIN = ("en", "es", "fr", "pt", "ht", "vi")
_CYRILLIC = ("ru", "uk")
_ARABIC = ("ar", "fa", "ps")
_ENOUGH = 0.75
"""From this probability on a guess stands; below, two languages are too close."""
_SMALL_WORD, _KNOWN_WORD, _LETTER = 2.5, 1.5, 3.0
"""What a word of a list and a telling letter weigh, beside the runs of letters: natural logarithms of odds."""
_TEMPER = 0.5
"""Runs of letters hang together, so their odds are too sure of themselves."""
_ENGLISH_FIRST = 0.7
"""Most posts are in English; what speaks equally for two is that."""
_HINT = 2.0
_WORDS_READ = 60
_UNSEEN = 0.3
_LISTED, _LISTED_WITH_HINT = 1 / 3, 1 / 8
"""What share of the words must be on a list of the language that is guessed."""
_STRAY = -2.5
"""A word no list knows costs a language this much at most beside the best one: a name must not outweigh a sentence."""

_NOISE = re.compile(r"https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w.-]{1,253}|[@#][\w.-]{1,100}|\d+\w{0,3}")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\u02bc][^\W\d_]+)*")
_PARTLY_BRACKETED = re.compile(r"([^\s()|]{0,40})\(([^()]{0,2000})\)([^\s()|]{0,40})")
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("han", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("hangul", re.compile("[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]")),
    ("kana", re.compile("[\u3040-\u30ff]")),
    ("khmer", re.compile("[\u1780-\u17ff]")),
    ("bengali", re.compile("[\u0980-\u09ff]")),
    ("cyrillic", re.compile("[\u0400-\u04ff]")),
    ("arabic", re.compile("[\u0600-\u06ff]")),
    ("other", re.compile("[\u0370-\u03ff\u0530-\u05ff\u0700-\u097f\u0a00-\u109f\u10a0-\u10ff\u1200-\u137f]")),
)
_ALONE = {"hangul": "ko", "khmer": "km", "bengali": "bn"}
_SHARED = {"latin": _LATIN, "cyrillic": _CYRILLIC, "arabic": _ARABIC}
_SIMPLIFIED_THAT_BIG5_HOLDS = frozenset("个么")
_CANTONESE = frozenset("咗嘅喺唔冇佢啲嗰畀嚟咁哋嘢睇攞揾啱冚嘥嗌")
"""Written for Cantonese, which is written in traditional characters; GB 2312 or Big5 alone do not tell."""


def guess_language(text: str, *, hint: str | None = None) -> tuple[str, float]:
    """The language tag and a probability, 0 to 1. ("und", 0.0) where nothing tells or two are close. Never raises.

    `hint` is what the channel says (X `lang`, Telegram `language_code`). It decides only between close languages.
    """
    text = _NOISE.sub(" ", text[:SCANNED_CODE_POINTS])
    prior = _of_the_desk(hint)
    if text.isascii():
        return _by_words(text, "latin", prior)
    counts = {script: len(pattern.findall(text)) for script, pattern in _SCRIPTS}
    script, most = max(counts.items(), key=lambda one: one[1])
    if most == 0 or most * 4 < sum(one.isalpha() for one in text):
        return _by_words(text, "latin", prior)
    share = most / sum(counts.values())
    if script in _ALONE:
        return _ALONE[script], round(min(0.99, share), 3)
    if script == "han":
        return _chinese(text, share, prior) if counts["kana"] * 4 < most else (UNKNOWN, 0.0)
    return _by_words(text, script, prior) if script in _SHARED else (UNKNOWN, 0.0)


@lru_cache(maxsize=256)
def _of_the_desk(hint: str | None) -> str:
    """A channel's language code (BCP 47, or X's own) as one of LANGUAGES; "" for any other."""
    code = (hint or "")[:35].lower().replace("_", "-")
    if code.startswith("zh"):
        return "zh-Hant" if any(part in ("hant", "tw", "hk", "mo") for part in code.split("-")) else "zh-Hans"
    code = code.partition("-")[0]
    return code if code in LANGUAGES else ""


def _chinese(text: str, share: float, prior: str) -> tuple[str, float]:
    hands = Counter(_hand(one) for one in text if not one.isascii() and one.isalpha())
    simplified, traditional = hands["simplified"], hands["traditional"]
    if simplified == traditional and prior.startswith("zh"):
        return prior, UNDECIDED
    best, most, least = "zh-Hans", simplified, traditional
    if traditional > simplified:
        best, most, least = "zh-Hant", traditional, simplified
    return best, round(share * (most + 0.5) / (most + least + 1), 3)


@lru_cache(maxsize=8_192)
def _hand(character: str) -> str:
    """Whether only one Chinese script has this character: GB 2312 holds the simplified ones, Big5 the traditional."""
    if character in _CANTONESE:
        return "traditional"
    if character in _SIMPLIFIED_THAT_BIG5_HOLDS:
        return "simplified"
    simplified, traditional = (_has(charset, character) for charset in ("gb2312", "big5"))
    return "" if simplified == traditional else "simplified" if simplified else "traditional"


def _has(charset: str, character: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _by_words(text: str, script: str, prior: str) -> tuple[str, float]:
    """Among the languages of one script, by its words."""
    words = _words(text)
    languages = _SHARED[script]
    foreign = _telling_letters()["nowhere"]
    if not words or (not text.isascii() and sum(one in foreign for one in text) > 1):
        return UNKNOWN, 0.0
    totals = [sum(column) for column in zip(*(_weigh(script, word) for word in words), strict=True)]
    if script == "latin":
        totals[0] += _ENGLISH_FIRST
    first = max(range(len(totals)), key=lambda place: totals[place])
    best, probability = languages[first], _share(totals, first)
    if probability >= _ENOUGH and (script != "latin" or _is_ours(words, best, _LISTED)):
        return best, round(min(0.99, probability), 3)
    close = prior in languages and totals[first] - totals[languages.index(prior)] <= _HINT
    if close and _is_ours(words, prior, _LISTED_WITH_HINT):
        return prior, UNDECIDED
    return (UNKNOWN, 0.0) if script == "latin" else (best, UNDECIDED)


def _words(text: str) -> list[str]:
    """The words that tell: without names in capitals inside a sentence."""
    found = [(one.group(), one.start()) for one in itertools.islice(_WORD.finditer(text), _WORDS_READ)]
    nowhere = _small_words()["nowhere"]
    return [low for word, at in found if not _is_name(word, at, text) and (low := _as_listed(word)) not in nowhere]


def _as_listed(word: str) -> str:
    return word.lower().replace("\u2019", "'").replace("\u02bc", "'")


def _is_name(word: str, at: int, text: str) -> bool:
    return (
        word[0].isupper()
        and word[1:].islower()
        and at > 1
        and text[at - 1] == " "
        and (text[at - 2].isalnum() or text[at - 2] in "&/,@")
    )


def _share(totals: Sequence[float], place: int) -> float:
    return 1 / sum(math.exp(min(50.0, one - totals[place])) for one in totals)


def _is_ours(words: Sequence[str], language: str, share: float) -> bool:
    """Whether enough words are on a list of that language, so that German is not taken for English."""
    small, known = _small_words()[language], _known_words()[language]
    listed = sum(one in small or one in known for one in words)
    return listed >= share * len(words)


@lru_cache(maxsize=16_384)
def _weigh(script: str, word: str) -> tuple[float, ...]:
    """How much less each language of the script speaks for this word than the best one, 0 for that: log odds."""
    runs, lists, known = _runs(script), _small_words(), _known_words()
    scores = [0.0] * len(_SHARED[script])
    for run in _runs_of(word[:30]):
        for place, weight in enumerate(runs.get(run, ())):
            scores[place] += _TEMPER * weight
    best = max(scores)
    scores = [max(_STRAY, one - best) for one in scores]
    for place, language in enumerate(_SHARED[script]):
        scores[place] += _SMALL_WORD * (word in lists[language]) + _KNOWN_WORD * (word in known[language])
        scores[place] += _LETTER * min(2, len(_telling_letters()[language].intersection(word)))
    best = max(scores)
    return tuple(one - best for one in scores)


def _runs_of(word: str) -> list[str]:
    bounded = f"^{word}$"
    return [bounded[at : at + 3] for at in range(len(bounded) - 2)]


@cache
def _small_words() -> Mapping[str, frozenset[str]]:
    return {tag: frozenset(" ".join(lists["words"]).split()) for tag, lists in read_lexicon("language").items()}


@cache
def _telling_letters() -> Mapping[str, frozenset[str]]:
    return {tag: frozenset("".join(lists.get("letters", []))) for tag, lists in read_lexicon("language").items()}


@cache
def _known_words() -> Mapping[str, frozenset[str]]:
    """The words of each language's lexicons, as written and without accents."""
    languages = [one for shared in _SHARED.values() for one in shared]
    known: dict[str, set[str]] = {language: set(_small_words()[language]) for language in languages}
    for name in (one for subject in ("category", "danger", "intent") for one in lexicon_names(subject)):
        if (language := name.partition("_")[2]) in known:
            for groups in read_lexicon(name).values():
                known[language].update(word for cues in groups.values() for cue in cues for word in _spelled(cue))
    return {language: frozenset(words | {_plain(word) for word in words}) for language, words in known.items()}


def _spelled(cue: str) -> list[str]:
    """The words a cue may stand for, each alone: "(a|b)c" gives "ac" and "bc", "dump+" its forms."""
    spelled = _PARTLY_BRACKETED.sub(lambda one: " ".join(one[1] + way + one[3] for way in one[2].split("|")), cue)
    verbs = re.findall(r"([a-z]{3,})\+", spelled)
    return _WORD.findall(spelled.lower()) + [form for verb in verbs for form in verb_forms(verb)]


def _plain(word: str) -> str:
    """As typed on a phone without accents. Only Latin letters have such a form."""
    if word.isascii() or word[0] > "\u1eff" or "\u0370" <= word[0] < "\u1e00":
        return word
    bare = unicodedata.normalize("NFD", word.replace("\u0111", "d"))
    return "".join(one for one in bare if not unicodedata.combining(one))


@cache
def _runs(script: str) -> Mapping[str, tuple[float, ...]]:
    """Every run of three letters in the script's lexicons, with the log of its frequency in each language."""
    languages = _SHARED[script]
    counts = [Counter(run for word in _known_words()[one] for run in _runs_of(word)) for one in languages]
    every = set().union(*counts)
    whole = [math.log(sum(one.values()) + _UNSEEN * len(every)) for one in counts]
    return {
        run: tuple(math.log(one[run] + _UNSEEN) - all_runs for one, all_runs in zip(counts, whole, strict=True))
        for run in every
    }
