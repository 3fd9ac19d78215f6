"""What the board asks of whoever reads posts: the composition root hands it in, for siblings do not know each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from models import ChatLane, LinkedHow, Understanding


@dataclass(frozen=True, slots=True)
class Line:
    """One post as the board knows it. `minute` of the chat; `reply_to_question`: the question of what it answers."""

    text: str
    minute: float
    reply_to_question: int | None = None
    by_host: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of a chat, each with the minute it was asked (infinity: not yet), and the minutes of grace."""

    questions: Sequence[tuple[int, float]]
    grace: float


class Reading(Protocol):
    """Where a post stands, and the question it belongs to. `lane_why`: a sentence without residents' words."""

    @property
    def lane(self) -> ChatLane: ...

    @property
    def lane_why(self) -> str: ...

    @property
    def question(self) -> int | None: ...

    @property
    def how(self) -> LinkedHow: ...


ReadPost = Callable[[Line, Asked, Understanding | None], Reading]
MostAlike = Callable[[str, Sequence[str]], int | None]
"""Which of the others says nearly the same, by its place among them."""


@dataclass(frozen=True, slots=True)
class BoardReader:
    """How posts are read for a board. `translate_into`: the desk's language, where an engine translates; else ""."""

    read: ReadPost
    most_alike: MostAlike
    translate_into: str = ""
