"""Views of the queue that people keep under a name: their own, and those a supervisor shares with everybody."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, or_, select

from models.database import UTCDateTime

MOST_VIEWS = 12
"""Of one person, and of those that are shared: each is counted whenever the queue is shown."""
LONGEST_NAME = 40


class SavedView(SQLModel, table=True):
    """A view of the queue with its filters, as the query of its address. Shared ones are everybody's to open."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("ix_saved_view_staff", "staff_id"),)

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id")
    name: str
    query: str
    shared: bool = False
    made_at: datetime = Field(sa_type=UTCDateTime)


def views_for(session: Session, staff_id: int) -> list[SavedView]:
    """What one person sees: their own views, then the shared ones, each in the order they were made."""
    mine = or_(SavedView.staff_id == staff_id, col(SavedView.shared).is_(True))
    found = session.exec(select(SavedView).where(mine).order_by(col(SavedView.shared), col(SavedView.id))).all()
    return list(found)
