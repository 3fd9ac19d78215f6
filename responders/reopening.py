"""The request that opens a closed case again: drafted when a resident says that it is not fixed, approved by a person.

It stands beside the requests of its mention and is reviewed, filed and proved like any other. Where the city takes
updates it is told of the old request, under its number; elsewhere a new one is filed that names it.
"""

from datetime import datetime

from sqlmodel import Session, col, func, select

from models import (
    Attachment,
    FixedQuestion,
    Mention,
    MentionState,
    Post,
    RequestState,
    ServiceRequest,
    StatusUpdate,
    UpdateSource,
    advance,
)
from models.photo_links import media_of
from models.posts import AttachmentKind, PostKind
from models.requests import new_reference
from models.sorting import sort_mention
from models.status_changes import CLOSED
from responders.fixed_where import place_told
from responders.status_outcomes import is_closing

BY = "fixed"
UNDECIDED = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)
PUT_AWAY = (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE)


def draft_reopening(session: Session, question: FixedQuestion, mention: Mention, now: datetime) -> ServiceRequest:
    """Draft the request that opens a case again, and bring its mention to the queue if it rests.

    Of several residents who say so about one request the first one's stands for all; the others follow it.
    """
    closed = session.get_one(ServiceRequest, question.request_id)
    request = told_again(session, closed, mention, now)
    request.description = _says(closed)
    session.add(request)
    session.flush()
    question.reopening_id = request.id
    if first := _reopened_by_another(session, question, request):
        request.joined_to_id = first.id
        why = "another resident said before that it is not fixed"
        advance(session, request, RequestState.JOINED, BY, why, now)
    show_more(session, question, mention)
    if mention.state in PUT_AWAY:
        mention.round += 1
        mention.needs_understanding = True
        advance(session, mention, MentionState.DRAFTED, BY, "its author says that it is not fixed", now)
    mention.version += 1
    session.add_all([mention, question])
    sort_mention(session, mention)
    return request


def told_again(session: Session, known: ServiceRequest, mention: Mention, now: datetime) -> ServiceRequest:
    """A draft beside the requests of a mention that tells the city more about one it knows. It has no words yet."""
    session.flush()
    last = session.exec(select(func.max(ServiceRequest.part)).where(ServiceRequest.mention_id == mention.id)).one()
    return ServiceRequest(
        mention_id=mention.id or 0,
        part=max(last or 0, 1) + 1,
        reference=new_reference(),
        changed_at=now,
        service_code=known.service_code,
        address_string=known.address_string,
        lat=known.lat,
        long=known.long,
        attribute=dict(known.attribute),
        reopens_id=known.id,
    )


def drop_reopening(session: Session, question: FixedQuestion, why: str, now: datetime) -> bool:
    """Take the drafted request back. False: a person has approved it already, and it stays."""
    request = session.get(ServiceRequest, question.reopening_id) if question.reopening_id else None
    if request is None or request.state == RequestState.CANCELLED:
        return True
    if request.state == RequestState.JOINED:
        request.joined_to_id = None
        advance(session, request, RequestState.DRAFT, BY, why, now)
    if request.state not in (RequestState.DRAFT, RequestState.IN_REVIEW):
        return False
    advance(session, request, RequestState.CANCELLED, BY, why, now)
    question.reopening_id = None
    mention = session.get_one(Mention, request.mention_id)
    mention.version += 1
    session.add_all([mention, question])
    sort_mention(session, mention)
    return True


def show_more(session: Session, question: FixedQuestion, mention: Mention) -> None:
    """Let an untouched draft carry the newest photo since we asked, and the place, if told."""
    request = session.get(ServiceRequest, question.reopening_id) if question.reopening_id else None
    if request is None or request.state not in (RequestState.DRAFT, RequestState.IN_REVIEW) or request.revision > 1:
        return
    photo = session.exec(
        select(Attachment)
        .join(Post, col(Post.id) == Attachment.post_id)
        .where(
            Post.mention_id == mention.id,
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
            Post.created_at >= question.asked_at,
            Attachment.kind == AttachmentKind.PHOTO,
        )
        .order_by(col(Attachment.id).desc())
        .limit(1)
    ).first()
    closed = session.get_one(ServiceRequest, question.request_id)
    request.media_url = media_of(photo)
    request.description = " ".join([_says(closed), *with_us(photo)])
    if place := place_told(session, question, mention):
        request.address_string, request.lat, request.long = place.name, place.lat, place.lon
        where = place.name or f"{place.lat:.5f}, {place.lon:.5f}"
        request.description += f" They say where it is: {where}."
    else:
        request.address_string, request.lat, request.long = closed.address_string, closed.lat, closed.long
    session.add(request)


def with_us(photo: Attachment | None) -> list[str]:
    """What is said of a photo that the city may not be able to open: no channel shows it by an address."""
    return ["They sent a photo, which 311 has."] if photo and media_of(photo) != photo.url else []


def opened_again(session: Session, request: ServiceRequest, told: StatusUpdate) -> bool:
    """Whether the city had a request again after a change that was told: the same said once more is news then."""
    since = select(FixedQuestion.id).where(
        FixedQuestion.request_id == request.id,
        FixedQuestion.update_id >= (told.id or 0),
        col(FixedQuestion.reopened_at).is_not(None),
    )
    by_itself = select(StatusUpdate.id).where(
        StatusUpdate.request_id == request.id,
        StatusUpdate.source == UpdateSource.CITY,
        StatusUpdate.status == "open",
        StatusUpdate.happened_at > told.happened_at,
    )
    asked = session.exec(since.limit(1)).first() is not None
    return asked or (is_closing(told) and session.exec(by_itself.limit(1)).first() is not None)


def as_numbered(session: Session, request: ServiceRequest) -> ServiceRequest:
    """The request whose number and date are told for one: an update of an old request has none of its own."""
    if request.under_old_number and request.state == RequestState.SUBMITTED:
        return session.get_one(ServiceRequest, request.reopens_id)
    return request


def _says(closed: ServiceRequest) -> str:
    """What the city is told, in our own words: a resident's stay where a person can read them."""
    number = closed.service_request_id or closed.reference
    return f"Again: {number}. The resident says that it is not fixed."


def _reopened_by_another(session: Session, question: FixedQuestion, own: ServiceRequest) -> ServiceRequest | None:
    """What another resident's no about the same closing has brought, if it is neither given up nor closed by now."""
    return session.exec(
        select(ServiceRequest)
        .join(FixedQuestion, col(FixedQuestion.reopening_id) == ServiceRequest.id)
        .where(
            FixedQuestion.request_id == question.request_id,
            FixedQuestion.update_id == question.update_id,
            ServiceRequest.mention_id != own.mention_id,
            col(ServiceRequest.state).not_in([RequestState.CANCELLED, RequestState.REFUSED, RequestState.JOINED]),
            col(ServiceRequest.status).is_distinct_from(CLOSED),
        )
        .order_by(col(ServiceRequest.id))
        .limit(1)
    ).first()
