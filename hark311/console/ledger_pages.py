"""The ledger of intake: what came in on each account, day by day, and whether it balances."""

from datetime import date, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from hark311.console.frame import signed_in_page
from hark311.console.visits import ConsoleHere, Viewing
from hark311.ledger import COLUMNS, DAYS, AccountLedger, ledger_of
from models import CHANNELS, Channel

router = APIRouter()

LONGEST = 92


@router.get("/ledger")
def show_ledger(request: Request, console: ConsoleHere, visitor: Viewing, days: int = DAYS) -> Response:
    span = min(max(days, 1), LONGEST)
    found = ledger_of(console.product.database, console.now(), span)
    dates = [found.since + timedelta(days=number) for number in range(span)]
    return signed_in_page(
        request,
        console,
        visitor,
        "ledger.html",
        ledger=found,
        span=span,
        columns=COLUMNS,
        labels={channel.value: CHANNELS[channel].label for channel in Channel},
        charts={one.name: _bars(one, dates) for one in found.accounts},
    )


def _bars(account: AccountLedger, dates: list[date]) -> list[int]:
    """Posts to us on each day, the oldest first, 0 where nothing came."""
    by_day = {day.day: day.counted["mentions"] for day in account.days}
    return [by_day.get(day, 0) for day in dates]
