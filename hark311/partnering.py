"""Keys for partners who report through our Open311 endpoint: made, shown once, revoked. Nothing here is undone."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from hark311.open311_server.callers import sha256_of
from models import Partner, record

KEY_BEGINS = "hark_"
"""So that a key that strays into a file is found by who looks for keys."""
LONGEST_NAME, LONGEST_CONTACT = 80, 200
MOST_PER_MINUTE = 6000


class NotMade(Exception):
    """A partner cannot be made so. `reasons`: why, for a person to read."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class NoPartner(Exception):
    """There is no such partner with a good key."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A partner as somebody wants them."""

    name: str
    contact: str = ""
    rate_per_minute: int = 60
    may_read: bool = True
    may_report: bool = True
    may_update: bool = False


def make_partner(session: Session, wanted: Wanted, by: str, staff_id: int | None, now: datetime) -> tuple[Partner, str]:
    """Make a partner; the row, and the key, which nobody can show again. Raises NotMade."""
    name = " ".join(wanted.name.split())
    if reasons := _against(session, wanted, name):
        raise NotMade(reasons)
    key = KEY_BEGINS + secrets.token_urlsafe(32)
    partner = Partner(
        name=name,
        contact=" ".join(wanted.contact.split()),
        key_sha256=sha256_of(key),
        key_ends=key[-4:],
        rate_per_minute=wanted.rate_per_minute,
        may_read=wanted.may_read,
        may_report=wanted.may_report,
        may_update=wanted.may_update,
        made_by=staff_id,
        made_at=now,
    )
    session.add(partner)
    session.flush()
    record(session, "Partner", partner.id or 0, by, "made, with a key", now)
    return partner, key


def _against(session: Session, wanted: Wanted, name: str) -> list[str]:
    reasons = []
    if not 1 <= len(name) <= LONGEST_NAME:
        reasons.append(f"Say who the partner is, in {LONGEST_NAME} characters at most.")
    elif session.exec(select(Partner.id).where(Partner.name == name)).first() is not None:
        reasons.append("There is, or was, a partner of that name. No name is used twice, so that the audit is clear.")
    if len(wanted.contact) > LONGEST_CONTACT:
        reasons.append(f"Whom we ask there is said in {LONGEST_CONTACT} characters at most.")
    if not 1 <= wanted.rate_per_minute <= MOST_PER_MINUTE:
        reasons.append(f"Calls a minute are a number from 1 to {MOST_PER_MINUTE}.")
    if not (wanted.may_read or wanted.may_report or wanted.may_update):
        reasons.append("Say what the key is for: to read, to report, or to update.")
    return reasons


def revoke_partner(session: Session, partner_id: int, by: str, staff_id: int | None, now: datetime) -> Partner:
    """Make a partner's key worthless from now on; their reports stay. Raises NoPartner."""
    partner = session.get(Partner, partner_id, with_for_update=True)
    if partner is None or not partner.active:
        raise NoPartner("There is no partner with a good key under this name.")
    partner.revoked_at, partner.revoked_by = now, staff_id
    session.add(partner)
    record(session, "Partner", partner_id, by, "the key was revoked", now)
    return partner
