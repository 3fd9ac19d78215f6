"""Freeze everything: one press by any approver; thawed by a supervisor, one reply at a time or all at once."""

from collections.abc import Sequence

from fastapi import APIRouter, BackgroundTasks, Request
from sqlmodel import col, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.freeze_queries import account_name, held_of
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import Approving, ConsoleHere, Submission, Supervising, Viewing, Visitor
from models import (
    Account,
    Freeze,
    StaffUser,
)
from models.job_names import SEND_REPLY, SUBMIT_REQUEST
from responders.freezing import freeze, let_request_through, let_through, thaw, under_way
from responders.review import NotApproved

router = APIRouter(prefix="/freeze")


@router.get("")
def show_freeze(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("")
def press(request: Request, console: ConsoleHere, sent: Approving) -> Response:
    """Stop everything, on all accounts or on one."""
    account = sent.text("account")
    account_id = int(account) if account.isdecimal() and len(account) < 10 else None
    try:
        with console.product.database.write() as session:
            staff = session.get_one(StaffUser, sent.visitor.id)
            freeze(session, staff, sent.text("why"), account_id, console.now())
    except NotApproved as error:
        return _show(request, console, sent.visitor, error.reasons)
    return RedirectResponse("/freeze", status_code=303)


@router.post("/thaw")
def thaw_all(console: ConsoleHere, sent: Supervising) -> Response:
    return _thaw(console, sent, None)


@router.post("/{freeze_id}/thaw")
def thaw_one(console: ConsoleHere, sent: Supervising, freeze_id: int) -> Response:
    return _thaw(console, sent, freeze_id)


@router.post("/replies/{reply_id}/let-through")
def release_reply(
    request: Request, console: ConsoleHere, sent: Supervising, reply_id: int, after: BackgroundTasks
) -> Response:
    """One reply leaves, with its request, though it is frozen."""
    try:
        with console.product.database.write() as session:
            let_through(session, session.get_one(StaffUser, sent.visitor.id), reply_id, console.now())
    except NotApproved as error:
        return _show(request, console, sent.visitor, error.reasons)
    after.add_task(console.product.nudge, SEND_REPLY, reply_id)
    return RedirectResponse("/freeze", status_code=303)


@router.post("/requests/{request_id}/let-through")
def release_request(
    request: Request, console: ConsoleHere, sent: Supervising, request_id: int, after: BackgroundTasks
) -> Response:
    """One request that no reply goes with is filed though it is frozen."""
    try:
        with console.product.database.write() as session:
            let_request_through(session, session.get_one(StaffUser, sent.visitor.id), request_id, console.now())
    except NotApproved as error:
        return _show(request, console, sent.visitor, error.reasons)
    after.add_task(console.product.nudge, SUBMIT_REQUEST, request_id)
    return RedirectResponse("/freeze", status_code=303)


def _thaw(console: Console, sent: Submission, freeze_id: int | None) -> Response:
    with console.product.database.write() as session:
        thaw(session, session.get_one(StaffUser, sent.visitor.id), freeze_id, console.now())
    return RedirectResponse("/freeze", status_code=303)


def _show(request: Request, console: Console, visitor: Visitor, reasons: Sequence[str] = ()) -> Response:
    with console.product.database.read() as session:
        accounts = session.exec(select(Account).where(col(Account.retired_at).is_(None)).order_by(Account.name)).all()
        held, elsewhere = held_of(session, visitor.staff)
        ended = session.exec(
            select(Freeze).where(col(Freeze.thawed_at).is_not(None)).order_by(col(Freeze.id).desc()).limit(20)
        ).all()
        people = names_of_staff(session, [one for row in ended for one in (row.frozen_by, row.thawed_by)])
        sending = under_way(session)
    return signed_in_page(
        request,
        console,
        visitor,
        "freeze.html",
        422 if reasons else 200,
        accounts=[(one.id, account_name(one)) for one in accounts],
        held=held,
        elsewhere=elsewhere,
        ended=ended,
        people=people,
        sending=sending,
        reasons=reasons,
    )
