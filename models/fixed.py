"""Whether it is fixed: what we asked a resident after the city closed their request, and what they answered."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, and_, col, func, or_, select

from models.database import UTCDateTime, str_enum
from models.fixed_words import read_answer
from models.lifecycle import FixedState, MentionState, RequestState
from models.mentions import Mention, Post
from models.people import Author, Conversation
from models.posts import IncomingPost
from models.replies import Reply
from models.requests import ServiceRequest


class FixedQuestion(SQLModel, table=True):
    """One question to one resident about one closing of a request: unique (mention, request, closing).

    `update_id` names the closing. `answer_post_id` is the post that answers; `answered_by` the person who heard it
    elsewhere and wrote it down. `reopening_id` is the request that takes it up again.
    """

    __tablename__ = "fixed_question"
    __table_args__ = (
        UniqueConstraint("mention_id", "request_id", "update_id"),
        Index("ix_fixed_question_state", "state", "closes_at"),
        Index("ix_fixed_question_reply", "asked_reply_id"),
        Index("ix_fixed_question_asked", "asked_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    request_id: int = Field(foreign_key="service_request.id", description="the request that stands for all its joined")
    update_id: int = Field(default=0, description="StatusUpdate.id of the closing; 0: seen before changes were kept")
    asked_reply_id: int = Field(foreign_key="reply.id")
    asked_at: datetime = Field(sa_type=UTCDateTime)
    followed_at: datetime = Field(sa_type=UTCDateTime, description="when we last looked whether a post answers it")
    closes_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="None: not reckoned yet")
    state: FixedState = Field(default=FixedState.OPEN, sa_type=str_enum(FixedState))
    state_reason: str = ""
    changed_at: datetime = Field(sa_type=UTCDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    answer_post_id: int | None = Field(default=None, description="Post.id")
    answered_by: int | None = Field(default=None, description="StaffUser.id of who wrote the answer down")
    reopening_id: int | None = Field(default=None, description="ServiceRequest.id of the one that opens it again")
    told_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="when staff were told of a no")
    reopened_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="when the city had it again")


def closing_time(asked_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """When silence closes a question: at the end of so many whole city days after the day it was asked on."""
    day = asked_at.astimezone(zone).date() + timedelta(days=days + 1)
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def question_answered(
    session: Session, conversation: Conversation, author: Author, post: IncomingPost
) -> FixedQuestion | None:
    """The question that a post goes on about, also when its days are over; None where that is not plain.

    What answers our own post goes on about it, whatever it says. In a private chat a word or two may stand by itself,
    or a photo: where a single question is open, or the number in it says which, or a late one was our last word there.
    A photo may follow a no that nobody has acted on yet.
    """
    said = read_answer(post.text)
    shows = not post.text.strip() and bool(post.attachments) and conversation.one_to_one
    if not (said or shows or post.in_reply_to):
        return None
    found = _asked(session, conversation, author, said_no_too=shows)
    if post.in_reply_to:
        ours = _versions_of(session, post.in_reply_to, conversation.account_id) if found else set()
        found = [one for one in found if one[2].sent_post_id in ours]
    elif not conversation.one_to_one:
        return None
    elif not (said and said.number):
        in_time = [one for one in found if one[0].state != FixedState.SILENT]
        found = in_time or [one for one in found if said and _was_our_last_word(session, conversation, author, one[2])]
    if said and said.number:
        found = [one for one in found if names(one[1], said.number)]
    about = {request.id for _, request, _ in found}
    return max(found, key=lambda one: one[0].asked_at)[0] if len(about) == 1 else None


def _was_our_last_word(session: Session, conversation: Conversation, author: Author, asked: Reply) -> bool:
    """By our own clock: a channel may date what it took by whole seconds."""
    later = (
        select(Reply.id)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .where(
            Mention.author_id == author.id,
            col(Reply.sent_at).is_not(None),
            col(Reply.approved_at) > (asked.approved_at or asked.changed_at),
            func.coalesce(Reply.conversation_id, Mention.conversation_id) == conversation.id,
        )
    )
    return session.exec(later.limit(1)).first() is None


def names(request: ServiceRequest, number: str) -> bool:
    """Whether a resident means this request by a number of the city's or of ours."""
    return number.casefold() in {one.casefold() for one in (request.service_request_id, request.reference) if one}


def _asked(
    session: Session, conversation: Conversation, author: Author, *, said_no_too: bool
) -> list[tuple[FixedQuestion, ServiceRequest, Reply]]:
    """What we asked an author in a conversation and did not hear; with it what they denied and nobody decided about."""
    undecided = select(ServiceRequest.id).where(
        col(ServiceRequest.state).in_([RequestState.DRAFT, RequestState.IN_REVIEW]),
        col(ServiceRequest.reopens_id).is_not(None),
    )
    denied = and_(FixedQuestion.state == FixedState.NO, col(FixedQuestion.reopening_id).in_(undecided))
    unanswered = col(FixedQuestion.state).in_([FixedState.OPEN, FixedState.SILENT])
    rows = session.exec(
        select(FixedQuestion, ServiceRequest, Reply)
        .join(Mention, col(Mention.id) == FixedQuestion.mention_id)
        .join(Reply, col(Reply.id) == FixedQuestion.asked_reply_id)
        .join(ServiceRequest, col(ServiceRequest.id) == FixedQuestion.request_id)
        .where(
            or_(unanswered, denied) if said_no_too else unanswered,
            Mention.author_id == author.id,
            Mention.state != MentionState.WITHDRAWN,
            func.coalesce(Reply.conversation_id, Mention.conversation_id) == conversation.id,
        )
    ).all()
    return list(rows)


def _versions_of(session: Session, post_id: str, account_id: int) -> set[str]:
    chains = select(Post.edit_chain).where(
        Post.account_id == account_id, or_(col(Post.channel_post_id) == post_id, col(Post.edit_chain) == post_id)
    )
    return {post_id, *session.exec(chains).all()}
