"""Store what a listener fetched: posts and cursor in one transaction, each post once (invariants 1 and 2).

A page that comes late or twice changes nothing. Our own posts and reposts are kept as context and never become work.
Every delivered post is counted in the ledger, in the same transaction.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.exc import DataError, DBAPIError, StatementError
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import Session, select

from listeners.changes import follow_moves, forget_posts, only_moves, stands_still
from listeners.following import goes_on, same_album, settle_by_own_post, wrote_again
from listeners.known import (
    authors,
    chains,
    context_that_speaks_to_us,
    conversations,
    heard_in_groups,
    known_posts,
    known_unreadable,
)
from listeners.post_rows import post_row
from listeners.protocol import Batch
from models import (
    Account,
    Attachment,
    Gap,
    Mention,
    MentionState,
    Post,
    UnreadablePost,
)
from models.commands import of_its_own
from models.keys import void_keys_beside
from models.ledger import KINDS, count_intake
from models.posts import IncomingPost, PostKind, UnreadableItem
from models.search import index_mentions
from models.x_fields import is_group_chat

log = logging.getLogger(__name__)

REFUSALS = (StatementError, UnicodeError, OverflowError)
ALBUM_SETTLES = timedelta(seconds=2)
"""The parts of an album come one by one, within a moment: it is understood once, when they are all there."""
FRESH = timedelta(days=1)
"""What was written so shortly before we began is heard like anything else: a danger in it cannot wait for a person."""
FROM_BEFORE = "from before we began to listen: it waits for a person to take it in"


@dataclass(slots=True)
class Stored:
    """What one page changed: how many posts it held of which kind, and the ids of the mentions to understand.

    `waiting`: of the mentions, those from before we began. `promoted`: for each post that was context and turned out
    to speak to us, the day it was stored.
    """

    mentions: int = 0
    own: int = 0
    reposts: int = 0
    context: int = 0
    repeated: int = 0
    unreadable: int = 0
    waiting: int = 0
    promoted: list[date] = field(default_factory=list)
    to_understand: list[int] = field(default_factory=list)

    @property
    def new_posts(self) -> int:
        return self.mentions + self.own + self.reposts + self.context

    def add(self, other: "Stored") -> None:
        for name in (*_COUNTER_OF.values(), "repeated", "unreadable", "waiting"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.promoted += other.promoted
        self.to_understand += other.to_understand


_COUNTER_OF = {
    PostKind.MENTION: "mentions",
    PostKind.OWN: "own",
    PostKind.REPOST: "reposts",
    PostKind.CONTEXT: "context",
}


def begin(account: Account, now: datetime, *, ask: bool) -> None:
    """Note at first contact when we began to listen. ask: what is older waits for a person; else nothing waits."""
    if not ask:
        account.began_at = None
    elif account.began_at is None:
        account.began_at = account.last_contact_at or now


def store_batch(session: Session, account: Account, batch: Batch, now: datetime) -> Stored:
    """Store a page of what an account hears first of all, and move its cursor, in the caller's transaction.

    `account` must be locked by the caller. Nothing is committed here, so that a crash keeps cursor and posts together.
    """
    account.cursor = batch.cursor
    return store_page(session, account, batch, now)


def store_page(session: Session, account: Account, batch: Batch, now: datetime) -> Stored:
    """Store a page of anything an account hears; its cursor is the caller's to keep, in the same transaction.

    A post the database refuses is kept as unreadable; it does not stop the page.
    """
    unreadable = list(batch.unreadable)
    follow_moves(session, account, batch.moved)
    try:
        with session.begin_nested():
            stored = _Page(session, account, batch.posts, now).store()
    except REFUSALS as error:
        if not _post_is_at_fault(error):
            raise
        log.exception("%s: a page could not be stored as a whole; storing it post by post", account.name)
        stored = _store_one_by_one(session, account, batch.posts, unreadable, now)
    stored.unreadable = _keep_unreadable(session, account, unreadable, now)
    stored.repeated += len(unreadable) - stored.unreadable
    if batch.deleted:
        forget_posts(session, account, batch.deleted, "says that its author deleted it", now)
    if batch.gap:
        session.add(
            Gap(
                account_id=account.id or 0,
                after_post_id=batch.gap.after_post_id,
                before_post_id=batch.gap.before_post_id,
                reason=batch.gap.reason,
                noticed_at=now,
            )
        )
    _count(session, account, stored, now, gaps_opened=1 if batch.gap else 0)
    return stored


def store_posts(session: Session, account: Account, posts: Sequence[IncomingPost], now: datetime) -> Stored:
    """Store posts that are not stored yet; what a webhook delivers comes in here."""
    stored = _Page(session, account, posts, now).store()
    _count(session, account, stored, now)
    return stored


def _count(session: Session, account: Account, stored: Stored, now: datetime, gaps_opened: int = 0) -> None:
    if stored.mentions:
        account.heard_at = now
    session.add(account)
    for day in stored.promoted:
        count_intake(session, account.id or 0, day, context=-1, mentions=1)
    count_intake(
        session,
        account.id or 0,
        now.astimezone(UTC).date(),
        **{name: getattr(stored, name) for name in (*KINDS, "waiting")},
        gaps_opened=gaps_opened,
    )


def _post_is_at_fault(error: Exception) -> bool:
    """Whether a value was refused. Trouble with the database itself is no post's fault: then the page comes again."""
    return isinstance(error, DataError) or not isinstance(error, DBAPIError)


