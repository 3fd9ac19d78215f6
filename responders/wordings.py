"""The wordings by what they answer, and whether one is fit to be used: its slots, its placeholders, its length.

One source for drafting, for the page where a city changes them and for the files that translators get. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from models import CHANNELS, Channel, Service
from responders.counting import apart, days_words
from responders.drafting import NAMES, SLOTS, Key, problem_words
from responders.quoting import sayable_place
from responders.wording import WordingError, filled, freeze, placeholders, slots, widest, without_date_sentence

LONGEST = 2000
SIGN_OFF_ROOM = 5
"""What the approver's initials take."""
WIDEST_PLACE = "1200 block of North Northwestern Boulevard & Germantown Pike"
WIDEST_SAID = {
    "name": "Maximiliana",
    "agency": "Department of Streets and Traffic (PA)",
    "reason": "the crew found the place clean and nothing left to take away",
    "contact": "1-800-555-0100, roads.example.gov/report",
    "question": "On which side of the street does the water come out, and when?",
}
"""What free words are counted as: a first name, and a line of about sixty letters."""


class Outcome(StrEnum):
    """What a wording answers, or brings about."""

    ACKNOWLEDGE = "acknowledge"
    ASK_BACK = "ask_back"
    STATUS = "status"
    FIXED = "fixed"
    SAFETY = "safety"
    ANSWER = "answer"
    CHAT = "chat"


OUTCOMES: Mapping[Outcome, Sequence[Key]] = {
    Outcome.ACKNOWLEDGE: (Key.FILED, Key.FILED_NO_PLACE, Key.FILED_SHORT, Key.GREETING),
    Outcome.ASK_BACK: (
        *(Key.ASK_SERVICE, Key.ASK_PLACE, Key.ASK_BLOCK, Key.ASK_ADDRESS, Key.ASK_ADDRESS_PRIVATE),
        *(Key.ASK_CROSS_STREET, Key.ASK_WHICH, Key.ASK_PLACE_AGAIN),
        *(Key.ASK_ATTRIBUTE, Key.ASK_ATTRIBUTE_AGAIN, Key.ASK_ATTRIBUTE_PRIVATE),
        *(Key.ASK_REMINDER, Key.GIVEN_UP),
    ),
    Outcome.STATUS: (
        *(Key.STATUS_KNOWN, Key.STATUS_ACCEPTED, Key.STATUS_SCHEDULED, Key.STATUS_LATE, Key.STATUS_FIXED),
        *(Key.STATUS_CLOSED, Key.STATUS_NO_ACTION, Key.STATUS_NO_ACTION_SHORT),
        *(Key.STATUS_DUPLICATE, Key.STATUS_DUPLICATE_ELSEWHERE),
        *(Key.STATUS_REFERRED, Key.STATUS_REFERRED_SHORT),
        *(Key.STATUS_COULD_NOT_FIND, Key.STATUS_COULD_NOT_FIND_PRIVATE, Key.STATUS_COULD_NOT_FIND_BLOCK),
        *(Key.STATUS_NEEDS_INFORMATION, Key.STATUS_NEEDS_INFORMATION_SHORT, Key.STATUS_NEEDS_INFORMATION_PRIVATE),
        Key.ANSWER_PASSED_ON,
        *(Key.STATUS_UNKNOWN, Key.STATUS_NOT_FOUND, Key.STATUS_PRIVATE, Key.STATUS_LINK),
    ),
    Outcome.FIXED: (Key.FIXED_THANKS, Key.REOPENED),
    Outcome.SAFETY: (Key.EMERGENCY_911, Key.SAFETY_STAY_AWAY, Key.SAFETY_GAS),
    Outcome.ANSWER: (
        *(Key.QUESTION_RECEIVED, Key.PRAISE_THANKS, Key.COMPLAINT_HEARD),
        *(Key.NOT_OURS, Key.NOT_OURS_NO_CONTACT),
    ),
    Outcome.CHAT: (
        *(Key.ASK_START, Key.ASK_START_ABOUT, Key.ASK_NEW, Key.ASK_CASE, Key.CASE_NEW, Key.HELP, Key.HUMAN_COMES),
        *(Key.ASK_SAME, Key.CASE_NEAR),
        *(Key.CASES_LIST, Key.CASES_NONE, Key.CASE_WAITING, Key.CASE_OPEN, Key.CASE_CLOSED),
        *(Key.PRIVATE_PLEASE, Key.FORGET_DONE, Key.STOP_DONE),
    ),
}
"""Every key stands in exactly one."""

