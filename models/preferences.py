"""How a person likes the desk: colours and keys. It follows them to every browser."""

from enum import StrEnum

from sqlmodel import Field, Session, SQLModel

from models.database import json_column, str_enum


class Theme(StrEnum):
    """The colours of the desk. `system` follows what the person's machine asks for."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    CONTRAST = "contrast"


class StaffPreference(SQLModel, table=True):
    """What one person chose. `keys` holds only what differs from the desk's own: action -> key, "" for none."""

    __tablename__ = "staff_preference"

    staff_id: int = Field(primary_key=True, foreign_key="staff_user.id")
    theme: Theme = Field(default=Theme.SYSTEM, sa_type=str_enum(Theme))
    single_keys: bool = True
    keys: dict[str, str] = Field(default_factory=dict, sa_type=json_column())


def preference_of(session: Session, staff_id: int) -> StaffPreference:
    """What a person chose; the desk's own choices where they chose nothing. A new one is not stored by itself."""
    return session.get(StaffPreference, staff_id) or StaffPreference(staff_id=staff_id)
