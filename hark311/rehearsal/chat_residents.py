"""The participants of a rehearsed chat: each writes when the time has come, and answers a question once it stands."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from hark311.rehearsal.chat_script import Act, ChatScript, Line
from hark311.simulator import RunningSimulator
from models import Channel

GROUP = {"id": -1_000_311_311, "type": "supergroup", "title": "Neighbors"}
"""The group on Telegram in which a chat takes place."""
QUESTION = re.compile(r"^\W*[QqPp]\s?(\d{1,2})\b")
PATIENCE = 300.0
"""Seconds of the chat's time after which somebody writes all the same, though the question does not stand."""


@dataclass(frozen=True, slots=True)
class Said:
    """A line that was said: its channel post id, when by the chat's clock (seconds), and when on the wall."""

    line: Line
    post_id: str
    at: float
    wall: float


@dataclass(slots=True)
class Participants:
    """Speaks the script. `stands`: what questions stand on which network, and since when (seconds into the chat).

    `behind`: so many seconds on the wall somebody spoke later than they meant to, at most.
    """

    simulator: RunningSimulator
    script: ChatScript
    begins: float
    said: dict[str, Said] = field(default_factory=dict)
    stands: dict[tuple[Channel, int], str] = field(default_factory=dict)
    since: dict[int, float] = field(default_factory=dict)
    behind: float = 0.0
    _waiting: list[Line] = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = list(self.script.lines)

    @property
    def done(self) -> bool:
        return not self._waiting

    def look(self) -> None:
        """Read which questions stand."""
        for network, post_id, text, since in standing(self.simulator):
            found = QUESTION.match(text)
            if found and (network, int(found[1])) not in self.stands:
                number = int(found[1])
                self.stands[network, number] = post_id
                self.since[number] = min(since - self.begins, self.since.get(number, since - self.begins))

    def speak_until(self, seconds: float, pace: float = 1.0) -> None:
        """Say all that is due so many seconds into the chat."""
        due = [one for one in self._waiting if self._moment(one, seconds) <= seconds]
        if not due:
            return
        self._waiting = [one for one in self._waiting if one not in set(due)]
        late = max(seconds - self._moment(one, seconds) for one in due)
        self.behind = max(self.behind, late / max(pace, 1e-9))
        for same in _runs(due):
            self._say(same, seconds)

    def _moment(self, line: Line, now: float) -> float:
        """When somebody writes, in seconds: as long after the question as they meant to, and after what it is about."""
        if line.of and line.of not in self.said:
            return float("inf") if any(one.key == line.of for one in self._waiting) else line.at
        if line.follows is None or not line.follows <= len(self.script.case.questions):
            return line.at
        planned = self.script.case.questions[line.follows - 1].minute * 60
        if line.follows in self.since:
            return line.at + max(0.0, self.since[line.follows] - planned)
        return line.at + PATIENCE

    def _say(self, lines: Sequence[Line], at: float) -> None:
        """Lines on one network in one go, or one thing done to a line."""
        match lines[0].act:
            case Act.DELETE:
                self._delete(lines[0])
                ids = [self.said[lines[0].of].post_id]
            case Act.REPOST if lines[0].network in (Channel.TELEGRAM, Channel.BLUESKY):
                ids = [self.said[lines[0].of].post_id]
            case _:
                ids = self._post(lines)
        wall = time.monotonic()
        for line, post_id in zip(lines, ids, strict=True):
            self.said[line.key] = Said(line, post_id, at, wall)

    def _post(self, lines: Sequence[Line]) -> list[str]:
        box = self.simulator
        match lines[0].network:
            case Channel.X:
                done = box.say_many_on_x([self._shape(one, f"@{box.settings.x_handle}") for one in lines])
                return [str(one["id"]) for one in done]
            case Channel.MASTODON:
                acct = f"@{box.settings.mastodon_acct}"
                done = box.say_many_on_mastodon([self._shape(one, acct) for one in lines])
                return [str(one["id"]) for one in done]
            case Channel.BLUESKY:
                handle = f"@{box.settings.bluesky_handle}"
                done = box.say_many_on_bluesky([self._shape(one, handle) for one in lines])
                return [str(one["uri"]) for one in done]
            case _:
                done = box.say_many_on_telegram([self._in_group(one) for one in lines])
                return [f"{one['chat_id']}:{one['message_id']}" for one in done]

    def _shape(self, line: Line, handle: str) -> dict[str, Any]:
        """A line as the control API takes it on X, Mastodon and Bluesky."""
        shape: dict[str, Any] = {"text": line.text, "author": _author(line), "mention": False}
        if line.text and self._names_us(line):
            shape["text"] = f"{handle} {line.text}"
        verb = {Act.REPOST: "repost_of", Act.EDIT: "edit_of", Act.POST: "in_reply_to"}[line.act]
        if line.act == Act.REPOST and line.network == Channel.MASTODON:
            verb = "boost_of"
        parent = self._parent(line)
        return shape | ({verb: parent} if parent else {})

    def _in_group(self, line: Line) -> dict[str, Any]:
        sender = {"id": 10**9 + crc32(line.author.encode()) % 10**8, "first_name": line.author}
        text = f"@{self.simulator.settings.telegram_username} {line.text}" if self._names_us(line) else line.text
        shape: dict[str, Any] = {"text": text, "from": sender, "chat": GROUP}
        parent = self._parent(line)
        if parent:
            shape["edit_of" if line.act == Act.EDIT else "reply_to"] = parent.rpartition(":")[2]
        return shape

    def _names_us(self, line: Line) -> bool:
        """Who meant to write under a question that never came to stand names us instead."""
        return line.names_us or (line.under is not None and self._parent(line) is None)

    def _parent(self, line: Line) -> str | None:
        if line.of:
            return self.said[line.of].post_id
        return self.stands.get((line.network, line.under)) if line.under else None

    def _delete(self, line: Line) -> None:
        post_id = self.said[line.of].post_id
        match line.network:
            case Channel.X:
                self.simulator.delete_on_x(post_id)
            case Channel.MASTODON:
                self.simulator.delete_on_mastodon(post_id)
            case Channel.BLUESKY:
                self.simulator.delete_on_bluesky(post_id)
            case _:
                chat_id, _, message_id = post_id.rpartition(":")
                self.simulator.delete_on_telegram(int(chat_id), int(message_id))


