"""Message text as the Bot API keeps it: HTML turned into entities, command entities, lengths in UTF-16 units."""

import re
from html.parser import HTMLParser

from hark311.simulator.spoken import Json

_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
}
_MARKS = re.compile(
    r"(?<!\S)(?P<bot_command>/[A-Za-z0-9_]+(?:@\w+)?)|(?<!\w)(?P<mention>@\w{5,32})|(?P<url>https?://\S+)"
)


class CannotParse(ValueError):
    """The HTML of a message is not what the Bot API takes."""


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, the unit of entity offsets."""
    return len(text.encode("utf-16-le")) // 2


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.entities: list[Json] = []
        self._open: list[tuple[str, Json]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _KINDS:
            raise CannotParse(f'Unsupported start tag "{tag}"')
        entity: Json = {"type": _KINDS[tag], "offset": utf16_length(self.text)}
        if tag == "a":
            entity["url"] = dict(attrs).get("href") or ""
        self._open.append((tag, entity))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise CannotParse("Unexpected end tag")
        _, entity = self._open.pop()
        entity["length"] = utf16_length(self.text) - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)

    def handle_data(self, data: str) -> None:
        self.text += data

    def finish(self) -> None:
        self.close()
        if self._open:
            raise CannotParse(f'Can\'t find end tag corresponding to start tag "{self._open[-1][0]}"')


def read_text(text: str, parse_mode: str | None) -> tuple[str, list[Json]]:
    """Plain text and its entities. HTML is understood, other parse modes are kept as written. Raises CannotParse."""
    if (parse_mode or "").lower() != "html":
        return text, marks_in(text)
    reader = _Reader()
    reader.feed(text)
    reader.finish()
    return reader.text, sorted(reader.entities + marks_in(reader.text), key=lambda entity: int(entity["offset"]))


def marks_in(text: str) -> list[Json]:
    """The commands, @mentions and addresses the service marks by itself."""
    if not any(sign in text for sign in "/@"):
        return []
    return [
        {
            "type": match.lastgroup,
            "offset": utf16_length(text[: match.start()]),
            "length": utf16_length(match.group()),
        }
        for match in _MARKS.finditer(text)
    ]
