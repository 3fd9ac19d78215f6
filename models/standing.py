"""What may go without a person, because a supervisor said so for a while; and the links that begin a chat."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime


class StandingApproval(SQLModel, table=True):
    """A template version that a supervisor lets go by itself on one account, until it expires (invariant 3).

    It covers exactly this version in this language; a new version of the template needs a new one.
    """

    __tablename__ = "standing_approval"
    __table_args__ = (Index("ix_standing_approval_of", "account_id", "template_key", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    template_key: str
    template_version: int
    language: str
    switched_on_by: int = Field(foreign_key="staff_user.id")
    switched_on_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    switched_off_by: int | None = Field(default=None, foreign_key="staff_user.id")
    switched_off_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class StartLink(SQLModel, table=True):
    """A link or QR code that begins a chat with a place or an asset filled in. Its token can be read by anybody.

    The token is opaque, so that nobody can guess another one. Source: Telegram, deep linking: 64 of [A-Za-z0-9_-].
    """

    __tablename__ = "start_link"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    token: str = Field(unique=True)
    label: str
    service_code: str = ""
    address_string: str = ""
    lat: float | None = None
    lon: float | None = None
    made_by: int | None = Field(default=None, foreign_key="staff_user.id")
    made_at: datetime = Field(sa_type=UTCDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    uses: int = 0
