"""What a person at the desk writes down when a resident told them elsewhere whether it is fixed."""

from sqlmodel import Session

from models import Decision, FixedQuestion, FixedState, Mention, MentionState
from responders.claims import active_staff, require_scope
from responders.deciding import NotApproved, NotFound, locked_mention, note_decision, reason_given
from responders.fixed import settle
from responders.review import Desk


def write_answer(desk: Desk, mention_id: int, question_id: int, staff_id: int, *, fixed: bool, reason: str) -> None:
    """Keep what the resident said by telephone or at a counter; `reason` says how it was heard.

    Raises NotYours, NotFound, NotApproved.
    """
    reason = reason_given(reason, "Say how you heard it: by telephone, at the counter, from a colleague.")
    with desk.database.write() as session:
        mention, staff, now = locked_mention(session, mention_id), active_staff(session, staff_id), desk.clock()
        require_scope(session, mention, staff)
        question = _question(session, mention, question_id)
        if not settle(session, question, mention, fixed=fixed, by=f"staff:{staff_id}", now=now):
            raise NotApproved(["A person has approved already that it is opened again."])
        question.answered_by, question.answered_at = staff.id, now
        session.add(question)
        decision = Decision.SAYS_FIXED if fixed else Decision.SAYS_NOT_FIXED
        note_decision(session, mention, staff, decision, now, reason=reason)


def _question(session: Session, mention: Mention, question_id: int) -> FixedQuestion:
    question = session.get(FixedQuestion, question_id, with_for_update=True)
    if question is None or question.mention_id != mention.id:
        raise NotFound("There is no such question about this case.")
    if question.state == FixedState.WITHDRAWN or mention.state == MentionState.WITHDRAWN:
        raise NotApproved(["It is not asked any more: the post is gone, or the city closed it anew."])
    return question
