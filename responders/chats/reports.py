"""A post on the board that is really a report, or a danger: into the main queue with its draft, and out of it again."""

from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    Alarm,
    ChatEntry,
    Intent,
    LabelSource,
    LabelTask,
    Mention,
    MentionState,
    Post,
    RequestState,
    ServiceRequest,
    StaffUser,
    Understanding,
    advance,
    record,
)
from models.labels import DANGER, NO_DANGER
from models.requests import new_reference
from models.sorting import sort_mention
from responders.chats.entries import RESTS, owes_notice, rest
from responders.chats.resting import PUT_AWAY, drop_board_drafts
from responders.claims import holder_name, open_request
from responders.deciding import NotApproved
from responders.drafting import Missing
from responders.labelling import Lesson
from responders.review import Desk
from responders.settling import give_back
from responders.suggesting import Drafter

MARKED_BY_A_PERSON = "marked_by_a_person"
"""Alarm.rule of a danger that no rule saw."""
SAYS_SO = "the people of a chat say that it is a report"


def put_in_queue(
    desk: Desk, session: Session, mention: Mention, entry: ChatEntry, staff: StaffUser, now: datetime
) -> None:
    """Bring a post of a board into the main queue, with the draft of its request and of its reply.

    What is there already stays as it is. Raises NotApproved while an answer from the board is on its way.
    """
    if mention.state == MentionState.APPROVED:
        raise NotApproved(["An answer to it is on its way. Take it back first, or wait until it stands."])
    if mention.state not in PUT_AWAY:
        return
    by, understanding = f"staff:{staff.id}", _newest(session, mention)
    drop_board_drafts(session, mention, by, now)
    lesson = Lesson(session, mention, staff, None, desk.category_of, now)
    suggested = (understanding.intent if understanding else None) or ""
    source = LabelSource.CONFIRMED if suggested == Intent.SERVICE_REQUEST else LabelSource.CORRECTED
    sure = understanding.intent_probability if understanding else 0.0
    lesson.write(LabelTask.INTENT, Intent.SERVICE_REQUEST, source, suggested, sure)
    if open_request(session, mention) is None:
        _draft_request(desk, session, mention, entry, understanding, now)
    mention.round += 1
    mention.version += 1
    advance(session, mention, MentionState.DRAFTED, by, SAYS_SO, now)
    session.flush()
    sort_mention(session, mention)
    Drafter(desk.length_of, desk.find_private, speaking=desk.speaking).draft_anew(session, mention, now, SAYS_SO)


def put_back_on_board(session: Session, mention: Mention, staff: StaffUser, now: datetime) -> None:
    """Take a post out of the main queue that is no report after all. Raises NotApproved where somebody decides there.

    What was decided about already stays decided; only its lane is another one then.
    """
    by = f"staff:{staff.id}"
    if mention.state == MentionState.IN_REVIEW and mention.claimed_by != staff.id:
        raise NotApproved([f"{holder_name(session, mention)} is working on it in the main queue. Ask them."])
    if mention.state == MentionState.APPROVED:
        raise NotApproved(["It was decided in the main queue, and is on its way. Take it back there first."])
    if mention.state not in (MentionState.DRAFTED, MentionState.IN_REVIEW):
        return
    if owes_notice(session, mention):
        raise NotApproved(["A notice of moderation about it waits in the main queue. Decide about that first."])
    filed = select(ServiceRequest.id).where(
        ServiceRequest.mention_id == mention.id,
        col(ServiceRequest.state).not_in([RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.CANCELLED]),
    )
    if session.exec(filed).first() is not None:
        raise NotApproved(["The city has a request of it, or it is joined to one. It stays in the main queue."])
    for request in session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id, ServiceRequest.state == RequestState.IN_REVIEW
        )
    ).all():
        advance(session, request, RequestState.DRAFT, by, "no report after all", now)
    if mention.state == MentionState.DRAFTED:
        advance(session, mention, MentionState.IN_REVIEW, by, "no report after all", now)
    mention.claimed_by = mention.claimed_until = None
    mention.version += 1
    rest(session, mention, by, RESTS, now)
    sort_mention(session, mention)


def say_danger(desk: Desk, session: Session, mention: Mention, staff: StaffUser, now: datetime) -> None:
    """A person of the chat sees a danger that no rule saw: whoever is on duty is paged (invariant 7).

    What they say stands beside what was understood: the same words read again are no less of a danger. An answer that
    is on its way comes back: what was to be said to somebody in danger is not said any more.
    """
    if mention.danger:
        return
    newest, lesson = _newest(session, mention), Lesson(session, mention, staff, None, desk.category_of, now)
    sure = 1.0 - newest.danger_score if newest else 0.0
    lesson.write(LabelTask.URGENCY, DANGER, LabelSource.CORRECTED, NO_DANGER, sure)
    mention.danger = True
    alarm = session.exec(select(Alarm).where(Alarm.mention_id == mention.id).with_for_update()).first()
    alarm = alarm or Alarm(mention_id=mention.id or 0, rule=MARKED_BY_A_PERSON, raised_at=now)
    alarm.raised_at, alarm.paged_at, alarm.page_attempts = now, None, 0
    alarm.acknowledged_at = alarm.acknowledged_by = None
    session.add_all([alarm, mention])
    record(session, "Mention", mention.id or 0, f"staff:{staff.id}", "danger: a person says so", now)
    if mention.state == MentionState.APPROVED:
        give_back(session, mention.id or 0, "a person says that it is a danger", now)
    sort_mention(session, mention)


def _draft_request(
    desk: Desk, session: Session, mention: Mention, entry: ChatEntry, understanding: Understanding | None, now: datetime
) -> None:
    """The request as it was drafted before the post came to the board, else from what we understood of it."""
    before = session.exec(
        select(ServiceRequest)
        .where(ServiceRequest.mention_id == mention.id, ServiceRequest.state == RequestState.CANCELLED)
        .order_by(col(ServiceRequest.id).desc())
        .limit(1)
    ).first()
    said = session.get_one(Post, entry.post_id).text
    request = ServiceRequest(
        mention_id=mention.id or 0,
        reference=new_reference(),
        changed_at=now,
        revision=2,  # a person says that there is something to file: no later reading drops it
        service_code=understanding.service_code if understanding else None,
        description="" if desk.find_private(said) else said,
        missing=[Missing.PLACE.value],
    )
    if before is not None and before.description:
        request.service_code, request.description = before.service_code, before.description
        request.address_string, request.lat, request.long = before.address_string, before.lat, before.long
        request.media_url, request.missing = before.media_url, list(before.missing)
    session.add(request)
    session.flush()


def _newest(session: Session, mention: Mention) -> Understanding | None:
    return session.exec(
        select(Understanding)
        .where(Understanding.mention_id == mention.id)
        .order_by(col(Understanding.id).desc())
        .limit(1)
    ).first()
