"""What lies around a point: open requests near by, and how far repeats of a service are looked for."""

from sqlmodel import Session, col, or_, select

from classifier.neighbours.keys import squares_around
from classifier.places.spots import metres
from hark311.console.map_drawing import Mark
from hark311.console.service_reach import Figures
from models import NeighbourKey, NeighbourMark, RequestState, Service, ServiceReach, ServiceRequest
from models.neighbours import in_parts

LOOKED_M = 400.0
MOST_SHOWN = 40
MOST_LOOKED_AT = 300
"""In a storm thousands stand in one square; the newest of them are enough for a picture."""
GONE = (RequestState.CANCELLED, RequestState.REFUSED, RequestState.JOINED)


def open_nearby(session: Session, point: tuple[float, float], mention_id: int) -> list[Mark]:
    """Open requests around a point, the nearest first of the newest; not this mention's own."""
    keys = squares_around(*point, LOOKED_M)
    newest = select(NeighbourKey.request_id).where(col(NeighbourKey.key).in_(keys))
    ids = set(session.exec(newest.order_by(col(NeighbourKey.request_id).desc()).limit(MOST_LOOKED_AT)).all())
    names = dict(session.exec(select(Service.service_code, Service.service_name)).all())
    found: list[tuple[float, Mark]] = []
    for part in in_parts(sorted(ids)):
        rows = session.exec(
            select(NeighbourMark, ServiceRequest)
            .join(ServiceRequest, col(ServiceRequest.id) == NeighbourMark.request_id)
            .where(
                col(NeighbourMark.request_id).in_(part),
                NeighbourMark.mention_id != mention_id,
                col(ServiceRequest.state).not_in(GONE),
                or_(col(ServiceRequest.status).is_(None), ServiceRequest.status != "closed"),
            )
        ).all()
        for mark, request in rows:
            if mark.lat is None or mark.lon is None:
                continue
            away = metres(*point, mark.lat, mark.lon)
            number, service = request.service_request_id or request.reference, names.get(request.service_code or "", "")
            found.append((away, Mark(mark.lat, mark.lon, "", ", ".join(filter(None, (number, service))))))
    near = sorted((one for one in found if one[0] <= LOOKED_M), key=lambda one: one[0])
    return [mark for _, mark in near[:MOST_SHOWN]]


def radius_of(session: Session, service_code: str) -> float:
    """How far around repeats of a service are looked for, in metres; 0.0 where there is no service, or nowhere."""
    service = session.get(Service, service_code) if service_code else None
    if service is None:
        return 0.0
    own = Figures.own(session.get(ServiceReach, service_code))
    return own.over(Figures.of_kind(service.category or service.service_code)).radius_m or 0.0
