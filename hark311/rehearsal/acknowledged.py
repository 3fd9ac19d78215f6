"""What acknowledges a resident's report, and how often that was done. Pure.

A report is acknowledged by every reply that says it was taken: it is filed (`filed...`), it was joined to another one
(`status_duplicate`, except where that is the city's news), it is a new case (`case_new`); and by the approver's own
words, where they answer the report itself and not what its author said later. Each such reply is one acknowledgement,
so a second one of the same report is one too many.

So is every warning (`emergency_911`, `safety_...`); but a warning and the number that is told once the danger is on its
way to the city are one: who has to be safe first is told the rest later.

What asks for what the report lacks (ASKED_BACK, in the thread of the report) is its acknowledgement only where none of
these came: several questions, and the filing that ends them, are one dialogue. A question which case somebody means
(`ask_case`, `ask_new`, `ask_start...`), an answer to "any news?" (all other `status_...`, also one that is worded by an
outcome) and the city's news acknowledge nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

TAKEN = ("filed",)
"""How the wordings begin that say a report was taken."""
WARNS = ("emergency_911", "safety_")
"""How the wordings begin that tell what to do before anything else."""
TAKEN_WHOLE = ("status_duplicate", "case_new")
ASKED_BACK = (
    *("ask_place", "ask_block", "ask_address", "ask_cross_street", "ask_which"),
    *("ask_service", "ask_attribute", "ask_same", "ask_reminder"),
)
"""How the wordings begin that ask for what a report lacks."""


@dataclass(frozen=True, slots=True)
class Told:
    """A reply that stands on the network and is not the city's news.

    `template_key`: "" where a person wrote it; `own_words`: a person's, whatever it was drafted from; `in_thread`: it
    stands in the thread of the author's report; `answers_report`: and answers it, not what was said there later.
    """

    template_key: str
    own_words: bool
    answers_report: bool
    in_thread: bool


def acknowledgements(told: Iterable[Told]) -> int:
    """How often one author's report was acknowledged by these replies."""
    all_told = list(told)
    taken = sum(_takes(one) for one in all_told)
    warned = sum(not one.own_words and one.template_key.startswith(WARNS) for one in all_told)
    return max(taken, warned) or int(any(one.in_thread and one.template_key.startswith(ASKED_BACK) for one in all_told))


def _takes(one: Told) -> bool:
    if one.own_words or not one.template_key:
        return one.answers_report
    return one.template_key.startswith(TAKEN) or one.template_key in TAKEN_WHOLE
