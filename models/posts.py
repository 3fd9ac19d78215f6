"""Values that cross the boundary between a channel and us. Frozen, plain, no ORM."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class PostKind(StrEnum):
    """Why a post is in our store. Only a MENTION ever becomes work (invariant 1)."""

    MENTION = "mention"
    OWN = "own"
    REPOST = "repost"
    CONTEXT = "context"


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    VIDEO = "video"
    VOICE = "voice"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Pin:
    """A point the resident shared. Degrees WGS 84; `accuracy_m` in metres where the channel tells it."""

    lat: float
    lon: float
    accuracy_m: float | None = None
    title: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class IncomingAuthor:
    channel_author_id: str
    handle: str = ""
    display_name: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class IncomingAttachment:
    channel_file_id: str
    kind: AttachmentKind
    url: str = ""
    alt_text: str = ""


@dataclass(frozen=True, slots=True)
class IncomingPost:
    """A post as a channel delivered it.

    `post_id` is unique per account. `edit_chain` is the id of the first version (equal to `post_id` where the
    post was never edited). `album` groups posts the resident sent as one;
    `private` marks what only those in the chat can read. `may_reply` with `may_reply_reason`
    is what the channel's rules say about answering it; `addressed` is False where the author did not speak to us and a
    search found the post. `command` is a bot's command without its slash. `reply_with` is what the channel needs to
    hang a reply under this post (Bluesky: root and parent; Mastodon: visibility); OutgoingPost hands it back unread.
    `live`: its pin moves on by itself, each move a version. `created_at` is aware UTC; `raw` is what came over the
    wire.
    """

    post_id: str
    edit_chain: str
    conversation_id: str
    author: IncomingAuthor
    text: str
    created_at: datetime
    kind: PostKind = PostKind.MENTION
    private: bool = False
    in_reply_to: str | None = None
    album: str | None = None
    language_hint: str | None = None
    url: str = ""
    pin: Pin | None = None
    live: bool = False
    attachments: Sequence[IncomingAttachment] = ()
    may_reply: bool = True
    may_reply_reason: str = ""
    addressed: bool = True
    command: str = ""
    reply_with: Mapping[str, str] = field(default_factory=dict)
    rule_id: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnreadableItem:
    """Something the channel delivered that we could not read; kept raw with the reason."""

    channel_post_id: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class NoticedGap:
    after_post_id: str
    before_post_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OutgoingPicture:
    """A picture on its way out. `media_type` is image/jpeg or image/png; `alt_text` says what it shows, never empty."""

    content: bytes
    media_type: str
    alt_text: str


@dataclass(frozen=True, slots=True)
class OutgoingPost:
    """One reply on its way out: final text, no slots left. `in_reply_to` is the resident's post id.

    `started_at` (aware UTC) is when the attempt was written down, so that what a channel lets us choose (a record key)
    can be chosen again when we look for it. `in_doubt`: an earlier attempt at these words may have landed; `started_at`
    is then of the first such one. `reply_with` is what the post we answer came with. `author_id` is whom we answer, on
    the channel; `private` says that nobody else may read it. `asks_location`: it asks where it is, so that a channel
    which has a button for that can show it. `choices`: the answers it can be given with one tap, where the channel has
    buttons; a tap comes back as these very words.
    """

    reply_id: int
    text: str
    conversation_id: str
    in_reply_to: str | None
    language: str
    idempotency_key: str
    started_at: datetime
    author_id: str = ""
    private: bool = False
    in_doubt: bool = False
    asks_location: bool = False
    choices: tuple[str, ...] = ()
    reply_with: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[OutgoingPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class SentPost:
    post_id: str
    sent_at: datetime
    url: str = ""


def too_old(written_at: datetime, hours: float, now: datetime) -> bool:
    """Whether a post is so old that nothing answers it by itself any more; a person still may. Times are aware."""
    return now - written_at > timedelta(hours=hours)
