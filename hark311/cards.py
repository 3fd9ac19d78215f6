"""Keeping knowledge cards: what one needs before it may be suggested, and what was asked that no card answers."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from hark311.card_matching import matching, telling_words
from models import (
    AnswerLength,
    Intent,
    KnowledgeAnswer,
    KnowledgeCard,
    Mention,
    MentionState,
    Post,
    Service,
    StaffUser,
    Understanding,
    record,
)
from models.posts import PostKind
from models.threads import newest_versions
from responders.wording import WordingError, placeholders, slots

LONGEST_QUESTION, LONGEST_LINE, LONGEST_ANSWER = 300, 500, 4000
LOOKED_BACK = timedelta(days=90)
MOST_QUESTIONS = 2000
SHOWN_WORDS, SHOWN_EXAMPLES = 3, 3


class CardTrouble(Exception):
    """Why a card was not kept; `reasons` are sentences for whoever typed it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class CardFields:
    """A card as it stands in its form."""

    question: str = ""
    keywords: str = ""
    service_code: str = ""
    owner: str = ""
    source: str = ""
    area: str = ""
    expires_on: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Questions of one service that share a word and that no card answers, the newest among them first."""

    service_code: str
    words: Sequence[str]
    count: int
    newest: datetime
    examples: Sequence[int] = field(default_factory=list)


def keep_card(
    session: Session, card: KnowledgeCard | None, fields: CardFields, staff: StaffUser, now: datetime
) -> KnowledgeCard:
    """A new card, or the changed one. Raises CardTrouble."""
    expires, problems = _day(fields.expires_on)
    for name, text, longest in (
        ("question", fields.question, LONGEST_QUESTION),
        ("owner", fields.owner, LONGEST_LINE),
        ("source", fields.source, LONGEST_LINE),
    ):
        if not text.strip():
            problems.append(_NEEDED[name])
        elif len(text) > longest:
            problems.append(f"The {name} has {len(text)} characters; {longest} are enough.")
    problems += [
        f"The {name} have {len(text)} characters; {LONGEST_LINE} are enough."
        for name, text in (("keywords", fields.keywords), ("words about the area", fields.area))
        if len(text) > LONGEST_LINE
    ]
    if fields.service_code and session.get(Service, fields.service_code) is None:
        problems.append("There is no such service any more. Choose another one, or none.")
    if problems:
        raise CardTrouble(problems)
    new = card is None
    kept = card or KnowledgeCard(question="", made_by=staff.id, changed_at=now)
    kept.question, kept.keywords = _line(fields.question), _line(fields.keywords)
    kept.service_code, kept.owner, kept.source = fields.service_code, _line(fields.owner), _line(fields.source)
    kept.area, kept.expires_on, kept.active, kept.changed_at = _line(fields.area), expires, fields.active, now
    session.add(kept)
    session.flush()
    why = "a card was written" if new else "the card was changed"
    record(session, "KnowledgeCard", kept.id or 0, f"staff:{staff.id}", why, now)
    return kept


def keep_answer(
    session: Session,
    card: KnowledgeCard,
    language: str,
    length: AnswerLength,
    text: str,
    *,
    checked: bool,
    staff: StaffUser,
    now: datetime,
) -> None:
    """What a card says in one language and length; without words it says nothing there. Raises CardTrouble."""
    body = text.strip()
    if problems := _answer_problems(body):
        raise CardTrouble(problems)
    found = session.exec(
        select(KnowledgeAnswer).where(
            KnowledgeAnswer.card_id == card.id, KnowledgeAnswer.language == language, KnowledgeAnswer.length == length
        )
    ).first()
    if not body:
        if found:
            session.delete(found)
    else:
        kept = found or KnowledgeAnswer(card_id=card.id or 0, language=language, length=length, text="")
        kept.text, kept.checked = body, checked
        session.add(kept)
    card.changed_at = now
    session.add(card)
    why = f"the {length} answer in {language} was {'changed' if body else 'taken out'}"
    record(session, "KnowledgeCard", card.id or 0, f"staff:{staff.id}", why, now)


def _answer_problems(text: str) -> list[str]:
    if len(text) > LONGEST_ANSWER:
        return [f"The answer has {len(text)} characters; {LONGEST_ANSWER} are enough."]
    try:
        held = slots(text)
    except WordingError as error:
        return [f"{error}."]
    if held or placeholders(text):
        return ["An answer has no slots and no placeholders: it is sent as it stands."]
    return []


def answers_of(session: Session, cards: Sequence[KnowledgeCard]) -> list[KnowledgeAnswer]:
    """What these cards say."""
    wanted = select(KnowledgeAnswer).where(col(KnowledgeAnswer.card_id).in_([one.id for one in cards]))
    return list(session.exec(wanted.order_by(col(KnowledgeAnswer.language), col(KnowledgeAnswer.length))).all())


def unanswered(
    session: Session, today: date, now: datetime, where: Sequence[ColumnElement[bool]] = ()
) -> list[Unanswered]:
    """What residents asked in the last 90 days and no card answers, by how often. `where`: conditions on Mention."""
    cards = session.exec(select(KnowledgeCard).where(col(KnowledgeCard.active).is_(True))).all()
    answers = answers_of(session, cards)
    open_questions: dict[str, dict[int, Mapping[str, str]]] = defaultdict(dict)
    asked = _questions(session, now, where)
    said = _said(session, [one.id for one in asked])
    for mention in asked:
        text = said.get(mention.id or 0, "")
        if telling_words(text) and not matching(cards, answers, text, today, most=1):
            open_questions[mention.service_code][mention.id or 0] = telling_words(text)
    times = {one.id or 0: one.received_at for one in asked}
    groups = [group for code, found in open_questions.items() for group in _groups(code, found, times)]
    return sorted(groups, key=lambda one: (-one.count, -one.newest.timestamp()))


def _questions(session: Session, now: datetime, where: Sequence[ColumnElement[bool]]) -> Sequence[Mention]:
    newest = (
        select(func.max(Understanding.id))
        .where(col(Understanding.mention_id) == col(Mention.id))
        .correlate(Mention)
        .scalar_subquery()
    )
    return session.exec(
        select(Mention)
        .join(Understanding, col(Understanding.id) == newest)
        .where(
            Understanding.intent == Intent.QUESTION,
            Mention.state != MentionState.WITHDRAWN,
            col(Mention.received_at) >= now - LOOKED_BACK,
            *where,
        )
        .order_by(col(Mention.received_at).desc())
        .limit(MOST_QUESTIONS)
    ).all()


def _said(session: Session, mention_ids: Sequence[int | None]) -> dict[int, str]:
    posts = session.exec(
        select(Post)
        .where(col(Post.mention_id).in_(mention_ids), Post.kind == PostKind.MENTION, col(Post.deleted_at).is_(None))
        .order_by(col(Post.id))
    ).all()
    said: dict[int, str] = {}
    for post in newest_versions(posts):
        said[post.mention_id or 0] = f"{said.get(post.mention_id or 0, '')}\n{post.text}".strip()
    return said


def _groups(code: str, found: dict[int, Mapping[str, str]], times: Mapping[int, datetime]) -> list[Unanswered]:
    """Questions by the word most of those that are left share."""
    groups, left = [], dict(found)
    while left:
        counted = Counter(form for forms in left.values() for form in forms)
        word, count = counted.most_common(1)[0]
        members = {one: forms for one, forms in left.items() if word in forms} if count > 1 else left
        shared = Counter(form for forms in members.values() for form in forms).most_common(SHOWN_WORDS)
        written = {form: forms[form] for forms in members.values() for form in forms}
        groups.append(
            Unanswered(
                service_code=code,
                words=[written[form].lower() for form, _ in shared] if count > 1 else [],
                count=len(members),
                newest=max(times[one] for one in members),
                examples=sorted(members, reverse=True)[:SHOWN_EXAMPLES],
            )
        )
        left = {one: forms for one, forms in left.items() if one not in members}
    return groups


_NEEDED = {
    "question": "Write the question that it answers.",
    "owner": "Say who answers for it: a person or an office.",
    "source": "Say where the answer comes from: a web address or a document.",
}


def _line(text: str) -> str:
    return " ".join(text.split())


def _day(text: str) -> tuple[date | None, list[str]]:
    if not text.strip():
        return None, []
    try:
        return date.fromisoformat(text.strip()), []
    except ValueError:
        return None, ["The last day must be a date, or be left out."]
