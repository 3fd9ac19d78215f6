"""What a person does about a failed delivery: try again, say that it is there, take it up, or give it up.

A retry is named by what it will do. Where it would do something else by now, it is refused and the page is read again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, select

from models import (
    AttemptOutcome,
    Decision,
    DestinationKind,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    advance,
    record,
    scope_of,
)
from models.closing import close_if_settled
from responders.city_facts import copy_facts, taken_by, waiting_replies
from responders.claims import active_staff, claim, holder_name, require_scope
from responders.deciding import NotApproved, NotFound, locked_mention, note_decision
from responders.doubts import decide_uncertain_request
from responders.review import Desk
from responders.settling import give_back
from responders.several import SAID
from responders.tray import LISTED, NEVER_TWICE, Retry, Stuck, called, stuck, stuck_one

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,39}", re.ASCII)
ELSEWHERE = "It stands differently by now, so nothing was done. Read the list again."


@dataclass(slots=True)
class Redelivered:
    """What came of it: requests to file now, replies that are free to leave, and how many were left alone."""

    request_ids: list[int] = field(default_factory=list)
    reply_ids: list[int] = field(default_factory=list)
    done: int = 0
    left: int = 0


def retry(desk: Desk, request_id: int, staff_id: int, how: Retry) -> Redelivered:
    """Do what the button said. Raises NotApproved where it would do something else now, NotYours, NotFound."""
    with desk.database.write() as session:
        one, staff, now = _locked(session, request_id, staff_id, desk.clock())
        if how not in one.retries:
            raise NotApproved([ELSEWHERE])
        done = Redelivered()
        _retry(session, one, staff, how, now, done)
        return done


def retry_all(desk: Desk, destination_id: int | None, staff_id: int) -> Redelivered:
    """Retry everything of one destination by which nothing is filed twice. What may be is left to be looked at."""
    with desk.database.write() as session:
        staff, now, done = active_staff(session, staff_id), desk.clock(), Redelivered()
        for listed in stuck(session, now, scope_of(session, staff).where(), LISTED):
            if (listed.where.id if listed.where else None) != destination_id:
                continue
            request = session.get(ServiceRequest, listed.request.id, with_for_update=True, populate_existing=True)
            one = stuck_one(session, listed.request.id or 0, now) if request else None
            if one is None:
                continue
            how = one.retries[0] if one.retries else None
            if how is None:
                continue
            if how not in NEVER_TWICE or _held_by_another(one.mention, staff, now):
                done.left += 1
                continue
            _retry(session, one, staff, how, now, done)
        return done


def says_filed(desk: Desk, request_id: int, staff_id: int, number: str = "") -> Redelivered:
    """A person knows that it is there, by asking them. Raises NotApproved, NotYours, NotFound."""
    number = number.strip()
    with desk.database.write() as session:
        one, staff, now = _locked(session, request_id, staff_id, desk.clock())
        if one.request.state not in (RequestState.UNCERTAIN, RequestState.TOKEN_PENDING):
            raise NotApproved([ELSEWHERE])
        if number and not _NUMBER.fullmatch(number):
            raise NotApproved(["A number has letters, digits and . _ / # - only, at most 40 of them."])
        if not number and (one.where is None or one.where.kind == DestinationKind.OPEN311):
            raise NotApproved([f"Write the number under which {one.place} has it: its news are asked for by it."])
        request, attempt = one.request, one.attempt
        attempt.outcome, request.lease_until = AttemptOutcome.DONE, None
        request.service_request_id, request.requested_datetime = number or None, now
        copy_facts(request, taken_by(called(one.where) if one.where else ""), now)
        session.add(attempt)
        advance(session, request, RequestState.SUBMITTED, f"staff:{staff_id}", "a person says that it is there", now)
        note_decision(session, one.mention, staff, Decision.SAYS_FILED, now, request=request)
        close_if_settled(session, request.mention_id, now)
        return Redelivered(reply_ids=waiting_replies(session, request), done=1)


def take_up(desk: Desk, request_id: int, staff_id: int) -> int:
    """It comes back to the queue, claimed by this person; returns the mention's id. Raises NotApproved, NotYours."""
    with desk.database.write() as session:
        one, staff, now = _locked(session, request_id, staff_id, desk.clock())
        doubtful = one.request.state == RequestState.UNCERTAIN
        if not doubtful:
            _back_to_the_queue(session, one, staff, now)
            claim(session, locked_mention(session, one.request.mention_id), staff, now, desk.lease)
    if doubtful:
        decide_uncertain_request(desk, request_id, staff_id)
    return one.request.mention_id


