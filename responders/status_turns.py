"""Whose turn it is to be told of a change, and whose is not (yet): one request, one mention at a time.

Nobody hears the same change twice: a later change supersedes an earlier one, and the same person is told once in a
conversation, however many of their posts follow the request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session, col, select

from models import (
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Reply,
    ReplyState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    advance,
)
from models.lifecycle import OPEN_MENTIONS
from models.private_moves import move_from
from models.status_changes import CLOSED, CLOSED_FIRST, following
from models.statuses import MISSED, says_how_it_stands
from responders.may_reply import Speaking, may_reply
from responders.reopening import opened_again
from responders.status_drafts import StatusDrafts
from responders.status_notices import BY, UNSENT, change, news_of, skip
from responders.status_outcomes import ENDS, NOTHING_NEW, is_closing

LOOK_AGAIN = timedelta(minutes=1)
"""What waits for a person is looked at again so often; a mention that closes wakes its notices earlier."""
WAITS = {
    MentionState.RECEIVED: "They wrote again: that is answered first.",
    MentionState.UNDERSTOOD: "They wrote again: that is answered first.",
    MentionState.DRAFTED: "Another answer to them waits for a person, and leaves first.",
    MentionState.IN_REVIEW: "Somebody is working on another answer to them, which leaves first.",
    MentionState.APPROVED: "Another answer to them is on its way.",
}
SUPERSEDED = "Superseded by a later change."
NEWS_FIRST = "What the city said before leaves first."
ANOTHER_DATE = "There is another date by now, which is still to come."
DATE_OVER = "The city closed it, or the date is over."
DATE_TOLD = "The date is told with the other news of it."
JUDGED = (col(StatusUpdate.evidence) != "") | col(StatusUpdate.outcome).is_not(None)
"""What somebody has looked at: the rest is judged in the next round, and told then."""
RowT = TypeVar("RowT", Mention, ServiceRequest)
Waiting = tuple[StatusNotice, StatusUpdate]


@dataclass(frozen=True, slots=True)
class StatusTurn:
    """Takes the turns of one transaction."""

    session: Session
    now: datetime
    speaking: Mapping[str, Speaking]
    drafts: StatusDrafts

    def take(self, request_id: int, mention_id: int) -> bool:
        """Decide about what one mention is to be told of one request. False: another worker is at it.

        The request is locked first, so that no change comes in meanwhile, and no two workers tell one person.
        """
        head, mention = self._locked(ServiceRequest, request_id), self._locked(Mention, mention_id)
        if head is None or mention is None:
            return False
        waiting = self._waiting(head, mention)
        if waiting and (why := self._why_never(head, mention)):
            skip(self.session, [notice for notice, _ in waiting], why, self.now)
            return True
        waiting = self._news_first(self._worth_telling(head, mention, waiting))
        if not waiting:
            return True
        waiting = self._dates_last(waiting)
        if self._leaves_it_to_another(mention, waiting):
            return True
        own = self._own_reply(mention)
        if mention.state not in OPEN_MENTIONS:
            self._supersede(waiting)
            self.drafts.begin(mention, head, waiting[-1])
        elif own is None:
            self._wait(waiting, WAITS[mention.state])
        elif own.request_id != head.id:
            self._wait(waiting, "News of another request of theirs leaves first.")
        else:
            self._overtake(own, mention, head, waiting)
        return True

    def put_off(self, request_id: int, mention_id: int, why: str) -> None:
        """Let what one mention is to be told of one request wait, and look at it again in a while."""
        head, mention = self._locked(ServiceRequest, request_id), self._locked(Mention, mention_id)
        if head is not None and mention is not None:
            self._wait(self._waiting(head, mention), why)

    def _news_first(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """What is told next: that it is late waits for what the city said before, and is dropped where that ends it."""
        news = [update for _, update in waiting if update.outcome != Outcome.LATE]
        if not news:
            return list(waiting)
        late = [one for one in waiting if one[1].outcome == Outcome.LATE and _order(one[1]) > _order(news[-1])]
        if is_closing(news[-1]) or news[-1].outcome in ENDS:
            skip(self.session, [notice for notice, _ in late], CLOSED_FIRST, self.now)
        else:
            self._wait(late, NEWS_FIRST)
        return [one for one in waiting if one not in late]

    def _overtake(self, own: Reply, mention: Mention, head: ServiceRequest, waiting: Sequence[Waiting]) -> None:
        """A newer change takes the place of the one that is drafted, or approved and not gone."""
        if own.state in UNSENT and (own.revision > 1 or own.approved_at is not None):
            self._wait(waiting, "A person is writing about an earlier change; what is newer is told next.")
            return
        telling = news_of(self.session, own)
        if telling and not telling[-1].is_date_alone and waiting[-1][1].is_date_alone:
            self._after(waiting, says_date="{date}" in own.text)
            return
        if waiting[-1][1].outcome == Outcome.LATE and any(one.outcome != Outcome.LATE for one in telling):
            self._wait(waiting, NEWS_FIRST)
            return
        earlier = self.session.exec(
            select(StatusNotice, StatusUpdate)
            .join(StatusUpdate, col(StatusUpdate.id) == StatusNotice.update_id)
            .where(StatusNotice.reply_id == own.id, StatusNotice.state == NoticeState.DRAFTED)
        ).all()
        self._give_way(earlier, waiting[-1][1])
        self._supersede(waiting)
        if own.state == ReplyState.APPROVED:
            why = "the city said something newer before it left"
            advance(self.session, own, ReplyState.CANCELLED, BY, why, self.now)
            advance(self.session, mention, MentionState.DRAFTED, BY, why, self.now)
            self.session.flush()
            self.drafts.draft(mention, head, waiting[-1])
        else:
            self.drafts.put_into(own, mention, head, waiting[-1])

    def _give_way(self, drafted: Sequence[Waiting], newer: StatusUpdate) -> None:
        """What was drafted is superseded; but a new date, which other news does not outdate, waits again."""
        dates = [] if newer.is_date_alone else [one for one in drafted if one[1].is_date_alone]
        skip(self.session, [one[0] for one in drafted if one not in dates], SUPERSEDED, self.now)
        for notice, _ in dates:
            notice.reply_id = None
        self._after(dates, says_date=_says_date(newer))

    def _locked(self, table: type[RowT], row_id: int) -> RowT | None:
        found = select(table).where(table.id == row_id).with_for_update(skip_locked=True)
        return self.session.exec(found, execution_options={"populate_existing": True}).first()

    def _waiting(self, head: ServiceRequest, mention: Mention) -> list[Waiting]:
        rows = self.session.exec(
            select(StatusNotice, StatusUpdate)
            .join(StatusUpdate, col(StatusUpdate.id) == StatusNotice.update_id)
            .where(
                StatusNotice.mention_id == mention.id,
                StatusNotice.state == NoticeState.PENDING,
                StatusUpdate.request_id == head.id,
                JUDGED,
            ),
            execution_options={"populate_existing": True},
        ).all()
        over = head.status == CLOSED
        return sorted(rows, key=lambda row: (over and is_closing(row[1]), *_order(row[1])))

    def _why_never(self, head: ServiceRequest, mention: Mention) -> str:
        """Why a mention will not be told; "" where it can be, by a person's hand at least."""
        if mention.state == MentionState.WITHDRAWN:
            return "Its author deleted the post."
        if mention.id != head.mention_id and mention.id not in following(self.session, head):
            return "It does not follow that request any more."
        verdict = may_reply(self.session, mention, self.speaking)
        return verdict.reason if verdict.refused and not verdict.by_hand else ""

    def _worth_telling(self, head: ServiceRequest, mention: Mention, waiting: Sequence[Waiting]) -> list[Waiting]:
        """What is left once that is skipped which is old, empty, or was said before."""
        told = self._newest_told(head, mention)
        left = []
        for notice, update in waiting:
            if update.outcome is None and update.evidence == NOTHING_NEW:
                skip(self.session, [notice], NOTHING_NEW, self.now)
            elif update.is_date_alone and not _is_to_come(head, self.now):
                skip(self.session, [notice], DATE_OVER, self.now)
            elif _is_late_for_another_date(head, update, self.now):
                skip(self.session, [notice], ANOTHER_DATE, self.now)
            elif self._is_outdated(head, update, told):
                skip(self.session, [notice], "They were told of a later change.", self.now)
            else:
                left.append((notice, update))
        again = told is not None and opened_again(self.session, head, told)
        if told is not None and left and not again and all(_says_the_same(update, told) for _, update in left):
            skip(self.session, [notice for notice, _ in left], "It says what they were told already.", self.now)
            return []
        return left

    def _is_outdated(self, head: ServiceRequest, update: StatusUpdate, told: StatusUpdate | None) -> bool:
        """Whether they know of something later. What closed it is told, though something else was recorded since."""
        if told is None or update.is_date_alone or _order(update) >= _order(told):
            return False
        return not (head.status == CLOSED and is_closing(update) and not is_closing(told))

    def _dates_last(self, waiting: list[Waiting]) -> list[Waiting]:
        """What is told now: a new date outdates nothing, and is told by itself after what says how it stands."""
        more = [one for one in waiting if not one[1].is_date_alone]
        if not more or len(more) == len(waiting):
            return waiting
        dates = [one for one in waiting if one[1].is_date_alone]
        self._after(dates, says_date=_says_date(more[-1][1]))
        return more

    def _after(self, dates: Sequence[Waiting], *, says_date: bool) -> None:
        """Let new dates wait for other news, unless these say the date themselves."""
        if says_date:
            skip(self.session, [notice for notice, _ in dates], DATE_TOLD, self.now)
        else:
            self._wait(dates, "Other news of it leaves first.")

    def _newest_told(self, head: ServiceRequest, mention: Mention) -> StatusUpdate | None:
        """The newest of the city's news that they know; that it is late, and a new date, outdate nothing."""
        found = self.session.exec(
            select(StatusUpdate)
            .join(StatusNotice, col(StatusNotice.update_id) == StatusUpdate.id)
            .where(
                StatusNotice.mention_id == mention.id,
                StatusNotice.state == NoticeState.TOLD,
                StatusUpdate.request_id == head.id,
                col(StatusUpdate.outcome).is_distinct_from(Outcome.LATE),
                says_how_it_stands(),
            )
        ).all()
        return max(found, key=_order, default=None)

    def _leaves_it_to_another(self, mention: Mention, waiting: Sequence[Waiting]) -> bool:
        """Whether its author is told of the newest change with another of their posts: that one, or none of them."""
        others = self._same_person(mention, waiting[-1][1])
        said = next((one for one in others if one[0].state == NoticeState.TOLD), None)
        if said is not None:
            why = f"They were told in the same conversation, with mention {said[1].id}."
            skip(self.session, [notice for notice, _ in waiting], why, self.now)
            return True
        drafted = next((one for one in others if one[0].state == NoticeState.DRAFTED), None)
        first = drafted[1] if drafted else min([mention, *(other for _, other in others)], key=self._rank)
        if first.id == mention.id:
            return False
        self._wait(waiting, f"They are told in the same conversation, with mention {first.id}.")
        return True

    def _same_person(self, mention: Mention, update: StatusUpdate) -> list[tuple[StatusNotice, Mention]]:
        """The other notices of a change that reach the same person in the same conversation, public or gone private."""
        rows = self.session.exec(
            select(StatusNotice, Mention)
            .join(Mention, col(Mention.id) == StatusNotice.mention_id)
            .where(
                StatusNotice.update_id == update.id,
                StatusNotice.mention_id != mention.id,
                StatusNotice.state != NoticeState.SKIPPED,
                Mention.author_id == mention.author_id,
                Mention.account_id == mention.account_id,
                Mention.state != MentionState.WITHDRAWN,
            )
        ).all()
        here = self._heard_in(mention)
        return [(notice, other) for notice, other in rows if self._heard_in(other) == here]

    def _heard_in(self, mention: Mention) -> int:
        """The conversation in which a mention's author is told: where they went on in private, that one."""
        move = move_from(self.session, mention.id or 0)
        arrived = self.session.get(Mention, move.arrived_mention_id) if move and move.arrived_mention_id else None
        return arrived.conversation_id if arrived else mention.conversation_id

    def _rank(self, mention: Mention) -> tuple[bool, int]:
        """Who goes first of several mentions of one person: where they went on in private, then the oldest."""
        return self._heard_in(mention) != mention.conversation_id, mention.id or 0

    def _own_reply(self, mention: Mention) -> Reply | None:
        """The status reply of a mention that has not left, locked; None too where the outbox has it in hand."""
        drafted = select(StatusNotice.reply_id).where(
            StatusNotice.mention_id == mention.id, StatusNotice.state == NoticeState.DRAFTED
        )
        found = select(Reply).where(
            Reply.mention_id == mention.id,
            col(Reply.state).in_([*UNSENT, ReplyState.APPROVED]),
            col(Reply.id).in_(drafted),
        )
        locked = found.with_for_update(skip_locked=True)
        return self.session.exec(locked, execution_options={"populate_existing": True}).first()

    def _supersede(self, waiting: Sequence[Waiting]) -> None:
        skip(self.session, [notice for notice, _ in waiting[:-1]], SUPERSEDED, self.now)

    def _wait(self, waiting: Sequence[Waiting], because: str) -> None:
        for notice, _ in waiting:
            change(self.session, notice, NoticeState.PENDING, because, self.now)
            notice.not_before = self.now + LOOK_AGAIN


def _is_late_for_another_date(head: ServiceRequest, update: StatusUpdate, now: datetime) -> bool:
    """Whether an apology is for a date that the city has put off since: how late it is would be told wrong."""
    return update.change_key.startswith(MISSED) and _is_to_come(head, now)


def _says_date(update: StatusUpdate) -> bool:
    """Whether the reply about a change names the city's date as well."""
    return update.outcome is Outcome.ACCEPTED or update.planned_for is not None


def _is_to_come(head: ServiceRequest, now: datetime) -> bool:
    """Whether the date of a request can still be told."""
    return head.status != CLOSED and head.promised_datetime is not None and head.promised_datetime > now


def _order(update: StatusUpdate) -> tuple[datetime, int]:
    return update.happened_at, update.id or 0


def _says_the_same(update: StatusUpdate, told: StatusUpdate) -> bool:
    """Whether a change would be told in the same words; being late is news each time, and so is a date."""
    return (
        not update.is_date_alone
        and update.outcome not in (None, Outcome.LATE)
        and all(
            getattr(update, name) == getattr(told, name)
            for name in ("outcome", "status_notes", "agency", "duplicate_of", "planned_for")
        )
    )
