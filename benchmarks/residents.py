"""Residents of a made-up town: they report, add, correct themselves, delete, and answer us, on both networks."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    """Speak with the dice of `dice`; remember what they said."""

    simulator: RunningSimulator
    dice: random.Random
    clock: Callable[[], datetime]
    said: list[Said] = field(default_factory=list)
    _marks: int = 0

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
        if self.dice.random() < 0.6:
            self._on_x(mark, words, author)
        else:
            self._on_telegram(mark, words, author)

    def _add(self, to: Said) -> None:
        mark, words = self._words(ADDITIONS)
        if to.channel == Channel.X:
            ours = self.simulator.our_replies_on_x(to.post_id)
            self._on_x(mark, words, to.author, in_reply_to=ours[-1]["id"] if ours else to.post_id)
        else:
            chat = int(to.post_id.split(":")[0])
            ours = self.simulator.telegram_messages(by="us", chat_id=chat)
            answers = {"reply_to": ours[-1]["message_id"]} if ours and self.dice.random() < 0.5 else {}
            self._on_telegram(mark, words, to.author, **answers)

    def _correct(self, which: Said) -> None:
        mark, words = self._words(REPORTS)
        which.gone = True  # these words are no more; the corrected ones have a mark of their own
        if which.channel == Channel.X:
            self._on_x(mark, words, which.author, edit_of=which.post_id)
        else:
            self._on_telegram(mark, words, which.author, edit_of=which.post_id.split(":")[1])

    def _delete(self, which: Said) -> None:
        which.gone = True
        if which.channel == Channel.X:
            self.simulator.delete_on_x(which.post_id)
        else:
            chat, message = which.post_id.split(":")
            self.simulator.delete_on_telegram(int(chat), int(message))

    def _on_x(self, mark: int, words: str, author: str, **more: Any) -> None:
        post_id = self.simulator.say_on_x(words, author=author, **more)
        self.said.append(Said(mark, Channel.X, post_id, author, self._second()))

    def _on_telegram(self, mark: int, words: str, author: str, **more: Any) -> None:
        sender = {"id": 10**9 + int(author.rpartition("_")[2]), "first_name": author}
        done = self.simulator.say_on_telegram(words, **{"from": sender}, **more)
        post_id = f"{done['chat_id']}:{done['message_id']}"
        self.said.append(Said(mark, Channel.TELEGRAM, post_id, author, self._second()))


def mark_of(words: str) -> int | None:
    """Which thing said a stored text is."""
    found = MARK.search(words)
    return int(found.group(1)) if found else None
