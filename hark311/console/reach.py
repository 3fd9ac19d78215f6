"""Whether what a page's address names lies in the part of the work that a person looks after."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, select

from models import Alarm, Mention, ModerationAct, Reply, ServiceRequest, StaffUser, scope_of

ROWS: Mapping[str, type[Reply] | type[ServiceRequest] | type[Alarm] | type[ModerationAct]] = {
    "reply_id": Reply,
    "request_id": ServiceRequest,
    "alarm_id": Alarm,
    "act_id": ModerationAct,
}
"""Names in the addresses of pages, and the row each names, of a mention. `mention_id` names the mention itself."""


LONGEST_ID = 19
"""More digits than any id has."""


class OutOfReach(Exception):
    """The mention belongs to a part of the work that other colleagues look after."""


class NoSuchId(Exception):
    """The address names no id: it may be read as one further in, so it goes no further."""


def require_reach(session: Session, staff: StaffUser, named: Mapping[str, Any]) -> None:
    """Raises OutOfReach where an address names a mention outside the person's scope that they do not hold either.

    Every id in the address counts, also that of what it is compared with. Raises NoSuchId where one is no id.
    """
    mention_ids = _mention_ids(session, named)
    scope = scope_of(session, staff)
    if scope.everything:
        return
    for mention_id in mention_ids:
        mention = session.get(Mention, mention_id)
        if mention is not None and mention.claimed_by != staff.id and not scope.covers(mention):
            raise OutOfReach


def _mention_ids(session: Session, named: Mapping[str, Any]) -> list[int]:
    found = [as_id(named[name]) for name in ("mention_id", "other_id") if name in named]
    for name, table in ROWS.items():
        if name in named:
            found += filter(None, session.exec(select(table.mention_id).where(table.id == as_id(named[name]))).all())
    return found


def as_id(value: Any) -> int:
    """The id in an address, written as the desk writes it. Raises NoSuchId."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < LONGEST_ID):
        raise NoSuchId
    return int(text)
