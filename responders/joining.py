"""Several reports of one problem become one request with followers. A person joins; nothing here decides by itself.

A joined request is never filed: its mention is answered with the number and the date of the head, the request it is
joined to, and each reply is approved by a person as any other. Joining changes no words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, and_, col, or_, select

from models import (
    Database,
    Mention,
    MentionState,
    NeighbourRelation,
    NeighbourSuggestion,
    NeighbourVerdict,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    advance,
    record,
    utc_now,
)
from models.joined import head_of
from models.neighbours import in_parts, unmark
from models.requests import new_reference
from responders.claims import NotYours, active_staff, holder_name, require_scope
from responders.settling import bring_back
from responders.suggesting import Drafter

__all__ = ["Joined", "Joiner", "NotJoined", "NotYours", "let_go_of_dead_heads"]

BY = "joining"
JOINABLE = (RequestState.DRAFT, RequestState.IN_REVIEW)
WORDED = (MentionState.DRAFTED, MentionState.IN_REVIEW)
NO_HEAD = (RequestState.CANCELLED, RequestState.REFUSED)
"""Nothing new is joined to these; what follows a refused one already stays, for somebody mends it."""
ON_ITS_WAY = (ReplyState.SENDING, ReplyState.UNCERTAIN, ReplyState.HANDED_OVER)
WORDS = {NeighbourRelation.SAME: "the same problem", NeighbourRelation.RELATED: "related"}


class NotJoined(Exception):
    """It cannot be joined or parted; the text is for the person at the desk."""


@dataclass(slots=True)
class Joined:
    """What a joining in bulk did: the mentions that follow now, and for each other one why it does not."""

    head_id: int
    mention_ids: list[int] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Joiner:
    """What the people at the desk do about neighbours. Every method is one short transaction."""

    database: Database
    clock: Callable[[], datetime] = utc_now
    drafter: Drafter | None = None
    """Writes the follower's own reply anew, with the number of its head; None: the drafts stay as they are."""

    def join(self, mention_id: int, request_id: int, staff_id: int) -> int:
        """Let a mention's request follow another; returns the id of the head. Raises NotJoined or NotYours."""
        with self.database.write() as session:
            staff, now = active_staff(session, staff_id), self.clock()
            head = _living_head(session, request_id, [mention_id])
            mention = _mention(session, mention_id)
            _join_one(session, mention, head, staff, now)
            self._word(session, [mention], now)
            return head.id or 0

    def join_all(self, mention_ids: Sequence[int], request_id: int, staff_id: int) -> Joined:
        """Join many at once, a storm of posts about one problem. What cannot be joined is left, with the reason."""
        with self.database.write() as session:
            staff, now = active_staff(session, staff_id), self.clock()
            head = _living_head(session, request_id, mention_ids)
            done, joined = Joined(head.id or 0), list[Mention]()
            for mention_id in sorted(set(mention_ids) - {head.mention_id}):
                try:
                    mention = _mention(session, mention_id)
                    _join_one(session, mention, head, staff, now)
                    joined.append(mention)
                    done.mention_ids.append(mention_id)
                except (NotJoined, NotYours) as error:
                    done.left[mention_id] = str(error)
            self._word(session, joined, now)
            return done

    def _word(self, session: Session, mentions: Sequence[Mention], now: datetime) -> None:
        """Each author gets a reply of their own, with the number of the head."""
        waiting = [mention for mention in mentions if mention.state in WORDED]
        if self.drafter is not None and waiting:
            session.flush()
            self.drafter.draft_all_anew(session, waiting, now, "it was joined to another request")

    def part(self, mention_id: int, staff_id: int) -> None:
        """Un-join: the mention needs a decision of its own again. Raises NotJoined or NotYours."""
        with self.database.write() as session:
            staff, now, mention = active_staff(session, staff_id), self.clock(), _mention(session, mention_id)
            _require_free(session, mention, staff, now)
            request = _joined_request(session, mention)
            if request is None:
                raise NotJoined("It is not joined to another request.")
            _part_one(session, mention, request, f"staff:{staff_id}", "un-joined by a person", now)

    def say(self, mention_id: int, request_id: int, relation: NeighbourRelation, staff_id: int) -> None:
        """Keep what a person says about two reports that stay apart: related, or different."""
        with self.database.write() as session:
            staff, now, mention = active_staff(session, staff_id), self.clock(), _mention(session, mention_id)
            require_scope(session, mention, staff)
            request = session.get(ServiceRequest, request_id)
            if request is None or request.mention_id == mention.id:
                raise NotJoined("There is no such request to compare it with.")
            _learn(session, mention, request, relation, staff, now)
            why = f"a person says: {WORDS.get(relation, 'a different problem')} (request {request.id})"
            record(session, "Mention", mention_id, f"staff:{staff_id}", why, now)


