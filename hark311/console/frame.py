"""What stands around every page of a signed-in person: the header, the menu, their colours and their keys."""

from typing import Any

from fastapi import Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from hark311.console import channel_queries, keymap, navigation, queries
from hark311.console.freeze_queries import frozen_now
from hark311.console.pages import Console
from hark311.console.visits import Visitor
from models import Role, StaffUser, preference_of


def signed_in_page(
    request: Request, console: Console, visitor: Visitor, template: str, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page with the desk's header."""
    with console.product.database.read() as session:
        frame = _frame(session, console, visitor)
    return console.page(
        template, status, **frame, staff=visitor.staff, csrf=visitor.csrf, here_at=request.url.path, **context
    )


def _frame(session: Session, console: Console, visitor: Visitor) -> dict[str, Any]:
    liked = preference_of(session, visitor.id)
    keys = keymap.keys_of(liked.keys)
    today = console.city_time.today(console.now())
    return {
        "header": queries.header(session, visitor.id, channel_queries.count_unheard(session, console), today),
        "freezes": frozen_now(session),
        "theme": liked.theme,
        "keys_on": liked.single_keys,
        "key_of": keys,
        "pressed": keymap.pressed(keys) if liked.single_keys else {},
        "keymap": keymap,
        **_menu(visitor.staff),
    }


def _menu(staff: StaffUser) -> dict[str, Any]:
    return {
        "sections": navigation.sections(staff),
        "foremost": navigation.foremost(staff),
        "home": navigation.landing(staff),
        "guest": staff.role == Role.CHAT_GUEST,
    }
