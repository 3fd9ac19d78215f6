"""The posts of a chat as its recap and transcript may show them: which words, whose name, or a link alone.

Read from the database each time, so that a deleted post is gone from what is published already (invariant 6).
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Author,
    Channel,
    ChatEntry,
    ChatLane,
    ChatQuestion,
    Conversation,
    Mention,
    ModerationAct,
    ModerationClause,
    Post,
    TweetChat,
    Understanding,
)
from models.posts import PostKind
from responders.moderation.folding import hidden_acts, muted
from responders.quoting import block_of

LINKS_ONLY = (Channel.X,)
"""Networks whose posts leave them as ids and links. Source: X's developer policy, redistribution of content."""
NOT_REPEATED = (ChatLane.SERVICE_REQUEST, ChatLane.EMERGENCY, ChatLane.ABUSE)
"""Lanes whose words we do not say again: a home, a danger, somebody's private data."""
OPEN_TO_ALL = ("public", "unlisted")
"""Mastodon's visibilities that anybody may read."""

_NAMED = re.compile(r"(?<![\w@])[@\uff20][\w.-]*\w(?:@[\w.-]*\w)?")
_HOUSE = re.compile(
    r"\b\d{2,5}[a-z]?\s+(?:(?!(?:on|in|of|at|the|my|our|from|to|and|block|blk)\b)[\w'’.]+\s+){1,3}"
    r"(?:st|street|ave|avenue|rd|road|blvd|boulevard|ln|lane|dr|drive|ct|court|pl|place|ter|terrace|pkwy|pike)\b"
    r"(?:,?\s*(?:apt|apartment|unit|#)\.?\s*\w+)?",
    re.IGNORECASE,
)


class Withheld(StrEnum):
    """Why the words of a post do not stand here."""

    HIDDEN = "hidden"
    NOT_PUBLIC = "not_public"
    LATER = "later"
    REPORT = "report"
    ABUSE = "abuse"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with all that stands around it. `hidden` None: no act folds it. `private`: a chat with one resident."""

    entry: ChatEntry
    post: Post
    account: Account
    author: Author | None
    private: bool
    language: str
    hidden: ModerationAct | None = None
    clause: int = 0

    @property
    def ours(self) -> bool:
        return self.post.kind == PostKind.OWN

    @property
    def open(self) -> bool:
        """Whether it was said to everybody who is there: in public, or in the group where the chat takes place."""
        reach = (self.post.reply_with or {}).get("visibility", OPEN_TO_ALL[0])
        protected = self.author is not None and self.author.protected
        return not protected and not self.private and reach in OPEN_TO_ALL

    @property
    def public(self) -> bool:
        """Whether anybody may read the post on its network."""
        return CHANNELS[self.account.channel].public and self.open

    @property
    def link(self) -> str:
        """Where the post stands; on X by its id alone, without the name of its author. "": anybody cannot read it."""
        if not self.public or self.hidden is not None:
            return ""
        if self.account.channel == Channel.X:
            return f"https://x.com/i/web/status/{self.post.channel_post_id}"
        return self.post.url


@dataclass(frozen=True, slots=True)
class Line:
    """A post as anybody may read it. `words` "" with `withheld`: why not; `told_as` is what staff say instead.

    `author`: a handle, only where the post is public and chosen; "" is "a participant". `clause`: its number.
    """

    entry_id: int
    at: datetime
    channel: Channel
    lane: ChatLane
    question: int | None
    words: str
    language: str
    link: str
    author: str = ""
    ours: bool = False
    chosen: bool = False
    withheld: Withheld | None = None
    clause: int = 0
    told_as: Mapping[str, str] = field(default_factory=dict)


def rows_of(session: Session, chat: TweetChat, now: datetime, *only: ColumnElement[bool]) -> list[Row]:
    """Every post of a chat that is not deleted, in order of its time. `only`: what has to be true of its entry."""
    found = session.exec(
        select(ChatEntry, Post, Account, Conversation.private)
        .join(Post, col(Post.id) == ChatEntry.post_id)
        .join(Account, col(Account.id) == ChatEntry.account_id)
        .join(Conversation, col(Conversation.id) == Post.conversation_id)
        .where(ChatEntry.chat_id == chat.id, col(Post.deleted_at).is_(None), *only)
        .order_by(col(ChatEntry.said_at), col(ChatEntry.id))
    ).all()
    of_chat = select(ChatEntry.author_id).where(ChatEntry.chat_id == chat.id)
    authors = {one.id: one for one in session.exec(select(Author).where(col(Author.id).in_(of_chat))).all()}
    languages = _languages(session, chat)
    acts = _acts(session, [(entry, post) for entry, post, _, _ in found], now)
    clauses = _clauses(session, acts.values())
    rows = []
    for entry, post, account, private in found:
        act, language = acts.get(entry.id or 0), languages.get(entry.mention_id or 0, post.language_hint or "")
        clause = clauses.get(act.clause_id, 0) if act else 0
        rows.append(Row(entry, post, account, authors.get(entry.author_id), private, language, act, clause))
    return rows


def lines_of(
    session: Session,
    rows: Sequence[Row],
    redact: Callable[[str], str],
    published_at: datetime | None,
) -> list[Line]:
    """The rows as anybody may read them, without private chats.

    What came in, or was edited, after `published_at` has been read by nobody: it stands as a link (None: it is only
    looked at before that).
    """
    numbers = dict(session.exec(select(ChatQuestion.id, ChatQuestion.number)).all()) if rows else {}
    ours = our_handles(session)
    return [
        _line(row, numbers.get(row.entry.question_id), redact, ours, published_at) for row in rows if not row.private
    ]


def open_mentions(rows: Sequence[Row]) -> set[int]:
    """Mention.ids of those who said to everybody all that they have on the board: what answers them is no secret."""
    closed = {row.entry.mention_id for row in rows if not row.open}
    return {row.entry.mention_id for row in rows if row.entry.mention_id} - closed


def spoken(row: Row, redact: Callable[[str], str], ours: frozenset[str]) -> str:
    """What a screen in the room may show of a post, without private details; "": nothing.

    As in a recap, and X's words too: nobody takes them away from there.
    """
    if not row.open or row.hidden is not None or row.entry.lane in NOT_REPEATED:
        return ""
    return _words(row, None, redact, ours)


def _line(
    row: Row,
    question: int | None,
    redact: Callable[[str], str],
    ours: frozenset[str],
    published_at: datetime | None,
) -> Line:
    entry, withheld = row.entry, _withheld(row, published_at)
    named = entry.chosen and row.public and row.hidden is None and row.author is not None
    stays = entry.chosen and withheld in (None, Withheld.NETWORK, Withheld.REPORT)
    return Line(
        entry_id=entry.id or 0,
        at=entry.said_at,
        channel=row.account.channel,
        lane=entry.lane,
        question=question,
        words=_words(row, withheld, redact, ours),
        language=row.language if row.language != "und" else "",
        link=row.link,
        author=row.account.handle if row.ours else row.author.handle if named and row.author else "",
        ours=row.ours,
        chosen=entry.chosen,
        withheld=withheld,
        clause=row.clause,
        told_as=entry.told_as if stays else {},
    )


def _withheld(row: Row, published_at: datetime | None) -> Withheld | None:
    if row.hidden is not None:
        return Withheld.HIDDEN
    if row.ours:
        return None
    if not row.public:
        return Withheld.NOT_PUBLIC
    if published_at is not None and row.post.received_at > published_at:
        return Withheld.LATER
    if row.entry.lane == ChatLane.ABUSE:
        return Withheld.ABUSE
    if row.entry.lane in NOT_REPEATED:
        return Withheld.REPORT
    return Withheld.NETWORK if row.account.channel in LINKS_ONLY else None


def _words(row: Row, withheld: Withheld | None, redact: Callable[[str], str], ours: frozenset[str]) -> str:
    if withheld:
        return ""
    return without_names(row.post.text, ours) if row.ours else quotable(row.post.text, redact, ours)


def quotable(text: str, redact: Callable[[str], str], ours: frozenset[str] = frozenset()) -> str:
    """Somebody's words without private details: no numbers, no house, no names but `ours` (handles of our accounts)."""
    said = _HOUSE.sub(lambda house: block_of(house[0]) or "…", redact(text))
    return without_names(said, ours)