def let_go_of_dead_heads(session: Session, now: datetime, limit: int = 100) -> list[int]:
    """Part what is joined to a request that was cancelled, or refused with its post deleted; returns the mentions.

    They come back to the queue for a new decision: what is said about them until then, nobody has approved.
    """
    nobody_mends_it = and_(ServiceRequest.state == RequestState.REFUSED, Mention.state == MentionState.WITHDRAWN)
    head = (
        select(ServiceRequest.id)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(or_(ServiceRequest.state == RequestState.CANCELLED, nobody_mends_it))
    )
    leaving = select(Reply.mention_id).where(col(Reply.state).in_(ON_ITS_WAY), col(Reply.mention_id).is_not(None))
    orphans = session.exec(
        select(ServiceRequest)
        .where(ServiceRequest.state == RequestState.JOINED, col(ServiceRequest.joined_to_id).in_(head))
        .where(col(ServiceRequest.mention_id).not_in(leaving))
        .order_by(col(ServiceRequest.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    parted = []
    for request in orphans:
        mention = session.get_one(Mention, request.mention_id)
        if not _on_its_way(session, mention):
            why = "the request it was joined to came to nothing: decide anew"
            _part_one(session, mention, request, BY, why, now)
            parted.append(mention.id or 0)
    return parted


def _living_head(session: Session, request_id: int, mention_ids: Sequence[int]) -> ServiceRequest:
    """The head that these mentions are to follow, locked together with what they bring.

    All of it is locked in one order, so that of two people who join two reports to each other at the same moment one
    waits, and then hears that it is done.
    """
    request = session.get(ServiceRequest, request_id)
    if request is None:
        raise NotJoined("There is no such request.")
    head = head_of(session, request)
    for ids in in_parts(sorted({*mention_ids, head.mention_id})):
        session.exec(select(Mention.id).where(col(Mention.id).in_(ids)).order_by(col(Mention.id)).with_for_update())
    head = _locked(session, head_of(session, _locked(session, request)))
    while (above := head_of(session, head)).id != head.id:  # somebody joined it while we waited for the lock
        head = _locked(session, above)
    if head.state in NO_HEAD:
        raise NotJoined(f"{head.service_request_id or head.reference} was {head.state}: nothing can be joined to it.")
    if head.status == "closed":
        raise NotJoined(f"The city has closed {head.service_request_id}: nothing can be joined to it any more.")
    return head


def _locked(session: Session, request: ServiceRequest) -> ServiceRequest:
    return session.get_one(ServiceRequest, request.id, with_for_update=True, populate_existing=True)


def _join_one(session: Session, mention: Mention, head: ServiceRequest, staff: StaffUser, now: datetime) -> None:
    _require_free(session, mention, staff, now)
    if head.mention_id == mention.id:
        raise NotJoined("A request cannot be joined to itself, or to one that follows it.")
    request = _joined_request(session, mention)
    if request is not None and request.joined_to_id == head.id:
        return
    if request is not None:
        raise NotJoined("It is joined to another request already: un-join it first.")
    request = _own_request(session, mention, now)
    by, number = f"staff:{staff.id}", head.service_request_id or head.reference
    request.joined_to_id = head.id
    advance(session, request, RequestState.JOINED, by, f"joined to {number}", now)
    for follower in session.exec(select(ServiceRequest).where(ServiceRequest.joined_to_id == request.id)).all():
        follower.joined_to_id = head.id
        session.add(follower)
        record(session, "ServiceRequest", follower.id or 0, by, f"follows {number} with the one it was joined to", now)
    unmark(session, [request.id or 0])
    _learn(session, mention, head, NeighbourRelation.SAME, staff, now)


def _require_free(session: Session, mention: Mention, staff: StaffUser, now: datetime) -> None:
    """Raises NotYours while somebody else works on it or where it is out of reach, NotJoined where it is gone."""
    require_scope(session, mention, staff)
    if mention.state == MentionState.WITHDRAWN:
        raise NotJoined("Its author deleted the post.")
    held = mention.claimed_until is not None and mention.claimed_until > now
    if mention.state == MentionState.IN_REVIEW and held and mention.claimed_by != staff.id:
        raise NotYours(f"{holder_name(session, mention)} is working on it.")


def _own_request(session: Session, mention: Mention, now: datetime) -> ServiceRequest:
    """The request of a mention that can be joined; a new one where it has none."""
    if mention.state not in (MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW):
        raise NotJoined(f"It is {mention.state.replace('_', ' ')} already: open it again to join it.")
    standing = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id,
            ServiceRequest.part == 1,
            ServiceRequest.state != RequestState.CANCELLED,
        )
    ).first()
    if standing is None:
        standing = ServiceRequest(mention_id=mention.id or 0, reference=new_reference(), changed_at=now)
        session.add(standing)
        session.flush()
    if standing.state not in JOINABLE:
        raise NotJoined(f"Its own request is {standing.state.replace('_', ' ')} already and cannot be joined.")
    return standing


def _joined_request(session: Session, mention: Mention) -> ServiceRequest | None:
    return session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id, ServiceRequest.state == RequestState.JOINED
        )
    ).first()


