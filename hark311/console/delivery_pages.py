"""Decisions about what already left: what nobody can be sure of, and what a person posts by hand."""

from collections.abc import Callable
from functools import partial

from fastapi import APIRouter, BackgroundTasks
from sqlmodel import Session, select
from starlette.responses import RedirectResponse, Response

from hark311.console.pages import Console
from hark311.console.visits import Approving, ConsoleHere, Submission
from models import Reply, ServiceRequest
from models.job_names import SEND_REPLY
from responders.by_hand import hand_back, says_posted, take_in_hand
from responders.doubts import decide_uncertain_request, give_up, says_not_sent, says_sent
from responders.review import NotApproved, NotFound

router = APIRouter()


@router.post("/replies/{reply_id}/is-there")
def is_there(console: ConsoleHere, sent: Approving, reply_id: int) -> Response:
    return _decide(console, sent, Reply, reply_id, partial(says_sent, console.product.desk))


@router.post("/replies/{reply_id}/not-there")
def not_there(console: ConsoleHere, sent: Approving, reply_id: int, after: BackgroundTasks) -> Response:
    def send_again(row_id: int, staff_id: int) -> None:
        says_not_sent(console.product.desk, row_id, staff_id)
        after.add_task(console.product.nudge, SEND_REPLY, row_id)

    return _decide(console, sent, Reply, reply_id, send_again)


@router.post("/replies/{reply_id}/drop")
def drop(console: ConsoleHere, sent: Approving, reply_id: int) -> Response:
    return _decide(console, sent, Reply, reply_id, partial(give_up, console.product.desk))


@router.post("/replies/{reply_id}/by-hand")
def by_hand(console: ConsoleHere, sent: Approving, reply_id: int) -> Response:
    return _decide(console, sent, Reply, reply_id, partial(take_in_hand, console.product.desk))


@router.post("/replies/{reply_id}/posted")
def posted(console: ConsoleHere, sent: Approving, reply_id: int) -> Response:
    return _decide(console, sent, Reply, reply_id, partial(says_posted, console.product.desk))


@router.post("/replies/{reply_id}/hand-back")
def give_back_unposted(console: ConsoleHere, sent: Approving, reply_id: int) -> Response:
    return _decide(console, sent, Reply, reply_id, partial(hand_back, console.product.desk))


@router.post("/requests/{request_id}/take-up")
def take_up(console: ConsoleHere, sent: Approving, request_id: int) -> Response:
    return _decide(console, sent, ServiceRequest, request_id, partial(decide_uncertain_request, console.product.desk))


def _decide(
    console: Console,
    sent: Submission,
    table: type[Reply] | type[ServiceRequest],
    row_id: int,
    decide: Callable[[int, int], None],
) -> Response:
    with console.product.database.read() as session:
        mention_id = _mention_of(session, table, row_id)
    try:
        decide(row_id, sent.visitor.id)
    except NotApproved as error:
        return console.page(
            "trouble.html",
            422,
            title="Nothing was done",
            sentences=error.reasons,
            typed={},
            link=(f"/mentions/{mention_id}", "Open the mention again"),
        )
    return RedirectResponse(f"/mentions/{mention_id}", status_code=303)


def _mention_of(session: Session, table: type[Reply] | type[ServiceRequest], row_id: int) -> int:
    mention_id = session.exec(select(table.mention_id).where(table.id == row_id)).first()
    if mention_id is None:
        raise NotFound("There is no such reply or request.")
    return mention_id
