"""Staff, their decisions, and the audit trail nobody can rewrite."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, str_enum


class Role(StrEnum):
    STAFF = "staff"
    SUPERVISOR = "supervisor"


class StaffUser(SQLModel, table=True):
    """A person who works at the desk."""

    __tablename__ = "staff_user"

    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(unique=True)
    display_name: str
    initials: str = ""
    role: Role = Field(default=Role.STAFF, sa_type=str_enum(Role))
    password_hash: str | None = None
    active: bool = True


class SignIn(SQLModel, table=True):
    """A one-time sign-in link, or a session it became. Only the SHA-256 of the secret is stored."""

    __tablename__ = "sign_in"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id")
    secret_sha256: str = Field(unique=True)
    one_time: bool
    expires_at: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    SET_ASIDE = "set_aside"
    RETURNED = "returned"
    TAKEN_BACK = "taken_back"
    SAYS_SENT = "says_sent"
    SAYS_NOT_SENT = "says_not_sent"
    DROPPED = "dropped"
    REOPENED = "reopened"
    HANDED_OVER = "handed_over"
    SAYS_POSTED = "says_posted"
    HANDED_BACK = "handed_back"


class Review(SQLModel, table=True):
    """What a person decided about a mention, a reply or a request, when and why."""

    __table_args__ = (Index("ix_review_mention", "mention_id"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    reply_id: int | None = Field(default=None, foreign_key="reply.id")
    request_id: int | None = Field(default=None, foreign_key="service_request.id")
    staff_id: int = Field(foreign_key="staff_user.id")
    decision: Decision = Field(sa_type=str_enum(Decision))
    reason: str = ""
    revision: int = 0
    text_sha256: str = ""
    at: datetime = Field(sa_type=UTCDateTime)


class AuditEntry(SQLModel, table=True):
    """One thing that happened. Ids and hashes only, no resident's words; a trigger refuses change and deletion."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_about", "about", "about_id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    by: str
    about: str
    about_id: int
    from_state: str = ""
    to_state: str = ""
    why: str = ""
