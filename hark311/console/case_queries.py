"""The case beside a mention: what was reported, filed and answered, what the city said since, and who was told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, func, select

from hark311.console import case_words
from hark311.console.mention_queries import MentionPage
from hark311.console.queries import names_of_staff
from hark311.console.words import Sign
from models import (
    Mention,
    NoticeState,
    Outcome,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
)
from models.status_changes import answered_since, news_to_come
from responders.passing_on import asked_by_city, newest_answer
from responders.reopening import UNDECIDED
from responders.status_deciding import heads_of


@dataclass(frozen=True, slots=True)
class Told:
    """The promise to tell this resident of one change. `waits_until`: when the reply leaves that is held."""

    notice_id: int
    sign: Sign
    because: str
    at: datetime | None
    can_be_skipped: bool
    waits: str = ""


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """One change of the request: what was said, what we take it for and why, and who was told.

    `counts_with`: the number of the request that it is a duplicate of; `counts_here`: that one's news are heard here.
    """

    id: int
    what: str
    outcome: str
    chosen: str
    evidence: str
    notes: str
    agency: str
    counts_with: str
    counts_here: bool
    planned_for: datetime | None
    told: Told | None
    others: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case, in the order of time; `change` where the city did something."""

    at: datetime
    what: str
    change: ChangeShown | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The number under which the city asked, and the answer to it: None where nobody passes it on."""

    number: str
    answer: ServiceRequest | None

    @property
    def waits(self) -> bool:
        """Whether a person has yet to decide about it."""
        return self.answer is not None and self.answer.state in UNDECIDED


@dataclass(frozen=True, slots=True)
class Case:
    """The steps of a case, the oldest first, and the requests that something can be recorded about."""

    steps: Sequence[Step]
    requests: Sequence[ServiceRequest] = field(default_factory=list)
    undecided: bool = False
    """A person has to say what the newest change means before anybody is told."""
    answered: Sequence[Answered] = ()
    """What the city asked, and the resident has answered here."""

    @property
    def news(self) -> bool:
        """Whether anything happened since it was filed."""
        return any(step.change for step in self.steps)


def case_of(session: Session, page: MentionPage) -> Case:
    """How the case of a mention went. No steps where nothing of it is with the city."""
    heads = heads_of(session, page.mention)
    if not heads:
        return Case([])
    written = [post.at for post in page.thread if post.about_this and not post.ours and not post.deleted]
    steps = [Step(min(written), f"reported on {page.facts.label}")] if written else []
    for head in heads:
        filed_at = head.requested_datetime or head.approved_at or head.changed_at
        steps.append(Step(filed_at, f"filed as {head.service_request_id or head.reference}"))
    changes, drafted = _changes(session, page, heads), _replies_with_news(session, page)
    steps += [
        Step(one.sent_at, "answered")
        for one in page.replies
        if one.state == ReplyState.SENT and one.sent_at and one.id not in drafted
    ]
    steps += _passed_on(session, page)
    steps += [Step(at, change.what, change) for at, change in changes]
    steps.sort(key=lambda step: step.at)
    undecided = any(one.told is not None and one.told.sign is case_words.UNCLEAR for _, one in changes)
    answered = [found for head in heads if (found := _answered(session, page.mention, head))]
    return Case(steps, heads, undecided=undecided, answered=answered)


def _passed_on(session: Session, page: MentionPage) -> list[Step]:
    told = [one for one in page.more_requests if one.answers_city and one.state == RequestState.SUBMITTED]
    return [
        Step(one.requested_datetime or one.changed_at, f"their answer passed on to the city, {_number(about)}")
        for one in told
        if (about := session.get(ServiceRequest, one.reopens_id))
    ]


def _number(request: ServiceRequest) -> str:
    return request.service_request_id or request.reference


def _answered(session: Session, mention: Mention, head: ServiceRequest) -> Answered | None:
    """What the city asked last and the resident has written to since; None once the city has their answer."""
    asking = asked_by_city(session, head)
    if asking is None or not answered_since(session, asking, mention.author_id):
        return None
    answer = newest_answer(session, mention, head)
    if answer and answer.state == RequestState.SUBMITTED:
        return None
    return Answered(_number(head), None if answer and answer.state == RequestState.CANCELLED else answer)


def _changes(
    session: Session, page: MentionPage, heads: Sequence[ServiceRequest]
) -> list[tuple[datetime, ChangeShown]]:
    updates = session.exec(
        select(StatusUpdate)
        .where(col(StatusUpdate.request_id).in_([head.id for head in heads]))
        .order_by(col(StatusUpdate.happened_at), col(StatusUpdate.id))
    ).all()
    ids = [one.id for one in updates]
    rows = session.exec(
        select(StatusNotice, Reply)
        .outerjoin(Reply, col(Reply.id) == StatusNotice.reply_id)
        .where(col(StatusNotice.update_id).in_(ids), StatusNotice.mention_id == page.mention.id)
    ).all()
    clear = {one.id for one in updates if one.outcome}
    mine = {notice.update_id: _told(notice, reply, clear=notice.update_id in clear) for notice, reply in rows}
    originals = {one.duplicate_of for one in updates if one.duplicate_of}
    ours = {number for number in originals if news_to_come(session, number)}
    others, people = _others(session, page.mention, ids), names_of_staff(session, [one.outcome_by for one in updates])
    return [
        (
            one.happened_at,
            ChangeShown(
                id=one.id or 0,
                what=_what(one, heads),
                outcome=case_words.OUTCOME[one.outcome] if one.outcome else "",
                chosen=one.outcome or "",
                evidence=one.evidence or people.get(one.outcome_by or 0, ""),
                notes=one.status_notes,
                agency=one.agency,
                counts_with=one.duplicate_of,
                counts_here=one.duplicate_of in ours,
                planned_for=one.planned_for,
                told=mine.get(one.id or 0),
                others=others.get(one.id or 0, ""),
            ),
        )
        for one in updates
    ]


def _what(update: StatusUpdate, heads: Sequence[ServiceRequest]) -> str:
    """ "the city: closed", with the number where the case has several requests."""
    said = f"{case_words.SOURCE[update.source]}: {update.status.replace('_', ' ') or 'a note'}"
    number = next((one.service_request_id for one in heads if one.id == update.request_id), "")
    return f"{said} ({number})" if len(heads) > 1 else said


def _told(notice: StatusNotice, reply: Reply | None, *, clear: bool) -> Told:
    """`clear`: somebody or something has said what the change means."""
    held = reply.held_because if reply and _drafted(notice) else ""
    return Told(
        notice_id=notice.id or 0,
        sign=case_words.NOTICE[notice.state] if clear or not _drafted(notice) else case_words.UNCLEAR,
        because=notice.because,
        at=notice.changed_at if notice.state == NoticeState.TOLD else None,
        can_be_skipped=notice.state == NoticeState.PENDING,
        waits=held,
    )


def _drafted(notice: StatusNotice) -> bool:
    return notice.state == NoticeState.DRAFTED


def _others(session: Session, mention: Mention, ids: Sequence[int | None]) -> dict[int, str]:
    """ "3 others: 2 told, 1 waits" for each change that others follow."""
    rows = session.exec(
        select(StatusNotice.update_id, StatusNotice.state, func.count())
        .where(col(StatusNotice.update_id).in_(ids), StatusNotice.mention_id != mention.id)
        .group_by(col(StatusNotice.update_id), col(StatusNotice.state))
        .order_by(col(StatusNotice.state))
    ).all()
    found: dict[int, list[str]] = {}
    for update_id, state, count in rows:
        found.setdefault(update_id, []).append(f"{count} {case_words.NOTICE[NoticeState(state)].word}")
    return {update_id: ", ".join(said) for update_id, said in found.items()}


def _replies_with_news(session: Session, page: MentionPage) -> set[int | None]:
    """The replies that tell of a change, which stand with that change."""
    found = select(StatusNotice.reply_id).where(
        StatusNotice.mention_id == page.mention.id, col(StatusNotice.reply_id).is_not(None)
    )
    return set(session.exec(found).all())


def news_of_rows(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """What the status reply of each of these mentions tells, by mention id: "closed (no action)"."""
    rows = session.exec(
        select(StatusNotice.mention_id, StatusUpdate.outcome)
        .join(StatusUpdate, col(StatusUpdate.id) == StatusNotice.update_id)
        .where(col(StatusNotice.mention_id).in_(ids), StatusNotice.state == NoticeState.DRAFTED)
    ).all()
    return {
        mention_id: case_words.OUTCOME[Outcome(outcome)] if outcome else "to be read" for mention_id, outcome in rows
    }
