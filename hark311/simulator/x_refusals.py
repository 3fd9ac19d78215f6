"""How X refuses a call: problem bodies, and the ids and times it does not take."""

from datetime import datetime

from hark311.simulator.limits import SignIn
from hark311.simulator.spoken import Json
from hark311.simulator.store import ms_of

HIGHEST = 2**63 - 1
PROBLEMS = "https://api.twitter.com/2/problems/"


class Refused(Exception):
    """A call that X answers with a problem body."""

    def __init__(self, status: int, title: str, detail: str, kind: str = "about:blank", **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.body: Json = {"title": title, "detail": detail, "type": kind, "status": status, **more}


def forbidden(detail: str) -> Refused:
    """403 with X's sentence."""
    return Refused(403, "Forbidden", detail)


def invalid(detail: str, **more: object) -> Refused:
    """400 with what is wrong with which parameter."""
    return Refused(
        400,
        "Invalid Request",
        "One or more parameters to your request was invalid.",
        f"{PROBLEMS}invalid-request",
        errors=[{"message": detail, "parameters": more}],
    )


def too_many() -> Refused:
    """The refusal for a spent rate limit."""
    return Refused(429, "Too Many Requests", "Too Many Requests")


def unauthorized() -> Refused:
    """The refusal for wrong keys."""
    return Refused(401, "Unauthorized", "Unauthorized")


def id_of(written: object, parameter: str) -> int:
    """A post or user id. Raises Refused (400) for anything but a number of at most 63 bits."""
    text = str(written)
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > HIGHEST:
        raise invalid(f"`{parameter}` is not a valid id", **{parameter: [text[:40]]})
    return int(text)


def user_only(sign_in: SignIn) -> None:
    """Raises Refused (403) for an app's own token."""
    if sign_in != "user":
        raise Refused(
            403,
            "Unsupported Authentication",
            "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.",
            f"{PROBLEMS}unsupported-authentication",
        )


def moment_of(written: str | None) -> int | None:
    """A time in milliseconds since 1970; None for None. Raises Refused (400)."""
    if written is None:
        return None
    try:
        return ms_of(datetime.fromisoformat(written.replace("Z", "+00:00")))
    except ValueError as error:
        raise invalid("a time looks like 2026-11-21T12:00:00Z", time=[written]) from error
