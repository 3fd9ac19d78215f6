"""One action freezes everything that was approved and has not left; a supervisor thaws it, one by one or at once.

The outbox, the submission and the standing approvals ask for it in the moment they claim something
(models.freezes); nothing is cancelled and nothing is lost.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select, update

from models import (
    Account,
    Freeze,
    Mention,
    Power,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    freezes_in_force,
    record,
)
from models.freezes import FROZEN, freeze_over, newest_freeze_id, not_frozen, said_of_freeze
from responders.deciding import LONGEST_REASON, NotApproved, NotFound

SHOWN = 200
ANSWER_FIRST = timedelta(seconds=60)
"""A thawed reply gives its request so much time to bring the city's number; the number wakes it earlier."""


def freeze(session: Session, staff: StaffUser | None, why: str, account_id: int | None, now: datetime) -> Freeze:
    """Stop everything, on all accounts or on one. `staff`: None is the operator. Raises NotApproved, NotFound."""
    if staff is not None and not staff.may(Power.APPROVE):
        raise NotApproved(["An approver freezes. Ask one of them, at once."])
    if account_id is not None and session.get(Account, account_id) is None:
        raise NotFound("There is no such account.")
    if len(why) > LONGEST_REASON:
        raise NotApproved([f"The reason has {len(why)} characters; {LONGEST_REASON} are enough. Shorten it."])
    pressed = Freeze(account_id=account_id, why=why.strip(), frozen_by=staff.id if staff else None, frozen_at=now)
    session.add(pressed)
    session.flush()
    scope = f"account {account_id}" if account_id is not None else "all accounts"
    record(session, "Freeze", pressed.id or 0, _by(staff), f"froze {scope}", now)
    waiting = (col(Reply.state) == ReplyState.APPROVED, col(Reply.held_because) == "")
    ours = [col(Reply.account_id) == account_id] if account_id is not None else []
    session.exec(update(Reply).where(*waiting, *ours).values(held_because=said_of_freeze(session, pressed)))
    return pressed


def thaw(session: Session, staff: StaffUser | None, freeze_id: int | None, now: datetime) -> int:
    """End one freeze, or all of them; returns how many. What waited leaves as if its time came now."""
    _require_supervisor(staff)
    ended = [one for one in freezes_in_force(session) if freeze_id in (None, one.id)]
    for one in ended:
        one.thawed_by, one.thawed_at = staff.id if staff else None, now
        session.add(one)
        record(session, "Freeze", one.id or 0, _by(staff), "thawed", now)
    session.flush()
    free = (Reply.state == ReplyState.APPROVED, not_frozen(Reply.account_id, Reply.released_freeze_id))
    for reply in session.exec(select(Reply).where(*free, col(Reply.held_because).startswith(FROZEN))).all():
        _wake(session, reply, now)
    return len(ended)


def let_through(session: Session, staff: StaffUser | None, reply_id: int, now: datetime) -> Reply:
    """Let one reply leave, with the requests of its mention, though it is frozen. Raises NotApproved, NotFound."""
    _require_supervisor(staff)
    reply = session.get(Reply, reply_id, with_for_update=True)
    if reply is None:
        raise NotFound(f"There is no reply {reply_id}.")
    if reply.state != ReplyState.APPROVED or not freeze_over(session, reply.account_id, reply.released_freeze_id):
        raise NotApproved(["Nothing is frozen here any more."])
    newest = reply.released_freeze_id = newest_freeze_id(session)
    session.exec(
        update(ServiceRequest)
        .where(col(ServiceRequest.mention_id) == reply.mention_id, col(ServiceRequest.state) == RequestState.APPROVED)
        .values(released_freeze_id=newest)
    )
    _wake(session, reply, now)
    record(session, "Reply", reply_id, _by(staff), "let through a freeze", now)
    return reply


def let_request_through(session: Session, staff: StaffUser | None, request_id: int, now: datetime) -> ServiceRequest:
    """Let one request be filed that no reply goes with, though it is frozen. Raises NotApproved, NotFound."""
    _require_supervisor(staff)
    request = session.get(ServiceRequest, request_id, with_for_update=True)
    if request is None:
        raise NotFound(f"There is no request {request_id}.")
    if request.state != RequestState.APPROVED:
        raise NotApproved(["Nothing is frozen here any more."])
    request.released_freeze_id = newest_freeze_id(session)
    session.add(request)
    record(session, "ServiceRequest", request_id, _by(staff), "let through a freeze", now)
    return request


def why_not_by_hand(session: Session, account_id: int) -> list[str]:
    """Why nothing may be posted by hand now; empty where nothing of this account is frozen."""
    frozen = freeze_over(session, account_id, None)
    return [f"{said_of_freeze(session, frozen)} Post nothing by hand until it is thawed."] if frozen else []


def held_replies(session: Session, limit: int = SHOWN) -> list[Reply]:
    """Approved replies that a freeze keeps from leaving, those that waited longest first."""
    frozen = select(Reply).where(
        Reply.state == ReplyState.APPROVED, ~not_frozen(Reply.account_id, Reply.released_freeze_id)
    )
    return list(session.exec(frozen.order_by(col(Reply.approved_at)).limit(limit)).all())


def held_requests(session: Session, limit: int = SHOWN) -> list[ServiceRequest]:
    """Approved requests that a freeze keeps from being filed, those that waited longest first."""
    frozen = (
        select(ServiceRequest)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            ServiceRequest.state == RequestState.APPROVED,
            ~not_frozen(Mention.account_id, ServiceRequest.released_freeze_id),
        )
    )
    return list(session.exec(frozen.order_by(col(ServiceRequest.approved_at)).limit(limit)).all())


def under_way(session: Session) -> int:
    """How many replies were claimed before a freeze and are being sent in this very moment."""
    return len(session.exec(select(Reply.id).where(Reply.state == ReplyState.SENDING)).all())


def _wake(session: Session, reply: Reply, now: datetime) -> None:
    waits = session.exec(
        select(ServiceRequest.id).where(
            or_(ServiceRequest.id == reply.request_id, ServiceRequest.mention_id == reply.mention_id),
            ServiceRequest.state == RequestState.APPROVED,
        )
    ).first()
    reply.held_because = ""
    if waits is not None:
        reply.not_before = now + ANSWER_FIRST
    session.add(reply)


def _require_supervisor(staff: StaffUser | None) -> None:
    if staff is not None and not staff.may(Power.SUPERVISE):
        raise NotApproved(["A supervisor thaws. What is frozen waits, and nothing of it is lost."])


def _by(staff: StaffUser | None) -> str:
    return f"staff:{staff.id}" if staff else "operator"
