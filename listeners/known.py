"""What is stored already of a page on its way in: asked once for all of its posts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session, col, select

from models import (
    Account,
    Author,
    Channel,
    ChatNetwork,
    ChatState,
    Conversation,
    Mention,
    Post,
    TweetChat,
    UnreadablePost,
)
from models.posts import IncomingAuthor, IncomingPost, PostKind


def heard_in_groups(session: Session, account: Account, posts: Sequence[IncomingPost]) -> Sequence[IncomingPost]:
    """The same posts; where a chat takes place in a group of ours, all of it is said in the chat, though not to us."""
    if account.channel != Channel.TELEGRAM or not any(post.kind == PostKind.CONTEXT for post in posts):
        return posts
    groups = set(
        session.exec(
            select(ChatNetwork.conversation_id)
            .join(TweetChat, col(TweetChat.id) == ChatNetwork.chat_id)
            .where(
                ChatNetwork.account_id == account.id,
                ChatNetwork.conversation_id != "",
                TweetChat.state == ChatState.LIVE,
            )
        ).all()
    )
    return [
        replace(post, kind=PostKind.MENTION, addressed=False)
        if post.kind == PostKind.CONTEXT and post.conversation_id in groups
        else post
        for post in posts
    ]


def chains(session: Session, account: Account, posts: Sequence[IncomingPost]) -> dict[str, Mention]:
    """Mentions of earlier versions of these posts, by edit chain."""
    rows = session.exec(
        select(Post.edit_chain, Mention)
        .join(Mention, col(Mention.id) == Post.mention_id)
        .where(Post.account_id == account.id, col(Post.edit_chain).in_({post.edit_chain for post in posts}))
    ).all()
    return dict(rows)


def known_posts(session: Session, account: Account, ids: Sequence[str]) -> set[str]:
    return set(_among(session, Post.channel_post_id, Post.account_id == account.id, ids))


def context_that_speaks_to_us(session: Session, account: Account, posts: Sequence[IncomingPost]) -> Sequence[Post]:
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


def known_unreadable(session: Session, account: Account, ids: Sequence[str]) -> set[str]:
    return set(_among(session, UnreadablePost.channel_post_id, UnreadablePost.account_id == account.id, ids))


def _among(session: Session, column: Any, same_account: Any, ids: Sequence[str]) -> Sequence[str]:
    return session.exec(select(column).where(same_account, col(column).in_(ids))).all() if ids else []


def conversations(session: Session, account: Account, posts: Sequence[IncomingPost]) -> dict[str, Conversation]:
    wanted = {post.conversation_id: post.private for post in posts}
    found = session.exec(
        select(Conversation).where(
            Conversation.account_id == account.id, col(Conversation.channel_conversation_id).in_(wanted)
        )
    ).all()
    rooms = {room.channel_conversation_id: room for room in found}
    for conversation_id, private in wanted.items():
        if conversation_id in rooms:
            rooms[conversation_id].private |= private
        else:
            rooms[conversation_id] = Conversation(
                account_id=account.id or 0, channel_conversation_id=conversation_id, private=private
            )
            session.add(rooms[conversation_id])
    session.flush()
    return rooms


def authors(session: Session, account: Account, people: Sequence[IncomingAuthor]) -> dict[str, Author]:
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
