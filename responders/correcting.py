"""A person accepts, corrects or refuses one suggestion about a post, before deciding about the post itself.

Each leaves a label with who and when, and the drafts follow: the service goes into the request, the language into the
reply, a danger to the head of the queue. What somebody has typed stays as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from models import (
    Alarm,
    Decision,
    Intent,
    LabelSource,
    LabelTask,
    Mention,
    Need,
    Power,
    ReplyTemplate,
    RequestState,
    Service,
    ServiceRequest,
    StaffUser,
    Understanding,
    record,
)
from models.labels import DANGER, NO_DANGER
from models.requests import new_reference
from models.sorting import sort_mention
from responders.claims import active_staff, open_reply, open_request, require_claim
from responders.deciding import NotApproved, locked_mention, note_decision, reason_given
from responders.drafting import Missing
from responders.edits import filed_request
from responders.labelling import Lesson
from responders.review import Desk
from responders.suggesting import Drafter

MARKED_BY_A_PERSON = "marked_by_a_person"
"""Alarm.rule of a danger that no rule saw."""
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?", re.ASCII)
_OF_THE_PLACE = frozenset({Missing.PLACE, Missing.WHICH_PLACE, Missing.CROSS_STREET, Missing.HOUSE_NUMBER})


class Act(StrEnum):
    """What a person does about a suggestion."""

    ACCEPT = "accept"
    FIX = "fix"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Saying:
    """One act about one suggestion, with the rows it concerns."""

    desk: Desk
    session: Session
    mention: Mention
    staff: StaffUser
    newest: Understanding | None
    now: datetime

    @property
    def by(self) -> str:
        return f"staff:{self.staff.id}"

    def learn(self, task: LabelTask, value: str, suggested: str, probability: float) -> None:
        """Write the label. No value: it is not what we suggested, and nobody said what it is."""
        source = LabelSource.CORRECTED if value != suggested else LabelSource.CONFIRMED
        lesson = Lesson(self.session, self.mention, self.staff, None, self.desk.category_of, self.now)
        lesson.write(task, value, source if value else LabelSource.REJECTED, suggested, probability)


def say(
    desk: Desk, mention_id: int, staff_id: int, task: LabelTask, act: Act, value: str = "", reason: str = ""
) -> bool:
    """Do it. True: the reply was drafted anew. Raises NotYours or NotApproved; of a place, see `responders.placing`.

    `value`: what it is instead, for a FIX; `reason`: why a danger is none.
    """
    with desk.database.write() as session:
        mention, now = locked_mention(session, mention_id), desk.clock()
        staff = active_staff(session, staff_id, Power.DRAFT)
        require_claim(session, mention, staff, now)
        newest = session.exec(
            select(Understanding).where(Understanding.mention_id == mention_id).order_by(col(Understanding.id).desc())
        ).first()
        saying = Saying(desk, session, mention, staff, newest, now)
        if task == LabelTask.URGENCY:
            _say_urgency(saying, act, value, reason)
        else:
            _SAY[task](saying, act, value)
        sort_mention(session, mention)
        drafter = Drafter(desk.length_of, desk.find_private, speaking=desk.speaking)
        return drafter.draft_anew(session, mention, now, f"a person said the {task}")


def _say_intent(saying: Saying, act: Act, value: str) -> None:
    suggested = (saying.newest.intent if saying.newest else None) or ""
    wanted = _wanted(act, suggested, value, {*Intent})
    saying.learn(LabelTask.INTENT, wanted, suggested, saying.newest.intent_probability if saying.newest else 0.0)


def _say_service(saying: Saying, act: Act, value: str) -> None:
    session, newest = saying.session, saying.newest
    suggested = (newest.service_code if newest else None) or ""
    active = {*session.exec(select(Service.service_code).where(col(Service.active).is_(True))).all()}
    wanted = _wanted(act, suggested, value, active)
    if filed_request(session, saying.mention):
        raise NotApproved(["The city has this request already, so its service cannot be changed from here."])
    lesson = Lesson(session, saying.mention, saying.staff, None, saying.desk.category_of, saying.now)
    category = lesson.category(wanted) if wanted else ""
    saying.learn(
        LabelTask.CATEGORY,
        category,
        lesson.category(suggested) if suggested else "",
        newest.service_probability if newest and suggested else 0.0,
    )
    request = open_request(session, saying.mention) or _new_request(saying)
    if request.service_code != (wanted or None):
        request.revision += 1
        why = f"a person says the service is {wanted}" if wanted else "a person says it is another service"
        record(session, "ServiceRequest", request.id or 0, saying.by, why, saying.now)
    request.service_code = wanted or None
    request.missing = _missing(session, request)
    session.add(request)


def _say_language(saying: Saying, act: Act, value: str) -> None:
    newest = saying.newest
    suggested = newest.language if newest and newest.language != "und" else ""
    known = {*saying.session.exec(select(ReplyTemplate.language).where(col(ReplyTemplate.active).is_(True))).all()}
    wanted = _wanted(act, suggested, value, known | {suggested, *([value] if _TAG.fullmatch(value) else [])})
    saying.learn(LabelTask.LANGUAGE, wanted, suggested, newest.language_probability if newest else 0.0)
    reply = open_reply(saying.session, saying.mention)
    if reply is not None and wanted and (wanted in known or reply.revision > 1):  # else it stays in words of ours
        reply.language = wanted
        saying.session.add(reply)


def _say_urgency(saying: Saying, act: Act, value: str, reason: str) -> None:
    """A danger goes to the head of the queue at once; that there is none, an approver says with a reason."""
    danger = saying.mention.danger
    suggested = DANGER if danger else NO_DANGER
    opposite = {DANGER: NO_DANGER, NO_DANGER: DANGER}
    wanted = opposite[suggested] if act == Act.REJECT else _wanted(act, suggested, value, {*opposite})
    if wanted == NO_DANGER and danger:
        _no_danger(saying, reason)
    elif wanted == DANGER and not danger:
        _danger(saying)
    said = DANGER if saying.newest is not None and saying.newest.danger else NO_DANGER
    score = saying.newest.danger_score if saying.newest else 0.0
    saying.learn(LabelTask.URGENCY, wanted, said, score if said == DANGER else 1.0 - score)


def _danger(saying: Saying) -> None:
    session, mention = saying.session, saying.mention
    mention.danger = True
    alarm = session.exec(select(Alarm).where(Alarm.mention_id == mention.id).with_for_update()).first()
    if alarm is None:
        alarm = Alarm(mention_id=mention.id or 0, rule=MARKED_BY_A_PERSON, raised_at=saying.now)
    else:  # it was said to be none before: whoever is on duty hears of it again
        alarm.raised_at, alarm.paged_at, alarm.page_attempts = saying.now, None, 0
        alarm.acknowledged_at = alarm.acknowledged_by = None
    session.add_all([alarm, mention])
    record(session, "Mention", mention.id or 0, saying.by, "danger: a person says so", saying.now)


def _no_danger(saying: Saying, reason: str) -> None:
    session, mention = saying.session, saying.mention
    active_staff(session, saying.staff.id or 0, Power.APPROVE)
    reason = reason_given(reason, "Say why it is no danger. The reason stays on record.")
    mention.danger = False
    session.add(mention)
    alarm = session.exec(select(Alarm).where(Alarm.mention_id == mention.id).with_for_update()).first()
    if alarm is not None and alarm.acknowledged_at is None:
        alarm.acknowledged_at, alarm.acknowledged_by = saying.now, saying.staff.id
        session.add(alarm)
        record(session, "Alarm", alarm.id or 0, saying.by, "acknowledged: a person says it is no danger", saying.now)
    record(session, "Mention", mention.id or 0, saying.by, "no danger: a person says so, with a reason", saying.now)
    note_decision(session, mention, saying.staff, Decision.NO_DANGER, saying.now, reason=reason)


def _wanted(act: Act, suggested: str, value: str, known: set[str]) -> str:
    """What the person says it is; "" where they only say what it is not. Raises NotApproved."""
    if act == Act.REJECT:
        return ""
    if act == Act.ACCEPT and not suggested:
        raise NotApproved(["Nothing was suggested, so there is nothing to accept. Choose what it is."])
    wanted = suggested if act == Act.ACCEPT else value
    if wanted not in known:
        raise NotApproved(["Choose one from the list."])
    return wanted


def _missing(session: Session, request: ServiceRequest) -> list[str]:
    """What a crew lacks once the service is another one. What is open about the place stays open where it is needed."""
    service = session.get(Service, request.service_code) if request.service_code else None
    of_place = [one for one in request.missing if one in _OF_THE_PLACE]
    if service is None:
        return [Missing.SERVICE.value, *of_place]
    has_place = bool(request.address_string.strip()) or request.lat is not None
    if service.needs is Need.NOTHING:
        return []
    return of_place or ([] if has_place else [Missing.PLACE.value])


def _new_request(saying: Saying) -> ServiceRequest:
    request = ServiceRequest(
        mention_id=saying.mention.id or 0,
        reference=new_reference(),
        state=RequestState.IN_REVIEW,
        changed_at=saying.now,
        missing=[Missing.PLACE.value],
    )
    saying.session.add(request)
    saying.session.flush()
    return request


_SAY: dict[LabelTask, Callable[[Saying, Act, str], None]] = {
    LabelTask.INTENT: _say_intent,
    LabelTask.CATEGORY: _say_service,
    LabelTask.LANGUAGE: _say_language,
}
