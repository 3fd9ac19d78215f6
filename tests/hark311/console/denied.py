"""Cases that the city closed and whose authors were asked whether it is fixed, for the tests of the desk."""

from datetime import datetime, timedelta

from sqlmodel import Session

from models import FixedQuestion, FixedState, Mention, MentionState, Outcome, ReplyState, RequestState, StatusUpdate
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_mention,
    the_account,
    understand,
)


def make_asked_if_fixed(
    session: Session, now: datetime, state: FixedState = FixedState.OPEN, number: str = "13075315"
) -> Mention:
    """A case that the city closed a day ago as fixed, and whose author was asked."""
    mention = make_mention(session, the_account(session), now - timedelta(days=9), state=MentionState.CLOSED)
    understand(session, mention, first_post(session, mention), now - timedelta(days=9))
    request = draft_request(session, mention)
    request.state, request.service_request_id, request.status = RequestState.SUBMITTED, number, "closed"
    request.requested_datetime = request.approved_at = now - timedelta(days=9)
    update = StatusUpdate(
        request_id=request.id or 0,
        change_key="closed",
        status="closed",
        outcome=Outcome.FIXED,
        happened_at=now - timedelta(days=1),
        noticed_at=now - timedelta(days=1),
    )
    session.add(update)
    reply = draft_reply(session, mention, "The work is done. Is it fixed?", state=ReplyState.SENT)
    reply.template_key, reply.request_id, reply.sent_at = "status_fixed", request.id, now - timedelta(days=1)
    reply.approved_text = reply.sent_text = reply.text
    reply.approved_at = now - timedelta(days=1)
    session.flush()
    session.add(
        FixedQuestion(
            mention_id=mention.id or 0,
            request_id=request.id or 0,
            update_id=update.id or 0,
            asked_reply_id=reply.id or 0,
            asked_at=now - timedelta(days=1),
            followed_at=now,
            closes_at=now + timedelta(days=6),
            changed_at=now - timedelta(hours=3),
            state=state,
            answered_at=None if state in (FixedState.OPEN, FixedState.SILENT) else now - timedelta(hours=3),
        )
    )
    session.flush()
    return mention
