"""Mentions in, understandings and request drafts out: the classifier's part of the queue.

A batch is leased in one short transaction, classified with none open, and stored in a second one together with the
drafts and the change of state. A classifier that dies leaves a lease that runs out; one that fails leaves its reason,
and a person gets the mention all the same (design, section 3).
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, or_, select

from classifier.drafting import RequestDraft, draft_request
from classifier.neighbours.looking import note_neighbours
from classifier.protocol import Classifier, Places, Understood
from classifier.saying import Said, fields_in_its_post, in_its_post, what_was_said
from models import (
    Account,
    Alarm,
    Attachment,
    Database,
    Evidence,
    EvidenceKind,
    Intent,
    Mention,
    MentionState,
    Need,
    Post,
    RequestState,
    Service,
    ServiceRequest,
    Understanding,
    advance,
    record,
    utc_now,
)
from models.labels import dangers_said
from models.posts import AttachmentKind, PostKind
from models.requests import new_reference
from models.sorting import sort_mentions
from models.threads import newest_versions

if TYPE_CHECKING:
    from classifier.places.resolver import Resolved

log = logging.getLogger(__name__)

BY = "classifier"
LEASE = timedelta(seconds=15)
"""A batch takes a fraction of a second; when its reader is killed, a danger in it must not wait for long."""
NO_REQUEST = (Intent.CHATTER, Intent.PRAISE, Intent.QUESTION, Intent.STATUS_ENQUIRY)
PUT_AWAY = (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one text: the answer, the request to draft from it (None: nothing to file), or why there is none.

    `resolved`: where it is, by the city's gazetteer.
    """

    understood: Understood
    fields: RequestDraft | None
    failure: str = ""
    resolved: "Resolved | None" = None


@dataclass(slots=True)
class Read:
    """What one batch did."""

    understood: list[int] = field(default_factory=list)
    alarms: list[int] = field(default_factory=list)
    more: bool = False


