"""What the people who run a chat do with one post on its board. Every act says which version of it was seen.

Two people cannot decide about the same post (invariant 5): an act upon a version that is no more is refused, and what
is refused changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    AnsweredHow,
    ChatEntry,
    ChatLane,
    ChatPerson,
    ChatQuestion,
    ChatState,
    LinkedHow,
    Mention,
    MentionState,
    Post,
    StaffUser,
    TweetChat,
    record,
)
from responders.chats.alike import ASKS, heirs_of, part
from responders.chats.people import require_part
from responders.chats.reports import put_back_on_board, put_in_queue, say_danger
from responders.chats.resting import QUEUED_TOO
from responders.deciding import NotApproved, NotFound
from responders.review import Desk

OVERTAKEN = "Somebody else has changed this post on the board meanwhile. Look at it again, then decide."
MOVED: Mapping[ChatLane, str] = {one: f"moved to {one.replace('_', ' ')}" for one in ChatLane}


@dataclass(frozen=True, slots=True)
class Act:
    """One act on an entry: the rows, locked, and who acts."""

    desk: Desk
    session: Session
    chat: TweetChat
    entry: ChatEntry
    staff: StaffUser
    now: datetime

    @property
    def by(self) -> str:
        return f"staff:{self.staff.id}"

    def note(self, why: str) -> None:
        """Keep the entry as it stands now, as another version, and write down what was done."""
        self.entry.version += 1
        self.session.add(self.entry)
        record(self.session, "ChatEntry", self.entry.id or 0, self.by, why, self.now)

    def mention(self) -> Mention:
        """The post as work, locked. Raises NotApproved where it is ours, or its author deleted it."""
        if self.entry.mention_id is None:
            raise NotApproved(["It is a post of our own. Nothing is to be decided about it."])
        found = self.session.get_one(Mention, self.entry.mention_id, with_for_update=True)
        if found.state == MentionState.WITHDRAWN:
            raise NotApproved(["Its author deleted the post, so it has left the board."])
        return found


@contextmanager
def acting(desk: Desk, entry_id: int, staff_id: int, seen_version: int, *, runs_it: bool = True) -> Iterator[Act]:
    """An act on an entry in a transaction. Raises NotFound, NotYours, or NotApproved where the board has moved on."""
    with desk.database.write() as session:
        entry = session.get(ChatEntry, entry_id)
        if entry is None:
            raise NotFound(f"There is no post {entry_id} on a board.")
        chat = session.get_one(TweetChat, entry.chat_id)
        staff = require_part(session, chat.id or 0, staff_id, runs_it=runs_it)
        if entry.mention_id is not None:  # the mention before its entry, as everywhere
            session.get(Mention, entry.mention_id, with_for_update=True)
        session.refresh(entry, with_for_update=True)
        if entry.version != seen_version:
            raise NotApproved([OVERTAKEN])
        if session.get_one(Post, entry.post_id).deleted_at is not None:
            raise NotApproved(["Its author deleted the post, so it has left the board."])
        yield Act(desk, session, chat, entry, staff, desk.clock())


def move(desk: Desk, entry_id: int, staff_id: int, lane: ChatLane, *, seen_version: int) -> None:
    """Put a post into another lane; it stays there, whatever a rule says of a later version.

    A report comes into the main queue with its draft, a danger is paged; what is neither goes back to the board alone.
    Raises NotFound, NotYours, NotApproved.
    """
    with acting(desk, entry_id, staff_id, seen_version) as act:
        _move(act, lane)


def make_report(desk: Desk, entry_id: int, staff_id: int, *, seen_version: int) -> None:
    """A post that is really a report: it stays on the board, and is filed and answered from the main queue."""
    move(desk, entry_id, staff_id, ChatLane.SERVICE_REQUEST, seen_version=seen_version)


def not_a_report(
    desk: Desk, entry_id: int, staff_id: int, *, seen_version: int, lane: ChatLane = ChatLane.NEEDS_ANSWER
) -> None:
    """A post that is no report after all: out of the main queue again, if nobody has decided there."""
    if lane in QUEUED_TOO:
        raise NotApproved(["Choose a lane of the board alone."])
    move(desk, entry_id, staff_id, lane, seen_version=seen_version)


def _move(act: Act, lane: ChatLane) -> None:
    entry, before = act.entry, act.entry.lane
    if lane == ChatLane.HOST and entry.mention_id is not None:
        raise NotApproved(["That lane is for those who run the chat. Choose another one."])
    mention = act.mention()
    if lane == ChatLane.EMERGENCY:
        say_danger(act.desk, act.session, mention, act.staff, act.now)
    if lane in QUEUED_TOO:
        put_in_queue(act.desk, act.session, mention, entry, act.staff, act.now)
    elif before in QUEUED_TOO and not mention.danger:
        others = select(ChatEntry.id).where(
            ChatEntry.mention_id == mention.id, ChatEntry.id != entry.id, col(ChatEntry.lane).in_(QUEUED_TOO)
        )
        if act.session.exec(others).first() is None:
            put_back_on_board(act.session, mention, act.staff, act.now)
    entry.lane, entry.lane_by, entry.lane_why = lane, act.by, "a person put it here"
    if lane not in ASKS:
        part(act.session, act.entry)
    act.note(MOVED[lane])


def link(desk: Desk, entry_id: int, staff_id: int, question_id: int | None, *, seen_version: int) -> None:
    """Say which question a post belongs to; None: to none."""
    with acting(desk, entry_id, staff_id, seen_version) as act:
        question = act.session.get(ChatQuestion, question_id) if question_id is not None else None
        if question_id is not None and (question is None or question.chat_id != act.chat.id):
            raise NotApproved(["This chat has no such question."])
        act.entry.question_id, act.entry.linked_how = question_id, LinkedHow.PERSON
        act.note(f"belongs to Q{question.number}" if question else "belongs to no question")


def assign(desk: Desk, entry_id: int, staff_id: int, to_id: int, *, seen_version: int) -> None:
    """Give a post to somebody of the chat, who has TweetChat.answer_within seconds. Raises NotApproved where absent."""
    with acting(desk, entry_id, staff_id, seen_version) as act:
        act.mention()
        _give(act, _present(act.session, act.chat, to_id))


def unassign(desk: Desk, entry_id: int, staff_id: int, *, seen_version: int) -> None:
    """Give it to nobody in particular."""
    with acting(desk, entry_id, staff_id, seen_version) as act:
        act.entry.assigned_to = act.entry.due_at = None
        act.note("given to nobody in particular")


def reassign_all(desk: Desk, chat_id: int, staff_id: int, from_id: int, to_id: int | None) -> int:
    """Give what somebody has not answered to another person, or (None) to nobody: for who is absent. How many."""
    with desk.database.write() as session:
        staff, chat, now = require_part(session, chat_id, staff_id), session.get_one(TweetChat, chat_id), desk.clock()
        to = _present(session, chat, to_id) if to_id is not None else None
        waiting = session.exec(
            select(ChatEntry)
            .where(ChatEntry.chat_id == chat_id, ChatEntry.assigned_to == from_id, col(ChatEntry.answered_at).is_(None))
            .order_by(col(ChatEntry.id))
            .with_for_update()
        ).all()
        for entry in waiting:
            act = Act(desk, session, chat, entry, staff, now)
            if to is not None:
                _give(act, to)
            else:
                entry.assigned_to = entry.due_at = None
                act.note("given to nobody in particular: who had it is absent")
        return len(waiting)


def _present(session: Session, chat: TweetChat, staff_id: int) -> ChatPerson:
    person = session.exec(
        select(ChatPerson).where(ChatPerson.chat_id == chat.id, ChatPerson.staff_id == staff_id)
    ).first()
    staff = session.get(StaffUser, staff_id)
    if person is None or staff is None or not staff.active:
        raise NotApproved(["They take no part in this chat. Add them first."])
    if person.absent_at is not None:
        raise NotApproved([f"{person.shown_as or staff.display_name} is marked absent. Choose somebody who is there."])
    return person


def _give(act: Act, person: ChatPerson) -> None:
    act.entry.assigned_to = person.staff_id
    act.entry.due_at = act.now + timedelta(seconds=act.chat.answer_within)
    act.note(f"given to staff:{person.staff_id}")


def join_alike(desk: Desk, entry_id: int, staff_id: int, head_id: int, *, seen_version: int) -> None:
    """Count a post with another one that asks the same; those that were counted with it come along."""
    with acting(desk, entry_id, staff_id, seen_version) as act:
        head = act.session.get(ChatEntry, head_id)
        if head is None or head.chat_id != act.chat.id or head.mention_id is None:
            raise NotApproved(["This post is not on the board of this chat."])
        head = act.session.get_one(ChatEntry, head.alike_id) if head.alike_id else head
        if head.id == act.entry.id:
            raise NotApproved(["A post cannot be counted with itself."])
        for one in heirs_of(act.session, act.entry):
            one.alike_id = head.id
            act.session.add(one)
        act.entry.alike_id = head.id
        act.note(f"asks the same as entry {head.id}")


def part_alike(desk: Desk, entry_id: int, staff_id: int, *, seen_version: int) -> None:
    """A post that asks something else after all stands for itself; the first of a group leaves it to the next."""
    with acting(desk, entry_id, staff_id, seen_version) as act:
        part(act.session, act.entry)
        act.note("asks something of its own")


def not_needed(desk: Desk, entry_id: int, staff_id: int, *, seen_version: int) -> None:
    """It needs no answer: it alone, not those that are counted with it, whose words nobody may have read."""

    def done(act: Act) -> str:
        if act.entry.answered_at is not None:
            raise NotApproved(["It is answered already."])
        act.entry.answered_at, act.entry.answered_how = act.now, AnsweredHow.NOT_NEEDED
        act.entry.assigned_to = act.entry.due_at = None
        return "needs no answer"

    _change(desk, entry_id, staff_id, seen_version, done)


def needed_after_all(desk: Desk, entry_id: int, staff_id: int, *, seen_version: int) -> None:
    """It needs an answer after all. Undoes not_needed alone."""

    def undone(act: Act) -> str:
        if act.entry.answered_how != AnsweredHow.NOT_NEEDED:
            raise NotApproved(["It was not said to need no answer."])
        act.entry.answered_at = act.entry.answered_how = None
        return "needs an answer after all"

    _change(desk, entry_id, staff_id, seen_version, undone)


def choose(desk: Desk, entry_id: int, staff_id: int, chosen: bool, *, seen_version: int) -> None:
    """Take a post into the recap, or out of it."""

    def done(act: Act) -> str:
        if chosen and act.chat.state == ChatState.CANCELLED:
            raise NotApproved(["This chat does not take place, so it has no recap."])
        act.entry.chosen = chosen
        return "chosen for the recap" if chosen else "not in the recap"

    _change(desk, entry_id, staff_id, seen_version, done)


def _change(desk: Desk, entry_id: int, staff_id: int, seen_version: int, change: Callable[[Act], str]) -> None:
    with acting(desk, entry_id, staff_id, seen_version) as act:
        act.note(change(act))
