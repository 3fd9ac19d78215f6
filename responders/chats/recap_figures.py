"""What is counted of a chat. Each figure is defined in docs/reference/recap-figures.md; pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

from models import AnsweredHow, Channel, ChatLane
from responders.chats.recap_posts import Row

Kind = TypeVar("Kind", bound=str)
WANT_AN_ANSWER = (ChatLane.QUESTION, ChatLane.NEEDS_ANSWER)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of participants' posts that are neither deleted nor private; times in seconds, None where there are none.

    `asked` = `answered` + `unanswered` + `no_answer_needed`.
    """

    participants: int = 0
    posts: int = 0
    ours: int = 0
    reposts: int = 0
    networks: Mapping[Channel, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    asked: int = 0
    answered: int = 0
    unanswered: int = 0
    no_answer_needed: int = 0
    hidden: int = 0
    median_seconds: float | None = None
    p90_seconds: float | None = None


def figures_of(rows: Sequence[Row]) -> Figures:
    """The figures of a chat, from its posts as they stand now."""
    public = [row for row in rows if not row.private]
    theirs = [row for row in public if not row.ours]
    asked = [row.entry for row in theirs if row.entry.lane in WANT_AN_ANSWER and row.hidden is None]
    unneeded = [one for one in asked if one.answered_how == AnsweredHow.NOT_NEEDED]
    answered = [one for one in asked if one.answered_at and one.answered_how != AnsweredHow.NOT_NEEDED]
    took = sorted(max(0.0, (one.answered_at - one.said_at).total_seconds()) for one in answered if one.answered_at)
    return Figures(
        participants=len({row.entry.author_id for row in theirs if row.entry.author_id}),
        posts=len(theirs),
        ours=len(public) - len(theirs),
        reposts=sum(row.entry.reposts for row in public),
        networks=_counted(row.account.channel for row in theirs),
        languages=_counted(row.language or "und" for row in theirs),
        asked=len(asked),
        answered=len(answered),
        unanswered=len(asked) - len(answered) - len(unneeded),
        no_answer_needed=len(unneeded),
        hidden=sum(row.hidden is not None for row in theirs),
        median_seconds=median(took) if took else None,
        p90_seconds=nearest_rank(took, 0.9),
    )


def nearest_rank(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that so large a share of all does not exceed: one that occurred. None of nothing."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def _counted(kinds: Iterable[Kind]) -> Mapping[Kind, int]:
    return dict(Counter(kinds).most_common())
