"""What the channels' calls cost: this month and earlier ones, against the ceiling, and the prices reckoned with."""

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from hark311.console import spend_queries
from hark311.console.frame import signed_in_page
from hark311.console.visits import ConsoleHere, Viewing
from hark311.spending import after, dollars, month_of
from models import Channel

router = APIRouter()

PRICED = {
    "owned_read": "one of our mentions or own posts read with our own keys",
    "post_read": "any other post read",
    "user_read": "a person read, also one who comes along with a post",
    "message_read": "a private message read",
    "summoned_reply": "a reply to somebody who named us",
    "post_create": "a post that is no reply",
    "post_create_with_link": "a post or reply with a link in it",
    "message_create": "a private message sent",
    "post_delete": "a post deleted",
    "content_manage": "a reply hidden",
    "count_read": "a count of posts",
}


@router.get("/spend")
def show_spend(request: Request, console: ConsoleHere, visitor: Viewing, month: str = "") -> Response:
    now = console.now()
    first = spend_queries.month_named(month, now)
    ceilings = spend_queries.ceilings_of(console.product)
    with console.product.database.read() as session:
        accounts = spend_queries.months_of(session, first, now, ceilings)
    prices = console.product.prices
    return signed_in_page(
        request,
        console,
        visitor,
        "spend.html",
        accounts=accounts,
        month=first,
        earlier=month_of(first - timedelta(days=1)),
        later=first if first == month_of(now.date()) else after(first),
        prices=prices,
        priced=[(words, prices.of(Channel.X, what)) for what, words in PRICED.items()],
        dollars=dollars,
    )
