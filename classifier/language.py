"""Which language a text is in: by script and telling letters first, by frequent small words among the Latin ones.

Knows the sixteen languages of the desk and says "und" for what it cannot tell. Web addresses, handles, numbers and
street names in capitals count for little: they are English in every language here.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache

from classifier.lexicons import read_lexicon
from classifier.words import SCANNED_CODE_POINTS

UNKNOWN = "und"
UNDECIDED = 0.5
"""A guess of this probability or less rests on the script alone."""
LANGUAGES = ("en", "es", "zh-Hans", "zh-Hant", "vi", "ru", "uk", "ar", "ht", "fr", "pt", "ko", "km", "ps", "fa", "bn")

_LATIN = frozenset({"en", "es", "fr", "pt", "ht", "vi"})
_NOISE = re.compile(r"https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w.-]{1,253}|[@#][\w.-]{1,100}|\d+\w{0,3}")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
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
_SIMPLIFIED_THAT_BIG5_HOLDS = frozenset("个么")
_PASHTO = frozenset("\u067c\u0689\u0693\u0696\u069a\u06ab\u06bc\u06d0\u06cd\u0681\u0685")
_PERSIAN = frozenset("\u067e\u0686\u0698\u06af")
_ARABIC = frozenset("\u0629\u0649\u0643\u064a\u0623\u0625\u0624\u0626")
_RUSSIAN_LETTERS = frozenset("\u044b\u044d\u044a\u0451")
_UKRAINIAN_LETTERS = frozenset("\u0456\u0457\u0454\u0491")
_VIETNAMESE = re.compile("[\u1ea0-\u1ef9\u0111\u01a1\u01b0\u0103]")


@cache
def _small_words() -> Mapping[str, frozenset[str]]:
    return {tag: frozenset(" ".join(lists["words"]).split()) for tag, lists in read_lexicon("language").items()}


@cache
def _telling_letters() -> Mapping[str, frozenset[str]]:
    return {tag: frozenset("".join(lists.get("letters", []))) for tag, lists in read_lexicon("language").items()}


def guess_language(text: str) -> tuple[str, float]:
    """The language tag and a probability, 0 to 1. ("und", 0.0) where nothing tells. Never raises."""
    text = _NOISE.sub(" ", text[:SCANNED_CODE_POINTS])
    if text.isascii():
        return _latin(text.lower())
    counts = {script: len(pattern.findall(text)) for script, pattern in _SCRIPTS}
    script, most = max(counts.items(), key=lambda one: one[1])
    if most == 0 or most * 4 < sum(one.isalpha() for one in text):
        return _latin(text.lower())
    share = most / sum(counts.values())
    if script in _ALONE:
        return _ALONE[script], round(min(0.99, share), 3)
    if script == "han":
        return _chinese(text, share) if counts["kana"] * 4 < most else (UNKNOWN, 0.0)
    if script == "cyrillic":
        return _cyrillic(text.lower())
    return _arabic(text) if script == "arabic" else (UNKNOWN, 0.0)


def _sure(mine: float, other: float, evidence_for_half: float = 1.0) -> float:
    """A probability from two amounts of evidence; little evidence stays near one half."""
    return round((mine + evidence_for_half / 2) / (mine + other + evidence_for_half), 3)


@lru_cache(maxsize=8_192)
def _hand(character: str) -> str:
    """Whether only one Chinese script has this character: GB 2312 holds the simplified ones, Big5 the traditional."""
    simplified, traditional = (_has(charset, character) for charset in ("gb2312", "big5"))
    if character in _SIMPLIFIED_THAT_BIG5_HOLDS:
        return "simplified"
    return "" if simplified == traditional else "simplified" if simplified else "traditional"


def _has(charset: str, character: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _chinese(text: str, share: float) -> tuple[str, float]:
    hands = Counter(_hand(one) for one in text if not one.isascii() and one.isalpha())
    simplified, traditional = hands["simplified"], hands["traditional"]
    if traditional > simplified:
        return "zh-Hant", round(share * _sure(traditional, simplified), 3)
    return "zh-Hans", round(share * _sure(simplified, traditional), 3)


def _cyrillic(text: str) -> tuple[str, float]:
    letters = Counter(text)
    words = _WORD.findall(text)
    lists = _small_words()
    russian = 2.0 * sum(letters[one] for one in _RUSSIAN_LETTERS) + sum(one in lists["ru"] for one in words)
    ukrainian = 2.0 * sum(letters[one] for one in _UKRAINIAN_LETTERS) + sum(one in lists["uk"] for one in words)
    return ("uk", _sure(ukrainian, russian)) if ukrainian > russian else ("ru", _sure(russian, ukrainian))


def _arabic(text: str) -> tuple[str, float]:
    letters = Counter(text)
    words = _WORD.findall(text)
    said = {tag: sum(one in _small_words()[tag] for one in words) for tag in ("ar", "fa", "ps")}
    shared = 0.3 * (letters["\u06a9"] + letters["\u06cc"])
    scores = {
        "fa": 1.0 * sum(letters[one] for one in _PERSIAN) + said["fa"] + shared,
        "ps": 3.0 * sum(letters[one] for one in _PASHTO) + said["ps"] + shared,
        "ar": 1.5 * sum(letters[one] for one in _ARABIC)
        + said["ar"]
        + sum(one.startswith("\u0627\u0644") for one in words),
    }
    best = max(scores, key=lambda tag: scores[tag])
    rest = sum(scores.values()) - scores[best]
    if best == "ps":
        rest = scores["ar"]
    return (best, _sure(scores[best], rest)) if scores[best] else ("ar", UNDECIDED)


def _latin(text: str) -> tuple[str, float]:
    words = [one.replace("\u2019", "'") for one in _WORD.findall(text)[:200]]
    if not words:
        return UNKNOWN, 0.0
    letters = frozenset(text)
    scores = {tag: float(sum(one in small for one in words)) for tag, small in _small_words().items() if tag in _LATIN}
    for tag in scores:
        scores[tag] += 1.5 * len(letters & _telling_letters()[tag])
    if not text.isascii():
        scores["vi"] += 1.5 * min(4, len(_VIETNAMESE.findall(text)))
    ranked = sorted(scores, key=lambda tag: -scores[tag])
    best, second = ranked[0], ranked[1]
    if scores[best] == 0 or scores[best] == scores[second]:
        return UNKNOWN, 0.0
    return best, _sure(scores[best], scores[second], 1.5)
