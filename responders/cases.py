"""A resident's own cases, and how they are listed for them: the problem, its number, how it stands, until when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import Mention, MentionState, Reply, ReplyState, RequestState, Service, ServiceRequest, Understanding
from models.case_numbers import same_number
from models.joined import head_of
from responders.drafting import DraftedReply, Key, TemplateBook, problem_words
from responders.wording import WordingError, fill, filled

MOST = 9
"""A list of more than this is read by nobody; the newest are shown."""
TOLD_AFTER_CLOSING = timedelta(days=30)
LOOKED_AT = 100


class CaseState(StrEnum):
    """How a case stands: with 311 and not yet with the city, open there, or closed there."""

    WAITING = "waiting"
    OPEN = "open"
    CLOSED = "closed"


_LINE = {CaseState.WAITING: Key.CASE_WAITING, CaseState.OPEN: Key.CASE_OPEN, CaseState.CLOSED: Key.CASE_CLOSED}


@dataclass(frozen=True, slots=True)
class Case:
    """One problem that one resident told of. `number` is what it is called: the city's, ours where whoever took it gave
    none; "" until somebody has taken it.
    """

    mention_id: int
    state: CaseState
    service: Service
    reference: str = ""
    number: str = ""
    place: str = ""
    promised: datetime | None = None
    request_id: int | None = None
    closed_at: datetime | None = None

    def is_called(self, number: str) -> bool:
        """Whether a resident means this case by a number of the city's or of ours."""
        return same_number(number, self.number) or same_number(number, self.reference)


def cases_of(
    session: Session,
    author_id: int,
    now: datetime,
    conversation_id: int | None = None,
    *,
    closed_long_ago: bool = False,
) -> list[Case]:
    """An author's cases, the newest first; with `conversation_id` those of one chat.

    One post may have told of several. What was opened again under a new number stands for the one that was closed.
    `closed_long_ago`: those too that no list shows any more.
    """
    wanted = select(Mention).where(Mention.author_id == author_id, col(Mention.state).not_in(_NO_CASE))
    if conversation_id is not None:
        wanted = wanted.where(Mention.conversation_id == conversation_id)
    mentions = session.exec(wanted.order_by(col(Mention.id).desc()).limit(LOOKED_AT)).all()
    ids = [mention.id for mention in mentions]
    requests = session.exec(
        select(ServiceRequest)
        .where(
            col(ServiceRequest.mention_id).in_(ids),
            ServiceRequest.state != RequestState.CANCELLED,
        )
        .order_by(col(ServiceRequest.part), col(ServiceRequest.id))
    ).all()
    by_mention: dict[int, list[ServiceRequest]] = {}
    for one in requests:
        by_mention.setdefault(one.mention_id, []).append(one)
    services = {one.service_code: one for one in session.exec(select(Service)).all()}
    found: dict[int, Case] = {}
    for mention in mentions:
        told = _told_of(session, by_mention.get(mention.id or 0, []), closed_long_ago=closed_long_ago)
        for request in told or [None]:
            case = _case(session, mention, request, services)
            if case is None:
                continue
            if case.closed_at and now - case.closed_at > TOLD_AFTER_CLOSING and not closed_long_ago:
                continue
            found.setdefault(case.request_id or -case.mention_id, case)
    return list(found.values())


def _told_of(
    session: Session, requests: Sequence[ServiceRequest], *, closed_long_ago: bool
) -> Sequence[ServiceRequest | None]:
    """The requests of a mention that a list shows; one that opens another again only once it has its own number."""
    again = {one.reopens_id for one in requests if one.reopens_id and head_of(session, one).service_request_id}
    return [
        one
        for one in requests
        if (one.reopens_id is None or head_of(session, one).service_request_id)
        and (closed_long_ago or head_of(session, one).id not in again)
    ]


_NO_CASE = (MentionState.WITHDRAWN, MentionState.SET_ASIDE, MentionState.REJECTED)


