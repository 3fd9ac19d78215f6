"""Who asks and what they typed: session and visit cookies, form tokens, submitted forms.

Every POST carries a token bound to the cookie of the browser that got the page; without it nothing is done, and what
was typed is shown again for copying.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from hark311.console.auth import SEEN_TO, SESSION_LASTS, saw, visit_of_session
from hark311.console.guard import LOOPBACK_NAMES, name_of
from hark311.console.pages import Console
from hark311.console.reach import as_id, require_reach
from models import ChatPart, Power, Role, SignIn, StaffUser
from models.chats import RUNS_IT
from responders.chats.people import guest_until, part_of

SESSION_COOKIE = "hark_session"
VISIT_COOKIE = "hark_visit"
STEP_COOKIE = "hark_step"
"""Of a browser whose password or link was right and whose second step is still to come."""
TOKEN_FIELD = "csrf"  # noqa: S105 - the name of a form field
FIELD_LIMIT = 300

SHOWN_FIELDS = {
    "reply_text": "Reply",
    "description": "Description of the request",
    "address_string": "Place",
    "lat": "Latitude",
    "long": "Longitude",
    "reason": "Reason",
    "call": "Who answers",
    "number": "Number",
    "note": "Note",
    "why": "Why",
    "appeal": "Appeal",
    "words": "Words",
    "about": "What it is about",
    "answer": "Answer",
}


class NotSignedIn(Exception):
    """Nobody is signed in with this browser."""


class NotAllowed(Exception):
    """The person's role has not the power that this needs."""

    def __init__(self, power: Power) -> None:
        super().__init__(power)
        self.power = power


class NeedsSecondStep(Exception):
    """The person's role signs in with a second step, and they have not set one up yet."""


class NotForGuests(Exception):
    """A guest of a tweet chat asked for what the desk alone reads."""


class NotInChat(Exception):
    """The person takes no part in the chat, or not the part that this needs."""

    def __init__(self, *, as_guest: bool) -> None:
        super().__init__(as_guest)
        self.as_guest = as_guest


class Forged(Exception):
    """A form came without the token of the browser it was given to."""


def console_of(request: Request) -> Console:
    console: Console = request.app.state.console
    return console


ConsoleHere = Annotated[Console, Depends(console_of)]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person, the secret of their session, the token of their forms, and the session itself."""

    staff: StaffUser
    secret: str
    csrf: str
    session: SignIn

    @property
    def id(self) -> int:
        return self.staff.id or 0


def arriving(request: Request, console: ConsoleHere) -> Visitor:
    """The person signed in with this browser, whether or not their second step is set up. Raises NotSignedIn.

    The sign-in of a chat's guest ends with the last of their chats.
    """
    secret, now = request.cookies.get(SESSION_COOKIE, ""), console.now()
    with console.product.database.read() as session:
        found = visit_of_session(session, secret, now) if secret else None
        over = found is not None and is_over_for(session, found[0], now)
    if found is None or over:
        raise NotSignedIn
    staff, visit = found
    if visit.seen_at is None or now - visit.seen_at >= SEEN_TO:
        with console.product.database.write() as session:
            saw(session, visit, now)
    return Visitor(staff, secret, token_for(console.product.secret_key, secret), visit)


Arriving = Annotated[Visitor, Depends(arriving)]


def is_over_for(session: Session, staff: StaffUser, now: datetime) -> bool:
    """Whether somebody is a guest all of whose chats are over."""
    if staff.role != Role.CHAT_GUEST:
        return False
    until = guest_until(session, staff.id or 0)
    return until is None or until <= now


def coming_in(request: Request, console: ConsoleHere) -> Visitor:
    """Anybody signed in, a chat's guest too: for their own pages. Raises NotSignedIn, NeedsSecondStep, OutOfReach."""
    visitor = arriving(request, console)
    if not visitor.staff.totp_secret and visitor.staff.role in console.product.settings.second_step_roles:
        raise NeedsSecondStep
    if request.path_params:
        with console.product.database.read() as session:
            require_reach(session, visitor.staff, request.path_params)
    return visitor


ComingIn = Annotated[Visitor, Depends(coming_in)]


def viewing(request: Request, console: ConsoleHere) -> Visitor:
    """Somebody of the desk looking at a page. Raises what coming_in raises, and NotForGuests."""
    visitor = coming_in(request, console)
    if visitor.staff.role == Role.CHAT_GUEST:
        raise NotForGuests
    return visitor


Viewing = Annotated[Visitor, Depends(viewing)]


@dataclass(frozen=True, slots=True)
class ChatVisitor:
    """Somebody looking at a page of a chat. `part` None: of the desk, and in no part of this chat: they only look."""

    visitor: Visitor
    part: ChatPart | None

    @property
    def runs_it(self) -> bool:
        return self.part in RUNS_IT


def viewing_chat(request: Request, console: ConsoleHere) -> ChatVisitor:
    """Whoever takes part in the chat of the address, and the desk. Raises what coming_in raises, and NotInChat.

    A guest reads their own chats only, for as long as those are open to them.
    """
    visitor = coming_in(request, console)
    with console.product.database.read() as session:
        chat, staff = as_id(request.path_params["chat_id"]), visitor.staff
        part = part_of(session, chat, staff)
        until = guest_until(session, visitor.id, chat) if staff.role == Role.CHAT_GUEST else None
    if staff.role == Role.CHAT_GUEST and (part is None or until is None or until <= console.now()):
        raise NotForGuests
    return ChatVisitor(visitor, part)


ViewingChat = Annotated[ChatVisitor, Depends(viewing_chat)]


