"""A person says where it is: one of the places we found, or none of them. Both drafts, request and reply, follow."""

from sqlmodel import Session, col, select

from models import (
    Candidate,
    LabelSource,
    LabelTask,
    Mention,
    Need,
    Service,
    StaffUser,
    Understanding,
    record,
)
from models.labels import placed
from models.sorting import sort_mention
from responders.claims import open_request, require_claim
from responders.drafting import Missing
from responders.edits import filed_request, keep_edits
from responders.labelling import Lesson
from responders.objections import Decided, RequestFields
from responders.review import Desk, NotApproved, NotFound
from responders.suggesting import Drafter

_OF_THE_PLACE = frozenset({Missing.PLACE, Missing.WHICH_PLACE, Missing.CROSS_STREET, Missing.HOUSE_NUMBER})
_ONE_SPOT = frozenset({"address", "block", "intersection", "landmark", "stop"})
_WIDE = frozenset({"street", "area"})
"""Kinds of place whose point is but their middle."""


def choose_place(desk: Desk, mention_id: int, staff_id: int, understanding_id: int, index: int) -> bool:
    """Take candidate `index` (from 0) of the understanding that was on the page. True: the reply was drafted anew.

    Raises NotYours or NotApproved.
    """
    with desk.database.write() as session:
        mention = _held(desk, session, mention_id, staff_id)
        newest = session.exec(
            select(Understanding).where(Understanding.mention_id == mention_id).order_by(col(Understanding.id).desc())
        ).first()
        found = newest.candidates() if newest and newest.id == understanding_id else []
        if not 0 <= index < len(found):
            raise NotApproved(["The places were worked out anew meanwhile. Look at them again, then choose."])
        _learn(desk, session, mention, staff_id, found[index])
        return _keep(desk, session, mention, staff_id, found[index], f"place {index + 1} of {len(found)} chosen")


def choose_point(desk: Desk, mention_id: int, staff_id: int, place: Candidate) -> bool:
    """Take a point a person chose on the map, as the gazetteer reads it. True: the reply was drafted anew.

    Raises NotYours or NotApproved.
    """
    if place.lat is None or place.lon is None:
        raise NotApproved(["A point needs both latitude and longitude."])
    with desk.database.write() as session:
        mention = _held(desk, session, mention_id, staff_id)
        _learn(desk, session, mention, staff_id, place)
        return _keep(desk, session, mention, staff_id, place, "a point on the map chosen")


def clear_place(desk: Desk, mention_id: int, staff_id: int) -> bool:
    """Take the place out of the request. True: the reply was drafted anew. Raises NotYours or NotApproved."""
    with desk.database.write() as session:
        mention = _held(desk, session, mention_id, staff_id)
        _learn(desk, session, mention, staff_id, None)
        return _keep(desk, session, mention, staff_id, None, "place cleared")


def confirm_place(desk: Desk, mention_id: int, staff_id: int) -> bool:
    """A person says that the place in the request is right. True: the reply was drafted anew.

    Where the request has none yet, the best place we found is taken. Raises NotYours or NotApproved.
    """
    with desk.database.write() as session:
        mention = _held(desk, session, mention_id, staff_id)
        request, best = open_request(session, mention), next(iter(_found(session, mention)), None)
        if request is not None and (request.address_string or request.lat is not None):
            kept = Candidate(kind="pin", name=request.address_string, lat=request.lat, lon=request.long)
            _learn(desk, session, mention, staff_id, kept, confirmed=True)
            return False
        if best is None:
            raise NotApproved(["No place was found, so there is none to accept. Choose a point on the map, or ask."])
        _learn(desk, session, mention, staff_id, best)
        return _keep(desk, session, mention, staff_id, best, "the best place accepted")


def _found(session: Session, mention: Mention) -> list[Candidate]:
    newest = session.exec(
        select(Understanding).where(Understanding.mention_id == mention.id).order_by(col(Understanding.id).desc())
    ).first()
    return newest.candidates() if newest else []


def _learn(
    desk: Desk,
    session: Session,
    mention: Mention,
    staff_id: int,
    place: Candidate | None,
    *,
    confirmed: bool = False,
) -> None:
    """Write down what a person said about the place, beside the best one that we had found."""
    best = next(iter(_found(session, mention)), None)
    suggested = placed(best.name, best.lat, best.lon) if best else ""
    value = placed(place.name, place.lat, place.lon) if place else ""
    right = confirmed or value == suggested
    source = LabelSource.REJECTED if place is None else LabelSource.CONFIRMED if right else LabelSource.CORRECTED
    staff = session.get_one(StaffUser, staff_id)
    lesson = Lesson(session, mention, staff, None, desk.category_of, desk.clock())
    lesson.write(LabelTask.PLACE, value, source, suggested, best.score if best else 0.0)


def _held(desk: Desk, session: Session, mention_id: int, staff_id: int) -> Mention:
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention is None:
        raise NotFound(f"There is no mention {mention_id}.")
    require_claim(session, mention, session.get_one(StaffUser, staff_id), desk.clock())
    if filed_request(session, mention):
        raise NotApproved(["The city has this request already, so its place cannot be changed from here."])
    return mention


def _keep(desk: Desk, session: Session, mention: Mention, staff_id: int, place: Candidate | None, why: str) -> bool:
    drafted = open_request(session, mention)
    fields = RequestFields(
        service_code=drafted.service_code if drafted else None,
        description=drafted.description if drafted else "",
        address_string=place.name if place else "",
        lat=place.lat if place else None,
        long=place.lon if place else None,
        with_photo=drafted.with_photo if drafted else True,
    )
    now = desk.clock()
    keep_edits(session, mention, Decided(mention.version, None, None, "", fields), staff_id, now)
    request = open_request(session, mention)
    if request is None:
        raise NotFound(f"There is no request for mention {mention.id}.")
    lack = _lacking(_need(session, request.service_code), place)
    request.missing = [one for one in request.missing if one not in _OF_THE_PLACE] + ([lack.value] if lack else [])
    session.add(request)
    sort_mention(session, mention)
    record(session, "ServiceRequest", request.id or 0, f"staff:{staff_id}", why, now)
    drafter = Drafter(desk.length_of, desk.find_private, speaking=desk.speaking)
    return drafter.draft_anew(session, mention, now)


def _need(session: Session, service_code: str | None) -> Need:
    service = session.get(Service, service_code) if service_code else None
    return service.needs if service else Need.POINT


def _lacking(need: Need, place: Candidate | None) -> Missing | None:
    """What a crew still lacks of the place once a person has chosen; the classifier drafts by the same rule."""
    if need is Need.NOTHING:
        return None
    if place is None:
        return Missing.PLACE
    if place.kind not in _ONE_SPOT and (place.lat is None or place.kind in _WIDE):
        return Missing.CROSS_STREET if place.kind == "street" else Missing.PLACE
    return Missing.HOUSE_NUMBER if need is Need.ADDRESS and place.kind != "address" else None
