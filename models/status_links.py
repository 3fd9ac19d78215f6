"""Links to a page that says how one case of one resident stands, and what the city says of numbers we do not hold."""

import re
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime, json_column
from models.joined import head_of
from models.lifecycle import MentionState, ReplyState, RequestState
from models.mentions import Mention
from models.replies import Reply
from models.requests import ServiceRequest
from models.transitions import record

BY_RESIDENT = "resident"
NO_PAGE = (RequestState.CANCELLED, RequestState.REFUSED)
PATH = "/s/"
"""Where a status page stands, before its token."""
MAY_HAVE_LEFT = (ReplyState.SENDING, ReplyState.UNCERTAIN, ReplyState.SENT)
_TOKEN = re.compile(re.escape(PATH) + r"([\w-]+)")


class StatusLink(SQLModel, table=True):
    """Whoever has the link may read how one case stands, until it is withdrawn or the case is long closed.

    The token itself stands nowhere but in the reply that carries it; here is its SHA-256.
    """

    __tablename__ = "status_link"
    __table_args__ = (Index("ix_status_link_mention", "mention_id"), Index("ix_status_link_asked", "asked_mention_id"))

    id: int | None = Field(default=None, primary_key=True)
    token_sha256: str = Field(unique=True)
    mention_id: int = Field(foreign_key="mention.id", description="the report whose case it shows")
    asked_mention_id: int = Field(foreign_key="mention.id", description="the mention whose reply carries it")
    round: int = Field(default=1, description="Mention.round of that reply")
    language: str = "en"
    made_at: datetime = Field(sa_type=UTCDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    revoked_by: str = Field(default="", description="resident, staff:1 or drafting")


class CityNumber(SQLModel, table=True):
    """What the city publishes of a request that did not come through us, kept for an hour; nothing of a resident.

    `waiting`: the mentions that asked for it and are drafted anew once the city has answered.
    """

    __tablename__ = "city_number"

    number: str = Field(primary_key=True)
    asked_at: datetime = Field(sa_type=UTCDateTime)
    checked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    tries: int = 0
    published: bool = False
    service_code: str = ""
    status: str = ""
    expected_datetime: datetime | None = Field(default=None, sa_type=UTCDateTime)
    waiting: list[int] = Field(default_factory=list, sa_type=json_column())


def digest(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def living_link(session: Session, token: str, now: datetime, kept_after_closing: timedelta) -> StatusLink | None:
    """The link of a token; None where there is none, or it shows nothing any more: the page says the same to both."""
    link = session.exec(select(StatusLink).where(StatusLink.token_sha256 == digest(token))).first()
    if link is None or link.revoked_at is not None:
        return None
    heads = cases_of_link(session, link)
    over = all(one.status == "closed" and now > _closed_at(one) + kept_after_closing for one in heads)
    return None if over else link


def cases_of_link(session: Session, link: StatusLink) -> list[ServiceRequest]:
    """The requests that stand for what a link shows, those that open it again first; [] where nothing is left of it.

    One that opens a case again, and has no number of its own, shows as the one it opens.
    """
    mention = session.get(Mention, link.mention_id)
    if mention is None or mention.state == MentionState.WITHDRAWN:
        return []
    requests = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == link.mention_id, ServiceRequest.state != RequestState.CANCELLED
        )
    ).all()
    ordered = sorted(requests, key=lambda one: (one.reopens_id is None, -one.part if one.reopens_id else one.part))
    found = [(one, head_of(session, one)) for one in ordered]
    heads = {
        head.id: head
        for one, head in found
        if head.state not in NO_PAGE and (one.reopens_id is None or head.service_request_id)
    }
    return list(heads.values())


def _closed_at(head: ServiceRequest) -> datetime:
    return head.updated_datetime or head.changed_at


def links_of(session: Session, mention_id: int) -> list[StatusLink]:
    """The links to the case of a mention that left in a reply and nobody has withdrawn, the newest first."""
    links = session.exec(
        select(StatusLink)
        .where(StatusLink.mention_id == mention_id, col(StatusLink.revoked_at).is_(None))
        .order_by(col(StatusLink.id).desc())
    ).all()
    if not links:
        return []
    replies = session.exec(
        select(Reply).where(
            col(Reply.mention_id).in_({one.asked_mention_id for one in links}), col(Reply.state).in_(MAY_HAVE_LEFT)
        )
    ).all()
    given = {digest(token) for one in replies for token in _TOKEN.findall(one.sent_text or one.approved_text)}
    return [one for one in links if one.token_sha256 in given]


def revoke(session: Session, link: StatusLink, by: str, now: datetime) -> None:
    """From now on the link shows nothing."""
    if link.revoked_at is None:
        link.revoked_at, link.revoked_by = now, by
        session.add(link)
        record(session, "StatusLink", link.id or 0, by, "withdrawn", now)
