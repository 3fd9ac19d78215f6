"""What is not ours to mend: who takes care of it instead, how to reach them, and how much of it we hear all the same.

A rule names services, an area, the keeper of a road, or all that lies outside the city. For the keepers of roads the
name and the number stand in `RoadOwner`, once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime, json_column
from models.ground import Ground
from models.responsibility import RoadOwner


class Jurisdiction(SQLModel, table=True):
    """One rule: what somebody else takes care of. All that it names must hold; what it leaves empty does not matter.

    `service_codes` empty: any service. `contact` is a number or an address as residents get it; `names`: what they are
    called in other languages (tag -> name). `checked_on`: the day a person last made sure of the contact.
    """

    id: int | None = Field(default=None, primary_key=True)
    service_codes: list[str] = Field(default_factory=list, sa_type=json_column())
    area: str = Field(default="", description="name of an area of the city's map")
    road_owner: str = Field(default="", description="RoadOwner.code of who keeps the road")
    outside: bool = Field(default=False, description="whatever lies outside the city")
    name: str = Field(default="", description="who takes care of it; empty: as RoadOwner says")
    contact: str = ""
    note: str = Field(default="", description="for the desk; residents do not read it")
    names: dict[str, str] = Field(default_factory=dict, sa_type=json_column())
    active: bool = True
    checked_on: date | None = None
    checked_by: int | None = Field(default=None, foreign_key="staff_user.id")
    changed_by: int | None = Field(default=None, foreign_key="staff_user.id")
    changed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)

    @property
    def exactness(self) -> tuple[bool, bool, bool, bool]:
        """Of several rules that hold, the highest is meant: a kept road before an area, and with a service first."""
        return (bool(self.road_owner), bool(self.area), bool(self.service_codes), not self.outside)


class HandOff(SQLModel, table=True):
    """One mention that is somebody else's to mend, as we saw it when we drafted the answer.

    `evidence` says why in words of ours. `overruled_at`: a person files it anyway.
    """

    __tablename__ = "hand_off"

    mention_id: int = Field(primary_key=True, foreign_key="mention.id")
    jurisdiction_id: int = Field(foreign_key="jurisdiction.id", index=True)
    owner: str
    service_code: str = ""
    area: str = ""
    evidence: str = ""
    at: datetime = Field(sa_type=UTCDateTime)
    overruled_by: int | None = Field(default=None, foreign_key="staff_user.id")
    overruled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


@dataclass(frozen=True, slots=True)
class Whose:
    """Who takes care of a problem instead of the city, and why we think so."""

    rule: Jurisdiction
    name: str
    contact: str
    checked_on: date | None
    note: str
    because: str

    def checked_within(self, days: int, today: date) -> bool:
        """Whether a person has made sure of the contact in the last so many days."""
        return self.checked_on is not None and today - self.checked_on <= timedelta(days=days)

    def called(self, language: str) -> str:
        """What they are called in a language, else by their name."""
        return self.rule.names.get(language) or self.name


def whose_is_it(session: Session, service_code: str | None, ground: Ground | None) -> Whose | None:
    """Who else takes care of this service at this place; None where no rule says that it is not ours.

    Without a `ground` only the rules hold that name no place.
    """
    rules = session.exec(select(Jurisdiction).where(col(Jurisdiction.active).is_(True))).all()
    holding = [rule for rule in rules if _holds(rule, service_code, ground)]
    rule = max(holding, key=lambda one: (one.exactness, -(one.id or 0)), default=None)
    if rule is None:
        return None
    keeper = session.get(RoadOwner, rule.road_owner) if rule.road_owner else None
    if keeper is not None and keeper.ours:
        return None
    contact, checked_on = rule.contact, rule.checked_on
    if not contact and keeper is not None:
        contact, checked_on = keeper.number, keeper.checked_on
    name = rule.name or (keeper.name if keeper else "")
    note = rule.note or (keeper.note if keeper else "")
    return Whose(rule, name, contact, checked_on, note, _because(rule, service_code, ground)) if name else None


def _holds(rule: Jurisdiction, service_code: str | None, ground: Ground | None) -> bool:
    places = (rule.area, rule.road_owner, rule.outside)
    if not any(places) and not rule.service_codes:
        return False
    if rule.service_codes and service_code not in rule.service_codes:
        return False
    if any(places) and ground is None:
        return False
    return ground is None or (
        (not rule.area or rule.area in ground.areas)
        and (not rule.road_owner or rule.road_owner == ground.road_owner)
        and (not rule.outside or ground.outside)
    )


def _because(rule: Jurisdiction, service_code: str | None, ground: Ground | None) -> str:
    said = [f"the service is {service_code}"] if rule.service_codes else []
    if ground is not None and rule.road_owner:
        said.append(f"the street data say that {ground.road_owner} keeps the road there")
    if rule.area:
        said.append(f"it lies in {rule.area}")
    if rule.outside:
        said.append("it lies outside the city")
    return " and ".join(said)