def _part_one(session: Session, mention: Mention, request: ServiceRequest, by: str, why: str, now: datetime) -> None:
    if _on_its_way(session, mention):
        raise NotJoined("Its reply is on its way just now. Wait for it, then un-join.")
    request.joined_to_id = None
    advance(session, request, RequestState.DRAFT, by, why, now)
    bring_back(session, mention, by, why, now)
    mention.needs_understanding = True  # and with it, what it is a neighbour of
    if mention.state == MentionState.IN_REVIEW:
        advance(session, request, RequestState.IN_REVIEW, by, "its mention is being worked on", now)


def _on_its_way(session: Session, mention: Mention) -> bool:
    return (
        session.exec(
            select(Reply.id).where(Reply.mention_id == mention.id, col(Reply.state).in_(ON_ITS_WAY)).limit(1)
        ).first()
        is not None
    )


def _learn(
    session: Session,
    mention: Mention,
    request: ServiceRequest,
    relation: NeighbourRelation,
    staff: StaffUser,
    now: datetime,
) -> None:
    """The newest word of a person about a pair, beside what we had suggested (training data, unless from X)."""
    suggestion = session.exec(
        select(NeighbourSuggestion).where(
            NeighbourSuggestion.mention_id == mention.id, NeighbourSuggestion.request_id == request.id
        )
    ).first()
    verdict = session.exec(
        select(NeighbourVerdict).where(
            NeighbourVerdict.mention_id == mention.id, NeighbourVerdict.request_id == request.id
        )
    ).first() or NeighbourVerdict(
        mention_id=mention.id or 0, request_id=request.id or 0, relation=relation, staff_id=staff.id or 0, at=now
    )
    verdict.relation, verdict.staff_id, verdict.at = relation, staff.id or 0, now
    if suggestion is not None:
        verdict.suggested, verdict.score = suggestion.relation, suggestion.score
    session.add(verdict)


def _mention(session: Session, mention_id: int) -> Mention:
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention is None:
        raise NotJoined(f"There is no mention {mention_id}.")
    return mention
