"""Knowledge cards as the pages show them: with what is about to run out, and with why one is suggested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from hark311.card_matching import matching, telling_words
from hark311.cards import answers_of
from hark311.console.decisions import DecisionForm
from hark311.console.mention_queries import MentionPage
from hark311.console.pages import Console
from hark311.console.said_when import OUTCOME, SAID_WHEN
from models import Intent, KnowledgeAnswer, KnowledgeCard, Service
from models.threads import posts_of
from responders.answering import best_answer, needs_typed
from responders.drafting import Key
from responders.wordings import OUTCOMES, Outcome

WARNED_DAYS = 30
OFFERED = (Outcome.STATUS, Outcome.FIXED, Outcome.ASK_BACK, Outcome.ANSWER, Outcome.SAFETY)


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card in the list. `days_left` None: it does not run out; below zero: it is out of date."""

    card: KnowledgeCard
    service: str
    languages: Sequence[str]
    unchecked: int
    days_left: int | None

    @property
    def expired(self) -> bool:
        return self.days_left is not None and self.days_left < 0

    @property
    def expiring(self) -> bool:
        return self.days_left is not None and 0 <= self.days_left <= WARNED_DAYS


@dataclass(frozen=True, slots=True)
class Suggested:
    """A card that may answer, the words that matched, and exactly what would be put into the reply."""

    card: KnowledgeCard
    words: Sequence[str]
    answer: KnowledgeAnswer
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What can be put into the reply: cards, where a question was asked, and our wordings."""

    is_question: bool
    cards: Sequence[Suggested]
    from_card: KnowledgeCard | None
    wordings: Sequence[tuple[str, Sequence[tuple[Key, str]]]]
    typed: Sequence[str]
    keywords: str


def rows(session: Session, today: date, search: str = "", show: str = "all") -> list[CardRow]:
    """The cards, those that run out first in front. `show`: all, expiring, expired or off."""
    cards = session.exec(select(KnowledgeCard).order_by(KnowledgeCard.question)).all()
    said: dict[int, list[KnowledgeAnswer]] = {}
    for answer in answers_of(session, cards):
        said.setdefault(answer.card_id, []).append(answer)
    names = {one.service_code: one.service_name for one in session.exec(select(Service)).all()}
    found = [_row(one, said.get(one.id or 0, []), names, today) for one in cards if _holds(one, said, search)]
    chosen = [one for one in found if _shown(one, show)]
    return sorted(chosen, key=lambda one: (not one.expired, not one.expiring, not one.card.active))


def _row(card: KnowledgeCard, answers: Sequence[KnowledgeAnswer], names: Mapping[str, str], today: date) -> CardRow:
    return CardRow(
        card=card,
        service=names.get(card.service_code, ""),
        languages=sorted({one.language for one in answers}),
        unchecked=sum(not one.checked for one in answers),
        days_left=days_left(card, today),
    )


def days_left(card: KnowledgeCard, today: date) -> int | None:
    """Days until a card runs out; None where it does not."""
    return (card.expires_on - today).days if card.expires_on else None


def _shown(row: CardRow, show: str) -> bool:
    match show:
        case "expiring":
            return row.card.active and row.expiring
        case "expired":
            return row.card.active and row.expired
        case "off":
            return not row.card.active
    return True


def _holds(card: KnowledgeCard, said: Mapping[int, Sequence[KnowledgeAnswer]], search: str) -> bool:
    texts = (card.question, card.keywords, card.owner, card.area, *(one.text for one in said.get(card.id or 0, ())))
    together = " ".join(texts).casefold()
    return all(word in together for word in search.casefold().split())


def answers_for(session: Session, console: Console, page: MentionPage, form: DecisionForm) -> Answers:
    """What could be put into the reply to a mention."""
    understanding = page.understanding
    asks = form.intent in (Intent.QUESTION, "") and understanding is not None
    text = "\n".join(post.text for post in posts_of(session, page.mention.id or 0)) if page.open and asks else ""
    asks_now = form.intent == Intent.QUESTION
    draft = page.draft
    return Answers(
        is_question=asks_now,
        cards=_suggested(session, console, page, text) if text else [],
        from_card=session.get(KnowledgeCard, draft.card_id) if draft and draft.card_id else None,
        wordings=[
            (OUTCOME[outcome], [(key, SAID_WHEN[key]) for key in OUTCOMES[outcome] if not _is_short(key)])
            for outcome in OFFERED
        ],
        typed=sorted({name for outcome in OFFERED for key in OUTCOMES[outcome] for name in needs_typed(key)}),
        keywords=", ".join(list(telling_words(text).values())[:8]),
    )


def _is_short(key: Key) -> bool:
    """A short one is taken by itself where the long one does not fit."""
    return key.value.endswith("_short")


def _suggested(session: Session, console: Console, page: MentionPage, text: str) -> list[Suggested]:
    today = console.city_time.today(console.now())
    cards = session.exec(select(KnowledgeCard).where(col(KnowledgeCard.active).is_(True))).all()
    here = [one for one in cards if not one.area or not page.mention.area or one.area == page.mention.area]
    language = page.understanding.language if page.understanding else "und"
    found = []
    for match in matching(here, answers_of(session, here), text, today):
        answer = best_answer(session, console.product.desk, page.mention, match.card.id or 0, language)
        if answer:
            found.append(Suggested(match.card, match.words, answer, days_left(match.card, today)))
    return found
