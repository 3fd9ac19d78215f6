"""What part of the work is whose: the accounts, services and areas that a person looks after."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy import ColumnElement
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, col, or_, select

from models.database import str_enum
from models.mentions import Mention
from models.staff import StaffUser


class ScopeKind(StrEnum):
    """By what the work is divided. Within a kind any value is enough; of several kinds each must fit."""

    ACCOUNT = "account"
    SERVICE = "service"
    AREA = "area"


class StaffScope(SQLModel, table=True):
    """One account (its id), service (its code) or area (its name) that a person looks after. None of a kind: all."""

    __tablename__ = "staff_scope"
    __table_args__ = (UniqueConstraint("staff_id", "kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id")
    kind: ScopeKind = Field(sa_type=str_enum(ScopeKind))
    value: str


class Sorted(Protocol):
    """What of a mention says whose it is; a Mention has all of it."""

    @property
    def account_id(self) -> int: ...
    @property
    def service_code(self) -> str: ...
    @property
    def area(self) -> str: ...
    @property
    def danger(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Which mentions are a person's to see and decide. Empty means all of that kind.

    What has no service or place yet is in everybody's scope, or nobody would look at it; so is a danger to life on
    their accounts, whatever it is about.
    """

    accounts: frozenset[int] = frozenset()
    services: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        return not (self.accounts or self.services or self.areas)

    def covers(self, mention: Sorted) -> bool:
        """Whether this mention is the person's to see."""
        if self.accounts and mention.account_id not in self.accounts:
            return False
        return mention.danger or (_covers(self.services, mention.service_code) and _covers(self.areas, mention.area))

    def where(self) -> list[ColumnElement[bool]]:
        """The same as conditions of a query on Mention."""
        conditions: list[ColumnElement[bool]] = []
        if self.accounts:
            conditions.append(col(Mention.account_id).in_(sorted(self.accounts)))
        for column, values in ((Mention.service_code, self.services), (Mention.area, self.areas)):
            if values:
                conditions.append(or_(col(Mention.danger), col(column).in_(["", *sorted(values)])))
        return conditions


def scope_of(session: Session, staff: StaffUser | int) -> Scope:
    """The scope of a person, by their row or id."""
    staff_id = staff if isinstance(staff, int) else staff.id
    return scope_from(session.exec(select(StaffScope).where(StaffScope.staff_id == staff_id)).all())


def scope_from(rows: Sequence[StaffScope]) -> Scope:
    """The scope that these rows of one person make."""
    values = {kind: frozenset(row.value for row in rows if row.kind == kind) for kind in ScopeKind}
    return Scope(
        frozenset(int(value) for value in values[ScopeKind.ACCOUNT]), values[ScopeKind.SERVICE], values[ScopeKind.AREA]
    )


def _covers(values: frozenset[str], value: str) -> bool:
    return not values or not value or value in values
