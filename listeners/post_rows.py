"""A post of a channel as the row it is stored in."""

from datetime import datetime

from models import Account, Author, Conversation, Post
from models.posts import IncomingPost, PostKind


def post_row(
    account: Account,
    conversation: Conversation,
    author: Author,
    post: IncomingPost,
    kind: PostKind,
    now: datetime,
) -> Post:
    """The row a post is stored in; of which mention it is, is the caller's to say."""
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
