"""Who may use our own Open311 endpoint with a key, and what they reported through it.

A partner is an organisation (a liaison's office, a police department, another app), never a resident. Of the resident
behind a report nothing is kept: names, e-mail, phone and device are read and forgotten.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, delete, select

from models.channels import Account, AccountHealth, Channel
from models.database import UTCDateTime

ACCOUNT_NAME = "partner reports"
"""Of the one account that partners' reports come in by. A space: no setting can name an account so."""


class Partner(SQLModel, table=True):
    """An organisation with a key of ours. Only the SHA-256 of the key is stored; `key_ends` helps to tell keys apart.

    `may_read`: every request that is shown at all; else their own reports alone. `may_update`: says how filed requests
    stand, as a department does.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    contact: str = Field(default="", description="whom we ask there, as an e-mail address or a phone number")
    key_sha256: str = Field(unique=True)
    key_ends: str = ""
    rate_per_minute: int = 60
    may_read: bool = True
    may_report: bool = True
    may_update: bool = False
    made_by: int | None = Field(default=None, description="StaffUser.id; None: the operator, by command")
    made_at: datetime = Field(sa_type=UTCDateTime)
    revoked_by: int | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)

    @property
    def active(self) -> bool:
        """Whether the key still opens anything."""
        return self.revoked_at is None


class PartnerReport(SQLModel, table=True):
    """A report that a partner made: which mention became of it, and the number the partner was told.

    `reference` is that number, ours, and stays the same whatever becomes of the report. `token`: what was told instead
    until a person decided, for a service of type batch. `fingerprint`: SHA-256 of what was sent, by which the same
    report sent again is known; "" where the partner named no device or account.
    """

    __tablename__ = "partner_report"
    __table_args__ = (Index("ix_partner_report_same", "partner_id", "fingerprint"),)

    id: int | None = Field(default=None, primary_key=True)
    partner_id: int = Field(foreign_key="partner.id")
    mention_id: int = Field(foreign_key="mention.id", unique=True)
    reference: str = Field(unique=True)
    token: str | None = Field(default=None, unique=True)
    fingerprint: str = ""
    reported_at: datetime = Field(sa_type=UTCDateTime)


class PartnerPhoto(SQLModel, table=True):
    """A photo that came with a partner's report, encoded anew: nothing the camera wrote is left.

    `name` is random and part of its address, which answers only once a person has approved the request.
    """

    __tablename__ = "partner_photo"

    name: str = Field(primary_key=True)
    post_id: int = Field(foreign_key="post.id", index=True)
    content: bytes
    media_type: str
    added_at: datetime = Field(sa_type=UTCDateTime)


def partner_account(session: Session) -> Account:
    """The account that partners' reports come in by, locked; made at the first report."""
    wanted = select(Account).where(Account.channel == Channel.PARTNER).with_for_update()
    account = session.exec(wanted).first()
    if account is None:
        account = Account(name=ACCOUNT_NAME, channel=Channel.PARTNER, health=AccountHealth.OK)
        session.add(account)
        session.flush()
    return account


def partners(session: Session) -> Sequence[Partner]:
    """All partners, those whose key is good first, then by name."""
    return session.exec(select(Partner).order_by(col(Partner.revoked_at).is_not(None), col(Partner.name))).all()


def forget_partner_photos(session: Session, post_id: int) -> None:
    """Drop the photos of one post."""
    session.exec(delete(PartnerPhoto).where(col(PartnerPhoto.post_id) == post_id))
