"""Where requests are filed besides the city's own system: another Open311 city, a department's mail, a webhook."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel

from models.database import UTCDateTime, str_enum


class DestinationKind(StrEnum):
    """How a request gets there."""

    OPEN311 = "open311"
    EMAIL = "email"
    WEBHOOK = "webhook"


class Destination(SQLModel, table=True):
    """One place that requests are filed with. Where none is named, a request goes to the city's own Open311.

    `settings_key` names the entry of the settings' `destinations` that holds what is secret: addresses of servers,
    keys, passwords. One entry may serve several rows, such as one mail server for every department.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, description="what staff call it, as the department is called")
    kind: DestinationKind = Field(sa_type=str_enum(DestinationKind))
    settings_key: str
    address: str = Field(default="", description="the department's e-mail address; of no other kind")
    jurisdiction_id: str = Field(default="", description="GeoReport v2; of kind open311")
    active: bool = Field(default=True, description="off: nothing is filed there; what is approved for it waits")
    changed_at: datetime = Field(sa_type=UTCDateTime)
    changed_by: int | None = Field(default=None, description="StaffUser.id of who changed it last")


class ServiceDestination(SQLModel, table=True):
    """Which service goes to which destination. A service without a row goes to the city's own Open311."""

    __tablename__ = "service_destination"

    service_code: str = Field(primary_key=True, foreign_key="service.service_code")
    destination_id: int = Field(foreign_key="destination.id")
    changed_at: datetime = Field(sa_type=UTCDateTime)
    changed_by: int | None = Field(default=None, description="StaffUser.id of who said so")


def destination_of(session: Session, service_code: str | None) -> Destination | None:
    """Where requests of a service are filed; None: with the city's own Open311."""
    chosen = session.get(ServiceDestination, service_code) if service_code else None
    return session.get(Destination, chosen.destination_id) if chosen else None
