"""Keeping our services and their questions in step with the city's list.

The city says which services there are, what they are called and what they ask. What we add to that (plain names, what a
service needs to know about a place, its kind of problem, how we word a question) stays. Nothing is ever deleted.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from models import (
    CityCursor,
    CityList,
    Database,
    Datatype,
    Service,
    ServiceAttribute,
    ServiceDestination,
    ServiceType,
    record,
    utc_now,
)
from models.open311 import AttributeShape, DefinitionShape, ServiceShape
from responders.errors import CityUnreachable
from responders.open311 import Open311City

log = logging.getLogger(__name__)

BY = "the city's service list"
EVERY = timedelta(days=1)
ENOUGH_TO_COMPARE = 10
"""Of fewer services than these any number may go at once."""
PRIVATE = re.compile(r"plate|licen[cs]e|phone|e-?mail|\bname\b|account|birth", re.IGNORECASE)
"""Questions whose answers are asked for in private, until a person says otherwise (invariant 8)."""
_OF_THE_CITY = ("service_name", "description", "keywords", "group", "has_definition", "type")


@dataclass(slots=True)
class Changes:
    """What a look at the city's list changed: service codes, and "SERVICE.ATTRIBUTE" for questions.

    `elsewhere`: codes that another jurisdiction has already; they are left out. `unread`: services whose questions
    could not be asked, so the old ones stand.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.added, self.changed, self.gone, self.back, self.questions))


@dataclass(slots=True)
class ServicesInStep:
    """Asks one city for its services and keeps ours in step."""

    database: Database
    city: Open311City
    clock: Callable[[], datetime] = utc_now

    async def sync_if_due(self) -> Changes | None:
        """Once a day, and after the start if it was longer ago; None when it is not due. Raises CityUnreachable."""
        return await self.sync() if await asyncio.to_thread(self._due) else None

    async def sync(self, *, fewer: bool = False) -> Changes:
        """Ask for services and definitions, and store what is new. Raises CityUnreachable; then nothing is changed.

        `fewer`: somebody knows that the city offers less than half of what it did; else such a list counts as broken.
        """
        changes = Changes()
        for jurisdiction in self.city.jurisdictions:
            services = await self.city.services(jurisdiction)
            if not services:
                raise CityUnreachable("the city's system lists no service at all")
            if not fewer:
                await asyncio.to_thread(self._require_enough, services, jurisdiction)
            definitions = {}
            for one in services:
                if one.metadata:
                    try:
                        definitions[one.service_code] = await self.city.definition(one.service_code, jurisdiction)
                    except CityUnreachable as error:
                        log.info("questions of %s: %s", one.service_code, error)
                        changes.unread.append(one.service_code)
            await asyncio.to_thread(self._store, services, definitions, jurisdiction, changes)
        return changes

    def _due(self) -> bool:
        with self.database.read() as session:
            asked = [session.get(CityCursor, (CityList.SERVICES, one, 0)) for one in self.city.jurisdictions]
            return not all(one and one.heard_until > self.clock() - EVERY for one in asked)

    def _require_enough(self, services: Sequence[ServiceShape], jurisdiction: str) -> None:
        """Raises CityUnreachable where a list is so short that it may be the beginning of one."""
        with self.database.read() as session:
            elsewhere = select(ServiceDestination.service_code)
            ours = session.exec(
                select(func.count()).where(
                    col(Service.active).is_(True),
                    Service.jurisdiction_id == jurisdiction,
                    col(Service.service_code).not_in(elsewhere),
                )
            ).one()
        if ours >= ENOUGH_TO_COMPARE and len(services) * 2 < ours:
            raise CityUnreachable(f"the city's system lists only {len(services)} services, and we know {ours} of it")

    def _store(
        self,
        services: Sequence[ServiceShape],
        definitions: Mapping[str, DefinitionShape],
        jurisdiction: str,
        changes: Changes,
    ) -> None:
        with self.database.write() as session:
            now, listed = self.clock(), set[str]()
            known = {one.service_code: one for one in session.exec(select(Service).with_for_update()).all()}
            for shape in services:
                row = known.get(shape.service_code)
                if row is not None and row.jurisdiction_id not in ("", jurisdiction):
                    changes.elsewhere.append(shape.service_code)
                    continue
                listed.add(shape.service_code)
                known[shape.service_code] = _take_over(session, row, shape, jurisdiction, changes, now)
                session.flush()
                if not shape.metadata or shape.service_code in definitions:
                    asked = definitions.get(shape.service_code, DefinitionShape()).attributes
                    _take_over_questions(session, shape.service_code, asked, changes)
            elsewhere = set(session.exec(select(ServiceDestination.service_code)).all())
            for code, row in known.items():
                if row.active and row.jurisdiction_id == jurisdiction and code not in listed | elsewhere:
                    row.active = False
                    session.add(row)
                    changes.gone.append(code)
                    record(session, "Service", 0, BY, f"{code} is not offered any more", now)
            session.merge(CityCursor(kind=CityList.SERVICES, jurisdiction_id=jurisdiction, heard_until=now))


