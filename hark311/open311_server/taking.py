"""A partner's report becomes work like any post: a mention with the request drafted, which a person approves.

The same report sent again within a day, by a partner who names the device or the account it comes from, is one report:
it is answered with the first one's number. Without device and account two like reports are two; two people may say the
same. An update is known by the partner's update_id, for ever.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, select

from classifier.drafting import draft_request
from classifier.protocol import Understood
from hark311.open311_server.reading import Report, UpdateReported
from hark311.open311_server.showing import Shown
from hark311.open311_server.wire import refused
from hark311.thumbnails import shrink
from listeners.intake import store_posts
from models import (
    Account,
    Attachment,
    Mention,
    Partner,
    PartnerPhoto,
    PartnerReport,
    Post,
    RequestState,
    Service,
    ServiceAttribute,
    ServiceRequest,
    ServiceType,
    StatusUpdate,
    Thumbnail,
    UpdateSource,
    record,
)
from models.partners import partner_account
from models.posts import AttachmentKind, IncomingAttachment, IncomingAuthor, IncomingPost, Pin
from models.requests import new_reference
from models.sorting import sort_mention
from models.status_changes import Change, note_change
from responders.illustrating import PictureRefused, Prepared, prepared

SAME_WITHIN = timedelta(days=1)
CHOSEN = 2
"""The revision of a request that somebody has filled in: the classifier leaves it as it is."""
NO_REPLY = "its partner reads how it stands by our Open311 endpoint"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a partner is told: the number, or a token for it. `again`: it was reported before, nothing was stored."""

    reference: str
    token: str | None
    again: bool = False


def photo_of(file: bytes) -> Prepared:
    """A photo that came with a report, encoded anew. Raises Refused: 400."""
    try:
        return prepared(file)
    except PictureRefused as error:
        raise refused(400, str(error)) from None


@dataclass(frozen=True, slots=True)
class Taking:
    """Stores reports and updates. `photo_url` is where photos are shown; `keep` holds the city's own numbers."""

    photo_url: str
    keep: frozenset[str] = frozenset()

    def report(
        self,
        session: Session,
        partner: Partner,
        report: Report,
        asked: Sequence[ServiceAttribute],
        photo: Prepared | None,
        now: datetime,
    ) -> Receipt:
        """Store one report as a mention with its request drafted, in the caller's transaction."""
        account, mark = partner_account(session), _fingerprint(report, photo)
        if mark and (before := _said_before(session, partner, mark, now)):
            return Receipt(before.reference, before.token, again=True)
        service = session.get_one(Service, report.service_code)
        reference, name = new_reference(), secrets.token_urlsafe(24)
        files = [IncomingAttachment(name, AttachmentKind.PHOTO)] if photo else []
        if report.media_url:
            mark_of_link = sha256(report.media_url.encode()).hexdigest()[:32]
            files.append(IncomingAttachment(mark_of_link, AttachmentKind.PHOTO, url=report.media_url))
        words = _words(report, service, asked)
        mention = _store(session, account, partner, _post(partner, reference, words, report, files, now), now)
        photo_link = f"{self.photo_url}/{name}" if photo else report.media_url
        request = self._drafted(mention, reference, report, service, photo_link, now)
        batch = service.type == ServiceType.BATCH
        made = PartnerReport(
            partner_id=partner.id or 0,
            mention_id=mention.id or 0,
            reference=reference,
            token=secrets.token_urlsafe(18) if batch else None,
            fingerprint=mark,
            reported_at=now,
        )
        session.add_all([request, made])
        session.flush()
        if photo:
            _keep_photo(session, mention, name, photo, now)
        sort_mention(session, mention)
        by = f"partner:{partner.id}"
        record(session, "ServiceRequest", request.id or 0, by, "drafted from a partner's report", now)
        return Receipt(reference, made.token)

    def _drafted(
        self, mention: Mention, reference: str, report: Report, service: Service, media_url: str, now: datetime
    ) -> ServiceRequest:
        pin = None
        if report.lat is not None and report.long is not None:
            pin = Pin(report.lat, report.long, address=report.address)
        fields = draft_request(
            Understood(location_phrase=report.address), report.description, service=service, pin=pin, keep=self.keep
        )
        return ServiceRequest(
            mention_id=mention.id or 0,
            reference=reference,
            revision=CHOSEN,
            changed_at=now,
            service_code=service.service_code,
            description=fields.description,
            address_string=fields.address_string,
            lat=report.lat,
            long=report.long,
            media_url=media_url,
            attribute=dict(report.answers),
            missing=list(fields.missing),
        )

    def update(self, session: Session, partner: Partner, shown: Shown, told: UpdateReported, now: datetime) -> str:
        """Store one update; its id here. A partner who may update says how a filed request stands; who reported it
        adds to their report, as a resident does who writes again. Raises Refused: 403."""
        if partner.may_update and shown.filed:
            return self._stands(session, partner, shown, told, now)
        if shown.report is None or shown.report.partner_id != partner.id:
            why = "is not filed yet" if partner.may_update else "was not reported with this api_key"
            raise refused(403, f"this request {why}, so it cannot be updated")
        return self._adds(session, partner, shown.report, told, now)

    def _stands(self, session: Session, partner: Partner, shown: Shown, told: UpdateReported, now: datetime) -> str:
        request = session.get_one(ServiceRequest, shown.facts.id, with_for_update=True)
        key = f"partner:{partner.id}:{told.update_id}"
        change = Change(
            key=key,
            source=UpdateSource.PARTNER,
            happened_at=told.happened_at,
            status=told.state,
            status_notes=told.description,
            agency=partner.name,
            media_url=told.media_url,
        )
        update = note_change(session, request, change, now)
        if update is None:
            known = select(StatusUpdate).where(StatusUpdate.request_id == request.id, StatusUpdate.change_key == key)
            return str(session.exec(known).one().id)
        if request.updated_datetime is None or request.updated_datetime <= told.happened_at:
            request.status = "closed" if told.closed else "open"
            request.status_notes, request.updated_datetime = told.description, told.happened_at
            session.add(request)
        by = f"partner:{partner.id}"
        record(session, "ServiceRequest", request.id or 0, by, f"a partner says: {request.status}", now)
        return str(update.id)

    def _adds(
        self, session: Session, partner: Partner, report: PartnerReport, told: UpdateReported, now: datetime
    ) -> str:
        account = partner_account(session)
        post_id = f"{report.reference}/{sha256(told.update_id.encode()).hexdigest()[:32]}"
        mention = session.get_one(Mention, report.mention_id)
        files = [IncomingAttachment(post_id, AttachmentKind.PHOTO, url=told.media_url)] if told.media_url else []
        post = IncomingPost(
            post_id=post_id,
            edit_chain=post_id,
            conversation_id=report.reference,
            author=_author(partner),
            text=told.description or f"[{partner.name}: {told.state.replace('_', ' ')}]",
            created_at=told.happened_at,
            in_reply_to=mention.edit_chain,
            attachments=files,
            may_reply=False,
            may_reply_reason=NO_REPLY,
        )
        store_posts(session, account, [post], now)
        stored = session.exec(select(Post).where(Post.account_id == account.id, Post.channel_post_id == post_id)).one()
        return f"p{stored.id}"