def _store_one_by_one(
    session: Session,
    account: Account,
    posts: Sequence[IncomingPost],
    unreadable: list[UnreadableItem],
    now: datetime,
) -> Stored:
    total = Stored()
    for post in posts:
        try:
            with session.begin_nested():
                one = _Page(session, account, [post], now).store()
        except REFUSALS as error:
            if not _post_is_at_fault(error):
                raise
            reason = f"the database refused it ({type(error).__name__})"
            unreadable.append(UnreadableItem(post.post_id, reason, json.dumps(post.raw, default=str)))
            continue
        total.add(one)
    return total


def _keep_unreadable(session: Session, account: Account, items: Sequence[UnreadableItem], now: datetime) -> int:
    known = known_unreadable(session, account, [item.channel_post_id for item in items])
    new = {item.channel_post_id: item for item in items if item.channel_post_id not in known}
    for item in new.values():
        session.add(
            UnreadablePost(
                account_id=account.id or 0,
                channel_post_id=item.channel_post_id,
                reason=item.reason,
                raw=item.raw,
                received_at=now,
            )
        )
    return len(new)


_UNWANTED = {0: "\N{REPLACEMENT CHARACTER}"} | dict.fromkeys(range(0x202A, 0x202F))
"""NUL, which no database takes; and the marks that turn the writing round, for they would turn our labels too."""


def _storable(post: IncomingPost) -> IncomingPost:
    """The same post without the two things no database takes as text: NUL and half a surrogate pair."""
    author = post.author
    return replace(
        post,
        text=_clean(post.text),
        url=_clean(post.url),
        language_hint=_clean(post.language_hint) if post.language_hint else None,
        author=replace(author, handle=_clean(author.handle), display_name=_clean(author.display_name)),
        pin=replace(post.pin, title=_clean(post.pin.title), address=_clean(post.pin.address)) if post.pin else None,
        attachments=[replace(one, alt_text=_clean(one.alt_text), url=_clean(one.url)) for one in post.attachments],
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_UNWANTED)


def _with_command(post: IncomingPost) -> IncomingPost:
    """The same post with the command that it says in words, where the channel knows no commands."""
    if post.command or post.kind != PostKind.MENTION or not post.addressed:
        return post
    return replace(
        post, command=of_its_own(post.text, private=post.private and not is_group_chat(post.conversation_id))
    )


