"""The one switch that stops everything: while a freeze is in force, nothing that was approved leaves.

It is asked in the very transaction that claims a reply or a request, so that nothing is claimed once a freeze is
committed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists
from sqlmodel import Field, Session, SQLModel, col, func, or_, select, text

from models.database import UTCDateTime
from models.staff import StaffUser

FROZEN = "Frozen by "


class Freeze(SQLModel, table=True):
    """One press of the switch, for all accounts or for one. In force until somebody thaws it."""

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", description="None: all accounts")
    why: str = ""
    frozen_by: int | None = Field(default=None, foreign_key="staff_user.id", description="None: the operator")
    frozen_at: datetime = Field(sa_type=UTCDateTime)
    thawed_by: int | None = Field(default=None, foreign_key="staff_user.id")
    thawed_at: datetime | None = Field(default=None, sa_type=UTCDateTime, index=True)


def freezes_in_force(session: Session) -> Sequence[Freeze]:
    """What is frozen now, the newest first."""
    return session.exec(select(Freeze).where(col(Freeze.thawed_at).is_(None)).order_by(col(Freeze.id).desc())).all()


def freeze_over(session: Session, account_id: int, released: int | None) -> Freeze | None:
    """The newest freeze that keeps a thing of this account from leaving; None where none does.

    `released`: the newest freeze that a supervisor let this one thing through; a later one holds it again.
    """
    return next(
        (
            one
            for one in freezes_in_force(session)
            if one.account_id in (None, account_id) and (one.id or 0) > (released or 0)
        ),
        None,
    )


def not_frozen(account_id: Any, released: Any) -> ColumnElement[bool]:
    """The same as a condition: nothing frozen keeps a row with these columns from leaving."""
    over = or_(col(Freeze.account_id).is_(None), col(Freeze.account_id) == account_id)
    newer = col(Freeze.id) > func.coalesce(released, 0)
    return ~exists().where(col(Freeze.thawed_at).is_(None), over, newer)


def newest_freeze_id(session: Session) -> int:
    """The id of the newest freeze there ever was; 0 where there was none."""
    return session.exec(select(func.max(Freeze.id))).one() or 0


def keep_freezes_still(session: Session) -> None:
    """Until this transaction ends nobody can freeze or thaw: who claims something now, claims it before or after.

    SQLite has one writer at a time as it is. On PostgreSQL SHARE lets many claim at once and makes a freeze wait.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text('LOCK TABLE "freeze" IN SHARE MODE'))


def said_of_freeze(session: Session, freeze: Freeze) -> str:
    """Who froze it and why, as a sentence; it begins with FROZEN."""
    person = session.get(StaffUser, freeze.frozen_by) if freeze.frozen_by else None
    who = person.display_name if person else "the operator"
    why = freeze.why.rstrip()
    return f"{FROZEN}{who}: {why}{'' if why[-1] in '.?!' else '.'}" if why else f"{FROZEN}{who}."