@dataclass(slots=True)
class Reader:
    """Understands mentions in batches. Sync; run it in a thread.

    `keep`: the city's own numbers, not redacted. `places`: the city's gazetteer; without one, places are words only.
    """

    database: Database
    classifier: Classifier
    clock: Callable[[], datetime] = utc_now
    batch: int = 64
    keep: frozenset[str] = frozenset()
    places: Places | None = None

    def read(self) -> Read:
        """Understand the next batch of mentions that need it."""
        said, services = self._lease()
        if not said:
            return Read()
        gazetteer = self.places.version if self.places else ""  # before the lock: a newer one takes seconds to load
        answers = self._answer(said, services)
        return self._store(said, answers, gazetteer)

    def _lease(self) -> tuple[list[Said], list[Service]]:
        with self.database.write() as session:
            now = self.clock()
            mentions = session.exec(
                select(Mention)
                .where(
                    col(Mention.needs_understanding).is_(True),
                    or_(col(Mention.understand_after).is_(None), col(Mention.understand_after) <= now),
                )
                .order_by(col(Mention.id))
                .limit(self.batch)
                .with_for_update(skip_locked=True)
            ).all()
            for mention in mentions:
                mention.understand_after = now + LEASE
                session.add(mention)
            services = list(session.exec(select(Service).where(col(Service.active).is_(True))).all())
            return _what_they_said(session, mentions), services

    def _answer(self, said: list[Said], services: list[Service]) -> list[Answer]:
        by_code = {service.service_code: service for service in services}
        try:
            understood = self.classifier.classify(
                [one.text for one in said], services, [one.language_hint for one in said]
            )
            return [self._drafted(one, found, by_code) for one, found in zip(said, understood, strict=True)]
        except Exception:
            log.exception("the classifier failed on a batch of %d; trying one by one", len(said))
        return [self._answer_one(one, services, by_code) for one in said]

    def _answer_one(self, said: Said, services: list[Service], by_code: dict[str, Service]) -> Answer:
        understood = Understood(abstained=True)
        try:
            understood = self.classifier.classify([said.text], services, [said.language_hint])[0]
            return self._drafted(said, understood, by_code)
        except Exception as error:
            why = f"the classifier failed ({type(error).__name__}); please read it yourself"
            return Answer(understood, None, why)  # a danger it had seen by then stays one (invariant 7)

    def _drafted(self, said: Said, understood: Understood, services: dict[str, Service]) -> Answer:
        service = services.get(understood.service_code or "")
        resolved = self._resolved(said, understood, service)
        if understood.intent in NO_REQUEST:  # a person may file it all the same, and wants the place then
            return Answer(understood, None, resolved=resolved)
        fields = draft_request(
            understood,
            said.text,
            pin=said.pin,
            photos=said.photos,
            resolved=resolved,
            service=service,
            our_handles=(said.our_handle,) if said.our_handle else (),
            keep=self.keep,
        )
        return Answer(understood, fields, resolved=resolved)

    def _resolved(self, said: Said, understood: Understood, service: Service | None) -> "Resolved | None":
        if self.places is None:
            return None
        need = service.needs if service else Need.POINT
        try:
            return self.places.resolve(said.text, understood.places, need=need, pin=said.pin, photo=said.photo)
        except Exception:
            log.exception("the gazetteer failed on mention %d; its words stand for the place", said.mention_id)
            return None

    def _store(self, said: list[Said], answers: list[Answer], gazetteer: str) -> Read:
        done = Read(more=len(said) == self.batch)
        with self.database.write() as session:
            now = self.clock()
            mentions = {
                mention.id: mention
                for mention in session.exec(
                    select(Mention).where(col(Mention.id).in_([one.mention_id for one in said])).with_for_update()
                ).all()
            }
            drafts = _open_drafts(session, [one.mention_id for one in said])
            alarms = _locked_alarms(session, [one.mention_id for one in said])
            by_people = dangers_said(session, [one.mention_id for one in said])
            for one, answer in zip(said, answers, strict=True):
                mention = mentions[one.mention_id]
                mention.understand_after = None
                if mention.state == MentionState.WITHDRAWN or mention.version != one.version:
                    session.add(mention)  # it changed while we read; the next batch reads what it says now
                    continue
                was_danger, alarm = mention.danger, alarms.get(one.mention_id)
                self._store_one(session, mention, one, answer, drafts.get(one.mention_id), gazetteer, now)
                mention.danger = by_people.get(one.mention_id, mention.danger)
                done.understood.append(one.mention_id)
                answered = alarm is not None and alarm.acknowledged_at is not None
                if mention.danger and (alarm is None or (answered and not was_danger)):
                    _raise_alarm(session, mention, alarm, answer.understood, now)
                    done.alarms.append(one.mention_id)
            sort_mentions(session, [mentions[mention_id] for mention_id in done.understood])
            note_neighbours(session, done.understood, now)
        return done

    def _store_one(
        self,
        session: Session,
        mention: Mention,
        said: Said,
        answer: Answer,
        draft: ServiceRequest | None,
        gazetteer: str,
        now: datetime,
    ) -> None:
        """A draft stays where its author wrote on: who then asks for news, or says thanks, has still reported."""
        understood = answer.understood
        understanding = _understanding(mention, said, answer, self.classifier.version, gazetteer, now)
        reports_anew = mention.state in PUT_AWAY and answer.fields and _edited_into(session, understanding)
        session.add(understanding)
        mention.certainty = understanding.certainty()
        newly_dangerous = understood.danger and not mention.danger
        mention.danger, mention.needs_understanding = understood.danger, False
        session.add(mention)
        if mention.state == MentionState.RECEIVED:
            why = "understood" if not understood.abstained else "the classifier is unsure; a person decides"
            advance(session, mention, MentionState.UNDERSTOOD, BY, why, now)
        elif mention.state == MentionState.DRAFTED:
            advance(session, mention, MentionState.UNDERSTOOD, BY, "understood anew", now)
        elif newly_dangerous and mention.state in PUT_AWAY:
            mention.round += 1
            advance(session, mention, MentionState.DRAFTED, BY, "an edit brought up a danger", now)
        elif reports_anew:
            mention.round += 1
            advance(session, mention, MentionState.DRAFTED, BY, "an edit names another problem or place", now)
            advance(session, mention, MentionState.UNDERSTOOD, BY, "understood anew", now)
        if mention.state == MentionState.UNDERSTOOD and answer.fields is not None:
            _store_draft(session, mention, draft, answer.fields, now)
        elif mention.state == MentionState.UNDERSTOOD and draft and _untouched(draft) and len(said.posts) == 1:
            advance(session, draft, RequestState.CANCELLED, BY, "nothing to file after all", now)


def _what_they_said(session: Session, mentions: Sequence[Mention]) -> list[Said]:
    ids = [mention.id for mention in mentions]
    posts: dict[int, list[Post]] = defaultdict(list)
    for post in session.exec(
        select(Post)
        .where(col(Post.mention_id).in_(ids), Post.kind == PostKind.MENTION, col(Post.deleted_at).is_(None))
        .order_by(col(Post.id))
    ).all():
        posts[post.mention_id or 0].append(post)
    files: dict[int, list[Attachment]] = defaultdict(list)
    for file in session.exec(
        select(Attachment)
        .where(
            col(Attachment.post_id).in_([post.id for rows in posts.values() for post in rows]),
            col(Attachment.kind).in_([AttachmentKind.PHOTO, AttachmentKind.DOCUMENT]),
        )
        .order_by(col(Attachment.id))
    ).all():
        files[file.post_id].append(file)
    handles = dict(session.exec(select(Account.id, Account.handle)).all())
    return [
        what_was_said(
            mention.id or 0,
            mention.version,
            newest_versions(posts[mention.id or 0]),
            files,
            handles.get(mention.account_id, ""),
        )
        for mention in mentions
    ]


