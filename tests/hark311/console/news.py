"""A case that the city has news of, for pages that show it."""

from datetime import datetime, timedelta

from sqlmodel import Session

from hark311.starter import load_templates
from models import (
    Channel,
    Mention,
    MentionState,
    Outcome,
    ReplyState,
    RequestState,
    ServiceRequest,
    StatusUpdate,
    UpdateSource,
)
from models.status_changes import Change, note_change
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_mention,
    the_account,
    understand,
)


def make_case(session: Session, at: datetime, channel: Channel = Channel.X) -> Mention:
    """A mention that was answered and filed two days ago, and is closed. Needs make_services."""
    filed_at = at - timedelta(days=2)
    mention = make_mention(session, the_account(session, channel), filed_at, state=MentionState.CLOSED)
    understand(session, mention, first_post(session, mention), filed_at)
    request = draft_request(session, mention, state=RequestState.SUBMITTED)
    request.service_request_id = "13075315"
    request.requested_datetime = request.approved_at = filed_at
    reply = draft_reply(session, mention, "Thank you. It is {number}.", state=ReplyState.SENT)
    reply.approved_at = reply.sent_at = filed_at
    session.add_all([request, reply])
    session.flush()
    return mention


def heard(
    session: Session,
    request: ServiceRequest,
    at: datetime,
    *,
    key: str = "1",
    status: str = "closed",
    words: str = "",
    outcome: Outcome | None = None,
) -> StatusUpdate:
    """The city said something of it."""
    change = Change(
        key=key, source=UpdateSource.CITY, happened_at=at, status=status, status_notes=words, outcome=outcome
    )
    noted = note_change(session, request, change, at)
    assert noted is not None
    return noted


def make_wordings(session: Session) -> None:
    """The English templates hark311 comes with."""
    session.add_all(one for one in load_templates() if one.language == "en")
    session.flush()
