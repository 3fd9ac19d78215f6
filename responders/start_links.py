"""Links and QR codes that begin a chat with a place filled in. Their tokens are opaque, so that none can be guessed."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from models import Need, Post, Service, ServiceRequest, StaffUser, StartLink, record
from responders.drafting import Missing

TOKEN_BYTES = 24
LONGEST_LABEL, LONGEST_PLACE = 80, 200
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}")
_PLACES = frozenset({Missing.PLACE, Missing.WHICH_PLACE, Missing.CROSS_STREET})


class NotMade(Exception):
    """A link that cannot be made as it stands; `reasons` are sentences for the person at the desk."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a link is to fill in. `lat`, `lon`: degrees WGS 84."""

    label: str
    service_code: str = ""
    address_string: str = ""
    lat: float | None = None
    lon: float | None = None


def make_link(session: Session, account_id: int, wanted: Wanted, staff: StaffUser, now: datetime) -> StartLink:
    """A new link with a token of its own. Raises NotMade."""
    if reasons := _reasons(session, wanted):
        raise NotMade(reasons)
    link = StartLink(
        account_id=account_id,
        token=secrets.token_urlsafe(TOKEN_BYTES),
        label=wanted.label,
        service_code=wanted.service_code,
        address_string=wanted.address_string,
        lat=wanted.lat,
        lon=wanted.lon,
        made_by=staff.id,
        made_at=now,
    )
    session.add(link)
    session.flush()
    record(session, "StartLink", link.id or 0, f"staff:{staff.id}", "made", now)
    return link


def _reasons(session: Session, wanted: Wanted) -> list[str]:
    reasons = []
    if not wanted.label:
        reasons.append("Say what the link is for, so that you find it again.")
    if len(wanted.label) > LONGEST_LABEL or len(wanted.address_string) > LONGEST_PLACE:
        reasons.append(f"A label takes {LONGEST_LABEL} characters and a place {LONGEST_PLACE}. Shorten it.")
    service = session.get(Service, wanted.service_code) if wanted.service_code else None
    if wanted.service_code and (service is None or not service.active):
        reasons.append("There is no such service any more. Choose another, or none.")
    if (wanted.lat is None) != (wanted.lon is None):
        reasons.append("A point needs both latitude and longitude.")
    if (wanted.lat is not None and abs(wanted.lat) > 90) or (wanted.lon is not None and abs(wanted.lon) > 180):
        reasons.append("There is no such point: latitude is -90 to 90, longitude -180 to 180.")
    return reasons


def revoke_link(session: Session, link: StartLink, staff: StaffUser, now: datetime) -> None:
    """From now on the link begins a chat with nothing filled in. What came through it stays."""
    if link.revoked_at is None:
        link.revoked_at = now
        session.add(link)
        record(session, "StartLink", link.id or 0, f"staff:{staff.id}", "revoked", now)


def link_of(session: Session, post: Post) -> StartLink | None:
    """The link a chat was begun with; None where there is none, it is another account's, or it was revoked."""
    token = (post.reply_with or {}).get("start", "")
    if not _TOKEN.fullmatch(token):
        return None
    link = session.exec(
        select(StartLink).where(StartLink.token == token, StartLink.account_id == post.account_id).with_for_update()
    ).first()
    return link if link and link.revoked_at is None else None


def apply_link(session: Session, link_id: int, request: ServiceRequest) -> None:
    """Fill what a link knows into a request draft. What the resident said themselves stays."""
    link = session.get(StartLink, link_id)
    if link is None:
        return
    missing = list(request.missing)
    if request.service_code is None and link.service_code:
        request.service_code = link.service_code
        missing = [one for one in missing if one != Missing.SERVICE]
    knows_place = bool(link.address_string) or link.lat is not None
    said_nothing = request.lat is None and not request.address_string
    if knows_place and (said_nothing or _PLACES & set(missing)):
        request.address_string = request.address_string or link.address_string
        request.lat, request.long = link.lat, link.lon
        missing = [one for one in missing if one not in _PLACES]
    service = session.get(Service, request.service_code) if request.service_code else None
    if service is not None and service.needs is Need.NOTHING:
        missing = [one for one in missing if one not in _PLACES]
    request.missing = missing
    session.add(request)


def service_of(session: Session, link_id: int | None) -> tuple[Service | None, str]:
    """The service a link is about and the place it names."""
    link = session.get(StartLink, link_id) if link_id else None
    if link is None:
        return None, ""
    return session.get(Service, link.service_code) if link.service_code else None, link.address_string
