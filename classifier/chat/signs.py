"""What can be seen in a post of a tweet chat before its lane is decided: marks, words, intents, place, parent, time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from classifier.chat.lanes import lane_rules
from classifier.chat.numbers import Mark, MarkKind, find_marks, said
from classifier.protocol import Understood
from classifier.words import BLANK, QUESTION, Words, read_words
from models import Evidence, EvidenceKind, Guess, Intent, Understanding
from models.chats import ChatLane

_A_MOMENT = 1e-6
_PUT_WITHIN = 2.0
"""Minutes around the plan in which a numbered question is the host's; later it is somebody's own about it."""


@dataclass(frozen=True, slots=True)
class ChatPlanView:
    """The questions that stand: (number, minute of the chat it was asked), and the grace in minutes."""

    questions: Sequence[tuple[int, float]]
    grace: float = 1.0

    def asked_at(self, minute: float) -> int | None:
        """The question being asked, with the grace; None before the first."""
        asked = [one for one in sorted(self.questions, key=lambda one: one[1]) if one[1] <= minute + _A_MOMENT]
        if asked and minute - asked[-1][1] < self.grace - _A_MOMENT:
            asked.pop()
        return asked[-1][0] if asked else None

    def put_at(self, minute: float) -> int | None:
        """The question that is put to all at this minute, give or take a moment."""
        near = min(self.questions, key=lambda one: abs(one[1] - minute), default=None)
        return near[0] if near and abs(near[1] - minute) <= _PUT_WITHIN else None


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A post of a chat. `minute` of the chat. `reply_to_question`: the number of the question it was written under.

    `by_host`: whether somebody who runs the chat wrote it; None: who did is not known, so its words tell.
    """

    text: str
    minute: float
    reply_to_question: int | None = None
    by_host: bool | None = None


@dataclass(slots=True)
class Signs:
    """What was found in a post: marks, the scores of its words, and what the classifier understood.

    `asked`: a question is being asked. `now`: the number of the one that is put to all at this minute.
    """

    line: ChatLine
    words: Words
    marks: Sequence[Mark]
    said: Mapping[ChatLane, float]
    asked: bool = False
    now: int | None = None
    danger: str = ""
    danger_score: float = 0.0
    intents: Mapping[Intent, float] = field(default_factory=dict)
    private: bool = False
    places: frozenset[str] = frozenset()

    @property
    def asks(self) -> bool:
        """Whether it has a question mark."""
        return QUESTION in self.words.forms

    @property
    def ends_asking(self) -> bool:
        """Whether a question mark is its last word, tags and names aside."""
        forms = [form for form, start in zip(self.words.forms, self.words.starts, strict=True) if self._speaks(start)]
        spoken = [form for form in forms if form != BLANK]
        return bool(spoken) and spoken[-1] == QUESTION

    def _speaks(self, start: int) -> bool:
        return self.line.text[:start].rsplit(" ", 1)[-1][:1] != "#"

    @property
    def number(self) -> Mark | None:
        """The mark that tells its question."""
        return said(self.marks)

    @property
    def puts_a_question(self) -> bool:
        """Whether it puts the numbered question of this minute to all."""
        mark = self.number
        return mark is not None and mark.kind is MarkKind.ASKS and self.asks and self.now == mark.number

    def heard(self, lane: ChatLane) -> float:
        """What the words say for a lane."""
        return self.said.get(lane, 0.0)


def signs_of(line: ChatLine, plan: ChatPlanView, understanding: Understanding | Understood | None) -> Signs:
    """Everything that is seen in a post. `understanding` None: the post is our own, or was not understood."""
    words = read_words(line.text)
    language = understanding.language if understanding else "und"
    signs = Signs(
        line,
        words,
        find_marks(words, {number for number, _ in plan.questions}, language),
        lane_rules().score(words, language),
        asked=plan.asked_at(line.minute) is not None,
        now=plan.put_at(line.minute),
    )
    if understanding:
        signs.danger = understanding.danger_rule if understanding.danger else ""
        signs.danger_score = understanding.danger_score
        signs.intents = dict(_intents(understanding))
        kinds = list(_evidence(understanding))
        signs.places = frozenset(rule.partition(":")[0] for kind, rule in kinds if kind is EvidenceKind.LOCATION)
        signs.private = any(kind is EvidenceKind.PRIVATE for kind, _ in kinds)
    return signs


def _intents(understanding: Understanding | Understood) -> Iterator[tuple[Intent, float]]:
    for one in understanding.intents:
        guess = one if isinstance(one, Guess) else Guess.model_validate(one)
        yield Intent(guess.value), guess.probability


def _evidence(understanding: Understanding | Understood) -> Iterator[tuple[EvidenceKind, str]]:
    """The kind and the rule of each piece; the rule of a place phrase begins with its kind ("address: ...")."""
    for one in understanding.evidence:
        evidence = one if isinstance(one, Evidence) else Evidence.model_validate(one)
        yield evidence.kind, evidence.rule
