"""Posts as we stored them, the mentions that are our work, and what the classifier made of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel, text

from models.database import UTCDateTime, json_column, str_enum
from models.lifecycle import MentionState
from models.places import Candidate
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
    in_reply_to: str | None = Field(default=None, description="channel post id")
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
            "ix_mention_claimed",
            "claimed_by",
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
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
    received_at: datetime = Field(sa_type=UTCDateTime)
    changed_at: datetime = Field(sa_type=UTCDateTime)
    claimed_by: int | None = Field(default=None, foreign_key="staff_user.id")
    claimed_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UTCDateTime)

    @property
    def waits(self) -> bool:
        """Whether it is from before we began to listen and waits for a person to take it in."""
        return self.state == MentionState.RECEIVED and not self.needs_understanding


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


class Intent(StrEnum):
    SERVICE_REQUEST = "service_request"
    STATUS_ENQUIRY = "status_enquiry"
    QUESTION = "question"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    EMERGENCY = "emergency"
    CHATTER = "chatter"


class LabelTask(StrEnum):
    """What a person can teach the classifier."""

    CATEGORY = "category"
    INTENT = "intent"


class EvidenceKind(StrEnum):
    """What in the post a suggestion rests on (invariant 9)."""

    INTENT = "intent"
    CATEGORY = "category"
    DANGER = "danger"
    LOCATION = "location"
    LANGUAGE = "language"
    PRIVATE = "private"


class Evidence(BaseModel):
    """The words (start, end: code points of the post's text), pin or photo a suggestion came from.

    `post_id` names the post the span is in; a classifier leaves it out, and who stores the evidence fills it in.
    `start == end` with a `note` stands for something that is no text: a shared pin, a photo.
    """

    kind: EvidenceKind
    start: int
    end: int
    post_id: int | None = None
    rule: str = ""
    note: str = ""


class Guess(BaseModel):
    """One possible answer with its probability, 0 to 1."""

    value: str
    probability: float


class Contribution(BaseModel):
    """How much some words of a post speak for a guess: `weight` is a part of the guess's score, negative if against.

    start, end: code points of the post's text.
    """

    start: int
    end: int
    weight: float
    post_id: int | None = None


class Explanation(BaseModel):
    """Why a guess has the score it has, exactly: score = rest + encoder + the weights of `words` (invariant 9).

    `score` is the logit before the softmax. `rest` holds what no shown words carry: how often people write about it
    at all, and words too faint to show. `encoder` is what the sentence as a whole added; 0.0 where it was not asked.
    `occluded`: how much the score falls when these words are covered; made when a person opens the mention.
    """

    task: LabelTask
    value: str
    probability: float
    score: float
    rest: float
    encoder: float = 0.0
    words: list[Contribution] = []
    occluded: list[Contribution] | None = None


class Problem(BaseModel):
    """One of several problems that one post tells of, and the words (code points) that tell of it."""

    service_code: str
    probability: float
    start: int
    end: int
    post_id: int | None = None


class Understanding(SQLModel, table=True):
    """What the classifier made of one version of a mention. `abstained` means: too unsure, a person decides."""

    __table_args__ = (Index("ix_understanding_mention", "mention_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    mention_version: int = 1
    model_version: str
    language: str = "und"
    language_probability: float = 0.0
    intent: Intent | None = Field(default=None, sa_type=str_enum(Intent))
    intent_probability: float = 0.0
    service_code: str | None = None
    service_probability: float = 0.0
    runners_up: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    danger: bool = False
    danger_rule: str = ""
    location_phrase: str = ""
    abstained: bool = False
    abstained_because: str = Field(default="", description="why it suggests nothing, for a person to read")
    failure: str = Field(default="", description="why the classifier gave no answer, for a person to read")
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    intents: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=json_column(), description="intents with their probability, best first"
    )
    problems: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=json_column(), description="two or more problems, each with its words"
    )
    explanations: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    danger_score: float = Field(default=0.0, description="second opinion on the danger, 0 to 1; orders, never hides")
    places: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=json_column(), description="candidates for where it is, best first"
    )
    place_question: str = Field(default="", description="what to ask the resident before a crew can go")
    place_note: str = Field(default="", description="what a person should know: a disagreement, outside the city")
    gazetteer_version: str = ""
    created_at: datetime = Field(sa_type=UTCDateTime)

    def certainty(self) -> float:
        """How sure it is of its least sure suggestion, 0 to 1 with four places; 0 where the classifier failed.

        Orders the queue by what a person's decision teaches most. Where there is nothing to file (praise, chatter)
        only the intent counts.
        """
        if self.failure:
            return 0.0
        intent = (
            self.intent_probability if self.intent else max((one["probability"] for one in self.intents), default=0)
        )
        if self.service_code:
            service = self.service_probability
        else:
            service = max((one["probability"] for one in self.runners_up), default=0) if self.abstained else 1.0
        return round(min(intent, service, 1.0), 4)

    def evidence_spans(self) -> list[Evidence]:
        """The stored evidence as values."""
        return [Evidence.model_validate(one) for one in self.evidence]

    def explained(self) -> list[Explanation]:
        """Why each guess has its score."""
        return [Explanation.model_validate(one) for one in self.explanations]

    def problems_told(self) -> list[Problem]:
        """The problems the post tells of, where there are several."""
        return [Problem.model_validate(one) for one in self.problems]

    def candidates(self) -> list[Candidate]:
        """Where it may be, best first."""
        return [Candidate.model_validate(one) for one in self.places]

    def guesses(self) -> list[Guess]:
        """The runner-up services, best first."""
        return [Guess.model_validate(one) for one in self.runners_up]


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
    acknowledged_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    acknowledged_by: int | None = Field(default=None, foreign_key="staff_user.id")
