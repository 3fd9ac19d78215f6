"""Which lane of a tweet chat a post stands in, and which question it belongs to: docs/reference/chat-lanes.md.

Rules decide what must not be guessed: danger, abuse that the lists know, what moves the chat on, and the numbers. Among
the other lanes a small model learned from our own texts decides (classifier.chat.learned). Pure; nothing here hides an
alarm: a danger is raised elsewhere, whatever the lane.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.chat.learned import EXACT, LaneModel, lane_model
from classifier.chat.numbers import Mark, MarkKind
from classifier.chat.signs import ChatLine, ChatPlanView, Signs, signs_of
from classifier.chat.slurs import holds_slur
from classifier.protocol import Understood
from classifier.urgency import NOT_NOW_ENDING
from models import Intent, Understanding
from models.chats import ChatLane, LinkedHow

__all__ = ["BY_TIME", "ChatLine", "ChatPlanView", "ChatReading", "read_post"]

BY_TIME = frozenset({ChatLane.ANSWER, ChatLane.QUESTION, ChatLane.NEEDS_ANSWER})
"""What belongs to the question being asked when it names none."""
_ABUSE_BAR, _HOST_BAR = 3.0, 2.6
_THREATENING = frozenset({"violence", "fire", "explosion", "help", "medical", "suicide"})
"""Families of danger whose words a threat also has."""
_PRIVATE = 2.0
"""What a telephone number, an address of mail or a plate adds to words that point at somebody."""
_CERTAIN_BAR, _UNSURE_BAR = 0.3, 0.5
"""How probable an emergency must be where the rules are certain of a danger, and where they are not."""
_LIKE_EMERGENCY, _SURE_DANGER = 0.1, 0.8
"""How much a post with signs of danger must read like an emergency, unless its danger is this certain."""
_LIKE_ABUSE, _LIKE_HOST, _SURELY_HOST = 0.5, 0.15, 0.6
_NUMBERED = 4.6
"""What the number of an answer speaks against a host."""
_LEARNED = (
    ChatLane.SERVICE_REQUEST,
    ChatLane.ANSWER,
    ChatLane.QUESTION,
    ChatLane.NEEDS_ANSWER,
    ChatLane.OFF_TOPIC,
)
"""What the model decides among; in the order of the definition, which breaks a tie."""


@dataclass(frozen=True, slots=True)
class ChatReading:
    """Lane, question number and why. `lane_why` is a sentence without the resident's words."""

    lane: ChatLane
    lane_why: str
    question: int | None
    how: LinkedHow


def read_post(
    line: ChatLine,
    plan: ChatPlanView,
    understanding: Understanding | Understood | None,
    model: LaneModel | None = None,
) -> ChatReading:
    """The lane of a post and its question.

    `understanding` None: the post is our own, or was not understood. `model`: another than the one we ship.
    """
    signs = signs_of(line, plan, understanding)
    lane, why = _of_host(signs) if line.by_host else _lane(signs, (model or lane_model()).chances(signs))
    question, how = _question(signs, plan, lane)
    return ChatReading(lane, why, question, how)


def _question(signs: Signs, plan: ChatPlanView, lane: ChatLane) -> tuple[int | None, LinkedHow]:
    mark = _of_all(signs.marks) if lane is ChatLane.HOST else signs.number
    if mark:
        return mark.number, LinkedHow.SAID
    if signs.line.reply_to_question in {number for number, _ in plan.questions}:
        return signs.line.reply_to_question, LinkedHow.PARENT
    if lane in BY_TIME and (asked := plan.asked_at(signs.line.minute)) is not None:
        return asked, LinkedHow.TIME
    return None, LinkedHow.NONE


def _of_all(marks: Sequence[Mark]) -> Mark | None:
    """The number of what is said to all; one that only shows how to write an answer ("start with A1, A2") is none."""
    return next((mark for mark in marks if mark.kind is not MarkKind.ANSWERS or mark.leads), None)


