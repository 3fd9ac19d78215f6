"""What was said, kept before anything is done about it, with a hash that shows whether it was changed since.

A hide, mute or block is an act of government: the post it was about is a public record, also once its author has
deleted it (Pa. Right-to-Know Law, s. 102). So the capture is apart from the post, and supervisors alone read it.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, select

from models import Account, Attachment, Author, Post


def captured(session: Session, post: Post, author: Author) -> dict[str, Any]:
    """A post as it stands: words, author, place in the thread, attachments and every version, as plain JSON."""
    versions = session.exec(
        select(Post)
        .where(Post.account_id == post.account_id, Post.edit_chain == post.edit_chain, col(Post.deleted_at).is_(None))
        .order_by(col(Post.created_at), col(Post.id))
    ).all()
    shown = session.exec(
        select(Attachment).where(col(Attachment.post_id).in_([one.id for one in versions])).order_by(col(Attachment.id))
    ).all()
    account = session.get_one(Account, post.account_id)
    return {
        "account": account.name,
        "channel": account.channel.value,
        "post": {
            "id": post.channel_post_id,
            "edit_chain": post.edit_chain,
            "url": post.url,
            "text": post.text,
            "written_at": post.created_at.isoformat(),
            "in_reply_to": post.in_reply_to,
        },
        "author": {"id": author.channel_author_id, "handle": author.handle, "name": author.display_name},
        "attachments": [{"id": one.channel_file_id, "kind": one.kind.value, "alt_text": one.alt_text} for one in shown],
        "versions": [
            {"id": one.channel_post_id, "text": one.text, "written_at": one.created_at.isoformat()} for one in versions
        ],
    }


def seal(kept: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of the canonical JSON: keys in order, no spaces, UTF-8."""
    return sha256(json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
