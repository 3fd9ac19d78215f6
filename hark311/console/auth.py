"""Who sits at the desk: one-time links, sessions, passwords. Only the SHA-256 of a secret is ever stored."""

import secrets
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import CursorResult
from sqlmodel import Session, col, select, update

from models import SignIn, StaffUser, record

LINK_LASTS = timedelta(hours=1)
SESSION_LASTS = timedelta(hours=12)
PASSWORD_LENGTH = 12

_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    """What an unknown name is tried against: it takes as long as a wrong password. Made once, at first need."""
    return _HASHER.hash(secrets.token_urlsafe(16))


class LinkRefused(Exception):
    """The one-time link is unknown, used or expired."""


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return sha256(secret.encode()).hexdigest()


def issue_link(session: Session, staff: StaffUser, now: datetime) -> str:
    """The secret of a one-time sign-in link, good for LINK_LASTS: the page is /sign-in/SECRET."""
    return _new_secret(session, staff, now + LINK_LASTS, one_time=True)


def owner_of_link(session: Session, secret: str, now: datetime) -> StaffUser:
    """Whom a one-time link would sign in. Raises LinkRefused."""
    return _owner(session, secret, now, one_time=True)


def use_link(session: Session, secret: str, now: datetime) -> tuple[StaffUser, str]:
    """Use up a one-time link: the person, and the secret of the session it became. Raises LinkRefused.

    The update is the test: of two people with the same link only one changes a row.
    """
    staff = _owner(session, secret, now, one_time=True)
    used: CursorResult[tuple[()]] = session.exec(
        update(SignIn)
        .where(col(SignIn.secret_sha256) == digest(secret), col(SignIn.used_at).is_(None))
        .values(used_at=now)
    )
    if used.rowcount != 1:
        raise LinkRefused
    return staff, open_session(session, staff, now)


def open_session(session: Session, staff: StaffUser, now: datetime) -> str:
    """The secret of a new session, for the cookie."""
    record(session, "StaffUser", staff.id or 0, f"staff:{staff.id}", "signed in", now)
    return _new_secret(session, staff, now + SESSION_LASTS, one_time=False)


def person_of_session(session: Session, secret: str, now: datetime) -> StaffUser | None:
    """Who a session cookie belongs to; None when it is unknown, ended or expired."""
    try:
        return _owner(session, secret, now, one_time=False)
    except LinkRefused:
        return None


def end_session(session: Session, secret: str, now: datetime) -> None:
    session.exec(update(SignIn).where(col(SignIn.secret_sha256) == digest(secret)).values(used_at=now))


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


def _owner(session: Session, secret: str, now: datetime, *, one_time: bool) -> StaffUser:
    found = session.exec(
        select(StaffUser)
        .join(SignIn, col(SignIn.staff_id) == StaffUser.id)
        .where(
            SignIn.secret_sha256 == digest(secret),
            SignIn.one_time == one_time,
            col(SignIn.used_at).is_(None),
            col(SignIn.expires_at) > now,
            col(StaffUser.active),
        )
    ).first()
    if found is None:
        raise LinkRefused
    return found


def _new_secret(session: Session, staff: StaffUser, until: datetime, *, one_time: bool) -> str:
    secret = secrets.token_urlsafe(32)
    session.add(SignIn(staff_id=staff.id or 0, secret_sha256=digest(secret), one_time=one_time, expires_at=until))
    session.flush()
    return secret
