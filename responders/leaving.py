"""Whether an approved reply to a mention may leave now: what sends it back to a person, and what holds it up."""

from collections.abc import Container
from datetime import datetime

from sqlmodel import Session

from models import Account, Mention, Reply
from models.posts import too_old
from models.threads import posts_of
from responders.may_reply import Bar, MayReply
from responders.repeating import tries_the_key
from responders.settling import overtaken
from responders.standing import why_no_longer
from responders.status_notices import notices_of


def came_too_late(
    session: Session, reply: Reply, mention: Mention, verdict: MayReply, answer_hours: float, now: datetime
) -> str:
    """Why what was approved may not be said any more; "" where it may."""
    if overtaken(session, mention, reply.seen_post_id):
        return "the author wrote again before it left"
    if why := why_no_longer(session, reply, mention, now):
        return why
    if verdict.refused:
        return verdict.reason
    wrote_at = max(post.created_at for post in posts_of(session, mention.id or 0))
    approved_at = reply.approved_at or now
    tells_news = bool(notices_of(session, reply))  # which are as old as the approval, whatever the post is
    since = approved_at if tells_news or too_old(wrote_at, answer_hours, approved_at) else wrote_at  # a person knew
    if too_old(since, answer_hours, now):
        return f"It could not leave for so long that what it answers is more than {answer_hours:g} hours old."
    return ""


def held_up(session: Session, account: Account, verdict: MayReply, set_up: Container[str], now: datetime) -> str:
    """What of our own account holds a reply up; "" where nothing does, or where it is to try a refused key.

    `set_up`: the names of the accounts that can send here.
    """
    if verdict.waits and not (verdict.bar == Bar.KEY_REFUSED and tries_the_key(session, account, now)):
        return verdict.reason
    return "" if account.name in set_up else f"The account {account.name} is not set up here."
