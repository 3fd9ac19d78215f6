"""Which requests are shown to whom, and how much of each (invariant 8).

The rule, once for lists, single requests and updates:
1. Nothing of a mention that has a post from a private chat, or that its author deleted, is shown to anybody.
2. Of the rest, a request is shown once it is filed. A partner sees their own reports from the beginning; with a token
   told instead of a number, from the moment a person decided.
3. Whoever knows the number of a partner's report that is not filed yet sees its service, status and times alone.
4. Texts are redacted again. Of a service that needs an address, which may be a home, others than the partner who
   reported it see the block and no description and no photo, nor those of an update; so, too, where a post of the
   mention was deleted.
5. Names, handles, replies and attributes are never shown. A photo is shown once a person has approved the request.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, and_, case, col, exists, func, or_, select

from hark311.console.pages import https_only
from hark311.open311_server.callers import Caller
from hark311.open311_server.reading import ListAsked
from hark311.open311_server.wire import Json, moment, refused
from hark311.product import FindDetails
from models import (
    Conversation,
    Mention,
    MentionState,
    Need,
    PartnerReport,
    Post,
    RequestState,
    Service,
    ServiceRequest,
    StatusUpdate,
)
from models.open311 import open_or_closed
from responders.quoting import block_of

UNDECIDED = (RequestState.DRAFT, RequestState.IN_REVIEW)
HANDED_ON = (
    RequestState.APPROVED,
    RequestState.SUBMITTING,
    RequestState.TOKEN_PENDING,
    RequestState.UNCERTAIN,
    RequestState.SUBMITTED,
)
"""A person has approved it."""
BLOCK_DECIMALS = 3
"""Of degrees: about a hundred metres."""
_HANDLE = re.compile(r"(?<![\w@])@[\w.-]*\w")
_WAITS = "A person at the city has not decided about it yet."
_ON_ITS_WAY = "The city has approved it and passes it on."
_DECLINED = "The city looked at it and does not follow it up."

Head = aliased(ServiceRequest)


@dataclass(frozen=True, slots=True)
class Shown:
    """One request with what it is shown by. `facts`: the request that stands for it, itself unless it was joined.

    `lost_a_post`: something that its author wrote is deleted, and the request may repeat it.
    """

    request: ServiceRequest
    facts: ServiceRequest
    mention: Mention
    report: PartnerReport | None
    service: Service | None
    lost_a_post: bool = False

    @property
    def number(self) -> str:
        """What it is called here: our own reference, which never changes."""
        return self.report.reference if self.report else self.request.reference

    @property
    def filed(self) -> bool:
        return self.facts.state == RequestState.SUBMITTED

    @property
    def closed(self) -> bool:
        return self.request.state == RequestState.CANCELLED or (self.filed and self.facts.status == "closed")

    def is_own(self, caller: Caller) -> bool:
        return self.report is not None and self.report.partner_id == caller.partner_id

    def tells(self, caller: Caller) -> bool:
        """Whether its words and place may be seen, if only by the block."""
        return self.is_own(caller) or (self.request.state == RequestState.SUBMITTED and not self.lost_a_post)

    def hides_the_house(self, caller: Caller) -> bool:
        """Whether it may be about a home of which the caller has not told us themselves."""
        return (self.service is None or self.service.needs == Need.ADDRESS) and not self.is_own(caller)

    def tells_all(self, caller: Caller) -> bool:
        return self.tells(caller) and not self.hides_the_house(caller)


@dataclass(frozen=True, slots=True)
class Showing:
    """Finds requests and writes them down for whoever asks. `find_details` None: no free text is shown."""

    find_details: FindDetails | None
    zone: ZoneInfo

    def listed(self, session: Session, caller: Caller, asked: ListAsked) -> list[Json]:
        """GET requests: those with the asked numbers, else those that were asked for, newest first."""
        if asked.ids:
            found = _found(session, caller, _called(asked.ids), named=True)
            return [self.shape(one, caller) for one in found]
        wanted: list[ColumnElement[bool]] = [col(Mention.received_at).between(asked.start, asked.end)]
        if asked.codes:
            wanted.append(col(ServiceRequest.service_code).in_(asked.codes))
        if asked.statuses:
            wanted.append(_STATUS.in_(asked.statuses))
        found = _found(session, caller, *wanted, page=asked.page, page_size=asked.page_size)
        return [self.shape(one, caller) for one in found]

    def one(self, session: Session, caller: Caller, number: str) -> Shown:
        """The request with this number, ours or the city's. Raises Refused: 404."""
        found = _found(session, caller, _called([number]), named=True)
        if not found:
            raise refused(404, "service_request_id was not found")
        return found[0]

    def shape(self, shown: Shown, caller: Caller) -> Json:
        """A request as GeoReport has it, with as much as the caller may see."""
        request, facts = shown.request, shown.facts
        told, block, all_told = shown.tells(caller), shown.hides_the_house(caller), shown.tells_all(caller)
        where = self._public(request.address_string) if told else ""
        photo = all_told and request.state in HANDED_ON
        return {
            "service_request_id": shown.number,
            "status": "closed" if shown.closed else "open",
            "status_notes": self._notes(shown) or None,
            "service_name": shown.service.service_name if shown.service else None,
            "service_code": request.service_code or "",
            "description": (self._public(request.description) if all_told else "") or None,
            "agency_responsible": (facts.agency_responsible if shown.filed else "") or None,
            "service_notice": (self._public(facts.service_notice) if shown.filed else "") or None,
            "requested_datetime": moment(shown.mention.received_at, self.zone),
            "updated_datetime": moment((shown.filed and facts.updated_datetime) or request.changed_at, self.zone),
            "expected_datetime": moment(facts.promised_datetime if shown.filed else None, self.zone),
            "address": (block_of(where) if block else where) or None,
            "address_id": None,
            "zipcode": None,
            "lat": _degrees(request.lat if told else None, block=block),
            "long": _degrees(request.long if told else None, block=block),
            "media_url": (https_only(request.media_url) or None) if photo and request.with_photo else None,
        }

    def updates(self, session: Session, caller: Caller, asked: ListAsked) -> list[Json]:
        """GET servicerequestupdates: what was said of requests that are shown, oldest first."""
        query = (
            select(StatusUpdate, ServiceRequest.id)
            .join(
                ServiceRequest,
                col(StatusUpdate.request_id)
                == case(
                    (col(ServiceRequest.state) == RequestState.JOINED, col(ServiceRequest.joined_to_id)),
                    else_=col(ServiceRequest.id),
                ),
            )
            .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
            .outerjoin(PartnerReport, _REPORTED)
            .where(*_seen_by(caller), col(StatusUpdate.happened_at).between(asked.start, asked.end))
        )
        if asked.ids:
            query = query.where(_called(asked.ids))
        query = query.order_by(col(StatusUpdate.happened_at), col(StatusUpdate.id))
        rows = session.exec(query.limit(asked.page_size).offset((asked.page - 1) * asked.page_size)).all()
        about = _found(session, caller, col(ServiceRequest.id).in_({request_id for _, request_id in rows}))
        shown = {one.request.id: one for one in about}
        return [self._update(update, shown[number], caller) for update, number in rows if number in shown]

    def _update(self, update: StatusUpdate, shown: Shown, caller: Caller) -> Json:
        told = shown.tells_all(caller)
        return {
            "update_id": str(update.id),
            "service_request_id": shown.number,
            "status": (open_or_closed(update.status) or "open").upper(),
            "updated_datetime": moment(update.happened_at, self.zone),
            "description": self._public(update.status_notes) if told else "",
            "media_url": https_only(update.media_url) if told else "",
        }

    def _notes(self, shown: Shown) -> str:
        if shown.filed:
            return self._public(shown.facts.status_notes)
        if shown.request.state == RequestState.CANCELLED:
            return _DECLINED
        return _ON_ITS_WAY if shown.request.state in HANDED_ON else _WAITS

    def _public(self, text: str) -> str:
        """A text without private details and handles. What comes to light beside a removed detail goes as well."""
        if self.find_details is None:
            return ""
        while details := self.find_details(text):
            for one in reversed(details):
                text = text[: one.start] + one.instead + text[one.end :]
        return _HANDLE.sub("[account]", text)


