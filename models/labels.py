"""What people teach the classifier: every correction and confirmation on the desk, and labels from a file."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.channels import Channel
from models.database import UTCDateTime, str_enum
from models.mentions import LabelTask


class LabelSource(StrEnum):
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    IMPORTED = "imported"


class Label(SQLModel, table=True):
    """One text and what it is, as a person said.

    `value` is an intent, or a category code; for a service of the city that stands for no category, its service_code.
    The text of a label from the desk stays in its posts, so that deleting them deletes it here too (invariant 6);
    only an imported one holds its own. Labels of posts on X are counted and train nothing (invariant 11).
    `suggested` and `probability` are what the running model had said.
    """

    __table_args__ = (
        UniqueConstraint("mention_id", "task"),
        Index("ix_label_task_at", "task", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    task: LabelTask = Field(sa_type=str_enum(LabelTask))
    value: str
    source: LabelSource = Field(sa_type=str_enum(LabelSource))
    mention_id: int | None = Field(default=None, foreign_key="mention.id")
    channel: Channel | None = Field(default=None, sa_type=str_enum(Channel))
    text: str = Field(default="", description="of an imported label; empty for one from the desk")
    language: str = "und"
    suggested: str = Field(default="", description="empty: the model abstained")
    probability: float = 0.0
    model_version: str = ""
    staff_id: int | None = Field(default=None, foreign_key="staff_user.id")
    at: datetime = Field(sa_type=UTCDateTime)
