"""The words in a Mastodon status: without its HTML. Source: docs.joinmastodon.org."""

import re
from html.parser import HTMLParser
from typing import ClassVar

NAMED = re.compile(r"(?<![\w/])@(\w+(?:[.-]\w+)*)(@[\w.-]+\w)?")


def plain_text(html: str) -> str:
    """A status' words without its HTML: paragraphs and line breaks stay, a link is its whole address.

    Mastodon shows a link shortened, the rest hidden in spans; another server may put any words over it. Nothing of
    HTML is left to be shown: what hides in scripts and styles is dropped.
    """
    reader = _Words()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Words(HTMLParser):
    BREAKS: ClassVar = {
        "p": "\n\n",
        "blockquote": "\n\n",
        "pre": "\n\n",
        "ul": "\n\n",
        "ol": "\n\n",
        "div": "\n",
        "li": "\n- ",
    }
    SILENT = frozenset({"script", "style", "template", "iframe"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent = 0
        self._link: str | None = None
        self._link_begins = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in self.SILENT:
            self._silent += 1
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "img":
            self._pieces.append(given.get("alt") or "")
        elif tag == "a":
            self._link, self._link_begins = given.get("href") or "", len(self._pieces)
        elif tag in self.BREAKS:
            self._pieces.append(self.BREAKS[tag])

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._link is not None:
            self._end_link(self._link)
            self._link = None
        elif tag in self.BREAKS and tag != "li":
            self._pieces.append(self.BREAKS[tag])

    def _end_link(self, href: str) -> None:
        shown = "".join(self._pieces[self._link_begins :]).strip()
        if not href.startswith(("http://", "https://")) or shown.startswith(("@", "#")):
            return  # a name, a hashtag, or nothing that can be opened
        bare = href.split("://", 1)[1]
        same = not shown or shown in href or bare.startswith(shown.rstrip("…").removeprefix("www."))
        self._pieces[self._link_begins :] = [href if same else f"{shown} ({href})"]

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(re.sub(r"[\r\n]+", " ", data))

    def text(self) -> str:
        """What was read, with no more than one empty line in a row."""
        lines = re.sub(r" *\n *", "\n", "".join(self._pieces))
        return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
