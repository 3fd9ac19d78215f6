"""A service's own questions on the mention page, shown anew when another service is chosen."""

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from hark311.console.answers_form import QuestionField, question_fields
from hark311.console.decisions import DecisionForm, form_of_submission
from hark311.console.visits import ConsoleHere, Drafting
from responders.service_answers import questions_of

router = APIRouter(prefix="/mentions/{mention_id}/questions")


@router.post("")
def show_questions(console: ConsoleHere, sent: Drafting, mention_id: int, of: int = 0) -> Response:
    """The questions of the service that stands in the form, with what was typed. `of`: an added request's id."""
    with console.product.database.read() as session:
        questions = asks_of(session, form_of_submission(sent)).get(of, [])
    return console.page("questions.html", questions=questions, group=f"questions-{of}" if of else "questions")


def asks_of(session: Session, form: DecisionForm) -> dict[int, list[QuestionField]]:
    """The questions of each request that stands in a form, by its id; those of the first by 0."""
    asked = {0: question_fields(questions_of(session, form.service_code), form.answers)}
    for one in form.added:
        asked[one.request_id] = question_fields(questions_of(session, one.service_code), one.answers, one.prefix)
    return asked
