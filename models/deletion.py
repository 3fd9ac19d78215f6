"""Deleted means gone (invariant 6): what the resident wrote leaves every table; ids and states stay."""

from datetime import UTC, datetime

from sqlmodel import Session, col, delete, select

from models.labels import Label
from models.ledger import count_intake
from models.lifecycle import MentionState, ReplyState, RequestState, may
from models.mentions import Attachment, Mention, Post, Understanding
from models.neighbours import forget_neighbours
from models.replies import Reply, SendAttempt
from models.requests import ServiceRequest
from models.transitions import advance, record


def forget_post(session: Session, post: Post, by: str, why: str, at: datetime) -> None:
    """Purge one post in all its versions, and withdraw the mention that rests on it.

    A mention that still has another post of the resident is understood anew instead of withdrawn.
    """
    versions = session.exec(
        select(Post).where(Post.account_id == post.account_id, Post.edit_chain == post.edit_chain)
    ).all()
    left = [version for version in versions if version.deleted_at is None]
    for version in left:
        _empty_post(session, version, at)
        record(session, "Post", version.id or 0, by, why, at)
    _forget_in_mention(session, post, by, why, at)
    count_intake(session, post.account_id, at.astimezone(UTC).date(), deleted=len(left))


def _forget_in_mention(session: Session, post: Post, by: str, why: str, at: datetime) -> None:
    mention = session.get(Mention, post.mention_id) if post.mention_id else None
    if mention is None or mention.state == MentionState.WITHDRAWN:
        return
    session.flush()
    left = session.exec(
        select(Post.id).where(Post.mention_id == mention.id, col(Post.deleted_at).is_(None)).limit(1)
    ).first()
    _empty_derived(session, mention)
    if left is None:
        _withdraw(session, mention, by, why, at)
    else:
        mention.version += 1
        mention.needs_understanding = True
        bring_back(session, mention, by, why, at)


def _empty_post(session: Session, post: Post, at: datetime) -> None:
    post.text, post.raw, post.url = "", None, ""
    post.command, post.reply_with = "", None
    post.lat = post.lon = post.pin_accuracy_m = post.language_hint = None
    post.pin_title = ""
    post.deleted_at = at
    session.add(post)
    session.exec(delete(Attachment).where(col(Attachment.post_id) == post.id))


def _empty_derived(session: Session, mention: Mention) -> None:
    forget_neighbours(session, mention.id or 0)
    for understanding in session.exec(select(Understanding).where(Understanding.mention_id == mention.id)).all():
        understanding.evidence, understanding.location_phrase = [], ""
        understanding.problems, understanding.explanations = [], []
        understanding.places, understanding.place_question, understanding.place_note = [], "", ""
        session.add(understanding)
    for label in session.exec(select(Label).where(Label.mention_id == mention.id)).all():
        label.text = ""  # one from the desk has none of its own; what it is about stays, as a count
        session.add(label)
    for request in session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).all():
        request.description = request.address_string = request.media_url = ""
        request.lat = request.long = None
        request.attribute = {}
        session.add(request)


def bring_back(session: Session, mention: Mention, by: str, why: str, at: datetime) -> None:
    """What was approved rested on words that are gone: it goes back to a person before anything leaves."""
    for reply in session.exec(
        select(Reply).where(Reply.mention_id == mention.id, Reply.state == ReplyState.APPROVED).with_for_update()
    ).all():
        reply.revision += 1
        advance(session, reply, ReplyState.IN_REVIEW, by, why, at)
        advance(session, reply, ReplyState.DRAFT, by, why, at)
    for request in session.exec(
        select(ServiceRequest)
        .where(ServiceRequest.mention_id == mention.id, ServiceRequest.state == RequestState.APPROVED)
        .with_for_update()
    ).all():
        request.revision = 1  # its words are gone; it is drafted anew from what is left
        advance(session, request, RequestState.IN_REVIEW, by, why, at)
        advance(session, request, RequestState.DRAFT, by, why, at)
    waiting = session.exec(
        select(Reply.id).where(
            Reply.mention_id == mention.id,
            col(Reply.state).in_([ReplyState.SENDING, ReplyState.UNCERTAIN, ReplyState.HANDED_OVER]),
        )
    ).first()
    if mention.state == MentionState.APPROVED and waiting is None:
        advance(session, mention, MentionState.DRAFTED, by, why, at)


def _withdraw(session: Session, mention: Mention, by: str, why: str, at: datetime) -> None:
    """What the outbox or the submission has just claimed is not ours to cancel: the rows are read anew, locked."""
    anew = {"populate_existing": True}
    replies = select(Reply).where(Reply.mention_id == mention.id).with_for_update()
    for reply in session.exec(replies, execution_options=anew).all():
        if reply.state == ReplyState.HANDED_OVER:
            advance(session, reply, ReplyState.APPROVED, by, why, at)  # whoever has it in hand is not to post it
        still_ours = may("Reply", reply.state, ReplyState.CANCELLED)
        if still_ours and reply.state != ReplyState.UNCERTAIN:  # that one may stand in the thread: a person looks
            reply.text = reply.approved_text = reply.approved_fallback = ""
            advance(session, reply, ReplyState.CANCELLED, by, why, at)
        for attempt in session.exec(select(SendAttempt).where(SendAttempt.reply_id == reply.id)).all():
            if reply.state == ReplyState.CANCELLED:
                attempt.text = ""
                session.add(attempt)
    requests = select(ServiceRequest).where(ServiceRequest.mention_id == mention.id).with_for_update()
    for request in session.exec(requests, execution_options=anew).all():
        if request.state == RequestState.JOINED:
            request.joined_to_id = None
            advance(session, request, RequestState.DRAFT, by, why, at)
        if may("ServiceRequest", request.state, RequestState.CANCELLED):
            advance(session, request, RequestState.CANCELLED, by, why, at)
    mention.claimed_by = mention.claimed_until = None
    mention.needs_understanding = False
    advance(session, mention, MentionState.WITHDRAWN, by, why, at)
