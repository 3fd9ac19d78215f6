"""Store what a listener fetched: posts and cursor in one transaction, each post once (invariants 1 and 2).

A page that comes late or twice changes nothing. Our own posts and reposts are kept as context and never become work.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from listeners.protocol import Batch
from models import (
    Account,
    Attachment,
    AttemptOutcome,
    Author,
    Conversation,
    Gap,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    SendAttempt,
    UnreadablePost,
    advance,
)
from models.posts import IncomingAuthor, IncomingPost, PostKind

ANSWER_WITHIN = timedelta(hours=72)
"""A resident who writes again in the same thread within this time is taken to go on about the same problem."""


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
    """
    stored = store_posts(session, account, batch.posts, now)
    known = _known_unreadable(session, account, [item.channel_post_id for item in batch.unreadable])
    for item in batch.unreadable:
        if item.channel_post_id not in known:
            known.add(item.channel_post_id)
            stored.unreadable += 1
            session.add(
                UnreadablePost(
                    account_id=account.id or 0,
                    channel_post_id=item.channel_post_id,
                    reason=item.reason,
                    raw=item.raw,
                    received_at=now,
                )
            )
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


def store_posts(session: Session, account: Account, posts: Sequence[IncomingPost], now: datetime) -> Stored:
    """Store posts that are not stored yet; what a webhook delivers comes in here too."""
    return _Page(session, account, posts, now).store()


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
        row = _post_row(self.account, conversation, author, post, PostKind.OWN if own else post.kind, self.now)
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
                _settle_by_own_post(self.session, row, self.now)
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
            mention = _same_album(self.session, conversation, author, post)
        if mention is None and (post.in_reply_to or post.private):
            mention = _goes_on(self.session, conversation, author, post, self.now)
            if mention is not None:
                _wrote_again(self.session, mention, self.now)
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
            )
        elif mention.state != MentionState.WITHDRAWN:
            mention.version += 1
            mention.needs_understanding = True
            mention.may_reply, mention.may_reply_reason = post.may_reply, post.may_reply_reason
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


def _same_album(session: Session, conversation: Conversation, author: Author, post: IncomingPost) -> Mention | None:
    part = session.exec(
        select(Post.mention_id).where(
            Post.conversation_id == conversation.id,
            Post.author_id == author.id,
            Post.album == post.album,
            col(Post.mention_id).is_not(None),
        )
    ).first()
    return session.get(Mention, part) if part else None


def _goes_on(
    session: Session, conversation: Conversation, author: Author, post: IncomingPost, now: datetime
) -> Mention | None:
    """The mention this post goes on about, where that is plain.

    Plain is: the author answers their own post or our reply to it, or writes in a private chat where we have just
    asked them something and wait for the answer.
    """
    mention: Mention | None = None
    if post.in_reply_to:
        parent = session.exec(
            select(Post).where(Post.conversation_id == conversation.id, Post.channel_post_id == post.in_reply_to)
        ).first()
        if parent and parent.kind == PostKind.OWN:
            mention_id = session.exec(
                select(Reply.mention_id).where(
                    Reply.account_id == parent.account_id, Reply.sent_post_id == parent.channel_post_id
                )
            ).first()
            mention = session.get(Mention, mention_id) if mention_id else None
        elif parent and parent.mention_id:
            mention = session.get(Mention, parent.mention_id)
    elif conversation.private:
        newest = session.exec(
            select(Mention).where(Mention.conversation_id == conversation.id).order_by(col(Mention.id).desc()).limit(1)
        ).first()
        mention = newest if newest and _waits_for_answer(session, newest) else None
    if mention is None or mention.author_id != author.id or mention.state == MentionState.WITHDRAWN:
        return None
    return mention if now - mention.changed_at <= ANSWER_WITHIN else None


def _waits_for_answer(session: Session, mention: Mention) -> bool:
    last = session.exec(
        select(Reply)
        .where(Reply.mention_id == mention.id, Reply.state == ReplyState.SENT)
        .order_by(col(Reply.id).desc())
        .limit(1)
    ).first()
    return last is not None and last.template_key.startswith("ask_")


def _wrote_again(session: Session, mention: Mention, now: datetime) -> None:
    if mention.state in (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE):
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "intake", "the author wrote again", now)


def _settle_by_own_post(session: Session, own: Post, now: datetime) -> None:
    """Our own post, seen by the listener, is proof: it settles a reply posted by hand, and one that was in doubt.

    It is the same reply when it hangs under the same post (X shows that), or says exactly what we tried to say there.
    """
    candidates = session.exec(
        select(Reply)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .where(
            Mention.conversation_id == own.conversation_id,
            col(Reply.state).in_([ReplyState.HANDED_OVER, ReplyState.UNCERTAIN]),
        )
    ).all()
    for reply in candidates:
        tried = session.exec(
            select(SendAttempt).where(SendAttempt.reply_id == reply.id).order_by(col(SendAttempt.id).desc()).limit(1)
        ).first()
        same_words = tried is not None and tried.text.strip() == own.text.strip()
        if same_words or (own.in_reply_to is not None and own.in_reply_to == reply.in_reply_to):
            reply.sent_post_id, reply.sent_text = own.channel_post_id, own.text
            reply.sent_at, reply.sent_url = own.created_at, own.url
            if tried is not None:
                tried.outcome = AttemptOutcome.DONE
                session.add(tried)
            advance(session, reply, ReplyState.SENT, "listener", "our own post was seen in the thread", now)
            return


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