def _author(line: Line) -> str:
    return line.author.replace("_", "-") if line.network == Channel.BLUESKY else line.author


def _runs(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """What can be said in one go: posts on one network that are about nothing said in the same go."""
    plain: dict[Channel, list[Line]] = {}
    for line in lines:
        if line.act == Act.POST and not line.of:
            plain.setdefault(line.network, []).append(line)
    yield from plain.values()
    for line in lines:
        if line.act != Act.POST or line.of:
            yield [line]


def standing(simulator: RunningSimulator) -> Iterator[tuple[Channel, str, str, float]]:
    """What stands in our name and answers nobody: network, channel post id, text, since when (seconds since 1970)."""
    for one in simulator.x_posts(by="us", limit=10_000):
        if not one["deleted"] and not one["in_reply_to"]:
            yield Channel.X, str(one["id"]), str(one["text"]), _seconds(one["created_at"])
    for one in simulator.our_replies_on_mastodon():
        if not one["in_reply_to"]:
            yield Channel.MASTODON, str(one["id"]), str(one["text"]), _seconds(one["created_at"])
    for one in simulator.our_replies_on_bluesky():
        if not one["in_reply_to"]:
            yield Channel.BLUESKY, str(one["uri"]), str(one["text"]), _seconds(one["created_at"])
    for one in simulator.telegram_messages(by="us", limit=10_000):
        if not one["deleted"] and not one["reply_to"]:
            post_id = f"{one['chat_id']}:{one['message_id']}"
            yield Channel.TELEGRAM, post_id, str(one["text"] or ""), float(one["message"]["date"])


def _seconds(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
