"""What the city says of a request after it was filed, and who has been told of it.

A `StatusUpdate` is one change, stored once. For every mention that follows the request (its own and those joined to
it) there is one `StatusNotice`: the promise to tell that resident, or the reason why nobody does.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Index, UniqueConstraint, not_
from sqlmodel import Field, SQLModel, col, or_

from models.database import UTCDateTime, str_enum


class Outcome(StrEnum):
    """What a change means to the resident; each has its own wording (templates status_...)."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    FIXED = "fixed"
    NO_ACTION = "no_action"
    DUPLICATE = "duplicate"
    REFERRED = "referred"
    COULD_NOT_FIND = "could_not_find"
    NEEDS_INFORMATION = "needs_information"
    LATE = "late"


class UpdateSource(StrEnum):
    """Who said so."""

    CITY = "city"
    PARTNER = "partner"
    DEPARTMENT = "department"
    CALENDAR = "calendar"
    STAFF = "staff"


MISSED = "late:"
"""How the key of a missed date begins, which our calendar notes; the date follows."""
DATE, FACTS, LATER = "date:", "facts:", "later:"
"""How the key of a change begins that says nothing but a new date, or more; then, that it is a later one."""


class StatusUpdate(SQLModel, table=True):
    """One change of a request, as its source told it.

    Never changed but for the outcome, which a person may correct, and for the request that a duplicate counts with.

    `change_key` names the change at its source (an update_id, or a digest of status, notes and time), so that hearing
    it again stores nothing. `outcome` None: nobody can tell from its words, and a person says.
    """

    __tablename__ = "status_update"
    __table_args__ = (
        UniqueConstraint("request_id", "change_key"),
        Index("ix_status_update_request", "request_id", "id"),
        Index("ix_status_update_duplicate", "duplicate_of"),
    )

    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="service_request.id", description="the request that stands for all its joined")
    change_key: str
    source: UpdateSource = Field(default=UpdateSource.CITY, sa_type=str_enum(UpdateSource))
    status: str = Field(default="", description="open or closed, as GeoReport has it, or a finer state of an extension")
    status_notes: str = Field(default="", description="the city's words: free text, which only a person lets go")
    outcome: Outcome | None = Field(default=None, sa_type=str_enum(Outcome))
    outcome_by: int | None = Field(default=None, description="StaffUser.id of who said what it means; None: a rule")
    evidence: str = Field(default="", description="why we take it for this, or cannot tell; empty: not looked at yet")
    agency: str = ""
    duplicate_of: str = Field(default="", description="service_request_id of the request it counts with")
    planned_for: datetime | None = Field(default=None, sa_type=UTCDateTime)
    media_url: str = ""
    happened_at: datetime = Field(sa_type=UTCDateTime, description="when the source says it happened")
    noticed_at: datetime = Field(sa_type=UTCDateTime)

    @property
    def is_date_alone(self) -> bool:
        """Whether it says by when it should be done, and nothing new of how it stands."""
        return self.change_key.startswith(DATE) and self.outcome is Outcome.ACCEPTED


def puts_off() -> ColumnElement[bool]:
    """The changes by which the city moved its date to a later one."""
    key = col(StatusUpdate.change_key)
    return or_(key.startswith(DATE + LATER), key.startswith(FACTS + LATER))


def says_how_it_stands() -> ColumnElement[bool]:
    """The changes that are more than a new date."""
    more = col(StatusUpdate.outcome).is_distinct_from(Outcome.ACCEPTED)
    return or_(not_(col(StatusUpdate.change_key).startswith(DATE)), more)


class StatusRule(SQLModel, table=True):
    """A phrase in the city's notes and what it means. One that ended stays, with who ended it.

    `outcome` None: these words are no answer, so a person says ("not fixed" holds "fixed").
    """

    __tablename__ = "status_rule"

    id: int | None = Field(default=None, primary_key=True)
    phrase: str
    outcome: Outcome | None = Field(default=None, sa_type=str_enum(Outcome))
    destination: str = Field(default="", description="the destination whose notes are meant; empty: every one")
    by: int | None = Field(default=None, description="StaffUser.id; None: came with hark311")
    at: datetime = Field(sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_by: int | None = Field(default=None, description="StaffUser.id")


class NoticeState(StrEnum):
    """Where the promise to tell stands."""

    PENDING = "pending"
    DRAFTED = "drafted"
    TOLD = "told"
    SKIPPED = "skipped"


class StatusNotice(SQLModel, table=True):
    """One resident to be told of one change, once: unique (update, mention).

    Several notices may be told in one reply (a digest); they then share `reply_id`. `because` says why one is skipped
    ("they asked us to stop", "superseded by a later change", "its author deleted the post") or waits.
    """

    __tablename__ = "status_notice"
    __table_args__ = (
        UniqueConstraint("update_id", "mention_id"),
        Index("ix_status_notice_mention", "mention_id", "state"),
        Index("ix_status_notice_due", "state", "not_before"),
    )

    id: int | None = Field(default=None, primary_key=True)
    update_id: int = Field(foreign_key="status_update.id")
    mention_id: int = Field(foreign_key="mention.id")
    state: NoticeState = Field(default=NoticeState.PENDING, sa_type=str_enum(NoticeState))
    reply_id: int | None = Field(default=None, foreign_key="reply.id")
    because: str = ""
    not_before: datetime = Field(sa_type=UTCDateTime)
    changed_at: datetime = Field(sa_type=UTCDateTime)
