"""The channels page, and the one page that needs nobody signed in: /health."""

from datetime import timedelta

from fastapi import APIRouter, Request
from sqlmodel import col, func, select
from starlette.responses import JSONResponse, RedirectResponse, Response

from hark311 import retiring
from hark311.console import channel_queries, queries, queue_queries, spend_queries, upkeep
from hark311.console.frame import signed_in_page
from hark311.console.status_link_pages import links_by_account
from hark311.console.views import BY_KEY
from hark311.console.visits import Approving, ConsoleHere, Supervising, Viewing
from listeners import backfill
from models import Account, Alarm, Power
from models.job_names import UNDERSTAND
from responders.review import NotFound

router = APIRouter()

COUNTED = {"waiting": "now", "on_its_way": "sent", "uncertain": "uncertain", "refused": "refused"}
"""What /health counts -> the view that holds it."""


@router.get("/channels")
def show_channels(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    with console.product.database.read() as session:
        channels = channel_queries.channel_states(session, console, whole=True)
        unreadable = queries.unreadable_posts(session)
        gives_links = links_by_account(session) if console.product.settings.status_page else {}
    return signed_in_page(
        request,
        console,
        visitor,
        "channels.html",
        channels=channels,
        unreadable=unreadable,
        limits=spend_queries.limits_of(console.product, console.now()),
        supervisor=visitor.staff.may(Power.SUPERVISE),
        gives_links=gives_links,
    )


@router.post("/channels/{account_id}/backfill")
async def decide_backfill(console: ConsoleHere, sent: Approving, account_id: int) -> Response:
    """Take in what was written before we began, all of it or the last days before; or leave it."""
    days, now, by = sent.text("days").strip(), console.now(), f"staff:{sent.visitor.id}"
    with console.product.database.write() as session:
        account = session.get(Account, account_id, with_for_update=True)
        if account is None:
            raise NotFound(f"There is no account {account_id}.")
        newest = days.isdecimal() and len(days) < 5
        since = (account.began_at or now) - timedelta(days=int(days)) if newest else None
        if sent.text("do") == "leave":
            backfill.leave(session, account_id, by, now)
        else:
            backfill.take_in(session, account_id, since, by, now)
    await console.product.nudge(UNDERSTAND)
    return RedirectResponse(f"/channels#account-{account_id}", status_code=303)


@router.post("/channels/{account_id}/retire")
def retire(console: ConsoleHere, sent: Supervising, account_id: int) -> Response:
    """Retire an account, or bring it back."""
    with console.product.database.write() as session:
        account = session.get(Account, account_id, with_for_update=True)
        if account is None:
            raise NotFound(f"There is no account {account_id}.")
        change = retiring.bring_back if sent.text("do") == "bring back" else retiring.retire
        change(session, account, f"staff:{sent.visitor.id}", console.now())
    return RedirectResponse(f"/channels#account-{account_id}", status_code=303)


@router.post("/gaps/{gap_id}/close")
def close_gap(console: ConsoleHere, sent: Approving, gap_id: int) -> Response:
    with console.product.database.write() as session:
        if not upkeep.close_gap(session, gap_id, sent.visitor.staff, console.now()):
            raise NotFound(f"There is no gap {gap_id}.")
    return RedirectResponse("/channels", status_code=303)


@router.post("/unreadable/{post_id}/close")
def close_unreadable(console: ConsoleHere, sent: Approving, post_id: int) -> Response:
    with console.product.database.write() as session:
        if not upkeep.close_unreadable(session, post_id, sent.visitor.staff, console.now()):
            raise NotFound(f"There is no unreadable post {post_id}.")
    return RedirectResponse("/channels#unreadable", status_code=303)


@router.get("/health")
def health(console: ConsoleHere) -> Response:
    """Counts for whoever watches over the product; nothing about a resident, a person at the desk or a key."""
    with console.product.database.read() as session:
        counts = {name: queue_queries.count(session, BY_KEY[key], 0).number for name, key in COUNTED.items()}
        open_alarms = select(func.count()).select_from(Alarm).where(col(Alarm.acknowledged_at).is_(None))
        counts["open_alarms"] = session.exec(open_alarms).one()
        counts["arriving"] = queue_queries.arriving(session).number
        counts["unheard"] = channel_queries.count_unheard(session, console)
        counts["unreadable"] = queries.count_unreadable(session).number
        accounts = {account.name: account.stands.value for account in session.exec(select(Account)).all()}
    return JSONResponse({"status": "ok", **counts, "channels": accounts})
