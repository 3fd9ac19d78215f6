"""What a batch of reply drafts needs to know, read in a few queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, or_, select

from models import (
    Account,
    AskedQuestion,
    Author,
    Conversation,
    Intent,
    Label,
    LabelTask,
    Mention,
    Post,
    Reply,
    ReplyState,
    ReplyTemplate,
    RequestState,
    Service,
    ServiceAttribute,
    ServiceRequest,
    Understanding,
)
from models.asking import questions_of
from models.joined import head_of
from models.labels import said_of
from models.posts import PostKind
from models.threads import newest_versions
from responders.claims import OPEN_REQUESTS
from responders.drafting import KnownRequest, TemplateBook

TOLD = (*OPEN_REQUESTS, RequestState.JOINED)


@dataclass(frozen=True, slots=True)
class Known:
    """All that a batch of drafts needs, read in a few queries. Keyed by mention id where not said otherwise."""

    accounts: dict[int | None, Account]
    authors: dict[int | None, Author]
    understandings: dict[int | None, Understanding]
    requests: dict[int | None, ServiceRequest]
    filed: dict[int | None, ServiceRequest]
    replies: dict[int | None, Reply]
    newest_posts: dict[int | None, Post]
    templates: TemplateBook
    services: dict[str, Service]
    attributes: dict[str, list[ServiceAttribute]]
    asked: dict[int, list[AskedQuestion]]


def newest_posts_of(session: Session, mentions: Sequence[Mention]) -> dict[int | None, Post]:
    """The newest post of each mention, by mention id; their conversations are read with them."""
    rooms = select(Conversation).where(col(Conversation.id).in_({mention.conversation_id for mention in mentions}))
    session.exec(rooms).all()
    posts = (
        select(Post)
        .where(
            col(Post.mention_id).in_([mention.id for mention in mentions]),
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
        )
        .order_by(col(Post.id))
    )
    return {post.mention_id: post for post in newest_versions(session.exec(posts).all())}


def known_of(session: Session, mentions: Sequence[Mention], newest: dict[int | None, Post]) -> Known:
    ids, rounds = [mention.id for mention in mentions], {mention.id: mention.round for mention in mentions}
    authors = select(Author).where(col(Author.id).in_({mention.author_id for mention in mentions}))
    understandings = select(Understanding).where(col(Understanding.mention_id).in_(ids)).order_by(col(Understanding.id))
    requests = select(ServiceRequest).where(
        col(ServiceRequest.mention_id).in_(ids),
        ServiceRequest.part == 1,
        ServiceRequest.state != RequestState.CANCELLED,
    )
    replies = select(Reply).where(col(Reply.mention_id).in_(ids), Reply.state != ReplyState.CANCELLED)
    of_mention, said = session.exec(requests).all(), said_of(session, [one for one in ids if one])
    heads = {one.mention_id: head_of(session, one) for one in of_mention}
    return Known(
        accounts={one.id: one for one in session.exec(select(Account)).all()},
        authors={one.id: one for one in session.exec(authors).all()},
        understandings={
            one.mention_id: _as_said(one, said.get(one.mention_id, {}), newest.get(one.mention_id))
            for one in session.exec(understandings).all()
        },
        requests={one.mention_id: _as_followed(one, heads[one.mention_id]) for one in of_mention if one.state in TOLD},
        filed={mention_id: head for mention_id, head in heads.items() if head.state == RequestState.SUBMITTED},
        replies={one.mention_id: one for one in session.exec(replies).all() if one.round == rounds[one.mention_id]},
        newest_posts=newest,
        templates=TemplateBook(session.exec(select(ReplyTemplate).where(col(ReplyTemplate.active).is_(True))).all()),
        services={one.service_code: one for one in session.exec(select(Service)).all()},
        attributes=_attributes(session, {one.service_code for one in of_mention if one.service_code}),
        asked=questions_of(session, [one for one in ids if one]),
    )


def _attributes(session: Session, codes: Collection[str]) -> dict[str, list[ServiceAttribute]]:
    """What the city asks for each service, for those of these codes that have questions."""
    found: dict[str, list[ServiceAttribute]] = {}
    query = select(ServiceAttribute).where(col(ServiceAttribute.service_code).in_(codes))
    for one in session.exec(query).all() if codes else ():
        found.setdefault(one.service_code, []).append(one)
    return found


def _as_said(understanding: Understanding, said: Mapping[LabelTask, Label], newest: Post | None) -> Understanding:
    """What we think, with what a person corrected; a value of its own, never stored.

    What somebody wants is another matter with every new post: what a person said of the one before is over.
    """
    changes: dict[str, object] = {}
    intent = said.get(LabelTask.INTENT)
    if intent and (newest is None or intent.at >= newest.received_at):
        changes |= {"intent": Intent(intent.value) if intent.value else None, "intent_probability": 1.0}
    if language := said.get(LabelTask.LANGUAGE):
        changes["language"] = language.value or "und"
    return Understanding(**(understanding.model_dump() | changes)) if changes else understanding


def _as_followed(request: ServiceRequest, head: ServiceRequest) -> ServiceRequest:
    """A joined request as the reply tells of it: the problem is that of its head, and nothing is asked any more."""
    if head is request:
        return request
    told: dict[str, object] = {"service_code": head.service_code or request.service_code, "missing": []}
    return ServiceRequest(**(request.model_dump() | told))


def choices_of(understanding: Understanding | None) -> list[str]:
    """The places it may be, by the words of the post."""
    candidates = understanding.candidates() if understanding else []
    return list(dict.fromkeys(one.name for one in candidates if one.end > one.start))


def earlier_request(session: Session, mention: Mention) -> ServiceRequest | None:
    """The newest request of the same person that the city has; in public, none they told us of in private.

    One that is joined to another's is that one by now. What opens another again, and has no number of its own, stands
    under that of the other.
    """
    head = aliased(ServiceRequest)
    wanted = (
        select(ServiceRequest)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            Mention.author_id == mention.author_id,
            or_(
                and_(
                    ServiceRequest.state == RequestState.SUBMITTED,
                    col(ServiceRequest.service_request_id).is_not(None) | col(ServiceRequest.reopens_id).is_(None),
                ),
                and_(ServiceRequest.state == RequestState.JOINED, head.state == RequestState.SUBMITTED),
            ),
        )
        .outerjoin(head, col(head.id) == col(ServiceRequest.joined_to_id))
    )
    if not session.get_one(Conversation, mention.conversation_id).one_to_one:
        rooms = col(Conversation.id) == Mention.conversation_id
        wanted = wanted.join(Conversation, rooms).where(col(Conversation.private).is_(False))
    newest = session.exec(wanted.order_by(col(ServiceRequest.id).desc()).limit(1)).first()
    return head_of(session, newest) if newest else None


def known_request_of(
    request: ServiceRequest | None, services: dict[str, Service], now: datetime
) -> KnownRequest | None:
    service = services.get(request.service_code or "") if request else None
    if request is None or service is None:
        return None
    promised = request.promised_datetime
    return KnownRequest(
        service=service,
        closed=request.status == "closed",
        date_passed=promised is not None and promised < now,
    )