_REPORTED = and_(PartnerReport.mention_id == ServiceRequest.mention_id, ServiceRequest.part == 1)
_STATUS: ColumnElement[str] = case(
    (col(ServiceRequest.state) == RequestState.CANCELLED, "closed"),
    (func.coalesce(col(Head.status), col(ServiceRequest.status), "") == "closed", "closed"),
    else_="open",
)


def _found(
    session: Session,
    caller: Caller,
    *wanted: ColumnElement[bool],
    named: bool = False,
    page: int = 1,
    page_size: int = 1000,
) -> list[Shown]:
    """The requests a caller may see, newest first. named: the caller knows the number, which may open more (rule 3)."""
    query = (
        select(ServiceRequest, Mention, PartnerReport, Service)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .outerjoin(PartnerReport, _REPORTED)
        .outerjoin(Service, col(Service.service_code) == ServiceRequest.service_code)
        .outerjoin(Head, and_(col(Head.id) == ServiceRequest.joined_to_id, ServiceRequest.state == RequestState.JOINED))
        .where(*_seen_by(caller, named=named), *wanted)
        .order_by(col(Mention.received_at).desc(), col(ServiceRequest.id).desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    rows = cast(
        "Sequence[tuple[ServiceRequest, Mention, PartnerReport | None, Service | None]]", session.exec(query).all()
    )
    heads, lost = _heads(session, [one[0] for one in rows]), _lost_a_post(session, [one[1] for one in rows])
    return [
        Shown(request, heads.get(request.joined_to_id or 0, request), mention, report, service, mention.id in lost)
        for request, mention, report, service in rows
    ]


def _heads(session: Session, requests: Sequence[ServiceRequest]) -> dict[int, ServiceRequest]:
    ids = {one.joined_to_id for one in requests if one.state == RequestState.JOINED and one.joined_to_id}
    found = session.exec(select(ServiceRequest).where(col(ServiceRequest.id).in_(ids))).all() if ids else ()
    return {one.id or 0: one for one in found}


def _seen_by(caller: Caller, *, named: bool = False) -> list[ColumnElement[bool]]:
    """Rules 1 to 3, said to the database."""
    private = (
        select(Post.id)
        .join(Conversation, col(Conversation.id) == Post.conversation_id)
        .where(Post.mention_id == Mention.id, col(Conversation.private).is_(True))
    )
    room = select(Conversation.private).where(Conversation.id == Mention.conversation_id).scalar_subquery()
    again = aliased(ServiceRequest)
    newest = (
        select(func.max(again.id))
        .where(again.mention_id == Mention.id, again.part == 1)
        .correlate(Mention)
        .scalar_subquery()
    )
    theirs = and_(
        col(PartnerReport.id).is_not(None),
        ServiceRequest.id == newest,
        or_(col(PartnerReport.token).is_(None), col(ServiceRequest.state).not_in(UNDECIDED)),
    )
    ways = [and_(PartnerReport.partner_id == caller.partner_id, theirs)]
    if caller.reads_all:
        own = or_(col(ServiceRequest.reopens_id).is_(None), col(ServiceRequest.service_request_id).is_not(None))
        said_on = col(ServiceRequest.answers_city)  # an answer told under the old number is no request of its own
        ways.append(and_(ServiceRequest.state == RequestState.SUBMITTED, own, said_on.is_(False)))
        ways += [theirs] if named else []
    return [
        col(Mention.state) != MentionState.WITHDRAWN,
        room.is_(False),
        ~exists(private.correlate(Mention)),
        or_(*ways),
    ]


def _called(numbers: Iterable[str]) -> ColumnElement[bool]:
    """Requests by their number, ours or the city's, as it is written: leading zeros count."""
    names = list(numbers)
    return or_(
        col(PartnerReport.reference).in_(names),
        and_(
            or_(col(ServiceRequest.reference).in_(names), col(ServiceRequest.service_request_id).in_(names)),
            col(ServiceRequest.state) != RequestState.CANCELLED,
        ),
    )


def _lost_a_post(session: Session, mentions: Iterable[Mention]) -> set[int | None]:
    """Those of some mentions of which a post was deleted."""
    ids = {one.id for one in mentions}
    gone = select(Post.mention_id).where(col(Post.mention_id).in_(ids), col(Post.deleted_at).is_not(None))
    return set(session.exec(gone.distinct()).all())


def _degrees(value: float | None, *, block: bool) -> float | None:
    return round(value, BLOCK_DECIMALS if block else 6) if value is not None else None
