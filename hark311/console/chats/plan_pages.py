"""The chats, and the plan of each on one page: what, when, where, the questions, and the run of its posts."""

from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console import words
from hark311.console.chats import chat_list, plan_queries
from hark311.console.chats.calendar_file import as_download, calendar_file
from hark311.console.chats.plan_forms import (
    form_of,
    minute_of,
    number_of,
    plan_fields,
    question_words,
    typed_plan,
)
from hark311.console.chats.plan_showing import Refused, change_chat, follow, ground_of, show_plan_page
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import (
    ComingIn,
    ConsoleHere,
    Moderating,
    RunningChat,
    Submission,
    ViewingChat,
    ViewingPlan,
    Visitor,
)
from models import TweetChat
from responders.chats import example, planning, questions, run_drafts
from responders.review import NotApproved

router = APIRouter(prefix="/chats")

DONE = {
    "planned": "The chat is planned. Say where it takes place, and add its questions.",
    "kept": "The plan is changed.",
    "added": "The question is added.",
    "planned-post": "The post is planned. It waits to be read and approved.",
    "drafted": "The run is drafted. Each post waits to be read and approved.",
    "posted": "A post of the answer is drafted for each account. It leaves once approved, or at a minute you give it.",
    "prepared": "The answer is kept. It waits to be approved.",
    "usable": "The answer is approved. It can be put in on the board with one press.",
    "removed": "The answer is out of the bank. What was sent of it stays.",
    "nothing": "Every post of the plan is there already, or its time is past.",
    "approved": "Approved. It leaves at its time, and can be taken back until then.",
    "approved-together": "Approved. Each leaves at its time, and can be taken back until then.",
    "none-chosen": "No post was chosen, so nothing is approved.",
    "first-key": "Your key is given. It waits for a second person.",
    "worded": "The words are kept.",
    "back": "Taken back. It waits to be approved again.",
    "skipped": "Skipped. It does not leave unless somebody takes it up again.",
    "is-there": "Noted: it stands there.",
    "not-there": "It is sent once more, if it may still leave.",
    "dropped": "Given up. Nothing of it is sent any more.",
    "public": "The page of the event can be read by anybody.",
    "private": "The page of the event can be read by nobody any more.",
    "cancelled": "The chat does not take place. Nothing of it leaves any more.",
    "replanned": "The chat takes place after all. Its posts wait to be approved.",
}


@router.get("")
def show_chats(request: Request, console: ConsoleHere, visitor: ComingIn) -> Response:
    return _list(request, console, visitor)


@router.post("")
def plan(request: Request, console: ConsoleHere, sent: Moderating) -> Response:
    """Plan a chat, hosted by who plans it."""
    try:
        with console.product.database.write() as session:
            fields = plan_fields(sent, console.city_time.zone)
            chat = planning.plan_chat(session, fields, sent.visitor.staff, console.now())
    except NotApproved as error:
        return _list(request, console, sent.visitor, Refused(error.reasons, "plan", typed=typed_plan(sent)))
    return RedirectResponse(f"/chats/{chat.id}?done=planned", status_code=303)


@router.post("/example")
def plan_example(console: ConsoleHere, sent: Moderating) -> Response:
    """A plan of the model case, to be changed: two guests still to be named, six questions, an answer bank."""
    with console.product.database.write() as session:
        chat = example.plan_example(session, sent.visitor.staff, console.now(), console.city_time.zone)
    return RedirectResponse(f"/chats/{chat.id}?done=planned", status_code=303)


@router.get("/{chat_id:int}")
def show_plan(request: Request, console: ConsoleHere, there: ViewingPlan, chat_id: int, done: str = "") -> Response:
    return show_plan_page(request, console, there, chat_id, done=DONE.get(done, ""))


@router.get("/{chat_id}.ics")
def show_calendar_file(console: ConsoleHere, there: ViewingChat, chat_id: int) -> Response:
    """The chat for somebody's calendar."""
    with console.product.database.read() as session:
        chat = plan_queries.chat_here(session, chat_id)
    return as_download(calendar_file(chat, console, console.now()), chat)


