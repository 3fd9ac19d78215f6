"""Posts as we stored them, the mentions that are our work, and the alarms they raised."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, event
from sqlmodel import Field, SQLModel, text

from models.database import UTCDateTime, json_column, str_enum
from models.lifecycle import MentionState
from models.posts import AttachmentKind, PostKind


class Post(SQLModel, table=True):
    """Anything published, theirs or ours. Stored once: (account, channel post id) is unique (invariant 1).

    A deleted post keeps its ids and loses everything else (invariant 6).
    """

    __table_args__ = (
        UniqueConstraint("account_id", "channel_post_id"),
        Index("ix_post_conversation", "conversation_id", "author_id"),
        Index("ix_post_chain", "account_id", "edit_chain"),
        Index("ix_post_mention", "mention_id"),
        Index("ix_post_received", "account_id", "received_at"),
        Index(
            "ix_post_deleted",
            "account_id",
            "deleted_at",
            sqlite_where=text("deleted_at IS NOT NULL"),
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        Index(
            "ix_post_repost",
            "rule_id",
            "in_reply_to",
            sqlite_where=text("kind = 'repost'"),
            postgresql_where=text("kind = 'repost'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    channel_post_id: str
    edit_chain: str
    conversation_id: int = Field(foreign_key="conversation.id")
    author_id: int | None = Field(default=None, foreign_key="author.id")
    mention_id: int | None = Field(default=None, foreign_key="mention.id")
    kind: PostKind = Field(sa_type=str_enum(PostKind))
    album: str | None = None
    in_reply_to: str | None = Field(default=None, description="channel post id; of a repost: of what it repeats")
    text: str = ""
    language_hint: str | None = None
    url: str = ""
    lat: float | None = None
    lon: float | None = None
    pin_accuracy_m: float | None = None
    pin_title: str = ""
    command: str = Field(default="", description="a bot's command without its slash: status, mycases, new ...")
    reply_with: dict[str, str] | None = Field(
        default=None, sa_type=json_column(), description="what the channel needs to hang a reply under this post"
    )
    rule_id: int | None = Field(default=None, description="ListeningRule.id of the search that found it")
    created_at: datetime = Field(sa_type=UTCDateTime)
    received_at: datetime = Field(sa_type=UTCDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    raw: dict[str, Any] | None = Field(default=None, sa_type=json_column())


_WAITS = "state IN ('drafted', 'in_review')"
WAITS_FOR_A_PERSON = text(f"mention.{_WAITS}")
"""Said to the database in so many words: with parameters no partial index answers it."""


class Mention(SQLModel, table=True):
    """A post that concerns us, through all its edits: one row per (account, edit chain).

    Album parts, and what the author adds in the same thread, hang on the same mention (Post.mention_id).
    `version` rises with every change that a person deciding about it must have seen; approval compares it
    (invariant 5). `round` rises when the author writes again, or a person reopens it: one reply per round and purpose.
    The claim is a lease: `claimed_by` until `claimed_until`.
    """

    __table_args__ = (
        UniqueConstraint("account_id", "edit_chain"),
        Index("ix_mention_queue", "state", "danger", "received_at"),
        Index("ix_mention_conversation", "conversation_id", "author_id"),
        Index("ix_mention_to_understand", "needs_understanding", "id"),
        Index("ix_mention_certainty", "state", "certainty", "id"),
        Index(
            "ix_mention_second_key",
            "second_key",
            sqlite_where=text("second_key IS 1"),
            postgresql_where=text("second_key IS true"),
        ),
        Index(
            "ix_mention_handed_on",
            "handed_on_at",
            sqlite_where=text("handed_on_at IS NOT NULL"),
            postgresql_where=text("handed_on_at IS NOT NULL"),
        ),
        Index(
            "ix_mention_claimed",
            "claimed_by",
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
        ),
        Index(
            "ix_mention_promised",
            "state",
            "danger",
            "promised_at",
            sqlite_where=text("promised_at IS NOT NULL"),
            postgresql_where=text("promised_at IS NOT NULL"),
        ),
        Index("ix_mention_service", "service_code", "received_at"),
        Index("ix_mention_language", "language", "received_at"),
        Index("ix_mention_area", "area", "received_at"),
        Index("ix_mention_account", "account_id", "received_at"),
        Index("ix_mention_author", "author_id", "id"),
        Index(
            "ix_mention_assigned",
            "assigned_to",
            "received_at",
            sqlite_where=text("assigned_to IS NOT NULL"),
            postgresql_where=text("assigned_to IS NOT NULL"),
        ),
        Index("ix_mention_in_period", "received_at", "account_id", "service_code", "language", "id"),
        Index(
            "ix_mention_by_desk",
            "account_id",
            "assigned_to",
            "received_at",
            "round",
            "state",
            sqlite_where=text(_WAITS),
            postgresql_where=text(_WAITS),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    edit_chain: str
    conversation_id: int = Field(foreign_key="conversation.id")
    author_id: int = Field(foreign_key="author.id")
    state: MentionState = Field(default=MentionState.RECEIVED, sa_type=str_enum(MentionState))
    state_reason: str = ""
    version: int = 1
    round: int = 1
    needs_understanding: bool = True
    understand_after: datetime | None = Field(default=None, sa_type=UTCDateTime, description="lease of a classifier")
    danger: bool = False
    certainty: float = Field(default=0.0, description="Understanding.certainty() of the newest one")
    may_reply: bool = True
    may_reply_reason: str = ""
    addressed: bool = Field(default=True, description="the author spoke to us; False for what a search found")
    start_link_id: int | None = Field(default=None, description="StartLink.id of the link the chat began with")
    service_code: str = Field(default="", description="of the request drafted or filed, else of our guess; for filters")
    language: str = Field(default="", description="as we understood it; for filters")
    area: str = Field(default="", description="name of the city's area the place lies in; for filters and scopes")
    assigned_to: int | None = Field(default=None, description="StaffUser.id of who should take it")
    promised_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="when the city promised it for; orders the queue"
    )
    second_key: bool = Field(default=False, description="one person approved it, and it waits for another one")
    handed_on_by: int | None = Field(default=None, description="StaffUser.id of who gave the first key or handed it in")
    handed_on_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    received_at: datetime = Field(sa_type=UTCDateTime)
    changed_at: datetime = Field(sa_type=UTCDateTime)
    claimed_by: int | None = Field(default=None, foreign_key="staff_user.id")
    claimed_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UTCDateTime)

    @property
    def waits(self) -> bool:
        """Whether it is from before we began to listen and waits for a person to take it in."""
        return self.state == MentionState.RECEIVED and not self.needs_understanding


@event.listens_for(Mention.version, "set")
def _nothing_is_handed_on(mention: Mention, version: int, before: object, _event: object) -> None:
    """A key was given for what the mention said then: whatever changes it voids the key, wherever that happens."""
    if version != before:
        mention.second_key, mention.handed_on_by, mention.handed_on_at = False, None, None


class Attachment(SQLModel, table=True):
    """A picture or file that came with a post. The file itself stays on the channel until somebody looks.

    `photo_lat`, `photo_lon` (degrees WGS 84), `photo_accuracy_m`: where a photo sent as a file says it was taken.
    """

    __table_args__ = (UniqueConstraint("post_id", "channel_file_id"),)

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = Field(foreign_key="post.id", index=True)
    channel_file_id: str
    kind: AttachmentKind = Field(sa_type=str_enum(AttachmentKind))
    url: str = ""
    alt_text: str = ""
    photo_lat: float | None = None
    photo_lon: float | None = None
    photo_accuracy_m: float | None = None
    photo_read_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="None: not looked at")
    link: str | None = Field(
        default=None,
        index=True,
        unique=True,
        description="what leads the city to our copy, once a person let it go there",
    )


class UnreadablePost(SQLModel, table=True):
    """A post we could not read: raw, with the reason, so that nothing is lost and a person can look."""

    __tablename__ = "unreadable_post"
    __table_args__ = (UniqueConstraint("account_id", "channel_post_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    channel_post_id: str
    reason: str
    raw: str
    received_at: datetime = Field(sa_type=UTCDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Alarm(SQLModel, table=True):
    """A danger to life or limb that a rule saw (invariant 7). Stays loud until a person acknowledges it."""

    __table_args__ = (Index("ix_alarm_open", "acknowledged_at"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", unique=True)
    rule: str
    score: float = Field(default=1.0, description="second opinion, 0 to 1: orders the open alarms, hides none")
    raised_at: datetime = Field(sa_type=UTCDateTime)
    paged_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    page_attempts: int = 0
    page_trouble: str = ""
    escalated: int = Field(default=0, description="how many steps after the desk were paged")
    acknowledged_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    acknowledged_by: int | None = Field(default=None, foreign_key="staff_user.id")
