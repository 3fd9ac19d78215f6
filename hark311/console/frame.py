"""What stands around every page of a signed-in person: the header, and whether single keys do anything."""

from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from hark311.console import channel_queries, queries
from hark311.console.pages import Console
from hark311.console.visits import Visitor

KEYS_COOKIE = "hark_keys"


def keys_on(request: Request) -> bool:
    """Whether this browser uses single-key shortcuts. They are on until somebody switches them off."""
    return request.cookies.get(KEYS_COOKIE) != "off"


def signed_in_page(
    request: Request, console: Console, visitor: Visitor, template: str, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page with the desk's header."""
    with console.product.database.read() as session:
        header = queries.header(session, visitor.id, channel_queries.count_unheard(session, console))
    return console.page(
        template, status, header=header, staff=visitor.staff, csrf=visitor.csrf, keys_on=keys_on(request), **context
    )
