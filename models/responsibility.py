"""Who keeps a road: the city, the state, a railway, nobody we know. One row per code that the street data uses."""

from datetime import date

from sqlmodel import Field, Session, SQLModel, select


class RoadOwner(SQLModel, table=True):
    """What one owner's code in the city's street data means; a supervisor keeps it right.

    `checked_on`: the day a person last made sure of whom to call; None: nobody has, and the desk says so.
    """

    __tablename__ = "road_owner"

    code: str = Field(primary_key=True, description="as it stands in the street data: Feature.owner")
    name: str = Field(description="who keeps the road, in plain words")
    ours: bool = Field(description="whether the city works on it itself")
    call: str = Field(default="", description="who answers; empty where the road is ours")
    number: str = ""
    note: str = ""
    checked_on: date | None = None
    checked_by: int | None = Field(default=None, foreign_key="staff_user.id")


def road_owners(session: Session) -> dict[str, RoadOwner]:
    """Every known owner by its code."""
    return {one.code: one for one in session.exec(select(RoadOwner)).all()}
