"""A status' words as Mastodon handles them: HTML on the way out, length on the way in, who is named."""

import re
from collections.abc import Collection
from html import escape

from regex import compile as compile_regex

LIMIT, URL_WEIGHT = 500, 23
SHOWN_OF_LINK = 30
NAMED = re.compile(r"(?<![\w/@])@(\w+(?:[.-]\w+)*(?:@[\w.-]+\w)?)")
_LINK = re.compile(r"https?://[^\s<>\"]+[\w/=#-]")
_TAG = re.compile(r"(?<![\w/&])#(\w*[^\W\d_]\w*)")
_PIECE = re.compile(f"(?P<link>{_LINK.pattern})|(?P<named>{NAMED.pattern})|(?P<tag>{_TAG.pattern})")
_GRAPHEME = compile_regex(r"\X")


def counted(text: str) -> int:
    """Length as Mastodon counts it: graphemes, a link 23, a name without its server."""
    shorter = _LINK.sub("x" * URL_WEIGHT, text)
    return len(_GRAPHEME.findall(NAMED.sub(lambda name: f"@{name[1].partition('@')[0]}", shorter)))


def named_in(text: str) -> list[str]:
    """The accounts a text names, as written, without their first @."""
    return [found[1] for found in NAMED.finditer(text)]


def tags_in(text: str) -> list[str]:
    """The hashtags of a text, as written, without their sign."""
    return [found[1] for found in _TAG.finditer(text)]


def as_html(text: str, known: Collection[str], root: str) -> str:
    """Paragraphs, line breaks and links, as Mastodon writes them. `known`: accounts that get a link."""

    def linked(found: re.Match[str]) -> str:
        if link := found["link"]:
            return _link(link)
        if tag := found["tag"]:
            href = f"{root}/tags/{escape(tag[1:])}"
            return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{escape(tag[1:])}</span></a>'
        acct = found["named"][1:]
        if acct.lower() not in known:
            return escape(found["named"])
        name, href = escape(acct.partition("@")[0]), f"{root}/@{escape(acct)}"
        return f'<span class="h-card"><a href="{href}" class="u-url mention">@<span>{name}</span></a></span>'

    pieces, end = [], 0
    for found in _PIECE.finditer(text):
        pieces += [escape(text[end : found.start()]), linked(found)]
        end = found.end()
    whole = "".join([*pieces, escape(text[end:])])
    paragraphs = re.split(r"\n{2,}", whole.replace("\r\n", "\n"))
    return "".join(f"<p>{one.replace(chr(10), '<br />')}</p>" for one in paragraphs)


def _link(url: str) -> str:
    scheme, rest = url.split("://", 1)
    shown, hidden = rest[:SHOWN_OF_LINK], rest[SHOWN_OF_LINK:]
    cut = ' class="ellipsis"' if hidden else ' class=""'
    return (
        f'<a href="{escape(url)}" target="_blank" rel="nofollow noopener noreferrer">'
        f'<span class="invisible">{scheme}://</span><span{cut}>{escape(shown)}</span>'
        f'<span class="invisible">{escape(hidden)}</span></a>'
    )
