"""Who sits at the desk: one-time links, sessions, passwords. Only the SHA-256 of a secret is ever stored."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import ColumnElement, CursorResult
from sqlmodel import Session, col, select, update

from models import SignIn, StaffUser, record

LINK_LASTS = timedelta(hours=1)
INVITATION_LASTS = timedelta(days=3)
CODE_LASTS = timedelta(minutes=10)
SESSION_LASTS = timedelta(hours=12)
SEEN_TO = timedelta(minutes=5)
"""How exactly we know when a session was last used: a write for every page would be many."""
PASSWORD_LENGTH = 12

_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    """What an unknown name is tried against: it takes as long as a wrong password. Made once, at first need."""
    return _HASHER.hash(secrets.token_urlsafe(16))


class LinkRefused(Exception):
    """The one-time link is unknown, used or expired."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """What a browser gets for a right password or link: a session, or what waits for the second step."""

    secret: str
    awaits_code: bool


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return sha256(secret.encode()).hexdigest()


def issue_link(session: Session, staff: StaffUser, now: datetime, lasts: timedelta = LINK_LASTS) -> str:
    """The secret of a one-time sign-in link: the page is /sign-in/SECRET."""
    return _new_secret(session, staff, now, lasts, one_time=True)


def owner_of_link(session: Session, secret: str, now: datetime) -> StaffUser:
    """Whom a one-time link would sign in. Raises LinkRefused."""
    staff, _row = _owner(session, secret, now, col(SignIn.one_time).is_(True))
    return staff


def use_link(session: Session, secret: str, now: datetime) -> StaffUser:
    """Use up a one-time link: the person. Raises LinkRefused.

    The update is the test: of two people with the same link only one changes a row.
    """
    staff = owner_of_link(session, secret, now)
    if not _use_up(session, secret, now):
        raise LinkRefused
    return staff


def come_in(session: Session, staff: StaffUser, now: datetime, browser: str = "") -> WayIn:
    """The way in of somebody whose password or link was right."""
    if not staff.totp_secret:
        return WayIn(open_session(session, staff, now, browser), awaits_code=False)
    return WayIn(_new_secret(session, staff, now, CODE_LASTS, awaits_code=True), awaits_code=True)


def owner_of_way(session: Session, secret: str, now: datetime) -> StaffUser | None:
    """Whose second step a browser waits for; None where it does not, or waited too long."""
    try:
        return _owner(session, secret, now, col(SignIn.awaits_code).is_(True))[0]
    except LinkRefused:
        return None


def step_in(session: Session, staff: StaffUser, secret: str, now: datetime, browser: str = "") -> str:
    """The session of somebody whose second step was right; the way that waited for it is used up."""
    if not _use_up(session, secret, now):
        raise LinkRefused
    return open_session(session, staff, now, browser)


def open_session(session: Session, staff: StaffUser, now: datetime, browser: str = "") -> str:
    """The secret of a new session, for the cookie. `browser`: its kind, as the person will recognise it."""
    record(session, "StaffUser", staff.id or 0, f"staff:{staff.id}", "signed in", now)
    return _new_secret(session, staff, now, SESSION_LASTS, browser=browser)


def person_of_session(session: Session, secret: str, now: datetime) -> StaffUser | None:
    """Who a session cookie belongs to; None when it is unknown, ended or expired."""
    found = visit_of_session(session, secret, now)
    return found[0] if found else None


def visit_of_session(session: Session, secret: str, now: datetime) -> tuple[StaffUser, SignIn] | None:
    """The same with the session itself."""
    try:
        return _owner(session, secret, now, *_sessions())
    except LinkRefused:
        return None


def saw(session: Session, visit: SignIn, now: datetime) -> None:
    """Note that a session is in use."""
    session.exec(update(SignIn).where(col(SignIn.id) == visit.id).values(seen_at=now))


def sessions_of(session: Session, staff_id: int, now: datetime) -> list[SignIn]:
    """A person's open sessions, the one used last first."""
    found = select(SignIn).where(SignIn.staff_id == staff_id, *_open(now), *_sessions())
    return list(session.exec(found.order_by(col(SignIn.seen_at).desc(), col(SignIn.id).desc())).all())


