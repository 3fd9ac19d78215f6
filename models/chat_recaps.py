"""What a recap says of a post in staff's own words goes with the post (invariant 6)."""

from sqlmodel import Session, select

from models.chats import ChatEntry
from models.mentions import Post


def forget_told_as(session: Session, post: Post) -> None:
    """Take a deleted post out of the recaps of its chats; what it was counted as stays."""
    found = select(ChatEntry).where(ChatEntry.account_id == post.account_id, ChatEntry.edit_chain == post.edit_chain)
    for entry in session.exec(found).all():
        entry.told_as, entry.chosen = {}, False
        session.add(entry)
