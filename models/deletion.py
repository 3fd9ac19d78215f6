"""Deleted means gone (invariant 6): what the resident wrote leaves every table; ids and states stay."""

from datetime import UTC, datetime

from sqlmodel import Session, col, delete, select

from models.chat_boards import forget_on_boards
from models.chat_recaps import forget_told_as
from models.chats import ChatEntry, ChatPost
from models.handovers import forget_in_handovers
from models.keys import forget_handed_on
from models.labels import Label
from models.ledger import count_intake
from models.lifecycle import MentionState, ReplyState, RequestState, may
from models.mentions import Attachment, Mention, Post
from models.neighbours import forget_neighbours
from models.notes import forget_notes
from models.partners import forget_partner_photos
from models.pictures import forget_pictures
from models.private_moves import move_from
from models.replies import Reply, SendAttempt
from models.requests import ServiceRequest
from models.search import forget_words
from models.sorting import sort_mention
from models.status_changes import following
from models.thumbnails import forget_thumbnails
from models.transitions import advance, record
from models.translations import forget_mention_translations, forget_post_translations
from models.understandings import LabelTask, Understanding
from models.versions import ReplyVersion, forget_versions

HANDED_IN = (RequestState.SUBMITTING, RequestState.UNCERTAIN, RequestState.TOKEN_PENDING, RequestState.SUBMITTED)
"""The city has such a request, or may have it: a proof still needs what it says."""


def forget_post(session: Session, post: Post, by: str, why: str, at: datetime) -> None:
    """Purge one post in all its versions, and withdraw the mention that rests on it.

    A mention that still has another post of the resident is understood anew instead of withdrawn.
    """
    mention = _locked(session, post.mention_id) if post.mention_id else None
    versions = session.exec(
        select(Post).where(Post.account_id == post.account_id, Post.edit_chain == post.edit_chain)
    ).all()
    left = [version for version in versions if version.deleted_at is None]
    said, since = [version.text for version in left], min((one.received_at for one in left), default=at)
    for version in left:
        _empty_post(session, version, at)
        record(session, "Post", version.id or 0, by, why, at)
    forget_in_handovers(session, post.mention_id or 0, said, since, by, at)
    forget_on_boards(session, post)
    _forget_numbered(session, post, by, why, at)
    if mention is not None:
        _forget_in_mention(session, mention, by, why, at)
        forget_words(session, [mention.id or 0])
        sort_mention(session, mention)
    count_intake(session, post.account_id, at.astimezone(UTC).date(), deleted=len(left))


def _forget_numbered(session: Session, post: Post, by: str, why: str, at: datetime) -> None:
    """The posts of a chat that answer it under its number: what has not left never does, and says nothing any more."""
    of_it = select(ChatEntry.id).where(ChatEntry.account_id == post.account_id, ChatEntry.edit_chain == post.edit_chain)
    replies = session.exec(
        select(Reply)
        .join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
        .where(col(ChatPost.entry_id).in_(of_it))
        .with_for_update(of=Reply),
        execution_options={"populate_existing": True},
    ).all()
    for reply in replies:
        _cancel(session, reply, by, why, at)
        session.exec(delete(ReplyVersion).where(col(ReplyVersion.reply_id) == reply.id))


def _cancel(session: Session, reply: Reply, by: str, why: str, at: datetime) -> None:
    """Cancel a reply that is still ours to cancel, and empty it, as any that was dropped before."""
    if reply.state == ReplyState.HANDED_OVER:
        advance(session, reply, ReplyState.APPROVED, by, why, at)  # whoever has it in hand is not to post it
    still_ours = may("Reply", reply.state, ReplyState.CANCELLED)
    if still_ours and reply.state != ReplyState.UNCERTAIN:  # that one may stand in the thread: a person looks
        advance(session, reply, ReplyState.CANCELLED, by, why, at)
    if reply.state == ReplyState.CANCELLED:
        forget_reply(session, reply)


def _locked(session: Session, mention_id: int) -> Mention | None:
    """The mention, locked before its replies as everywhere else, and with it the private one that goes on about it."""
    move = move_from(session, mention_id)
    ids = [mention_id, move.arrived_mention_id if move else None]
    found = select(Mention).where(col(Mention.id).in_(ids)).order_by(col(Mention.id)).with_for_update()
    mentions = session.exec(found, execution_options={"populate_existing": True}).all()
    return next((one for one in mentions if one.id == mention_id), None)


def _forget_in_mention(session: Session, mention: Mention, by: str, why: str, at: datetime) -> None:
    if mention.state == MentionState.WITHDRAWN:
        return
    session.flush()
    left = session.exec(
        select(Post.id).where(Post.mention_id == mention.id, col(Post.deleted_at).is_(None)).limit(1)
    ).first()
    _empty_derived(session, mention)
    forget_handed_on(session, mention, at)
    forget_notes(session, mention.id or 0, by, at)
    _forget_in_private(session, mention, by, why, at)
    _forget_in_reopenings(session, mention, by, why, at)
    if left is None:
        _withdraw(session, mention, by, why, at)
    else:
        mention.version += 1
        mention.needs_understanding = True
        bring_back(session, mention, by, why, at)


