"""What a person typed, kept on the drafts of a mention whether or not it is approved."""

from sqlmodel import Session, col, select

from models import Mention, RequestState, Service, ServiceRequest
from models.joined import head_of
from models.requests import new_reference
from responders.claims import open_reply, open_request
from responders.objections import Decided


def keep_edits(session: Session, mention: Mention, decided: Decided) -> None:
    """Keep the reply and the request as they stand on the page; a request the city has is left alone."""
    reply = open_reply(session, mention)
    if (
        reply
        and decided.reply_text is not None
        and (reply.text, reply.language) != (decided.reply_text, decided.language)
    ):
        reply.text, reply.language = decided.reply_text, decided.language
        reply.revision += 1
        session.add(reply)
    fields = decided.request
    if fields is None or filed_request(session, mention):
        return
    request = open_request(session, mention) or _new_request(session, mention)
    before = (request.service_code, request.description, request.address_string, request.lat, request.long)
    known = session.get(Service, fields.service_code) if fields.service_code else None
    request.service_code, request.description = known.service_code if known else None, fields.description
    request.address_string, request.lat, request.long = fields.address_string, fields.lat, fields.long
    if before != (request.service_code, request.description, request.address_string, request.lat, request.long):
        request.revision += 1
    session.add(request)


def _new_request(session: Session, mention: Mention) -> ServiceRequest:
    request = ServiceRequest(
        mention_id=mention.id or 0,
        reference=new_reference(),
        state=RequestState.IN_REVIEW,
        changed_at=mention.changed_at,
    )
    session.add(request)
    session.flush()
    return request


def filed_request(session: Session, mention: Mention) -> ServiceRequest | None:
    """The request of this mention that the city has, or is being given; of a joined one, the request it follows."""
    gone = (RequestState.CANCELLED, RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)
    filed = session.exec(
        select(ServiceRequest).where(ServiceRequest.mention_id == mention.id, col(ServiceRequest.state).not_in(gone))
    ).first()
    return head_of(session, filed) if filed else None
