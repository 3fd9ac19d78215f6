"""The case on the mention page: what the city's news means, what a department told us, and whom not to tell."""

from datetime import datetime, time

from fastapi import APIRouter, BackgroundTasks
from starlette.responses import RedirectResponse, Response

from hark311.console.keeping import not_done
from hark311.console.pages import Console
from hark311.console.visits import Approving, ConsoleHere, Submission
from hark311.telling import telling_of
from models import Outcome, UpdateSource
from models.job_names import TELL_CHANGES
from responders.review import NotApproved
from responders.status import StatusReplies
from responders.status_deciding import Heard, record_news, say_outcome, skip_notice

router = APIRouter(prefix="/mentions/{mention_id}/case")


@router.post("/changes/{update_id}")
def say(console: ConsoleHere, sent: Approving, mention_id: int, update_id: int) -> Response:
    """Say what a change means; who was to be told of it is told in these words."""
    try:
        counts_with = sent.text("counts_with")
        say_outcome(_telling(console), mention_id, update_id, sent.visitor.id, _outcome(sent), counts_with)
    except NotApproved as error:
        return not_done(console, sent, mention_id, error.reasons, "Not kept", "#case")
    return _back(mention_id)


@router.post("/changes")
def record(console: ConsoleHere, sent: Approving, mention_id: int, after: BackgroundTasks) -> Response:
    """Keep what a department told us."""
    try:
        heard = Heard(
            source=_source(sent),
            outcome=_outcome(sent),
            words=" ".join(sent.text("said").split()),
            agency=" ".join(sent.text("agency").split()),
            planned_for=_day(console, sent.text("planned_for")),
            counts_with=sent.text("counts_with"),
        )
        record_news(_telling(console), mention_id, sent.visitor.id, _whole(sent.text("request_id")), heard)
    except NotApproved as error:
        return not_done(console, sent, mention_id, error.reasons, "Not recorded", "#case")
    after.add_task(console.product.nudge, TELL_CHANGES)
    return _back(mention_id)


@router.post("/notices/{notice_id}/skip")
def skip(console: ConsoleHere, sent: Approving, mention_id: int, notice_id: int) -> Response:
    """Decide that this resident is not told of a change that waits."""
    try:
        skip_notice(_telling(console), mention_id, notice_id, sent.visitor.id, sent.text("reason"))
    except NotApproved as error:
        return not_done(console, sent, mention_id, error.reasons, "Not skipped", "#case")
    return _back(mention_id)


def _telling(console: Console) -> StatusReplies:
    product = console.product
    return telling_of(product.settings, product.database, product.desk, product.redact)


def _outcome(sent: Submission) -> Outcome | None:
    said = sent.text("outcome")
    return Outcome(said) if said in set(Outcome) else None


def _source(sent: Submission) -> UpdateSource:
    said = sent.text("source")
    return UpdateSource(said) if said in set(UpdateSource) else UpdateSource.CITY


def _day(console: Console, said: str) -> datetime | None:
    """Noon of a day of the city. Raises NotApproved."""
    if not said:
        return None
    try:
        return datetime.combine(datetime.fromisoformat(said).date(), time(12), console.city_time.zone)
    except ValueError:
        raise NotApproved(["There is no such day. Write it as 2026-11-27."]) from None


def _whole(said: str) -> int:
    return int(said) if said.isdecimal() and said.isascii() and len(said) < 19 else 0


def _back(mention_id: int) -> Response:
    return RedirectResponse(f"/mentions/{mention_id}#case", status_code=303)
