"""`hark db check`: does the schema agree with the code, and do the rows keep the invariants?"""

from sqlmodel import Session, and_, col, func, or_, select

from models import (
    AskedQuestion,
    AskedState,
    AuditEntry,
    Database,
    FixedQuestion,
    FixedState,
    Mention,
    MentionState,
    ModerationAct,
    ModerationKind,
    ModerationState,
    NoticeState,
    Post,
    Reply,
    ReplyState,
    Review,
    SendAttempt,
    StatusNotice,
    StatusUpdate,
    migrations,
)
from models.lifecycle import MACHINES
from models.posts import PostKind
from responders.moderation.capturing import seal

AFTER_APPROVAL = (
    ReplyState.APPROVED,
    ReplyState.SENDING,
    ReplyState.SENT,
    ReplyState.HANDED_OVER,
    ReplyState.UNCERTAIN,
    ReplyState.FAILED,
)


def check_database(database: Database) -> list[str]:
    """Every problem found, as a sentence; empty when all is well."""
    at, wanted = migrations.current(database), migrations.newest()
    if at != wanted:
        return [f"The schema is at {at or 'nothing'}, the code wants {wanted}. Run `hark db upgrade`."]
    problems = [f"The schema differs from the code: {one}" for one in migrations.differences(database)]
    with database.read() as session:
        for check in (
            _own_posts_are_no_work,
            _approved_by_somebody,
            _legal_steps,
            _attempt_before_sending,
            _deleted_is_gone,
            _told_by_a_reply,
            _told_once,
            _told_what_it_means,
            _questions_have_answers,
            _moderated_by_people,
        ):
            problems += check(session)
    return problems


def _counted(found: int, sentence: str) -> list[str]:
    return [f"{found} {sentence}"] if found else []


def _own_posts_are_no_work(session: Session) -> list[str]:
    found = session.exec(
        select(func.count()).where(Post.kind != PostKind.MENTION, col(Post.mention_id).is_not(None))
    ).one()
    return _counted(found, "posts that are no mentions became work (invariant 1).")


def _approved_by_somebody(session: Session) -> list[str]:
    reviewed = select(Review.id).where(Review.reply_id == Reply.id)
    found = session.exec(
        select(func.count()).where(
            col(Reply.state).in_(AFTER_APPROVAL), or_(col(Reply.approved_by).is_(None), ~reviewed.exists())
        )
    ).one()
    return _counted(found, "replies are on their way or sent that nobody approved (invariant 3).")


def _legal_steps(session: Session) -> list[str]:
    steps = session.exec(
        select(AuditEntry.about, AuditEntry.from_state, AuditEntry.to_state, func.count())
        .where(AuditEntry.from_state != "")
        .group_by(AuditEntry.about, AuditEntry.from_state, AuditEntry.to_state)
    ).all()
    return [
        f"{count} steps of {about} from {before} to {after}, which no table allows."
        for about, before, after, count in steps
        if after not in MACHINES.get(about, {}).get(before, {})
    ]


def _attempt_before_sending(session: Session) -> list[str]:
    tried = select(SendAttempt.id).where(SendAttempt.reply_id == Reply.id)
    found = session.exec(
        select(func.count()).where(col(Reply.state).in_([ReplyState.SENDING, ReplyState.UNCERTAIN]), ~tried.exists())
    ).one()
    return _counted(found, "replies are being sent without an attempt on record (invariant 4).")


def _deleted_is_gone(session: Session) -> list[str]:
    words = session.exec(
        select(func.count()).where(col(Post.deleted_at).is_not(None), or_(Post.text != "", col(Post.raw).is_not(None)))
    ).one()
    live = session.exec(
        select(func.count()).where(
            Mention.state == MentionState.WITHDRAWN,
            select(Post.id).where(Post.mention_id == Mention.id, Post.text != "").exists(),
        )
    ).one()
    return _counted(words, "deleted posts still hold words (invariant 6).") + _counted(
        live, "withdrawn mentions still have words (invariant 6)."
    )


def _told_by_a_reply(session: Session) -> list[str]:
    unsent = session.exec(
        select(func.count())
        .select_from(StatusNotice)
        .outerjoin(Reply, col(Reply.id) == StatusNotice.reply_id)
        .where(
            StatusNotice.state == NoticeState.TOLD,
            or_(col(Reply.id).is_(None), Reply.state != ReplyState.SENT),
        )
    ).one()
    lost = session.exec(
        select(func.count()).where(StatusNotice.state == NoticeState.DRAFTED, col(StatusNotice.reply_id).is_(None))
    ).one()
    return _counted(unsent, "notices count as told, and no reply of theirs was sent.") + _counted(
        lost, "notices count as drafted and have no reply: they would wait for ever."
    )


def _told_once(session: Session) -> list[str]:
    """Once for each person in a conversation, however many of their posts follow the request."""
    twice = (
        select(StatusNotice.update_id)
        .join(Mention, col(Mention.id) == StatusNotice.mention_id)
        .where(StatusNotice.state == NoticeState.TOLD)
        .group_by(col(StatusNotice.update_id), col(Mention.author_id), col(Mention.conversation_id))
        .having(func.count() > 1)
        .subquery()
    )
    found = session.exec(select(func.count()).select_from(twice)).one()
    return _counted(found, "changes were told twice to one person in one conversation.")


def _told_what_it_means(session: Session) -> list[str]:
    found = session.exec(
        select(func.count())
        .select_from(StatusNotice)
        .join(StatusUpdate, col(StatusUpdate.id) == StatusNotice.update_id)
        .where(StatusNotice.state == NoticeState.TOLD, col(StatusUpdate.outcome).is_(None))
    ).one()
    return _counted(found, "changes were told that nobody had said the meaning of.")


def _questions_have_answers(session: Session) -> list[str]:
    said = col(FixedQuestion.state).in_([FixedState.YES, FixedState.NO])
    by_nobody = and_(col(FixedQuestion.answer_post_id).is_(None), col(FixedQuestion.answered_by).is_(None))
    unanswered = session.exec(
        select(func.count()).where(said, or_(col(FixedQuestion.answered_at).is_(None), by_nobody))
    ).one()
    unasked = session.exec(
        select(func.count())
        .select_from(FixedQuestion)
        .outerjoin(Reply, col(Reply.id) == FixedQuestion.asked_reply_id)
        .where(or_(col(Reply.id).is_(None), Reply.state != ReplyState.SENT))
    ).one()
    unread = session.exec(
        select(func.count()).where(AskedQuestion.state == AskedState.READ, col(AskedQuestion.answer_post_id).is_(None))
    ).one()
    return (
        _counted(unanswered, "questions whether it is fixed count as answered, and nobody has.")
        + _counted(unasked, "questions whether it is fixed were never sent.")
        + _counted(unread, "questions of a service count as answered, and nobody has.")
    )


def _moderated_by_people(session: Session) -> list[str]:
    alone = session.exec(
        select(func.count()).where(
            ModerationAct.kind == ModerationKind.BLOCK,
            col(ModerationAct.state).in_([ModerationState.IN_FORCE, ModerationState.LIFTED]),
            or_(col(ModerationAct.decided_by).is_(None), ModerationAct.decided_by == ModerationAct.proposed_by),
        )
    ).one()
    kept = session.exec(select(ModerationAct.captured, ModerationAct.captured_sha256)).all()
    changed = sum(seal(captured) != told for captured, told in kept)
    return _counted(alone, "blocks were put in force by one person alone (invariant 13).") + _counted(
        changed, "captures of moderated posts are not what their hash says (invariant 13)."
    )
