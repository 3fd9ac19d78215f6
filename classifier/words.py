"""A text cut into words that can be compared: one rule for the lexicons and for the posts they are held against.

Spaces do not part words in Chinese, Khmer and (for particles) Korean, so there every character is a word of its own
and a cue is a run of characters. Elsewhere a word loses its case, its accents and its commonest endings.
Web addresses, e-mail addresses and @handles become a blank that no cue can match; a hashtag is read as its words.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

SCANNED_CODE_POINTS = 4096
"""No more of a text than this is looked at, so that the time a post takes is bounded whatever it holds."""

BLANK = "\u25a1"
STOP = "."
QUESTION = "?"
_SIGNS = dict.fromkeys("?\uff1f\u061f", QUESTION)

_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0981-\u0983\u09bc\u09be-\u09cd\u09d7\u09e2\u09e3"
_SINGLE = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"

_TOKEN = re.compile(
    rf"""
    (?P<blank>
        https?://\S+ | www\.\S+
      | [\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}})+
      | (?<![\w@])@[^\W\d][\w.-]{{0,252}}(?:@[\w.-]{{1,253}})?
      | \b[\w-]{{1,63}}\.(?:com|org|gov|net|edu|us|io|ly|app)\b(?:/\S*)?
    )
  | \#(?P<tag>[^\W_][\w{_MARKS}]{{0,99}})
  | (?P<single>[{_SINGLE}])
  | (?P<word>[^\W_{_SINGLE}](?:[^\W_{_SINGLE}]|[{_MARKS}{_INVISIBLE}]|['\u2019\u02bc](?=[^\W\d_{_SINGLE}]))*)
  | (?P<stop>[.!?;:,\n\u3002\uff01\uff1f\uff1b\uff0c\u3001\u060c\u061f\u061b\u06d4\u0964\u17d4])
  | (?P<sign>[\u2600-\u27bf\U0001f300-\U0001faff])
    """,
    re.VERBOSE,
)
_HUMP = re.compile(
    rf"\d+(?:st|nd|rd|th|ST|ND|RD|TH)?|[{_SINGLE}]|[A-Z]?[a-z]+|[A-Z]+(?![a-z])"
    rf"|[^\W\d_A-Za-z{_SINGLE}](?:[^\W\d_A-Za-z{_SINGLE}]|[{_MARKS}])*"
)
_ELISION = re.compile(r"(?i)^([cdjlmnst]|qu)['\u2019\u02bc](?=[^\W\d_]{2})")
_UNSEEN = re.compile(f"[{_INVISIBLE}]")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_VIETNAMESE_LETTERS = frozenset("\u0103\u0111\u01a1\u01b0")
_FOLDED = {
    code: unicodedata.normalize("NFD", chr(code))[0]
    for code in range(0xDF, 0x180)
    if chr(code) not in _VIETNAMESE_LETTERS and len(unicodedata.normalize("NFD", chr(code))) > 1
}
_ARABIC_ONE_FORM = str.maketrans(
    {"\u0623": "\u0627", "\u0625": "\u0627", "\u0622": "\u0627", "\u0649": "\u064a", "\u0629": "\u0647",
     "\u06cc": "\u064a", "\u06d0": "\u064a", "\u06cd": "\u064a", "\u0626": "\u064a", "\u06a9": "\u0643",
     "\u0640": None, **dict.fromkeys(map(chr, [*range(0x64B, 0x660), 0x670]))}
)  # fmt: skip
_ARABIC_FRONT = (
    "\u0648\u0627\u0644",
    "\u0628\u0627\u0644",
    "\u0641\u0627\u0644",
    "\u0643\u0627\u0644",
    "\u0627\u0644",
    "\u0644\u0644",
)
_ARABIC_ENDS = (
    "\u0647\u0627\u064a",
    "\u0647\u0627",
    "\u0627\u062a",
    "\u0648\u0646",
    "\u064a\u0646",
    "\u0627\u0646",
    "\u0647",
)
_RUSSIAN_AND_UKRAINIAN_ENDS = """
иями ями ами ого его ому ему ыми ими иях ться тся ать ять еть ить ает яет ают яют ует уют ют ет ит ат ят ут
ала яла ела ила али яли ели или ал ял ел ил ая яя ое ее ые ие ый ий ой ей ам ям ах ях ом ем ов ев ів їв ою ею
ую юю ия ии ию ие ія ії ію іє ють уть ить іть ти ть а я о е ы и у ю ь й і ї є
"""
_CYRILLIC_ENDS = tuple(sorted(_RUSSIAN_AND_UKRAINIAN_ENDS.split(), key=lambda end: (-len(end), end)))
_BENGALI_ENDS = ("গুলো", "গুলি", "\u09df\u09c7\u09b0", "\u09af\u09bc\u09c7\u09b0", "ের", "টা", "টি", "তে", "কে", "র", "ে")


@dataclass(slots=True)
class Words:
    """A text's words in order: comparable form, and where each stands (code points of the text)."""

    text: str
    forms: list[str]
    starts: list[int]
    ends: list[int]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Code points from the word `first` up to, but not with, the word `last`."""
        return self.starts[first], self.ends[last - 1]


def _latin(word: str) -> str:
    word = word.translate(_FOLDED).replace("'", "").replace("\u2019", "").replace("\u02bc", "")
    if len(word) > 3 and word[-1] == "s" and word[-2:] not in ("ss", "us", "is") and word != "news":
        if word.endswith(("ches", "shes", "xes", "sses", "zes")):
            return word[:-2]
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word


def _cyrillic(word: str) -> str:
    word = word.replace("\u0451", "\u0435").replace("'", "").replace("\u2019", "")
    for end in _CYRILLIC_ENDS:
        if word.endswith(end) and len(word) - len(end) >= (2 if len(end) < 3 else 3):
            return word[: -len(end)]
    return word


def _arabic(word: str) -> str:
    word = word.translate(_ARABIC_ONE_FORM)
    for front in _ARABIC_FRONT:
        if word.startswith(front) and len(word) - len(front) >= 2:
            word = word[len(front) :]
            break
    for end in _ARABIC_ENDS:
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word


def _bengali(word: str) -> str:
    for end in _BENGALI_ENDS:
        if word.endswith(end) and len(word) - len(end) >= 2:
            return word[: -len(end)]
    return word


def _rule_of(letter: str) -> Callable[[str], str] | None:
    if letter < "\u0370" or "\u1e00" <= letter <= "\u1eff":
        return _latin
    if "\u0400" <= letter <= "\u052f":
        return _cyrillic
    if "\u0600" <= letter <= "\u06ff":
        return _arabic
    return _bengali if "\u0980" <= letter <= "\u09ff" else None


@lru_cache(maxsize=32_768)
def form_of(word: str) -> str:
    """The comparable form of one word: no case, accents of es, fr, pt and ht, invisible marks or common endings.

    Letters drawn out three times or more count once ("helllp"). Vietnamese keeps the letters that only it has.
    """
    word = unicodedata.normalize("NFKC", _UNSEEN.sub("", word)).lower()
    word = _DRAWN_OUT.sub(r"\1", word)
    rule = _rule_of(word[0]) if word else None
    return rule(word) if rule else word


def read_words(text: str) -> Words:
    """Cuts a text into words. Only the first SCANNED_CODE_POINTS are read. Never raises."""
    words = Words(text, [], [], [])
    forms, starts, ends = words.forms, words.starts, words.ends
    for match in _TOKEN.finditer(text, 0, min(len(text), SCANNED_CODE_POINTS)):
        kind, start, end = match.lastgroup, match.start(), match.end()
        if kind == "tag":
            for hump in _HUMP.finditer(text, start + 1, end):
                forms.append(form_of(hump.group()))
                starts.append(hump.start())
                ends.append(hump.end())
            continue
        if kind == "word":
            found = match.group()
            if elided := _ELISION.match(found):
                cut = elided.end()
                forms.append(form_of(found[:cut]))
                starts.append(start)
                ends.append(start + cut)
                found, start = found[cut:], start + cut
            forms.append(form_of(found))
        else:
            forms.append(
                _SIGNS.get(match.group(), STOP) if kind == "stop" else BLANK if kind == "blank" else match.group()
            )
        starts.append(start)
        ends.append(end)
    return words
