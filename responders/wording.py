"""The words of a reply between a person's approval and the wire: two slots, two variants, nothing else (invariant 3).

A text may hold {number} and {date}. Approval freezes it into two variants: one for a city that answered, whose slots
the outbox fills, and one for a city that did not, with our own reference as the number and without the date sentence.
Square-bracket placeholders ([problem], [place], [reason] and the others of PLACEHOLDERS) belong to templates; a text
that still holds one is not ready to be approved.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton

NUMBER_WIDEST = "8" * 16
"""The widest number a reply may carry: 16 characters. `fill` refuses a wider one."""

PLACEHOLDERS = frozenset(
    {"problem", "place", "first", "second", "name", "reason", "agency", "contact", "question", "days"}
)
"""What is filled in a template, in square brackets: by drafting, or by a person where nobody else knows it."""

RIGHT_TO_LEFT = frozenset({"ar", "fa", "ps"})
LEFT_TO_RIGHT_MARK = "\N{LEFT-TO-RIGHT MARK}"

_BETWEEN_NUMBERS = {"zh-Hans": "、", "zh-Hant": "、"} | dict.fromkeys(RIGHT_TO_LEFT, "، ")

_SLOT = re.compile(r"\{(number|date)\}")
_PLACEHOLDER = re.compile(r"\[(" + "|".join(sorted(PLACEHOLDERS)) + r")\]")
_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_/-]{0,14}[A-Za-z0-9])?")

_ENDS_ALWAYS = frozenset("。！？؟۔។៕।॥")
_ENDS_BEFORE_SPACE = frozenset(".!?…")
_CLOSES = frozenset("\"'”’»)]』」）】")
_SIGN_OFF = re.compile(r"\s+(?=[\^/\u2013\u2014-]\w{1,4}\s*\Z)")
_COMPASS = frozenset("NSEW")
_ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "no", "nos", "est", "approx", "ca", "tel", "ext", "apt"})


class WordingError(ValueError):
    """A text that cannot be approved or filled as it stands. `position` counts code points; None: no one place."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason if position is None else f"{reason} (at character {position + 1})")
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class Frozen:
    """The two approved variants. `with_answer` keeps its slots for the outbox; `without_answer` has none left."""

    with_answer: str
    without_answer: str


def slots(text: str) -> set[str]:
    """The slots a text holds: a subset of {"number", "date"}.

    Raises WordingError with the position of the first brace that belongs to neither.
    """
    found = {match[1] for match in _SLOT.finditer(text)}
    blanked = _SLOT.sub(lambda match: " " * len(match[0]), text)
    brace = re.search(r"[{}]", blanked)
    if brace is None:
        return found
    named = re.match(r"\{[^{}]*\}", blanked[brace.start() :])
    if named is not None:
        raise WordingError(f"{named[0]} is no slot; only {{number}} and {{date}} are filled", brace.start())
    raise WordingError(f"a single {brace[0]} stands in the text; slots are {{number}} and {{date}}", brace.start())


def placeholders(text: str) -> set[str]:
    """The square-bracket placeholders a template holds: a subset of PLACEHOLDERS. Other brackets are plain text."""
    return {match[1] for match in _PLACEHOLDER.finditer(text)}


def filled(template: str, words: Mapping[str, str]) -> str:
    """A template with its placeholders replaced in one pass: what the words themselves contain stays as it is.

    Raises KeyError for a placeholder without words.
    """
    return _PLACEHOLDER.sub(lambda match: words[match[1]], template)


def freeze(text: str, language: str, reference: str | Sequence[str]) -> Frozen:
    """Both variants of a text a person approved (invariant 3).

    `reference` is our own number for the request, at most 16 characters; one for each where it tells of several.
    Raises WordingError where a person must change the text first: a brace that is no slot, a placeholder left open, the
    number inside the date sentence, or nothing left to say without the date.
    """
    slots(text)
    left_open = _PLACEHOLDER.search(text)
    if left_open is not None:
        raise WordingError(f"{left_open[0]} is still to be filled in", left_open.start())
    without_answer = fill(text, language, reference, None)
    if not without_answer.strip():
        raise WordingError("nothing is left of this reply when there is no date to give")
    return Frozen(with_answer=text, without_answer=without_answer)


