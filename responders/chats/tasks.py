"""What is left to do after a chat: promises made in public, questions nobody answered, and posts that tell of them.

Errors: NotYours (who asks does not run the chat), NotFound, NotApproved (with all reasons).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from models import (
    AnsweredHow,
    ChatEntry,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    ChatTask,
    ChatTaskKind,
    Conversation,
    Post,
    StaffUser,
    TweetChat,
    record,
)
from models.posts import PostKind
from responders.chats.people import require_part
from responders.chats.posting import plan_post
from responders.chats.recap_figures import WANT_AN_ANSWER
from responders.deciding import NotApproved, NotFound
from responders.review import Desk

BY = "chats"
LONGEST_WORDS = 300
LONGEST_OWNER = 120
LONGEST_OUTCOME = 500
LONGEST_WAY = timedelta(days=3 * 365)
ANSWERED = "It was answered."
NOT_NEEDED = "It needed no answer."
GONE = "Its author deleted the post."
HIDDEN = "The post is hidden under the policy."
MOVED = "It was moved to another lane of the board."


@dataclass(frozen=True, slots=True)
class TaskFields:
    """What stands in the form of a promise. `owner_name`: the office, as the recap names it."""

    words: str
    owner_name: str
    due_on: date | None
    owner_id: int | None = None


def write_unanswered(session: Session, chat: TweetChat, now: datetime) -> int:
    """A task for every question that has no answer, one for all that ask nearly the same; returns how many are new.

    Safe to repeat: a task that ended by itself is taken up again where its question waits again; what somebody said was
    done stays done.
    """
    numbers = dict(session.exec(select(ChatQuestion.id, ChatQuestion.number)).all())
    known = _known(session, chat.id)
    groups: dict[int, list[ChatEntry]] = {}
    for entry in session.exec(_unanswered(chat.id)).all():
        groups.setdefault(_head(entry), []).append(entry)
    new = 0
    for head, some in groups.items():
        task = next((one for one, its_head in known if its_head == head), None)
        if task is None:
            new += 1
            task = ChatTask(chat_id=chat.id or 0, kind=ChatTaskKind.UNANSWERED, words="", made_at=now)
        elif task.done_by is not None:
            continue
        elif task.done_at is not None:
            task.done_at, task.outcome = None, ""
            record(session, "ChatTask", task.id or 0, BY, "its question waits again", now, "done", "open")
        if task.entry_id not in {one.id for one in some}:
            task.entry_id = some[0].id
        task.words = _words_for(some, numbers.get(some[0].question_id))
        session.add(task)
    return new


def settle_tasks(session: Session, now: datetime) -> set[int]:
    """End the tasks whose question was answered meanwhile, or wants no answer any more; returns the chats they are of.

    Where others who asked the same still wait, the task goes on with the next of them.
    """
    rows = session.exec(
        select(ChatTask, ChatEntry, Post)
        .join(ChatEntry, col(ChatEntry.id) == ChatTask.entry_id)
        .join(Post, col(Post.id) == ChatEntry.post_id)
        .where(
            ChatTask.kind == ChatTaskKind.UNANSWERED,
            col(ChatTask.done_at).is_(None),
            or_(
                col(ChatEntry.answered_at).is_not(None),
                col(Post.deleted_at).is_not(None),
                col(ChatEntry.hidden_by).is_not(None),
                col(ChatEntry.lane).not_in(WANT_AN_ANSWER),
            ),
        )
        .order_by(col(ChatTask.id))
        .with_for_update(of=ChatTask, skip_locked=True)
    ).all()
    for task, entry, post in rows:
        if (other := _next_who_waits(session, task, entry)) is not None:
            task.entry_id = other.id
            session.add(task)
            record(session, "ChatTask", task.id or 0, BY, "goes on with the next who asked the same", now)
        else:
            _end(session, task, BY, _outcome(entry, post), now)
    return {task.chat_id for task, _, _ in rows}


def promise(desk: Desk, chat_id: int, staff_id: int, fields: TaskFields, entry_id: int | None = None) -> int:
    """Write down what was promised in public, of a post on the board or of the chat itself; returns its ChatTask.id."""
    now = desk.clock()
    with desk.database.write() as session:
        require_part(session, chat_id, staff_id)
        entry = session.get(ChatEntry, entry_id) if entry_id is not None else None
        if entry_id is not None and (entry is None or entry.chat_id != chat_id):
            raise NotFound("There is no such post on the board of this chat.")
        if problems := _problems(session, desk, fields, now):
            raise NotApproved(problems)
        task = ChatTask(
            chat_id=chat_id,
            entry_id=entry_id,
            kind=ChatTaskKind.PROMISE,
            words=fields.words.strip(),
            owner_id=fields.owner_id,
            owner_name=fields.owner_name.strip(),
            due_on=fields.due_on,
            made_by=staff_id,
            made_at=now,
        )
        session.add(task)
        session.flush()
        record(session, "ChatTask", task.id or 0, f"staff:{staff_id}", "a promise was written down", now)
        return task.id or 0


def change_task(desk: Desk, task_id: int, staff_id: int, fields: TaskFields) -> None:
    """Change what is promised, who owns it and by when; of an unanswered question only who looks after it, and when."""
    now = desk.clock()
    with desk.database.write() as session:
        task = _open_task(session, task_id, staff_id)
        if task.kind != ChatTaskKind.PROMISE:
            fields = replace(fields, words=task.words)
        if problems := _problems(session, desk, fields, now, since=task.due_on):
            raise NotApproved(problems)
        before = task.due_on
        task.words, task.owner_name = fields.words.strip(), fields.owner_name.strip()
        task.due_on, task.owner_id = fields.due_on, fields.owner_id
        session.add(task)
        why = f"its day was {before}, and is {task.due_on}" if before != task.due_on else "changed"
        record(session, "ChatTask", task_id, f"staff:{staff_id}", why, now)


def finish_task(desk: Desk, task_id: int, staff_id: int, outcome: str) -> None:
    """Say what came of it; the recap tells it of a promise."""
    outcome = outcome.strip()
    with desk.database.write() as session:
        task = _open_task(session, task_id, staff_id)
        problems = [] if outcome else ["Say what came of it."]
        if len(outcome) > LONGEST_OUTCOME:
            problems.append(f"What came of it has {len(outcome)} characters; {LONGEST_OUTCOME} are the most.")
        if desk.find_private(outcome):
            problems.append("What came of it holds a private detail, and the recap tells it. Take it out.")
        if problems:
            raise NotApproved(problems)
        task.done_by = staff_id
        _end(session, task, f"staff:{staff_id}", outcome, desk.clock())


def reopen_task(desk: Desk, task_id: int, staff_id: int) -> None:
    """Take it up again: what came of it turned out not to be so."""
    with desk.database.write() as session:
        task = _task(session, task_id, staff_id)
        if task.done_at is not None:
            task.done_at = task.done_by = None
            task.outcome = ""
            session.add(task)
            record(session, "ChatTask", task_id, f"staff:{staff_id}", "taken up again", desk.clock())


def follow_up(desk: Desk, task_id: int, staff_id: int, account_id: int, language: str, text: str) -> int:
    """Draft a post about it, reviewed as any; it leaves once it is approved. Returns the ChatPost.id."""
    now = desk.clock()
    with desk.database.write() as session:
        task = _task(session, task_id, staff_id)
        if not text.strip():
            raise NotApproved(["The post is empty."])
        chat = session.get_one(TweetChat, task.chat_id)
        if chat.state != ChatState.ENDED:
            raise NotApproved(["The chat has not ended. Until then, answer on its board."])
        post: ChatPost = plan_post(
            session,
            chat,
            account_id=account_id,
            kind=ChatPostKind.FOLLOW_UP,
            language=language,
            text=text.strip(),
            made_by=staff_id,
            now=now,
        )
        task.chat_post_id = post.id
        session.add(task)
        record(session, "ChatTask", task_id, f"staff:{staff_id}", "a follow-up post was drafted", now)
        return post.id or 0


def tasks(session: Session, *, chat_id: int | None = None, owner_id: int | None = None) -> Sequence[ChatTask]:
    """The open tasks, of one chat or one person where that is said: what is due first on top, what has no day last."""
    found = select(ChatTask).where(col(ChatTask.done_at).is_(None))
    if chat_id is not None:
        found = found.where(ChatTask.chat_id == chat_id)
    if owner_id is not None:
        found = found.where(ChatTask.owner_id == owner_id)
    return session.exec(found.order_by(col(ChatTask.due_on).is_(None), col(ChatTask.due_on), col(ChatTask.id))).all()


def overdue_promises(session: Session, today: date) -> int:
    """How many promises of chats are over their day and have come to nothing yet."""
    return session.exec(
        select(func.count())
        .select_from(ChatTask)
        .where(ChatTask.kind == ChatTaskKind.PROMISE, col(ChatTask.done_at).is_(None), col(ChatTask.due_on) < today)
    ).one()


def _unanswered(chat_id: int | None) -> SelectOfScalar[ChatEntry]:
    """Entries that want an answer and have none, neither private, deleted nor hidden, in their order."""
    return (
        select(ChatEntry)
        .join(Post, col(Post.id) == ChatEntry.post_id)
        .join(Conversation, col(Conversation.id) == Post.conversation_id)
        .where(
            ChatEntry.chat_id == chat_id,
            col(ChatEntry.lane).in_(WANT_AN_ANSWER),
            col(ChatEntry.answered_at).is_(None),
            col(ChatEntry.hidden_by).is_(None),
            col(Post.deleted_at).is_(None),
            Post.kind != PostKind.OWN,
            col(Conversation.private).is_(False),
        )
        .order_by(col(ChatEntry.said_at), col(ChatEntry.id))
    )


def _next_who_waits(session: Session, task: ChatTask, entry: ChatEntry) -> ChatEntry | None:
    """The first of those counted with `entry` who wait for an answer, unless another task stands for them."""
    head = _head(entry)
    for other, its_head in _known(session, task.chat_id):
        if its_head == head and other.id != task.id and (other.done_at is None or other.done_by is not None):
            return None
    group = or_(col(ChatEntry.alike_id) == head, col(ChatEntry.id) == head)
    return session.exec(_unanswered(task.chat_id).where(group, col(ChatEntry.id) != entry.id)).first()


def _known(session: Session, chat_id: int | None) -> list[tuple[ChatTask, int]]:
    """The tasks for the questions of a chat, each with the head of its group, in the order in which they count.

    One that is open, else one that somebody ended, else one that ended by itself.
    """
    rows = session.exec(
        select(ChatTask, ChatEntry)
        .join(ChatEntry, col(ChatEntry.id) == ChatTask.entry_id)
        .where(ChatTask.chat_id == chat_id, ChatTask.kind == ChatTaskKind.UNANSWERED)
        .order_by(col(ChatTask.id))
    ).all()
    found = [(task, _head(entry)) for task, entry in rows]
    return sorted(found, key=lambda one: (one[0].done_at is not None, one[0].done_by is None))


def _head(entry: ChatEntry) -> int:
    """ChatEntry.id of the first of those it is counted with."""
    return entry.alike_id or entry.id or 0


def _words_for(some: Sequence[ChatEntry], number: int | None) -> str:
    asked = f"{len(some)} people asked" if len(some) > 1 else "A question"
    return f"{asked}, without an answer{f', under Q{number}' if number else ''}"


def _outcome(entry: ChatEntry, post: Post) -> str:
    """Why a question waits no more."""
    if post.deleted_at is not None:
        return GONE
    if entry.answered_at is not None:
        return NOT_NEEDED if entry.answered_how == AnsweredHow.NOT_NEEDED else ANSWERED
    return HIDDEN if entry.hidden_by is not None else MOVED


def _end(session: Session, task: ChatTask, by: str, outcome: str, now: datetime) -> None:
    task.done_at, task.outcome = now, outcome
    session.add(task)
    record(session, "ChatTask", task.id or 0, by, "done", now, "open", "done")


def _task(session: Session, task_id: int, staff_id: int) -> ChatTask:
    task = session.get(ChatTask, task_id, with_for_update=True)
    if task is None:
        raise NotFound(f"There is no task {task_id}.")
    require_part(session, task.chat_id, staff_id)
    return task


def _open_task(session: Session, task_id: int, staff_id: int) -> ChatTask:
    task = _task(session, task_id, staff_id)
    if task.done_at is not None:
        raise NotApproved(["This is done. Take it up again to change it."])
    return task


def _problems(session: Session, desk: Desk, fields: TaskFields, now: datetime, since: date | None = None) -> list[str]:
    today, problems = _day(now, desk), []
    if not fields.words.strip():
        problems.append("Say what is promised.")
    if not fields.owner_name.strip():
        problems.append("Say which office keeps it: the recap names it.")
    if fields.due_on is None:
        problems.append("Say by which day.")
    elif fields.due_on != since and not today <= fields.due_on <= today + LONGEST_WAY:
        problems.append("The day is past, or more than three years away.")
    if len(fields.words) > LONGEST_WORDS or len(fields.owner_name) > LONGEST_OWNER:
        problems.append(f"A promise has {LONGEST_WORDS} characters at most, the name of its office {LONGEST_OWNER}.")
    if desk.find_private(fields.words) or desk.find_private(fields.owner_name):
        problems.append("It holds a private detail, such as a telephone number, and the recap tells it. Take it out.")
    if fields.owner_id is not None:
        owner = session.get(StaffUser, fields.owner_id)
        if owner is None or not owner.active:
            problems.append("Nobody of that name works here.")
    return problems


def _day(now: datetime, desk: Desk) -> date:
    return now.astimezone(desk.zone).date()
