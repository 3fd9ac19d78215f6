"""Following what the city does with the requests it took: tokens that become numbers, and what changes afterwards.

What changed is asked for by time where the endpoint lists by update or has the updates extension, else by number in
batches. Each change is noted once (`city_news`), whichever way it is heard.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from models import CityCursor, CityList, Database, RequestState, ServiceRequest, advance, utc_now
from models.closing import close_if_settled
from models.open311 import RequestShape, UpdateShape
from responders.city_facts import sort_again, waiting_replies
from responders.city_news import hear_update, take_first, take_over
from responders.errors import CityUnreachable
from responders.open311 import LONGEST_SPAN, Open311City

log = logging.getLogger(__name__)

BY = "following the city"
ASK_AGAIN = timedelta(minutes=1)
SAFETY_NET = timedelta(days=1)
"""How often a request is asked for by number where its changes come by themselves, and how often a closed one is."""
MAY_REOPEN = timedelta(days=60)
"""A request closed for longer is not asked for any more."""
OVERLAP = timedelta(hours=1)
"""What is heard by time is asked for a second time this far back: the city's clock is not ours."""
BEGIN = timedelta(days=7)
"""How far back the first question by time goes."""
ROUND = 500
"""Requests asked for by number in one round: ten calls."""


@dataclass(slots=True)
class CityFollower:
    """Keeps what we know of filed requests in step with one city. `destination_id`: 0 is the city's own system."""

    database: Database
    city: Open311City
    clock: Callable[[], datetime] = utc_now
    destination_id: int = 0

    async def poll_tokens(self) -> list[int]:
        """Ask what tokens have become; returns ids of replies that waited for a number."""
        freed: list[int] = []
        for request_id, token, jurisdiction in await asyncio.to_thread(self._tokens):
            try:
                number = await self.city.by_token(token, jurisdiction)
            except CityUnreachable as error:
                log.info("token of request %s: %s", request_id, error)
                number = None
            facts = await self._facts(number, jurisdiction) if number else None
            freed += await asyncio.to_thread(self._settle_token, request_id, number, facts)
        return freed

    async def _facts(self, number: str, jurisdiction: str) -> RequestShape | None:
        try:
            return next(iter(await self.city.by_ids([number], jurisdiction)), None)
        except CityUnreachable as error:
            log.info("request %s: its date could not be asked yet (%s)", number, error)
            return None

    def _tokens(self) -> list[tuple[int, str, str]]:
        """Those not asked for longest first: a token that never settles keeps no other waiting."""
        with self.database.read() as session:
            rows = session.exec(
                select(ServiceRequest)
                .where(ServiceRequest.state == RequestState.TOKEN_PENDING, self._filed_here())
                .order_by(func.coalesce(ServiceRequest.checked_at, ServiceRequest.changed_at), col(ServiceRequest.id))
                .limit(50)
            ).all()
            return [(row.id or 0, row.token or "", row.jurisdiction_id) for row in rows]

    def _settle_token(self, request_id: int, number: str | None, facts: RequestShape | None) -> list[int]:
        with self.database.write() as session:
            now = self.clock()
            request = session.get_one(ServiceRequest, request_id, with_for_update=True)
            request.checked_at = now
            session.add(request)
            if number is None or request.state != RequestState.TOKEN_PENDING:
                return []
            request.service_request_id = number
            take_first(session, request, facts, now)
            sort_again(session, request)
            advance(session, request, RequestState.SUBMITTED, BY, "the token became a number", now)
            close_if_settled(session, request.mention_id, now)
            return waiting_replies(session, request)

    async def refresh(self, limit: int = ROUND) -> int:
        """Copy what the city says about filed requests and note what is news; returns how many it told of."""
        told = 0
        for jurisdiction in self.city.jurisdictions:
            for ask in (self._ask_updates, self._ask_changed, partial(self._ask_by_number, limit)):
                try:
                    told += await ask(jurisdiction)
                except CityUnreachable as error:
                    log.info("status of requests: %s", error)
        return told

    async def _ask_updates(self, jurisdiction: str) -> int:
        if not await self.city.has_updates():
            return 0
        since = await asyncio.to_thread(self._heard_until, CityList.UPDATES, jurisdiction)
        updates = await self.city.updates(since, jurisdiction)
        return await asyncio.to_thread(self._store_updates, updates, jurisdiction)

    async def _ask_changed(self, jurisdiction: str) -> int:
        if not self.city.lists_by_update:
            return 0
        since = await asyncio.to_thread(self._heard_until, CityList.REQUESTS, jurisdiction)
        changed = await self.city.updated(since, jurisdiction)
        return await asyncio.to_thread(self._store_facts, [], changed, jurisdiction, by_time=True)

    async def _ask_by_number(self, limit: int, jurisdiction: str) -> int:
        every = SAFETY_NET if self.city.lists_by_update else ASK_AGAIN
        numbers = await asyncio.to_thread(self._to_ask, jurisdiction, every, limit)
        if not numbers:
            return 0
        shapes = await self.city.by_ids(numbers, jurisdiction)
        return await asyncio.to_thread(self._store_facts, numbers, shapes, jurisdiction)

    def _to_ask(self, jurisdiction: str, every: timedelta, limit: int) -> list[str]:
        """Numbers not asked for longest first: open ones, and closed ones that the city may open again."""
        with self.database.read() as session:
            now = self.clock()
            checked = func.coalesce(ServiceRequest.checked_at, ServiceRequest.changed_at)
            closed = col(ServiceRequest.status) == "closed"
            at = func.coalesce(ServiceRequest.updated_datetime, ServiceRequest.changed_at)
            found = session.exec(
                select(ServiceRequest.service_request_id)
                .where(
                    ServiceRequest.state == RequestState.SUBMITTED,
                    self._filed_here(jurisdiction),
                    col(ServiceRequest.service_request_id).is_not(None),
                    or_(
                        and_(func.coalesce(ServiceRequest.status, "open") != "closed", checked <= now - every),
                        and_(closed, checked <= now - SAFETY_NET, at > now - MAY_REOPEN),
                    ),
                )
                .order_by(checked)
                .limit(limit)
            ).all()
            return [number for number in found if number]

    def _store_facts(
        self, numbers: Sequence[str], shapes: Iterable[RequestShape], jurisdiction: str, *, by_time: bool = False
    ) -> int:
        """`numbers`: those asked for by number, which count as asked whether or not the city knew them."""
        by_number = {shape.service_request_id: shape for shape in shapes}
        with self.database.write() as session:
            now, told = self.clock(), 0
            for request in self._locked(session, [*numbers, *by_number], jurisdiction):
                request.checked_at = now
                session.add(request)
                if facts := by_number.get(request.service_request_id or ""):
                    take_over(session, request, facts, now)
                    told += 1
            if by_time:
                heard = [one.updated_datetime for one in by_number.values()]
                self._keep_cursor(session, CityList.REQUESTS, jurisdiction, heard)
            return told

    def _store_updates(self, updates: Sequence[UpdateShape], jurisdiction: str) -> int:
        with self.database.write() as session:
            numbers = [update.service_request_id for update in updates]
            requests = {one.service_request_id: one for one in self._locked(session, numbers, jurisdiction)}
            told = 0
            for update in updates:
                request = requests.get(update.service_request_id)
                told += bool(request and hear_update(session, request, update, self.clock()))
            heard = [update.updated_datetime for update in updates]
            self._keep_cursor(session, CityList.UPDATES, jurisdiction, heard)
            return told

    def _locked(self, session: Session, numbers: Sequence[str], jurisdiction: str) -> list[ServiceRequest]:
        """Our filed requests of these numbers, locked in one order."""
        wanted, found = list(dict.fromkeys(numbers)), list[ServiceRequest]()
        for start in range(0, len(wanted), ROUND):
            found += session.exec(
                select(ServiceRequest)
                .where(
                    col(ServiceRequest.service_request_id).in_(wanted[start : start + ROUND]),
                    ServiceRequest.state == RequestState.SUBMITTED,
                    self._filed_here(jurisdiction),
                )
                .order_by(col(ServiceRequest.id))
                .with_for_update(key_share=True)  # whoever approves a reply about one of them does not wait
            ).all()
        return found

    def _filed_here(self, jurisdiction: str | None = None) -> ColumnElement[bool]:
        where = [func.coalesce(ServiceRequest.destination_id, 0) == self.destination_id]
        if jurisdiction is not None:  # what names none is the first one's
            mine = ["", jurisdiction] if jurisdiction == self.city.jurisdictions[0] else [jurisdiction]
            where.append(col(ServiceRequest.jurisdiction_id).in_(mine))
        return and_(*where)

    def _heard_until(self, kind: CityList, jurisdiction: str) -> datetime:
        with self.database.read() as session:
            cursor = session.get(CityCursor, (kind, jurisdiction, self.destination_id))
            since = (cursor.heard_until - OVERLAP) if cursor else self.clock() - BEGIN
            return max(since, self.clock() - LONGEST_SPAN)

    def _keep_cursor(
        self, session: Session, kind: CityList, jurisdiction: str, heard: Iterable[datetime | None]
    ) -> None:
        """By the times the city itself writes: its clock may not be ours."""
        newest = max((at for at in heard if at), default=None)
        if newest is None:
            return
        session.merge(
            CityCursor(
                kind=kind,
                jurisdiction_id=jurisdiction,
                destination_id=self.destination_id,
                heard_until=min(newest, self.clock()),
            )
        )
