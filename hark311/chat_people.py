"""Who takes part in a tweet chat: colleagues in their role, guests with a sign-in that ends a day after the chat."""

from datetime import datetime

from sqlmodel import Session, col, select

from hark311 import staffing
from hark311.console import auth
from models import ChatPart, ChatPerson, Power, Role, StaffUser, TweetChat, record
from responders.chats.people import GUEST_STAYS, ends_at, guest_until
from responders.claims import NotYours
from responders.deciding import NotApproved, NotFound

LONGEST_SHOWN = 80
OF_THE_DESK = frozenset({ChatPart.HOST, ChatPart.MODERATOR})
"""Parts for people who approve at the desk as well. A co-host may be a guest: then they run this chat, nothing else."""


def people_of(session: Session, chat_id: int) -> list[tuple[ChatPerson, StaffUser]]:
    """Who takes part, in the order they were added."""
    found = select(ChatPerson, StaffUser).join(StaffUser, col(StaffUser.id) == ChatPerson.staff_id)
    return list(session.exec(found.where(ChatPerson.chat_id == chat_id).order_by(col(ChatPerson.id))).all())


def may_let_in(staff: StaffUser) -> bool:
    """Whether somebody who runs a chat may say who takes part: a guest's sign-in lets nobody else in."""
    return staff.role != Role.CHAT_GUEST


def choices(session: Session, chat_id: int) -> list[StaffUser]:
    """Who can be added: everybody active, guests of earlier chats too, who is not in it yet."""
    there = select(ChatPerson.staff_id).where(ChatPerson.chat_id == chat_id)
    found = select(StaffUser).where(col(StaffUser.active), col(StaffUser.id).not_in(there))
    return list(session.exec(found.order_by(StaffUser.display_name)).all())


def add_person(
    session: Session, chat: TweetChat, staff_id: int, part: ChatPart, shown_as: str, by: StaffUser, now: datetime
) -> ChatPerson:
    """Somebody takes part. Raises NotYours or NotApproved."""
    staff = session.get(StaffUser, staff_id)
    if staff is None or not staff.active:
        raise NotApproved(["Choose somebody from the list."])
    _require(by, staff, part, shown_as)
    if _person(session, chat.id or 0, staff_id) is not None:
        raise NotApproved([f"{staff.display_name} takes part already."])
    person = ChatPerson(
        chat_id=chat.id or 0, staff_id=staff_id, part=part, shown_as=" ".join(shown_as.split()) or staff.display_name
    )
    session.add(person)
    session.flush()
    record(session, "TweetChat", chat.id or 0, f"staff:{by.id}", f"staff {staff_id} takes part as {part}", now)
    return person


def invite_guest(
    session: Session, chat: TweetChat, name: str, part: ChatPart, shown_as: str, by: StaffUser, now: datetime
) -> tuple[StaffUser, str]:
    """A guest or co-host from outside: a new person, and the secret of their link. Raises NotYours, NotApproved."""
    if not may_let_in(by):
        raise NotYours("A guest's sign-in lets nobody else in. Ask the chat's host.")
    if part in OF_THE_DESK:
        raise NotApproved(["Who comes from outside is a guest or a co-host."])
    name = " ".join(name.split())
    if any(name.casefold() == other.display_name.casefold() for _, other in people_of(session, chat.id or 0)):
        raise NotApproved(
            [
                f"{name} takes part already. If the link is lost, make another beside the name; a second person of that"
                " name needs one that tells the two apart."
            ]
        )
    try:
        staff = staffing.invite(session, name, Role.CHAT_GUEST, f"staff:{by.id}")
    except staffing.NotDone as error:
        raise NotApproved([str(error)]) from None
    add_person(session, chat, staff.id or 0, part, shown_as, by, now)
    return staff, make_link(session, chat, staff, by, now)


