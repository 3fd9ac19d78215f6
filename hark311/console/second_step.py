"""The second step at sign-in: six digits from an app on a person's own phone (TOTP, RFC 6238), or a recovery code."""

import secrets
from datetime import datetime

import pyotp
from sqlalchemy import CursorResult
from sqlmodel import Session, col, delete, select, update

from hark311.console.auth import digest
from models import RecoveryCode, StaffUser, record

CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS = (4, 4, 4, 4)
"""79 bits: too many to try, so a plain SHA-256 keeps a code."""
DRIFT = 1
"""How many steps of 30 seconds a phone's clock may be off."""


def begin(session: Session, staff: StaffUser) -> str:
    """A new secret to put into the app; it counts once a code proved that it arrived there."""
    staff.totp_pending = pyotp.random_base32()
    session.add(staff)
    return staff.totp_pending


def address(staff: StaffUser, city_name: str) -> str:
    """What the QR code for the app says of the secret that is being set up."""
    return pyotp.TOTP(staff.totp_pending).provisioning_uri(name=staff.username, issuer_name=f"{city_name} desk")


def prove(session: Session, staff: StaffUser, code: str, now: datetime) -> list[str]:
    """Switch the second step on with a code of the pending secret: the recovery codes, []: the code was wrong."""
    step = _step_of(staff.totp_pending, code, now) if staff.totp_pending else None
    if step is None:
        return []
    staff.totp_secret, staff.totp_pending, staff.totp_step = staff.totp_pending, "", step
    session.add(staff)
    record(session, "StaffUser", staff.id or 0, f"staff:{staff.id}", "set up a second step", now)
    return new_recovery_codes(session, staff)


def new_recovery_codes(session: Session, staff: StaffUser) -> list[str]:
    """Ten new codes, to show once; all earlier ones are void."""
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.staff_id) == staff.id))
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(size)) for size in _GROUPS) for _ in range(CODES)]
    session.add_all(RecoveryCode(staff_id=staff.id or 0, code_sha256=digest(_plain(code))) for code in codes)
    return codes


def codes_left(session: Session, staff: StaffUser) -> int:
    """How many recovery codes a person has not used yet."""
    unused = select(RecoveryCode).where(RecoveryCode.staff_id == staff.id, col(RecoveryCode.used_at).is_(None))
    return len(session.exec(unused).all())


def counted_under(staff: StaffUser) -> str:
    """The name under which wrong codes of a person are counted, apart from wrong passwords."""
    return f"the code of {staff.username}"


def accepts(session: Session, staff: StaffUser, code: str, now: datetime) -> bool:
    """Whether a code is right: of the app and newer than the last one used, or a recovery code. None is good twice.

    The update is the test: of two that come with the same code only one changes a row.
    """
    step = _step_of(staff.totp_secret, code, now) if staff.totp_secret else None
    if step is not None:
        newer = update(StaffUser).where(col(StaffUser.id) == staff.id, col(StaffUser.totp_step) < step)
        return _changed(session.exec(newer.values(totp_step=step)))
    unused = update(RecoveryCode).where(
        col(RecoveryCode.staff_id) == staff.id,
        col(RecoveryCode.code_sha256) == digest(_plain(code)),
        col(RecoveryCode.used_at).is_(None),
    )
    if not _changed(session.exec(unused.values(used_at=now))):
        return False
    record(session, "StaffUser", staff.id or 0, f"staff:{staff.id}", "used a recovery code", now)
    return True


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step a code belongs to, near `now`."""
    totp, typed = pyotp.TOTP(secret), "".join(code.split())
    here = totp.timecode(now)
    near = range(here - DRIFT, here + DRIFT + 1)
    return next(
        (step for step in near if secrets.compare_digest(totp.generate_otp(step).encode(), typed.encode())), None
    )


def _plain(code: str) -> str:
    """A recovery code as it is stored, however it was typed."""
    return "".join(letter for letter in code.casefold() if letter in _LETTERS)


def _changed(result: CursorResult[tuple[()]]) -> bool:
    return result.rowcount == 1