def _of_host(signs: Signs) -> tuple[ChatLane, str]:
    if signs.number and signs.number.kind is MarkKind.ANSWERS:
        return ChatLane.ANSWER, "Somebody who runs the chat wrote it, with the number of an answer."
    return ChatLane.HOST, "Somebody who runs the chat wrote it."


def _lane(signs: Signs, chances: Mapping[ChatLane, float]) -> tuple[ChatLane, str]:
    abusive = signs.heard(ChatLane.ABUSE)
    abusive += _PRIVATE if abusive > 0 and signs.private else 0.0
    family = signs.danger.removesuffix(NOT_NOW_ENDING)
    if _in_danger(signs, chances) and not (abusive >= _ABUSE_BAR and family in _THREATENING):
        return ChatLane.EMERGENCY, f"The danger rules found signs of danger: {family.replace('_', ' ')}."
    if holds_slur(signs.words.forms):
        return ChatLane.ABUSE, "It holds a word that our list keeps as a slur against a group of people."
    if abusive >= _ABUSE_BAR:
        return ChatLane.ABUSE, "Its words match the list of threats, hatred, harassment and private data."
    if chances[ChatLane.ABUSE] >= _LIKE_ABUSE:
        return ChatLane.ABUSE, _like("threats, hatred, harassment and private data", chances[ChatLane.ABUSE])
    if signs.line.by_host is None and (host := _as_host(signs, chances)) is not None:
        return ChatLane.HOST, host
    lane = max(_LEARNED, key=lambda one: chances[one])
    return lane, _why(lane, signs, chances[lane])


def _in_danger(signs: Signs, chances: Mapping[ChatLane, float]) -> bool:
    """Certain signs of danger that not every model doubts; unsure ones only where the post reads as an emergency."""
    if not signs.danger:
        return False
    if chances[ChatLane.EMERGENCY] < _LIKE_EMERGENCY and signs.danger_score < _SURE_DANGER:
        return False
    emergency = signs.intents.get(Intent.EMERGENCY, 0.0)
    if signs.danger.endswith(NOT_NOW_ENDING):
        return emergency >= _UNSURE_BAR
    return emergency >= _CERTAIN_BAR or signs.danger_score >= _UNSURE_BAR


def _as_host(signs: Signs, chances: Mapping[ChatLane, float]) -> str | None:
    """Why it reads as what moves a chat on, or None."""
    if signs.puts_a_question:
        return "It puts a numbered question to all."
    score, mark = signs.heard(ChatLane.HOST), signs.number
    if mark and mark.kind is MarkKind.ANSWERS:
        score -= _NUMBERED
    others = max(signs.heard(lane) for lane in _LEARNED)
    heard = score >= max(_HOST_BAR, others - 1.0) and chances[ChatLane.HOST] >= _LIKE_HOST
    if heard:
        return "Its words move the chat on: a welcome, rules or a closing."
    if chances[ChatLane.HOST] >= _SURELY_HOST:
        return _like("a welcome, rules, a question to all or a closing", chances[ChatLane.HOST])
    return None


def _why(lane: ChatLane, signs: Signs, chance: float) -> str:
    if lane is ChatLane.ANSWER and signs.number and signs.number.kind is MarkKind.ANSWERS:
        return "It says the number of an answer, and nothing in it weighs more."
    if lane is ChatLane.ANSWER and signs.line.reply_to_question is not None:
        return "It was written under the post of a question, and nothing in it weighs more."
    if lane is ChatLane.SERVICE_REQUEST and signs.places & EXACT:
        return f"It says where, and {_like('a problem that the city could send somebody to', chance, start='its')}"
    what = {
        ChatLane.SERVICE_REQUEST: "a problem that the city could send somebody to",
        ChatLane.ANSWER: "an experience, an opinion or a proposal",
        ChatLane.QUESTION: "something that is asked",
        ChatLane.NEEDS_ANSWER: "a complaint, a doubt about a service or a call for help",
        ChatLane.OFF_TOPIC: "a greeting, chatter or advertising",
    }
    return _like(what[lane], chance)


def _like(what: str, chance: float, start: str = "Its") -> str:
    return f"{start} words and signs are most like those of {what} ({chance:.0%} sure)."
