"""Settled cases in rows, and what tells their authors of the city's news, on a clock that moves when told."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from hark311.starter import load_services, load_templates
from models import Channel, Database, MentionState, RequestState, Role, ServiceRequest, StaffUser
from responders.status import StatusReplies
from tests.rows import MORNING, a_mention, a_request


class Now:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = MORNING

    def __call__(self) -> datetime:
        return self.at


def prepared(session: Session) -> int:
    """A person at the desk, the services and the English wordings; the person's id."""
    staff = session.exec(select(StaffUser).where(StaffUser.username == "mae")).first()
    if staff is not None:
        return staff.id or 0
    staff = StaffUser(username="mae", display_name="Mae Jones", role=Role.SUPERVISOR, reads=["en"])
    session.add(staff)
    session.add_all(load_services())
    session.add_all(one for one in load_templates() if one.language == "en")
    session.flush()
    return staff.id or 0


def settled(session: Session, head: ServiceRequest | None) -> tuple[int, int]:
    """A mention that was answered, with its request filed, or joined to the head: (mention, request)."""
    mention = a_mention(session, channel=Channel.TELEGRAM)
    mention.state, mention.needs_understanding = MentionState.CLOSED, False
    request = a_request(session, mention)
    request.service_code, request.state = "POTHOLE", RequestState.SUBMITTED
    if head is None:
        request.service_request_id = f"13{mention.id:06}"
    else:
        request.state, request.joined_to_id = RequestState.JOINED, head.id
    session.add_all([mention, request])
    session.flush()
    return mention.id or 0, request.id or 0


def telling_with(database: Database, clock: Now, **more: Any) -> StatusReplies:
    def same(text: str) -> str:
        return text

    given: dict[str, Any] = {"redact": same, "clock": clock, "digest": timedelta(0)}
    return StatusReplies(database, lambda _channel, text: len(text), **(given | more))
