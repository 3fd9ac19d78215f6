"""Services and service requests, with the field names of Open311 GeoReport v2 unchanged."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, event
from sqlmodel import Field, SQLModel, text

from models.database import UTCDateTime, json_column, str_enum
from models.lifecycle import RequestState


class Need(StrEnum):
    """What a service must know about the place before a crew can go."""

    POINT = "point"
    BLOCK = "block"
    ADDRESS = "address"
    NOTHING = "nothing"


class ServiceType(StrEnum):
    """GeoReport v2, GET services: how the city answers a new request."""

    REALTIME = "realtime"
    BATCH = "batch"
    BLACKBOX = "blackbox"


class PromiseMark(StrEnum):
    """How the promise of an open request stands, as the last look found it."""

    NEAR = "near"
    LATE = "late"


class Service(SQLModel, table=True):
    """A kind of problem the city takes reports about. Source: GeoReport v2, GET service list.

    `plain_name` is how a reply names the problem in the resident's words ("the pothole"), per language in
    `plain_names` (language tag -> words).
    """

    service_code: str = Field(primary_key=True)
    service_name: str
    description: str = ""
    group: str = ""
    keywords: str = ""
    has_definition: bool = Field(default=False, description="GeoReport's `metadata`, a name SQLModel reserves")
    type: ServiceType = Field(default=ServiceType.REALTIME, sa_type=str_enum(ServiceType))
    needs: Need = Field(default=Need.POINT, sa_type=str_enum(Need))
    plain_names: dict[str, str] = Field(default_factory=dict, sa_type=json_column())
    category: str | None = Field(
        default=None, description="the kind of problem it stands for; None: guessed from its names and keywords"
    )
    active: bool = True
    jurisdiction_id: str = Field(default="", description="whose it is, where the city's endpoint serves several")


REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that are mistaken for each other when read aloud


def new_reference() -> str:
    """Our own number for a request, like H-7QK4M2XD: 30**8 possibilities, nothing to guess from it."""
    return "H-" + "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(8))


_OPEN = "state = 'submitted' AND coalesce(status, '') != 'closed'"
_MARKED = "promise_mark IS NOT NULL"
OPEN_AT_CITY = text(
    "service_request.state = 'submitted' AND coalesce(service_request.status, '') != 'closed'"
    " AND (service_request.reopens_id IS NULL OR service_request.service_request_id IS NOT NULL)"
)
"""What the city has and has not closed, said to the database in so many words: no partial index answers parameters.

What opens a case again under its old number is not counted beside it."""


class ServiceRequest(SQLModel, table=True):
    """A report on its way to the city's system, and afterwards what that system says about it.

    `state` is our delivery; `status` (open, closed) and the fields around it are facts copied from the city.
    `promised_datetime` is the date we say: the city's `expected_datetime`, else what the service's calendar gives.
    `reference` is our own number, carried in the description so that a repeated POST can be proved (invariant 4).
    """

    __tablename__ = "service_request"
    __table_args__ = (
        Index("ix_service_request_mention", "mention_id"),
        Index("ix_service_request_joined", "joined_to_id"),
        Index("ix_service_request_due", "state", "not_before"),
        Index(
            "ix_service_request_promised",
            "promised_datetime",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index(
            "ix_service_request_marked",
            "promise_mark",
            "promised_datetime",
            sqlite_where=text(_MARKED),
            postgresql_where=text(_MARKED),
        ),
        Index(
            "uq_service_request_open_per_mention",
            "mention_id",
            "part",
            unique=True,
            sqlite_where=text("state != 'cancelled'"),
            postgresql_where=text("state != 'cancelled'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    part: int = Field(default=1, description="1 is what the mention is about first; a person added those above it")
    joined_to_id: int | None = Field(default=None, foreign_key="service_request.id")
    reference: str = Field(unique=True)
    state: RequestState = Field(default=RequestState.DRAFT, sa_type=str_enum(RequestState))
    state_reason: str = ""
    revision: int = Field(default=1, description="above 1 once a person changed it")
    changed_at: datetime = Field(sa_type=UTCDateTime)
    not_before: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    released_freeze_id: int | None = Field(
        default=None, description="newest Freeze.id that a supervisor let this one request through"
    )

    service_code: str | None = Field(default=None, foreign_key="service.service_code")
    description: str = ""
    address_string: str = ""
    lat: float | None = None
    long: float | None = None
    media_url: str = Field(default="", description="the address of their photo; see models.photo_links for one of ours")
    with_photo: bool = Field(default=True, description="the photo goes to the city, as the approver left it")
    attribute: dict[str, Any] = Field(default_factory=dict, sa_type=json_column())
    missing: list[str] = Field(
        default_factory=list, sa_type=json_column(), description="what a crew still needs to know"
    )

    jurisdiction_id: str = Field(default="", description="its service's, as it was filed")
    service_request_id: str | None = Field(default=None, index=True)
    token: str | None = None
    status: str | None = None
    status_notes: str = ""
    service_notice: str = ""
    agency_responsible: str = ""
    requested_datetime: datetime | None = Field(default=None, sa_type=UTCDateTime)
    updated_datetime: datetime | None = Field(default=None, sa_type=UTCDateTime)
    expected_datetime: datetime | None = Field(default=None, sa_type=UTCDateTime)
    promised_datetime: datetime | None = Field(default=None, sa_type=UTCDateTime)
    promise_mark: PromiseMark | None = Field(default=None, sa_type=str_enum(PromiseMark))
    approved_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    seen_post_id: int | None = Field(default=None, description="newest Post.id by the author that the approver saw")
    checked_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="when the city was last asked")
    reopens_id: int | None = Field(
        default=None, description="ServiceRequest.id of the closed one that this opens again, as it is not fixed"
    )
    answers_city: bool = Field(
        default=False, description="it opens nothing: it passes on what the resident answered about `reopens_id`"
    )
    destination_id: int | None = Field(
        default=None, description="Destination.id it was last filed with; None: the city's own Open311"
    )

    @property
    def waits_again(self) -> bool:
        """Whether it opens a closed case again, and no person has decided about it."""
        undecided = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)
        return self.reopens_id is not None and not self.answers_city and self.state in undecided

    @property
    def under_old_number(self) -> bool:
        """Whether it stands under the number of the request that it opens again, and has none of its own."""
        return self.reopens_id is not None and not self.service_request_id


@event.listens_for(ServiceRequest.expected_datetime, "set")
def _the_city_promises(request: ServiceRequest, expected: datetime | None, before: object, _event: object) -> None:
    """The city's date stands above ours, wherever it comes in; another date is another promise."""
    if expected is not None and expected != before:
        request.promised_datetime, request.promise_mark = expected, None
