"""What the board of a chat calls its lanes and marks, and how long is said on it."""

from collections.abc import Mapping
from datetime import timedelta

from hark311.console.words import Sign
from models import AnsweredHow, ChatLane, ChatPostKind, LinkedHow
from responders.chats.ways import Way

LANES: Mapping[ChatLane, str] = {
    ChatLane.QUESTION: "Questions",
    ChatLane.NEEDS_ANSWER: "Needs an answer",
    ChatLane.ANSWER: "Answers",
    ChatLane.SERVICE_REQUEST: "Reports",
    ChatLane.OFF_TOPIC: "Off topic",
    ChatLane.ABUSE: "Abuse",
    ChatLane.EMERGENCY: "Danger",
    ChatLane.HOST: "Said by us",
}
"""In the order in which they stand, which is that of their keys: 1 to 8."""
WAITED_FOR = (ChatLane.QUESTION, ChatLane.NEEDS_ANSWER)
"""Lanes whose posts wait for an answer, the longest first."""
EMPTY: Mapping[ChatLane, str] = {
    ChatLane.QUESTION: "Nobody has asked anything yet.",
    ChatLane.NEEDS_ANSWER: "Nothing else waits for a word from the city.",
    ChatLane.ANSWER: "No answers to our questions yet.",
    ChatLane.SERVICE_REQUEST: "No reports.",
    ChatLane.OFF_TOPIC: "Nothing off topic.",
    ChatLane.ABUSE: "None.",
    ChatLane.EMERGENCY: "No danger.",
    ChatLane.HOST: "We have posted nothing yet.",
}
HOW_LINKED: Mapping[LinkedHow, str] = {
    LinkedHow.SAID: "they wrote the number",
    LinkedHow.PARENT: "it stands under the question",
    LinkedHow.TIME: "it was being asked",
    LinkedHow.PERSON: "a person said so",
    LinkedHow.NONE: "",
}
WAYS: Mapping[Way, str] = {
    Way.THREAD: "In the thread",
    Way.NUMBERED: "A numbered post",
    Way.ASK_TO_TAG: "Ask them to name us",
    Way.BY_HAND: "By hand",
}
KINDS: Mapping[ChatPostKind, str] = {
    ChatPostKind.ANNOUNCEMENT: "Announcement",
    ChatPostKind.OPENING: "Opening",
    ChatPostKind.RULES: "Rules",
    ChatPostKind.QUESTION: "Question",
    ChatPostKind.ANSWER: "Answer",
    ChatPostKind.CLOSING: "Closing",
    ChatPostKind.FOLLOW_UP: "Follow-up",
}
ANSWERED: Mapping[AnsweredHow, Sign] = {
    AnsweredHow.REPLY: Sign("circle-check", "answered", "ok"),
    AnsweredHow.NUMBERED: Sign("circle-check", "answered in a numbered post", "ok"),
    AnsweredHow.BY_HAND: Sign("circle-check", "answered by hand", "ok"),
    AnsweredHow.WITH_ANOTHER: Sign("circle-check", "answered with another", "ok"),
    AnsweredHow.NOT_NEEDED: Sign("circle-x", "no answer needed"),
}
ON_ITS_WAY = Sign("clock-3", "answer on its way", "act")
IN_HAND = Sign("clock-3", "being posted by hand", "act")
HANDED_IN = Sign("contrast", "answer handed in", "act")
BEING_WRITTEN = Sign("circle-dot-dashed", "being written")
CAME_BACK = Sign("circle-x", "answer came back", "warn")
DELETED = Sign("ban", "deleted by its author")
HIDDEN = Sign("ban", "hidden by moderation")


def lasting(span: timedelta) -> str:
    """How long, to be read in a second: "4:10", "1:02:00", "3 days"."""
    seconds = max(0, int(span.total_seconds()))
    if span >= timedelta(days=2):
        return f"{span.days} days"
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
