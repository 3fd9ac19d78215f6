"""Who asks and what they typed: session and visit cookies, form tokens, submitted forms.

Every POST carries a token bound to the cookie of the browser that got the page; without it nothing is done, and what
was typed is shown again for copying.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from hark311.console.auth import SEEN_TO, SESSION_LASTS, saw, visit_of_session
from hark311.console.guard import LOOPBACK_NAMES, name_of
from hark311.console.pages import Console
from hark311.console.reach import require_reach
from models import Power, SignIn, StaffUser

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
    """The person signed in with this browser, whether or not their second step is set up. Raises NotSignedIn."""
    secret, now = request.cookies.get(SESSION_COOKIE, ""), console.now()
    with console.product.database.read() as session:
        found = visit_of_session(session, secret, now) if secret else None
    if found is None:
        raise NotSignedIn
    staff, visit = found
    if visit.seen_at is None or now - visit.seen_at >= SEEN_TO:
        with console.product.database.write() as session:
            saw(session, visit, now)
    return Visitor(staff, secret, token_for(console.product.secret_key, secret), visit)


Arriving = Annotated[Visitor, Depends(arriving)]


def viewing(request: Request, console: ConsoleHere) -> Visitor:
    """The signed-in person looking at a page. Raises NotSignedIn, NeedsSecondStep, or OutOfReach of their scope."""
    visitor = arriving(request, console)
    if not visitor.staff.totp_secret and visitor.staff.role in console.product.settings.second_step_roles:
        raise NeedsSecondStep
    if request.path_params:
        with console.product.database.read() as session:
            require_reach(session, visitor.staff, request.path_params)
    return visitor


Viewing = Annotated[Visitor, Depends(viewing)]


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