def _take_over(
    session: Session, row: Service | None, shape: ServiceShape, jurisdiction: str, changes: Changes, now: datetime
) -> Service:
    kind = shape.type.lower()
    said = {
        "service_name": shape.service_name or shape.service_code,
        "description": shape.description,
        "keywords": shape.keywords,
        "group": shape.group,
        "has_definition": shape.metadata,
        "type": ServiceType(kind) if kind in set(ServiceType) else ServiceType.REALTIME,
    }
    if row is None:
        row = Service(service_code=shape.service_code, service_name=shape.service_code)
        for name, value in said.items():
            setattr(row, name, value)
        changes.added.append(shape.service_code)
        record(session, "Service", 0, BY, f"{shape.service_code} is new", now)
    else:
        if not row.active:
            changes.back.append(shape.service_code)
            record(session, "Service", 0, BY, f"{shape.service_code} is offered again", now)
        before = [getattr(row, name) for name in _OF_THE_CITY]
        for name in _OF_THE_CITY:
            if said[name] != "":  # what the city leaves out says nothing about what we have
                setattr(row, name, said[name])
        if before != [getattr(row, name) for name in _OF_THE_CITY]:
            changes.changed.append(shape.service_code)
    row.active, row.jurisdiction_id = True, jurisdiction
    session.add(row)
    return row


def _take_over_questions(session: Session, code: str, asked: Sequence[AttributeShape], changes: Changes) -> None:
    rows = session.exec(
        select(ServiceAttribute).where(ServiceAttribute.service_code == code).order_by(col(ServiceAttribute.order))
    ).all()
    known, seen = {row.code: row for row in rows}, set[str]()
    for shape in asked:
        if shape.code in seen:
            continue
        seen.add(shape.code)
        said = {
            "variable": shape.variable,
            "datatype": Datatype(shape.datatype) if shape.datatype in set(Datatype) else Datatype.STRING,
            "required": shape.required,
            "datatype_description": shape.datatype_description,
            "description": shape.description,
            "order": shape.order,
            "values": [{"key": one.key, "name": one.name or one.key} for one in shape.values],
            "active": True,
        }
        row = known.get(shape.code)
        if row is None:
            private = bool(PRIVATE.search(f"{shape.code} {shape.description}"))
            row = ServiceAttribute(service_code=code, code=shape.code, private=private)
        elif all(getattr(row, name) == value for name, value in said.items()):
            continue
        for name, value in said.items():
            setattr(row, name, value)
        session.add(row)
        changes.questions.append(f"{code}.{shape.code}")
    for row in rows:
        if row.active and row.code not in seen:
            row.active = False
            session.add(row)
            changes.questions.append(f"{code}.{row.code}")
