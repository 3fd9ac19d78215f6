"""What chats left to do: promises with their day, questions nobody answered; over all chats, what is overdue on top."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console.chats.plan_forms import number_of
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console, https_only
from hark311.console.visits import ConsoleHere, RunningChat, Submission, Viewing, Visitor
from models import (
    Account,
    ChatEntry,
    ChatNetwork,
    ChatPerson,
    ChatState,
    ChatTask,
    ChatTaskKind,
    Post,
    Role,
    StaffUser,
    TweetChat,
)
from models.chats import RUNS_IT
from responders.chats import tasks
from responders.chats.people import part_of
from responders.chats.tasks import TaskFields
from responders.review import NotApproved

router = APIRouter(prefix="/chats")

SHOWN_DONE = 20
LONGEST_DATE = 10
LONGEST_POST = 4_000
DONE = {
    "promised": "Written down. It stands in the recap.",
    "changed": "Changed.",
    "done": "Done. The recap tells what came of a promise.",
    "open": "Taken up again.",
    "post": "The post is drafted. It waits in the plan to be approved.",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something was not kept, of which task (0: a new promise), and what was typed."""

    reasons: Sequence[str]
    task_id: int = 0
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShownTask:
    """One task. `said`: the words of the post it is about, as they stand on the network now; "" where it is gone."""

    task: ChatTask
    chat: TweetChat
    owner: str
    overdue: bool
    runs_it: bool
    said: str = ""
    link: str = ""

    @property
    def kind(self) -> str:
        return {ChatTaskKind.PROMISE: "Promise", ChatTaskKind.UNANSWERED: "Not answered"}.get(
            self.task.kind, "Follow-up"
        )


@router.get("/tasks")
def show_tasks(
    request: Request,
    console: ConsoleHere,
    visitor: Viewing,
    chat: int | None = None,
    entry: int | None = None,
    mine: str = "",
    done: str = "",
) -> Response:
    """`chat`: of this one alone, with a form for a promise, about `entry` of its board where that is given."""
    return _page(request, console, visitor, chat, entry, mine=bool(mine), done=DONE.get(done, ""))


@router.post("/{chat_id}/tasks")
def promise(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    """Write down what was promised."""
    entry_id = number_of(sent.text("entry")) or None
    return _act(
        request,
        console,
        sent,
        chat_id,
        0,
        lambda: tasks.promise(console.product.desk, chat_id, sent.visitor.id, _fields(sent), entry_id),
        "promised",
    )


@router.post("/{chat_id}/tasks/{task_id}")
def change(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, task_id: int) -> Response:
    """Change its words, its office, its day, or who looks after it."""
    return _act(
        request,
        console,
        sent,
        chat_id,
        task_id,
        lambda: tasks.change_task(console.product.desk, task_id, sent.visitor.id, _fields(sent)),
        "changed",
    )


@router.post("/{chat_id}/tasks/{task_id}/done")
def finish(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, task_id: int) -> Response:
    """Say what came of it."""
    return _act(
        request,
        console,
        sent,
        chat_id,
        task_id,
        lambda: tasks.finish_task(console.product.desk, task_id, sent.visitor.id, sent.text("answer")),
        "done",
    )


@router.post("/{chat_id}/tasks/{task_id}/reopen")
def reopen(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, task_id: int) -> Response:
    """Take it up again."""
    return _act(
        request,
        console,
        sent,
        chat_id,
        task_id,
        lambda: tasks.reopen_task(console.product.desk, task_id, sent.visitor.id),
        "open",
    )


@router.post("/{chat_id}/tasks/{task_id}/post")
def follow_up(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, task_id: int) -> Response:
    """Draft a post about it, reviewed as any."""
    return _act(
        request,
        console,
        sent,
        chat_id,
        task_id,
        lambda: tasks.follow_up(
            console.product.desk,
            task_id,
            sent.visitor.id,
            number_of(sent.text("account")),
            sent.text("language"),
            sent.text("words"),
        ),
        "post",
    )


def _act(
    request: Request,
    console: Console,
    sent: Submission,
    chat_id: int,
    task_id: int,
    act: Callable[[], object],
    done: str,
) -> Response:
    try:
        act()
    except NotApproved as error:
        refused = Refused(error.reasons, task_id, dict(sent.fields))
        return _page(request, console, sent.visitor, chat_id, number_of(sent.text("entry")) or None, refused=refused)
    return RedirectResponse(f"/chats/tasks?chat={chat_id}&done={done}", status_code=303)


def _fields(sent: Submission) -> TaskFields:
    return TaskFields(
        words=" ".join(sent.text("words").split()),
        owner_name=" ".join(sent.text("owner_name").split()),
        due_on=_day(sent.text("due_on")),
        owner_id=number_of(sent.text("owner")) or None,
    )


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip()) if len(written.strip()) == LONGEST_DATE else None
    except ValueError:
        return None


