"""What a person typed, kept on the drafts of a mention whether or not it is approved."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import Mention, Reply, ReplyVersion, RequestState, Service, ServiceRequest, VersionSource
from models.joined import head_of
from models.requests import new_reference
from models.sorting import sort_mention
from responders.claims import open_reply, open_request
from responders.objections import Decided
from responders.service_answers import kept_answers
from responders.several import keep_added

WRITTEN_ON = timedelta(minutes=1)
"""What one person adds within this time is one version."""
VERSIONS_KEPT = 50


def keep_edits(session: Session, mention: Mention, decided: Decided, by: int | None, now: datetime) -> None:
    """Keep the reply and the request as they stand on the page; a request the city has is left alone.

    `by`: StaffUser.id of who typed it.
    """
    reply = open_reply(session, mention)
    if reply and decided.reply_text is not None:
        keep_words(session, reply, decided.reply_text, decided.language, by, now)
    keep_added(session, mention, decided)
    fields = decided.request
    if fields is None or filed_request(session, mention):
        return
    request = open_request(session, mention) or _new_request(session, mention)
    before = _filled(request)
    known = session.get(Service, fields.service_code) if fields.service_code else None
    request.service_code, request.description = known.service_code if known else None, fields.description
    request.address_string, request.lat, request.long = fields.address_string, fields.lat, fields.long
    request.attribute = kept_answers(session, request.service_code, fields.attribute, request.attribute)
    request.with_photo = fields.with_photo
    request.revision += before != _filled(request)
    session.add(request)
    sort_mention(session, mention)


def keep_words(session: Session, reply: Reply, text: str, language: str, by: int | None, now: datetime) -> None:
    """Let the reply say this from now on; what it said before stays among its versions."""
    if (reply.text, reply.language) == (text, language):
        return
    newest = _newest_version(session, reply)
    if newest is None and reply.text.strip():
        drafted = VersionSource.TEMPLATE if reply.template_key else VersionSource.SUGGESTION
        _add_version(session, reply, reply.text, reply.language, None, reply.changed_at, source=drafted)
    reply.text, reply.language = text, language
    reply.revision += 1
    session.add(reply)
    if newest and newest.by == by and newest.language == language and _goes_on(newest, text, now):
        newest.text, newest.revision = text, reply.revision
        session.add(newest)
    else:
        source = VersionSource.STAFF if by else VersionSource.TEMPLATE
        _add_version(session, reply, text, language, by, now, source=source)
    _drop_oldest(session, reply)


def keep_apart(session: Session, reply: Reply, text: str, language: str, by: int, now: datetime) -> None:
    """Keep words beside a reply that is somebody else's by now."""
    if not text.strip() or text == reply.text:
        return
    newest = session.exec(
        select(ReplyVersion)
        .where(ReplyVersion.reply_id == reply.id, ReplyVersion.by == by, col(ReplyVersion.apart).is_(True))
        .order_by(col(ReplyVersion.id).desc())
        .limit(1)
    ).first()
    if newest and newest.language == language and _goes_on(newest, text, now):
        newest.text = text
        session.add(newest)
    elif newest is None or newest.text != text:
        _add_version(session, reply, text, language, by, now, apart=True)
    _drop_oldest(session, reply)


def changed_since(session: Session, reply: Reply, revision: int) -> bool:
    """Whether anybody has changed a reply's words since it stood at `revision`."""
    newest = _newest_version(session, reply)
    return newest is not None and newest.revision > revision


def versions_of(session: Session, reply: Reply) -> list[ReplyVersion]:
    """What a reply said, newest first."""
    found = select(ReplyVersion).where(ReplyVersion.reply_id == reply.id).order_by(col(ReplyVersion.id).desc())
    return list(session.exec(found).all())


def _newest_version(session: Session, reply: Reply) -> ReplyVersion | None:
    found = select(ReplyVersion).where(ReplyVersion.reply_id == reply.id, col(ReplyVersion.apart).is_(False))
    return session.exec(found.order_by(col(ReplyVersion.id).desc()).limit(1)).first()


def _goes_on(version: ReplyVersion, text: str, now: datetime) -> bool:
    """Whether a text is the same version written on: soon after, and without taking anything away."""
    return now - version.at < WRITTEN_ON and text.startswith(version.text.rstrip())


def _add_version(
    session: Session,
    reply: Reply,
    text: str,
    language: str,
    by: int | None,
    at: datetime,
    *,
    source: VersionSource = VersionSource.STAFF,
    apart: bool = False,
) -> None:
    version = ReplyVersion(
        reply_id=reply.id or 0,
        revision=reply.revision,
        text=text,
        language=language,
        source=source,
        by=by,
        apart=apart,
        at=at,
    )
    session.add(version)
    session.flush()


def _drop_oldest(session: Session, reply: Reply) -> None:
    """Keep the newest versions, and the first, which we drafted."""
    for version in versions_of(session, reply)[VERSIONS_KEPT:-1]:
        session.delete(version)


def _filled(request: ServiceRequest) -> tuple[object, ...]:
    where = (request.address_string, request.lat, request.long)
    return (request.service_code, request.description, *where, dict(request.attribute), request.with_photo)


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
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id,
            ServiceRequest.part == 1,
            col(ServiceRequest.state).not_in(gone),
        )
    ).first()
    return head_of(session, filed) if filed else None
