"""Staff, their decisions, and the audit trail nobody can rewrite."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, json_column, str_enum


class Role(StrEnum):
    """What a person is at the desk. What each may do stands in POWERS."""

    VIEWER = "viewer"
    DRAFTER = "drafter"
    APPROVER = "approver"
    SUPERVISOR = "supervisor"
    CHAT_MODERATOR = "chat_moderator"
    CHAT_GUEST = "chat_guest"
    ADMIN = "admin"


class Power(StrEnum):
    """One kind of thing that somebody may do. Every signed-in person may read."""

    DRAFT = "draft"
    APPROVE = "approve"
    MODERATE = "moderate"
    SUPERVISE = "supervise"
    ADMINISTER = "administer"


POWERS: Mapping[Role, frozenset[Power]] = {
    Role.VIEWER: frozenset(),
    Role.CHAT_GUEST: frozenset(),
    Role.DRAFTER: frozenset({Power.DRAFT}),
    Role.APPROVER: frozenset({Power.DRAFT, Power.APPROVE}),
    Role.CHAT_MODERATOR: frozenset({Power.DRAFT, Power.APPROVE, Power.MODERATE}),
    Role.SUPERVISOR: frozenset({Power.DRAFT, Power.APPROVE, Power.MODERATE, Power.SUPERVISE}),
    Role.ADMIN: frozenset(Power),
}
"""role -> what it may do. A supervisor answers for the work; an admin for the people and the set-up as well.

A chat's guest reads and writes nothing but the chats they are in (models.chats.ChatPerson)."""


class StaffUser(SQLModel, table=True):
    """A person who works at the desk."""

    __tablename__ = "staff_user"

    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(unique=True)
    display_name: str
    initials: str = ""
    role: Role = Field(default=Role.APPROVER, sa_type=str_enum(Role))
    password_hash: str | None = None
    active: bool = True
    reads: list[str] = Field(
        default_factory=lambda: ["en"], sa_type=json_column(), description="languages they can judge a reply in"
    )
    totp_secret: str = Field(default="", description="of their second step at sign-in; empty: none is set up")
    totp_pending: str = Field(default="", description="the same while it is being set up, not proved yet")
    totp_step: int = Field(default=0, description="time step of the newest code they used: none is good twice")

    def may(self, power: Power) -> bool:
        """Whether this person's role has a power, and they still work here."""
        return self.active and power in POWERS[self.role]


class SignIn(SQLModel, table=True):
    """A one-time sign-in link, or a session. Only the SHA-256 of the secret is stored.

    `awaits_code`: the password or link was right, the second step is still to come; nothing is open to it yet.
    """

    __tablename__ = "sign_in"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id")
    secret_sha256: str = Field(unique=True)
    one_time: bool
    expires_at: datetime = Field(sa_type=UTCDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    awaits_code: bool = False
    begun_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="to a few minutes")
    browser: str = Field(default="", description="as coarse as `Firefox on Linux`")


class RecoveryCode(SQLModel, table=True):
    """A way in, once, for somebody whose second step is lost. Only the SHA-256 is stored."""

    __tablename__ = "recovery_code"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id", index=True)
    code_sha256: str = Field(unique=True)
    used_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Decision(StrEnum):
    FIRST_KEY = "first_key"
    APPROVED = "approved"
    HANDED_IN = "handed_in"
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
    NO_DANGER = "no_danger"
    FILED_AGAIN = "filed_again"
    SAYS_FILED = "says_filed"
    GIVEN_UP = "given_up"
    SAYS_FIXED = "says_fixed"
    SAYS_NOT_FIXED = "says_not_fixed"


class Review(SQLModel, table=True):
    """What a person decided about a mention, a reply or a request, when and why."""

    __table_args__ = (Index("ix_review_mention", "mention_id"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int | None = Field(default=None, foreign_key="mention.id", description="None: a post of a tweet chat")
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
