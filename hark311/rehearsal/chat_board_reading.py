"""What the board of a chat shows somebody who works over HTTP alone: its cards, and whether it is paused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from models import ChatLane

VOID = frozenset({"input", "br", "img", "hr", "meta", "link", "rect", "path", "use", "circle", "line"})
MINE = re.compile(r"^mine-(\d+)$")


@dataclass(slots=True)
class SeenCard:
    """A card as it is shown. `assigned`: "for Gil Guest, due in 4:10"; `sign`: what was done about it."""

    id: int
    version: int
    lane: ChatLane | None
    words: str = ""
    assigned: str = ""
    sign: str = ""
    waits: bool = False
    late: bool = False


@dataclass(slots=True)
class SeenBoard:
    """The board as it is shown. `mine`: entries given to whoever looks, with their words."""

    cards: list[SeenCard] = field(default_factory=list)
    mine: list[SeenCard] = field(default_factory=list)
    paused: bool = False
    live: bool = False

    def in_lanes(self, *lanes: ChatLane) -> Sequence[SeenCard]:
        """The cards of these lanes, in the order they are shown."""
        return [one for one in self.cards if one.lane in lanes]


def read_board(page: str) -> SeenBoard:
    """The board on an HTML page, or on the parts of one that change."""
    reading = _Reading()
    reading.feed(page)
    reading.close()
    reading.board.paused = 'value="resume"' in page
    reading.board.live = 'value="end"' in page
    return reading.board


class _Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.board = SeenBoard()
        self._lane: ChatLane | None = None
        self._card: SeenCard | None = None
        self._depth = 0
        self._card_ends = 0
        self._part: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = given.get("class", "").split()
        if tag not in VOID:
            self._depth += 1
        if given.get("data-lane") in set(ChatLane):
            self._lane = ChatLane(given["data-lane"])
        elif given.get("id") == "board-danger":
            self._lane = ChatLane.EMERGENCY
        elif given.get("id") == "lane-mine":
            self._lane = None
        if given.get("data-entry", "").isdigit() or "mine" in classes:
            self._begin_card(given, classes)
        if self._card is None:
            return
        if "data-since" in given:
            self._card.waits = True
        if found := MINE.match(given.get("id", "")):
            self._card.id = int(found[1])
        for name, part in (
            ("card-words", "words"),
            ("alarm-words", "words"),
            ("card-for", "assigned"),
            ("sign", "sign"),
        ):
            if name in classes:
                self._part = part, self._depth

    def _begin_card(self, given: dict[str, str], classes: list[str]) -> None:
        entry, version = given.get("data-entry", ""), given.get("data-version", "")
        self._card = SeenCard(int(entry or 0), int(version or 0), self._lane, late="late" in classes)
        self._card_ends, self._part = self._depth, None
        self._card.waits = "mine" in classes
        (self.board.mine if "mine" in classes else self.board.cards).append(self._card)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self._part and self._depth <= self._part[1]:
            self._part = None
        if self._card and self._depth <= self._card_ends:
            self._card = None
        self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._card is None or self._part is None:
            return
        name = self._part[0]
        setattr(self._card, name, " ".join(f"{getattr(self._card, name)} {data}".split()))