class _Page:
    """One page on its way in: what is known of its posts already is asked once for all of them."""

    def __init__(self, session: Session, account: Account, posts: Sequence[IncomingPost], now: datetime) -> None:
        self.session, self.account, self.now = session, account, now
        posts = heard_in_groups(session, account, posts)
        self.posts = posts = [_with_command(_storable(post)) for post in posts]
        self.stored = Stored()
        self.known = known_posts(session, account, [post.post_id for post in posts])
        self.context = {row.channel_post_id: row for row in context_that_speaks_to_us(session, account, posts)}
        self.rooms = conversations(session, account, posts)
        self.people = authors(session, account, [post.author for post in posts])
        self.chains = chains(session, account, posts)
        self.touched: dict[str, Mention] = {}
        self.written: list[Mention] = []

    def store(self) -> Stored:
        rows: list[tuple[Post, IncomingPost, Mention | None]] = []
        for post in self.posts:
            if post.post_id in self.known:
                self.stored.repeated += 1
                self._promote(post)
                continue
            if post.live:
                self._write(rows)
                if stands_still(self.session, self.account, post):
                    self.stored.repeated += 1
                    continue
            self.known.add(post.post_id)
            if post.in_reply_to or post.album or post.private:
                self._write(rows)  # it may go on about a post of this very page
            rows.append(self._new_row(post))
        self._write(rows)
        self.session.flush()
        void_keys_beside(self.session, self.written)
        index_mentions(self.session, {one.id or 0 for one in self.touched.values()})
        self.stored.to_understand = [one.id or 0 for one in self.touched.values() if one.needs_understanding]
        return self.stored

    def _new_row(self, post: IncomingPost) -> tuple[Post, IncomingPost, Mention | None]:
        conversation, author = self.rooms[post.conversation_id], self.people[post.author.channel_author_id]
        own = post.kind == PostKind.OWN or post.author.channel_author_id == self.account.channel_account_id
        kind = PostKind.OWN if own else post.kind
        if kind == PostKind.CONTEXT and post.edit_chain in self.chains:
            kind = PostKind.MENTION  # a version that no longer names us still changes what was said to us
        row = post_row(self.account, conversation, author, post, kind, self.now)
        mention = self._mention_for(post) if row.kind == PostKind.MENTION else None
        counter = _COUNTER_OF[kind]
        setattr(self.stored, counter, getattr(self.stored, counter) + 1)
        return row, post, mention

    def _write(self, rows: list[tuple[Post, IncomingPost, Mention | None]]) -> None:
        self.session.flush()  # gives the new mentions their ids
        for row, _, mention in rows:
            row.mention_id = mention.id if mention else None
            self.session.add(row)
        self.session.flush()
        for row, post, _ in rows:
            _attach(self.session, row, post)
            if row.kind == PostKind.OWN:
                settle_by_own_post(self.session, row, self.now)
        rows.clear()

    def _promote(self, post: IncomingPost) -> None:
        """What was stored as context of another post and speaks to us itself becomes a mention, with all it brings.

        X shows a post that somebody answers without its pictures.
        """
        row = self.context.get(post.post_id)
        if row is None or row.kind != PostKind.CONTEXT:
            self._now_addressed(post)
            return
        conversation, author = self.rooms[post.conversation_id], self.people[post.author.channel_author_id]
        whole = post_row(self.account, conversation, author, post, PostKind.MENTION, self.now)
        row.sqlmodel_update(whole.model_dump(exclude={"id", "mention_id", "received_at"}))
        mention = self._mention_for(post)
        self.stored.promoted.append(row.received_at.astimezone(UTC).date())
        self.session.flush()
        row.mention_id = mention.id
        self.session.add(row)
        known = self.session.exec(select(Attachment.channel_file_id).where(Attachment.post_id == row.id)).all()
        _attach(self.session, row, post, known)

    def _now_addressed(self, post: IncomingPost) -> None:
        """What a search had found turns out to speak to us: it is one mention, and it may be answered as such."""
        mention = self.chains.get(post.edit_chain)
        if post.kind == PostKind.MENTION and post.addressed and mention is not None and not mention.addressed:
            mention.addressed = True
            mention.may_reply, mention.may_reply_reason = post.may_reply, post.may_reply_reason
            self.session.add(mention)

    def _from_before(self, post: IncomingPost) -> bool:
        return self.account.began_at is not None and post.created_at <= self.account.began_at - FRESH

    def _mention_for(self, post: IncomingPost) -> Mention:
        from_before = self._from_before(post)
        mention = self.chains.get(post.edit_chain)
        moved = mention is not None and only_moves(self.session, self.account, post)
        conversation, author = self.rooms[post.conversation_id], self.people[post.author.channel_author_id]
        if mention is None and post.album:
            mention = same_album(self.session, conversation, author, post)
        if mention is None and (post.in_reply_to or post.private):
            mention = goes_on(self.session, conversation, author, post, self.now)
            if mention is not None:
                wrote_again(self.session, mention, self.now)
        if mention is None:
            mention = Mention(
                account_id=self.account.id or 0,
                edit_chain=post.edit_chain,
                conversation_id=conversation.id or 0,
                author_id=author.id or 0,
                received_at=self.now,
                changed_at=self.now,
                needs_understanding=not from_before,
                state_reason=FROM_BEFORE if from_before else "",
                may_reply=post.may_reply,
                may_reply_reason=post.may_reply_reason,
                addressed=post.addressed,
            )
        elif mention.state != MentionState.WITHDRAWN:
            if moved:
                self.session.refresh(mention, with_for_update=True)
            # what nobody has to read voids no page; but it may be being understood this moment, as it was
            mention.version += not moved or mention.understand_after is not None
            mention.needs_understanding = not (from_before and mention.waits)
            flag_modified(mention, "needs_understanding")  # a reader may be finishing with what it said before
            mention.may_reply, mention.may_reply_reason = post.may_reply, post.may_reply_reason
            mention.addressed = mention.addressed or post.addressed
        if post.album:
            mention.understand_after = self.now + ALBUM_SETTLES
        self.stored.waiting += mention.waits
        self.session.add(mention)
        self.chains[post.edit_chain] = mention
        self.touched[mention.edit_chain] = mention
        if not moved:
            self.written.append(mention)
        return mention


def _attach(session: Session, row: Post, post: IncomingPost, known: Sequence[str] = ()) -> None:
    files = {file.channel_file_id: file for file in post.attachments if file.channel_file_id not in known}
    for file in files.values():
        session.add(
            Attachment(
                post_id=row.id or 0,
                channel_file_id=file.channel_file_id,
                kind=file.kind,
                url=file.url,
                alt_text=file.alt_text,
            )
        )
