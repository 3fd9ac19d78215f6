"""The people of the desk, for administrators: invitations, roles, scopes, sessions, and when somebody leaves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311 import staffing
from hark311.console import auth, staff_queries
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import Administering, ConsoleHere, Submission, Visitor, viewing_with
from models import Power, Role, ScopeKind, SignIn, StaffUser, record
from responders.review import NotFound

router = APIRouter(prefix="/staff")

ROLES = [role for role in Role if role != Role.CHAT_GUEST]
"""What an administrator gives; a guest of a chat is let in on the page of the chat."""

Seeing = Annotated[Visitor, Depends(viewing_with(Power.ADMINISTER))]

DONE = {
    "role": "The role is changed.",
    "scope": "What they look after is changed.",
    "left": "Deactivated. They are signed out, and what they held is back in the queue.",
    "back": "Active again. They come in by a new link.",
    "ended": "Ended.",
}


@router.get("")
def show_people(request: Request, console: ConsoleHere, visitor: Seeing) -> Response:
    return _list(request, console, visitor)


@router.post("")
def invite(request: Request, console: ConsoleHere, sent: Administering) -> Response:
    """Add a person, and show the link they come in by: this once."""
    name, now = sent.text("name").strip(), console.now()
    try:
        with console.product.database.write() as session:
            staff = staffing.invite(session, name, _role(sent), _by(sent))
            secret = auth.issue_link(session, staff, now, auth.INVITATION_LASTS)
            record(session, "StaffUser", staff.id or 0, _by(sent), "invited", now)
    except IntegrityError:  # two administrators added the same person at the same moment
        return _list(request, console, sent.visitor, trouble=f"{name} was added by somebody else just now.")
    except staffing.NotDone as error:
        return _list(request, console, sent.visitor, trouble=str(error), name=name)
    return _person(request, console, sent.visitor, staff.id or 0, link=_link(console, secret))


@router.get("/{staff_id}")
def show_person(request: Request, console: ConsoleHere, visitor: Seeing, staff_id: int, done: str = "") -> Response:
    return _person(request, console, visitor, staff_id, done=DONE.get(done, ""))


@router.post("/{staff_id}/role")
def change_role(request: Request, console: ConsoleHere, sent: Administering, staff_id: int) -> Response:
    def change(session: Session, staff: StaffUser) -> None:
        staffing.change_role(session, staff, _role(sent), _by(sent), console.now())

    return _change(request, console, sent, staff_id, change, "role")


@router.post("/{staff_id}/scopes")
def add_scope(request: Request, console: ConsoleHere, sent: Administering, staff_id: int) -> Response:
    kind, value = sent.text("kind"), sent.text("value")

    def add(session: Session, staff: StaffUser) -> None:
        known = staff_queries.choices(session).get(ScopeKind(kind), ()) if kind in set(ScopeKind) else ()
        if value not in dict(known):
            raise staffing.NotDone("Choose an account, a service or an area from the list.")
        staffing.add_scope(session, staff, ScopeKind(kind), value, _by(sent), console.now())

    return _change(request, console, sent, staff_id, add, "scope")


@router.post("/{staff_id}/scopes/{scope_id}/remove")
def remove_scope(request: Request, console: ConsoleHere, sent: Administering, staff_id: int, scope_id: int) -> Response:
    def remove(session: Session, staff: StaffUser) -> None:
        staffing.remove_scope(session, staff, scope_id, _by(sent), console.now())

    return _change(request, console, sent, staff_id, remove, "scope")


@router.post("/{staff_id}/deactivate")
def deactivate(request: Request, console: ConsoleHere, sent: Administering, staff_id: int) -> Response:
    def leave(session: Session, staff: StaffUser) -> None:
        staffing.deactivate(session, staff, _by(sent), console.now())

    return _change(request, console, sent, staff_id, leave, "left")


@router.post("/{staff_id}/activate")
def activate(request: Request, console: ConsoleHere, sent: Administering, staff_id: int) -> Response:
    def come_back(session: Session, staff: StaffUser) -> None:
        staffing.activate(session, staff, _by(sent), console.now())

    return _change(request, console, sent, staff_id, come_back, "back")


@router.post("/{staff_id}/link")
def make_link(request: Request, console: ConsoleHere, sent: Administering, staff_id: int) -> Response:
    """Another link to come in by; password and second step stay as they are."""
    return _with_link(request, console, sent, staff_id, auth.LINK_LASTS)


@router.post("/{staff_id}/reset")
def reset(request: Request, console: ConsoleHere, sent: Administering, staff_id: int) -> Response:
    """Password forgotten, phone lost: everything is forgotten, and a new link lets them begin anew."""
    with console.product.database.write() as session:
        staffing.reset(session, _staff(session, staff_id), _by(sent), console.now())
    return _with_link(request, console, sent, staff_id, auth.INVITATION_LASTS)


@router.post("/{staff_id}/sessions/{sign_in_id}/end")
def end_session(
    request: Request, console: ConsoleHere, sent: Administering, staff_id: int, sign_in_id: int
) -> Response:
    """End a session, or take back a link that was not used yet."""

    def end(session: Session, staff: StaffUser) -> None:
        now, row = console.now(), session.get(SignIn, sign_in_id)
        if row is None or row.staff_id != staff.id or row.used_at is not None:
            return
        auth.end_one(session, staff.id or 0, sign_in_id, now)
        why = "their unused sign-in link was taken back" if row.one_time else "one of their sessions was ended"
        record(session, "StaffUser", staff.id or 0, _by(sent), why, now)

    return _change(request, console, sent, staff_id, end, "ended")


def _change(
    request: Request,
    console: Console,
    sent: Submission,
    staff_id: int,
    change: Callable[[Session, StaffUser], None],
    done: str,
) -> Response:
    try:
        with console.product.database.write() as session:
            change(session, _staff(session, staff_id))
    except staffing.NotDone as error:
        return _person(request, console, sent.visitor, staff_id, trouble=f"{error} Nothing was changed.")
    return RedirectResponse(f"/staff/{staff_id}?done={done}", status_code=303)


def _with_link(request: Request, console: Console, sent: Submission, staff_id: int, lasts: timedelta) -> Response:
    with console.product.database.write() as session:
        staff, now = _staff(session, staff_id), console.now()
        secret = auth.issue_link(session, staff, now, lasts) if staff.active else ""
        if secret:
            record(session, "StaffUser", staff_id, _by(sent), "given a sign-in link", now)
    if not secret:
        trouble = f"{staff.display_name} does not work here now. Make them active first."
        return _person(request, console, sent.visitor, staff_id, trouble=trouble)
    return _person(request, console, sent.visitor, staff_id, link=_link(console, secret))


def _staff(session: Session, staff_id: int) -> StaffUser:
    staff = session.get(StaffUser, staff_id, with_for_update=True)
    if staff is None:
        raise NotFound(f"There is no person {staff_id}.")
    return staff


def _role(sent: Submission) -> Role:
    wanted = sent.text("role")
    if wanted not in ROLES:
        raise staffing.NotDone("Choose a role from the list.")
    return Role(wanted)


def _by(sent: Submission) -> str:
    return f"staff:{sent.visitor.id}"


def _link(console: Console, secret: str) -> str:
    return f"{console.product.settings.desk_url}/sign-in/{secret}"


def _list(request: Request, console: Console, visitor: Visitor, *, trouble: str = "", name: str = "") -> Response:
    with console.product.database.read() as session:
        people = staff_queries.people(session)
    status = 422 if trouble else 200
    return signed_in_page(
        request, console, visitor, "staff.html", status, people=people, trouble=trouble, name=name, roles=ROLES
    )


def _person(
    request: Request,
    console: Console,
    visitor: Visitor,
    staff_id: int,
    *,
    trouble: str = "",
    done: str = "",
    link: str = "",
) -> Response:
    with console.product.database.read() as session:
        person = staff_queries.person(session, staff_id, console.now())
        choices = staff_queries.choices(session)
    return signed_in_page(
        request,
        console,
        visitor,
        "person.html",
        422 if trouble else 200,
        person=person,
        sessions=person.sessions,
        this=visitor.session.id,
        ends=f"/staff/{staff_id}/sessions",
        choices=choices,
        roles=ROLES if person.staff.role != Role.CHAT_GUEST else [*ROLES, Role.CHAT_GUEST],
        trouble=trouble,
        done=done,
        link=link,
    )
