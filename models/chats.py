"""Tweet chats: the plan, who takes part, what is posted when, and what people wrote.

A scheduled post is a Reply with a plan (Reply.chat_post_id): it is reviewed, frozen and sent by the same outbox as
any other (invariants 3 and 4). A post of a participant is a Mention like any other; its ChatEntry says where on the
board it stands, and the mention itself rests set aside unless it is a report or a danger.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, json_column, str_enum
from models.lifecycle import ChatState


class TweetChat(SQLModel, table=True):
    """One scheduled hashtag Q&A. `hashtag` without its sign; `slug` names its public page.

    `languages`: the first is the chat's own. What is planned stands as seconds after `starts_at`; `shifted_seconds` is
    added to all that has not left yet. While `paused_at` is set nothing planned leaves. `grace_seconds`: so long after
    a new question what names none still belongs to the one before. `answer_keys`: how many people approve an answer;
    with `guests_approve`, a guest's own approval is one of them. `answer_within`: seconds until an assigned post is
    late.
    """

    __tablename__ = "tweet_chat"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    about: str = ""
    hashtag: str
    slug: str = Field(unique=True)
    starts_at: datetime = Field(sa_type=UTCDateTime, index=True)
    minutes: int = 60
    languages: list[str] = Field(default_factory=lambda: ["en"], sa_type=json_column())
    state: ChatState = Field(default=ChatState.PLANNED, sa_type=str_enum(ChatState))
    state_reason: str = ""
    changed_at: datetime = Field(sa_type=UTCDateTime)
    public: bool = Field(default=False, description="whether the page of the event can be read by anybody")
    revision: int = Field(default=1, description="rises with what its calendar file tells (SEQUENCE of RFC 5545)")
    paused_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    shifted_seconds: int = 0
    grace_seconds: int = 60
    answer_keys: int = 1
    guests_approve: bool = False
    answer_within: int = 300
    opened_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    made_by: int | None = Field(default=None, foreign_key="staff_user.id")
    made_at: datetime = Field(sa_type=UTCDateTime)


class ChatNetwork(SQLModel, table=True):
    """An account the chat takes place with.

    `conversation_id`: the group, as the channel names it, where there is no search for hashtags (Telegram). `rule_id`:
    ListeningRule.id of the search for the hashtag, once it is there.
    """

    __tablename__ = "chat_network"
    __table_args__ = (UniqueConstraint("chat_id", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    account_id: int = Field(foreign_key="account.id")
    conversation_id: str = ""
    rule_id: int | None = None
    trouble: str = Field(default="", description="why the hashtag cannot be searched for, in a sentence staff can read")


class ChatPart(StrEnum):
    """What somebody does in a chat."""

    HOST = "host"
    COHOST = "cohost"
    GUEST = "guest"
    MODERATOR = "moderator"


RUNS_IT = frozenset({ChatPart.HOST, ChatPart.COHOST, ChatPart.MODERATOR})
"""Who may sort the board, assign, approve, pause and shift; a guest writes answers to what they are assigned."""


class ChatPerson(SQLModel, table=True):
    """Somebody of the desk, or a guest with a sign-in of their own, in one chat. `shown_as`: as the public reads it."""

    __tablename__ = "chat_person"
    __table_args__ = (UniqueConstraint("chat_id", "staff_id"), Index("ix_chat_person_staff", "staff_id"))

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    staff_id: int = Field(foreign_key="staff_user.id")
    part: ChatPart = Field(sa_type=str_enum(ChatPart))
    shown_as: str = ""
    absent_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="the host says they are not there"
    )


class ChatQuestion(SQLModel, table=True):
    """Q1..Qn. `words` by language tag, without the number; `at_seconds` after the start; `asked_at` once it stands."""

    __tablename__ = "chat_question"
    __table_args__ = (UniqueConstraint("chat_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    number: int
    words: dict[str, str] = Field(default_factory=dict, sa_type=json_column())
    at_seconds: int
    skipped_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    asked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ChatPostKind(StrEnum):
    ANNOUNCEMENT = "announcement"
    OPENING = "opening"
    RULES = "rules"
    QUESTION = "question"
    ANSWER = "answer"
    CLOSING = "closing"
    FOLLOW_UP = "follow_up"


class ChatPost(SQLModel, table=True):
    """One post of ours that answers nobody's in particular, on one account in one language; its words are a Reply's.

    `at_seconds` after the start of the chat (before it: negative); None: it leaves once it is approved. `entry_id`: the
    participant's post that a numbered answer is for, who cannot be answered in the thread.
    """

    __tablename__ = "chat_post"
    __table_args__ = (Index("ix_chat_post_chat", "chat_id", "at_seconds"),)

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    account_id: int = Field(foreign_key="account.id")
    kind: ChatPostKind = Field(sa_type=str_enum(ChatPostKind))
    language: str = "en"
    question_id: int | None = Field(default=None, foreign_key="chat_question.id")
    entry_id: int | None = Field(default=None, description="ChatEntry.id")
    at_seconds: int | None = None
    skipped_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    made_by: int | None = Field(default=None, foreign_key="staff_user.id")
    made_at: datetime = Field(sa_type=UTCDateTime)


class ChatAnswer(SQLModel, table=True):
    """An answer prepared ahead: the bank. `fixed`: its words may not be changed when it is used (a lawyer's words)."""

    __tablename__ = "chat_answer"
    __table_args__ = (Index("ix_chat_answer_chat", "chat_id"),)

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    question_id: int | None = Field(default=None, foreign_key="chat_question.id")
    label: str
    language: str = "en"
    text: str
    fixed: bool = False
    prepared_by: int | None = Field(default=None, foreign_key="staff_user.id")
    prepared_at: datetime = Field(sa_type=UTCDateTime)
    approved_by: int | None = Field(default=None, foreign_key="staff_user.id")
    approved_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    used: int = 0


class ChatLane(StrEnum):
    """Where on the board a post stands. What each means is told in docs/reference/chat-lanes.md."""

    QUESTION = "question"
    ANSWER = "answer"
    NEEDS_ANSWER = "needs_answer"
    SERVICE_REQUEST = "service_request"
    OFF_TOPIC = "off_topic"
    ABUSE = "abuse"
    EMERGENCY = "emergency"
    HOST = "host"


class LinkedHow(StrEnum):
    """Why we think a post belongs to a question."""

    SAID = "said"
    PARENT = "parent"
    TIME = "time"
    PERSON = "person"
    NONE = "none"


class HeardBy(StrEnum):
    TAG = "tag"
    MENTION = "mention"
    REPLY = "reply"
    GROUP = "group"


class AnsweredHow(StrEnum):
    """How a participant got their answer."""

    REPLY = "reply"
    NUMBERED = "numbered"
    BY_HAND = "by_hand"
    WITH_ANOTHER = "with_another"
    NOT_NEEDED = "not_needed"


class ChatEntry(SQLModel, table=True):
    """One post on the board of a chat, through all its edits. Stored once per chat and edit chain (invariant 1).

    `lane_by` is "rule" or "staff:3", `lane_why` a sentence without residents' words. `alike_id`: the first of the
    near-identical questions it is counted with. `version` rises whenever somebody changes something on it: two people
    cannot answer the same post (invariant 5).
    """

    __tablename__ = "chat_entry"
    __table_args__ = (
        UniqueConstraint("chat_id", "account_id", "edit_chain"),
        Index("ix_chat_entry_lane", "chat_id", "lane", "id"),
        Index("ix_chat_entry_mention", "mention_id"),
        Index("ix_chat_entry_post", "post_id"),
        Index("ix_chat_entry_alike", "alike_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    account_id: int = Field(foreign_key="account.id")
    edit_chain: str
    post_id: int = Field(foreign_key="post.id", description="its newest version")
    mention_id: int | None = Field(default=None, description="Mention.id; None: a post of our own or of a host")
    author_id: int | None = Field(default=None, foreign_key="author.id")
    heard_by: HeardBy = Field(sa_type=str_enum(HeardBy))
    said_at: datetime = Field(sa_type=UTCDateTime)
    seen_at: datetime = Field(sa_type=UTCDateTime, description="when it was on the board")
    lane: ChatLane = Field(sa_type=str_enum(ChatLane))
    lane_by: str = "rule"
    lane_why: str = ""
    question_id: int | None = Field(default=None, foreign_key="chat_question.id")
    linked_how: LinkedHow = Field(default=LinkedHow.NONE, sa_type=str_enum(LinkedHow))
    alike_id: int | None = None
    reposts: int = 0
    version: int = 1
    assigned_to: int | None = Field(default=None, description="StaffUser.id")
    due_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    answered_how: AnsweredHow | None = Field(default=None, sa_type=str_enum(AnsweredHow))
    answered_by: int | None = Field(default=None, description="Reply.id with the answer")
    chosen: bool = Field(default=False, description="it stands in the recap")
    told_as: dict[str, str] = Field(
        default_factory=dict, sa_type=json_column(), description="language tag -> what it says, in staff's words"
    )
    hidden_by: int | None = Field(default=None, description="ModerationAct.id that hides it")


class ChatTaskKind(StrEnum):
    PROMISE = "promise"
    UNANSWERED = "unanswered"
    FOLLOW_UP = "follow_up"


class ChatTask(SQLModel, table=True):
    """What is left to do after a chat. A promise made in public has an owner and a date, and stands in the recap."""

    __tablename__ = "chat_task"
    __table_args__ = (Index("ix_chat_task_chat", "chat_id"), Index("ix_chat_task_open", "done_at", "due_on"))

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    entry_id: int | None = Field(default=None, foreign_key="chat_entry.id")
    kind: ChatTaskKind = Field(sa_type=str_enum(ChatTaskKind))
    words: str
    owner_id: int | None = Field(default=None, foreign_key="staff_user.id")
    owner_name: str = Field(default="", description="how the recap names the owner: an office, no resident")
    due_on: date | None = None
    made_by: int | None = Field(default=None, foreign_key="staff_user.id")
    made_at: datetime = Field(sa_type=UTCDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    done_by: int | None = Field(default=None, foreign_key="staff_user.id")
    outcome: str = Field(default="", description="what came of it, as the recap tells")
    chat_post_id: int | None = Field(default=None, description="ChatPost.id of the follow-up post that was made of it")


class ChatRecap(SQLModel, table=True):
    """The recap in one language: `intro` is staff's own words. Read by anybody once it is published."""

    __tablename__ = "chat_recap"
    __table_args__ = (UniqueConstraint("chat_id", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    chat_id: int = Field(foreign_key="tweet_chat.id")
    language: str
    intro: str = ""
    written_at: datetime = Field(sa_type=UTCDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    published_by: int | None = Field(default=None, foreign_key="staff_user.id")
