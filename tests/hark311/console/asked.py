"""What was asked of a resident, what is somebody else's, and who is paged: rows for the pages that show them."""

from datetime import datetime

from sqlmodel import Session, select

from models import (
    AskedQuestion,
    AskedState,
    EscalationStep,
    HandOff,
    Jurisdiction,
    Mention,
    Reply,
    ReplyState,
    Service,
    ServiceAttribute,
)


def make_asked(session: Session, mention: Mention, elsewhere: Mention, now: datetime) -> None:
    """A question of a service with its answer, a rule of what is not ours, and a step of paging."""
    service = session.exec(select(Service)).first()
    code = service.service_code if service else ""
    size = [{"key": "S", "name": "A hand"}, {"key": "L", "name": "A wheel"}]
    session.add(
        ServiceAttribute(service_code=code, code="HOW_LARGE", description="How large", required=True, values=size)
    )
    reply = Reply(mention_id=mention.id or 0, account_id=mention.account_id, round=9, changed_at=now, sent_at=now)
    reply.state, reply.template_key = ReplyState.SENT, "ask_attribute"
    rule = Jurisdiction(area="Riverton", name="the water company", contact="555-0177")
    session.add_all([reply, rule, EscalationStep(after_minutes=5, name="The supervisor", on_call=True)])
    session.flush()
    question = AskedQuestion(reply_id=reply.id or 0, mention_id=mention.id or 0, about="attribute:HOW_LARGE")
    question.service_code, question.state = code, AskedState.NO_ANSWER
    session.add(question)
    for one in (mention, elsewhere):
        noted = HandOff(mention_id=one.id or 0, jurisdiction_id=rule.id or 0, owner="the water company", at=now)
        noted.evidence = "it lies in Riverton"
        session.add(noted)
