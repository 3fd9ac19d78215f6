"""The facts that the figures of the desk are made of, read for a period; bounded, however many mentions are stored.

Of more than SAMPLED mentions in the period an even sample by id is read: medians and shares of so many are as good, and
the page says that it is one. Nothing is written.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from hark311.kpi_cases import Answer, Case, Filed, Suggestion
from models import (
    Account,
    AuditEntry,
    Channel,
    FixedQuestion,
    FixedState,
    Label,
    LabelSource,
    Mention,
    MentionState,
    Need,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
)
from models.lifecycle import WAITING_FOR_A_PERSON
from models.posts import PostKind
from models.promises import Clocks, clocks

SAMPLED = 3_000
LONGEST = timedelta(days=92)
USUAL_DAYS = 7
AT_ONCE = 500
LEASE = timedelta(minutes=10)

NOT_FOR_US = (MentionState.SET_ASIDE, MentionState.WITHDRAWN, MentionState.REJECTED)
ABOUT_THE_PLACE = frozenset({"place", "which_place", "cross_street", "house_number"})
OUR_NEWS, SAYS_FIXED = "status", "fixed"
"""Who brings a closed case back to tell the city's news, and who closes it again because its author agrees."""
REFERS = ("emergency_911", "safety_gas", "status_referred", "not_ours")
ASKS = ("ask_", "status_needs_information", "status_could_not_find")
"""How the keys of the wordings begin that send a resident to somebody else, and that ask them something."""


@dataclass(frozen=True, slots=True)
class Period:
    """City days, both included, and the moments at which they begin and end."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC)

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone).astimezone(UTC)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which mentions of a period: of one channel, service, language. `scope`: what the person may see."""

    period: Period
    channel: Channel | None = None
    service_code: str = ""
    language: str = ""
    scope: Sequence[ColumnElement[bool]] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """The cases of a period: all of them, or an even sample out of `of`."""

    cases: list[Case]
    of: int
    by_day: Mapping[date, int] = field(default_factory=dict)

    @property
    def sampled(self) -> bool:
        return len(self.cases) < self.of


def period_of(first: date | None, last: date | None, today: date, zone: ZoneInfo) -> Period:
    """The period asked for; the last USUAL_DAYS days where it is none, and never more than LONGEST."""
    last = min(last or today, today)
    first = first or last - timedelta(days=USUAL_DAYS - 1)
    first = max(min(first, last), last - LONGEST + timedelta(days=1))
    return Period(first, last, zone)


