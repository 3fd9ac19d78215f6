"""Numbers and lengths of time as people say them in a language, with its own plurals (Babel, CLDR)."""

from datetime import timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_timedelta
from babel.numbers import format_decimal

from responders.wording import DIGITS, RIGHT_TO_LEFT

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_ALWAYS = 1e9
"""Threshold of Babel above which days would become weeks."""


def days_words(days: int, language: str) -> str:
    """ "1 day", "2 days"; in Russian, Ukrainian and Arabic in the form that goes with the number."""
    if language == "ht":  # Babel answers in French
        return f"{days} jou"
    said = format_timedelta(timedelta(days=days), granularity="day", threshold=_ALWAYS, locale=_locale(language))
    return said.replace(str(days), number_words(days, language), 1).replace("\N{NO-BREAK SPACE}", " ")


def number_words(number: int, language: str) -> str:
    """A number with the digits and separators that are usual in a language."""
    if language == "ht":
        language = "fr"
    locale = _locale(language)
    said: str = format_decimal(number, locale=locale)
    return said.translate(DIGITS.get(locale.default_numbering_system, {}))


def apart(words: str, language: str) -> str:
    """Words that may run the other way, kept in their own order inside a text from right to left (Unicode bidi).

    For names, handles and sentences of others; a text from left to right takes them as they are.
    """
    backwards = language in RIGHT_TO_LEFT and any(sign.isascii() and sign.isalnum() for sign in words)
    return f"{FIRST_STRONG_ISOLATE}{words}{POP_ISOLATE}" if backwards else words


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
