"""What an answer of the city's system to a POST means for us: taken, refused, to be tried later, or in doubt."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from models.open311 import ErrorShape, RequestShape, entries_of
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.open311_calls import Answer, Broken, NotSent

TRY_AGAIN = timedelta(seconds=30)
LONGEST_SAID = 500
"""So much of a refusal's words is kept, in characters."""
_DUPLICATE = re.compile(r"\b(?:duplicates?|already)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w-])(?:[A-Z]{1,5}-?)?\d{3,20}(?![\w-])")


@contextmanager
def uncertain_if_broken(clock: Callable[[], datetime], doing: str) -> Iterator[None]:
    """Name what a call that brought no answer means: SendDeferred if nothing left us, else SendUncertain."""
    try:
        yield
    except NotSent as error:
        raise SendDeferred(clock() + TRY_AGAIN, "The city's system could not be reached.") from error
    except Broken as error:
        raise SendUncertain(f"The connection to the city's system broke while we were {doing}.") from error


def as_decision(answer: Answer, clock: Callable[[], datetime]) -> list[Any]:
    """The entries of a good answer. Raises SendRefused, SendDeferred or SendUncertain for any other."""
    if answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
        raise SendDeferred(
            clock() + timedelta(seconds=_seconds(answer.headers.get("retry-after"))),
            "The city's system asks us to wait.",
        )
    if 300 <= answer.status < 400:  # followed, the POST would become a GET, and somebody else's number our answer
        raise SendRefused("The city's system has moved to another address; somebody has to change the setting.")
    if 400 <= answer.status < 500:
        said = said_by(answer)
        if number := duplicate_named(said):
            raise SendRefused(
                f"The city's system says it has this already, as {number}: {said}. "
                "Look there; join it to that request, or close it with that number.",
                duplicate_of=number,
            )
        raise SendRefused(f"The city's system refused this request: {said}.", credentials=answer.status in (401, 403))
    if not 200 <= answer.status < 300:
        raise SendUncertain(f"The city's system answered {answer.status} while we were filing.")
    try:
        return entries_of(answer.content())
    except ValueError as error:
        raise SendUncertain("The city's system answered something we cannot read.") from error


def said_by(answer: Answer) -> str:
    """Why it refused, in its own words; its status where it says nothing."""
    try:
        errors = [ErrorShape.model_validate(one) for one in entries_of(answer.content())]
    except (ValueError, ValidationError):
        return f"status {answer.status}"
    said = "; ".join(one.description for one in errors if one.description)[:LONGEST_SAID]
    return said or f"status {answer.status}"


def duplicate_named(said: str) -> str:
    """The number of the request that a refusal calls this one's original; "" where it names none.

    Boston's endpoint refuses a repeat with 400 and names the request it has.
    """
    found = _DUPLICATE.search(said)
    numbers = _NUMBER.findall(said) if found else []
    return str(numbers[-1]) if len(set(numbers)) == 1 else ""


def known_as(listed: Sequence[RequestShape], asked: Sequence[str]) -> dict[str, RequestShape]:
    """Those of a list that were asked for, by the number we asked with: a JSON number has lost its leading zeros."""
    plain = {one.lstrip("0"): one for one in asked}
    found: dict[str, RequestShape] = {}
    for shape in listed:
        number = shape.service_request_id
        ours = number if number in asked else plain.get(number.lstrip("0"))
        if ours:
            found[ours] = shape.model_copy(update={"service_request_id": ours})
    return found


def _seconds(header: str | None) -> float:
    try:
        return min(max(math.ceil(float(header or 30)), 1), 3600)
    except (ValueError, OverflowError):
        return 30
