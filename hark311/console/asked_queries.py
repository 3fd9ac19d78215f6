"""What we asked about a case and what came of it, and whose it is if it is not ours: as the mention page shows it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from hark311.console.mention_queries import MentionPage
from models import (
    AskedQuestion,
    AskedState,
    HandOff,
    Jurisdiction,
    Post,
    Reply,
    ReplyState,
    RoadOwner,
    ServiceAttribute,
)
from models.asking import questions_of
from models.jurisdictions import Whose
from responders.next_question import name_of, question_of, speaks
from responders.not_ours import whose_request

STATES = {
    AskedState.OPEN: ("waits for an answer", "clock-3", ""),
    AskedState.READ: ("answered", "check", "tone-ok"),
    AskedState.UNREAD: ("the answer could not be read", "circle-question-mark", "tone-warn"),
    AskedState.UNKNOWN: ("they do not know: a person decides", "circle-question-mark", "tone-warn"),
    AskedState.NO_ANSWER: ("asked, no answer", "clock-3", "tone-warn"),
}
WHAT = {
    "service": "What the problem is",
    "place": "Where it is",
    "which_place": "Which of two places it is",
    "cross_street": "The cross street",
    "house_number": "The house number",
    "same": "Whether it is an open request near there",
}


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One question. `answer`: what stands in the request; `said`: the words of the post that gave it."""

    what: str
    state: str
    icon: str
    tone: str
    at: datetime | None
    reminder: bool
    answer: str
    said: str


@dataclass(frozen=True, slots=True)
class AskedCard:
    """All questions of a case, oldest first. `unspoken`: the next one is asked in English, for want of a wording."""

    lines: list[AskedLine]
    unspoken: str


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Why a mention is taken for somebody else's, whom, and how fresh the way to reach them is."""

    noted: HandOff
    whose: Whose | None


def asked_card(session: Session, page: MentionPage) -> AskedCard:
    """Of one mention, and of the public one that it answers in private."""
    mention_id = page.mention.id or 0
    lines = [_line(session, page, one) for one in questions_of(session, [mention_id]).get(mention_id, [])]
    return AskedCard([line for line in lines if line is not None], _unspoken(session, page))


def _line(session: Session, page: MentionPage, question: AskedQuestion) -> AskedLine | None:
    reply = session.get_one(Reply, question.reply_id)
    if reply.state in (ReplyState.CANCELLED, ReplyState.DRAFT, ReplyState.IN_REVIEW):
        return None
    attribute = session.get(ServiceAttribute, (question.service_code, question.attribute))
    request, answer = page.draft_request or page.first_request, ""
    if attribute is not None and request is not None and attribute.code in request.attribute:
        answer = in_words(attribute, request.attribute[attribute.code])
    word, sign, tone = STATES[question.state]
    post = session.get(Post, question.answer_post_id) if question.answer_post_id else None
    return AskedLine(
        what=question_of(attribute, "en") if attribute else WHAT.get(question.about, question.about),
        state=word,
        icon=sign,
        tone=tone,
        at=reply.sent_at,
        reminder=question.reminder,
        answer=answer,
        said=" ".join(post.text.split())[:120] if post and post.deleted_at is None else "",
    )


def in_words(attribute: ServiceAttribute, value: object) -> str:
    """An answer as a person reads it: the names of what was chosen from a list."""
    names = {str(one.get("key")): name_of(one, "en") for one in attribute.values}
    chosen = value if isinstance(value, list) else [value]
    return ", ".join(names.get(str(one), str(one)) for one in chosen)


def _unspoken(session: Session, page: MentionPage) -> str:
    """Which question stands in the draft in another language than the resident's; "" where none does."""
    if page.draft is None or not page.draft.template_key.startswith("ask_attribute"):
        return ""
    asked = session.exec(select(AskedQuestion).where(AskedQuestion.reply_id == page.draft.id)).first()
    attribute = session.get(ServiceAttribute, (asked.service_code, asked.attribute)) if asked else None
    if attribute is None or speaks(attribute, page.draft.language):
        return ""
    return question_of(attribute, page.draft.language)


def not_ours(session: Session, page: MentionPage) -> NotOurs | None:
    """Whose it is, where a rule says that it is not ours and nobody has overruled it."""
    noted = page.hand_off
    if noted is None or noted.overruled_at is not None:
        return None
    return NotOurs(noted, whose_request(session, page.draft_request) if page.draft_request else None)


def road_owner_names(session: Session) -> dict[str, str]:
    """Who keeps roads, by code, of those that are not the city's."""
    return {one.code: one.name for one in session.exec(select(RoadOwner)).all() if not one.ours}


def rules_of(session: Session) -> list[Jurisdiction]:
    """All rules, those that hold first."""
    return sorted(session.exec(select(Jurisdiction)).all(), key=lambda one: (not one.active, one.name, one.id or 0))
