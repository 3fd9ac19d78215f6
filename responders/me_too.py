"""The words "same here" under a report of somebody else: a suggestion to join it. A person joins, nothing by itself."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    Conversation,
    Mention,
    NeighbourRelation,
    NeighbourSuggestion,
    Post,
    Reply,
    RequestState,
    ServiceRequest,
    record,
)
from models.joined import head_of
from models.me_too import says_same

BY = "drafting"
WHY = "They answered in its thread that they have it too."
NOTHING_TO_JOIN = (RequestState.CANCELLED, RequestState.REFUSED)


def suggest_joining(session: Session, mention: Mention, post: Post | None, now: datetime) -> bool:
    """Where the newest post says no more than "me too" in a public thread, suggest joining the report it answers.

    True: it is suggested, and the mention is no chatter: its author waits for the same as the one who reported it.
    """
    if post is None or not says_same(post.text):
        return False
    if session.get_one(Conversation, mention.conversation_id).private:
        return False
    head = _report_above(session, mention, post)
    if head is None:
        return False
    suggestion = session.exec(
        select(NeighbourSuggestion).where(
            NeighbourSuggestion.mention_id == mention.id, NeighbourSuggestion.request_id == head.id
        )
    ).first() or NeighbourSuggestion(
        mention_id=mention.id or 0, request_id=head.id or 0, relation=NeighbourRelation.SAME, created_at=now
    )
    if suggestion.id is None:
        record(session, "Mention", mention.id or 0, BY, f"says that it is the same as request {head.id}", now)
    suggestion.relation, suggestion.score = NeighbourRelation.SAME, 1.0
    suggestion.reasons = [WHY, *(one for one in suggestion.reasons if one != WHY)]
    session.add(suggestion)
    session.flush()
    return True


def _report_above(session: Session, mention: Mention, post: Post) -> ServiceRequest | None:
    """The open request of somebody else that a post answers: directly, under our reply, or the only one in the thread.

    Where it may be one of several, nothing is guessed.
    """
    above = _answered(session, mention, post)
    if above is not None:
        return _open_head(session, mention, [above])
    thread = session.exec(select(Mention.id).where(Mention.conversation_id == mention.conversation_id)).all()
    return _open_head(session, mention, [one for one in thread if one])


def _answered(session: Session, mention: Mention, post: Post) -> int | None:
    """The mention of the post that is answered, or of our reply that is."""
    if post.in_reply_to is None:
        return None
    answered = session.exec(
        select(Post.mention_id).where(Post.account_id == mention.account_id, Post.channel_post_id == post.in_reply_to)
    ).first()
    return (
        answered
        or session.exec(
            select(Reply.mention_id).where(
                Reply.account_id == mention.account_id, Reply.sent_post_id == post.in_reply_to
            )
        ).first()
    )


def _open_head(session: Session, mention: Mention, mention_ids: Iterable[int]) -> ServiceRequest | None:
    requests = session.exec(
        select(ServiceRequest)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            col(ServiceRequest.mention_id).in_(list(mention_ids)),
            ServiceRequest.part == 1,
            col(ServiceRequest.state).not_in(NOTHING_TO_JOIN),
            Mention.author_id != mention.author_id,
        )
    ).all()
    heads = {head.id: head for head in (head_of(session, one) for one in requests)}
    living = [
        one
        for one in heads.values()
        if one.service_code and one.state not in NOTHING_TO_JOIN and one.status != "closed"
    ]
    return living[0] if len(living) == 1 else None
