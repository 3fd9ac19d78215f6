"""Start links: an address and a QR code that begin a chat with a place or a problem filled in, to print and put up."""

import io
from dataclasses import dataclass, field

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup, escape
from sqlmodel import col, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import Approving, ConsoleHere, Viewing, Visitor
from models import Account, Channel, Service, StartLink
from responders.review import NotFound
from responders.start_links import NotMade, Wanted, make_link, revoke_link

router = APIRouter(prefix="/links")

BEGINS_AT = {Channel.TELEGRAM: "https://t.me/{handle}?start={token}"}
"""The channels whose chats can begin by a link, and how it reads. Source: Telegram, deep linking."""
FIELDS = ("label", "service_code", "address_string", "lat", "lon")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a link was not made, and what was typed."""

    reasons: list[str]
    typed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A link as the page shows it."""

    link: StartLink
    address: str
    service: str
    made_by: str


@router.get("")
def show_links(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("")
def make(request: Request, console: ConsoleHere, sent: Approving) -> Response:
    typed = {name: " ".join(sent.text(name).split()) for name in FIELDS}
    try:
        with console.product.database.write() as session:
            account = session.get(Account, _whole(sent.text("account")))
            if account is None or account.channel not in BEGINS_AT or account.retired_at is not None:
                raise NotMade(["Choose the account the chat begins with."])
            link = make_link(session, account.id or 0, _wanted(typed), sent.visitor.staff, console.now())
    except NotMade as error:
        return _show(request, console, sent.visitor, Refused(error.reasons, typed))
    return RedirectResponse(f"/links#link-{link.id}", status_code=303)


@router.get("/{link_id}")
def show_poster(request: Request, console: ConsoleHere, visitor: Viewing, link_id: int) -> Response:
    """One code on a page of its own, to print."""
    shown = next((one for one in _shown(console) if one.link.id == link_id and one.link.revoked_at is None), None)
    if shown is None or not shown.address:
        raise NotFound(f"There is no link {link_id} to print.")
    return signed_in_page(request, console, visitor, "poster.html", shown=shown, code=qr_code(shown.address))


@router.post("/{link_id}/revoke")
def revoke(console: ConsoleHere, sent: Approving, link_id: int) -> Response:
    with console.product.database.write() as session:
        link = session.get(StartLink, link_id, with_for_update=True)
        if link is None:
            raise NotFound(f"There is no link {link_id}.")
        revoke_link(session, link, sent.visitor.staff, console.now())
    return RedirectResponse("/links", status_code=303)


def qr_code(address: str, label: str = "QR code of the address") -> Markup:
    """An address as a QR code, for a page: black on white with its quiet zone, read with a quarter of it lost."""
    code = segno.make(address, error="q", micro=False)
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, nl=False, omitsize=True, svgclass="code", lineclass=None)
    labelled = drawn.getvalue().decode().replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
    return Markup(labelled)  # noqa: S704 - drawn here: squares, and nothing of the address in it


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        accounts = session.exec(
            select(Account).where(col(Account.channel).in_(list(BEGINS_AT)), col(Account.retired_at).is_(None))
        ).all()
        services = session.exec(
            select(Service).where(col(Service.active).is_(True)).order_by(Service.service_name)
        ).all()
    return signed_in_page(
        request,
        console,
        visitor,
        "links.html",
        422 if refused else 200,
        shown=_shown(console),
        accounts=accounts,
        services=services,
        refused=refused,
        typed=refused.typed if refused else {},
        qr_code=qr_code,
    )


def _shown(console: Console) -> list[Shown]:
    with console.product.database.read() as session:
        accounts = {one.id: one for one in session.exec(select(Account)).all()}
        services = dict(session.exec(select(Service.service_code, Service.service_name)).all())
        links = session.exec(
            select(StartLink).order_by(col(StartLink.revoked_at).is_not(None), col(StartLink.id).desc())
        ).all()
        people = names_of_staff(session, [one.made_by for one in links])
    return [
        Shown(one, _address(accounts.get(one.account_id), one), services.get(one.service_code, ""), _name(people, one))
        for one in links
    ]


def _name(people: dict[int, str], link: StartLink) -> str:
    return people.get(link.made_by or 0, "somebody")


def _address(account: Account | None, link: StartLink) -> str:
    """Where the link leads; "" until the channel has told us our name there."""
    form = BEGINS_AT.get(account.channel) if account and account.handle else None
    return form.format(handle=account.handle, token=link.token) if form and account else ""


def _wanted(typed: dict[str, str]) -> Wanted:
    lat, lon = _number(typed["lat"]), _number(typed["lon"])
    return Wanted(typed["label"], typed["service_code"], typed["address_string"], lat, lon)


def _number(text: str) -> float | None:
    """Degrees; None for an empty field. Raises NotMade for what is no number."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise NotMade(["Latitude and longitude are numbers, such as 39.9526 and -75.1652."]) from None
    if number != number:
        raise NotMade(["Latitude and longitude are numbers, such as 39.9526 and -75.1652."])
    return number


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
