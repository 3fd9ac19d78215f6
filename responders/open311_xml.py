"""GeoReport's XML, read into the very objects its JSON holds. Pure; nothing is fetched and nothing expanded.

A document that declares a type is refused before any entity of it could be (billion laughs, external entities).
Source: GeoReport v2, formats: its JSON is its XML without the wrapper, so lists are found by GeoReport's own names.
"""

from collections import Counter
from typing import Any
from xml.parsers import expat

from models.open311 import WRAPPERS

DEEPEST = 32


class NotReadable(ValueError):
    """No XML that we read: broken, nested too deeply, or with declarations of its own."""


def read_xml(body: bytes) -> Any:
    """Lists, dicts and texts of a document; None for an empty element. Raises NotReadable."""
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator=None)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reading.begins
    parser.EndElementHandler = reading.ends
    parser.CharacterDataHandler = reading.says
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise NotReadable(str(error)) from error
    return reading.root


def _refuse_doctype(*_declared: object) -> None:
    raise NotReadable("the document declares a type of its own")


class _Reading:
    """What has been read so far: for each open element its name, its children and its letters."""

    def __init__(self) -> None:
        self._open: list[tuple[str, list[tuple[str, Any]], list[str]]] = []
        self.root: Any = None

    def begins(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise NotReadable("the document is nested too deeply")
        self._open.append((name.rpartition(":")[2], [], []))

    def says(self, letters: str) -> None:
        self._open[-1][2].append(letters)

    def ends(self, _name: str) -> None:
        name, children, letters = self._open.pop()
        value = _value(name, children, "".join(letters).strip())
        if self._open:
            self._open[-1][1].append((name, value))
        else:
            self.root = value


def _value(name: str, children: list[tuple[str, Any]], letters: str) -> Any:
    """A list for a wrapper, a dict for other elements with children, else the letters. A repeated name is a list."""
    if name in WRAPPERS and (children or not letters):
        return [value for _, value in children]
    if not children:
        return letters or None
    found: dict[str, Any] = {}
    times = Counter(child for child, _ in children)
    for child, value in children:
        if times[child] > 1:
            found.setdefault(child, []).append(value)
        else:
            found[child] = value
    return found
