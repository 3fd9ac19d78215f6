"""Which lane of a tweet chat a post stands in, and which question it belongs to: docs/reference/chat-lanes.md.

The danger rules and the intent that the classifier found are taken as they are; number marks, the lexicons of lanes,
the parent and the place are weighed beside them. Pure; nothing here hides an alarm: a danger is raised elsewhere,
whatever the lane.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from classifier.chat.lanes import lane_rules
from classifier.chat.numbers import Mark, MarkKind, find_marks, said
from classifier.chat.slurs import holds_slur
from classifier.protocol import Understood
from classifier.urgency import NOT_NOW_ENDING
from classifier.words import BLANK, QUESTION, Words, read_words
from models import Evidence, EvidenceKind, Guess, Intent, Understanding
from models.chats import ChatLane, LinkedHow

BY_TIME = frozenset({ChatLane.ANSWER, ChatLane.QUESTION, ChatLane.NEEDS_ANSWER})
"""What belongs to the question being asked when it names none."""
_A_MOMENT = 1e-6
_PUT_WITHIN = 2.0
"""Minutes around the plan in which a numbered question is the host's; later it is somebody's own about it."""
_ABUSE_BAR, _HOST_BAR = 3.0, 2.6
_THREATENING = frozenset({"violence", "fire", "explosion", "help", "medical", "suicide"})
"""Families of danger whose words a threat also has."""
_PRIVATE = 2.0
"""What a telephone number, an address of mail or a plate adds to words that point at somebody."""
_CERTAIN_BAR, _UNSURE_BAR = 0.3, 0.5
"""How probable an emergency must be where the rules are certain of a danger, and where they are not."""
_EXACT = frozenset({"address", "intersection", "block"})
_WEIGHED = (ChatLane.SERVICE_REQUEST, ChatLane.ANSWER, ChatLane.QUESTION, ChatLane.NEEDS_ANSWER, ChatLane.OFF_TOPIC)
"""In the order of the definition, which breaks a tie."""
_INTENTS: Mapping[Intent, Mapping[ChatLane, float]] = {
    Intent.SERVICE_REQUEST: {ChatLane.SERVICE_REQUEST: 1.2},
    Intent.STATUS_ENQUIRY: {ChatLane.SERVICE_REQUEST: 0.8, ChatLane.NEEDS_ANSWER: 1.2},
    Intent.QUESTION: {ChatLane.QUESTION: 3.0},
    Intent.COMPLAINT: {ChatLane.NEEDS_ANSWER: 2.2},
    Intent.PRAISE: {ChatLane.OFF_TOPIC: 1.0},
    Intent.CHATTER: {ChatLane.OFF_TOPIC: 2.4},
}
"""What a sure intent counts for a lane."""
_OTHERWISE, _IN_A_CHAT = 0.6, 1.8
"""What speaks for "other", and while a question is being asked for an answer to it, where nothing else speaks."""
_NUMBERED, _SPOKEN_OF, _UNDER_QUESTION = 4.6, 1.2, 3.4
_ASKS, _ENDS_ASKING = 0.8, 2.0
_ASKED_OF_ALL = 4.5
_EXACT_PLACE, _STREET_PLACE = 1.8, 0.9


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
    """A post of a chat. `minute` of the chat. `reply_to_question`: the number of the question it was written under."""

    text: str
    minute: float
    reply_to_question: int | None = None
    by_host: bool = False


@dataclass(frozen=True, slots=True)
class ChatReading:
    """Lane, question number and why. `lane_why` is a sentence without the resident's words."""

    lane: ChatLane
    lane_why: str
    question: int | None
    how: LinkedHow


@dataclass(slots=True)
class _Signs:
    """What was found in a post: marks, the scores of its words, and what the classifier understood."""

    line: ChatLine
    words: Words
    marks: Sequence[Mark]
    said: dict[ChatLane, float]
    danger: str = ""
    danger_score: float = 0.0
    intents: Mapping[Intent, float] = field(default_factory=dict)
    private: bool = False
    asked: bool = False
    now: int | None = None
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

    def heard(self, lane: ChatLane) -> float:
        """What the words say for a lane."""
        return self.said.get(lane, 0.0)


def read_post(line: ChatLine, plan: ChatPlanView, understanding: Understanding | Understood | None) -> ChatReading:
    """The lane of a post and its question. `understanding` None: the post is our own, or was not understood."""
    numbers = {number for number, _ in plan.questions}
    words = read_words(line.text)
    language = understanding.language if understanding else "und"
    signs = _Signs(line, words, find_marks(words, numbers, language), lane_rules().score(words, language))
    if understanding:
        signs.danger = understanding.danger_rule if understanding.danger else ""
        signs.danger_score = understanding.danger_score
        signs.intents = dict(_intents(understanding))
        kinds = list(_evidence(understanding))
        signs.places = frozenset(rule.partition(":")[0] for kind, rule in kinds if kind is EvidenceKind.LOCATION)
        signs.private = any(kind is EvidenceKind.PRIVATE for kind, _ in kinds)
    signs.asked = plan.asked_at(line.minute) is not None
    signs.now = plan.put_at(line.minute)
    lane, why = _lane(signs)
    question, how = _question(signs, plan, numbers, lane)
    return ChatReading(lane, why, question, how)


def _question(signs: _Signs, plan: ChatPlanView, numbers: set[int], lane: ChatLane) -> tuple[int | None, LinkedHow]:
    mark = _of_all(signs.marks) if lane is ChatLane.HOST else signs.number
    if mark:
        return mark.number, LinkedHow.SAID
    if signs.line.reply_to_question in numbers:
        return signs.line.reply_to_question, LinkedHow.PARENT
    if lane in BY_TIME and (asked := plan.asked_at(signs.line.minute)) is not None:
        return asked, LinkedHow.TIME
    return None, LinkedHow.NONE


