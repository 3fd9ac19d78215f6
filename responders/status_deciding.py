"""What people at the desk say about the city's news: what it means, what a department told them, whom not to tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlmodel import Session, col, select

from models import (
    Mention,
    NoticeState,
    Outcome,
    Power,
    Reply,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    UpdateSource,
    record,
)
from models.joined import head_of
from models.lifecycle import RequestState
from models.status_changes import Change, note_change
from responders.claims import active_staff, require_scope
from responders.deciding import LONGEST_REASON, NotApproved, NotFound, locked_mention, reason_given
from responders.status import StatusReplies
from responders.status_notices import UNSENT, skip
from responders.status_outcomes import ENDS
from responders.wording import WordingError, fill

BY_HAND = (UpdateSource.STAFF, UpdateSource.DEPARTMENT)
WORDS_NEEDED = {
    Outcome.NO_ACTION: "Say why nothing was done: that is what they are told.",
    Outcome.NEEDS_INFORMATION: "Say what the city wants to know.",
    Outcome.FIXED: "Say what was done, and who saw it: a closing needs its reason.",
    Outcome.COULD_NOT_FIND: "Say where they looked: a closing needs its reason.",
}
NUMBER_NEEDED = "Say the number of the request it counts with: news of that one are theirs from now on."


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody heard of a request by telephone or e-mail, or saw themselves.

    `agency`: who has it now. `counts_with`: the number of the request it is a duplicate of.
    """

    source: UpdateSource
    outcome: Outcome | None
    words: str = ""
    agency: str = ""
    planned_for: datetime | None = None
    counts_with: str = ""

    def problems(self) -> list[str]:
        """Why it cannot be kept as it stands, in sentences."""
        reasons = []
        if self.source not in BY_HAND:
            reasons.append("Say where you know it from.")
        if self.outcome is None:
            reasons.append("Say what came of it.")
        if self.outcome in WORDS_NEEDED and not self.words.strip():
            reasons.append(WORDS_NEEDED[self.outcome])
        if self.outcome == Outcome.DUPLICATE and not self.counts_with.strip():
            reasons.append(NUMBER_NEEDED)
        if self.outcome == Outcome.REFERRED and not self.agency.strip():
            reasons.append("Say who takes care of it now.")
        if len(self.words) > LONGEST_REASON:
            reasons.append(f"The words have {len(self.words)} characters; {LONGEST_REASON} are enough. Shorten them.")
        return reasons


def say_outcome(
    telling: StatusReplies,
    mention_id: int,
    update_id: int,
    staff_id: int,
    outcome: Outcome | None,
    counts_with: str = "",
) -> int:
    """Say what a change means; drafts that nobody touched are worded anew. Returns how many.

    `counts_with`: of a duplicate the other request's number; the one that the city's words named holds where it is "".
    Raises NotYours, NotFound, NotApproved.
    """
    with telling.database.write() as session:
        mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), telling.clock()
        require_scope(session, mention, staff)
        update = session.get(StatusUpdate, update_id, with_for_update=True)
        if update is None or update.request_id not in {one.id for one in heads_of(session, mention)}:
            raise NotFound("There is no such change of this case.")
        if outcome is None:
            raise NotApproved(["Choose what it means."])
        if outcome is Outcome.DUPLICATE:
            own = session.get_one(ServiceRequest, update.request_id)
            update.duplicate_of = _counted_with(session, own, counts_with.strip() or update.duplicate_of)
        before = update.outcome
        update.outcome, update.outcome_by, update.evidence = outcome, staff.id, f"{staff.display_name} says so."
        session.add(update)
        said = f"says of the city's news: {_named(outcome)} (before: {_named(before)})"
        record(session, "Mention", mention_id, f"staff:{staff_id}", said, now)
        session.flush()
        return _word_anew(session, telling, update, now)


def record_news(telling: StatusReplies, mention_id: int, staff_id: int, request_id: int, heard: Heard) -> StatusUpdate:
    """Keep what a department said of a request, as a change like the city's own. Raises NotYours, NotApproved."""
    if reasons := heard.problems():
        raise NotApproved(reasons)
    with telling.database.write() as session:
        mention, now = locked_mention(session, mention_id), telling.clock()
        staff = active_staff(session, staff_id, Power.APPROVE)
        require_scope(session, mention, staff)
        request = next((one for one in heads_of(session, mention) if one.id == request_id), None)
        if request is None:
            raise NotFound("There is no such request of this case.")
        session.refresh(request, with_for_update=True)
        number = _counted_with(session, request, heard.counts_with) if heard.outcome is Outcome.DUPLICATE else ""
        noted = note_change(session, request, _change(heard, number, now), now)
        if noted is None:
            raise NotApproved(["The same was recorded today already."])
        noted.outcome_by, noted.evidence = staff.id, f"{staff.display_name} recorded it."
        session.add(noted)
        if heard.outcome in ENDS:
            request.status, request.updated_datetime = "closed", now
            request.status_notes = heard.words.strip() or request.status_notes
            session.add(request)
        said = f"recorded by hand: {_named(heard.outcome)}"
        record(session, "ServiceRequest", request_id, f"staff:{staff_id}", said, now)
        session.flush()
        session.refresh(noted)
        session.expunge(noted)
        return noted


