"""The live board of a chat: lanes of cards, the time bar, and what can be done with the card that is selected."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse
from sqlmodel import Session, col, select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console import keymap
from hark311.console.chats import board_queries, board_words
from hark311.console.chats.plan_forms import number_of
from hark311.console.frame import signed_in_page
from hark311.console.live_pages import events_for
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, RunningChat, Submission, ViewingChat, Visitor
from models import ChatEntry, ChatLane, ChatQuestion, TweetChat, preference_of
from models.presence import onlookers
from responders.chats import board, running
from responders.chats.people import part_of
from responders.chats.posting import skip_post, skip_question
from responders.review import NotApproved, NotFound

router = APIRouter(prefix="/chats")

SAID = {
    "paused": "Paused: nothing planned leaves until somebody goes on.",
    "resumed": "The chat goes on. What has not left was moved by as long as the pause took.",
    "moved": "What has not left is moved.",
    "skipped": "Skipped. It can be taken up again on the page of the plan.",
    "opened": "The chat is open.",
    "ended": "The chat has ended. Answers can still be given.",
}
MOST_MOVED = 3600


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a board asks for: answers to one question only, or one lane whole."""

    only: int | None
    lane: ChatLane | None

    def query(self, **changed: object) -> str:
        """The query part of a link to the same board."""
        chosen = {"q": self.only, "lane": self.lane, **changed}
        told = urlencode({name: value for name, value in chosen.items() if value})
        return f"?{told}" if told else ""


def asked(q: str = "", lane: str = "") -> Asked:
    """A value that names nothing is taken as absent."""
    number = int(q) if q.isascii() and q.isdigit() and len(q) < 3 else None
    return Asked(number, ChatLane(lane) if lane in set(ChatLane) else None)


Asking = Annotated[Asked, Depends(asked)]


@router.get("/{chat_id}/board")
def show_board(
    request: Request, console: ConsoleHere, there: ViewingChat, chat_id: int, ask: Asking, done: str = ""
) -> Response:
    return board_page(request, console, there.visitor, chat_id, ask, said=SAID.get(done, ""))


@router.get("/{chat_id}/board/live")
def show_board_live(console: ConsoleHere, there: ViewingChat, chat_id: int, ask: Asking) -> HTMLResponse:
    """The parts of the board that change while somebody looks at it."""
    return _live(console, there.visitor, chat_id, ask)


@router.get("/{chat_id}/events")
async def stream(console: ConsoleHere, there: ViewingChat, chat_id: int) -> EventSourceResponse:
    """What changes while the board is open, a guest's too."""
    return events_for(console, there.visitor, -chat_id)


@router.post("/{chat_id}/entries/{entry_id}/do")
def act(
    request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, entry_id: int, ask: Asking
) -> Response:
    """One act on one card, as its button or key says. From a script: the board anew; else back to where it was."""
    refused: list[str] = []
    try:
        _act(console, sent, chat_id, entry_id)
    except NotApproved as error:
        refused = error.reasons
    if "hx-request" in request.headers:
        return _live(console, sent.visitor, chat_id, ask, refused)
    if refused:
        return board_page(request, console, sent.visitor, chat_id, ask, refused=refused)
    back = f"/chats/{chat_id}/entries/{entry_id}" if sent.text("back") == "entry" else f"/chats/{chat_id}/board"
    return RedirectResponse(back, status_code=303)


@router.post("/{chat_id}/board/schedule")
def change_schedule(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, ask: Asking) -> Response:
    """Open, pause, go on, move, skip the next post, or end."""
    desk, who, what = console.product.desk, sent.visitor.id, sent.text("do")
    seconds = max(-MOST_MOVED, min(MOST_MOVED, _seconds(sent.text("seconds"))))
    acts: dict[str, tuple[Callable[[], None], str]] = {
        "open": (lambda: running.open_chat(desk, chat_id, who), "opened"),
        "end": (lambda: running.end_chat(desk, chat_id, who), "ended"),
        "pause": (lambda: running.pause(desk, chat_id, who), "paused"),
        "resume": (lambda: running.resume(desk, chat_id, who), "resumed"),
        "shift": (lambda: running.shift(desk, chat_id, who, seconds), "moved"),
        "skip": (lambda: _skip(console, sent, chat_id), "skipped"),
    }
    if what not in acts:
        return RedirectResponse(f"/chats/{chat_id}/board", status_code=303)
    do, done = acts[what]
    try:
        do()
    except NotApproved as error:
        return board_page(request, console, sent.visitor, chat_id, ask, refused=error.reasons)
    return RedirectResponse(f"/chats/{chat_id}/board?done={done}", status_code=303)


def board_page(
    request: Request,
    console: Console,
    visitor: Visitor,
    chat_id: int,
    ask: Asked,
    *,
    refused: list[str] | None = None,
    said: str = "",
) -> Response:
    """The whole page of the board."""
    context = _context(console, visitor, chat_id, ask)
    status = 422 if refused else 200
    return signed_in_page(
        request, console, visitor, "chats/board.html", status, **context, refused=refused or [], said=said
    )


