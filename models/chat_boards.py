"""A deleted post leaves the board of its chat (invariant 6); its entry keeps the ids alone."""

from sqlmodel import Session, col, select

from models.chats import ChatEntry
from models.mentions import Post


def forget_on_boards(session: Session, post: Post) -> None:
    """Take a post off every board: nobody answers it, no recap shows it, and the next of its like stands for them."""
    entries = session.exec(
        select(ChatEntry)
        .where(ChatEntry.account_id == post.account_id, ChatEntry.edit_chain == post.edit_chain)
        .with_for_update()
    ).all()
    for entry in entries:
        entry.assigned_to = entry.due_at = entry.alike_id = None
        entry.chosen = False
        entry.version += 1
        session.add(entry)
        alike = select(ChatEntry).where(ChatEntry.alike_id == entry.id).order_by(col(ChatEntry.id)).with_for_update()
        heirs = session.exec(alike).all()
        for one in heirs:
            one.alike_id = heirs[0].id if one is not heirs[0] else None
            session.add(one)