def skip_notice(telling: StatusReplies, mention_id: int, notice_id: int, staff_id: int, reason: str) -> None:
    """Decide that one resident is not told of one change. Raises NotYours, NotFound, NotApproved."""
    reason = reason_given(reason, "Say why they are not told.")
    with telling.database.write() as session:
        mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), telling.clock()
        require_scope(session, mention, staff)
        notice = session.get(StatusNotice, notice_id, with_for_update=True)
        if notice is None or notice.mention_id != mention_id:
            raise NotFound("There is no such news of this case.")
        if notice.state != NoticeState.PENDING:
            raise NotApproved(["It does not wait any more: close the reply that tells it, with a reason."])
        skip(session, [notice], f"{staff.display_name}: {reason}", now)
        record(session, "Mention", mention_id, f"staff:{staff_id}", "decided not to tell news of it", now)


def heads_of(session: Session, mention: Mention) -> list[ServiceRequest]:
    """The requests that tell how a mention's case stands: its own that the city has, and those they are joined to."""
    rows = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id,
            ServiceRequest.state != RequestState.CANCELLED,
            col(ServiceRequest.answers_city).is_(False),
        )
    ).all()
    found = {head.id: head for head in (head_of(session, row) for row in rows)}
    return [head for head in found.values() if head.state == RequestState.SUBMITTED]


def _word_anew(session: Session, telling: StatusReplies, update: StatusUpdate, now: datetime) -> int:
    rows: Sequence[tuple[Reply, Mention]] = session.exec(
        select(Reply, Mention)
        .join(StatusNotice, col(StatusNotice.reply_id) == Reply.id)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .where(StatusNotice.update_id == update.id, StatusNotice.state == NoticeState.DRAFTED)
    ).all()
    drafts, head = telling.drafts(session, now), session.get_one(ServiceRequest, update.request_id)
    untouched = [row for row in rows if row[0].state in UNSENT and row[0].revision == 1 and not row[0].approved_at]
    for reply, mention in untouched:
        drafts.word(reply, mention, head, update)
        mention.version += 1
        session.add(mention)
    return len(untouched)


def _counted_with(session: Session, own: ServiceRequest, said: str) -> str:
    """The city's number of the request that a duplicate counts with, from its number or our reference as typed.

    Raises NotApproved.
    """
    number = re.sub(r"[\s#№]", "", said)
    if not number:
        raise NotApproved([NUMBER_NEEDED])
    ours = session.exec(
        select(ServiceRequest).where(
            (col(ServiceRequest.service_request_id) == number) | (col(ServiceRequest.reference) == number.upper())
        )
    ).first()
    head = head_of(session, ours) if ours else None
    if head is not None and not head.service_request_id:
        raise NotApproved([f"{number} has no number of the city's yet: nothing can count with it."])
    number = head.service_request_id or number if head else number
    if (head is not None and head.id == own.id) or number == own.service_request_id:
        raise NotApproved([f"{number} is the request itself: say the number of the other one."])
    try:
        return fill("{number}", "en", number, None)
    except WordingError as error:
        raise NotApproved([f"{number} is no number that a reply can tell: 16 letters and digits at most."]) from error


def _change(heard: Heard, counts_with: str, now: datetime) -> Change:
    day = f"{now:%Y-%m-%d}"
    parts = (heard.source, heard.outcome or "", heard.words, heard.agency, str(heard.planned_for), day, counts_with)
    return Change(
        key="desk:" + sha256("\n".join(parts).encode()).hexdigest()[:32],
        source=heard.source,
        happened_at=now,
        status="closed" if heard.outcome in ENDS else "open",
        status_notes=heard.words.strip(),
        outcome=heard.outcome,
        agency=heard.agency.strip(),
        duplicate_of=counts_with,
        planned_for=heard.planned_for,
    )


def _named(outcome: Outcome | None) -> str:
    return outcome.replace("_", " ") if outcome else "nobody could tell"
