"""What people close by hand besides mentions: gaps in what we heard, and posts we could not read."""

from datetime import datetime

from sqlmodel import Session

from listeners import gaps
from models import Gap, StaffUser, UnreadablePost, record


def close_gap(session: Session, gap_id: int, staff: StaffUser, now: datetime) -> bool:
    """Somebody has dealt with a gap. False where there is no such gap; closing it twice changes nothing."""
    gap = session.get(Gap, gap_id, with_for_update=True)
    if gap is None:
        return False
    gaps.close_gap(session, gap, f"staff:{staff.id}", "dealt with", now)
    return True


def close_unreadable(session: Session, post_id: int, staff: StaffUser, now: datetime) -> bool:
    """Somebody has looked at an unreadable post. False where there is none; closing it twice changes nothing."""
    post = session.get(UnreadablePost, post_id, with_for_update=True)
    if post is None:
        return False
    if post.closed_at is None:
        post.closed_at = now
        session.add(post)
        record(session, "UnreadablePost", post_id, f"staff:{staff.id}", "dealt with", now)
    return True
