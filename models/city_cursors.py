"""How far we have heard what the city's system lists by time."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, str_enum


class CityList(StrEnum):
    """What is asked of the city by time."""

    UPDATES = "updates"
    REQUESTS = "requests"
    SERVICES = "services"


class CityCursor(SQLModel, table=True):
    """Until when one list of one jurisdiction was heard. Stored with what it brought, in the same transaction."""

    __tablename__ = "city_cursor"

    kind: CityList = Field(primary_key=True, sa_type=str_enum(CityList))
    jurisdiction_id: str = Field(default="", primary_key=True)
    destination_id: int = Field(default=0, primary_key=True, description="Destination.id; 0: the city's own")
    heard_until: datetime = Field(sa_type=UTCDateTime)
