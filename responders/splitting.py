"""A person splits a post that tells of several problems: another request beside the first, until it is filed.

They are approved together and told in one reply (`responders.several`). The first request is never split away.
"""

from sqlmodel import Session, col, func, select

from models import (
    Mention,
    Power,
    Problem,
    RequestState,
    Service,
    ServiceRequest,
    StaffUser,
    Understanding,
    advance,
    record,
)
from models.requests import new_reference
from models.threads import posts_of
from responders.claims import active_staff, open_request, require_claim
from responders.drafting import Missing
from responders.review import Desk, NotApproved, NotFound
from responders.several import added_requests

MOST_ADDED = 4
"""More problems in one post than five are a list that a person takes up by telephone."""


def add_request(desk: Desk, mention_id: int, staff_id: int, problem: int | None = None) -> int:
    """Add a request beside the first; returns its id. Raises NotYours or NotApproved.

    `problem`: index of the one to begin with among the problems that the newest reading tells of; None: an empty one.
    """
    with desk.database.write() as session:
        mention, now = _held(desk, session, mention_id, staff_id), desk.clock()
        if len(added_requests(session, mention)) >= MOST_ADDED:
            raise NotApproved([f"One post makes at most {MOST_ADDED + 1} requests. File these, then open it again."])
        highest = session.exec(
            select(func.max(ServiceRequest.part)).where(ServiceRequest.mention_id == mention_id)
        ).one()
        request = ServiceRequest(
            mention_id=mention_id,
            part=max(1, highest or 1) + 1,
            reference=new_reference(),
            state=RequestState.IN_REVIEW,
            changed_at=now,
        )
        _begin(session, mention, request, problem)
        session.add(request)
        session.flush()
        record(session, "ServiceRequest", request.id or 0, f"staff:{staff_id}", "split off: another problem", now)
        return request.id or 0


def take_away(desk: Desk, mention_id: int, staff_id: int, request_id: int) -> None:
    """Put an added request back: the post has one problem fewer. Raises NotYours or NotApproved once it is filed."""
    with desk.database.write() as session:
        mention = _held(desk, session, mention_id, staff_id)
        request = next((one for one in added_requests(session, mention) if one.id == request_id), None)
        if request is None:
            raise NotApproved(["It is no request that was added here, or it is approved already."])
        why = "put back: not split after all"
        advance(session, request, RequestState.CANCELLED, f"staff:{staff_id}", why, desk.clock())


def told_problems(session: Session, mention: Mention) -> list[Problem]:
    """The problems that the newest reading tells of, where they are several."""
    newest = session.exec(
        select(Understanding).where(Understanding.mention_id == mention.id).order_by(col(Understanding.id).desc())
    ).first()
    return newest.problems_told() if newest and newest.mention_version == mention.version else []


def _begin(session: Session, mention: Mention, request: ServiceRequest, problem: int | None) -> None:
    """What the new request begins with: the service and words of a problem, and the place of the first request."""
    first, told = open_request(session, mention), told_problems(session, mention)
    missing = [Missing.SERVICE.value]
    if problem is not None and 0 <= problem < len(told):
        found = told[problem]
        words = {post.id: post.text for post in posts_of(session, mention.id or 0)}.get(found.post_id, "")
        request.description = " ".join(words[found.start : found.end].split())
        if session.get(Service, found.service_code):
            request.service_code, missing = found.service_code, []
    if first is not None:
        request.address_string, request.lat, request.long = first.address_string, first.lat, first.long
    request.missing = missing


def _held(desk: Desk, session: Session, mention_id: int, staff_id: int) -> Mention:
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention is None:
        raise NotFound(f"There is no mention {mention_id}.")
    staff: StaffUser = active_staff(session, staff_id, Power.DRAFT)
    require_claim(session, mention, staff, desk.clock())
    return mention
