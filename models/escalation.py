"""Who is paged when nobody acknowledges a danger: the steps after the desk itself."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime, json_column


class EscalationStep(SQLModel, table=True):
    """From so many minutes after a danger was raised on, these are paged as well, until somebody acknowledges it.

    `on_call`: also whoever answers now by the city's calendar, where their contact is an e-mail address.
    """

    __tablename__ = "escalation_step"

    id: int | None = Field(default=None, primary_key=True)
    after_minutes: int
    name: str = Field(description="who they are, for the desk")
    emails: list[str] = Field(default_factory=list, sa_type=json_column())
    webhook_url: str = ""
    on_call: bool = False


class AlarmPage(SQLModel, table=True):
    """One page of one alarm to one step; without a step, to the desk. Kept as proof of who was told and when."""

    __tablename__ = "alarm_page"
    __table_args__ = (Index("ix_alarm_page_alarm", "alarm_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    alarm_id: int = Field(foreign_key="alarm.id")
    step: str = Field(default="", description="EscalationStep.name as it was then; empty: the desk")
    at: datetime = Field(sa_type=UTCDateTime)
    trouble: str = ""


def steps_of(session: Session) -> list[EscalationStep]:
    """All steps, the first one first."""
    order = (col(EscalationStep.after_minutes), col(EscalationStep.id))
    return list(session.exec(select(EscalationStep).order_by(*order)).all())