def _live(
    console: Console, visitor: Visitor, chat_id: int, ask: Asked, refused: list[str] | None = None
) -> HTMLResponse:
    context = _context(console, visitor, chat_id, ask)
    with console.product.database.read() as session:
        liked = preference_of(session, visitor.id)
    shown: dict[str, Any] = {"keys_on": liked.single_keys, "key_of": keymap.keys_of(liked.keys)}
    shown |= {"staff": visitor.staff, "csrf": visitor.csrf, "refused": refused or [], "said": ""}
    return console.page("chats/board_live.html", **context, **shown)


def _context(console: Console, visitor: Visitor, chat_id: int, ask: Asked) -> dict[str, Any]:
    console.live.polled(visitor.id, -chat_id)
    now = console.now()
    with console.product.database.read() as session:
        chat = chat_of(session, chat_id)
        found = board_queries.board_of(
            session,
            chat,
            part_of(session, chat_id, visitor.staff),
            visitor.id,
            console.product.desk.speaking,
            now,
            only=ask.only,
            lane=ask.lane,
        )
        here = onlookers(session, [-chat_id], now, visitor.id).get(-chat_id, [])
    return {"board": found, "ask": ask, "board_words": board_words, "here": here}


def chat_of(session: Session, chat_id: int) -> TweetChat:
    """The chat of an address. Raises NotFound."""
    chat = session.get(TweetChat, chat_id)
    if chat is None:
        raise NotFound(f"There is no chat {chat_id}.")
    return chat


def entry_of(session: Session, chat_id: int, entry_id: int) -> ChatEntry:
    """A post on the board of this very chat. Raises NotFound."""
    entry = session.get(ChatEntry, entry_id)
    if entry is None or entry.chat_id != chat_id:
        raise NotFound(f"There is no post {entry_id} on the board of chat {chat_id}.")
    return entry


def _act(console: Console, sent: Submission, chat_id: int, entry_id: int) -> None:
    desk, who, what = console.product.desk, sent.visitor.id, sent.text("do")
    with console.product.database.read() as session:
        entry = entry_of(session, chat_id, entry_id)
        questions = list(
            session.exec(
                select(ChatQuestion).where(ChatQuestion.chat_id == chat_id).order_by(col(ChatQuestion.number))
            ).all()
        )
        people = board_queries.assignable(session, chat_id)
    seen = {"seen_version": number_of(sent.text("seen_version"))}
    lane, _, named = what.partition(":")
    match lane:
        case "lane" if named in set(ChatLane):
            board.move(desk, entry_id, who, ChatLane(named), **seen)
        case "question":
            board.link(desk, entry_id, who, _question(entry, questions, sent.text("question")), **seen)
        case "link-next" | "link-previous":
            step = 1 if lane == "link-next" else -1
            board.link(desk, entry_id, who, _beside(entry, questions, step), **seen)
        case "assign" | "assign-next":
            to = _next_of(entry, people) if lane == "assign-next" else number_of(sent.text("to"))
            if to:
                board.assign(desk, entry_id, who, to, **seen)
            else:
                board.unassign(desk, entry_id, who, **seen)
        case "report":
            board.make_report(desk, entry_id, who, **seen)
        case "not-needed" if entry.answered_how is None:
            board.not_needed(desk, entry_id, who, **seen)
        case "not-needed":
            board.needed_after_all(desk, entry_id, who, **seen)
        case "choose":
            board.choose(desk, entry_id, who, not entry.chosen, **seen)
        case "part":
            board.part_alike(desk, entry_id, who, **seen)
        case "join":
            board.join_alike(desk, entry_id, who, number_of(sent.text("with")), **seen)
        case _:
            raise NotApproved(["Say what is to be done with it."])


def _question(entry: ChatEntry, questions: list[ChatQuestion], number: str) -> int | None:
    if not number:
        return None
    found = next((one.id for one in questions if str(one.number) == number), None)
    if found is None:
        raise NotApproved([f"There is no question {number[:10]} in this chat."])
    return found


def _beside(entry: ChatEntry, questions: list[ChatQuestion], step: int) -> int | None:
    """The question after or before that of an entry; before the first and after the last there is none."""
    ids: list[int | None] = [None, *(one.id for one in questions)]
    at = ids.index(entry.question_id) if entry.question_id in ids else 0
    return ids[(at + step) % len(ids)]


def _next_of(entry: ChatEntry, people: list[board_queries.Person]) -> int:
    """Who comes after whoever has it, guests first; 0 after the last of those who are there."""
    ids = [0, *(one.staff_id for one in people if not one.absent and one.guest)]
    at = ids.index(entry.assigned_to or 0) if (entry.assigned_to or 0) in ids else 0
    return ids[(at + 1) % len(ids)]


def _skip(console: Console, sent: Submission, chat_id: int) -> None:
    """Leave out what stood on the page as the next: a question on every account, anything else as the one post."""
    desk, who = console.product.desk, sent.visitor.id
    with console.product.database.read() as session:
        following = board_queries.following_of(session, chat_of(session, chat_id), console.now())
    if following is None or following.id != number_of(sent.text("post")):
        raise NotApproved(["Another post leaves next by now. Look again before you skip it."])
    if following.question_id is not None:
        skip_question(desk, following.question_id, who)
    else:
        skip_post(desk, following.id, who)


def _seconds(text: str) -> int:
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 6 else 0
