"""One post on the board with its thread, and the answer to it: written, handed in, approved, returned, taken back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console import words
from hark311.console.chats import board_words, entry_queries
from hark311.console.chats.board_pages import chat_of, entry_of
from hark311.console.chats.plan_forms import number_of
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Submission, TakingPart, ViewingChat, Visitor
from models import ChatEntry, StaffUser
from models.job_names import SEND_REPLY
from responders import doubts
from responders.chats import answering, approving
from responders.chats.alike import Seen
from responders.chats.approving import Answer, Others
from responders.chats.ways import Way, ready_words
from responders.review import NotApproved, NotYours

router = APIRouter(prefix="/chats")

DONE = {
    "kept": "Kept.",
    "dropped": "Given up. Another answer can begin.",
    "handed-in": "Handed in. Whoever runs the chat reads it now.",
    "returned": "Returned to its maker.",
    "approved": "Approved. It leaves in a moment, and can be taken back until then.",
    "not-all": "Approved. It leaves in a moment, and can be taken back until then. Not all who ask the same are told: "
    "what came or changed after this page was opened, or needs another person's key, waits on the board.",
    "key": "Your key is given. It waits for another person.",
    "in-hand": "It is yours to post now, in the words as they stand here.",
    "back": "Taken back. It waits on the board again.",
    "posted": "Noted as posted.",
    "again": "It is sent once more.",
}


@router.get("/{chat_id}/entries/{entry_id}")
def show_entry(
    request: Request,
    console: ConsoleHere,
    there: ViewingChat,
    chat_id: int,
    entry_id: int,
    way: str = "",
    done: str = "",
    write: str = "",
) -> Response:
    chosen = Way(way) if way in set(Way) else None
    said = DONE.get(done, "")
    return _page(request, console, there.visitor, chat_id, entry_id, chosen=chosen, said=said, write=bool(write))


@router.get("/{chat_id}/entries/{entry_id}/live")
def show_entry_live(console: ConsoleHere, there: ViewingChat, chat_id: int, entry_id: int) -> HTMLResponse:
    """The parts of the page that change while somebody looks at it, but for the form they write in."""
    context = _context(console, there.visitor, chat_id, entry_id, None)
    return console.page("chats/entry_live.html", staff=there.visitor.staff, csrf=there.visitor.csrf, **context)


@router.post("/{chat_id}/entries/{entry_id}/answer")
def keep(request: Request, console: ConsoleHere, sent: TakingPart, chat_id: int, entry_id: int) -> Response:
    """Keep what stands in the form; from a script, as it is typed."""
    _require_here(console, chat_id, entry_id)
    scripted = "hx-request" in request.headers
    try:
        kept = _keep(console, sent, entry_id)
    except (NotApproved, NotYours) as error:
        if scripted:
            return console.page("kept.html", kept=None, trouble=str(error))
        if isinstance(error, NotYours):
            raise
        return _refused(request, console, sent, chat_id, entry_id, error.reasons)
    if scripted:
        return console.page("kept.html", kept=kept, trouble="")
    if kept.apart:
        return _refused(request, console, sent, chat_id, entry_id, [f"{kept.apart} Your words are kept beside it."])
    return RedirectResponse(f"/chats/{chat_id}/entries/{entry_id}?done=kept", status_code=303)


@router.post("/{chat_id}/entries/{entry_id}/answer/{what}")
def decide(
    request: Request,
    console: ConsoleHere,
    sent: TakingPart,
    chat_id: int,
    entry_id: int,
    what: str,
    after: BackgroundTasks,
) -> Response:
    """Everything else that is done with an answer. What was typed is kept where it is refused."""
    _require_here(console, chat_id, entry_id)
    desk, who = console.product.desk, sent.visitor.id
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "bank": (lambda: _from_bank(console, sent, entry_id), "kept"),
        "drop": (lambda: answering.drop_answer(desk, entry_id, who), "dropped"),
        "hand-in": (lambda: _hand_in(console, sent, entry_id), "handed-in"),
        "return": (lambda: answering.return_answer(desk, entry_id, who, sent.text("reason")), "returned"),
        "take-back": (lambda: answering.take_back(desk, entry_id, who), "back"),
        "posted": (lambda: approving.says_posted(desk, entry_id, who), "posted"),
        "not-posted": (lambda: approving.not_posted(desk, entry_id, who), "back"),
        "is-there": (lambda: doubts.says_sent(desk, _on_its_way(console, entry_id), who), "posted"),
        "not-there": (lambda: doubts.says_not_sent(desk, _on_its_way(console, entry_id), who), "again"),
        "give-up": (lambda: doubts.give_up(desk, _on_its_way(console, entry_id), who), "dropped"),
    }
    back = f"/chats/{chat_id}/entries/{entry_id}"
    try:
        if what == "approve":
            done = _approve(console, sent, entry_id)
        elif what in acts:
            act, done = acts[what]
            act()
        else:
            return RedirectResponse(back, status_code=303)
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, entry_id, error.reasons)
    if done in ("approved", "not-all", "again"):
        after.add_task(_nudge, console, entry_id)
    return RedirectResponse(f"{back}?done={done}", status_code=303)


async def _nudge(console: Console, entry_id: int) -> None:
    """Wake the outbox for every reply that was let go with this answer."""
    with console.product.database.read() as session:
        waiting = [one.id for one in approving.on_their_way(session, entry_id)]
    for reply_id in waiting:
        await console.product.nudge(SEND_REPLY, reply_id)


def _keep(console: Console, sent: Submission, entry_id: int) -> answering.Kept:
    way, text, language = _typed(sent)
    desk, seen = console.product.desk, number_of(sent.text("reply_revision"))
    return answering.keep_answer(desk, entry_id, sent.visitor.id, way, text, language, seen)


def _from_bank(console: Console, sent: Submission, entry_id: int) -> None:
    way, _, _ = _typed(sent)
    answering.use_answer(console.product.desk, entry_id, sent.visitor.id, way, number_of(sent.text("answer_id")))


def _hand_in(console: Console, sent: Submission, entry_id: int) -> None:
    if "reply_text" in sent.fields and (apart := _keep(console, sent, entry_id).apart):
        raise NotApproved([f"{apart} Your words are kept beside it."])
    answering.hand_in(console.product.desk, entry_id, sent.visitor.id)


def _approve(console: Console, sent: Submission, entry_id: int) -> str:
    way, text, language = _typed(sent)
    desk, revision = console.product.desk, number_of(sent.text("reply_revision"))
    kept = answering.keep_answer(desk, entry_id, sent.visitor.id, way, text, language, revision)
    if kept.apart:
        raise NotApproved([f"{kept.apart} Your words are kept beside it."])
    others = sent.text("others")
    answer = Answer(
        way=way,
        text=text,
        language=language,
        seen_version=number_of(sent.text("seen_version")),
        seen_post_id=number_of(sent.text("seen_post_id")) or None,
        seen_revision=kept.revision,
        others=Others(others) if others in set(Others) else Others.STAY,
        others_seen=_seen(sent.text("group")),
    )
    given = approving.approve_answer(desk, entry_id, sent.visitor.id, answer)
    if not given.approved:
        return "key"
    if given.left:
        return "not-all"
    return "in-hand" if way == Way.BY_HAND else "approved"


def _typed(sent: Submission) -> tuple[Way, str, str]:
    way, language = sent.text("way"), sent.text("language")
    if way not in set(Way):
        raise NotApproved(["Choose how the answer is to reach them."])
    return Way(way), sent.text("reply_text"), language if language in words.LANGUAGES else "en"


def _seen(group: str) -> dict[int, Seen]:
    """The near-identical questions as they stood on the page; what the form does not say in full counts as unseen."""
    numbers = [[number_of(one) for one in each.split(":")] for each in group.split()]
    return {each[0]: Seen(each[1], each[2]) for each in numbers if len(each) == 3}


def _on_its_way(console: Console, entry_id: int) -> int:
    """Reply.id of the answer to an entry. Raises NotApproved where there is none."""
    with console.product.database.read() as session:
        reply = answering.answer_of(session, session.get_one(ChatEntry, entry_id))
    if reply is None or reply.id is None:
        raise NotApproved(["There is no answer to decide about."])
    return reply.id


def _require_here(console: Console, chat_id: int, entry_id: int) -> None:
    """The part somebody has is in the chat of the address: the post has to stand on its board."""
    with console.product.database.read() as session:
        entry_of(session, chat_id, entry_id)


def _refused(
    request: Request, console: Console, sent: Submission, chat_id: int, entry_id: int, reasons: list[str]
) -> Response:
    way = sent.text("way")
    return _page(
        request,
        console,
        sent.visitor,
        chat_id,
        entry_id,
        chosen=Way(way) if way in set(Way) else None,
        refused=reasons,
        typed=sent.text("reply_text"),
        status=422,
    )


def _page(
    request: Request,
    console: Console,
    visitor: Visitor,
    chat_id: int,
    entry_id: int,
    *,
    chosen: Way | None = None,
    refused: list[str] | None = None,
    typed: str = "",
    said: str = "",
    write: bool = False,
    status: int = 200,
) -> Response:
    context = _context(console, visitor, chat_id, entry_id, chosen)
    if typed and context["page"].answer.waits:
        context["page"] = replace(context["page"], answer=replace(context["page"].answer, text=typed))
    more: dict[str, Any] = {"refused": refused or [], "said": said, "write": write}
    return signed_in_page(request, console, visitor, "chats/entry.html", status, **context, **more)


def _context(console: Console, visitor: Visitor, chat_id: int, entry_id: int, chosen: Way | None) -> dict[str, Any]:
    desk, now = console.product.desk, console.now()
    with console.product.database.read() as session:
        chat, entry = chat_of(session, chat_id), entry_of(session, chat_id, entry_id)
        page = entry_queries.entry_page(session, desk, chat, entry, _person(session, visitor))
        if chosen is not None and page.answer.state is None and any(one.way == chosen for one in page.ways):
            text = ready_words(session, chat, entry, chosen)
            page = replace(page, answer=replace(page.answer, way=chosen, text=text))
    return {
        "page": page,
        "board_words": board_words,
        "held": entry_queries.held_for(page, now),
        "length": desk.length_of(page.channel, page.answer.text),
    }


def _person(session: Session, visitor: Visitor) -> StaffUser:
    return session.get_one(StaffUser, visitor.id)