def make_link(session: Session, chat: TweetChat, staff: StaffUser, by: StaffUser, now: datetime) -> str:
    """The secret of a guest's one-time link: three days, and never longer than they may come in. Raises NotApproved."""
    if not may_let_in(by):
        raise NotYours("A guest's sign-in lets nobody else in. Ask the chat's host.")
    if staff.role != Role.CHAT_GUEST:
        raise NotApproved(["Colleagues come in as they always do. An administrator makes them a link."])
    lasts = min(auth.INVITATION_LASTS, ends_at(chat) + GUEST_STAYS - now)
    if lasts.total_seconds() <= 0:
        raise NotApproved(["The chat is over, and its guests come in no more."])
    record(session, "StaffUser", staff.id or 0, f"staff:{by.id}", "given a sign-in link", now)
    return auth.issue_link(session, staff, now, lasts)


def change_person(
    session: Session,
    chat: TweetChat,
    staff_id: int,
    part: ChatPart,
    shown_as: str,
    absent: bool,
    by: StaffUser,
    now: datetime,
) -> None:
    """Another part, another name for the public, or not there now. Raises NotYours, NotApproved or NotFound."""
    person, staff = _there(session, chat.id or 0, staff_id), session.get_one(StaffUser, staff_id)
    _require(by, staff, part, shown_as)
    if person.part == ChatPart.HOST and part != ChatPart.HOST:
        _leave_a_host(session, chat)
    person.part, person.shown_as = part, " ".join(shown_as.split()) or staff.display_name
    person.absent_at = (person.absent_at or now) if absent else None
    session.add(person)
    record(session, "TweetChat", chat.id or 0, f"staff:{by.id}", f"staff {staff_id} takes part as {part}", now)


def remove_person(session: Session, chat: TweetChat, staff_id: int, by: StaffUser, now: datetime) -> None:
    """Somebody takes no part any more; a guest without another chat is signed out. Raises NotYours or NotApproved."""
    person, staff = _there(session, chat.id or 0, staff_id), session.get_one(StaffUser, staff_id)
    if not may_let_in(by):
        raise NotYours("A guest's sign-in lets nobody in or out. Ask the chat's host.")
    if person.part == ChatPart.HOST:
        _leave_a_host(session, chat)
    session.delete(person)
    session.flush()
    if staff.role == Role.CHAT_GUEST and guest_until(session, staff_id) is None:
        staffing.sign_out_everywhere(session, staff, now)
    record(session, "TweetChat", chat.id or 0, f"staff:{by.id}", f"staff {staff_id} takes no part any more", now)


def _require(by: StaffUser, staff: StaffUser, part: ChatPart, shown_as: str) -> None:
    if not may_let_in(by):
        raise NotYours("A guest's sign-in lets nobody in or out. Ask the chat's host.")
    if len(shown_as) > LONGEST_SHOWN:
        raise NotApproved([f"How the public reads them has {LONGEST_SHOWN} characters at most."])
    approves = staff.may(Power.APPROVE)
    if part in OF_THE_DESK and not approves:
        raise NotApproved(["A host and a moderator approve at the desk as well. Make them a co-host or a guest."])
    if part == ChatPart.COHOST and not approves and staff.role != Role.CHAT_GUEST:
        raise NotApproved(["Their role at the desk does not approve. Make them a guest, or give them another role."])


def _leave_a_host(session: Session, chat: TweetChat) -> None:
    hosts = session.exec(
        select(ChatPerson).where(ChatPerson.chat_id == chat.id, ChatPerson.part == ChatPart.HOST).with_for_update()
    ).all()
    if len(hosts) == 1:
        raise NotApproved(["They are the only host. Make somebody else a host first."])


def _person(session: Session, chat_id: int, staff_id: int) -> ChatPerson | None:
    return session.exec(
        select(ChatPerson).where(ChatPerson.chat_id == chat_id, ChatPerson.staff_id == staff_id)
    ).first()


def _there(session: Session, chat_id: int, staff_id: int) -> ChatPerson:
    found = _person(session, chat_id, staff_id)
    if found is None:
        raise NotFound("They take no part in this chat.")
    return found
