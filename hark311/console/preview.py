"""A reply as it will be posted: its length at the widest, both variants as the thread shows them, and what to mend."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from hark311.bills import extra_for_link, price_of_text
from hark311.console.decisions import DecisionForm
from hark311.console.mention_queries import MentionPage
from hark311.console.words import PRIVATE_KIND, SLOT_WORDS, in_words
from hark311.prices import Prices
from hark311.product import Product
from hark311.spending import dollars
from models import Channel, Conversation, StaffUser
from models.phrases import phrases_in_force
from models.pictures import pictures_of
from responders.hints import hints
from responders.phrases import find_phrases, said_instead
from responders.plain_language import Grade, grade_of
from responders.several import references
from responders.signing import signed
from responders.wording import WordingError, fill, freeze, numbers_in, slots, widest

CARDS = frozenset({Channel.X, Channel.MASTODON, Channel.TELEGRAM})
"""Where a link in the text gets a card below it."""
_LINK = re.compile(r"https?://([\w.-]+\w)|(?<![\w@.])((?:[\w-]+\.)+(?:gov|org|com|net|edu|us))(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a reply. `kind`: "" as it stands, "slot" filled in later, "private" or "phrase" to be mended."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One text that may be posted."""

    when: str
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Mending:
    """What should not be said, why, and the whole reply as it reads with it mended. `blocks`: not to be approved so."""

    said: str
    why: str
    button: str
    words: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Face:
    """How our post looks in the thread: who speaks, to whom, and the domain of a link's card."""

    name: str
    handle: str
    initials: str
    above: str
    card: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`length` is the longest the reply can get, in the channel's `unit`; `extra` says what a link in it costs more.

    `names`: whom the channel has us name before these words, which is not counted. `sign_off`: what approval adds.
    """

    length: int
    limit: int
    unit: str
    variants: list[Variant]
    face: Face
    extra: str = ""
    names: str = ""
    sign_off: str = ""
    grade: Grade | None = None
    hints: list[str] = field(default_factory=list)
    mendings: list[Mending] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        return self.length <= self.limit

    @property
    def over(self) -> int:
        """By how much it is too long."""
        return max(0, self.length - self.limit)


def preview(session: Session, product: Product, page: MentionPage, form: DecisionForm, staff: StaffUser) -> Preview:
    """The preview of what stands in the form, signed as `staff` would. What cannot be read is counted as it stands."""
    facts, channel, private = page.facts, page.account.channel, goes_private(session, page)
    sign_off = product.desk.sign_off(session, page.mention, staff)
    text, language, length_of = signed(form.reply_text, sign_off), form.language, product.desk.length_of
    reference = _reference(session, page, form)
    try:
        used = slots(text)
        frozen = freeze(text, language, reference)
        versions = (frozen.with_answer, frozen.without_answer)
        counted = max(length_of(channel, widest(one, language, numbers_in(reference))) for one in versions)
    except WordingError:
        counted, used, versions = length_of(channel, text), set(), ("", "")
    mendings = [] if not page.open else [*_private(product, page, form, private), *_phrases(session, form)]
    known = page.head or page.filed or page.asked_about
    number = known.service_request_id if known else None
    one = page.draft_request is None and isinstance(reference, str)
    certain = one and used == {"number"} and _sayable(number, language)
    return Preview(
        length=counted,
        limit=limit_of(session, page),
        unit=facts.length_unit,
        variants=_variants(versions, used if not certain else set(), number, product, mendings, language),
        face=_face(page, product, text, private=private),
        extra="" if private else _extra(product.prices, channel, text),
        names=f"@{page.author.handle}" if facts.names_them else "",
        sign_off=sign_off if text != form.reply_text else "",
        grade=grade_of(text, language),
        hints=hints(form.reply_text),
        mendings=mendings,
    )


def goes_private(session: Session, page: MentionPage) -> bool:
    """Whether nobody but the one we answer will read the reply."""
    room = session.get(Conversation, page.draft.conversation_id) if page.draft and page.draft.conversation_id else None
    return room.one_to_one if room else page.one_to_one


def limit_of(session: Session, page: MentionPage) -> int:
    """How long the reply may be where it goes, with the pictures it has."""
    pictures = len(pictures_of(session, page.draft.id or 0)) if page.draft else 0
    return page.facts.limit(private=goes_private(session, page), pictures=pictures)


def _reference(session: Session, page: MentionPage, form: DecisionForm) -> str | Sequence[str]:
    told = references(session, page.mention, form.decided())
    if len(told) > 1:
        return told
    request = page.draft_request or page.head or page.filed or page.asked_about
    return request.reference if request else ""


def _variants(
    versions: tuple[str, str],
    used: set[str],
    number: str | None,
    product: Product,
    mendings: Sequence[Mending],
    language: str,
) -> list[Variant]:
    marks = [(one.said, "private" if one.blocks else "phrase") for one in mendings]
    if used:
        wait = f"{product.settings.city_answer_seconds:.0f} s"
        return [
            Variant(f"When the city answers within {wait}", _pieces(versions[0], marks, number, language)),
            Variant(f"When it does not answer in {wait}", _pieces(versions[1], marks, None, language)),
        ]
    if not versions[0].strip():
        return []
    return [Variant("Posted exactly like this", _pieces(versions[0], marks, number, language))]


def _sayable(number: str | None, language: str) -> bool:
    """Whether the outbox will say this number; one that does not fit it leaves to a person."""
    try:
        return bool(number and fill("{number}", language, number, None))
    except WordingError:
        return False


def _pieces(text: str, marks: Sequence[tuple[str, str]], number: str | None, language: str) -> list[Piece]:
    """The text cut at its slots and at what is to be mended. A number the city gave stands as it will be sent."""
    kinds = dict(marks)
    if not kinds:
        return _slotted(text, number, language)
    cut = re.compile("(" + "|".join(re.escape(said) for said in sorted(kinds, key=len, reverse=True)) + ")")
    pieces: list[Piece] = []
    for part in cut.split(text):
        pieces += [Piece(part, kinds[part])] if part in kinds else _slotted(part, number, language)
    return pieces


def _slotted(text: str, number: str | None, language: str) -> list[Piece]:
    known = fill("{number}", language, number or "", None) if _sayable(number, language) else SLOT_WORDS["{number}"]
    return [
        Piece(known if slot and words == SLOT_WORDS["{number}"] else words, "slot" if slot else "")
        for words, slot in in_words(text)
    ]


def _private(product: Product, page: MentionPage, form: DecisionForm, private: bool) -> list[Mending]:
    """What may not stand in public, with the text as it reads without it."""
    if private or not page.facts.public or product.private_details is None:
        return []
    text = form.reply_text
    return [
        Mending(
            said=text[one.start : one.end],
            why=f"{PRIVATE_KIND.get(one.kind, one.kind)}, which anybody could read",
            button=f"Replace by {one.instead}",
            words=text[: one.start] + one.instead + text[one.end :],
            blocks=True,
        )
        for one in product.private_details(text)
    ]


def _phrases(session: Session, form: DecisionForm) -> list[Mending]:
    found = find_phrases(form.reply_text, form.language, phrases_in_force(session))
    return [
        Mending(
            said=one.said,
            why="not how we speak" if one.blocks else "better said otherwise",
            button=f"Say “{one.say_instead}”" if one.say_instead else "Leave it out",
            words=said_instead(form.reply_text, one),
            blocks=one.blocks,
        )
        for one in found
    ]


def _face(page: MentionPage, product: Product, text: str, *, private: bool) -> Face:
    name, handle = product.settings.city_name, page.account.handle
    if private:
        above = f"Private message to {page.author.called}"
    else:
        above = "" if page.facts.names_them else f"Replying to {page.author.called}"
    letters = "".join(one for one in (handle or name) if one.isalnum())
    return Face(name, f"@{handle}" if handle else "", letters[:2].upper(), above, _card(page.account.channel, text))


def _card(channel: Channel, text: str) -> str:
    """The domain of the first link that gets a card; "" for none."""
    found = _LINK.search(text) if channel in CARDS else None
    return (found[1] or found[2]).lower() if found else ""


def _extra(prices: Prices, channel: Channel, text: str) -> str:
    more = extra_for_link(prices, channel, text)
    if not more:
        return ""
    cost = price_of_text(prices, channel, text)
    as_of = f"{prices.as_of:%B} {prices.as_of.day}, {prices.as_of.year}"
    return f"The link makes it cost {dollars(cost)} instead of {dollars(cost - more)}. Prices as of {as_of}."
