"""How Mastodon and Bluesky count the length of a text: in graphemes, letters as people see them."""

import re

import regex

from models.mastodon_words import NAMED

URL_WEIGHT = 23
LINK = re.compile(r"https?://[\w.-]+\.\w+(?::\d+)?(?:[/?#][!-~]*[\w/=#&-])?", re.IGNORECASE)


def graphemes(text: str) -> int:
    """Letters as people see them."""
    return len(text) if text.isascii() and "\r" not in text else len(regex.findall(r"\X", text))


def on_mastodon(text: str) -> int:
    """Graphemes, a link 23, a name without its server. The name of whom we answer goes in front of it; the channel's
    limit leaves room for that. Source: StatusLengthValidator."""
    return graphemes(NAMED.sub(r"@\1", LINK.sub("x" * URL_WEIGHT, text)))


def on_bluesky(text: str) -> int:
    """Graphemes, 300 at most; or tenths of the 3000 bytes, where those fill up first."""
    return max(graphemes(text), -(-len(text.encode("utf-8", "replace")) // 10))