def links_of(session: Session, staff_id: int, now: datetime) -> list[SignIn]:
    """The one-time links a person could still use."""
    found = select(SignIn).where(SignIn.staff_id == staff_id, *_open(now), col(SignIn.one_time))
    return list(session.exec(found.order_by(col(SignIn.id))).all())


def end_session(session: Session, secret: str, now: datetime) -> None:
    session.exec(update(SignIn).where(col(SignIn.secret_sha256) == digest(secret)).values(used_at=now))


def end_one(session: Session, staff_id: int, sign_in_id: int, now: datetime) -> None:
    """End one session of a person, or take back one link of theirs."""
    of_theirs = (col(SignIn.id) == sign_in_id, col(SignIn.staff_id) == staff_id, col(SignIn.used_at).is_(None))
    session.exec(update(SignIn).where(*of_theirs).values(used_at=now))


def end_other_sessions(session: Session, staff: StaffUser, secret: str, now: datetime) -> None:
    """Sign a person out everywhere but here, and spend the links they still hold."""
    session.exec(
        update(SignIn)
        .where(
            col(SignIn.staff_id) == staff.id, col(SignIn.secret_sha256) != digest(secret), col(SignIn.used_at).is_(None)
        )
        .values(used_at=now)
    )


def set_password(session: Session, staff: StaffUser, password: str, now: datetime) -> None:
    """Store a new password's argon2 hash."""
    staff.password_hash = _HASHER.hash(password)
    session.add(staff)
    record(session, "StaffUser", staff.id or 0, f"staff:{staff.id}", "set a password", now)


def person_with_password(session: Session, username: str, password: str) -> StaffUser | None:
    """The active person with this name and password. Takes as long whether or not the name exists."""
    staff = session.exec(select(StaffUser).where(StaffUser.username == username, col(StaffUser.active))).first()
    right = password_is(staff.password_hash if staff else None, password)
    return staff if right else None


def password_is(stored: str | None, password: str) -> bool:
    """Whether a password fits a stored hash; False where none is stored."""
    try:
        return _HASHER.verify(stored or _nobody(), password) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False


def _sessions() -> tuple[ColumnElement[bool], ...]:
    return (~col(SignIn.one_time), ~col(SignIn.awaits_code))


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (col(SignIn.used_at).is_(None), col(SignIn.expires_at) > now)


def _owner(session: Session, secret: str, now: datetime, *conditions: ColumnElement[bool]) -> tuple[StaffUser, SignIn]:
    found = session.exec(
        select(StaffUser, SignIn)
        .join(SignIn, col(SignIn.staff_id) == StaffUser.id)
        .where(SignIn.secret_sha256 == digest(secret), *_open(now), *conditions, col(StaffUser.active))
    ).first()
    if found is None:
        raise LinkRefused
    return found


def _use_up(session: Session, secret: str, now: datetime) -> bool:
    used: CursorResult[tuple[()]] = session.exec(
        update(SignIn)
        .where(col(SignIn.secret_sha256) == digest(secret), col(SignIn.used_at).is_(None))
        .values(used_at=now)
    )
    return used.rowcount == 1


def _new_secret(
    session: Session,
    staff: StaffUser,
    now: datetime,
    lasts: timedelta,
    *,
    one_time: bool = False,
    awaits_code: bool = False,
    browser: str = "",
) -> str:
    secret = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            staff_id=staff.id or 0,
            secret_sha256=digest(secret),
            one_time=one_time,
            awaits_code=awaits_code,
            begun_at=now,
            seen_at=now,
            expires_at=now + lasts,
            browser=browser,
        )
    )
    session.flush()
    return secret