def _store(session: Session, account: Account, partner: Partner, post: IncomingPost, now: datetime) -> Mention:
    account.last_contact_at = now
    store_posts(session, account, [post], now)
    record(session, "Partner", partner.id or 0, f"partner:{partner.id}", "reported", now)
    return session.exec(
        select(Mention).where(Mention.account_id == account.id, Mention.edit_chain == post.edit_chain)
    ).one()


def _author(partner: Partner) -> IncomingAuthor:
    """The organisation itself: of the person behind a report nothing is kept."""
    return IncomingAuthor(f"partner-{partner.id}", display_name=partner.name)


def _post(
    partner: Partner,
    reference: str,
    words: str,
    report: Report,
    files: Sequence[IncomingAttachment],
    now: datetime,
) -> IncomingPost:
    pin = None
    if report.lat is not None and report.long is not None:
        pin = Pin(report.lat, report.long, title=report.address)
    return IncomingPost(
        post_id=reference,
        edit_chain=reference,
        conversation_id=reference,
        author=_author(partner),
        text=words,
        created_at=now,
        pin=pin,
        attachments=files,
        may_reply=False,
        may_reply_reason=NO_REPLY,
    )


def _words(report: Report, service: Service, asked: Sequence[ServiceAttribute]) -> str:
    """All that was said, as one text: the rules for danger read answers, too (invariant 7)."""
    lines = [report.description or service.service_name]
    for one in asked:
        if (said := report.answers.get(one.code)) is not None:
            names = {str(value.get("key")): str(value.get("name")) for value in one.values}
            told = [names.get(key, key) for key in ([said] if isinstance(said, str) else said)]
            lines.append(f"{one.description or one.code}: {', '.join(told)}")
    if report.lat is None and report.address:
        lines.append(report.address)
    return "\n".join(lines)


def _keep_photo(session: Session, mention: Mention, name: str, photo: Prepared, now: datetime) -> None:
    """The photo itself, and the small copy for the desk: nobody has to fetch it from anywhere."""
    post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
    attachment = session.exec(
        select(Attachment).where(Attachment.post_id == post.id, Attachment.channel_file_id == name)
    ).one()
    session.add(
        PartnerPhoto(name=name, post_id=post.id or 0, content=photo.content, media_type=photo.media_type, added_at=now)
    )
    if small := shrink(photo.content):
        content, width, height = small
        session.add(
            Thumbnail(
                attachment_id=attachment.id or 0, content=content, width=width, height=height, tries=1, made_at=now
            )
        )


def _fingerprint(report: Report, photo: Prepared | None) -> str:
    """What makes two reports the same; "" where the sender is not named, and nothing is the same then."""
    if not any(report.sender):
        return ""
    answers: Mapping[str, object] = dict(sorted(report.answers.items()))
    said = (
        *report.sender,
        *(report.service_code, report.description, report.lat, report.long, report.address, report.media_url),
        answers,
        sha256(photo.content).hexdigest() if photo else "",
    )
    return sha256(repr(said).encode("utf-8", "replace")).hexdigest()


def _said_before(session: Session, partner: Partner, mark: str, now: datetime) -> PartnerReport | None:
    return session.exec(
        select(PartnerReport)
        .where(
            PartnerReport.partner_id == partner.id,
            PartnerReport.fingerprint == mark,
            col(PartnerReport.reported_at) > now - SAME_WITHIN,
        )
        .order_by(col(PartnerReport.id).desc())
    ).first()


def told_by_token(session: Session, report: PartnerReport) -> str:
    """The number a token stands for; "" until a person has decided about the report."""
    newest = session.exec(
        select(ServiceRequest)
        .where(ServiceRequest.mention_id == report.mention_id, ServiceRequest.part == 1)
        .order_by(col(ServiceRequest.id).desc())
    ).first()
    undecided = newest is None or newest.state in (RequestState.DRAFT, RequestState.IN_REVIEW)
    return "" if undecided else report.reference
