"""Private details in a text: phone numbers, e-mail addresses, licence plates. Found, and replaced by a plain word.

Source of the rule: invariant 8 and domain.md section 5.5; a public draft repeats none of these. Looks at the whole
text, however long, in time proportional to it.
"""

import re
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Literal

import phonenumbers

from classifier.lexicons import read_lexicon

Kind = Literal["phone", "email", "plate"]

REPLACEMENT: dict[Kind, str] = {"phone": "[phone removed]", "email": "[email removed]", "plate": "[plate removed]"}
_DONE = re.compile("|".join(re.escape(words) for words in REPLACEMENT.values()))
_BARRIER = "\x00"

_GAP = r"[\s.\u00b7/\-\u2010-\u2015]{0,3}"
_NANP = re.compile(
    rf"(?<!\d)(?<!\d[.,])(?:\+?1{_GAP})?(?:\(\s?[2-9]\d\d\s?\)|[2-9]\d\d){_GAP}\d{{3}}{_GAP}\d{{4}}(?!\d)(?!-\d)"
)
_ABROAD = re.compile(r"(?<![\d+])(?:\+|00|011[\s-]?)[1-9](?:[\s.()\-/]{0,2}\d){6,14}(?!\d)")
_WORDS = read_lexicon("private")


def _one_of(section: str, key: str) -> str:
    return "|".join(_WORDS[section][key])


_LOCAL = re.compile(
    rf"(?i)(?:\b(?:{_one_of('phone', 'words')})\b|{_one_of('phone', 'signs')})"
    r"[^\d\x00]{0,24}(?<!\d)(?P<local>\d{3}[\s.\-\u2010-\u2015]?\d{4})(?!\d)(?![\s.-]?\d)"
)
_CASE_NUMBER = re.compile(
    r"(?i)(?:case|request|ticket|reference|ref|report|confirmation|tracking|sr|id)[\s.:#no]{0,8}$"
)

_MAIL = re.compile(r"(?<![\w@.+-])[\w+-](?:[\w.+-]{0,62}[\w+-])?@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_AT = r"\s{0,3}(?:\(at\)|\[at\]|\{at\}|<at>|\(@\)|\[@\])\s{0,3}"
_DOT = r"\s{0,3}(?:\(dot\)|\[dot\]|\{dot\}|<dot>|\.)\s{0,3}"
_PROVIDERS = ("gmail", "yahoo", "hotmail", "outlook", "icloud", "aol", "comcast", "proton", "msn", "verizon")
_END = r"(?:com|org|net|edu|gov|info|biz|us|io|me|co|mail|fr|es|ru|ua|mx|br|vn|kr|cn)"
_HIDDEN_MAIL = re.compile(
    rf"(?i)(?<![\w@.+-])[\w.+-]{{1,64}}(?:{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{1,3}}"
    rf"|(?:\s{{1,3}}at\s{{1,3}}|\s{{0,2}}@\s{{0,2}})[\w-]{{1,63}}(?:\s{{1,3}}dot\s{{1,3}}[\w-]{{1,63}}){{0,2}}\s{{1,3}}dot\s{{1,3}}{_END}\b"
    rf"|(?:\s{{1,3}}at\s{{1,3}}|\s{{1,2}}@\s{{0,2}}|@\s{{1,2}})"
    rf"(?:gmail|yahoo|hotmail|outlook|icloud|aol|comcast|protonmail|proton|msn|verizon|ymail|mail)\s?\.\s?{_END}\b)"
)

_STATES = _one_of("plate", "states")
_PLATE = r"(?=[A-Za-z0-9 \-\u00b7]{0,9}\d)[A-Za-z0-9]{1,4}(?:[ \-\u00b7]?[A-Za-z0-9]{1,4}){1,2}"
_STRICT = r"(?:[A-Z]{2,3}[ \-]?\d{3,4}[A-Z]?|\d{3}[ \-]?[A-Z]{3}|[A-Z]\d{2}[ \-]?[A-Z]{3})"
_NAMED_PLATE = re.compile(
    rf"(?i)(?<!\w)(?:{_one_of('plate', 'words')})"
    rf"(?:\s?\(?(?:number|num|no|nr|is|was|reads|says|of|en|de)\b\.?|\s?[#:№=(\-]|\s(?:{_STATES})\b){{0,4}}"
    rf"[\s:#]{{0,3}}(?P<plate>{_PLATE})(?!\w)"
)
_VANITY_PLATE = re.compile(
    r"(?:[Pp]late|[Tt]ag|[Pp]laca|PLATE)(?: [Nn]umber| is| #|:|#)(?: is|:|#)? ?(?P<plate>[A-Z]{4,8})(?!\w)"
)
_STATE_PLATE = re.compile(
    rf"(?<!\w)\(?(?:{_STATES})\)?[ :#\-]{{1,3}}(?P<plate>(?!(?:US|SR|RT|RTE|HWY|PO|STE|APT|BOX)\b){_STRICT})(?!\w)"
)
_PLATE_AFTER = re.compile(
    rf"(?<!\w)(?P<plate>{_STRICT})"
    rf"(?= ?[,(]? ?(?:(?:is|was|on|the|its|their|{_STATES}|license|licence) ){{0,3}}(?:plate|tag)s?\b)"
)
_CAR_PLATE = re.compile(
    rf"(?i:\b(?:{_one_of('plate', 'vehicles')})\b)[ ,:(\-]{{1,3}}(?P<plate>[A-Z]{{3}}[ \-]?\d{{4}})(?!\w)"
)
_VIN = re.compile(r"(?<!\w)(?=[A-Z]{0,16}\d)(?=\d{0,16}[A-Z])(?P<plate>[A-HJ-NPR-Z0-9]{17})(?!\w)")
_NO_PLATE_HALF = frozenset(_WORDS["plate"]["not_plates"])
_ANY_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class PrivateDetail:
    """One private detail. `start` and `end` count code points of the text."""

    kind: Kind
    start: int
    end: int


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _NANP.finditer(text):
        bare = match.group().isdigit()
        if bare and _CASE_NUMBER.search(text, max(0, match.start() - 24), match.start()):
            continue
        if _possible(match.group(), "US"):
            yield match.span()
    for match in _ABROAD.finditer(text):
        dialled = "+" + match.group().removeprefix("011").lstrip("0+ -")
        if _possible(dialled, None):
            yield match.span()
    for match in _LOCAL.finditer(text):
        if not _CASE_NUMBER.search(text, max(0, match.start("local") - 24), match.start("local")):
            yield match.span("local")


def _possible(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _mails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (match.span() for match in _MAIL.finditer(text))
    lowered = text.lower()
    if "dot" in lowered or "mail" in lowered or any(provider in lowered for provider in _PROVIDERS):
        yield from (match.span() for match in _HIDDEN_MAIL.finditer(text))


def _plates(text: str) -> Iterator[tuple[int, int]]:
    for match in _NAMED_PLATE.finditer(text):
        start, end = match.span("plate")
        while end > start and not _plate_like(text[start:end]):
            end = _less_a_word(text, start, end)
        if end > start:
            yield start, end
    for pattern in (_STATE_PLATE, _PLATE_AFTER, _CAR_PLATE, _VIN):
        yield from (match.span("plate") for match in pattern.finditer(text))


def _less_a_word(text: str, start: int, end: int) -> int:
    """Where a plate ends without its last piece: a short word may follow it ("KVX 4821 says"). `start`: none is left.

    What begins inside a word is no plate of several pieces ("tagged 22 days").
    """
    if text[start - 1 : start].isalpha():
        return start
    return max(start, *(text.rfind(sign, start, end) for sign in " -\u00b7"))


def _plate_like(plate: str) -> bool:
    """Four to eight letters and digits, two of them digits, and no half that is a plain word ("tags 22 days")."""
    halves = re.split(r"[ \-\u00b7]", plate.casefold())
    digits = sum(one.isdigit() for one in plate)
    length = sum(map(len, halves))
    return 4 <= length <= 8 and digits >= 2 and (digits < length or digits >= 5) and _NO_PLATE_HALF.isdisjoint(halves)


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(one)) for one in text if unicodedata.digit(one, None) is not None)


