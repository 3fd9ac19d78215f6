"""The words that tell a resident what came of their request: a template per outcome, with the city's own reason. Pure.

What nobody knows stays open in square brackets, [reason] or [agency], so that the draft cannot be approved before a
person has filled it in.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models import Need, Outcome, Purpose, Service
from responders.counting import apart, days_words
from responders.drafting import DraftedReply, TemplateBook, language_of_reply, problem_words
from responders.quoting import sayable_words
from responders.template_keys import CLOSED_NAMES, NAMES, Key
from responders.wording import WordingError, date_words, fill, filled, placeholders, widest, without_date_sentence

WORDINGS: Mapping[Outcome, tuple[Key, ...]] = {
    Outcome.ACCEPTED: (Key.STATUS_ACCEPTED,),
    Outcome.SCHEDULED: (Key.STATUS_SCHEDULED,),
    Outcome.FIXED: (Key.STATUS_FIXED,),
    Outcome.NO_ACTION: (Key.STATUS_NO_ACTION, Key.STATUS_NO_ACTION_SHORT),
    Outcome.DUPLICATE: (Key.STATUS_DUPLICATE,),
    Outcome.REFERRED: (Key.STATUS_REFERRED, Key.STATUS_REFERRED_SHORT),
    Outcome.COULD_NOT_FIND: (Key.STATUS_COULD_NOT_FIND,),
    Outcome.NEEDS_INFORMATION: (Key.STATUS_NEEDS_INFORMATION, Key.STATUS_NEEDS_INFORMATION_SHORT),
    Outcome.LATE: (Key.STATUS_LATE,),
}
"""Each outcome with what says it, the fuller wording first."""


class Ask(StrEnum):
    """Where the answer to a question of the city's is asked for, if it may be about a home or a person."""

    HERE = "here"
    IN_PRIVATE = "in_private"
    NOT_HERE = "not_here"


ASKED_IN_PUBLIC: Mapping[tuple[Outcome, Ask], tuple[Key, ...]] = {
    (Outcome.NEEDS_INFORMATION, Ask.IN_PRIVATE): (Key.STATUS_NEEDS_INFORMATION_PRIVATE,),
    (Outcome.COULD_NOT_FIND, Ask.IN_PRIVATE): (Key.STATUS_COULD_NOT_FIND_PRIVATE,),
    (Outcome.COULD_NOT_FIND, Ask.NOT_HERE): (Key.STATUS_COULD_NOT_FIND_BLOCK,),
}
"""What is said instead in public of what is not answered there."""

QUOTED = {"reason": Outcome.NO_ACTION, "question": Outcome.NEEDS_INFORMATION}
"""The placeholders that the city's notes fill."""
SHORTEST_QUOTE = 40
"""Characters: less than this of a reason says nothing, so the draft stays too long for a person to cut."""


@dataclass(frozen=True, slots=True)
class News:
    """All that the wording of a status reply depends on.

    `notes`: the city's words, without private details. `days_late`: whole days since the promised day; 0 where it is
    not over. `planned_for`: the day of the work, in the city's time zone. `date_passed`: the promised day is over and
    not said again. `length` counts as the channel does and `limit` is in its unit.
    """

    outcome: Outcome
    language: str
    templates: TemplateBook
    service: Service | None
    length: Callable[[str], int]
    limit: int
    notes: str = ""
    agency: str = ""
    counts_with: str = ""
    """The city's number of the request it is a duplicate of."""
    heard_here: bool = True
    """Whether that one's news reach us: what we cannot hear is not promised."""
    days_late: int = 0
    planned_for: date | None = None
    date_passed: bool = False
    ask: Ask = Ask.HERE
    """Where nobody can answer in private, a person puts the city's own question, if it may be asked in public."""


def asks_in_private(outcome: Outcome | None, service: Service | None) -> bool:
    """Whether the answer may be nobody else's business: the city asks what it likes, and an address may be a home."""
    at_home = service is not None and service.needs is Need.ADDRESS
    return outcome is Outcome.NEEDS_INFORMATION or (outcome is Outcome.COULD_NOT_FIND and at_home)


def tell_news(news: News) -> DraftedReply:
    """The reply that tells it: the first wording that fits, its quotation shortened if it must be.

    Raises WordingError where a template is missing even in English.
    """
    drafts = list(_drafts(news))
    return next((one for one in drafts if _fits(news, one)), drafts[0])


def tidy_quote(said: str, *, question: bool = False) -> str:
    """Free words as they stand inside a sentence of ours: without slots and calls, and a question ends as one."""
    said = sayable_words(said)
    if not question:
        return said.rstrip(" .。")
    return said if not said or said.endswith(("?", "？", "؟", ".")) else f"{said}?"


def _fits(news: News, draft: DraftedReply) -> bool:
    return news.length(widest(draft.text, draft.language)) <= news.limit


def _drafts(news: News) -> Iterator[DraftedReply]:
    elsewhere = news.outcome is Outcome.DUPLICATE and not news.heard_here
    keys = (Key.STATUS_DUPLICATE_ELSEWHERE,) if elsewhere else WORDINGS[news.outcome]
    keys = ASKED_IN_PUBLIC.get((news.outcome, news.ask), keys)
    notes = "" if news.ask is Ask.NOT_HERE else news.notes
    for key in keys:
        yield _draft(news, key, tidy_quote(notes, question="question" in NAMES[key]))
    for name in QUOTED.keys() & NAMES[keys[-1]]:
        quote = tidy_quote(notes, question=name == "question")
        while len(quote) > SHORTEST_QUOTE:
            quote = quote[: len(quote) * 9 // 10].rsplit(" ", 1)[0].rstrip(" ,;:.")
            yield _draft(news, keys[-1], f"{quote} …")


def _draft(news: News, key: Key, quote: str) -> DraftedReply:
    language = language_of_reply(news.language, news.templates.languages)
    template = news.templates.newest(key, language) or news.templates.newest(key, "en")
    if template is None:
        raise WordingError(f"there is no active wording {key.value!r} in {language} or in English")
    language = template.language
    words = {"problem": problem_words(news.service, language), "agency": tidy_quote(news.agency)}
    words |= dict.fromkeys(QUOTED, quote)
    said = {name: apart(one, language) if one else f"[{name}]" for name, one in words.items()}
    said["days"] = days_words(max(news.days_late, 1), language)
    text = _numbered(news, filled(_dated(news, template.body, language), said), language)
    closed = text if NAMES[key] <= CLOSED_NAMES and not placeholders(text) else ""
    return DraftedReply(text, language, key.value, template.version, Purpose.STATUS, closed)


def _numbered(news: News, text: str, language: str) -> str:
    """A duplicate is told by the number it counts with from now on, where that can be said."""
    if news.outcome is not Outcome.DUPLICATE or not news.counts_with:
        return text
    try:
        return fill(text, language, news.counts_with, None)
    except WordingError:
        return text


def _dated(news: News, body: str, language: str) -> str:
    """The day of the work where it is known; the promised day is the slot's, unless it is over."""
    if news.outcome is Outcome.SCHEDULED:
        if news.planned_for is None:
            return without_date_sentence(body)
        return body.replace("{date}", date_words(news.planned_for, language))
    return without_date_sentence(body) if news.date_passed else body
