"""The views of the queue: which mentions each one holds, in which order."""

from dataclasses import dataclass, field
from enum import StrEnum

from models import MentionState

_M = MentionState


class Sieve(StrEnum):
    """What a view asks of a mention besides its state."""

    MINE = "mine"
    NEEDS_PLACE = "needs_place"
    CANNOT_REPLY = "cannot_reply"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    SECOND_KEY = "second_key"
    ASSIGNED = "assigned"
    PROMISED = "promised"


@dataclass(frozen=True, slots=True)
class View:
    """A saved way of looking at the queue.

    Views of work show danger first, then what the city promised, the soonest first, then who has waited longest; one
    shows what the classifier is least certain of first. Views of what is done show the newest first.
    """

    key: str
    word: str
    icon: str
    states: tuple[MentionState, ...]
    empty: str
    sieve: Sieve | None = None
    danger_only: bool = False
    newest_first: bool = False
    least_certain_first: bool = False
    group: str = field(default="work")


WAITING = (_M.DRAFTED, _M.IN_REVIEW)
OPEN = (_M.RECEIVED, _M.UNDERSTOOD, _M.DRAFTED, _M.IN_REVIEW, _M.APPROVED)

VIEWS = (
    View("now", "Now", "inbox", WAITING, "Nothing waits. New mentions appear here by themselves."),
    View(
        "least-certain",
        "Least certain first",
        "circle-dot-dashed",
        WAITING,
        "Nothing waits. New mentions appear here by themselves.",
        least_certain_first=True,
    ),
    View("assigned", "Assigned to you", "user-round", WAITING, "Nothing is assigned to you.", sieve=Sieve.ASSIGNED),
    View("mine", "Mine", "contrast", (_M.IN_REVIEW,), "You hold no mention.", sieve=Sieve.MINE),
    View("danger", "Danger", "triangle-alert", OPEN, "No danger is open.", danger_only=True),
    View(
        "two-keys",
        "Second key",
        "key-round",
        WAITING,
        "Nothing waits for a second key.",
        sieve=Sieve.SECOND_KEY,
    ),
    View("place", "Needs place", "map-pin", WAITING, "Every request here says where.", sieve=Sieve.NEEDS_PLACE),
    View(
        "no-reply",
        "Cannot reply",
        "message-square-off",
        WAITING,
        "Everybody who waits can be answered.",
        sieve=Sieve.CANNOT_REPLY,
    ),
    View(
        "uncertain",
        "Uncertain",
        "circle-question-mark",
        tuple(_M),
        "No reply or request is in doubt.",
        sieve=Sieve.UNCERTAIN,
    ),
    View("refused", "Refused", "x", tuple(_M), "Nothing was refused.", sieve=Sieve.REFUSED),
    View(
        "promises",
        "Promises due",
        "clock-3",
        tuple(_M),
        "No promised day is near or over.",
        sieve=Sieve.PROMISED,
    ),
    View("sent", "On its way", "clock-3", (_M.APPROVED,), "Nothing is on its way.", group="done"),
    View(
        "closed",
        "Closed",
        "circle-check",
        (_M.CLOSED, _M.REJECTED, _M.WITHDRAWN),
        "Nothing is closed yet.",
        newest_first=True,
        group="done",
    ),
    View("aside", "Set aside", "archive", (_M.SET_ASIDE,), "Nothing is set aside.", newest_first=True, group="done"),
    View("all", "All", "list-filter", tuple(_M), "No post has come in yet.", newest_first=True, group="done"),
)
BY_KEY = {view.key: view for view in VIEWS}
