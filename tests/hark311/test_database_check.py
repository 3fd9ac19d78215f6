"""`hark db check` finds what of the status loop cannot be: told without a reply, told twice, answered by nobody."""

from sqlmodel import select

from hark311.database_check import check_database
from models import (
    Database,
    FixedQuestion,
    FixedState,
    NoticeState,
    Outcome,
    ReplyState,
    StatusNotice,
    StatusUpdate,
    UpdateSource,
    utc_now,
)
from models.status_changes import Change, note_change
from tests.rows import a_mention, a_reply, a_request


def test_what_cannot_be_in_the_status_loop_is_named_and_what_can_is_not(either_database: Database) -> None:
    now = utc_now()
    with either_database.write() as session:
        mention = a_mention(session)
        request, reply = a_request(session, mention), a_reply(session, mention)
        change = Change("1", UpdateSource.CITY, now, status="closed", outcome=Outcome.FIXED)
        update = note_change(session, request, change, now)
        update_id = update.id if update else None
        session.add(
            FixedQuestion(
                mention_id=mention.id or 0,
                request_id=request.id or 0,
                asked_reply_id=reply.id or 0,
                asked_at=now,
                changed_at=now,
                followed_at=now,
            )
        )
        reply.state, reply_id, mention_id = ReplyState.SENT, reply.id or 0, mention.id or 0
    assert [one for one in check_database(either_database) if "notice" in one or "question" in one] == []
    with either_database.write() as session:
        for notice in session.exec(select(StatusNotice)).all():
            notice.state = NoticeState.TOLD
        for question in session.exec(select(FixedQuestion)).all():
            question.state = FixedState.YES
        session.get_one(StatusUpdate, update_id).outcome = None
    found = " ".join(check_database(either_database))
    assert "1 notices count as told, and no reply of theirs was sent" in found
    assert "1 changes were told that nobody had said the meaning of" in found
    assert "1 questions whether it is fixed count as answered, and nobody has" in found
    with either_database.write() as session:
        other = a_mention(session)
        first = session.get_one(type(other), mention_id)
        other.author_id, other.account_id, other.conversation_id = (
            first.author_id,
            first.account_id,
            first.conversation_id,
        )
        for notice in session.exec(select(StatusNotice)).all():
            notice.reply_id = reply_id
        session.add(
            StatusNotice(
                update_id=update_id or 0,
                mention_id=other.id or 0,
                reply_id=reply_id,
                state=NoticeState.TOLD,
                not_before=now,
                changed_at=now,
            )
        )
    assert "1 changes were told twice to one person" in " ".join(check_database(either_database))
