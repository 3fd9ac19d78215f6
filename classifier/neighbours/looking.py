"""Neighbours of mentions that were just understood, among all open requests of all channels. In the database; sync.

`note_neighbours` runs inside the transaction that stores a batch, in a few queries whatever the batch holds. It
suggests; a person joins.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import insert
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, delete, func, or_, select

from classifier.neighbours.comparing import Neighbour, Report, neighbours_of
from classifier.neighbours.keys import keys_around, keys_of
from classifier.neighbours.reach import Reach, reach_of
from classifier.neighbours.texts import forms_of, hash_of_forms, place_key
from classifier.rules import build
from classifier.services import category_of_service
from models import (
    NeighbourKey,
    NeighbourMark,
    NeighbourRelation,
    NeighbourSuggestion,
    NeighbourVerdict,
    Post,
    RequestState,
    Service,
    ServiceReach,
    ServiceRequest,
    Understanding,
)
from models.neighbours import OLDEST, in_parts, unmark
from models.posts import PostKind

LIKELY = 0.15
"""A category counts as a possible kind from this probability on."""
KINDS = 3
NEWEST, FIRST = 30, 10
"""In a storm a post is compared with so many of the newest and of the first reports around it, and no others."""
OPEN = (
    RequestState.DRAFT,
    RequestState.IN_REVIEW,
    RequestState.APPROVED,
    RequestState.SUBMITTING,
    RequestState.SUBMITTED,
    RequestState.TOKEN_PENDING,
    RequestState.UNCERTAIN,
)


@dataclass(frozen=True, slots=True)
class _Noted:
    """One mention of the batch as a report, with the reach of its service where that has one of its own."""

    mention_id: int
    report: Report
    reach: Reach | None


def note_neighbours(session: Session, mention_ids: Sequence[int], now: datetime) -> None:
    """Store what these mentions may repeat, and file them for the mentions to come. Replaces what was stored before.

    Mentions without an open request of their own are left out, and taken out of the lookup.
    """
    session.flush()
    noted = _read(session, mention_ids)
    _forget(session, mention_ids)
    if not noted:
        return
    index = _Index(session, noted, now)
    ruled_out = _ruled_out(session, mention_ids)
    found: list[dict[str, Any]] = []
    for one in sorted(noted, key=lambda one: (one.report.at, one.report.id)):
        around = index.around(one, ruled_out.get(one.mention_id, frozenset()))
        found += [_fields(one, neighbour, now) for neighbour in neighbours_of(one.report, around, one.reach)]
        index.add(one)
    _store(session, noted, found)


class _Index:
    """The open requests around a batch, and the batch itself as it goes in. Read in few queries."""

    def __init__(self, session: Session, noted: Sequence[_Noted], now: datetime) -> None:
        self._keys = {one.report.id: keys_around(one.report, one.reach) for one in noted}
        self._under: dict[str, list[Report]] = defaultdict(list)
        wanted = sorted({key for keys in self._keys.values() for key in keys})
        filed = [
            row
            for part in in_parts(wanted)
            for row in session.exec(
                select(NeighbourKey.key, NeighbourKey.request_id).where(col(NeighbourKey.key).in_(part))
            ).all()
        ]
        reports = _reports(session, {request_id for _, request_id in filed}, now)
        for key, request_id in filed:
            if request_id in reports:
                self._under[key].append(reports[request_id])

    def around(self, one: _Noted, ruled_out: frozenset[int]) -> list[Report]:
        """What a mention is compared with: what stands under its keys, in a storm the first and the newest of it."""
        found = {other.id: other for key in self._keys[one.report.id] for other in self._under.get(key, ())}
        reports = [other for other in found.values() if other.id not in ruled_out]
        if len(reports) > NEWEST + FIRST:
            reports.sort(key=lambda other: (other.at, other.id))
            reports = reports[:FIRST] + reports[-NEWEST:]
        return reports

    def add(self, one: _Noted) -> None:
        for key in keys_of(one.report):
            self._under[key].append(one.report)


def _reports(session: Session, request_ids: set[int], now: datetime) -> dict[int, Report]:
    """Those that are still open. A query of its own: joined to the keys, SQLite reads every mark there is."""
    mark = NeighbourMark
    open_ones = (
        select_columns(col(mark.request_id), col(mark.at), col(mark.words), col(mark.text_hash), col(mark.place))
        .add_columns(col(mark.categories), col(mark.lat), col(mark.lon), col(mark.precision_m))
        .join(ServiceRequest, col(ServiceRequest.id) == mark.request_id)
        .where(
            col(mark.at) >= now - OLDEST,
            col(ServiceRequest.state).in_(OPEN),
            or_(col(ServiceRequest.status).is_(None), col(ServiceRequest.status) != "closed"),
        )
    )
    return {
        request_id: Report(request_id, words, at, tuple(kinds), lat, lon, precision, place, text_hash)
        for part in in_parts(sorted(request_ids))
        for request_id, at, words, text_hash, place, kinds, lat, lon, precision in session.execute(
            open_ones.where(col(mark.request_id).in_(part))
        )
    }


def _read(session: Session, mention_ids: Sequence[int]) -> list[_Noted]:
    """The batch as reports: its open requests, its words, and what was understood of them."""
    requests = session.exec(
        select(ServiceRequest).where(
            col(ServiceRequest.mention_id).in_(mention_ids),
            ServiceRequest.part == 1,
            col(ServiceRequest.state).in_(OPEN),
        )
    ).all()
    if not requests:
        return []
    said = _said(session, mention_ids)
    understood = _understood(session, mention_ids)
    services = {one.service_code: one for one in session.exec(select(Service)).all()}
    own = {one.service_code: one for one in session.exec(select(ServiceReach)).all()}
    return [
        _noted(request, said[request.mention_id], understood[request.mention_id], services, own)
        for request in requests
        if request.mention_id in said and request.mention_id in understood
    ]


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    at: datetime


def _said(session: Session, mention_ids: Sequence[int]) -> dict[int, _Said]:
    """What each mention says, as the classifier reads it, and since when. Columns only: whole posts are heavy."""
    newest: dict[int, dict[str, tuple[str, datetime]]] = defaultdict(dict)
    for mention_id, chain, text, at in session.exec(
        select(Post.mention_id, Post.edit_chain, Post.text, Post.created_at)
        .where(col(Post.mention_id).in_(mention_ids), Post.kind == PostKind.MENTION, col(Post.deleted_at).is_(None))
        .order_by(col(Post.id))
    ).all():
        versions = newest[mention_id or 0]
        if chain not in versions or at >= versions[chain][1]:
            versions[chain] = text, at
    return {
        mention_id: _Said("\n".join(text for text, _ in versions.values()), min(at for _, at in versions.values()))
        for mention_id, versions in newest.items()
    }


@dataclass(frozen=True, slots=True)
class _Understood:
    codes: list[str]
    phrase: str
    precision_m: float


def _understood(session: Session, mention_ids: Sequence[int]) -> dict[int, _Understood]:
    newest = (
        select(func.max(Understanding.id))
        .where(col(Understanding.mention_id).in_(mention_ids))
        .group_by(col(Understanding.mention_id))
    )
    one = Understanding
    rows = session.execute(
        select_columns(col(one.mention_id), col(one.service_code), col(one.runners_up), col(one.location_phrase))
        .add_columns(col(one.places))
        .where(col(Understanding.id).in_(newest))
    ).all()
    return {
        mention_id: _Understood(
            [*([code] if code else []), *(guess["value"] for guess in guesses if guess["probability"] >= LIKELY)],
            phrase,
            float(places[0].get("precision_m", 0.0)) if places else 0.0,
        )
        for mention_id, code, guesses, phrase, places in rows
    }


def _noted(
    request: ServiceRequest,
    said: _Said,
    understood: _Understood,
    services: Mapping[str, Service],
    own: Mapping[str, ServiceReach],
) -> _Noted:
    forms = forms_of(said.text)
    codes = [*([request.service_code] if request.service_code else []), *understood.codes]
    kinds = tuple(dict.fromkeys(_category(services[code]) for code in codes if code in services))[:KINDS]
    mine = own.get(request.service_code or "")
    reach = reach_of(kinds[0] if kinds else "").with_own(mine.radius_m, mine.hours) if mine else None
    report = Report(
        id=request.id or 0,
        words=" ".join(forms),
        at=said.at,
        categories=kinds,
        lat=request.lat,
        lon=request.long,
        precision_m=understood.precision_m,
        place=place_key(request.address_string or understood.phrase),
        hash=hash_of_forms(forms),
    )
    return _Noted(request.mention_id, report, reach)


def _category(service: Service) -> str:
    return _category_named(service.service_code, service.service_name, service.keywords, service.category)


@lru_cache(maxsize=4096)
def _category_named(code: str, name: str, keywords: str, category: str | None) -> str:
    """The category a service stands for; its own code where it stands for none, so that it is like itself."""
    service = Service(service_code=code, service_name=name, keywords=keywords, category=category)
    return category_of_service(service, lambda text: build().category_named(text)) or code


def _ruled_out(session: Session, mention_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """Mention -> the requests a person said are different."""
    found: dict[int, frozenset[int]] = {}
    for mention_id, request_id in session.exec(
        select(NeighbourVerdict.mention_id, NeighbourVerdict.request_id).where(
            col(NeighbourVerdict.mention_id).in_(mention_ids),
            NeighbourVerdict.relation == NeighbourRelation.DIFFERENT,
        )
    ).all():
        found[mention_id] = found.get(mention_id, frozenset()) | {request_id}
    return found


def _forget(session: Session, mention_ids: Sequence[int]) -> None:
    marked = session.exec(select(NeighbourMark.request_id).where(col(NeighbourMark.mention_id).in_(mention_ids))).all()
    if marked:
        unmark(session, marked)
    session.exec(delete(NeighbourSuggestion).where(col(NeighbourSuggestion.mention_id).in_(mention_ids)))


def _fields(one: _Noted, neighbour: Neighbour, now: datetime) -> dict[str, Any]:
    return {
        "mention_id": one.mention_id,
        "request_id": neighbour.id,
        "relation": NeighbourRelation(neighbour.relation),
        "score": neighbour.score,
        "metres": neighbour.metres,
        "hours": neighbour.hours,
        "reasons": list(neighbour.reasons),
        "created_at": now,
    }


def _store(session: Session, noted: Sequence[_Noted], found: Sequence[dict[str, Any]]) -> None:
    marks = [
        {
            "request_id": one.report.id,
            "mention_id": one.mention_id,
            "at": one.report.at,
            "words": one.report.words,
            "text_hash": one.report.hash,
            "place": one.report.place,
            "categories": list(one.report.categories),
            "lat": one.report.lat,
            "lon": one.report.lon,
            "precision_m": one.report.precision_m,
        }
        for one in noted
    ]
    keys = [{"key": key, "request_id": one.report.id} for one in noted for key in dict.fromkeys(keys_of(one.report))]
    session.execute(insert(NeighbourMark), marks)
    if keys:
        session.execute(insert(NeighbourKey), keys)
    if found:
        session.execute(insert(NeighbourSuggestion), list(found))