def viewing_plan(there: ViewingChat) -> ChatVisitor:
    """The same, a guest only where they run the chat too. Raises NotForGuests."""
    if there.visitor.staff.role == Role.CHAT_GUEST and not there.runs_it:
        raise NotForGuests
    return there


ViewingPlan = Annotated[ChatVisitor, Depends(viewing_plan)]


async def read_fields(request: Request) -> Mapping[str, str]:
    """The text fields of a submitted form. Files and repeated fields are left out, and NUL, which no database keeps."""
    form: FormData = await request.form(max_files=0, max_fields=FIELD_LIMIT)
    fields = {name: value.replace("\0", "") for name, value in form.items() if isinstance(value, str)}
    request.state.typed = typed(fields)
    return fields


Fields = Annotated[Mapping[str, str], Depends(read_fields)]


@dataclass(frozen=True, slots=True)
class Submission:
    """A form a signed-in person sent, its token proved."""

    visitor: Visitor
    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        """A field's text with plain line ends, "" where it is absent."""
        return self.fields.get(name, "").replace("\r\n", "\n")


def submitting(fields: Fields, request: Request, console: ConsoleHere) -> Submission:
    """A signed-in person's form. Raises NotSignedIn or Forged."""
    visitor = viewing(request, console)
    require_token(fields, visitor.csrf)
    return Submission(visitor, fields)


Submitting = Annotated[Submission, Depends(submitting)]


def submitting_coming_in(fields: Fields, request: Request, console: ConsoleHere) -> Submission:
    """The same from a chat's guest too: forms of their own pages. Raises NotSignedIn or Forged."""
    visitor = coming_in(request, console)
    require_token(fields, visitor.csrf)
    return Submission(visitor, fields)


SubmittingComingIn = Annotated[Submission, Depends(submitting_coming_in)]


def taking_part(fields: Fields, there: ViewingChat) -> Submission:
    """The form of somebody who takes part in the chat of the address, as a guest too. Raises NotInChat or Forged."""
    if there.part is None:
        raise NotInChat(as_guest=True)
    require_token(fields, there.visitor.csrf)
    return Submission(there.visitor, fields)


def running_chat(fields: Fields, there: ViewingChat) -> Submission:
    """The form of a host, co-host or moderator of the chat of the address. Raises NotInChat or Forged."""
    if not there.runs_it:
        raise NotInChat(as_guest=False)
    require_token(fields, there.visitor.csrf)
    return Submission(there.visitor, fields)


TakingPart = Annotated[Submission, Depends(taking_part)]
RunningChat = Annotated[Submission, Depends(running_chat)]


def submitting_on_arrival(fields: Fields, request: Request, console: ConsoleHere) -> Submission:
    """The same from somebody whose second step may not be set up yet. Raises NotSignedIn or Forged."""
    visitor = arriving(request, console)
    require_token(fields, visitor.csrf)
    return Submission(visitor, fields)


SubmittingOnArrival = Annotated[Submission, Depends(submitting_on_arrival)]


def _with(power: Power) -> Callable[[Submission], Submission]:
    def allowed(sent: Submitting) -> Submission:
        """The form of somebody who has the power. Raises NotAllowed."""
        if not sent.visitor.staff.may(power):
            raise NotAllowed(power)
        return sent

    return allowed


Drafting = Annotated[Submission, Depends(_with(Power.DRAFT))]
Approving = Annotated[Submission, Depends(_with(Power.APPROVE))]
Moderating = Annotated[Submission, Depends(_with(Power.MODERATE))]
Supervising = Annotated[Submission, Depends(_with(Power.SUPERVISE))]
Administering = Annotated[Submission, Depends(_with(Power.ADMINISTER))]


def viewing_with(power: Power) -> Callable[[Visitor], Visitor]:
    """A dependency for pages that only some may even see. Raises NotAllowed."""

    def allowed(visitor: Viewing) -> Visitor:
        if not visitor.staff.may(power):
            raise NotAllowed(power)
        return visitor

    return allowed


def token_for(secret_key: str, cookie: str) -> str:
    """The form token of one browser: an HMAC of its cookie."""
    return hmac.new(secret_key.encode(), b"form:" + cookie.encode(), sha256).hexdigest()


def require_token(fields: Mapping[str, str], expected: str) -> None:
    """Raises Forged unless the form carries the expected token; "" is expected of a browser that was given none."""
    if not expected or not hmac.compare_digest(fields.get(TOKEN_FIELD, "").encode(), expected.encode()):
        raise Forged


def visit_of(request: Request) -> tuple[str, bool]:
    """The cookie that binds forms before anybody is signed in, and whether it is new."""
    found = request.cookies.get(VISIT_COOKIE, "")
    return (found, False) if found else (secrets.token_urlsafe(16), True)


def set_cookie(response: Response, request: Request, name: str, value: str, seconds: int | None = None) -> None:
    """A cookie only this site and no script can read; over TLS only, except on loopback."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=name_of(request.headers.get("host", "")) not in LOOPBACK_NAMES,
    )


def keep_session(response: Response, request: Request, secret: str) -> None:
    set_cookie(response, request, SESSION_COOKIE, secret, int(SESSION_LASTS.total_seconds()))
    for name in (VISIT_COOKIE, STEP_COOKIE):
        response.delete_cookie(name, path="/")


def typed(fields: Mapping[str, str]) -> dict[str, str]:
    """What a person typed, with the name of each field, for a page that could not do what they asked."""
    return {label: fields[name] for name, label in SHOWN_FIELDS.items() if fields.get(name, "").strip()}
