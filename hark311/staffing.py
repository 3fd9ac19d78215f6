"""The people of the desk: adding them, what they may do and where, and what happens when one leaves."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, select, update

from models import (
    Mention,
    MentionState,
    RecoveryCode,
    Role,
    ScopeKind,
    SignIn,
    StaffScope,
    StaffUser,
    record,
    scope_of,
    utc_now,
)
from responders.claims import release

LONGEST_NAME = 80
OPERATOR = "operator"
"""Who did it, in the audit, where it was done with the `hark` command."""


class NotDone(Exception):
    """A change to the staff that cannot be made; the text says why, and what to do."""


def ensure_staff(session: Session, name: str, role: Role, by: str = OPERATOR) -> StaffUser:
    """The person of this name; a new one gets `role`, and initials for the sign-off from the name."""
    username = username_of(name)
    staff = find_staff(session, username)
    if staff is None:
        initials = "".join(word[0] for word in name.split())[:3].upper()
        staff = StaffUser(username=username, display_name=" ".join(name.split()), initials=initials, role=role)
        session.add(staff)
        session.flush()
        record(session, "StaffUser", staff.id or 0, by, f"added as {role}", utc_now())
    return staff


def ensure_admin(session: Session, name: str) -> StaffUser:
    """The person of this name, who looks after the desk: an admin unless another person is one already."""
    staff = ensure_staff(session, name, Role.ADMIN)
    if not _active_admins(session):
        staff.active = True
        change_role(session, staff, Role.ADMIN, OPERATOR, utc_now())
    return staff


def find_staff(session: Session, username: str) -> StaffUser | None:
    return session.exec(select(StaffUser).where(StaffUser.username == username)).first()


def username_of(name: str) -> str:
    """A user name from a person's name: lower case, words joined by dots. Raises ValueError where it is no name."""
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} letters")
    if any(unicodedata.category(letter).startswith("C") for letter in name):
        raise ValueError("a name has no control characters")
    plain = unicodedata.normalize("NFKC", name).casefold()
    username = re.sub(r"[^\w]+", ".", plain).strip(".")
    if not username:
        raise ValueError("a name needs at least one letter")
    return username


def invite(session: Session, name: str, role: Role, by: str) -> StaffUser:
    """A new person. Raises NotDone where the name is none, or somebody has it."""
    try:
        username = username_of(name)
    except ValueError as error:
        raise NotDone(f"Nobody was added: {error}.") from None
    if find_staff(session, username):
        raise NotDone(f"There is a person called {username} already. Add a middle name, or reset that person.")
    return ensure_staff(session, name, role, by)


def change_role(session: Session, staff: StaffUser, role: Role, by: str, now: datetime) -> None:
    """Give a person another role. Raises NotDone where no admin would be left."""
    if staff.role == role:
        return
    if role != Role.ADMIN:
        _leave_an_admin(session, staff)
    record(session, "StaffUser", staff.id or 0, by, f"{staff.role} became {role}", now)
    staff.role = role
    session.add(staff)


def deactivate(session: Session, staff: StaffUser, by: str, now: datetime) -> int:
    """A person left: signed out at once, what they held goes back to the queue; how much that was. Raises NotDone."""
    _leave_an_admin(session, staff)
    staff.active = False
    session.add(staff)
    sign_out_everywhere(session, staff, now)
    session.exec(update(Mention).where(col(Mention.assigned_to) == staff.id).values(assigned_to=None))
    record(session, "StaffUser", staff.id or 0, by, "deactivated", now)
    return release_claims(session, staff, by, now)


def activate(session: Session, staff: StaffUser, by: str, now: datetime) -> None:
    """A person is back. They come in by a new link."""
    staff.active = True
    session.add(staff)
    record(session, "StaffUser", staff.id or 0, by, "activated", now)


def reset(session: Session, staff: StaffUser, by: str, now: datetime) -> None:
    """Forget a person's password and second step, and sign them out: a new link lets them begin anew."""
    staff.password_hash = None
    forget_second_step(session, staff, by, now)
    sign_out_everywhere(session, staff, now)
    record(session, "StaffUser", staff.id or 0, by, "reset", now)


def forget_second_step(session: Session, staff: StaffUser, by: str, now: datetime) -> None:
    """Sign-in needs one step again; the recovery codes are void."""
    staff.totp_secret = staff.totp_pending = ""
    session.add(staff)
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.staff_id) == staff.id))
    record(session, "StaffUser", staff.id or 0, by, "second step removed", now)


def sign_out_everywhere(session: Session, staff: StaffUser, now: datetime) -> None:
    """End every session of a person, and take back every link they could still use."""
    left = update(SignIn).where(col(SignIn.staff_id) == staff.id, col(SignIn.used_at).is_(None))
    session.exec(left.values(used_at=now))


def add_scope(session: Session, staff: StaffUser, kind: ScopeKind, value: str, by: str, now: datetime) -> None:
    """Give a person this account, service or area to look after. What they hold outside goes back to the queue."""
    row = StaffScope(staff_id=staff.id or 0, kind=kind, value=value)
    same = select(StaffScope).where(
        StaffScope.staff_id == row.staff_id, StaffScope.kind == kind, StaffScope.value == value
    )
    if session.exec(same).first() is None:
        session.add(row)
        session.flush()
        record(session, "StaffUser", row.staff_id, by, f"looks after {kind} {value}", now)
    _release_outside(session, staff, by, now)


def remove_scope(session: Session, staff: StaffUser, scope_id: int, by: str, now: datetime) -> None:
    """Take an account, service or area from a person; the last of its kind opens all of them."""
    row = session.get(StaffScope, scope_id)
    if row is None or row.staff_id != staff.id:
        return
    session.delete(row)
    session.flush()
    record(session, "StaffUser", row.staff_id, by, f"no longer looks after {row.kind} {row.value}", now)
    _release_outside(session, staff, by, now)


def release_claims(
    session: Session, staff: StaffUser, by: str, now: datetime, mentions: Sequence[Mention] | None = None
) -> int:
    """Give what a person holds (of it, `mentions`) back to the queue; returns how many mentions."""
    held = _held(session, staff) if mentions is None else mentions
    for mention in held:
        release(session, mention, by, "who held it does not work on it any more", now)
    return len(held)


def _release_outside(session: Session, staff: StaffUser, by: str, now: datetime) -> None:
    scope = scope_of(session, staff)
    release_claims(session, staff, by, now, [one for one in _held(session, staff) if not scope.covers(one)])


def _held(session: Session, staff: StaffUser) -> Sequence[Mention]:
    held = select(Mention).where(Mention.claimed_by == staff.id, Mention.state == MentionState.IN_REVIEW)
    return session.exec(held.with_for_update()).all()


def _leave_an_admin(session: Session, staff: StaffUser) -> None:
    admins = _active_admins(session)
    if [one.id for one in admins] == [staff.id]:
        raise NotDone(f"{staff.display_name} is the only administrator. Make somebody else one first.")


def _active_admins(session: Session) -> Sequence[StaffUser]:
    """Locked, so that two admins cannot each rely on the other while both leave."""
    found = select(StaffUser).where(StaffUser.role == Role.ADMIN, col(StaffUser.active))
    return session.exec(found.order_by(col(StaffUser.id)).with_for_update()).all()
