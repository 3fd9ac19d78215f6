"""What the city asks of a resident goes back to the city: their answer, drafted for a person to approve.

It stands beside the requests of its mention, is reviewed, told and proved like any other, and goes as an update under
the number of the request that the city asked about.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, false
from sqlmodel import Session, and_, col, or_, select
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
from models.private_moves import move_to
from models.sorting import sort_mention
from models.status_changes import CLOSED, QUESTIONS
from models.statuses import Outcome, says_how_it_stands
from models.threads import posts_of
from responders.drafting import DraftedReply, ReplyContext, plain_reply
from responders.filing_attempts import first_in_doubt
from responders.reopening import UNDECIDED, told_again, with_us
from responders.status_deciding import heads_of
from responders.template_keys import Key

BY, GONE = "passing on", "the answer is gone"
ASKING = (Outcome.NEEDS_INFORMATION, Outcome.COULD_NOT_FIND)

Describe = Callable[[str], str]
"""A resident's words as a city may read them: no handles, nothing private. Given by the composition root."""


def asked_by_city(session: Session, request: ServiceRequest) -> StatusUpdate | None:
    """What the city said last of a request, if it asks its residents something; None where it does not."""
    newest = session.exec(
        select(StatusUpdate)
        .where(
            StatusUpdate.request_id == request.id,
            col(StatusUpdate.outcome).is_not(None),
            StatusUpdate.outcome != Outcome.LATE,  # our own calendar's: the city still waits for an answer
            says_how_it_stands(),
        )
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
    draft = newest_answer(session, mention, request)
    if draft is None or draft.state not in UNDECIDED or first_in_doubt(session, draft):
        draft = None  # what the city may have stays as it is: more goes beside it
    if draft is None and asked_by_city(session, request) is None:
        return
    posts = _unanswered(session, mention, request, draft)
    words = [plain for post in posts if (plain := describe(post.text))]
    photo, pin = _photo(session, posts), next((one for one in reversed(posts) if one.lat is not None), None)
    if not words and photo is None and pin is None:
        if draft and draft.state != RequestState.REFUSED and draft.revision == 1:
            advance(session, draft, RequestState.CANCELLED, BY, GONE, now)
        return
    if draft is None:
        draft = _drafted(session, mention, request, now)
    if draft.revision > 1:
        return
    said = [f"About {request.service_request_id or request.reference}: the resident answers what you asked.", *words]
    if pin is not None:
        said.append(f"They sent a place: {pin.lat:.5f}, {pin.lon:.5f}.")
    draft.description = "\n".join([*said, *with_us(photo)])
    draft.media_url, draft.seen_post_id = media_of(photo), posts[-1].id
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


def _unanswered(
    session: Session, mention: Mention, request: ServiceRequest, draft: ServiceRequest | None
) -> list[Post]:
    """What a resident wrote here since the city's question was told, and nobody but `draft` holds.

    Where it was told several times before anybody passed an answer on, since the first of these.
    """
    move = move_to(session, mention.id or 0)
    in_public: ColumnElement[bool] = false()
    if move is not None:  # asked under their public post, they answer in private
        in_public = and_(col(Reply.mention_id) == move.mention_id, col(Reply.approved_at) >= move.asked_at)
    told = session.exec(
        select(Reply.seen_post_id).where(
            or_(Reply.mention_id == mention.id, in_public),
            Reply.request_id == request.id,
            Reply.state == ReplyState.SENT,
            or_(*(col(Reply.template_key).startswith(key, autoescape=True) for key in QUESTIONS)),
        )
    ).all()
    others = _answers(mention).where(
        ServiceRequest.reopens_id == request.id,
        ServiceRequest.id != (draft.id if draft else 0),
        or_(ServiceRequest.state != RequestState.CANCELLED, ServiceRequest.state_reason != GONE),
    )
    held = max((one.seen_post_id or 0 for one in session.exec(others).all()), default=0)
    since = min((seen for one in told if (seen := one or 0) >= held), default=held)
    if not told and not held:
        return []
    return [post for post in posts_of(session, mention.id or 0) if (post.id or 0) > since and not post.command]


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
