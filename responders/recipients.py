"""Who takes requests: the city's own system, another city's, a department's mail, a webhook. One way to file with all.

A recipient is told of a `Filing`: what was approved, under a key that stays the same while nobody can be sure of the
attempts before it (invariant 4).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlmodel import Session, select

from models import (
    Destination,
    SendAttempt,
    Service,
    ServiceAttribute,
    ServiceRequest,
)
from models.open311 import RequestShape
from models.photo_links import copy_of, open_link
from responders.city_again import TOLD, tell_again, was_told
from responders.errors import NotSetUp
from responders.filing_attempts import first_in_doubt
from responders.open311 import CityUnreachable, Filed, Open311City
from responders.protocol import CannotTell, ProvedAbsent


class NotListed(CannotTell):
    """Its list was read and does not hold our reference, which proves nothing: it may not show everything."""


@dataclass(frozen=True, slots=True)
class TakesItOnce:
    """No proof either way, but the recipient takes the same key only once: it may be told again under that key."""

    why: str


Proof = Filed | ProvedAbsent | CannotTell | TakesItOnce


@dataclass(frozen=True, slots=True)
class Filing:
    """One request as its recipient is told of it.

    `first` is the first of the attempts that may have had an effect, this one itself where there is no other. `key` is
    our reference and that attempt's number, "H-7QK4M2XD-1". `answers` are the service's questions and what was
    answered, in words. `reopens` is the request with the same recipient that this one opens again, or tells more of.
    `media_url` is where anybody finds their photo, `photo` our own copy of it, a JPEG, where no channel shows it.
    """

    request: ServiceRequest
    first: SendAttempt
    key: str
    service_name: str = ""
    answers: Sequence[tuple[str, str]] = ()
    reopens: ServiceRequest | None = None
    media_url: str = ""
    photo: bytes | None = None

    @property
    def known_number(self) -> str:
        """The number under which the recipient knows what this is about; "" where it is new."""
        return (self.reopens.service_request_id or self.reopens.reference) if self.reopens else ""


class Recipient(Protocol):
    """Takes requests, one attempt at a time."""

    async def file(self, filing: Filing) -> Filed:
        """Exactly one attempt. Raises SendRefused, SendDeferred or SendUncertain."""
        ...

    async def find_filed(self, filing: Filing) -> Proof:
        """Whether an earlier attempt is there. Raises CityUnreachable where it could not be asked."""
        ...

    async def facts(self, filing: Filing, filed: Filed) -> RequestShape | None:
        """What it says of a request it took: status, promised date. None where it says nothing yet."""
        ...


OpenRecipient = Callable[[Destination], Recipient]
"""The recipient of a destination. Raises NotSetUp."""


def no_other(destination: Destination) -> Recipient:
    """Where only the city's own system takes requests. Raises NotSetUp."""
    raise NotSetUp(f"{destination.name} is not set up here.")


@dataclass(frozen=True, slots=True)
class CityRecipient:
    """A city's Open311 system as a recipient."""

    city: Open311City

    async def file(self, filing: Filing) -> Filed:
        told = await tell_again(self.city, filing.reopens, filing.request, filing.first.started_at, filing.media_url)
        return told or await self.city.file(filing.request, filing.media_url, filing.photo)

    async def find_filed(self, filing: Filing) -> Proof:
        proof = await self.city.find_filed(filing.first, filing.request)
        if not isinstance(proof, Filed):
            told = await was_told(self.city, filing.reopens, filing.request, filing.first.started_at)
            if told is not None:
                return TOLD if told else TakesItOnce("the city takes the same update once")
        return NotListed(proof.why) if isinstance(proof, CannotTell) else proof

    async def facts(self, filing: Filing, filed: Filed) -> RequestShape | None:
        """Promise date and status, which the answer to a POST does not hold."""
        if not filed.service_request_id:
            return None
        try:
            listed = await self.city.by_ids([filed.service_request_id], filing.request.jurisdiction_id)
            return next(iter(listed), None)
        except CityUnreachable:
            return None


def filing_of(session: Session, request: ServiceRequest, attempt: SendAttempt, photos_at: str = "") -> Filing:
    """What a recipient is told in this attempt. `photos_at`: where anybody reaches our pages; "": nowhere."""
    media_url = request.media_url if request.with_photo else ""
    first = first_in_doubt(session, request) or attempt
    service = session.get(Service, request.service_code) if request.service_code else None
    return Filing(
        request=request,
        first=first,
        key=f"{request.reference}-{first.idempotency_key.rpartition('-')[2]}",
        service_name=service.service_name if service else "",
        answers=_answers(session, request),
        reopens=_reopened(session, request),
        media_url=open_link(session, media_url, request.mention_id, photos_at),
        photo=copy_of(session, media_url, request.mention_id),
    )


def _reopened(session: Session, request: ServiceRequest) -> ServiceRequest | None:
    """The request that one opens again or tells more of, if the same recipient has it under its number."""
    closed = session.get(ServiceRequest, request.reopens_id) if request.reopens_id else None
    return closed if closed and closed.destination_id == request.destination_id else None


def _answers(session: Session, request: ServiceRequest) -> list[tuple[str, str]]:
    asked = session.exec(select(ServiceAttribute).where(ServiceAttribute.service_code == request.service_code)).all()
    questions = {one.code: one for one in asked}
    return [
        (questions[code].description or code if code in questions else code, _in_words(value, questions.get(code)))
        for code, value in request.attribute.items()
    ]


def _in_words(value: Any, question: ServiceAttribute | None) -> str:
    names = {str(one.get("key")): str(one.get("name")) for one in question.values} if question else {}
    chosen = value if isinstance(value, list) else [value]
    return ", ".join(names.get(str(one), str(one)) for one in chosen)