def give_up(desk: Desk, request_id: int, staff_id: int, reason: str) -> None:
    """Nobody files it any more. Where a reply told of it or waits for it, the mention comes back to be told so.

    Raises NotApproved without a reason, NotYours, NotFound.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise NotApproved(["Say why it is given up: whoever asks later reads it."])
    with desk.database.write() as session:
        one, staff, now = _locked(session, request_id, staff_id, desk.clock())
        by, request, why = f"staff:{staff_id}", one.request, "a person gave it up"
        if request.state == RequestState.TOKEN_PENDING:
            advance(session, request, RequestState.REFUSED, by, why, now)
        if request.state != RequestState.APPROVED:
            advance(session, request, RequestState.IN_REVIEW, by, why, now)
        request.lease_until = request.not_before = None
        advance(session, request, RequestState.CANCELLED, by, why, now)
        note_decision(session, one.mention, staff, Decision.GIVEN_UP, now, reason=reason[:500], request=request)
        session.flush()
        if _told_or_waiting(session, one.mention):
            give_back(session, request.mention_id, "its request was given up", now)
        else:
            close_if_settled(session, request.mention_id, now, by)


def _locked(session: Session, request_id: int, staff_id: int, now: datetime) -> tuple[Stuck, StaffUser, datetime]:
    staff = active_staff(session, staff_id)
    request = session.get(ServiceRequest, request_id, with_for_update=True)
    if request is None:
        raise NotFound(f"There is no request {request_id}.")
    mention = locked_mention(session, request.mention_id)
    require_scope(session, mention, staff)
    one = stuck_one(session, request_id, now)
    if one is None:
        raise NotApproved(["It is in no trouble any more, so nothing was done."])
    if _held_by_another(mention, staff, now):
        raise NotApproved([f"{holder_name(session, mention)} is working on it."])
    return one, staff, now


def _held_by_another(mention: Mention, staff: StaffUser, now: datetime) -> bool:
    held = mention.state == MentionState.IN_REVIEW and mention.claimed_until is not None and mention.claimed_until > now
    return held and mention.claimed_by != staff.id


def _retry(session: Session, one: Stuck, staff: StaffUser, how: Retry, now: datetime, done: Redelivered) -> None:
    request, attempt, by = one.request, one.attempt, f"staff:{staff.id}"
    match how:
        case Retry.ASK:
            attempt.looks = 0
            session.add(attempt)
            record(session, "ServiceRequest", request.id or 0, by, "proof is looked for again", now)
        case Retry.ASK_TOKEN:
            request.checked_at = None  # those not asked for longest come first
            session.add(request)
            record(session, "ServiceRequest", request.id or 0, by, "its token is asked for again", now)
        case Retry.NOW | Retry.SAME_KEY:
            request.not_before = now
            session.add(request)
            record(session, "ServiceRequest", request.id or 0, by, "tried again at once", now)
        case Retry.AGAIN:
            advance(session, request, RequestState.IN_REVIEW, by, "filed again as it was approved", now)
        case Retry.UNLISTED | Retry.BLIND:
            pass
    if how in (Retry.AGAIN, Retry.UNLISTED, Retry.BLIND):
        request.not_before = now
        advance(session, request, RequestState.APPROVED, by, "a person has it filed again", now)
        note_decision(session, one.mention, staff, Decision.FILED_AGAIN, now, reason=how, request=request)
    if how not in (Retry.ASK, Retry.ASK_TOKEN):
        done.request_ids.append(request.id or 0)
    done.done += 1


def _back_to_the_queue(session: Session, one: Stuck, staff: StaffUser, now: datetime) -> None:
    if one.request.state == RequestState.TOKEN_PENDING:
        why = "no number came for its token"
        advance(session, one.request, RequestState.REFUSED, f"staff:{staff.id}", why, now)
    give_back(session, one.request.mention_id, "a person takes up its request", now)


def _told_or_waiting(session: Session, mention: Mention) -> bool:
    states: Sequence[ReplyState] = (*SAID, ReplyState.APPROVED)
    replies = session.exec(select(Reply).where(Reply.mention_id == mention.id)).all()
    return any(one.state in states and one.round == mention.round for one in replies)
