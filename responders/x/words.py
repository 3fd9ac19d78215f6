"""Words as X counts them, gives them back, and takes them into its own window."""

import re
import unicodedata
import warnings
from urllib.parse import urlencode

from models.x_fields import DIRECT
from responders.wording import LEFT_TO_RIGHT_MARK

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # twitter-text-parser 3.0 imports pkg_resources
    from twitter_text import extract_urls_with_indices, parse_tweet

LEADING_MENTIONS = re.compile(r"^(?:@\w+\s+)+")
MAY_HOLD_LINK = re.compile(r"[^\s.]\.[^\s.]|://|@")


def length(text: str) -> int:
    """Weighted length as X counts it: a link is 23, most scripts beyond Latin 2 a letter. Source: twitter-text v3."""
    if text.isascii() and not MAY_HOLD_LINK.search(text):
        return len(text)  # every letter weighs one; the library needs a millisecond to say the same
    return int(parse_tweet(text).weightedLength)


LINK = "<link>"
"""What stands for any link; a post with pictures ends with one."""


def comparable(text: str) -> str:
    """A text as X may give it back, once unescaped: composed, without leading @mentions, links replaced."""
    plain = unicodedata.normalize("NFC", text).replace(LEFT_TO_RIGHT_MARK, "")
    for link in reversed(extract_urls_with_indices(plain)):  # X also links phila.gov/311, without any https://
        start, end = link["indices"]
        plain = f"{plain[:start]}{LINK}{plain[end:]}"
    return " ".join(LEADING_MENTIONS.sub("", plain).split())


def composer(text: str, in_reply_to: str | None, author_id: str, *, private: bool) -> str:
    """Where a person posts the words in X's own window; "" for a group chat, which no address of X's opens with words.

    Source: X docs, web intents; direct message deep links.
    """
    if private:
        return f"https://x.com/messages/compose?{urlencode({'recipient_id': author_id, 'text': text})}"
    if in_reply_to is not None and in_reply_to.startswith(DIRECT):
        return ""
    under = {"in_reply_to": in_reply_to} if in_reply_to else {}
    return f"https://x.com/intent/post?{urlencode({**under, 'text': text})}"
