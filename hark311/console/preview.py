"""A reply as it will be posted: its length at the widest, and both variants with their slots in words."""

from dataclasses import dataclass

from hark311.bills import extra_for_link, price_of_text
from hark311.console.decisions import DecisionForm
from hark311.console.mention_queries import MentionPage
from hark311.console.words import SLOT_WORDS, in_words
from hark311.prices import Prices
from hark311.spending import dollars
from models import Channel
from responders.review import Desk
from responders.wording import WordingError, fill, freeze, slots, widest


@dataclass(frozen=True, slots=True)
class Variant:
    """One text that may be posted. Each piece is (words, whether the outbox fills it in)."""

    when: str
    pieces: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Preview:
    """`length` is the longest the reply can get, in the channel's `unit`; `extra` says what a link in it costs more.

    `names`: whom the channel has us name before these words, which is not counted.
    """

    length: int
    limit: int
    unit: str
    variants: list[Variant]
    extra: str = ""
    names: str = ""

    @property
    def fits(self) -> bool:
        return self.length <= self.limit


def preview(desk: Desk, page: MentionPage, form: DecisionForm, answer_seconds: float, prices: Prices) -> Preview:
    """The preview of what stands in the form. A text that cannot be read yet is counted as it stands."""
    known = page.head or page.filed or page.asked_about
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
            Variant(f"When the city answers within {wait}", _as_sent(versions[0], number, language)),
            Variant(f"When it does not answer in {wait}", [(versions[1], False)]),
        ]
    elif versions[0].strip():
        variants = [Variant("Posted exactly like this", [(versions[0], False)])]
    extra = "" if page.private else _extra(prices, page.account.channel, text)
    names = f"@{page.author.handle}" if facts.names_them else ""
    return Preview(length, facts.limit(private=page.private), facts.length_unit, variants, extra, names)


def _extra(prices: Prices, channel: Channel, text: str) -> str:
    more = extra_for_link(prices, channel, text)
    if not more:
        return ""
    cost = price_of_text(prices, channel, text)
    as_of = f"{prices.as_of:%B} {prices.as_of.day}, {prices.as_of.year}"
    return f"The link makes it cost {dollars(cost)} instead of {dollars(cost - more)}. Prices as of {as_of}."


def _as_sent(text: str, number: str | None, language: str) -> list[tuple[str, bool]]:
    """The text cut at its slots. A number the city gave already stands as it will be sent."""
    if not number:
        return in_words(text)
    try:
        known = fill("{number}", language, number, None)
    except WordingError:
        return in_words(text)  # the outbox will leave such a number to a person
    return [(known if words == SLOT_WORDS["{number}"] and slot else words, slot) for words, slot in in_words(text)]