def fill(with_answer: str, language: str, number: str | Sequence[str], day: date | None) -> str:
    """The words that go out: `number` and `day` in their slots; without a day its sentence is dropped.

    Several numbers stand beside each other, "13075315, 13075316", in the order in which they are given. Nothing else is
    substituted; any other brace stays as it is. Raises WordingError for a number that is empty, wider than
    NUMBER_WIDEST or made of anything but letters, digits and inner - _ /.
    """
    text = with_answer if day is not None else without_date_sentence(with_answer)
    values = {}
    if "{number}" in text:
        values["number"] = _numbers_words(number, language)
    if day is not None and "{date}" in text:
        values["date"] = date_words(day, language)
    return _SLOT.sub(lambda match: values[match[1]], text)


def numbers_in(number: str | Sequence[str]) -> int:
    """How many numbers stand in a slot."""
    return 1 if isinstance(number, str) else len(number)


def widest(text: str, language: str, numbers: int = 1) -> str:
    """The text with its slots at their widest: no filled variant is longer, in characters or as X weighs them.

    `numbers`: how many requests it tells of.
    """
    values = {"number": _numbers_words([NUMBER_WIDEST] * numbers, language), "date": widest_date(language)}
    return _SLOT.sub(lambda match: values[match[1]], text)


def without_date_sentence(text: str) -> str:
    """The text without each sentence that holds {date}; unchanged where none does.

    Raises WordingError where {number} stands in such a sentence, since it would be lost with it.
    """
    if "{date}" not in text:
        return text
    kept: list[str] = []
    for sentence in sentences(text):
        if "{date}" not in sentence:
            kept.append(sentence)
            continue
        if "{number}" in sentence:
            raise WordingError(
                "{number} and {date} stand in one sentence; give the date a sentence of its own, "
                "because it is dropped when the city gives none",
                text.index("{date}"),
            )
        if kept and "\n" in _space_after(sentence) and "\n" not in _space_after(kept[-1]):
            kept[-1] = kept[-1].rstrip() + _space_after(sentence)
    return "".join(kept).strip()


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with the space after it; joined they are the text again.

    A sentence ends with . ! ? … before a space, with 。！？ ؟ ۔ ។ ៕ । anywhere, with a line, and before a ^MJ sign-off.
    """
    ends: list[int] = [match.end() for match in _SIGN_OFF.finditer(text)]
    at = 0
    while at < len(text):
        mark = text[at]
        at += 1
        if mark != "\n" and mark not in _ENDS_ALWAYS and mark not in _ENDS_BEFORE_SPACE:
            continue
        first = at - 1
        while at < len(text) and mark != "\n" and (text[at] in _ENDS_ALWAYS | _ENDS_BEFORE_SPACE | _CLOSES):
            at += 1
        if mark == "\n" or _ends_sentence(text, first, at):
            while at < len(text) and text[at].isspace():
                at += 1
            ends.append(at)
    bounds = [0, *sorted({end for end in ends if 0 < end < len(text)}), len(text)]
    return [text[start:end] for start, end in pairwise(bounds) if start < end]


def _ends_sentence(text: str, first: int, after: int) -> bool:
    if after == len(text) or text[:first].endswith("}") or any(mark in _ENDS_ALWAYS for mark in text[first:after]):
        return True
    if not text[after].isspace():
        return text[after].isalpha() and unicodedata.category(text[after]) == "Lo"  # scripts that need no space
    space = re.compile(r"\s+").match(text, after)
    follows = text[space.end()] if space and space.end() < len(text) else ""
    if text[first:after] != "." or not follows or (space and "\n" in space[0]):
        return True
    if follows.islower() or follows in "&,;:)":
        return False  # "9th St. & Main", "9th St. should be"
    word = re.search(r"[^\W\d_]+\Z", text[:first])
    return word is None or (word[0].lower() not in _ABBREVIATIONS and word[0] not in _COMPASS)


def _space_after(sentence: str) -> str:
    return sentence[len(sentence.rstrip()) :]


def _numbers_words(number: str | Sequence[str], language: str) -> str:
    if isinstance(number, str):
        return _number_words(number, language)
    return _BETWEEN_NUMBERS.get(language, ", ").join(_number_words(one, language) for one in number)


def _number_words(number: str, language: str) -> str:
    if not _NUMBER.fullmatch(number):
        raise WordingError(
            f"{number[:40]!r} cannot stand as the number: "
            f"it takes 1 to {len(NUMBER_WIDEST)} letters and digits, with - _ / between them"
        )
    # Without the mark, "24-0012" after an Arabic letter is shown as "0012-24" (Unicode bidi, rule W2).
    return LEFT_TO_RIGHT_MARK + number if language in RIGHT_TO_LEFT else number


_DATE_PATTERNS = {
    "en": ("en", "EEEE, MMM d"),
    "es": ("es", "EEEE d 'de' MMMM"),
    "zh-Hans": ("zh_Hans", "M月d日EEEE"),
    "zh-Hant": ("zh_Hant", "M月d日EEEE"),
    "vi": ("vi", "EEEE, 'ngày' d 'tháng' M"),
    "ru": ("ru", "EEEE, d MMMM"),
    "uk": ("uk", "EEEE, d MMMM"),
    "ar": ("ar", "EEEE، d MMMM"),
    "fr": ("fr", "EEEE d MMMM"),
    "pt": ("pt", "EEEE, d 'de' MMMM"),
    "ko": ("ko", "MMMM d일 EEEE"),
    "km": ("km", "EEEE 'ទី'd 'ខែ'MMMM"),
    "ps": ("ps", "EEEE، 'د' MMMM d"),
    "fa": ("fa", "EEEE d LLLL"),
    "bn": ("bn", "EEEE, d MMMM"),
}
"""Language -> Babel's locale and the CLDR pattern, without the year: a promise is never a year away.

