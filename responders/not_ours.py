"""What is somebody else's to mend: who, how to reach them, and that a person may file it all the same."""

from datetime import date, datetime

from sqlmodel import Session, select

from models import HandOff, Jurisdiction, Mention, RequestState, ServiceRequest
from models.ground import ground_at
from models.jurisdictions import Whose, whose_is_it
from responders.drafting import language_of_reply
from responders.known import Known

CONTACT_HOLDS = 180
"""Days after which nobody says a number to residents any more, until a person has made sure of it again."""
NOT_FILED = (RequestState.DRAFT, RequestState.IN_REVIEW)


def whose_request(session: Session, request: ServiceRequest) -> Whose | None:
    """Who else takes care of what a request asks for; None where no rule of the city says that it is not ours."""
    if session.exec(select(Jurisdiction.id).limit(1)).first() is None:
        return None
    point = request.lat is not None and request.long is not None
    ground = ground_at(session.connection(), request.lat or 0.0, request.long or 0.0) if point else None
    return whose_is_it(session, request.service_code, ground)


def referred_to(
    session: Session, mention: Mention, known: Known, language: str, now: datetime
) -> tuple[str, str] | None:
    """Who takes care of it and how to reach them, for the reply; None where it is ours, or a person files it anyway.

    It is counted from now on (`HandOff`). The contact is "" where nobody has checked it lately.
    """
    request = known.requests.get(mention.id)
    noted = session.get(HandOff, mention.id)
    if noted is not None and noted.overruled_at is not None:
        return None
    ours = mention.danger or request is None or request.state not in NOT_FILED
    whose = whose_request(session, request) if request and not ours else None
    if whose is None:
        if noted is not None and not ours:
            session.delete(noted)
        return None
    noted = noted or HandOff(mention_id=mention.id or 0, jurisdiction_id=whose.rule.id or 0, owner="", at=now)
    noted.jurisdiction_id, noted.owner, noted.evidence = whose.rule.id or 0, whose.name, whose.because
    noted.service_code, noted.area = (request.service_code or "") if request else "", mention.area
    session.add(noted)
    spoken = language_of_reply(language, known.templates.languages)
    return whose.called(spoken), sayable_contact(whose, now.date())


def sayable_contact(whose: Whose, today: date) -> str:
    """How residents are told to reach them; "" where nobody has made sure of it in the last months."""
    plain = " ".join(whose.contact.split()).translate(str.maketrans("{}[]", "()()"))
    return plain if whose.checked_within(CONTACT_HOLDS, today) else ""