def case_of_request(session: Session, request: ServiceRequest) -> Case | None:
    """The case of one request; None where its service is unknown."""
    mention, service = session.get(Mention, request.mention_id), session.get(Service, request.service_code or "")
    return _case(session, mention, request, {service.service_code: service}) if mention and service else None


def _case(
    session: Session, mention: Mention, request: ServiceRequest | None, services: dict[str, Service]
) -> Case | None:
    if request is None:
        code = _asked_about(session, mention)
        return Case(mention.id or 0, CaseState.WAITING, services[code]) if code in services else None
    head = head_of(session, request)
    service = services.get(head.service_code or "")
    if service is None:
        return None
    state, taken = CaseState.WAITING, head.state == RequestState.SUBMITTED
    if taken:
        state = CaseState.CLOSED if head.status == "closed" else CaseState.OPEN
    closed_at = head.updated_datetime or head.changed_at
    return Case(
        mention.id or 0,
        state,
        service,
        reference=head.reference,
        number=(head.service_request_id or head.reference) if taken else "",
        place=request.address_string,
        promised=head.promised_datetime,
        request_id=head.id,
        closed_at=closed_at if state is CaseState.CLOSED else None,
    )


def _asked_about(session: Session, mention: Mention) -> str:
    """What a mention is about that waits for its author's answer to our question; "" for any other."""
    last = session.exec(
        select(Reply)
        .where(Reply.mention_id == mention.id, Reply.state == ReplyState.SENT)
        .order_by(col(Reply.id).desc())
        .limit(1)
    ).first()
    if last is None or not last.template_key.startswith("ask_"):
        return ""
    understood = session.exec(
        select(Understanding.service_code)
        .where(Understanding.mention_id == mention.id)
        .order_by(col(Understanding.id).desc())
        .limit(1)
    ).first()
    return understood or ""


@dataclass(frozen=True, slots=True)
class Listing:
    """How cases are put into words: in which language, with dates of which zone, and which places may be said."""

    templates: TemplateBook
    language: str
    zone: ZoneInfo
    now: datetime
    say_place: Callable[[str], str]
    length: Callable[[str], int]
    limit: int

    def shown(self, header: str, cases: Sequence[Case], last: Key | None = None) -> list[Case]:
        """The cases there is room for under `header`; of too many the oldest are left out."""
        found = list(cases[:MOST])
        while len(found) > 1 and self.length(self._text(header, found, last, places=True)) > self.limit:
            found.pop()
        return found

    def draft(self, shape: DraftedReply, cases: Sequence[Case], last: Key | None = None) -> DraftedReply:
        """The list under the words of `shape`, once with places for a person to read and once with closed values alone.

        `last` is the wording of the line after the cases.
        """
        return replace(
            shape,
            text=self._text(shape.text, cases, last, places=True),
            closed=self._text(shape.text, cases, last, places=False),
        )

    def _text(self, header: str, cases: Sequence[Case], last: Key | None, *, places: bool) -> str:
        lines = [self.line(case if places else replace(case, place="")) for case in cases]
        if last is not None:
            lines.append(self._body(last))
        return "\n".join([header, *(f"{number}) {line}" for number, line in enumerate(lines, start=1))])

    def line(self, case: Case) -> str:
        """How one case stands, with its number and date written out."""
        text = self.placed(_LINE[case.state], case.service, case.place)
        due = case.promised if case.promised and case.promised > self.now else None
        try:
            return fill(text, self.language, case.number, due.astimezone(self.zone).date() if due else None)
        except WordingError:  # the city's number is no number we may say
            return fill(text, self.language, case.reference, None)

    def placed(self, key: Key, service: Service, place: str) -> str:
        """A wording with its problem, and with the place beside it where that may be said."""
        problem, said = problem_words(service, self.language), self.say_place(place)
        return filled(self._body(key), {"problem": f"{problem} ({said})" if said else problem})

    def _body(self, key: Key) -> str:
        template = self.templates.newest(key, self.language) or self.templates.newest(key, "en")
        if template is None:
            raise WordingError(f"there is no active wording {key.value!r} in {self.language} or in English")
        return template.body