Haitian Creole is not here: Babel answers it in French, so its words are ours, below.
"""

_FIRST_OF_MONTH = {"fr": "EEEE d'er' MMMM", "pt": "EEEE, d'º' 'de' MMMM"}

_CREOLE_DAYS = ("lendi", "madi", "mèkredi", "jedi", "vandredi", "samdi", "dimanch")
_CREOLE_MONTHS = (
    *("janvye", "fevriye", "mas", "avril", "me", "jen"),
    *("jiyè", "out", "septanm", "oktòb", "novanm", "desanm"),
)

DIGITS = {
    "arabext": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
    "beng": str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯"),
}


def date_words(day: date, language: str) -> str:
    """A date as people say it in a language: "Friday, Nov 27". Digits as CLDR writes them by default there.

    A language outside our sixteen gets CLDR's own weekday-month-day form, and one that Babel does not know gets the
    English words.
    """
    if language == "ht":
        count = "premye" if day.day == 1 else str(day.day)
        return f"{_CREOLE_DAYS[day.weekday()]} {count} {_CREOLE_MONTHS[day.month - 1]}"
    if language not in _DATE_PATTERNS:
        return _date_words_elsewhere(day, language)
    tag, pattern = _DATE_PATTERNS[language]
    if day.day == 1:
        pattern = _FIRST_OF_MONTH.get(language, pattern)
    locale = Locale.parse(tag)
    return format_date(day, pattern, locale=locale).translate(DIGITS.get(locale.default_numbering_system, {}))


def _date_words_elsewhere(day: date, language: str) -> str:
    try:
        return format_skeleton("MMMEd", day, locale=Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError, KeyError):
        return date_words(day, "en")


@lru_cache(maxsize=64)
def widest_date(language: str) -> str:
    """The longest a date gets in a language, both in characters and as X weighs them.

    28 years hold every weekday of every day of the year. All two-digit days are equally wide, the first of a month
    may be wider.
    """
    days = (date(year, month, day) for year in range(2024, 2052) for month in range(1, 13) for day in (1, 22))
    said = {date_words(day, language) for day in days}
    widest_said = max(said, key=lambda words: (_weight(words), len(words)))
    missing = max(map(len, said)) - len(widest_said)
    return widest_said + "\N{NO-BREAK SPACE}" * missing


def _weight(text: str) -> int:
    """The length as X counts it, links and emoji aside. Source: twitter-text configuration v3."""
    light = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
    normal = unicodedata.normalize("NFC", text)
    return sum(1 if any(low <= ord(sign) <= high for low, high in light) else 2 for sign in normal)