def _of_all(marks: Sequence[Mark]) -> Mark | None:
    """The number of what is said to all; one that only shows how to write an answer ("start with A1, A2") is none."""
    return next((mark for mark in marks if mark.kind is not MarkKind.ANSWERS or mark.leads), None)


def _lane(signs: _Signs) -> tuple[ChatLane, str]:
    if signs.line.by_host:
        return _of_host(signs)
    abusive = signs.heard(ChatLane.ABUSE)
    abusive += _PRIVATE if abusive > 0 and signs.private else 0.0
    family = signs.danger.removesuffix(NOT_NOW_ENDING)
    if _in_danger(signs) and not (abusive >= _ABUSE_BAR and family in _THREATENING):
        return ChatLane.EMERGENCY, f"The danger rules found signs of danger: {family.replace('_', ' ')}."
    if holds_slur(signs.words.forms):
        return ChatLane.ABUSE, "It holds a word that our list keeps as a slur against a group of people."
    if abusive >= _ABUSE_BAR:
        return ChatLane.ABUSE, "Its words match the list of threats, hatred, harassment and private data."
    if (host := _as_host(signs)) is not None:
        return ChatLane.HOST, host
    return _weighed(signs)


def _of_host(signs: _Signs) -> tuple[ChatLane, str]:
    if signs.number and signs.number.kind is MarkKind.ANSWERS:
        return ChatLane.ANSWER, "Somebody who runs the chat wrote it, with the number of an answer."
    return ChatLane.HOST, "Somebody who runs the chat wrote it."


def _in_danger(signs: _Signs) -> bool:
    """Certain signs of danger that not every model doubts; unsure ones only where the post reads as an emergency."""
    if not signs.danger:
        return False
    emergency = signs.intents.get(Intent.EMERGENCY, 0.0)
    if signs.danger.endswith(NOT_NOW_ENDING):
        return emergency >= _UNSURE_BAR
    return emergency >= _CERTAIN_BAR or signs.danger_score >= _UNSURE_BAR


def _as_host(signs: _Signs) -> str | None:
    """Why it reads as what moves a chat on, or None."""
    mark = signs.number
    put = mark is not None and mark.kind is MarkKind.ASKS and mark.leads and signs.asks and signs.now == mark.number
    score = signs.heard(ChatLane.HOST) + (_ASKED_OF_ALL if put else 0.0)
    if mark and mark.kind is MarkKind.ANSWERS:
        score -= _NUMBERED
    others = max(signs.heard(lane) for lane in _WEIGHED)
    if score < _HOST_BAR or (not put and score < others - 1.0):
        return None
    return (
        "It puts a numbered question to all." if put else "Its words move the chat on: a welcome, rules or a closing."
    )


def _weighed(signs: _Signs) -> tuple[ChatLane, str]:
    scores = {lane: signs.heard(lane) for lane in _WEIGHED}
    scores[ChatLane.OFF_TOPIC] += _OTHERWISE
    for intent, probability in signs.intents.items():
        for lane, weight in _INTENTS.get(intent, {}).items():
            scores[lane] += weight * probability
    if mark := signs.number:
        scores[ChatLane.ANSWER] += _NUMBERED if mark.kind is MarkKind.ANSWERS else _SPOKEN_OF
    elif signs.line.reply_to_question is not None:
        scores[ChatLane.ANSWER] += _UNDER_QUESTION
    elif signs.asked:
        scores[ChatLane.ANSWER] += _IN_A_CHAT
    scores[ChatLane.QUESTION] += _ASKS * signs.asks + _ENDS_ASKING * signs.ends_asking
    if signs.places & _EXACT:
        scores[ChatLane.SERVICE_REQUEST] += _EXACT_PLACE
    elif "street" in signs.places:
        scores[ChatLane.SERVICE_REQUEST] += _STREET_PLACE
    lane = max(_WEIGHED, key=lambda one: scores[one])
    return lane, _why(lane, signs)


def _why(lane: ChatLane, signs: _Signs) -> str:
    if lane is ChatLane.ANSWER and signs.number and signs.number.kind is MarkKind.ANSWERS:
        return "It says the number of an answer."
    if lane is ChatLane.ANSWER and signs.line.reply_to_question is not None:
        return "It was written under the post of a question."
    if lane is ChatLane.SERVICE_REQUEST and signs.places & _EXACT:
        return "It tells of a problem and says where."
    return {
        ChatLane.SERVICE_REQUEST: "It tells of a problem that the city could send somebody to.",
        ChatLane.ANSWER: "Its words are those of an experience, an opinion or a proposal.",
        ChatLane.QUESTION: "Its words ask something.",
        ChatLane.NEEDS_ANSWER: "Its words complain, doubt a service or ask for help.",
        ChatLane.OFF_TOPIC: "Nothing in it asks, answers or reports.",
    }[lane]


def _intents(understanding: Understanding | Understood) -> Iterator[tuple[Intent, float]]:
    for one in understanding.intents:
        guess = one if isinstance(one, Guess) else Guess.model_validate(one)
        yield Intent(guess.value), guess.probability


def _evidence(understanding: Understanding | Understood) -> Iterator[tuple[EvidenceKind, str]]:
    """The kind and the rule of each piece; the rule of a place phrase begins with its kind ("address: ...")."""
    for one in understanding.evidence:
        evidence = one if isinstance(one, Evidence) else Evidence.model_validate(one)
        yield evidence.kind, evidence.rule
