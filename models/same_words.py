"""Whether two texts are one, whatever a channel made of it on its way: what it adds, shortens and composes."""

import re
import unicodedata
from html import unescape

_LEADING_NAMES = re.compile(r"^(?:@[\w.@-]+\s+)+")
_LINK = re.compile(r"(?:https?://|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b)[^\s()<>]*", re.IGNORECASE)
_INVISIBLE = dict.fromkeys(map(ord, "\u200e\u200f\u2066\u2067\u2068\u2069\ufeff"))


def same_words(one: str, other: str) -> bool:
    """True for equal words, leading @names, links' own letters, white space and direction marks aside."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFC", unescape(text)).translate(_INVISIBLE)
    return " ".join(_LINK.sub("<link>", _LEADING_NAMES.sub("", plain.strip())).split())