def facts_of(session: Session, chosen: Chosen, most: int = SAMPLED) -> Facts:
    """The cases that came in during the period."""
    accounts = {one.id or 0: one.channel for one in session.exec(select(Account)).all()}
    where = _where(chosen, accounts)
    by_day = _by_day(session, chosen.period, where)
    of = sum(by_day.values())
    step = max(1, -(-of // most))
    ids = session.exec(select(Mention.id).where(*where, col(Mention.id) % step == 0)).all() if of else []
    services = {one.service_code: one.needs for one in session.exec(select(Service)).all()}
    hours = clocks(session)
    cases: list[Case] = []
    for start in range(0, len(ids), AT_ONCE):
        part = [one or 0 for one in ids[start : start + AT_ONCE]]
        cases += _cases(session, part, accounts, services, hours, chosen.period.zone)
    return Facts(cases, of, by_day)


def _by_day(session: Session, period: Period, where: Sequence[ColumnElement[bool]]) -> dict[date, int]:
    """How many came in on each day: a count of its own for each, as the city's days are not the database's."""
    found = {}
    for day in period.days:
        of_day = Period(day, day, period.zone)
        within = col(Mention.received_at) >= of_day.begins, col(Mention.received_at) < of_day.ends
        found[day] = session.exec(select(func.count()).select_from(Mention).where(*where, *within)).one()
    return found


def _where(chosen: Chosen, accounts: Mapping[int, Channel]) -> list[ColumnElement[bool]]:
    where = [col(Mention.received_at) >= chosen.period.begins, col(Mention.received_at) < chosen.period.ends]
    if chosen.channel:
        where.append(
            col(Mention.account_id).in_([one for one, channel in accounts.items() if channel == chosen.channel])
        )
    if chosen.service_code:
        where.append(col(Mention.service_code) == chosen.service_code)
    if chosen.language:
        where.append(col(Mention.language) == chosen.language)
    return [*where, *chosen.scope]


@dataclass(slots=True)
class _Life:
    """What the audit says about one mention."""

    drafted_at: datetime | None = None
    in_hand: list[tuple[datetime, datetime]] = field(default_factory=list)
    taken_at: datetime | None = None
    closed: bool = False
    reopened: bool = False
    comes_back: bool = False


def _cases(
    session: Session,
    ids: list[int],
    accounts: Mapping[int, Channel],
    services: Mapping[str, Need],
    hours: Clocks,
    zone: ZoneInfo,
) -> Iterator[Case]:
    heard, answers, filed = _heard(session, ids), _answers(session, ids), _filed(session, ids, services)
    lives, suggestions, denied = _lives(session, ids), _suggestions(session, ids), _denied(session, ids)
    rows = session.exec(
        select(  # type: ignore[call-overload]  # more columns than its overloads name
            Mention.id,
            Mention.account_id,
            Mention.language,
            Mention.service_code,
            Mention.received_at,
            Mention.addressed,
            Mention.state,
            Mention.needs_understanding,
        ).where(col(Mention.id).in_(ids))
    ).all()
    for mention_id, account_id, language, service_code, received_at, addressed, state, to_read in rows:
        life, written = lives.get(mention_id, _Life()), heard.get(mention_id, [])
        yield Case(
            day=received_at.astimezone(zone).date(),
            channel=accounts[account_id],
            language=language or "und",
            service_code=service_code,
            written_at=written[0] if written else received_at,
            heard_at=received_at,
            in_scope=addressed and state not in NOT_FOR_US and (to_read or state != MentionState.RECEIVED),
            heard=written,
            answers=answers.get(mention_id, ()),
            drafted_at=life.drafted_at,
            in_hand=life.in_hand,
            decided=state not in (*WAITING_FOR_A_PERSON, MentionState.RECEIVED, MentionState.UNDERSTOOD)
            and bool(life.in_hand),
            closed=life.closed,
            reopened=life.reopened,
            filed=filed.get(mention_id),
            suggestions=suggestions.get(mention_id, ()),
            denied=denied.get(mention_id, ()),
            hours=hours.of(service_code),
        )


def _heard(session: Session, ids: list[int]) -> dict[int, list[datetime]]:
    """When each post of a mention was first written, rising; a later edit is no new post, nor "yes, it is fixed"."""
    agrees = select(FixedQuestion.answer_post_id).where(
        col(FixedQuestion.mention_id).in_(ids),
        FixedQuestion.state == FixedState.YES,
        col(FixedQuestion.answer_post_id).is_not(None),
    )
    rows = session.exec(
        select(Post.mention_id, Post.edit_chain, func.min(Post.created_at))
        .where(col(Post.mention_id).in_(ids), Post.kind == PostKind.MENTION, col(Post.id).not_in(agrees))
        .group_by(col(Post.mention_id), col(Post.edit_chain))
    ).all()
    found: dict[int, list[datetime]] = defaultdict(list)
    for mention_id, _, at in rows:
        found[mention_id or 0].append(at)
    return {mention_id: sorted(times) for mention_id, times in found.items()}


def _answers(session: Session, ids: list[int]) -> dict[int, list[Answer]]:
    rows = session.exec(
        select(Reply)
        .where(col(Reply.mention_id).in_(ids), Reply.state == ReplyState.SENT, col(Reply.sent_at).is_not(None))
        .order_by(col(Reply.sent_at))
    ).all()
    found: dict[int, list[Answer]] = defaultdict(list)
    for one in rows:
        if one.sent_at and one.mention_id is not None:
            answer = Answer(
                sent_at=one.sent_at,
                approved_at=one.approved_at,
                by_a_person=one.standing_approval_id is None,
                asks=one.template_key.startswith(ASKS),
                refers=one.template_key.startswith(REFERS),
            )
            found[one.mention_id].append(answer)
    return found


def _filed(session: Session, ids: list[int], services: Mapping[str, Need]) -> dict[int, Filed]:
    """The newest request of each mention that was not given up; what stands under an old number is the old one."""
    rows = session.exec(
        select(ServiceRequest)
        .where(
            col(ServiceRequest.mention_id).in_(ids),
            ServiceRequest.state != RequestState.CANCELLED,
            or_(col(ServiceRequest.reopens_id).is_(None), col(ServiceRequest.service_request_id).is_not(None)),
        )
        .order_by(col(ServiceRequest.id))
    ).all()
    found = {}
    for one in rows:
        needs = services.get(one.service_code or "", Need.NOTHING)
        closed = one.status == "closed"
        found[one.mention_id] = Filed(
            follows=one.state == RequestState.JOINED,
            needs_place=needs != Need.NOTHING,
            placed=one.lat is not None and one.long is not None and not ABOUT_THE_PLACE & set(one.missing),
            filed_at=one.requested_datetime,
            promised_at=one.promised_datetime,
            closed_at=one.updated_datetime if closed else None,
        )
    return found


def _lives(session: Session, ids: list[int]) -> dict[int, _Life]:
    rows = session.exec(
        select(AuditEntry.about_id, AuditEntry.at, AuditEntry.by, AuditEntry.from_state, AuditEntry.to_state)  # type: ignore[call-overload]  # five columns
        .where(AuditEntry.about == "Mention", col(AuditEntry.about_id).in_(ids), AuditEntry.to_state != "")
        .order_by(col(AuditEntry.id))
    ).all()
    lives: dict[int, _Life] = defaultdict(_Life)
    for about_id, at, by, before, after in rows:
        life = lives[about_id]
        if before == MentionState.IN_REVIEW and life.taken_at:
            life.in_hand.append((life.taken_at, max(life.taken_at, at - LEASE) if by == "clock" else at))
            life.taken_at = None
        if after == MentionState.IN_REVIEW:
            life.taken_at = at
        if after == MentionState.DRAFTED:
            life.drafted_at = life.drafted_at or at
            life.comes_back = before in (MentionState.CLOSED, MentionState.REJECTED) and by != OUR_NEWS
        elif life.comes_back and after != MentionState.UNDERSTOOD:
            life.reopened = life.reopened or not (after == MentionState.CLOSED and by == SAYS_FIXED)
            life.comes_back = False
        life.closed = life.closed or after in (MentionState.CLOSED, MentionState.REJECTED)
    for life in lives.values():
        life.reopened = life.reopened or life.comes_back
    return lives


def _denied(session: Session, ids: list[int]) -> dict[int, list[bool]]:
    """For each question whether it is fixed that came to an end, by silence too, whether the answer was no."""
    ended = (FixedState.YES, FixedState.NO, FixedState.SILENT)
    rows = session.exec(
        select(FixedQuestion.mention_id, FixedQuestion.state).where(
            col(FixedQuestion.mention_id).in_(ids), col(FixedQuestion.state).in_(ended)
        )
    ).all()
    found: dict[int, list[bool]] = defaultdict(list)
    for mention_id, state in rows:
        found[mention_id].append(state == FixedState.NO)
    return found


def _suggestions(session: Session, ids: list[int]) -> dict[int, list[Suggestion]]:
    rows = session.exec(
        select(Label.mention_id, Label.task, Label.source).where(
            col(Label.mention_id).in_(ids), Label.suggested != "", Label.source != LabelSource.IMPORTED
        )
    ).all()
    found: dict[int, list[Suggestion]] = defaultdict(list)
    for mention_id, task, source in rows:
        found[mention_id or 0].append(Suggestion(task, source != LabelSource.CONFIRMED))
    return found
