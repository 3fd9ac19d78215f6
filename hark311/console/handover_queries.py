"""What is open at the end of a shift: counts and the first few of each, by our own ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, TextClause
from sqlmodel import Session, col, func, select

from hark311.console.queries import names_of_staff
from models import (
    Alarm,
    Handover,
    HandoverRead,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
)
from models.freezes import FROZEN
from models.lifecycle import WAITING_FOR_A_PERSON
from models.requests import OPEN_AT_CITY
from responders.chats.tasks import overdue_promises

NAMED = 10
KEPT = 20
DUE_WITHIN = timedelta(hours=24)
OVERDUE = "Promises of tweet chats, overdue"

Conditions = Sequence[ColumnElement[bool] | TextClause]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of open thing: how many, and the mentions of the first few. `where` leads to all of them."""

    key: str
    word: str
    count: int
    mentions: Sequence[int]
    where: str = ""

    def kept(self) -> dict[str, Any]:
        return {"key": self.key, "word": self.word, "count": self.count, "mentions": list(self.mentions)}


@dataclass(frozen=True, slots=True)
class ShownHandover:
    """A hand-over note: what was open then, and who has read it."""

    id: int
    who: str
    at: datetime
    text: str
    waiting: list[dict[str, Any]]
    read_by: list[str]
    mine: bool
    unread: bool


def open_now(session: Session, staff: StaffUser, now: datetime, today: date | None = None) -> list[Waiting]:
    """Everything whoever comes next should know of."""
    mention, reply, request, alarm = Mention.id, Reply.mention_id, ServiceRequest.mention_id, Alarm.mention_id
    claims = [col(Mention.claimed_by) == staff.id, col(Mention.state) == MentionState.IN_REVIEW]
    theirs = [col(Mention.assigned_to) == staff.id, col(Mention.state).in_(WAITING_FOR_A_PERSON)]
    keys = [col(Mention.handed_on_at).is_not(None), col(Mention.second_key).is_(True)]
    answers = col(Reply.mention_id).is_not(None)
    doubts = [col(Reply.state) == ReplyState.UNCERTAIN, answers]
    posts = [col(Reply.state).in_([ReplyState.UNCERTAIN, ReplyState.FAILED]), col(Reply.chat_post_id).is_not(None)]
    unfiled = [col(ServiceRequest.state).in_([RequestState.UNCERTAIN, RequestState.REFUSED])]
    frozen = [col(Reply.state) == ReplyState.APPROVED, col(Reply.held_because).startswith(FROZEN), answers]
    held = [
        col(Reply.state) == ReplyState.APPROVED,
        col(Reply.held_because) != "",
        ~col(Reply.held_because).startswith(FROZEN),
        answers,
    ]
    by_hand = [col(Reply.state) == ReplyState.HANDED_OVER, col(Reply.handed_to) == staff.id, answers]
    promised: list[ColumnElement[bool] | TextClause] = [
        OPEN_AT_CITY,
        col(ServiceRequest.promised_datetime) <= now + DUE_WITHIN,
    ]
    return [
        _waiting(session, "dangers", "Dangers nobody has acknowledged", alarm, [col(Alarm.acknowledged_at).is_(None)]),
        _waiting(session, "claims", "Claims you hold", mention, claims, "/queue?view=mine"),
        _waiting(session, "assigned", "Assigned to you and waiting", mention, theirs),
        _waiting(session, "keys", "Second keys pending", mention, keys),
        _waiting(session, "doubts", "Replies in doubt", reply, doubts, "/queue?view=uncertain"),
        _waiting(session, "chat_posts", "Posts of tweet chats in doubt or refused", reply, posts, "/chats"),
        _waiting(session, "unfiled", "Requests in doubt or refused", request, unfiled, "/queue?view=refused"),
        _waiting(session, "frozen", "Held by a freeze", reply, frozen),
        _waiting(session, "held", "Held for another reason", reply, held),
        _waiting(session, "by_hand", "Replies you took to post by hand", reply, by_hand),
        _waiting(session, "promises", "Promises over or due in a day", request, promised, "/queue?view=promises"),
        Waiting("chat_promises", OVERDUE, overdue_promises(session, today or now.date()), [], "/chats/tasks"),
    ]


def _waiting(
    session: Session,
    key: str,
    word: str,
    mention_id: Any,
    where: Sequence[ColumnElement[bool] | TextClause],
    link: str = "",
) -> Waiting:
    count = session.exec(select(func.count()).where(*where)).one()
    first = session.exec(select(mention_id).where(*where).order_by(mention_id).limit(NAMED)).all() if count else []
    return Waiting(key, word, count, [int(one) for one in first if one is not None], link)


def prefilled(waiting: Sequence[Waiting]) -> str:
    """The beginning of a note: what is open, one line each, by number alone."""
    lines = []
    for one in waiting:
        if one.count:
            more = f" and {one.count - len(one.mentions)} more" if one.count > len(one.mentions) else ""
            named = ", ".join(f"#{mention}" for mention in one.mentions)
            lines.append(f"{one.word}: {named}{more}" if named else f"{one.word}: {one.count}")
    return "\n".join(lines) or "Nothing is open."


def handovers(session: Session, staff: StaffUser) -> list[ShownHandover]:
    """The newest notes, each with who has read it."""
    notes = session.exec(select(Handover).order_by(col(Handover.id).desc()).limit(KEPT)).all()
    read: dict[int, list[int]] = {}
    of_these = select(HandoverRead).where(col(HandoverRead.handover_id).in_([note.id for note in notes]))
    for one in session.exec(of_these.order_by(col(HandoverRead.at))).all():
        read.setdefault(one.handover_id, []).append(one.staff_id)
    people = names_of_staff(
        session, [*(note.staff_id for note in notes), *(one for ids in read.values() for one in ids)]
    )
    return [
        ShownHandover(
            id=note.id or 0,
            who=people.get(note.staff_id, "somebody"),
            at=note.at,
            text=note.text,
            waiting=note.waiting,
            read_by=[people.get(one, "somebody") for one in read.get(note.id or 0, [])],
            mine=note.staff_id == staff.id,
            unread=note.staff_id != staff.id and staff.id not in read.get(note.id or 0, []),
        )
        for note in notes
    ]
