"""How many people have to approve what we say in public: the rules, and what one person handed on to another."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime, json_column, str_enum
from models.mentions import Mention

MOST_KEYS = 2


class RuleAbout(StrEnum):
    """What a rule looks at."""

    INTENT = "intent"
    SERVICE = "service"
    ACCOUNT = "account"
    RISK_WORDS = "risk_words"
    UNREAD_LANGUAGE = "unread_language"
    ELECTION = "election"


class KeyRule(SQLModel, table=True):
    """What decides how many people approve a reply, and how long it is held.

    `wanted` are intents, service codes, names of accounts or words, as `about` says; the other kinds need none. A rule
    with a period holds from `begins_at` until `ends_at`. Rules are switched off and never deleted.
    """

    __tablename__ = "key_rule"

    id: int | None = Field(default=None, primary_key=True)
    about: RuleAbout = Field(sa_type=str_enum(RuleAbout))
    label: str = ""
    wanted: list[str] = Field(default_factory=list, sa_type=json_column())
    keys: int = Field(default=2, description="1 or 2; 1 with hold_seconds holds longer and asks no second person")
    hold_seconds: int | None = Field(default=None, description="None: the hold of the settings")
    begins_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    active: bool = True
    starter: str | None = Field(default=None, unique=True, description="its name in our starter file; None: theirs")
    made_by: int | None = Field(default=None, foreign_key="staff_user.id")
    made_at: datetime = Field(sa_type=UTCDateTime)
    changed_by: int | None = Field(default=None, foreign_key="staff_user.id")
    changed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class HandedOn(SQLModel, table=True):
    """What somebody handed on to another person, word for word: with the first of two keys, or as a draft without one.

    It holds for `covers`, the SHA-256 of all words with the version of the mention they answer; other words, or a newer
    post, are covered by none. The words stay until the post is deleted, for the difference. It ends approved, returned,
    changed, overtaken, decided otherwise or deleted.
    """

    __tablename__ = "handed_on"
    __table_args__ = (Index("ix_handed_on_mention", "mention_id", "id"), Index("ix_handed_on_staff", "staff_id", "at"))

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    reply_id: int | None = Field(default=None, foreign_key="reply.id")
    staff_id: int = Field(foreign_key="staff_user.id")
    at: datetime = Field(sa_type=UTCDateTime)
    key: bool = Field(description="counts as the first key; False: a draft of somebody who may not approve")
    covers: str
    text: str | None = Field(default=None, description="of the reply; None: no reply was to be sent")
    language: str = ""
    files: str = Field(default="", description="which requests were to be filed: `first`, ids of added ones")
    request: dict[str, Any] | None = Field(default=None, sa_type=json_column(), description="fields of the request")
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_because: str = ""


def handed_on(session: Session, mention: Mention) -> HandedOn | None:
    """What waits for another person now; None where nothing does."""
    if mention.handed_on_by is None:
        return None
    return session.exec(
        select(HandedOn)
        .where(HandedOn.mention_id == mention.id, col(HandedOn.ended_at).is_(None))
        .order_by(col(HandedOn.id).desc())
        .limit(1)
    ).first()


def forget_handed_on(session: Session, mention: Mention, at: datetime) -> None:
    """A post was deleted: words that may quote it go, and no key holds any more (invariant 6)."""
    mention.second_key, mention.handed_on_by, mention.handed_on_at = False, None, None
    for row in session.exec(select(HandedOn).where(HandedOn.mention_id == mention.id)).all():
        row.text, row.request = ("" if row.text is not None else None), None
        row.ended_at, row.ended_because = row.ended_at or at, row.ended_because or "deleted"
        session.add(row)


def void_keys_beside(session: Session, touched: Collection[Mention]) -> None:
    """Somebody wrote on: no first key of their other mentions in the same thread holds any more (invariant 5).

    Of what was touched itself, its new version voids the key.
    """
    threads = {(one.conversation_id, one.author_id) for one in touched}
    keyed = select(Mention).where(
        col(Mention.second_key).is_(True),
        col(Mention.conversation_id).in_({conversation for conversation, _ in threads}),
    )
    for mention in session.exec(keyed.order_by(col(Mention.id)).with_for_update()).all():
        if (mention.conversation_id, mention.author_id) in threads:
            mention.second_key, mention.handed_on_by, mention.handed_on_at = False, None, None
            session.add(mention)
