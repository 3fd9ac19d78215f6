"""What the author says against an act, and what somebody who did not make it decides."""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, select

from models import ModerationAct, ModerationState, advance, record
from responders.claims import NotYours, active_staff
from responders.deciding import NotApproved, reason_given
from responders.moderation.acts import DECIDES, end_effect, locked_act
from responders.moderation.notices import tell_outcome
from responders.review import Desk

LONGEST_APPEAL = 2000
OPEN_AFTER = timedelta(days=90)
"""So long after its end an act can still be appealed: it stays on record."""
CAN_BE_APPEALED = (ModerationState.IN_FORCE, ModerationState.EXPIRED)


def act_of_token(session: Session, token: str, now: datetime) -> ModerationAct | None:
    """The act whose notice carried this secret; None for one that is invented, or too old."""
    if not token:
        return None
    found = select(ModerationAct).where(ModerationAct.appeal_token_sha256 == sha256(token.encode()).hexdigest())
    act = session.exec(found).first()
    return act if act is not None and now <= act.expires_at + OPEN_AFTER else None


def can_be_appealed(act: ModerationAct, now: datetime) -> bool:
    """Whether an appeal against it is heard now."""
    return act.appealed_at is None and act.state in CAN_BE_APPEALED and now <= act.expires_at + OPEN_AFTER


def appeal_by_link(desk: Desk, token: str, words: str) -> ModerationAct | None:
    """The author's own appeal; None where the link is none. Raises NotApproved."""
    with desk.database.write() as session:
        act, now = act_of_token(session, token, desk.clock()), desk.clock()
        if act is not None:
            _appeal(session, locked_act(session, act.id or 0), words, "author", now)
        return act


def appeal_by_staff(desk: Desk, act_id: int, staff_id: int, words: str) -> None:
    """An appeal that came by another way, entered by whoever heard it. Raises NotApproved."""
    with desk.database.write() as session:
        active_staff(session, staff_id)
        _appeal(session, locked_act(session, act_id), words, f"staff:{staff_id}", desk.clock())


def decide_appeal(desk: Desk, act_id: int, staff_id: int, *, granted: bool, answer: str) -> None:
    """Grant or refuse an appeal, with a reason its author reads. Raises NotYours for whoever made the act."""
    with desk.database.write() as session:
        act, now = locked_act(session, act_id), desk.clock()
        staff = active_staff(session, staff_id)
        if not any(staff.may(power) for power in DECIDES):
            raise NotYours("A moderator or a supervisor decides an appeal. Ask one of them.")
        if act.appealed_at is None or act.appeal_decided_at is not None:
            raise NotApproved(["No appeal against it is open."])
        if staff_id in (act.proposed_by, act.decided_by):
            raise NotYours("You took part in the act. Somebody else has to decide about the appeal.")
        act.appeal_answer = reason_given(answer, "Say why. The author reads it.")
        act.appeal_granted, act.appeal_decided_by, act.appeal_decided_at = granted, staff_id, now
        session.add(act)
        said = "granted" if granted else "refused"
        record(session, "ModerationAct", act_id, f"staff:{staff_id}", f"the appeal was {said}", now)
        if granted and act.state == ModerationState.IN_FORCE:
            advance(session, act, ModerationState.LIFTED, f"staff:{staff_id}", "the appeal was granted", now)
            end_effect(session, act)
        tell_outcome(session, desk, act, now)


def _appeal(session: Session, act: ModerationAct, words: str, by: str, now: datetime) -> None:
    words = words.strip()
    if not can_be_appealed(act, now):
        raise NotApproved(["It has been appealed already, or it is not in force any more."])
    if not words:
        raise NotApproved(["The words of the appeal are missing."])
    if len(words) > LONGEST_APPEAL:
        raise NotApproved([f"The appeal has {len(words)} characters; {LONGEST_APPEAL} are taken. Shorten it."])
    act.appealed_at, act.appeal_words = now, words
    session.add(act)
    record(session, "ModerationAct", act.id or 0, by, "appealed", now)
