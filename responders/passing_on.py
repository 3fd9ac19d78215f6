"""What the city asks of a resident goes back to the city: their answer, drafted for a person to approve.

It stands beside the requests of its mention, is reviewed, told and proved like any other, and goes as an update under
the number of the request that the city asked about.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from models import (
    Attachment,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StatusUpdate,
    advance,
)
from models.photo_links import media_of
from models.posts import AttachmentKind
from models.sorting import sort_mention
from models.status_changes import CLOSED, QUESTIONS
from models.statuses import Outcome
from models.threads import posts_of
from responders.drafting import DraftedReply, ReplyContext, plain_reply
from responders.reopening import UNDECIDED, told_again
from responders.status_deciding import heads_of
from responders.template_keys import Key

BY = "passing on"
ASKING = (Outcome.NEEDS_INFORMATION, Outcome.COULD_NOT_FIND)

Describe = Callable[[str], str]
"""A resident's words as a city may read them: no handles, nothing private. Given by the composition root."""


def asked_by_city(session: Session, request: ServiceRequest) -> StatusUpdate | None:
    """What the city said last of a request, if it asks its residents something; None where it does not."""
    newest = session.exec(
        select(StatusUpdate)
        .where(StatusUpdate.request_id == request.id, col(StatusUpdate.outcome).is_not(None))
        .order_by(col(StatusUpdate.happened_at).desc(), col(StatusUpdate.id).desc())
        .limit(1)
    ).first()
    if newest is None or newest.outcome not in ASKING:
        return None
    if newest.outcome is Outcome.COULD_NOT_FIND and request.status == CLOSED:
        return None  # whoever says where it is has it opened again
    return newest


def hear_for_city(session: Session, mentions: Sequence[Mention], describe: Describe, now: datetime) -> None:
    """Draft for the city what these mentions' posts answer to its questions, as they read now."""
    for mention in mentions:
        if mention.state == MentionState.WITHDRAWN:
            continue
        for request in heads_of(session, mention):
            _follow(session, mention, request, describe, now)


def waits_to_be_passed_on(session: Session, mention: Mention) -> ServiceRequest | None:
    """The answer to the city of a mention that no person has decided about."""
    return session.exec(
        _answers(mention).where(col(ServiceRequest.state).in_(UNDECIDED)).order_by(col(ServiceRequest.id).desc())
    ).first()


def newest_answer(session: Session, mention: Mention, request: ServiceRequest) -> ServiceRequest | None:
    """What a resident answered last about a request, whatever became of it; None where nothing was drafted."""
    found = _answers(mention).where(ServiceRequest.reopens_id == request.id)
    return session.exec(found.order_by(col(ServiceRequest.id).desc())).first()


def passed_on_reply(
    session: Session, mention: Mention, context: ReplyContext, newest: Post | None
) -> tuple[DraftedReply, int | None] | None:
    """What to say to an answer that waits to be passed on; None where there is none. Raises WordingError."""
    answer = None if context.danger else waits_to_be_passed_on(session, mention)
    if answer is None or newest is None or answer.seen_post_id != newest.id:
        return None
    return plain_reply(context, Key.ANSWER_PASSED_ON), answer.id


def _answers(mention: Mention) -> SelectOfScalar[ServiceRequest]:
    return select(ServiceRequest).where(
        ServiceRequest.mention_id == mention.id, col(ServiceRequest.answers_city).is_(True)
    )


def _follow(session: Session, mention: Mention, request: ServiceRequest, describe: Describe, now: datetime) -> None:
    asking = asked_by_city(session, request)
    draft = newest_answer(session, mention, request)
    draft = draft if draft and draft.state in UNDECIDED else None
    posts = _written_since(session, mention, request, asking) if asking else []
    words = [plain for post in posts if (plain := describe(post.text))]
    photo, pin = _photo(session, posts), next((one for one in reversed(posts) if one.lat is not None), None)
    if not words and photo is None and pin is None:
        if draft and draft.state != RequestState.REFUSED and draft.revision == 1:
            advance(session, draft, RequestState.CANCELLED, BY, "the answer is gone", now)
        return
    if draft is None:
        draft = _drafted(session, mention, request, now)
    if draft.revision > 1:
        return
    said = [f"About {request.service_request_id or request.reference}: the resident answers what you asked.", *words]
    if pin is not None:
        said.append(f"They sent a place: {pin.lat:.5f}, {pin.lon:.5f}.")
    draft.description, draft.media_url = "\n".join(said), media_of(photo)
    draft.seen_post_id = posts[-1].id
    session.add(draft)


def _drafted(session: Session, mention: Mention, request: ServiceRequest, now: datetime) -> ServiceRequest:
    draft = told_again(session, request, mention, now)
    draft.answers_city = True
    session.add(draft)
    session.flush()
    mention.version += 1
    session.add(mention)
    sort_mention(session, mention)
    return draft


def _written_since(session: Session, mention: Mention, request: ServiceRequest, asking: StatusUpdate) -> list[Post]:
    """What a resident wrote here since they were told of the question, and nobody has decided about yet."""
    told = session.exec(
        select(Reply)
        .where(
            Reply.mention_id == mention.id,
            Reply.request_id == request.id,
            Reply.state == ReplyState.SENT,
            or_(*(col(Reply.template_key).startswith(key, autoescape=True) for key in QUESTIONS)),
            col(Reply.approved_at) >= asking.noticed_at,
        )
        .order_by(col(Reply.id))
        .limit(1)
    ).first()
    if told is None:
        return []
    decided = session.exec(
        select(func.max(ServiceRequest.seen_post_id)).where(
            ServiceRequest.mention_id == mention.id,
            ServiceRequest.reopens_id == request.id,
            col(ServiceRequest.answers_city).is_(True),
            col(ServiceRequest.state).not_in(UNDECIDED),
        )
    ).one()
    seen = max(told.seen_post_id or 0, decided or 0)
    return [post for post in posts_of(session, mention.id or 0) if (post.id or 0) > seen and not post.command]


def _photo(session: Session, posts: Sequence[Post]) -> Attachment | None:
    return session.exec(
        select(Attachment)
        .where(
            col(Attachment.post_id).in_([post.id for post in posts]),
            Attachment.kind == AttachmentKind.PHOTO,
        )
        .order_by(col(Attachment.id).desc())
        .limit(1)
    ).first()
