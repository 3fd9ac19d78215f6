"""The draft of a status reply: which words, in which language, in which thread. Moves the mention into the queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Conversation,
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Purpose,
    Reply,
    ReplyState,
    Service,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    advance,
)
from models.private_moves import move_from
from models.status_changes import promise_how_it_ended
from models.statuses import puts_off
from models.threads import posts_of
from responders.asking_back import room_to_ask_in, take_back_asking
from responders.asking_private import way_of
from responders.drafting import DraftedReply, TemplateBook
from responders.may_reply import Speaking, must_name
from responders.review import LengthOf
from responders.said_before import set_apart
from responders.standing import Standing
from responders.status_notices import BY, change
from responders.status_words import Ask, News, asks_in_private, tell_news
from responders.wordings import SIGN_OFF_ROOM

WHY = {
    Outcome.ACCEPTED: "the city has news: accepted",
    Outcome.SCHEDULED: "the city has news: scheduled",
    Outcome.FIXED: "the city has news: fixed",
    Outcome.NO_ACTION: "the city has news: closed, no action",
    Outcome.DUPLICATE: "the city has news: a duplicate",
    Outcome.REFERRED: "the city has news: passed on to others",
    Outcome.COULD_NOT_FIND: "the city has news: could not be found",
    Outcome.NEEDS_INFORMATION: "the city has news: it asks for more",
    Outcome.LATE: "the city has not kept its day",
}


@dataclass(frozen=True, slots=True)
class StatusDrafts:
    """Writes the drafts of one transaction."""

    session: Session
    now: datetime
    zone: ZoneInfo
    speaking: Mapping[str, Speaking]
    length_of: LengthOf
    redact: Callable[[str], str]
    standing: Standing
    templates: TemplateBook
    services: Mapping[str, Service]

    def begin(self, mention: Mention, head: ServiceRequest, news: tuple[StatusNotice, StatusUpdate]) -> None:
        """Bring a settled mention back to the queue with a status reply, in a new round."""
        mention.round += 1
        update = news[1]
        why = WHY[update.outcome] if update.outcome else "the city has news that a person has to read"
        why = "the city has another date for it" if update.is_date_alone else why
        advance(self.session, mention, MentionState.DRAFTED, BY, why, self.now)
        self.draft(mention, head, news)

    def draft(self, mention: Mention, head: ServiceRequest, news: tuple[StatusNotice, StatusUpdate]) -> None:
        """A new reply in the mention's round, which is in drafted; approved at once where somebody said it may be."""
        posts = posts_of(self.session, mention.id or 0)
        reply = Reply(
            mention_id=mention.id or 0,
            account_id=mention.account_id,
            request_id=head.id,
            round=mention.round,
            purpose=Purpose.STATUS,
            changed_at=self.now,
            in_reply_to=posts[-1].channel_post_id if posts else None,
        )
        self.session.add(reply)
        self.session.flush()
        drafted = self.put_into(reply, mention, head, news)
        if drafted is not None:
            self.standing.let_go(
                self.session, mention, reply, drafted, asked=True, now=self.now, happened_at=news[1].happened_at
            )

    def put_into(
        self, reply: Reply, mention: Mention, head: ServiceRequest, news: tuple[StatusNotice, StatusUpdate]
    ) -> DraftedReply | None:
        """Let a reply that nobody has touched tell this; whoever has the page open must see it before they decide."""
        notice, update = news
        change(self.session, notice, NoticeState.DRAFTED, "", self.now)
        notice.reply_id = reply.id
        mention.version += 1
        self.session.add(mention)
        self.session.flush()
        return self.word(reply, mention, head, update)

    def word(self, reply: Reply, mention: Mention, head: ServiceRequest, update: StatusUpdate) -> DraftedReply | None:
        """Write the words of a reply; none where nobody knows yet what the change means."""
        ask = self._settle_room(reply, mention, asks_in_private(update.outcome, self._service(head)))
        drafted = self._drafted(reply, mention, head, update, ask) if update.outcome else None
        reply.text = drafted.text if drafted else ""
        reply.template_key = drafted.template_key if drafted else ""
        reply.template_version = drafted.template_version if drafted else 0
        reply.language = drafted.language if drafted else self._language(mention)
        self.session.add(reply)
        self.session.flush()
        return drafted

    def _drafted(
        self, reply: Reply, mention: Mention, head: ServiceRequest, update: StatusUpdate, ask: Ask
    ) -> DraftedReply:
        account = self.session.get_one(Account, mention.account_id)
        private = self.session.get_one(Conversation, reply.conversation_id or mention.conversation_id).one_to_one
        page = must_name(self.session, mention, self.speaking, reply.conversation_id)
        after = f"\n{page}" if page else ""
        limit = CHANNELS[account.channel].limit(private=private) - SIGN_OFF_ROOM
        promised, planned, original = head.promised_datetime, update.planned_for, update.duplicate_of
        drafted = tell_news(
            News(
                outcome=update.outcome or Outcome.ACCEPTED,
                language=self._language(mention),
                templates=self.templates,
                service=self._service(head),
                length=lambda text: self.length_of(account.channel, f"{text}{after}"),
                limit=limit,
                notes=self.redact(update.status_notes),
                agency=update.agency or head.agency_responsible,
                counts_with=original,
                heard_here=not original or promise_how_it_ended(self.session, original, mention.id or 0, self.now),
                days_late=max(0, (self.now - promised).days) if promised else 0,
                planned_for=planned.astimezone(self.zone).date() if planned else None,
                date_passed=promised is not None and promised < self.now,
                ask=ask,
            )
        )
        whole = replace(drafted, text=f"{drafted.text}{after}")
        if asks_in_private(update.outcome, self._service(head)) and not self._is_private(mention):
            whole = replace(whole, closed="")  # a person reads where it goes
        if update.outcome is Outcome.ACCEPTED and self._was_put_off(head):
            whole = replace(whole, closed="")  # a person reads what is not kept
        return set_apart(
            self.session,
            mention,
            whole,
            lambda text: self.length_of(account.channel, text) <= limit,
            private=private,
        )

    def _language(self, mention: Mention) -> str:
        """What we last spoke with them here; else what they speak."""
        spoken = self.session.exec(
            select(Reply.language)
            .where(Reply.mention_id == mention.id, Reply.state == ReplyState.SENT)
            .order_by(col(Reply.id).desc())
            .limit(1)
        ).first()
        return spoken or (mention.language if mention.language not in ("", "und") else "en")

    def _was_put_off(self, head: ServiceRequest) -> bool:
        """Whether the city ever moved its date to a later one."""
        later = select(StatusUpdate.id).where(StatusUpdate.request_id == head.id, puts_off())
        return self.session.exec(later.limit(1)).first() is not None

    def _service(self, head: ServiceRequest) -> Service | None:
        return self.services.get(head.service_code or "")

    def _is_private(self, mention: Mention) -> bool:
        return self.session.get_one(Conversation, mention.conversation_id).one_to_one

    def _settle_room(self, reply: Reply, mention: Mention, in_private: bool) -> Ask:
        """Put a reply where it is said; what is answered `in_private` goes the way that our own such questions take."""
        reply.conversation_id = self._private_room(mention)
        if not in_private:
            take_back_asking(self.session, mention)
        if not in_private or reply.conversation_id or self._is_private(mention):
            return Ask.HERE
        if room := room_to_ask_in(self.session, mention, self.now):
            reply.conversation_id = room.id
            return Ask.HERE
        return Ask.IN_PRIVATE if way_of(self.session, mention).open else Ask.NOT_HERE

    def _private_room(self, mention: Mention) -> int | None:
        """The private chat where they went on, if they did."""
        move = move_from(self.session, mention.id or 0)
        arrived = self.session.get(Mention, move.arrived_mention_id) if move and move.arrived_mention_id else None
        return arrived.conversation_id if arrived else None