@router.post("/{chat_id}/plan")
def change(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        before = run_drafts.planned_texts(session, chat, ground_of(console, chat))
        fields = plan_fields(sent, console.city_time.zone)
        planning.change_plan(session, chat, fields, sent.visitor.id, console.now())
        follow(session, console, chat, before)

    return change_chat(request, console, sent, chat_id, keep, "kept", Refused((), "plan", typed=typed_plan(sent)))


@router.post("/{chat_id}/networks")
def add_network(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        account = number_of(sent.text("account"))
        planning.add_network(session, chat, account, sent.text("group"), sent.visitor.id, console.now())

    typed = {"group": sent.text("group")}
    return change_chat(request, console, sent, chat_id, keep, "kept", Refused((), "where", typed=typed), "where")


@router.post("/{chat_id}/networks/{network_id}/remove")
def remove_network(
    request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, network_id: int
) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        planning.remove_network(session, chat, network_id, sent.visitor.id, console.now())

    return change_chat(request, console, sent, chat_id, keep, "kept", Refused((), "where"), "where")


@router.post("/{chat_id}/questions")
def add_question(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        said, at = question_words(sent, chat), minute_of(sent.text("minute"))
        before = run_drafts.planned_texts(session, chat, ground_of(console, chat))
        questions.add_question(session, chat, said, at, sent.visitor.id, console.now())
        follow(session, console, chat, before)

    return change_chat(request, console, sent, chat_id, keep, "added", _question_refused(sent, 0), "questions")


@router.post("/{chat_id}/questions/{question_id}")
def change_question(
    request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, question_id: int
) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        said, at = question_words(sent, chat), minute_of(sent.text("minute"))
        before = run_drafts.planned_texts(session, chat, ground_of(console, chat))
        questions.change_question(session, chat, question_id, said, at, sent.visitor.id, console.now())
        follow(session, console, chat, before)

    return change_chat(request, console, sent, chat_id, keep, "kept", _question_refused(sent, question_id), "questions")


@router.post("/{chat_id}/questions/{question_id}/move")
def move_question(
    request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, question_id: int
) -> Response:
    """Up or down by one: the two questions change their times."""
    by = -1 if sent.text("way") == "up" else 1

    def keep(session: Session, chat: TweetChat) -> None:
        before = run_drafts.planned_texts(session, chat, ground_of(console, chat))
        questions.swap_question(session, chat, question_id, by, sent.visitor.id, console.now())
        follow(session, console, chat, before)

    return change_chat(request, console, sent, chat_id, keep, "kept", Refused((), "questions"), "questions")


@router.post("/{chat_id}/questions/{question_id}/remove")
def remove_question(
    request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, question_id: int
) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        before = run_drafts.planned_texts(session, chat, ground_of(console, chat))
        questions.remove_question(session, chat, question_id, sent.visitor.id, console.now())
        follow(session, console, chat, before)

    return change_chat(request, console, sent, chat_id, keep, "kept", Refused((), "questions"), "questions")


@router.post("/{chat_id}/public")
def set_public(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    """Show the page of the event to anybody, or to nobody."""
    public = sent.text("public") == "yes"

    def keep(session: Session, chat: TweetChat) -> None:
        planning.set_public(session, chat, public, sent.visitor.id, console.now())

    done = "public" if public else "private"
    return change_chat(request, console, sent, chat_id, keep, done, Refused((), "event"), "event")


@router.post("/{chat_id}/cancel")
def cancel(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        planning.cancel_chat(session, chat, sent.visitor.id, console.now())

    return change_chat(request, console, sent, chat_id, keep, "cancelled", Refused((), "event"))


@router.post("/{chat_id}/replan")
def replan(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        planning.replan_chat(session, chat, sent.visitor.id, console.now())

    return change_chat(request, console, sent, chat_id, keep, "replanned", Refused((), "event"))


def _list(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        rows = chat_list.chat_rows(session, visitor.staff, console.now())
    shown: dict[str, Any] = chat_list.by_state(rows)
    return signed_in_page(
        request,
        console,
        visitor,
        "chats/chats.html",
        422 if refused else 200,
        refused=refused,
        fields=form_of(None, console.city_time.zone, refused.typed if refused else {}),
        languages=words.LANGUAGES,
        planning=planning,
        **shown,
    )


def _question_refused(sent: Submission, about: int) -> Refused:
    typed = {name: value for name, value in sent.fields.items() if name == "minute" or name.startswith("words-")}
    return Refused((), "question", about, typed)
