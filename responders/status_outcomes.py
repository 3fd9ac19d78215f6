"""What a change at the city means to the resident, judged by its state and by the words of its notes. Pure.

A guess keeps what it rests on, and where nothing tells it there is none: a person says. `closed` alone means nothing
here: closed without a fix is what residents complain of most, so only words or a finer state make an outcome.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models import Outcome, StatusRule, StatusUpdate
from models.open311 import state_of

STATES: Final[Mapping[str, Outcome]] = {
    "investigating": Outcome.ACCEPTED,
    "acknowledged": Outcome.ACCEPTED,
    "in_progress": Outcome.ACCEPTED,
    "action_scheduled": Outcome.SCHEDULED,
    "planned": Outcome.SCHEDULED,
    "scheduled": Outcome.SCHEDULED,
    "fixed": Outcome.FIXED,
    "fixed_council": Outcome.FIXED,
    "no_further_action": Outcome.NO_ACTION,
    "unable_to_fix": Outcome.NO_ACTION,
    "duplicate": Outcome.DUPLICATE,
    "not_councils_responsibility": Outcome.REFERRED,
    "not_responsible": Outcome.REFERRED,
    "internal_referral": Outcome.REFERRED,
}
"""The finer states of the updates extension (mySociety, "Open311 service request updates"), and what they mean."""

ENDS: Final = frozenset({Outcome.FIXED, Outcome.NO_ACTION, Outcome.DUPLICATE, Outcome.COULD_NOT_FIND})
"""Words that say one of these count only where the request is closed; those of the next only where it is open."""
BEGINS: Final = frozenset({Outcome.ACCEPTED, Outcome.SCHEDULED})


@dataclass(frozen=True, slots=True)
class Judged:
    """`evidence` is a sentence for staff: what the outcome rests on, or why there is none."""

    outcome: Outcome | None
    evidence: str

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing in it that anybody would want to hear."""
        return self.evidence == NOTHING_NEW


NOTHING_NEW = "It is open, as they were told, and no words come with it."
NO_NUMBER = "It counts with another request, and no number of that one was understood: say which it is."


def judge(update: StatusUpdate, rules: Sequence[StatusRule], destination: str = "") -> Judged:
    """What a change means. `destination` is the one whose words it says; a rule for another one does not count.

    A duplicate without the number it counts with is left to a person: its author would hear nothing more.
    """
    judged = _judged(update, rules, destination)
    if judged.outcome is Outcome.DUPLICATE and not update.duplicate_of:
        return Judged(None, NO_NUMBER)
    return judged


def _judged(update: StatusUpdate, rules: Sequence[StatusRule], destination: str) -> Judged:
    state = state_of(update.status)
    if state in STATES:
        return Judged(STATES[state], f"Its state is “{update.status}”.")
    if update.duplicate_of:
        return Judged(Outcome.DUPLICATE, f"It counts with {update.duplicate_of}.")
    closed = is_closing(update)
    found = _said(update.status_notes, [one for one in rules if one.destination in ("", destination)])
    if found:
        return _by_words(found, closed=closed)
    if not update.status_notes.strip():
        return Judged(None, "The city closed it without a word: say what came of it.") if closed else _open(update)
    return Judged(None, "No phrase on the list is in the city's words: read them, and say what they mean.")


def is_closing(update: StatusUpdate) -> bool:
    """Whether the city takes the request for done with this change, however it ended."""
    state = state_of(update.status)
    return state == "closed" or STATES.get(state) in ENDS


def _open(update: StatusUpdate) -> Judged:
    if update.media_url:
        return Judged(None, "A picture came without words: look at it, and say what it means.")
    return Judged(None, NOTHING_NEW)


def _by_words(found: Sequence[tuple[str, StatusRule]], *, closed: bool) -> Judged:
    quoted = ", ".join(f"“{words}”" for words in dict.fromkeys(words for words, _ in found))
    meant = {rule.outcome for _, rule in found}
    if None in meant:
        return Judged(None, f"The words {quoted} tell nothing for certain: say what they mean.")
    if len(meant) > 1:
        return Judged(None, f"The words {quoted} mean different things: say which it is.")
    outcome = meant.pop()
    if outcome in ENDS and not closed:
        return Judged(None, f"The words {quoted} sound like an end, but the city keeps it open: say what it is.")
    if outcome in BEGINS and closed:
        return Judged(None, f"The words {quoted} speak of work to come, but the city closed it: say what it is.")
    return Judged(outcome, f"The words {quoted}.")


def _said(notes: str, rules: Sequence[StatusRule]) -> list[tuple[str, StatusRule]]:
    """The phrases in the notes, in reading order; of those that overlap the longest: "not fixed" is not "fixed"."""
    hits = [
        (match.start(), match.end(), match[0], rule)
        for rule in rules
        if rule.ended_at is None
        for match in _pattern(rule.phrase).finditer(notes)
    ]
    hits.sort(key=lambda hit: (hit[0] - hit[1], hit[0]))
    kept: list[tuple[int, int, str, StatusRule]] = []
    for hit in hits:
        if all(hit[1] <= one[0] or one[1] <= hit[0] or hit[:2] == one[:2] for one in kept):
            kept.append(hit)
    kept.sort(key=lambda hit: hit[0])
    return [(words, rule) for _, _, words, rule in kept]


def _pattern(phrase: str) -> re.Pattern[str]:
    """Whole words; capitals and spaces do not matter, and an apostrophe may be of either kind."""
    words = r"\s+".join(re.escape(word).replace("'", "['’]") for word in phrase.replace("’", "'").split())
    return re.compile(rf"(?<!\w){words}(?!\w)" if words else r"(?!)", re.IGNORECASE)
