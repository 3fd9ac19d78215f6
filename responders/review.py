"""People decide here, and nowhere else: the only way a reply or a request becomes approved.

Every method is one short transaction, and none calls a channel. Who may see the desk is the console's business; what a
person may decide is settled here. Errors: NotYours (somebody else holds it), NotApproved (with all reasons).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Alarm,
    Channel,
    Conversation,
    Database,
    Decision,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    Review,
    ServiceRequest,
    StaffUser,
    advance,
    record,
    utc_now,
)
from models.closing import close_if_settled
from models.threads import newest_inbound, posts_of
from responders.claims import NotYours, active_staff, claim, open_reply, open_request, release, require_claim
from responders.edits import filed_request, keep_edits
from responders.labelling import CategoryOf, Lesson, Said, own_code, unlearn
from responders.may_reply import MayReply, Speaking, may_answer, must_name
from responders.objections import Decided, FindPrivate, Ground, RequestFields, objections
from responders.repeating import newest_attempt
from responders.wording import freeze

__all__ = ["Approved", "Decided", "Desk", "NotApproved", "NotFound", "NotYours", "RequestFields", "Said"]

LONGEST_REASON = 500
UNDECIDED = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED, RequestState.CANCELLED)
LengthOf = Callable[[Channel, str], int]
Row = TypeVar("Row", Reply, ServiceRequest)


class NotApproved(Exception):
    """The decision cannot be carried out; `reasons` are sentences for the person at the desk."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class NotFound(Exception):
    """There is no such mention, reply or alarm."""


@dataclass(frozen=True, slots=True)
class Approved:
    """Ids of what an approval put in the outbox."""

    reply_id: int | None
    request_id: int | None