def _forget_in_private(session: Session, public: Mention, by: str, why: str, at: datetime) -> None:
    """The private mention that goes on about this one took its words over: it is understood anew from its own posts."""
    move = move_from(session, public.id or 0)
    mention = session.get(Mention, move.arrived_mention_id) if move and move.arrived_mention_id else None
    if mention is None or mention.state == MentionState.WITHDRAWN:
        return
    requests = select(ServiceRequest).where(
        ServiceRequest.mention_id == mention.id, col(ServiceRequest.state).not_in(HANDED_IN)
    )
    anew = {"populate_existing": True}
    for request in session.exec(requests.with_for_update(), execution_options=anew).all():
        _empty_request(session, request)
        request.revision = 1
    forget_versions(session, mention.id or 0)
    forget_handed_on(session, mention, at)
    mention.version += 1
    mention.needs_understanding = True
    session.add(mention)
    bring_back(session, mention, by, why, at)
    sort_mention(session, mention)


def _forget_in_reopenings(session: Session, mention: Mention, by: str, why: str, at: datetime) -> None:
    """Another follower who said that it is not fixed has a request that took place and answers over from this one."""
    for closed in session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).all():
        others = set(following(session, closed)) - {mention.id}
        took_over = select(ServiceRequest).where(
            col(ServiceRequest.mention_id).in_(others), ServiceRequest.reopens_id == closed.id
        )
        for request in session.exec(took_over.order_by(col(ServiceRequest.id))).all() if others else ():
            other = session.get_one(Mention, request.mention_id, with_for_update=True)
            _empty_place_and_answers(session, request)
            if request.state == RequestState.APPROVED:
                bring_back(session, other, by, why, at)
            other.version += 1
            session.add(other)


def _empty_post(session: Session, post: Post, at: datetime) -> None:
    post.text, post.raw, post.url = "", None, ""
    post.command, post.reply_with = "", None
    post.lat = post.lon = post.pin_accuracy_m = post.language_hint = None
    post.pin_title = ""
    post.deleted_at = at
    session.add(post)
    forget_thumbnails(session, post.id or 0)
    forget_partner_photos(session, post.id or 0)
    session.exec(delete(Attachment).where(col(Attachment.post_id) == post.id))
    forget_post_translations(session, [post.id])
    forget_told_as(session, post)


def _empty_derived(session: Session, mention: Mention) -> None:
    forget_neighbours(session, mention.id or 0)
    forget_versions(session, mention.id or 0)
    forget_mention_translations(session, mention.id or 0)
    for understanding in session.exec(select(Understanding).where(Understanding.mention_id == mention.id)).all():
        understanding.evidence, understanding.location_phrase = [], ""
        understanding.problems, understanding.explanations = [], []
        understanding.places, understanding.place_question, understanding.place_note = [], "", ""
        session.add(understanding)
    for label in session.exec(select(Label).where(Label.mention_id == mention.id)).all():
        label.text = ""  # one from the desk has none of its own; what it is about stays, as a count
        if label.task == LabelTask.PLACE:
            label.value = label.suggested = ""  # where somebody was is no count
        session.add(label)
    for request in session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).all():
        _empty_request(session, request)


def _empty_request(session: Session, request: ServiceRequest) -> None:
    """A proof needs our reference alone, so its attempts lose the words as well."""
    request.description = request.media_url = ""
    _empty_place_and_answers(session, request)
    for attempt in session.exec(select(SendAttempt).where(SendAttempt.request_id == request.id)).all():
        attempt.text = ""
        session.add(attempt)


def _empty_place_and_answers(session: Session, request: ServiceRequest) -> None:
    request.address_string = ""
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
        said = select(Reply.id).where(
            Reply.mention_id == mention.id, Reply.round == mention.round, Reply.state == ReplyState.SENT
        )
        if session.exec(said).first() is not None:
            mention.round += 1  # our reply has left, and there is one per round and purpose
        advance(session, mention, MentionState.DRAFTED, by, why, at)


def forget_reply(session: Session, reply: Reply) -> None:
    """Empty a reply that came to nothing, with its attempts and pictures: it may repeat what is deleted."""
    reply.text = reply.approved_text = reply.approved_fallback = ""
    session.add(reply)
    for attempt in session.exec(select(SendAttempt).where(SendAttempt.reply_id == reply.id)).all():
        attempt.text = ""
        session.add(attempt)
    session.flush()
    if reply.mention_id is not None:
        forget_pictures(session, reply.mention_id)


def _withdraw(session: Session, mention: Mention, by: str, why: str, at: datetime) -> None:
    """What the outbox or the submission has just claimed is not ours to cancel: the rows are read anew, locked."""
    anew = {"populate_existing": True}
    replies = select(Reply).where(Reply.mention_id == mention.id).with_for_update()
    for reply in session.exec(replies, execution_options=anew).all():
        _cancel(session, reply, by, why, at)
    requests = select(ServiceRequest).where(ServiceRequest.mention_id == mention.id).with_for_update()
    for request in session.exec(requests, execution_options=anew).all():
        if request.state == RequestState.JOINED:
            request.joined_to_id = None
            advance(session, request, RequestState.DRAFT, by, why, at)
        if may("ServiceRequest", request.state, RequestState.CANCELLED):
            advance(session, request, RequestState.CANCELLED, by, why, at)
    session.flush()
    forget_pictures(session, mention.id or 0)
    mention.claimed_by = mention.claimed_until = None
    mention.needs_understanding = False
    advance(session, mention, MentionState.WITHDRAWN, by, why, at)
