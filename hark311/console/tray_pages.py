"""Failed deliveries: what each destination did not take, and buttons that say what they will do."""

from collections.abc import Callable

from fastapi import APIRouter, BackgroundTasks, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import words
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.tray_queries import tray_of
from hark311.console.visits import Approving, ConsoleHere, Supervising, Viewing
from models import scope_of
from models.job_names import SEND_REPLY, SUBMIT_REQUEST
from responders.redelivering import ELSEWHERE, Redelivered, give_up, retry, retry_all, says_filed, take_up
from responders.review import NotApproved
from responders.tray import Retry

router = APIRouter(prefix="/deliveries")


@router.get("")
def show_tray(request: Request, console: ConsoleHere, visitor: Viewing, done: str = "", left: str = "") -> Response:
    """`done`, `left`: how many of a bulk retry were tried again, and how many wait for a person."""
    with console.product.database.read() as session:
        scope = scope_of(session, visitor.staff).where()
        tray = tray_of(session, console.now(), console.city_time.clock, scope)
    return signed_in_page(
        request,
        console,
        visitor,
        "tray.html",
        tray=tray,
        trouble=words.TROUBLE,
        done=_whole(done),
        left=_whole(left),
    )


@router.post("/retry")
def retry_together(console: ConsoleHere, sent: Supervising, after: BackgroundTasks) -> Response:
    """Everything of one destination by which nothing is filed twice."""
    destination_id = _whole(sent.text("destination")) or None
    came = retry_all(console.product.desk, destination_id, sent.visitor.id)
    _nudge(console, came, after)
    return RedirectResponse(f"/deliveries?done={came.done}&left={came.left}", status_code=303)


@router.post("/{request_id}/retry")
def retry_one(console: ConsoleHere, sent: Approving, request_id: int, after: BackgroundTasks) -> Response:
    """What the button said; nothing where it would do something else by now."""

    def do() -> str:
        how = sent.text("how")
        if how not in set(Retry):
            raise NotApproved([ELSEWHERE])
        _nudge(console, retry(console.product.desk, request_id, sent.visitor.id, Retry(how)), after)
        return f"/deliveries?done=1#request-{request_id}"

    return _do(console, do)


@router.post("/{request_id}/has-it")
def has_it(console: ConsoleHere, sent: Approving, request_id: int, after: BackgroundTasks) -> Response:
    """Somebody asked them: it is there, under a number or without one."""

    def do() -> str:
        _nudge(console, says_filed(console.product.desk, request_id, sent.visitor.id, sent.text("number")), after)
        return "/deliveries"

    return _do(console, do)


@router.post("/{request_id}/take-up")
def take_it_up(console: ConsoleHere, sent: Approving, request_id: int) -> Response:
    """It comes back to the queue, in this person's hands."""
    return _do(console, lambda: f"/mentions/{take_up(console.product.desk, request_id, sent.visitor.id)}")


@router.post("/{request_id}/give-up")
def give_it_up(console: ConsoleHere, sent: Approving, request_id: int) -> Response:
    def do() -> str:
        give_up(console.product.desk, request_id, sent.visitor.id, sent.text("reason"))
        return "/deliveries"

    return _do(console, do)


def _nudge(console: Console, came: Redelivered, after: BackgroundTasks) -> None:
    for request_id in came.request_ids:
        after.add_task(console.product.nudge, SUBMIT_REQUEST, request_id)
    for reply_id in came.reply_ids:
        after.add_task(console.product.nudge, SEND_REPLY, reply_id)


def _do(console: Console, do: Callable[[], str]) -> Response:
    """Do it and lead on; where it was refused, say why."""
    try:
        return RedirectResponse(do(), status_code=303)
    except NotApproved as error:
        link = ("/deliveries", "Back to the failed deliveries")
        return console.page("trouble.html", 422, title="Nothing was done", sentences=error.reasons, typed={}, link=link)


def _whole(number: str) -> int:
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
