"""Numbers of requests that did not come through us: the city is asked what it publishes of them, by a job."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session, col, delete, or_, select

from models import CityNumber, Mention, MentionState, utc_now
from models.case_numbers import same_number
from models.database import Database
from models.open311 import RequestShape
from responders.errors import CityUnreachable

log = logging.getLogger(__name__)

HOLDS = timedelta(hours=1)
"""How long an answer of the city is taken for what still holds."""
TRIES = 5
AT_ONCE = 50
LONGEST_QUEUE = 500
"""More numbers than this are not looked up at a time: somebody is trying them out."""
WAITS_FOR_ANSWER = (MentionState.UNDERSTOOD, MentionState.DRAFTED)


class KnowsRequests(Protocol):
    """What is asked: the city's system."""

    async def by_ids(self, ids: Sequence[str]) -> Sequence[RequestShape]: ...


def city_says(session: Session, number: str, mention_id: int, now: datetime) -> CityNumber | None:
    """What the city publishes of a number; without `checked_at` it is still to be asked. None: too many wait already.

    A number it was not asked about within the hour is put down to be asked, once for everybody who wants to know.
    """
    known = session.get(CityNumber, number)
    if known is not None and known.checked_at is not None and now - known.checked_at < HOLDS:
        return known
    if known is None:
        waiting = session.exec(select(CityNumber.number).where(col(CityNumber.checked_at).is_(None))).all()
        if len(waiting) >= LONGEST_QUEUE:
            return None
        known = CityNumber(number=number, asked_at=now)
    elif known.checked_at is not None:
        known.asked_at, known.checked_at, known.tries = now, None, 0
    if mention_id not in known.waiting:
        known.waiting = [*known.waiting, mention_id]
    session.add(known)
    session.flush()
    return known


@dataclass(frozen=True, slots=True)
class AskedNumbers:
    """Asks the city about the numbers that residents asked us about. Every method is safe to repeat."""

    database: Database
    city: KnowsRequests
    clock: Callable[[], datetime] = utc_now

    async def ask(self) -> int:
        """One call about everything that waits; returns how many answers were stored."""
        numbers = await asyncio.to_thread(self._waiting)
        if not numbers:
            return 0
        try:
            found = await self.city.by_ids(numbers)
        except CityUnreachable as error:
            log.info("the city could not be asked about %d numbers: %s", len(numbers), error)
            found = None
        return await asyncio.to_thread(self._store, numbers, found)

    def _waiting(self) -> list[str]:
        with self.database.write() as session:
            old = self.clock() - HOLDS
            session.exec(
                delete(CityNumber).where(or_(col(CityNumber.checked_at) < old, col(CityNumber.asked_at) < old - HOLDS))
            )
            return list(
                session.exec(
                    select(CityNumber.number)
                    .where(col(CityNumber.checked_at).is_(None), CityNumber.tries < TRIES)
                    .order_by(col(CityNumber.asked_at))
                    .limit(AT_ONCE)
                ).all()
            )

    def _store(self, numbers: Sequence[str], found: Sequence[RequestShape] | None) -> int:
        now, stored = self.clock(), 0
        with self.database.write() as session:
            for number in numbers:
                row = session.get(CityNumber, number, with_for_update=True)
                if row is None or row.checked_at is not None:
                    continue
                row.tries += 1
                session.add(row)
                if found is None and row.tries < TRIES:
                    continue
                shape = next((one for one in found or () if same_number(one.service_request_id, number)), None)
                row.checked_at, row.published = now, shape is not None
                if shape is not None:
                    row.service_code, row.status = shape.service_code or "", (shape.status or "").lower()
                    row.expected_datetime = shape.expected_datetime
                _draft_anew(session, row.waiting)
                row.waiting = []
                stored += 1
        return stored


def _draft_anew(session: Session, mention_ids: Sequence[int]) -> None:
    """Let whoever asked be answered from what the city said, unless a person is at it already."""
    for mention_id in mention_ids:
        mention = session.get(Mention, mention_id, with_for_update=True)
        if mention is not None and mention.state in WAITS_FOR_ANSWER:
            mention.version += 1
            mention.needs_understanding = True
            session.add(mention)
