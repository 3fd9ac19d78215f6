"""What a mention is sorted by, kept on the mention itself: service, language, area, promise."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session, col, select, text

from models.labels import said_of
from models.lifecycle import RequestState
from models.mentions import Mention
from models.places import AreaKind
from models.requests import ServiceRequest
from models.shapes import Box, box_of, holds
from models.understandings import LabelTask, Understanding

PREFERRED = (AreaKind.NEIGHBOURHOOD, AreaKind.DISTRICT, AreaKind.WARD, AreaKind.OTHER)
"""Of several areas around a point the first of these kinds is said; within a kind the smallest."""

_AREAS = (
    "SELECT place_feature.name, place_feature.other, place_feature.shape FROM place_feature"
    " JOIN place_layer ON place_layer.id = place_feature.layer_id AND place_layer.retired_at IS NULL"
    " WHERE {around} AND place_feature.kind = 'area' AND place_feature.shape IS NOT NULL"
)
_SQLITE = text(
    _AREAS.format(
        around="place_feature.id IN (SELECT id FROM place_feature_box"
        " WHERE max_lon >= :lon AND min_lon <= :lon AND max_lat >= :lat AND min_lat <= :lat)"
    )
)
_POSTGRESQL = text(
    _AREAS.format(
        around="box(point(place_feature.min_lon, place_feature.min_lat),"
        " point(place_feature.max_lon, place_feature.max_lat)) && box(point(:lon, :lat), point(:lon, :lat))"
    )
)


def sort_mention(session: Session, mention: Mention) -> None:
    """Keep what the mention is sorted by. To be called whenever its request or what we make of it has changed.

    The service is that of the request drafted or filed; without one, that of the newest understanding.
    """
    sort_mentions(session, [mention])


def sort_mentions(session: Session, mentions: Collection[Mention]) -> None:
    """`sort_mention` for several at once."""
    if not mentions:
        return
    session.flush()
    ids = [mention.id for mention in mentions]
    rows, said = _requests(session, ids), said_of(session, [one for one in ids if one])
    requests, denied = {row.mention_id: row for row in rows}, {row.mention_id for row in rows if row.waits_again}
    understood = _understood(session, ids)
    for mention in mentions:
        request, known = requests.get(mention.id or 0), understood.get(mention.id or 0)
        guess, language = known or (None, "")
        mention.service_code = (request.service_code if request else None) or guess or ""
        by_person = said.get(mention.id or 0, {}).get(LabelTask.LANGUAGE)
        mention.language = (by_person.value or "und") if by_person else language
        mention.area = area_at(session.connection(), request.lat, request.long) if request else ""
        mention.promised_at = request.promised_datetime if request else None
        if request and mention.id in denied:  # it was due long ago: before all that is promised for today
            mention.promised_at = request.requested_datetime or request.changed_at
        session.add(mention)


def _requests(session: Session, ids: Collection[int | None]) -> Sequence[ServiceRequest]:
    """The requests of each mention, the first one last: that is what the queue names."""
    query = select(ServiceRequest).where(
        col(ServiceRequest.mention_id).in_(ids), ServiceRequest.state != RequestState.CANCELLED
    )
    return session.exec(query.order_by(col(ServiceRequest.part).desc(), col(ServiceRequest.id))).all()


def _understood(session: Session, ids: Collection[int | None]) -> dict[int, tuple[str | None, str]]:
    """(service_code, language) of the newest understanding of each mention."""
    rows = session.exec(
        select(Understanding.mention_id, Understanding.service_code, Understanding.language)
        .where(col(Understanding.mention_id).in_(ids))
        .order_by(col(Understanding.id))
    ).all()
    return {mention_id: (service_code, language) for mention_id, service_code, language in rows}


def area_at(connection: Connection, lat: float | None, lon: float | None) -> str:
    """The name of the city's area that holds this point (degrees WGS 84); "" where none does."""
    if lat is None or lon is None:
        return ""
    asked = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    around: list[tuple[int, float, str]] = []
    for name, kind, shape in connection.execute(asked, {"lat": lat, "lon": lon}):
        if kind in PREFERRED and holds(bytes(shape), lon, lat):
            around.append((PREFERRED.index(AreaKind(kind)), _size(box_of(bytes(shape))), str(name)))
    return min(around)[2] if around else ""


def _size(box: Box) -> float:
    return (box.max_lon - box.min_lon) * (box.max_lat - box.min_lat)


def areas_in_use(session: Session) -> list[str]:
    """The names of the city's areas that a mention can be sorted by, in order."""
    rows: Any = session.connection().execute(
        text(
            "SELECT DISTINCT place_feature.name FROM place_layer JOIN place_feature"
            " ON place_feature.layer_id = place_layer.id AND place_feature.kind = 'area'"
            " WHERE place_layer.retired_at IS NULL AND place_feature.shape IS NOT NULL AND place_feature.other IN"
            " ('neighbourhood', 'district', 'ward', 'other') ORDER BY place_feature.name"
        )
    )
    return [str(row[0]) for row in rows]
