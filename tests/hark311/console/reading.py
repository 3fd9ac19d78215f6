"""What stands in a page: its forms, and whether what others wrote stays text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
    | {"path", "circle", "rect", "line", "polyline", "polygon"}
)
PLAIN = frozenset({"textarea", "title", "option", "desc"})
"""Elements whose words turn round nothing outside them."""


@dataclass
class Reader(HTMLParser):
    """Reads one page. `posts`: where its forms, buttons and scripts post to. `loose`: words that turn the writing round
    and stand in no element of their own direction."""

    posts: set[str] = field(default_factory=set)
    loose: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and (given.get("method") or "").lower() == "post":
            self.posts.add(given.get("action") or "")
        for name in ("formaction", "hx-post", "data-post"):
            if given.get(name):
                self.posts.add(given[name] or "")
        if tag == "script" and not given.get("src"):
            self.scripts.append(tag)
        self.scripts += [name for name in given if name.startswith("on")]
        if tag not in VOID:
            self._open.append((tag, tag == "bdi" or "dir" in given or tag in PLAIN))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if OVERRIDE in data and not any(own for _, own in self._open):
            self.loose.append(data.strip())


def read(page: str) -> Reader:
    """What stands in a page."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def troubles(page: str) -> Iterator[str]:
    """How words of somebody else got out of being words."""
    found = read(page)
    yield from (f"script or handler: {one}" for one in found.scripts)
    yield from (f"turns the page round: {one[:60]!r}" for one in found.loose)
    if "\0" in page:
        yield "NUL"
    if "30773171189753" in page or "<class" in page:  # 31337 ** 3, which no secret holds by chance, and a shown object
        yield "a template or a format was carried out"
