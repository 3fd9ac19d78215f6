"""The outbox: replies, the attempts to send them, and the templates they start from."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel, text

from models.database import UTCDateTime, json_column, str_enum
from models.lifecycle import ReplyState


class Purpose(StrEnum):
    """Why we write. One reply per (mention, round, purpose): nobody is told the same thing twice."""

    ACKNOWLEDGE = "acknowledge"
    STATUS = "status"
    CHAT = "chat"
    NOTICE = "notice"


COMPARED = 120
"""So many characters of a reply are in the index by which the same words are found again (ix_reply_words, migration
0026; it is one of an expression, which cannot be read back from SQLite)."""


class Reply(SQLModel, table=True):
    """One reply, or one post of a tweet chat, from first draft to proof that it stands there.

    `text` is what staff edit; it may hold the slots {number} and {date}. Approval freezes it into
    `approved_text` (for a city that answered) and `approved_fallback` (for one that did not); the outbox sends one
    of the two with the slots filled, and stores what it sent in `sent_text` (invariant 3).
    """

    __table_args__ = (
        Index("ix_reply_due", "state", "not_before"),
        Index("ix_reply_mention", "mention_id"),
        Index(
            "uq_reply_open_per_purpose",
            "mention_id",
            "round",
            "purpose",
            unique=True,
            sqlite_where=text("state != 'cancelled'"),
            postgresql_where=text("state != 'cancelled'"),
        ),
        Index(
            "uq_reply_open_per_chat_post",
            "chat_post_id",
            unique=True,
            sqlite_where=text("state != 'cancelled'"),
            postgresql_where=text("state != 'cancelled'"),
        ),
        UniqueConstraint("account_id", "sent_post_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int | None = Field(default=None, foreign_key="mention.id", description="None: a post of a tweet chat")
    chat_post_id: int | None = Field(default=None, description="ChatPost.id whose words these are")
    account_id: int = Field(foreign_key="account.id")
    request_id: int | None = Field(default=None, foreign_key="service_request.id")
    also_about: list[int] = Field(
        default_factory=list, sa_type=json_column(), description="further ServiceRequest.ids whose numbers it tells"
    )
    round: int = 1
    purpose: Purpose = Field(default=Purpose.ACKNOWLEDGE, sa_type=str_enum(Purpose))
    state: ReplyState = Field(default=ReplyState.DRAFT, sa_type=str_enum(ReplyState))
    state_reason: str = ""
    changed_at: datetime = Field(sa_type=UTCDateTime)
    revision: int = 1
    language: str = "en"
    template_key: str = ""
    template_version: int = 0
    card_id: int | None = Field(default=None, description="KnowledgeCard.id its answer was put in from, if one was")
    text: str = ""
    in_reply_to: str | None = Field(default=None, description="channel post id the reply hangs under")
    conversation_id: int | None = Field(
        default=None, description="Conversation.id of the private chat it goes to; None: where the mention stands"
    )

    approved_text: str = ""
    approved_fallback: str = ""
    approved_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    approved_by: int | None = Field(default=None, foreign_key="staff_user.id")
    standing_approval_id: int | None = Field(
        default=None, description="StandingApproval.id it went by, in the name of approved_by; None: a person read it"
    )
    seen_post_id: int | None = Field(default=None, description="newest Post.id by the author that the approver saw")
    not_before: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    held_because: str = Field(default="", description="why it waits though its time has come; empty: nothing")

    released_freeze_id: int | None = Field(
        default=None, description="newest Freeze.id that a supervisor let this one reply through"
    )

    handed_to: int | None = Field(default=None, description="StaffUser.id of who posts it by hand")
    handed_over_at: datetime | None = Field(default=None, sa_type=UTCDateTime)

    sent_text: str = ""
    sent_post_id: str | None = None
    sent_url: str = ""
    sent_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class AttemptOutcome(StrEnum):
    PENDING = "pending"
    DONE = "done"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    PROVED_ABSENT = "proved_absent"


class SendAttempt(SQLModel, table=True):
    """One call to the outside that may have had an effect. Committed before the call (invariant 4).

    Belongs to a reply or to a service request, never both. `text` is what was put on the wire.
    """

    __tablename__ = "send_attempt"
    __table_args__ = (
        CheckConstraint("(reply_id IS NULL) != (request_id IS NULL)", name="attempt_of_one_thing"),
        Index("ix_send_attempt_reply", "reply_id"),
        Index("ix_send_attempt_request", "request_id"),
        Index(
            "ix_send_attempt_destination",
            "destination_id",
            "outcome",
            "finished_at",
            sqlite_where=text("request_id IS NOT NULL"),
            postgresql_where=text("request_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    reply_id: int | None = Field(default=None, foreign_key="reply.id")
    request_id: int | None = Field(default=None, foreign_key="service_request.id")
    idempotency_key: str = Field(unique=True)
    text: str = ""
    conversation_id: str = ""
    in_reply_to: str | None = None
    started_at: datetime = Field(sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    outcome: AttemptOutcome = Field(default=AttemptOutcome.PENDING, sa_type=str_enum(AttemptOutcome))
    detail: str = ""
    looked_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="when proof was last looked for")
    looks: int = 0
    destination_id: int | None = Field(
        default=None, description="Destination.id a request was filed with; None: the city's own Open311"
    )
    absent_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="when the destination's list was last read without finding it"
    )


class ReplyTemplate(SQLModel, table=True):
    """A wording staff start from. Editing makes a new version; old versions stay for the record."""

    __tablename__ = "reply_template"
    __table_args__ = (UniqueConstraint("key", "language", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str
    language: str
    version: int = 1
    body: str
    checked_by_speaker: bool = False
    active: bool = True
    checked_by: str = Field(default="", description="the speaker who read it and said it is right")
    checked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    made_by: int | None = Field(default=None, description="StaffUser.id of who wrote this version; None: it is ours")
    made_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ours: str = Field(default="", description="the words that hark311 came with when this version was made")