def without_names(text: str, ours: frozenset[str]) -> str:
    """The words without the names of accounts that are not `ours`: who is named did not ask to stand here."""
    return _NAMED.sub(lambda name: name[0] if name[0][1:] in ours else "@…", text)


def our_handles(session: Session) -> frozenset[str]:
    """The handles of our accounts, which may be named anywhere."""
    return frozenset(session.exec(select(Account.handle)).all())


def _languages(session: Session, chat: TweetChat) -> Mapping[int, str]:
    of_chat = select(ChatEntry.mention_id).where(ChatEntry.chat_id == chat.id)
    found = dict(session.exec(select(Mention.id, Mention.language).where(col(Mention.id).in_(of_chat))).all())
    understood = session.exec(
        select(Understanding.mention_id, Understanding.language)
        .where(col(Understanding.mention_id).in_(of_chat))
        .order_by(col(Understanding.id))
    ).all()
    newest = {mention_id: language for mention_id, language in understood if language}
    return {mention_id: newest.get(mention_id) or language for mention_id, language in found.items() if mention_id}


def _acts(session: Session, found: Sequence[tuple[ChatEntry, Post]], now: datetime) -> Mapping[int, ModerationAct]:
    """By ChatEntry.id: the act that hides a post, or silences its author."""
    hidden = hidden_acts(session, [post.id or 0 for _, post in found], now)
    silent = muted(session, {entry.author_id for entry, _ in found if entry.author_id}, now)
    acts = {entry.id or 0: hidden.get(post.id or 0) or silent.get(entry.author_id or 0) for entry, post in found}
    return {entry_id: act for entry_id, act in acts.items() if act is not None}


def _clauses(session: Session, acts: Collection[ModerationAct]) -> Mapping[int, int]:
    found = session.exec(select(ModerationClause.id, ModerationClause.position)).all() if acts else []
    return {clause_id: position for clause_id, position in found if clause_id}
