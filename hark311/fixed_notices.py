"""Whoever looks after a case is told when its author says that it is not fixed, in the ways danger is paged."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from hark311.paging import ConsoleNotifier, Notifier, tell
from models import Database, FixedQuestion, FixedState, Mention, ServiceRequest, StaffUser, utc_now
from models.transitions import record

log = logging.getLogger(__name__)

BY = "notices"
TOLD_FOR = timedelta(days=2)
"""What could not be told for so long stands in the queue, and is not told any more."""


@dataclass(frozen=True, slots=True)
class NotFixed:
    """What is told of one answer: ids, a number, a name of staff and a link, never the resident's words."""

    question_id: int
    mention_id: int
    number: str
    owner: str
    link: str

    @property
    def headline(self) -> str:
        return f"Not fixed, says the resident: request {self.number}. For {self.owner}. Open {self.link}"

    @property
    def level(self) -> int:
        return logging.WARNING

    @property
    def subject(self) -> str:
        return f"Not fixed: request {self.number}"

    @property
    def letter(self) -> str:
        return f"{self.headline}\n\nWhat opens it again is drafted and waits for a person.\n"

    @property
    def facts(self) -> Mapping[str, object]:
        return {
            "notice": "not_fixed",
            "mention": self.mention_id,
            "request": self.number,
            "owner": self.owner,
            "link": self.link,
        }


@dataclass(slots=True)
class FixedNotices:
    """Tells each no once. What went no way but into the log is tried again at the next look."""

    database: Database
    notifiers: Sequence[Notifier]
    desk_url: str
    clock: Callable[[], datetime] = utc_now

    async def give(self) -> int:
        """Tell what nobody was told of yet; returns how many."""
        return sum([await self._tell(notice) for notice in await asyncio.to_thread(self._due)])

    async def _tell(self, notice: NotFixed) -> bool:
        failed = await tell(self.notifiers, notice)
        outside = [way for way in self.notifiers if not isinstance(way, ConsoleNotifier)]
        if failed:
            log.error("a notice could not be given everywhere: %s", "; ".join(failed))
        if outside and len(failed) == len(outside):
            return False
        await asyncio.to_thread(self._keep, notice, "; ".join(failed))
        return True

    def _due(self) -> list[NotFixed]:
        with self.database.read() as session:
            rows = session.exec(
                select(FixedQuestion, Mention, ServiceRequest)
                .join(Mention, col(Mention.id) == FixedQuestion.mention_id)
                .join(ServiceRequest, col(ServiceRequest.id) == FixedQuestion.request_id)
                .where(
                    FixedQuestion.state == FixedState.NO,
                    col(FixedQuestion.told_at).is_(None),
                    col(FixedQuestion.changed_at) >= self.clock() - TOLD_FOR,
                )
                .order_by(col(FixedQuestion.id))
                .limit(50)
            ).all()
            return [self._notice(session, question, mention, request) for question, mention, request in rows]

    def _notice(self, session: Session, question: FixedQuestion, mention: Mention, request: ServiceRequest) -> NotFixed:
        owner = session.get(StaffUser, mention.assigned_to) if mention.assigned_to else None
        return NotFixed(
            question_id=question.id or 0,
            mention_id=mention.id or 0,
            number=request.service_request_id or request.reference,
            owner=owner.display_name if owner and owner.active else "a supervisor",
            link=f"{self.desk_url}/mentions/{mention.id}",
        )

    def _keep(self, notice: NotFixed, failed: str) -> None:
        why = f"{notice.owner} was told that it is not fixed. {f'Not by {failed}.' if failed else ''}".rstrip()
        with self.database.write() as session:
            question = session.get_one(FixedQuestion, notice.question_id, with_for_update=True)
            question.told_at = self.clock()
            session.add(question)
            record(session, "FixedQuestion", notice.question_id, BY, why, question.told_at)


async def tell_of_not_fixed(ctx: dict[str, Any]) -> int:
    """Tell who looks after a case that it is not fixed; returns how many were told."""
    notices: FixedNotices = ctx["fixed_notices"]
    return await notices.give()
