"""Who takes part in a chat: its people, and a sign-in of their own for guests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311 import chat_people
from hark311.console.chats.plan_forms import number_of
from hark311.console.chats.plan_queries import PARTS, PARTS_DO, chat_here
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ChatVisitor, ConsoleHere, RunningChat, Submission, ViewingPlan
from models import ChatPart, ChatPerson, Role, StaffUser
from responders.chats.people import GUEST_STAYS, ends_at, locked_chat, part_of
from responders.review import NotApproved, NotFound

router = APIRouter(prefix="/chats/{chat_id}/people")

DONE = {"added": "They take part.", "changed": "Changed.", "removed": "They take no part any more."}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody was not added or changed, and what was typed. `staff_id`: 0 for a new one."""

    reasons: Sequence[str]
    staff_id: int = 0
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to hand to a guest, shown this once."""

    name: str
    address: str


@router.get("")
def show_people(request: Request, console: ConsoleHere, there: ViewingPlan, chat_id: int, done: str = "") -> Response:
    return _page(request, console, there, chat_id, done=DONE.get(done, ""))


@router.post("")
def add(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    """Somebody who has a sign-in already takes part."""
    try:
        with console.product.database.write() as session:
            chat = locked_chat(session, chat_id)
            staff_id = number_of(sent.text("staff"))
            chat_people.add_person(
                session, chat, staff_id, _part(sent), sent.text("shown_as"), sent.visitor.staff, console.now()
            )
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, error)
    return RedirectResponse(f"/chats/{chat_id}/people?done=added", status_code=303)


@router.post("/guests")
def invite(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    """A guest from outside, and the link they come in by: shown this once."""
    name = sent.text("name").strip()
    try:
        with console.product.database.write() as session:
            chat = locked_chat(session, chat_id)
            staff, secret = chat_people.invite_guest(
                session, chat, name, _part(sent), sent.text("shown_as"), sent.visitor.staff, console.now()
            )
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, error)
    return _page(request, console, _there(console, sent, chat_id), chat_id, link=_link(console, staff, secret))


@router.post("/{staff_id}")
def change(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, staff_id: int) -> Response:
    try:
        with console.product.database.write() as session:
            chat, absent = locked_chat(session, chat_id), bool(sent.text("absent"))
            shown_as, by = sent.text("shown_as"), sent.visitor.staff
            chat_people.change_person(session, chat, staff_id, _part(sent), shown_as, absent, by, console.now())
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, error, staff_id)
    return RedirectResponse(f"/chats/{chat_id}/people?done=changed", status_code=303)


@router.post("/{staff_id}/link")
def make_link(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, staff_id: int) -> Response:
    """Another link for a guest; password and second step stay as they are."""
    try:
        with console.product.database.write() as session:
            chat = locked_chat(session, chat_id)
            staff = _there_already(chat_people.people_of(session, chat_id), staff_id)
            secret = chat_people.make_link(session, chat, staff, sent.visitor.staff, console.now())
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, error, staff_id)
    return _page(request, console, _there(console, sent, chat_id), chat_id, link=_link(console, staff, secret))


@router.post("/{staff_id}/remove")
def remove(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, staff_id: int) -> Response:
    try:
        with console.product.database.write() as session:
            chat = locked_chat(session, chat_id)
            chat_people.remove_person(session, chat, staff_id, sent.visitor.staff, console.now())
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, error, staff_id)
    return RedirectResponse(f"/chats/{chat_id}/people?done=removed", status_code=303)


def _there_already(people: Sequence[tuple[ChatPerson, StaffUser]], staff_id: int) -> StaffUser:
    found = next((staff for _, staff in people if staff.id == staff_id), None)
    if found is None:
        raise NotFound("They take no part in this chat.")
    return found


def _part(sent: Submission) -> ChatPart:
    wanted = sent.text("part")
    if wanted not in set(ChatPart):
        raise NotApproved(["Choose what they do in the chat."])
    return ChatPart(wanted)


def _link(console: Console, staff: StaffUser, secret: str) -> Link:
    return Link(staff.display_name, f"{console.product.settings.desk_url}/sign-in/{secret}")


def _refused(
    request: Request, console: Console, sent: Submission, chat_id: int, error: NotApproved, staff_id: int = 0
) -> Response:
    typed = {name: sent.text(name) for name in ("name", "part", "shown_as", "staff")}
    there = _there(console, sent, chat_id)
    return _page(request, console, there, chat_id, refused=Refused(error.reasons, staff_id, typed))


def _there(console: Console, sent: Submission, chat_id: int) -> ChatVisitor:
    with console.product.database.read() as session:
        return ChatVisitor(sent.visitor, part_of(session, chat_id, sent.visitor.staff))


def _page(
    request: Request,
    console: Console,
    there: ChatVisitor,
    chat_id: int,
    *,
    refused: Refused | None = None,
    link: Link | None = None,
    done: str = "",
) -> Response:
    with console.product.database.read() as session:
        chat = chat_here(session, chat_id)
        people = chat_people.people_of(session, chat_id)
        choices = chat_people.choices(session, chat_id)
    return signed_in_page(
        request,
        console,
        there.visitor,
        "chats/people.html",
        422 if refused else 200,
        chat=chat,
        people=people,
        choices=choices,
        lets_in=there.runs_it and chat_people.may_let_in(there.visitor.staff),
        refused=refused,
        link=link,
        done=done,
        parts=PARTS,
        parts_do=PARTS_DO,
        from_outside=[one for one in ChatPart if one not in chat_people.OF_THE_DESK],
        is_guest=lambda staff: staff.role == Role.CHAT_GUEST,
        until=ends_at(chat) + GUEST_STAYS,
        longest_shown=chat_people.LONGEST_SHOWN,
    )
