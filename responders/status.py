"""A change at the city becomes a reply in the resident's own thread: judged, worded, and drafted for a person.

Everybody who follows the request is told, each in their own thread and once. What cannot be told now waits, and what
nobody will be told is skipped; both with a reason that stands beside the case on the desk.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from models import Mention, NoticeState, Service, ServiceRequest, StatusNotice, StatusUpdate, utc_now
from models.database import Database
from models.destinations import destination_of
from models.status_rules import status_rules
from responders.may_reply import Speaking
from responders.review import LengthOf
from responders.standing import Standing, templates_of
from responders.status_drafts import StatusDrafts
from responders.status_notices import settle_notices
from responders.status_outcomes import judge
from responders.status_turns import JUDGED, StatusTurn

log = logging.getLogger(__name__)

UTC = ZoneInfo("UTC")
NO_WORDS = "The words for it could not be made ({error}). Write to them by hand; we try again meanwhile."


def name_of_destination(session: Session, request: ServiceRequest) -> str:
    """Where a request's service is sent; "" where it is the city's own system."""
    found = destination_of(session, request.service_code)
    return found.name if found else ""


@dataclass(slots=True)
class StatusReplies:
    """Tells residents what the city did. Sync; run it in a thread, in as many workers as there are.

    `redact` takes private details out of the city's notes. `digest`: what happens within this time after the first
    change is told together.
    """

    database: Database
    length_of: LengthOf
    redact: Callable[[str], str]
    clock: Callable[[], datetime] = utc_now
    zone: ZoneInfo = UTC
    speaking: Mapping[str, Speaking] = field(default_factory=dict)
    digest: timedelta = timedelta(minutes=10)
    batch: int = 50

    def tell_all(self) -> int:
        """Draft what is due until nothing more can be; returns for how many mentions something was decided."""
        count = 0
        while done := self.tell():
            count += done
        return count

    def tell(self) -> int:
        """One batch in one transaction; returns for how many mentions something was decided."""
        with self.database.write() as session:
            now = self.clock()
            settle_notices(session, now)
            self.judge_new(session)
            turn = StatusTurn(session, now, self.speaking, self.drafts(session, now))
            return sum(_take(turn, request_id, mention_id) for request_id, mention_id in self._due(session, now))

    def judge_new(self, session: Session, limit: int = 500) -> None:
        """Say what the changes mean that nobody has looked at yet."""
        new = session.exec(
            select(StatusUpdate, ServiceRequest)
            .join(ServiceRequest, col(ServiceRequest.id) == StatusUpdate.request_id)
            .where(StatusUpdate.evidence == "", col(StatusUpdate.outcome).is_(None))
            .order_by(col(StatusUpdate.id))
            .limit(limit)
            .with_for_update(skip_locked=True, of=StatusUpdate)
        ).all()
        rules = status_rules(session) if new else []
        for update, request in new:
            judged = judge(update, rules, name_of_destination(session, request))
            update.outcome, update.evidence = judged.outcome, judged.evidence
            session.add(update)
        session.flush()

    def drafts(self, session: Session, now: datetime) -> StatusDrafts:
        """What writes the drafts of one transaction."""
        return StatusDrafts(
            session=session,
            now=now,
            zone=self.zone,
            speaking=self.speaking,
            length_of=self.length_of,
            redact=self.redact,
            standing=Standing(self.length_of, self.speaking),
            templates=templates_of(session),
            services={one.service_code: one for one in session.exec(select(Service)).all()},
        )

    def _due(self, session: Session, now: datetime) -> Sequence[tuple[int, int]]:
        """(request, mention) of what waits to be told, danger first, then the longest waiting."""
        return session.exec(
            select(StatusUpdate.request_id, StatusNotice.mention_id)
            .join(StatusUpdate, col(StatusUpdate.id) == StatusNotice.update_id)
            .join(Mention, col(Mention.id) == StatusNotice.mention_id)
            .where(
                StatusNotice.state == NoticeState.PENDING,
                StatusNotice.not_before <= now,
                StatusUpdate.noticed_at <= now - self.digest,
                JUDGED,
            )
            .group_by(col(StatusUpdate.request_id), col(StatusNotice.mention_id), col(Mention.danger))
            .order_by(col(Mention.danger).desc(), func.min(StatusNotice.not_before), col(StatusNotice.mention_id))
            .limit(self.batch)
        ).all()


def _take(turn: StatusTurn, request_id: int, mention_id: int) -> bool:
    """One turn by itself: where its words cannot be made, it waits with the reason, and all others are told."""
    try:
        with turn.session.begin_nested():
            return turn.take(request_id, mention_id)
    except (ValueError, LookupError) as error:
        log.exception("mention %s could not be told of request %s", mention_id, request_id)
        turn.put_off(request_id, mention_id, NO_WORDS.format(error=error))
        return True
