"""How right the reading of a chat is: question and lane against labels, post by post.

One JSON object a line: `text`, `minute` of the chat, `reply_to_question` (a number, or null), and the labels `question`
(a number, or null) and `lane`. The schedule is six questions at the minutes of MINUTES. What the labels mean is told in
docs/reference/chat-lanes.md.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.chat.learned import LaneModel
from classifier.chat.reading import ChatLine, ChatPlanView, read_post
from classifier.protocol import Classifier
from classifier.taxonomy import services_of_taxonomy
from models.chats import ChatLane

MINUTES = (5, 14, 23, 32, 41, 50)
"""When Q1 to Q6 are asked."""
GRACE = 1.0
_BATCH = 64
_ALSO: dict[str, ChatLane] = {
    "answers": ChatLane.ANSWER,
    "questions": ChatLane.QUESTION,
    "needs_an_answer": ChatLane.NEEDS_ANSWER,
    "needs_answers": ChatLane.NEEDS_ANSWER,
    "service_requests": ChatLane.SERVICE_REQUEST,
    "request": ChatLane.SERVICE_REQUEST,
    "report": ChatLane.SERVICE_REQUEST,
    "offtopic": ChatLane.OFF_TOPIC,
    "abusive": ChatLane.ABUSE,
    "emergencies": ChatLane.EMERGENCY,
    "hosts": ChatLane.HOST,
}
"""Other ways to write a lane."""


class LineBroken(ValueError):
    """A line that cannot be read. Names its file, its number and what is wrong, and holds nothing of its text."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        super().__init__(f"{file}, line {line}: {reason}")


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """A post of a chat and what is right about it."""

    line: ChatLine
    question: int | None
    lane: ChatLane


@dataclass(slots=True)
class ChatFigures:
    """`confusion` counts (labelled lane, lane given). Shares are 0 to 1."""

    n: int = 0
    questions_right: int = 0
    confusion: Counter[tuple[ChatLane, ChatLane]] = field(default_factory=Counter)

    @property
    def question_accuracy(self) -> float:
        """The share of the posts whose question, or that they have none, is right."""
        return self.questions_right / self.n

    @property
    def lane_accuracy(self) -> float:
        """The share of the posts in the right lane."""
        return sum(n for (wanted, given), n in self.confusion.items() if wanted == given) / self.n

    def lane(self, wanted: ChatLane) -> tuple[int, float | None]:
        """How many posts are labelled with a lane, and the share of them that stands in it."""
        n = sum(count for (one, _), count in self.confusion.items() if one == wanted)
        return n, self.confusion[wanted, wanted] / n if n else None

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON holds them."""
        return {
            "task": "chat",
            "n": self.n,
            "question_accuracy": round(self.question_accuracy, 4),
            "lane_accuracy": round(self.lane_accuracy, 4),
            "lanes": {
                lane.value: {"n": n, "recall": round(recall, 4)}
                for lane in ChatLane
                for n, recall in (self.lane(lane),)
                if recall is not None
            },
            "confusion": {
                wanted.value: {given.value: n for given in ChatLane if (n := self.confusion[wanted, given])}
                for wanted in ChatLane
                if self.lane(wanted)[0]
            },
        }


def read_labelled(files: Sequence[Path]) -> list[LabelledPost]:
    """The posts of these files. Raises LineBroken for the first line that cannot be read, and OSError."""
    return [post for file in files for post in _read(file)]


def score(
    posts: Sequence[LabelledPost],
    classifier: Classifier,
    advance: Callable[[int], None] = lambda _: None,
    model: LaneModel | None = None,
) -> ChatFigures:
    """Reads every post by the schedule and counts what is right.

    `advance` is told how many are done. `model`: another than the one we ship.
    """
    plan = ChatPlanView([(number, minute) for number, minute in enumerate(MINUTES, 1)], GRACE)
    services = services_of_taxonomy()
    figures = ChatFigures()
    for first in range(0, len(posts), _BATCH):
        batch = posts[first : first + _BATCH]
        for post, understood in zip(
            batch, classifier.classify([one.line.text for one in batch], services), strict=True
        ):
            found = read_post(post.line, plan, understood, model)
            figures.n += 1
            figures.questions_right += found.question == post.question
            figures.confusion[post.lane, found.lane] += 1
        advance(figures.n)
    return figures


def _read(file: Path) -> list[LabelledPost]:
    posts = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    posts.append(_post(line))
                except ValueError as error:
                    raise LineBroken(file, number, str(error)) from None
    return posts


def _post(line: bytes) -> LabelledPost:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    text, minute = row.get("text"), row.get("minute")
    if not isinstance(text, str):
        raise ValueError("`text` is no text")
    if isinstance(minute, bool) or not isinstance(minute, int | float) or not -1e6 < minute < 1e6:
        raise ValueError("`minute` is no number")
    parent = _number(row.get("reply_to_question"), "reply_to_question")
    return LabelledPost(
        ChatLine(text, minute, parent), _number(row.get("question"), "question"), _lane(row.get("lane"))
    )


def _number(value: object, name: str) -> int | None:
    """A question's number; "Q2" is taken for 2."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.strip().lower().removeprefix("q") in ("1", "2", "3", "4", "5", "6"):
        return int(value.strip().lower().removeprefix("q"))
    raise ValueError(f"`{name}` is neither a whole number nor null")


def _lane(value: object) -> ChatLane:
    if not isinstance(value, str):
        raise ValueError("`lane` is missing")
    name = "_".join(value.strip().lower().replace("-", " ").replace("_", " ").split())
    if name in _ALSO:
        return _ALSO[name]
    try:
        return ChatLane(name)
    except ValueError:
        raise ValueError(f"`lane` is none of {', '.join(ChatLane)}") from None