@dataclass(frozen=True, slots=True)
class Desk:
    """The decisions of the people at the desk.

    `hold` is how long an approved reply can be taken back before anything leaves; `lease` how long a claim lasts.
    `category_of` names the category that a service stands for, for the labels that decisions leave behind. `speaking`:
    what each account may say, by its name.
    """

    database: Database
    length_of: LengthOf
    find_private: FindPrivate
    hold: timedelta = timedelta(seconds=10)
    lease: timedelta = timedelta(minutes=10)
    clock: Callable[[], datetime] = utc_now
    category_of: CategoryOf = own_code
    speaking: Mapping[str, Speaking] = field(default_factory=dict)

    def claim(self, mention_id: int, staff_id: int) -> None:
        """Take a mention, or prolong the claim on it. Raises NotYours."""
        with self.database.write() as session:
            mention, staff = locked_mention(session, mention_id), active_staff(session, staff_id)
            claim(session, mention, staff, self.clock(), self.lease)

    def release(self, mention_id: int, staff_id: int) -> None:
        """Give a mention back to the queue. Raises NotYours."""
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            require_claim(session, mention, staff, now)
            release(session, mention, f"staff:{staff_id}", "released", now)

    def save(self, mention_id: int, staff_id: int, decided: Decided) -> None:
        """Keep what stands on the page, without deciding anything. Raises NotYours."""
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            require_claim(session, mention, staff, now)
            keep_edits(session, mention, decided)
            mention.claimed_until = now + self.lease

    def objections(self, mention_id: int, decided: Decided) -> list[str]:
        """Why this decision could not be approved right now; empty when it could."""
        with self.database.read() as session:
            mention = session.get(Mention, mention_id)
            if mention is None:
                raise NotFound(f"There is no mention {mention_id}.")
            return objections(session, mention, decided, self._ground(session, mention))

    def approve(self, mention_id: int, staff_id: int, decided: Decided) -> Approved:
        """Freeze the words and put them in the outbox. Raises NotYours or NotApproved; what was typed is kept."""
        refused: list[str] = []
        approved = Approved(None, None)
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            if mention.state == MentionState.WITHDRAWN:
                raise NotApproved(["The author deleted the post, so nothing can be sent about it."])
            require_claim(session, mention, staff, now)
            keep_edits(session, mention, decided)
            refused = objections(session, mention, decided, self._ground(session, mention))
            if not refused:
                approved = self._approve(session, mention, staff, decided, now)
        if refused:
            raise NotApproved(refused)
        return approved

    def _approve(
        self, session: Session, mention: Mention, staff: StaffUser, decided: Decided, now: datetime
    ) -> Approved:
        by, due = f"staff:{staff.id}", now + self.hold
        request = open_request(session, mention)
        if request and decided.request:
            request.approved_at, request.not_before = now, due
            request.seen_post_id = newest_inbound(session, mention)
            advance(session, request, RequestState.APPROVED, by, "approved on the desk", now)
        elif request:
            advance(session, request, RequestState.CANCELLED, by, "a person decided not to file it", now)
            request = None
        reply = open_reply(session, mention)
        if reply and decided.reply_text is not None:
            target = request or _told_about(session, mention) or _asked_about(session, reply)
            frozen = freeze(decided.reply_text, decided.language, target.reference if target else "")
            reply.approved_text, reply.approved_fallback = frozen.with_answer, frozen.without_answer
            reply.approved_at, reply.approved_by, reply.not_before = now, staff.id, due
            reply.standing_approval_id = None
            reply.seen_post_id, reply.request_id = newest_inbound(session, mention), target.id if target else None
            reply.in_reply_to = posts_of(session, mention.id or 0)[-1].channel_post_id
            advance(session, reply, ReplyState.APPROVED, by, "approved on the desk", now)
            if decided.by_hand and self.may_reply(session, mention, reply).by_hand:
                hand_over(session, reply, staff, now)
        elif reply:
            advance(session, reply, ReplyState.CANCELLED, by, "a person decided not to reply", now)
            reply = None
        mention.claimed_by = mention.claimed_until = None
        advance(session, mention, MentionState.APPROVED, by, "decided on the desk", now)
        Lesson(session, mention, staff, decided.said, self.category_of, now).approved(request)
        note_decision(session, mention, staff, Decision.APPROVED, now, reply=reply, request=request)
        return Approved(reply.id if reply else None, request.id if request else None)

    def reject(self, mention_id: int, staff_id: int, reason: str, said: Said | None = None) -> None:
        """Close without reply or request, for a reason that stays on record. Raises NotYours, NotApproved."""
        self._put_away(mention_id, staff_id, reason, said, Decision.REJECTED)

    def set_aside(self, mention_id: int, staff_id: int, reason: str, said: Said | None = None) -> None:
        """Put away as chatter; it comes back when the author writes again. Raises NotYours, NotApproved."""
        self._put_away(mention_id, staff_id, reason, said, Decision.SET_ASIDE)

    def _put_away(self, mention_id: int, staff_id: int, reason: str, said: Said | None, decision: Decision) -> None:
        if not reason.strip():
            raise NotApproved(["Say why: a decision without an answer needs a reason."])
        if len(reason) > LONGEST_REASON:
            raise NotApproved([f"The reason has {len(reason)} characters; {LONGEST_REASON} are enough. Shorten it."])
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            require_claim(session, mention, staff, now)
            by, why = f"staff:{staff_id}", f"{decision.replace('_', ' ')} on the desk"
            if reply := open_reply(session, mention):
                advance(session, reply, ReplyState.CANCELLED, by, why, now)
            if request := open_request(session, mention):
                advance(session, request, RequestState.CANCELLED, by, why, now)
            mention.claimed_by = mention.claimed_until = None
            lesson = Lesson(session, mention, staff, said, self.category_of, now)
            if decision == Decision.SET_ASIDE:
                advance(session, mention, MentionState.SET_ASIDE, by, why, now)
                lesson.set_aside()
            else:
                advance(session, mention, MentionState.REJECTED, by, why, now)
                lesson.rejected()
            note_decision(session, mention, staff, decision, now, reason=reason.strip())

    def take_back(self, mention_id: int, staff_id: int) -> None:
        """Undo an approval while everything is still held. Raises NotApproved once something has left."""
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            replies = _in_state(session, Reply, mention, ReplyState.APPROVED)
            requests = _in_state(session, ServiceRequest, mention, RequestState.APPROVED)
            moved = session.exec(
                select(ServiceRequest.id).where(
                    ServiceRequest.mention_id == mention.id,
                    col(ServiceRequest.state).in_([RequestState.SUBMITTING, RequestState.UNCERTAIN]),
                )
            ).first()
            if mention.state != MentionState.APPROVED or moved or not (replies or requests):
                raise NotApproved(["It has left already and cannot be taken back."])
            by, why = f"staff:{staff_id}", "taken back"
            approved_at = [*(one.approved_at for one in replies), *(one.approved_at for one in requests)]
            unlearn(session, mention, min((at for at in approved_at if at), default=now))
            for reply in replies:
                reply.revision += 1
                advance(session, reply, ReplyState.IN_REVIEW, by, why, now)
            for request in requests:
                advance(session, request, RequestState.IN_REVIEW, by, why, now)
            advance(session, mention, MentionState.DRAFTED, by, why, now)
            note_decision(session, mention, staff, Decision.TAKEN_BACK, now)
            claim(session, mention, staff, now, self.lease)

    def reopen(self, mention_id: int, staff_id: int, reason: str) -> None:
        """Bring a closed, rejected or set-aside mention back to the queue, for another answer. Raises NotApproved."""
        if not reason.strip():
            raise NotApproved(["Say why it is opened again."])
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            if mention.state not in (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE):
                raise NotApproved([f"It is {mention.state.replace('_', ' ')} and not closed."])
            mention.round += 1
            mention.version += 1
            mention.needs_understanding = True
            advance(session, mention, MentionState.DRAFTED, f"staff:{staff_id}", "reopened on the desk", now)
            note_decision(session, mention, staff, Decision.REOPENED, now, reason=reason.strip())

    def says_sent(self, reply_id: int, staff_id: int) -> None:
        """A person looked: the uncertain reply stands in the thread. Raises NotApproved."""
        self._resolve(reply_id, staff_id, ReplyState.SENT, Decision.SAYS_SENT, "a person saw it in the thread")

    def says_not_sent(self, reply_id: int, staff_id: int) -> None:
        """A person looked: the uncertain reply is not there, send it again. Raises NotApproved."""
        self._resolve(reply_id, staff_id, ReplyState.APPROVED, Decision.SAYS_NOT_SENT, "a person saw it is not there")

    def drop(self, reply_id: int, staff_id: int) -> None:
        """Give up an uncertain reply. Raises NotApproved."""
        self._resolve(reply_id, staff_id, ReplyState.CANCELLED, Decision.DROPPED, "a person dropped it")

    def _resolve(self, reply_id: int, staff_id: int, to: ReplyState, decision: Decision, why: str) -> None:
        with self.database.write() as session:
            reply = session.get(Reply, reply_id, with_for_update=True)
            if reply is None:
                raise NotFound(f"There is no reply {reply_id}.")
            if reply.state != ReplyState.UNCERTAIN:
                raise NotApproved([f"The reply is {reply.state.replace('_', ' ')} now; there is nothing to decide."])
            mention, staff, now = (
                locked_mention(session, reply.mention_id),
                active_staff(session, staff_id),
                self.clock(),
            )
            if to == ReplyState.APPROVED and mention.state == MentionState.WITHDRAWN:
                raise NotApproved(["The author deleted the post, so it cannot be sent again. Drop it instead."])
            if to == ReplyState.SENT:
                attempt = newest_attempt(session, reply)
                reply.sent_at, reply.sent_text = now, attempt.text if attempt else reply.approved_text
            reply.not_before = now
            advance(session, reply, to, f"staff:{staff_id}", why, now)
            note_decision(session, mention, staff, decision, now, reply=reply)
            close_if_settled(session, reply.mention_id, now)

    def decide_uncertain_request(self, request_id: int, staff_id: int) -> None:
        """Take up a request that may have been filed: it comes back to the queue. Raises NotApproved."""
        with self.database.write() as session:
            request = session.get(ServiceRequest, request_id, with_for_update=True)
            if request is None:
                raise NotFound(f"There is no request {request_id}.")
            if request.state != RequestState.UNCERTAIN:
                raise NotApproved(
                    [f"The request is {request.state.replace('_', ' ')} now; there is nothing to decide."]
                )
            now, by = self.clock(), f"staff:{staff_id}"
            mention = locked_mention(session, request.mention_id)
            if mention.state != MentionState.APPROVED:
                raise NotApproved([f"The mention is {mention.state.replace('_', ' ')} now."])
            advance(session, request, RequestState.IN_REVIEW, by, "taken up again", now)
            for reply in _in_state(session, Reply, mention, ReplyState.APPROVED):
                reply.revision += 1
                advance(session, reply, ReplyState.IN_REVIEW, by, "its request was taken up again", now)
            advance(session, mention, MentionState.DRAFTED, by, "its request was taken up again", now)
            claim(session, mention, active_staff(session, staff_id), now, self.lease)

    def acknowledge(self, alarm_id: int, staff_id: int) -> None:
        """A person has seen the danger and acts on it (invariant 7)."""
        with self.database.write() as session:
            alarm = session.get(Alarm, alarm_id, with_for_update=True)
            if alarm is None:
                raise NotFound(f"There is no alarm {alarm_id}.")
            if alarm.acknowledged_at is None:
                now = self.clock()
                alarm.acknowledged_at, alarm.acknowledged_by = now, staff_id
                session.add(alarm)
                record(session, "Alarm", alarm_id, f"staff:{staff_id}", "acknowledged", now)

    def reply_length(self, channel: Channel, text: str, *, private: bool = False) -> tuple[int, int]:
        """(length as the channel counts it, the channel's limit)."""
        return self.length_of(channel, text), CHANNELS[channel].limit(private=private)

    def may_reply(self, session: Session, mention: Mention, reply: Reply | None = None) -> MayReply:
        """Whether the reply that waits (or `reply`) may go by the API, as everything stands now."""
        return may_answer(session, mention, reply or open_reply(session, mention), self.speaking)

    def _ground(self, session: Session, mention: Mention) -> Ground:
        account = session.get_one(Account, mention.account_id)
        filed = filed_request(session, mention)
        known = filed or _asked_about(session, open_reply(session, mention))
        request = open_request(session, mention) or known
        head = filed if filed and filed.mention_id != mention.id else None
        conversation = session.get_one(Conversation, mention.conversation_id)
        return Ground(
            account=account,
            length=lambda text: self.length_of(account.channel, text),
            find_private=self.find_private,
            number_known=known is not None,
            reference=request.reference if request else "",
            follows=(head.service_request_id or head.reference) if head else "",
            head_undecided=head is not None and head.state in UNDECIDED,
            may=self.may_reply(session, mention),
            private=conversation.private,
            privacy_url=must_name(session, mention, self.speaking),
        )