def _page(
    request: Request,
    console: Console,
    visitor: Visitor,
    chat_id: int | None,
    entry_id: int | None,
    *,
    mine: bool = False,
    done: str = "",
    refused: Refused | None = None,
) -> Response:
    with console.product.database.read() as session:
        chat = session.get(TweetChat, chat_id) if chat_id else None
        of = chat.id if chat else None
        found = tasks.tasks(session, chat_id=of, owner_id=visitor.id if mine else None)
        about = session.get(ChatEntry, entry_id) if chat and entry_id else None
        about = about if about and chat and about.chat_id == chat.id else None
        said = session.get_one(Post, about.post_id).text if about else ""
        shown = {
            "open": [_shown(session, console, visitor, one) for one in found],
            "ended": [_shown(session, console, visitor, one) for one in _done(session, of)],
            "people": _people(session),
            "offices": _offices(session, chat),
            "accounts": _accounts(session, [one.chat_id for one in found]),
            "runs_it": chat is not None and part_of(session, chat.id or 0, visitor.staff) in RUNS_IT,
        }
    return signed_in_page(
        request,
        console,
        visitor,
        "chats/tasks.html",
        422 if refused else 200,
        chat=chat,
        entry_id=about.id if about else None,
        about=said,
        today=console.city_time.today(console.now()),
        mine=mine,
        done=done,
        refused=refused,
        ended_state=ChatState.ENDED,
        longest=(tasks.LONGEST_WORDS, tasks.LONGEST_OWNER, tasks.LONGEST_OUTCOME, LONGEST_POST),
        **shown,
    )


def _shown(session: Session, console: Console, visitor: Visitor, task: ChatTask) -> ShownTask:
    chat = session.get_one(TweetChat, task.chat_id)
    owner = session.get(StaffUser, task.owner_id) if task.owner_id else None
    entry = session.get(ChatEntry, task.entry_id) if task.entry_id else None
    post = session.get(Post, entry.post_id) if entry else None
    today = console.city_time.today(console.now())
    return ShownTask(
        task=task,
        chat=chat,
        owner=owner.display_name if owner else "",
        overdue=task.done_at is None and task.due_on is not None and task.due_on < today,
        runs_it=part_of(session, task.chat_id, visitor.staff) in RUNS_IT,
        said=post.text if post else "",
        link=https_only(post.url) if post else "",
    )


def _done(session: Session, chat_id: int | None) -> Sequence[ChatTask]:
    found = select(ChatTask).where(col(ChatTask.done_at).is_not(None))
    if chat_id is not None:
        found = found.where(ChatTask.chat_id == chat_id)
    return session.exec(found.order_by(col(ChatTask.done_at).desc(), col(ChatTask.id).desc()).limit(SHOWN_DONE)).all()


def _people(session: Session) -> Sequence[StaffUser]:
    """Whom a task can be given to."""
    of_desk = select(StaffUser).where(col(StaffUser.active), StaffUser.role != Role.CHAT_GUEST)
    return session.exec(of_desk.order_by(col(StaffUser.display_name))).all()


def _offices(session: Session, chat: TweetChat | None) -> Sequence[str]:
    """The names under which people of the chat speak, to choose from."""
    if chat is None:
        return []
    found = select(ChatPerson.shown_as).where(ChatPerson.chat_id == chat.id).order_by(col(ChatPerson.id))
    return [name for name in session.exec(found).all() if name]


def _accounts(session: Session, chat_ids: Sequence[int]) -> Mapping[int, Sequence[Account]]:
    """The accounts of each chat."""
    rows = session.exec(
        select(ChatNetwork.chat_id, Account)
        .join(Account, col(Account.id) == ChatNetwork.account_id)
        .where(col(ChatNetwork.chat_id).in_(set(chat_ids)))
        .order_by(col(Account.id))
    ).all()
    found: dict[int, list[Account]] = {}
    for chat_id, account in rows:
        found.setdefault(chat_id, []).append(account)
    return found