def _kept(text: str, detail: PrivateDetail, keep: Set[str]) -> bool:
    found = text[detail.start : detail.end]
    return (_digits(found)[-10:] if detail.kind == "phone" else found.casefold()) in keep


def _as_ascii(letter: str) -> str:
    """A digit, dash, dot or @ of another script or width as the plain one; one letter stays one letter."""
    if letter.isascii():
        return letter
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    if unicodedata.category(letter) == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKC", letter)
    return plain if len(plain) == 1 and plain.isascii() else letter


def find_private(text: str) -> list[PrivateDetail]:
    """The private details of a text, in order, none overlapping another. Never raises.

    Short public numbers (311, 911, 988), request numbers, dates, house numbers and prices are left alone; a number of
    seven digits counts only after a word such as "call", a plate only beside a word for it, a state or a car.
    """
    text = _DONE.sub(lambda done: _BARRIER * len(done.group()), text)
    if not text.isascii():
        text = "".join(map(_as_ascii, text))
    found: list[tuple[int, int, Kind]] = [(start, -end, "email") for start, end in _mails(text)]
    found += [(match.start("plate"), -match.end("plate"), "plate") for match in _VANITY_PLATE.finditer(text)]
    if _ANY_DIGIT.search(text):
        found += [(start, -end, "phone") for start, end in _phones(text)]
        found += [(start, -end, "plate") for start, end in _plates(text)]
    details: list[PrivateDetail] = []
    reached = 0
    for start, minus_end, kind in sorted(found):
        if start >= reached:
            reached = -minus_end
            details.append(PrivateDetail(kind, start, reached))
    return details


def redact(text: str, keep: Set[str] = frozenset()) -> str:
    """The text with each private detail replaced by words that say what was there.

    `keep` holds the city's own phone numbers and e-mail addresses, written in any way.
    Repeats until nothing is found, so that no detail comes to light because another one beside it went.
    """
    keep = frozenset(_digits(one)[-10:] or one.casefold() for one in keep) | frozenset(one.casefold() for one in keep)
    while found := [one for one in find_private(text) if not _kept(text, one, keep)]:
        pieces, reached = [], 0
        for one in found:
            pieces += [text[reached : one.start], REPLACEMENT[one.kind]]
            reached = one.end
        text = "".join(pieces) + text[reached:]
    return text
