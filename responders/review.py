"""People decide here, and nowhere else: the only way a reply or a request becomes approved.

Every method is one short transaction, and none calls a channel. Who may see the desk is the console's business; what a
person may decide is settled here. Errors: NotYours (somebody else holds it), NotApproved (with all reasons).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

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
    Power,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    advance,
    record,
    utc_now,
)
from models.pictures import pictures_of
from models.threads import newest_inbound, posts_of
from responders.chats.resting import back_on_board, drop_board_drafts
from responders.claims import (
    NotYours,
    active_staff,
    claim,
    open_reply,
    open_request,
    release,
    require_claim,
    require_scope,
)
from responders.deciding import NotApproved, NotFound, hand_over, in_state, locked_mention, note_decision, reason_given
from responders.edits import filed_request, keep_edits
from responders.freezing import why_not_by_hand
from responders.handing_on import end_handing_on, first_key, give_back_to_maker, hand_on, void_if_changed
from responders.keys import Keys, keys_needed
from responders.labelling import CategoryOf, Lesson, Said, own_code, unlearn
from responders.may_reply import MayReply, Speaking, may_answer, must_name
from responders.objections import Decided, FindPrivate, Ground, RequestFields, objections
from responders.several import approve_added, put_away_added, references, to_tell
from responders.signing import sign_off_of, with_sign_off
from responders.wording import freeze

__all__ = ["Approved", "Decided", "Desk", "NotApproved", "NotFound", "NotYours", "RequestFields", "Said"]

UNDECIDED = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED, RequestState.CANCELLED)
LengthOf = Callable[[Channel, str], int]
ANYWHERE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Approved:
    """Ids of what an approval put in the outbox. `first_key`: nothing yet, it waits for another person."""

    reply_id: int | None
    request_id: int | None
    first_key: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """The decisions of the people at the desk.

    `hold` is how long an approved reply can be taken back before anything leaves; `lease` how long a claim lasts.
    `category_of` names the category that a service stands for, for the labels that decisions leave behind. `speaking`:
    what each account may say, by its name. `zone`: the city's, for days in words.
    """

    database: Database
    length_of: LengthOf
    find_private: FindPrivate
    hold: timedelta = timedelta(seconds=10)
    lease: timedelta = timedelta(minutes=10)
    clock: Callable[[], datetime] = utc_now
    category_of: CategoryOf = own_code
    speaking: Mapping[str, Speaking] = field(default_factory=dict)
    zone: ZoneInfo = ANYWHERE

    def claim(self, mention_id: int, staff_id: int) -> None:
        """Take a mention, or prolong the claim on it. Raises NotYours."""
        with self.database.write() as session:
            mention, staff = locked_mention(session, mention_id), active_staff(session, staff_id, Power.DRAFT)
            claim(session, mention, staff, self.clock(), self.lease)

    def release(self, mention_id: int, staff_id: int) -> None:
        """Give a mention back to the queue. Raises NotYours."""
        with self.database.write() as session:
            mention, staff, now = (
                locked_mention(session, mention_id),
                active_staff(session, staff_id, Power.DRAFT),
                self.clock(),
            )
            require_claim(session, mention, staff, now)
            release(session, mention, f"staff:{staff_id}", "released", now)

    def save(self, mention_id: int, staff_id: int, decided: Decided) -> None:
        """Keep what stands on the page, without deciding anything. Raises NotYours."""
        with self.database.write() as session:
            mention, staff, now = (
                locked_mention(session, mention_id),
                active_staff(session, staff_id, Power.DRAFT),
                self.clock(),
            )
            require_claim(session, mention, staff, now)
            keep_edits(session, mention, decided, staff_id, now)
            void_if_changed(session, mention, now)
            mention.claimed_until = now + self.lease

    def objections(self, mention_id: int, decided: Decided) -> list[str]:
        """Why this decision could not be approved right now; empty when it could."""
        with self.database.read() as session:
            mention = session.get(Mention, mention_id)
            if mention is None:
                raise NotFound(f"There is no mention {mention_id}.")
            return objections(session, mention, decided, self._ground(session, mention, decided))

    def approve(self, mention_id: int, staff_id: int, decided: Decided) -> Approved:
        """Freeze the words and put them in the outbox. Raises NotYours or NotApproved; what was typed is kept."""
        refused: list[str] = []
        approved = Approved(None, None)
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            if mention.state == MentionState.WITHDRAWN:
                raise NotApproved(["The author deleted the post, so nothing can be sent about it."])
            require_claim(session, mention, staff, now)
            keep_edits(session, mention, decided, staff_id, now)
            decided = with_sign_off(decided, self.sign_off(session, mention, staff))
            refused = objections(session, mention, decided, self._ground(session, mention, decided))
            refused += why_not_by_hand(session, mention.account_id) if decided.by_hand else []
            if not refused:
                keep_edits(session, mention, decided, staff_id, now)  # signed: the next key is for these very words
                keys, first = self._keys(session, mention, decided, staff), first_key(session, mention, decided)
                if keys.count == 1 or (first and first.staff_id != staff_id):
                    end_handing_on(session, mention, "approved", now)
                    approved = self._approve(session, mention, staff, decided, now, max(self.hold, keys.hold))
                elif first:
                    release(session, mention, f"staff:{staff_id}", "it waits for another person", now)
                    refused = ["You gave the first key yourself. Another person has to approve these words."]
                else:
                    hand_on(session, mention, staff, decided, now, key=True)
                    approved = Approved(None, None, first_key=True)
        if refused:
            raise NotApproved(refused)
        return approved

    def keys(self, mention_id: int, staff_id: int, decided: Decided) -> Keys:
        """How many people have to approve this decision, if this person approves it now."""
        with self.database.read() as session:
            mention, staff = session.get(Mention, mention_id), session.get(StaffUser, staff_id)
            return self._keys(session, mention, decided, staff) if mention and staff else Keys()

    def _keys(self, session: Session, mention: Mention, decided: Decided, staff: StaffUser) -> Keys:
        return keys_needed(session, mention, open_reply(session, mention), decided, staff, self.clock())

    def hand_in(self, mention_id: int, staff_id: int, decided: Decided) -> None:
        """Hand a finished draft to whoever may approve it; it counts as no key. Raises NotYours or NotApproved."""
        with self.database.write() as session:
            mention, now = locked_mention(session, mention_id), self.clock()
            staff = active_staff(session, staff_id, Power.DRAFT)
            require_claim(session, mention, staff, now)
            keep_edits(session, mention, decided, staff_id, now)
            refused = objections(session, mention, decided, self._ground(session, mention, decided))
            if not refused:
                hand_on(session, mention, staff, decided, now, key=False)
        if refused:
            raise NotApproved(refused)

    def return_to_maker(self, mention_id: int, staff_id: int, reason: str, decided: Decided) -> None:
        """Give what somebody handed on back to them, with a reason and what was typed. Raises NotYours, NotApproved."""
        reason = reason_given(reason, "Say why you return it, so that its maker can change it.")
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            require_claim(session, mention, staff, now)
            keep_edits(session, mention, decided, staff_id, now)
            give_back_to_maker(session, mention, staff, reason, now)

    def _approve(
        self,
        session: Session,
        mention: Mention,
        staff: StaffUser,
        decided: Decided,
        now: datetime,
        hold: timedelta,
    ) -> Approved:
        by, due = f"staff:{staff.id}", now + hold
        request = open_request(session, mention)
        if request and decided.request:
            request.approved_at, request.not_before, request.released_freeze_id = now, due, None
            request.seen_post_id = newest_inbound(session, mention)
            advance(session, request, RequestState.APPROVED, by, "approved on the desk", now)
        elif request:
            advance(session, request, RequestState.CANCELLED, by, "a person decided not to file it", now)
            request = None
        added = approve_added(session, mention, decided, by, due, now)
        reply = open_reply(session, mention)
        if reply and decided.reply_text is not None:
            told = to_tell(session, mention, [*([request] if request else []), *added])
            target = next(iter(told), None) or _told_about(session, mention) or _asked_about(session, reply)
            numbers = [one.reference for one in told] if len(told) > 1 else target.reference if target else ""
            frozen = freeze(decided.reply_text, decided.language, numbers)
            reply.also_about = [one.id for one in told[1:] if one.id]
            reply.approved_text, reply.approved_fallback = frozen.with_answer, frozen.without_answer
            reply.approved_at, reply.approved_by, reply.not_before = now, staff.id, due
            reply.standing_approval_id = reply.released_freeze_id = None
            reply.seen_post_id, reply.request_id = newest_inbound(session, mention), target.id if target else None
            reply.in_reply_to = posts_of(session, mention.id or 0)[-1].channel_post_id
            advance(session, reply, ReplyState.APPROVED, by, "approved on the desk", now)
            if decided.by_hand and self.may_reply(session, mention, reply).by_hand:
                hand_over(session, reply, staff, now)
        elif reply:
            advance(session, reply, ReplyState.CANCELLED, by, "a person decided not to reply", now)
            reply = None
        drop_board_drafts(session, mention, by, now)
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
        reason = reason_given(reason, "Say why: a decision without an answer needs a reason.")
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            require_claim(session, mention, staff, now)
            by, why = f"staff:{staff_id}", f"{decision.replace('_', ' ')} on the desk"
            if reply := open_reply(session, mention):
                advance(session, reply, ReplyState.CANCELLED, by, why, now)
            if request := open_request(session, mention):
                advance(session, request, RequestState.CANCELLED, by, why, now)
            put_away_added(session, mention, by, why, now)
            mention.claimed_by = mention.claimed_until = None
            end_handing_on(session, mention, "decided otherwise", now)
            lesson = Lesson(session, mention, staff, said, self.category_of, now)
            if decision == Decision.SET_ASIDE:
                advance(session, mention, MentionState.SET_ASIDE, by, why, now)
                lesson.set_aside()
            else:
                advance(session, mention, MentionState.REJECTED, by, why, now)
                lesson.rejected()
            note_decision(session, mention, staff, decision, now, reason=reason)

    def take_back(self, mention_id: int, staff_id: int) -> None:
        """Undo an approval while everything is still held. Raises NotYours, or NotApproved once something has left."""
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            require_scope(session, mention, staff)
            replies = in_state(session, Reply, mention, ReplyState.APPROVED)
            requests = in_state(session, ServiceRequest, mention, RequestState.APPROVED)
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
                reply.released_freeze_id = None
                advance(session, reply, ReplyState.IN_REVIEW, by, why, now)
            for request in requests:
                request.released_freeze_id = None
                advance(session, request, RequestState.IN_REVIEW, by, why, now)
            advance(session, mention, MentionState.DRAFTED, by, why, now)
            note_decision(session, mention, staff, Decision.TAKEN_BACK, now)
            if not back_on_board(session, mention, by, why, now):
                claim(session, mention, staff, now, self.lease)

    def reopen(self, mention_id: int, staff_id: int, reason: str) -> None:
        """Bring a closed, rejected or set-aside mention back to the queue, for another answer. Raises NotApproved."""
        reason = reason_given(reason, "Say why it is opened again.")
        with self.database.write() as session:
            mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), self.clock()
            require_scope(session, mention, staff)
            if mention.state not in (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE):
                raise NotApproved([f"It is {mention.state.replace('_', ' ')} and not closed."])
            mention.round += 1
            mention.version += 1
            mention.needs_understanding = True
            advance(session, mention, MentionState.DRAFTED, f"staff:{staff_id}", "reopened on the desk", now)
            note_decision(session, mention, staff, Decision.REOPENED, now, reason=reason)

    def acknowledge(self, alarm_id: int, staff_id: int) -> None:
        """A person has seen the danger and acts on it (invariant 7)."""
        with self.database.write() as session:
            alarm = session.get(Alarm, alarm_id, with_for_update=True)
            if alarm is None:
                raise NotFound(f"There is no alarm {alarm_id}.")
            active_staff(session, staff_id, Power.DRAFT)
            if alarm.acknowledged_at is None:
                now = self.clock()
                alarm.acknowledged_at, alarm.acknowledged_by = now, staff_id
                session.add(alarm)
                record(session, "Alarm", alarm_id, f"staff:{staff_id}", "acknowledged", now)

    def reply_length(self, channel: Channel, text: str, *, private: bool = False) -> tuple[int, int]:
        """(length as the channel counts it, the channel's limit)."""
        return self.length_of(channel, text), CHANNELS[channel].limit(private=private)

    def sign_off(self, session: Session, mention: Mention, staff: StaffUser) -> str:
        """What this person's approval puts at the end of a reply, as "^MJ"; "" where replies are not signed."""
        return sign_off_of(self.speaking, session.get_one(Account, mention.account_id), staff)

    def may_reply(self, session: Session, mention: Mention, reply: Reply | None = None) -> MayReply:
        """Whether the reply that waits (or `reply`) may go by the API, as everything stands now."""
        return may_answer(session, mention, reply or open_reply(session, mention), self.speaking)

    def _ground(self, session: Session, mention: Mention, decided: Decided) -> Ground:
        account = session.get_one(Account, mention.account_id)
        filed = filed_request(session, mention)
        known = filed or _asked_about(session, open_reply(session, mention))
        request, told = open_request(session, mention) or known, references(session, mention, decided)
        head = filed if filed and filed.mention_id != mention.id else None
        reply = open_reply(session, mention)
        goes_to = reply.conversation_id if reply else None
        conversation = session.get_one(Conversation, goes_to or mention.conversation_id)
        return Ground(
            account=account,
            length=lambda text: self.length_of(account.channel, text),
            find_private=self.find_private,
            number_known=known is not None,
            reference=tuple(told) if len(told) > 1 else request.reference if request else "",
            follows=(head.service_request_id or head.reference) if head else "",
            head_undecided=head is not None and head.state in UNDECIDED,
            may=self.may_reply(session, mention),
            private=conversation.one_to_one,
            alt_texts=tuple(one.alt_text for one in pictures_of(session, reply.id or 0)) if reply else (),
            privacy_url=must_name(session, mention, self.speaking, goes_to),
        )


def _told_about(session: Session, mention: Mention) -> ServiceRequest | None:
    """The filed request that a reply can tell about; not one it is joined to that nobody has approved yet."""
    filed = filed_request(session, mention)
    return filed if filed and filed.state not in UNDECIDED else None


def _asked_about(session: Session, reply: Reply | None) -> ServiceRequest | None:
    """The earlier request that a status reply tells about; one that was taken, and so has a number to tell."""
    request = session.get(ServiceRequest, reply.request_id) if reply and reply.request_id else None
    return request if request and request.state == RequestState.SUBMITTED else None