def _understanding(
    mention: Mention, said: Said, answer: Answer, version: str, gazetteer: str, now: datetime
) -> Understanding:
    understood, resolved = answer.understood, answer.resolved
    evidence = [in_its_post(one, said) for one in understood.evidence]
    evidence += [
        Evidence(kind=EvidenceKind.LOCATION, start=0, end=0, post_id=said.posts[-1][1], note=note)
        for note, point in (("pin", said.pin), ("photo", said.photo))
        if point is not None and said.posts
    ]
    return Understanding(
        mention_id=mention.id or 0,
        mention_version=mention.version,
        model_version=version,
        language=understood.language,
        language_probability=understood.language_probability,
        intent=understood.intent,
        intent_probability=understood.intent_probability,
        service_code=understood.service_code,
        service_probability=understood.service_probability,
        runners_up=[guess.model_dump() for guess in understood.runners_up],
        danger=understood.danger,
        danger_rule=understood.danger_rule,
        location_phrase=understood.location_phrase,
        abstained=understood.abstained,
        abstained_because=understood.abstained_because,
        failure=answer.failure,
        evidence=[one.model_dump(exclude_defaults=True) for one in evidence],
        intents=[guess.model_dump() for guess in understood.intents],
        problems=[in_its_post(one, said).model_dump() for one in understood.problems],
        explanations=[_explained(row, said) for row in understood.explanations.rows],
        danger_score=understood.danger_score,
        places=[in_its_post(one, said).model_dump(exclude_defaults=True) for one in resolved.candidates]
        if resolved
        else [],
        place_question=resolved.question if resolved else "",
        place_note=resolved.note if resolved else "",
        gazetteer_version=gazetteer,
        created_at=now,
    )


def _edited_into(session: Session, now_is: Understanding) -> bool:
    """Whether a version heard since the last reading names another problem or place than that reading found."""
    before = session.exec(
        select(Understanding)
        .where(Understanding.mention_id == now_is.mention_id)
        .order_by(col(Understanding.id).desc())
        .limit(1)
    ).first()
    if before is None or all(
        getattr(before, name) == getattr(now_is, name) for name in ("service_code", "location_phrase")
    ):
        return False
    first = aliased(Post)
    edit = select(Post.id).where(
        Post.mention_id == now_is.mention_id,
        Post.kind == PostKind.MENTION,
        col(Post.deleted_at).is_(None),
        Post.received_at >= before.created_at,
        exists().where(
            col(first.edit_chain) == Post.edit_chain,
            col(first.account_id) == Post.account_id,
            col(first.id) < Post.id,
        ),
    )
    return session.exec(edit.limit(1)).first() is not None


def _explained(row: dict[str, Any], said: Said) -> dict[str, Any]:
    return row | {"words": [fields_in_its_post(word, said) for word in row["words"]]}


def _locked_alarms(session: Session, mention_ids: list[int]) -> dict[int, Alarm]:
    """By mention. Locked, so that a page under way does not write over an alarm that is raised again."""
    found = select(Alarm).where(col(Alarm.mention_id).in_(mention_ids)).order_by(col(Alarm.id)).with_for_update()
    return {alarm.mention_id: alarm for alarm in session.exec(found).all()}


def _raise_alarm(
    session: Session, mention: Mention, alarm: Alarm | None, understood: Understood, now: datetime
) -> None:
    """Raise an alarm, or raise anew one that a person has answered: whoever is on duty hears of this danger, too."""
    rule = understood.danger_rule
    alarm = alarm or Alarm(mention_id=mention.id or 0, rule=rule, raised_at=now)
    alarm.rule, alarm.score, alarm.raised_at = rule or alarm.rule, understood.danger_score, now
    alarm.paged_at, alarm.page_attempts, alarm.page_trouble, alarm.escalated = None, 0, "", 0
    alarm.acknowledged_at = alarm.acknowledged_by = None
    session.add(alarm)
    record(session, "Mention", mention.id or 0, BY, f"danger: {rule}", now)


def _open_drafts(session: Session, mention_ids: list[int]) -> dict[int, ServiceRequest]:
    rows = session.exec(
        select(ServiceRequest).where(
            col(ServiceRequest.mention_id).in_(mention_ids),
            ServiceRequest.part == 1,
            ServiceRequest.state != RequestState.CANCELLED,
        )
    ).all()
    return {row.mention_id: row for row in rows}


def _untouched(draft: ServiceRequest) -> bool:
    return draft.state == RequestState.DRAFT and draft.revision == 1


def _store_draft(
    session: Session, mention: Mention, draft: ServiceRequest | None, fields: RequestDraft, now: datetime
) -> None:
    if draft is None:
        draft = ServiceRequest(mention_id=mention.id or 0, reference=new_reference(), changed_at=now)
    elif not _untouched(draft):
        return  # a person has worked on it, or the city has it already
    draft.service_code, draft.description = fields.service_code, fields.description
    draft.address_string, draft.lat, draft.long = fields.address_string, fields.lat, fields.long
    draft.media_url, draft.missing = fields.media_url, list(fields.missing)
    session.add(draft)
