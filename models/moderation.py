"""Moderation of residents' posts: the published policy, and every act under it.

An official account that hides or blocks acts for the government (Lindke v. Freed, 601 U.S. 187 (2024)): each act names
a clause of the published policy, keeps what was said first, ends by itself, and can be appealed. Nothing is automatic.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, json_column, str_enum
from models.lifecycle import ModerationState


class ModerationKind(StrEnum):
    """Hide one post; fold what one author writes; keep an author out. A block needs a second person."""

    HIDE = "hide"
    MUTE = "mute"
    BLOCK = "block"


class ModerationClause(SQLModel, table=True):
    """One clause of the published policy. Editing makes a new version; acts stay under the one they were made under.

    `position`: its number on the page of the policy, which no other clause gets. `longest_days`: how long an act under
    it may last. `only_in_chat`: what is off the topic of one chat is off topic nowhere else.
    """

    __tablename__ = "moderation_clause"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    version: int = 1
    title: dict[str, str] = Field(default_factory=dict, sa_type=json_column(), description="language tag -> words")
    words: dict[str, str] = Field(default_factory=dict, sa_type=json_column(), description="language tag -> words")
    permits: list[str] = Field(default_factory=list, sa_type=json_column(), description="ModerationKind values")
    position: int = 0
    longest_days: int = 365
    only_in_chat: bool = False
    active: bool = True
    made_by: int | None = Field(default=None, foreign_key="staff_user.id")
    made_at: datetime = Field(sa_type=UTCDateTime)


class OnNetwork(StrEnum):
    """Whether the network was asked to do it as well, and what it said."""

    NOT_ASKED = "not_asked"
    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    CANNOT = "cannot"
    UNDONE = "undone"


class ModerationAct(SQLModel, table=True):
    """One act against a post or an author. `captured` holds what was said, read by supervisors only (restricted).

    `captured_sha256` is the SHA-256, hexadecimal, of `captured` as canonical JSON. `clause_words` are those it was made
    under, in `language`, the notice's. `network_tries` and `network_next_at` are of the call that is due now: the
    first to do it, and once the act has ended to undo it. It is safe to repeat, so a doubt is asked again.
    """

    __tablename__ = "moderation_act"
    __table_args__ = (
        Index("ix_moderation_act_open", "state", "expires_at"),
        Index("ix_moderation_act_author", "author_id"),
        Index("ix_moderation_act_chat", "chat_id"),
        Index("ix_moderation_act_post", "post_id"),
        Index("ix_moderation_act_appeal", "appeal_token_sha256"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: ModerationKind = Field(sa_type=str_enum(ModerationKind))
    state: ModerationState = Field(default=ModerationState.PROPOSED, sa_type=str_enum(ModerationState))
    state_reason: str = ""
    changed_at: datetime = Field(sa_type=UTCDateTime)
    account_id: int = Field(foreign_key="account.id")
    author_id: int = Field(foreign_key="author.id")
    post_id: int | None = Field(default=None, foreign_key="post.id")
    mention_id: int | None = Field(default=None, foreign_key="mention.id")
    chat_id: int | None = Field(default=None, foreign_key="tweet_chat.id")
    clause_id: int = Field(foreign_key="moderation_clause.id")
    clause_words: str = ""
    language: str = "en"
    why: str = Field(default="", description="what of the post the clause is about, in staff's own words")
    captured: dict[str, Any] = Field(default_factory=dict, sa_type=json_column())
    captured_sha256: str
    captured_at: datetime = Field(sa_type=UTCDateTime)
    proposed_by: int = Field(foreign_key="staff_user.id")
    proposed_at: datetime = Field(sa_type=UTCDateTime)
    decided_by: int | None = Field(default=None, foreign_key="staff_user.id")
    decided_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    on_network: OnNetwork = Field(default=OnNetwork.NOT_ASKED, sa_type=str_enum(OnNetwork))
    network_detail: str = ""
    network_tries: int = 0
    network_next_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    notice_reply_id: int | None = Field(default=None, description="Reply.id of the notice, which is reviewed as any")
    notice_note: str = Field(default="", description="why there is no notice, or not yet; empty: nothing to say")
    appeal_token_sha256: str = Field(default="", description="of the secret in the notice's link; the link is not kept")
    appealed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    appeal_words: str = Field(default="", description="what they say against it: a resident's words")
    appeal_decided_by: int | None = Field(default=None, foreign_key="staff_user.id")
    appeal_decided_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    appeal_granted: bool | None = Field(default=None, description="what was decided; None: nothing yet")
    appeal_answer: str = Field(default="", description="why, in staff's words, as the author reads it")
    outcome_reply_id: int | None = Field(default=None, description="Reply.id that tells the outcome of the appeal")
