"""The people who write to us, and the threads they write in.

No tags, scores or derived traits about a person are kept, on any channel: X's developer policy forbids them and
311 does not need them.
"""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from models.channels import Channel
from models.database import UTCDateTime, json_column, str_enum
from models.x_fields import is_group_chat


class Author(SQLModel, table=True):
    """A person's identity on one channel."""

    __table_args__ = (UniqueConstraint("channel", "channel_author_id"),)

    id: int | None = Field(default=None, primary_key=True)
    channel: Channel = Field(sa_type=str_enum(Channel))
    channel_author_id: str
    handle: str = ""
    display_name: str = ""
    protected: bool = False
    blocked_us_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    stopped_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="they told us to stop: nothing more but what they ask for"
    )

    @property
    def called(self) -> str:
        """What staff call this person on the desk: @handle, else the shown name."""
        return f"@{self.handle}" if self.handle else self.display_name or "a resident"


class Conversation(SQLModel, table=True):
    """A thread on a channel. Not a case: one thread may hold two problems, thirty threads one."""

    __table_args__ = (UniqueConstraint("account_id", "channel_conversation_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    channel_conversation_id: str
    private: bool = Field(default=False, description="what is said here is for those in it alone")
    fetched_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="when the whole thread was read")
    first_contact_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="when we first wrote here, with the link on privacy"
    )
    person_asked_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="they asked for a person: nothing goes here by itself"
    )
    offered: list[int] | None = Field(
        default=None, sa_type=json_column(), description="Mention.id of the cases numbered 1, 2, ... in our question"
    )

    @property
    def one_to_one(self) -> bool:
        """Whether nobody but its author and us reads along; others do in a group chat, which is private as well."""
        return self.private and not is_group_chat(self.channel_conversation_id)