def hand_over(session: Session, reply: Reply, staff: StaffUser, now: datetime) -> None:
    """An approved reply is a person's to post; the outbox leaves it alone."""
    reply.handed_to, reply.handed_over_at, reply.held_because = staff.id, now, ""
    advance(session, reply, ReplyState.HANDED_OVER, f"staff:{staff.id}", "a person posts it by hand", now)


def note_decision(
    session: Session,
    mention: Mention,
    staff: StaffUser,
    decision: Decision,
    now: datetime,
    *,
    reason: str = "",
    reply: Reply | None = None,
    request: ServiceRequest | None = None,
) -> None:
    session.add(
        Review(
            mention_id=mention.id or 0,
            reply_id=reply.id if reply else None,
            request_id=request.id if request else None,
            staff_id=staff.id or 0,
            decision=decision,
            reason=reason,
            revision=reply.revision if reply else 0,
            text_sha256=sha256(reply.approved_text.encode()).hexdigest() if reply else "",
            at=now,
        )
    )


def _told_about(session: Session, mention: Mention) -> ServiceRequest | None:
    """The filed request that a reply can tell about; not one it is joined to that nobody has approved yet."""
    filed = filed_request(session, mention)
    return filed if filed and filed.state not in UNDECIDED else None


def _asked_about(session: Session, reply: Reply | None) -> ServiceRequest | None:
    """The earlier request that a status reply tells about; one that has a number to tell."""
    request = session.get(ServiceRequest, reply.request_id) if reply and reply.request_id else None
    return request if request and request.service_request_id else None


def _in_state(session: Session, table: type[Row], mention: Mention, state: str) -> list[Row]:
    """Locked: what the outbox claims in this very moment is in this state no more."""
    found = select(table).where(table.mention_id == mention.id, table.state == state)
    return list(session.exec(found.with_for_update()).all())


def locked_mention(session: Session, mention_id: int) -> Mention:
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention is None:
        raise NotFound(f"There is no mention {mention_id}.")
    return mention
