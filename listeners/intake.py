"""Store what a listener fetched: posts and cursor in one transaction, each post once (invariants 1 and 2).

A page that comes late or twice changes nothing. Our own posts and reposts are kept as context and never become work.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, StatementError
from sqlmodel import Session, col, select

from listeners.following import goes_on, same_album, settle_by_own_post, wrote_again
from listeners.protocol import Batch
from models import (
    Account,
    Attachment,
    Author,
    Conversation,
    Gap,
    Mention,
    MentionState,
    Post,
    UnreadablePost,
)
from models.posts import IncomingAuthor, IncomingPost, PostKind, UnreadableItem

log = logging.getLogger(__name__)

REFUSALS = (StatementError, UnicodeError, OverflowError)


@dataclass(slots=True)
class Stored:
    """What one batch changed: ids of mentions to understand, and how many posts were new."""

    new_posts: int = 0
    repeated: int = 0
    unreadable: int = 0
    to_understand: list[int] = field(default_factory=list)


def store_batch(session: Session, account: Account, batch: Batch, now: datetime) -> Stored:
    """Store a batch and move the account's cursor, in the caller's transaction.

    `account` must be locked by the caller. Nothing is committed here, so that a crash keeps cursor and posts together.
    A post the database refuses is kept as unreadable; it does not stop the page.
    """
    unreadable = list(batch.unreadable)
    try:
        with session.begin_nested():
            stored = store_posts(session, account, batch.posts, now)
    except REFUSALS as error:
        if not _post_is_at_fault(error):
            raise
        log.exception("%s: a page could not be stored as a whole; storing it post by post", account.name)
        stored = _store_one_by_one(session, account, batch.posts, unreadable, now)
    stored.unreadable = _keep_unreadable(session, account, unreadable, now)
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
    account.cursor = batch.cursor
    session.add(account)
    return stored


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
                one = store_posts(session, account, [post], now)
        except REFUSALS as error:
            if not _post_is_at_fault(error):
                raise
            reason = f"the database refused it ({type(error).__name__})"
            unreadable.append(UnreadableItem(post.post_id, reason, json.dumps(post.raw, default=str)))
            continue
        total.new_posts += one.new_posts
        total.repeated += one.repeated
        total.to_understand += one.to_understand
    return total


def _keep_unreadable(session: Session, account: Account, items: Sequence[UnreadableItem], now: datetime) -> int:
    known = _known_unreadable(session, account, [item.channel_post_id for item in items])
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


def store_posts(session: Session, account: Account, posts: Sequence[IncomingPost], now: datetime) -> Stored:
    """Store posts that are not stored yet; what a webhook delivers comes in here too."""
    return _Page(session, account, [_storable(post) for post in posts], now).store()


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


class _Page:
    """One page on its way in: what is known of its posts already is asked once for all of them."""

    def __init__(self, session: Session, account: Account, posts: Sequence[IncomingPost], now: datetime) -> None:
        self.session, self.account, self.posts, self.now = session, account, posts, now
        self.stored = Stored()
        self.known = _known_posts(session, account, [post.post_id for post in posts])
        self.context = {row.channel_post_id: row for row in _context_that_speaks_to_us(session, account, posts)}
        self.rooms = _conversations(session, account, posts)
        self.people = _authors(session, account, [post.author for post in posts])
        self.chains = _chains(session, account, posts)
        self.touched: dict[str, Mention] = {}

    def store(self) -> Stored:
        rows: list[tuple[Post, IncomingPost, Mention | None]] = []
        for post in self.posts:
            if post.post_id in self.known:
                self.stored.repeated += 1
                self._promote(post)
                continue
            self.known.add(post.post_id)
            self.stored.new_posts += 1
            if post.in_reply_to or post.album or post.private:
                self._write(rows)  # it may go on about a post of this very page
            rows.append(self._new_row(post))
        self._write(rows)
        self.session.flush()
        self.stored.to_understand = [mention.id or 0 for mention in self.touched.values()]
        return self.stored

    def _new_row(self, post: IncomingPost) -> tuple[Post, IncomingPost, Mention | None]:
        conversation, author = self.rooms[post.conversation_id], self.people[post.author.channel_author_id]
        own = post.kind == PostKind.OWN or post.author.channel_author_id == self.account.channel_account_id
        kind = PostKind.OWN if own else post.kind
        if kind == PostKind.CONTEXT and post.edit_chain in self.chains:
            kind = PostKind.MENTION  # a version that no longer names us still changes what was said to us
        row = _post_row(self.account, conversation, author, post, kind, self.now)
        mention = self._mention_for(post) if row.kind == PostKind.MENTION else None
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
            return
        conversation, author = self.rooms[post.conversation_id], self.people[post.author.channel_author_id]
        whole = _post_row(self.account, conversation, author, post, PostKind.MENTION, self.now)
        row.sqlmodel_update(whole.model_dump(exclude={"id", "mention_id", "received_at"}))
        mention = self._mention_for(post)
        self.session.flush()
        row.mention_id = mention.id
        self.session.add(row)
        known = self.session.exec(select(Attachment.channel_file_id).where(Attachment.post_id == row.id)).all()
        _attach(self.session, row, post, known)

    def _mention_for(self, post: IncomingPost) -> Mention:
        mention = self.chains.get(post.edit_chain)
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
                may_reply=post.may_reply,
                may_reply_reason=post.may_reply_reason,
                addressed=post.addressed,
            )
        elif mention.state != MentionState.WITHDRAWN:
            mention.version += 1
            mention.needs_understanding = True
            mention.may_reply, mention.may_reply_reason = post.may_reply, post.may_reply_reason
            mention.addressed = mention.addressed or post.addressed
        self.session.add(mention)
        self.chains[post.edit_chain] = mention
        self.touched[mention.edit_chain] = mention
        return mention


def _chains(session: Session, account: Account, posts: Sequence[IncomingPost]) -> dict[str, Mention]:
    """Mentions of earlier versions of these posts, by edit chain."""
    rows = session.exec(
        select(Post.edit_chain, Mention)
        .join(Mention, col(Mention.id) == Post.mention_id)
        .where(Post.account_id == account.id, col(Post.edit_chain).in_({post.edit_chain for post in posts}))
    ).all()
    return dict(rows)


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


def _post_row(
    account: Account,
    conversation: Conversation,
    author: Author,
    post: IncomingPost,
    kind: PostKind,
    now: datetime,
) -> Post:
    return Post(
        account_id=account.id or 0,
        channel_post_id=post.post_id,
        edit_chain=post.edit_chain,
        conversation_id=conversation.id or 0,
        author_id=author.id,
        kind=kind,
        album=post.album,
        in_reply_to=post.in_reply_to,
        text=post.text,
        language_hint=post.language_hint,
        url=post.url,
        lat=post.pin.lat if post.pin else None,
        lon=post.pin.lon if post.pin else None,
        pin_accuracy_m=post.pin.accuracy_m if post.pin else None,
        pin_title=", ".join(filter(None, (post.pin.title, post.pin.address))) if post.pin else "",
        command=post.command,
        reply_with=dict(post.reply_with) or None,
        rule_id=post.rule_id,
        created_at=post.created_at,
        received_at=now,
        raw=dict(post.raw),
    )


def _known_posts(session: Session, account: Account, ids: Sequence[str]) -> set[str]:
    return set(_among(session, Post.channel_post_id, Post.account_id == account.id, ids))


def _context_that_speaks_to_us(session: Session, account: Account, posts: Sequence[IncomingPost]) -> Sequence[Post]:
    """Posts stored as context of another one, which now turn out to be mentions themselves."""
    ids = [post.post_id for post in posts if post.kind == PostKind.MENTION]
    return session.exec(
        select(Post).where(
            Post.account_id == account.id,
            Post.kind == PostKind.CONTEXT,
            col(Post.channel_post_id).in_(ids),
            col(Post.deleted_at).is_(None),
        )
    ).all()


def _known_unreadable(session: Session, account: Account, ids: Sequence[str]) -> set[str]:
    return set(_among(session, UnreadablePost.channel_post_id, UnreadablePost.account_id == account.id, ids))


def _among(session: Session, column: Any, same_account: Any, ids: Sequence[str]) -> Sequence[str]:
    return session.exec(select(column).where(same_account, col(column).in_(ids))).all() if ids else []


def _conversations(session: Session, account: Account, posts: Sequence[IncomingPost]) -> dict[str, Conversation]:
    wanted = {post.conversation_id: post.private for post in posts}
    found = session.exec(
        select(Conversation).where(
            Conversation.account_id == account.id, col(Conversation.channel_conversation_id).in_(wanted)
        )
    ).all()
    rooms = {room.channel_conversation_id: room for room in found}
    for conversation_id, private in wanted.items():
        if conversation_id not in rooms:
            rooms[conversation_id] = Conversation(
                account_id=account.id or 0, channel_conversation_id=conversation_id, private=private
            )
            session.add(rooms[conversation_id])
    session.flush()
    return rooms


def _authors(session: Session, account: Account, people: Sequence[IncomingAuthor]) -> dict[str, Author]:
    wanted = {person.channel_author_id: person for person in people}
    found = session.exec(
        select(Author).where(Author.channel == account.channel, col(Author.channel_author_id).in_(wanted))
    ).all()
    authors = {author.channel_author_id: author for author in found}
    for author_id, person in wanted.items():
        author = authors.get(author_id)
        if author is None:
            author = authors[author_id] = Author(channel=account.channel, channel_author_id=author_id)
        seen = (person.handle or author.handle, person.display_name or author.display_name, person.protected)
        if (author.handle, author.display_name, author.protected) != seen:
            author.handle, author.display_name, author.protected = seen
        session.add(author)
    session.flush()
    return authors
