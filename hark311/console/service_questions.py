"""The questions a service asks, on the page of services: what the city wants to know, and how we word it."""

from collections.abc import Mapping

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console.visits import ConsoleHere, Supervising
from hark311.console.words import LANGUAGES
from models import Datatype, ServiceAttribute, record
from responders.review import NotFound

router = APIRouter(prefix="/services")

LONGEST = 200
DATATYPES = {
    Datatype.STRING: "a line of text",
    Datatype.NUMBER: "a number",
    Datatype.DATETIME: "a day and a time",
    Datatype.TEXT: "text",
    Datatype.SINGLE_VALUE_LIST: "one of a list",
    Datatype.MULTI_VALUE_LIST: "any of a list",
}


@router.post("/{service_code:path}/questions")
def word_question(console: ConsoleHere, sent: Supervising, service_code: str) -> Response:
    """Say how a question is put to residents in one language, and whether it is asked for in private alone."""
    language, wording = sent.text("language"), " ".join(sent.text("question").split())[:LONGEST]
    with console.product.database.write() as session:
        attribute = session.get(ServiceAttribute, (service_code, sent.text("attribute")), with_for_update=True)
        if attribute is None or language not in LANGUAGES:
            raise NotFound("There is no such question.")
        before = dict(attribute.questions)
        others = {tag: words for tag, words in before.items() if tag != language}
        attribute.questions = others | ({language: wording} if wording else {})
        attribute.private = bool(sent.text("private"))
        session.add(attribute)
        by, why = f"staff:{sent.visitor.id}", f"question {service_code}.{attribute.code} in {language}"
        record(session, "Service", 0, by, why, console.now(), before.get(language, ""), wording)
    return RedirectResponse("/services", status_code=303)


def questions_by_service(session: Session) -> Mapping[str, list[ServiceAttribute]]:
    """What each service asks, in the city's order."""
    found: dict[str, list[ServiceAttribute]] = {}
    rows = session.exec(
        select(ServiceAttribute)
        .where(col(ServiceAttribute.active).is_(True))
        .order_by(col(ServiceAttribute.order), col(ServiceAttribute.code))
    ).all()
    for one in rows:
        found.setdefault(one.service_code, []).append(one)
    return found
