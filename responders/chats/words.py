"""What a post of a chat says besides its own words: the number of its question, and the hashtag. Pure."""

import re
from unicodedata import normalize

from models import ChatPostKind

LETTERS = {
    "en": ("Q", "A"),
    "es": ("P", "R"),
    "pt": ("P", "R"),
    "fr": ("Q", "R"),
    "ht": ("K", "R"),
}
"""The letters of a question and of an answer where a language has its own: pregunta, pergunta, kesyon; respuesta."""
_USUAL = LETTERS["en"]


def numbered(kind: ChatPostKind, number: int | None, text: str, hashtag: str, language: str) -> str:
    """The words of a post with its number before them and the hashtag behind, each where it is not there yet.

    Only a question and an answer have a number. `hashtag` is without its sign.
    """
    said = text.strip()
    if number is not None and kind in (ChatPostKind.QUESTION, ChatPostKind.ANSWER) and not _says_number(said, number):
        said = f"{mark_of(kind, number, language)}: {said}"
    return said if holds_tag(said, hashtag) else f"{said} #{hashtag}".lstrip()


def mark_of(kind: ChatPostKind, number: int, language: str) -> str:
    """How a question, or an answer to it, is numbered in a language: "Q3", "R3"."""
    asks, answers = LETTERS.get(language, _USUAL)
    return f"{asks if kind == ChatPostKind.QUESTION else answers}{number}"


def holds_tag(text: str, hashtag: str) -> bool:
    """Whether a text holds a hashtag as a channel finds it: a word of its own, in capitals or not."""
    tag = re.escape(normalize("NFC", hashtag))
    return re.search(rf"(?<![\w&/])[#＃]{tag}(?!\w)", normalize("NFC", text), re.IGNORECASE) is not None


def _says_number(text: str, number: int) -> bool:
    letters = "".join(sorted({letter for pair in LETTERS.values() for letter in pair}))
    return re.match(rf"[{letters}]\s?{number}(?!\d)", text, re.IGNORECASE) is not None