SHORTER: Mapping[Key, Key] = {
    Key.FILED: Key.FILED_NO_PLACE,
    Key.FILED_NO_PLACE: Key.FILED_SHORT,
    Key.STATUS_NO_ACTION: Key.STATUS_NO_ACTION_SHORT,
    Key.STATUS_REFERRED: Key.STATUS_REFERRED_SHORT,
    Key.STATUS_NEEDS_INFORMATION: Key.STATUS_NEEDS_INFORMATION_SHORT,
    Key.NOT_OURS: Key.NOT_OURS_NO_CONTACT,
}
"""What is said instead where a wording does not fit."""

LengthOf = Callable[[Channel, str], int]


@dataclass(frozen=True, slots=True)
class Fit:
    """How long a wording gets on one channel at its widest, sign-off included."""

    channel: Channel
    length: int
    limit: int

    @property
    def fits(self) -> bool:
        return self.length <= self.limit


def outcome_of(key: Key) -> Outcome:
    """What a wording is for."""
    return next(outcome for outcome, keys in OUTCOMES.items() if key in keys)


def problems_of(key: Key, body: str) -> list[str]:
    """What is wrong with a wording, in sentences for whoever wrote it; empty when it can be used.

    A wording keeps its placeholders and {number}, since who reads it needs them; {date} may be left out.
    """
    if not body.strip():
        return ["There are no words in it."]
    if len(body) > LONGEST:
        return [f"It has {len(body)} characters; {LONGEST} is the most that is kept."]
    try:
        held = slots(body)
        without_date_sentence(body)
        if held and held <= SLOTS[key]:
            freeze(filled(body, dict.fromkeys(placeholders(body), "x")), "en", "H-7QK4M2XD")
    except WordingError as error:
        return [f"{str(error)[0].upper()}{str(error)[1:]}."]
    names = placeholders(body)
    found = [f"Leave out {{{one}}}: there is none to fill in here." for one in sorted(held - SLOTS[key])]
    found += [f"Keep {{{one}}}: whoever reads it needs it." for one in sorted(SLOTS[key] - held - {"date"})]
    found += [f"Leave out [{one}]: nothing fills it here." for one in sorted(names - NAMES[key])]
    found += [f"Keep [{one}]: it says what this is about." for one in sorted(NAMES[key] - names)]
    if any(sign in "[]" for sign in filled(body, dict.fromkeys(names, ""))):
        found.append("A square bracket is left that belongs to no placeholder.")
    return found


def filled_widest(body: str, language: str, services: Iterable[Service], length: Callable[[str], int]) -> str:
    """A wording with everything in it as wide as it gets, as `length` counts."""
    problem = max((problem_words(one, language) for one in services), key=length, default="")
    place = sayable_place(WIDEST_PLACE, language, public=True, at_home=False, find_private=lambda _: ())
    said = {name: apart(words, language) for name, words in WIDEST_SAID.items()}
    said |= dict.fromkeys(("place", "first", "second"), place)
    said |= {"problem": problem, "days": max((days_words(one, language) for one in (1, 2, 5, 88)), key=length)}
    return widest(filled(body, said), language)


def fits_of(body: str, language: str, services: Sequence[Service], length_of: LengthOf) -> list[Fit]:
    """How long it gets on each channel. Raises WordingError where it cannot be filled."""
    slots(body)
    found = []
    for channel, facts in CHANNELS.items():
        if not facts.speaks:
            continue

        def length(text: str, channel: Channel = channel) -> int:
            return length_of(channel, text)

        longest = length(filled_widest(body, language, services, length))
        found.append(Fit(channel, longest + SIGN_OFF_ROOM, facts.reply_limit))
    return found
