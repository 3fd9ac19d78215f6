"""Whether it is fixed, answered on the status page: by whoever holds the link, as if they had written it to us."""

from datetime import datetime

from sqlmodel import Session, col, select

from models import FixedQuestion, FixedState, Mention, MentionState, ServiceRequest, StatusLink
from models.status_links import cases_of_link
from responders.fixed import settle

BY = "status page"
"""Who answered, as it stands in the audit."""


def open_question(session: Session, link: StatusLink, head: ServiceRequest) -> FixedQuestion | None:
    """What we asked the author of a link's case about one request, and they have not answered; None: nothing.

    They may answer late: what is taken for answered by silence is open here while it is the last we asked.
    """
    author_id = session.get_one(Mention, link.mention_id).author_id
    asked = session.exec(
        select(FixedQuestion)
        .join(Mention, col(Mention.id) == FixedQuestion.mention_id)
        .where(
            FixedQuestion.request_id == head.id,
            Mention.author_id == author_id,
            Mention.state != MentionState.WITHDRAWN,
        )
        .order_by(col(FixedQuestion.id).desc())
    ).all()
    still_open = next((one for one in asked if one.state == FixedState.OPEN), None)
    late = asked[0] if asked and asked[0].state == FixedState.SILENT and head.status == "closed" else None
    return still_open or late


def answer_on_page(session: Session, link: StatusLink, question_id: int, *, fixed: bool, now: datetime) -> bool:
    """Write an answer down, once. False: that question is not open here, and nothing was changed.

    A no drafts the request that opens the case again, for a person to decide about; nothing leaves by itself.
    """
    found = session.get(FixedQuestion, question_id)
    if found is None:
        return False
    mention = session.get_one(Mention, found.mention_id, with_for_update=True, populate_existing=True)
    question = session.get_one(FixedQuestion, question_id, with_for_update=True, populate_existing=True)
    shown = open_question(session, link, session.get_one(ServiceRequest, question.request_id))
    if shown is None or shown.id != question.id or question.request_id not in _shown_by(session, link):
        return False
    return settle(session, question, mention, fixed=fixed, by=BY, now=now)


def _shown_by(session: Session, link: StatusLink) -> set[int | None]:
    return {one.id for one in cases_of_link(session, link)}
