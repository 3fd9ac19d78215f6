"""Several mentions at once: a page that shows every one with all that would leave, then one button, then the undo."""

from collections.abc import Sequence

from fastapi import APIRouter, BackgroundTasks, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console import bulk
from hark311.console.bulk import Action, Outcome, Wanted
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Drafting, NotAllowed, Submission, Visitor
from models import Reply, ReplyState, RequestState, ServiceRequest, StaffUser
from models.job_names import SEND_REPLY, SUBMIT_REQUEST
from responders.deciding import LONGEST_REASON

router = APIRouter(prefix="/queue/bulk")

WORDS = {
    Action.APPROVE: ("Approve", "approved"),
    Action.CLOSE: ("Close without an answer", "closed"),
    Action.ASIDE: ("Set aside", "set aside"),
    Action.ASSIGN: ("Assign", "assigned"),
    Action.JOIN: ("Join", "joined"),
}
"""What the button says, and what was done."""


@router.get("")
def show_none() -> Response:
    """A page that was loaded anew: what was chosen stood in a form."""
    return RedirectResponse("/queue", status_code=303)


@router.post("")
def look(request: Request, console: ConsoleHere, sent: Drafting) -> Response:
    """Every chosen mention with all that would leave. Nothing is done yet."""
    action = _action(sent)
    if action is None or not bulk.chosen(sent):
        return RedirectResponse("/queue", status_code=303)
    return _preview(request, console, sent, action)


@router.post("/do")
def do(request: Request, console: ConsoleHere, sent: Drafting, after: BackgroundTasks) -> Response:
    """Do it to each, as it was shown."""
    action, marks = _action(sent), bulk.chosen(sent)
    if action is None or not marks:
        return RedirectResponse("/queue", status_code=303)
    wanted = Wanted(action, sent.text("reason").strip(), _number(sent.text("to")), _number(sent.text("head")) or 0)
    if missing := _missing(wanted):
        return _preview(request, console, sent, action, missing)
    outcomes = bulk.carry_out(console, sent.visitor, wanted, marks)
    if action is Action.APPROVE:
        _nudge(console, after, [one.id for one in outcomes if one.done])
    hold = round(console.product.desk.hold.total_seconds())
    return _told(request, console, sent.visitor, action, outcomes, hold, wanted.assign_to)


@router.post("/undo")
def undo(request: Request, console: ConsoleHere, sent: Drafting) -> Response:
    """Take back all that was just done together, as far as nothing has left."""
    action = _action(sent)
    if action is None:
        return RedirectResponse("/queue", status_code=303)
    before = {mention_id: _number(value) for mention_id, value in bulk.chosen(sent).items()}
    outcomes = bulk.undo(console, sent.visitor, action, before, _number(sent.text("to")))
    return _told(request, console, sent.visitor, action, outcomes, undone=True)


def _action(sent: Submission) -> Action | None:
    """What was asked for; None where it names nothing. Raises NotAllowed."""
    wanted = sent.text("do")
    if wanted not in set(Action):
        return None
    action = Action(wanted)
    if not sent.visitor.staff.may(bulk.POWER[action]):
        raise NotAllowed(bulk.POWER[action])
    return action


def _missing(wanted: Wanted) -> str:
    if wanted.action in (Action.CLOSE, Action.ASIDE) and not wanted.reason:
        return "Say why: a decision without an answer needs a reason."
    if len(wanted.reason) > LONGEST_REASON:
        return f"The reason has {len(wanted.reason)} characters; {LONGEST_REASON} are enough. Shorten it."
    if wanted.action is Action.JOIN and not wanted.head:
        return "Choose the report that the others follow."
    return ""


def _preview(request: Request, console: Console, sent: Submission, action: Action, missing: str = "") -> Response:
    shown = bulk.show(console, sent.visitor, action, list(bulk.chosen(sent)))
    with console.product.database.read() as session:
        colleagues = _colleagues(session)
    return signed_in_page(
        request,
        console,
        sent.visitor,
        "bulk.html",
        422 if missing else 200,
        action=action,
        verb=WORDS[action][0],
        shown=shown,
        ready=[one for one in shown if not one.against],
        left=[one for one in shown if one.against],
        colleagues=colleagues,
        missing=missing,
        reason=sent.text("reason"),
        hold=round(console.product.desk.hold.total_seconds()),
    )


def _told(
    request: Request,
    console: Console,
    visitor: Visitor,
    action: Action,
    outcomes: Sequence[Outcome],
    hold: int = 0,
    to: int | None = None,
    *,
    undone: bool = False,
) -> Response:
    return signed_in_page(
        request,
        console,
        visitor,
        "bulk_done.html",
        action=action,
        was=WORDS[action][1],
        done=[one for one in outcomes if one.done],
        left=[one for one in outcomes if not one.done],
        hold=hold,
        to=to,
        undone=undone,
    )


def _nudge(console: Console, after: BackgroundTasks, mention_ids: list[int]) -> None:
    """Wake the worker for what was approved; it would find it by itself, a moment later."""
    with console.product.database.read() as session:
        requests = session.exec(
            select(ServiceRequest.id).where(
                col(ServiceRequest.mention_id).in_(mention_ids), ServiceRequest.state == RequestState.APPROVED
            )
        ).all()
        replies = session.exec(
            select(Reply.id).where(col(Reply.mention_id).in_(mention_ids), Reply.state == ReplyState.APPROVED)
        ).all()
    for job, ids in ((SUBMIT_REQUEST, requests), (SEND_REPLY, replies)):
        for one in ids:
            after.add_task(console.product.nudge, job, one)


def _colleagues(session: Session) -> Sequence[StaffUser]:
    return session.exec(select(StaffUser).where(col(StaffUser.active)).order_by(StaffUser.display_name)).all()


def _number(text: str) -> int | None:
    return int(text) or None if text.isdecimal() and text.isascii() and len(text) < 18 else None
