"""Residents of a made-up town: they report, add, correct themselves, delete, and answer us."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks.towns import TOWNS, Town
from hark311.simulator import RunningSimulator
from models import Channel

MARK = re.compile(r"\(no (\d+)\)")
STREETS = ("Girard Ave", "Tasker St", "Frankford Ave", "Reed St", "Cedar Ave", "Ogontz Ave", "Lehigh Ave", "Vine St")
REPORTS = (
    "Deep pothole at {house} {street}, two tires gone this week",
    "The street light in front of {house} {street} is out again",
    "Nobody collected the trash on {house} {street} since Tuesday",
    "Someone dumped mattresses behind {house} {street}",
    "Graffiti all over the wall at {house} {street}",
    "Hay un bache enorme en {house} {street}",
    "A dead tree leans over the sidewalk at {house} {street}",
    "The traffic signal at {house} {street} blinks red all day",
    "Is the library on {street} open on Sunday?",
    "Thank you for fixing {house} {street} so fast!",
    "Live wires down across {house} {street}",
    "Why does nobody answer about {street}",
)
ADDITIONS = ("It is near the bus stop", "It got worse this morning", "The number is {house}", "Any news?")
SHARES = {Channel.X: 4, Channel.TELEGRAM: 3, Channel.MASTODON: 2, Channel.BLUESKY: 2}


@dataclass(slots=True)
class Said:
    """One thing a resident said. `mark` is in its words and tells it from every other."""

    mark: int
    channel: Channel
    post_id: str
    author: str
    at: int
    gone: bool = False


@dataclass(slots=True)
class Residents:
    """Speak with the dice of `dice`, on all channels or `only` one; remember what they said."""

    simulator: RunningSimulator
    dice: random.Random
    clock: Callable[[], datetime]
    only: Channel | None = None
    said: list[Said] = field(default_factory=list)
    _marks: int = 0
    _towns: Mapping[Channel, Town] = field(init=False)

    def __post_init__(self) -> None:
        self._towns = {channel: town(self.simulator) for channel, town in TOWNS.items()}

    def speak(self) -> None:
        """One thing a resident does: mostly a report."""
        done = self.dice.random()
        # nobody corrects themselves twice in one second, which is all that Telegram tells of an edit
        earlier = [one for one in self.said[-60:] if not one.gone and one.at < self._second()]
        if done < 0.78 or not earlier:
            self._report()
        elif done < 0.90:
            self._add(self.dice.choice(earlier))
        elif done < 0.96:
            self._correct(self.dice.choice(earlier))
        else:
            self._delete(self.dice.choice(earlier))

    def _second(self) -> int:
        return int(self.clock().timestamp())

    def _words(self, choices: tuple[str, ...]) -> tuple[int, str]:
        self._marks += 1
        words = self.dice.choice(choices).format(house=self.dice.randrange(100, 6000), street=self.dice.choice(STREETS))
        return self._marks, f"{words} (no {self._marks})"

    def _report(self) -> None:
        mark, words = self._words(REPORTS)
        author = f"resident_{self.dice.randrange(400)}"
        channel = self.only or self.dice.choices(list(SHARES), list(SHARES.values()))[0]
        self._remember(mark, channel, self._towns[channel].say(words, author), author)

    def _add(self, to: Said) -> None:
        mark, words = self._words(ADDITIONS)
        to_us = self.dice.random() < 0.5
        post_id = self._towns[to.channel].answer(words, to.author, to.post_id, to_us=to_us)
        self._remember(mark, to.channel, post_id, to.author)

    def _correct(self, which: Said) -> None:
        mark, words = self._words(REPORTS)
        which.gone = True  # these words are no more; the corrected ones have a mark of their own
        post_id = self._towns[which.channel].correct(words, which.author, which.post_id)
        self._remember(mark, which.channel, post_id, which.author)

    def _delete(self, which: Said) -> None:
        which.gone = True
        self._towns[which.channel].delete(which.post_id)

    def _remember(self, mark: int, channel: Channel, post_id: str, author: str) -> None:
        self.said.append(Said(mark, channel, post_id, author, self._second()))


def mark_of(words: str) -> int | None:
    """Which thing said a stored text is."""
    found = MARK.search(words)
    return int(found.group(1)) if found else None
