"""Links in a text as X finds them: also phila.gov/311, without any https:// (twitter-text)."""

import re
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # twitter-text-parser 3.0 imports pkg_resources
    from twitter_text import extract_urls_with_indices

MAY_HOLD_LINK = re.compile(r"[^\s.][.。．][^\s.]|://")


def has_link(text: str) -> bool:
    """Whether X would make a link of something in it, which makes a post dearer."""
    return bool(MAY_HOLD_LINK.search(text) and extract_urls_with_indices(text))
