"""A reply as it will be posted: its length at the widest, and both variants with their slots in words."""

import re
from dataclasses import dataclass

from hark311.console.decisions import DecisionForm
from hark311.console.mention_queries import MentionPage
from responders.review import Desk
from responders.wording import WordingError, fill, freeze, slots, widest

_SLOT = re.compile(r"(\{number\}|\{date\})")
SLOT_WORDS = {"{number}": "the city's number", "{date}": "the promised date"}


@dataclass(frozen=True, slots=True)
class Variant:
    """One text that may be posted. Each piece is (words, whether the outbox fills it in)."""

    when: str
    pieces: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Preview:
    """`length` is the longest the reply can get, in the channel's `unit`."""

    length: int
    limit: int
    unit: str
    variants: list[Variant]

    @property
    def fits(self) -> bool:
        return self.length <= self.limit


def preview(desk: Desk, page: MentionPage, form: DecisionForm, answer_seconds: float) -> Preview:
    """The preview of what stands in the form. A text that cannot be read yet is counted as it stands."""
    known = page.filed or page.asked_about
    request = page.draft_request or known
    reference = request.reference if request else ""
    text, language, facts = form.reply_text, form.language, page.facts
    try:
        used = slots(text)
        frozen = freeze(text, language, reference)
        versions = (frozen.with_answer, frozen.without_answer)
        length = max(desk.reply_length(page.account.channel, widest(one, language))[0] for one in versions)
    except WordingError:
        length, used, versions = desk.reply_length(page.account.channel, text)[0], set(), ("", "")
    variants = []
    if used:
        number = known.service_request_id if known else None
        wait = f"{answer_seconds:.0f} s"
        variants = [
            Variant(f"When the city answers within {wait}", _in_words(versions[0], number, language)),
            Variant(f"When it does not answer in {wait}", [(versions[1], False)]),
        ]
    elif versions[0].strip():
        variants = [Variant("Posted exactly like this", [(versions[0], False)])]
    return Preview(length, facts.reply_limit, facts.length_unit, variants)


def _in_words(text: str, number: str | None, language: str) -> list[tuple[str, bool]]:
    """The text cut at its slots. A number the city gave already stands as it will be sent."""
    try:
        known = {"{number}": fill("{number}", language, number, None)} if number else {}
    except WordingError:
        known = {}  # the outbox will leave such a number to a person
    return [(known.get(part) or SLOT_WORDS.get(part, part), part in SLOT_WORDS) for part in _SLOT.split(text) if part]
