"""Which of several cases in a private chat a post goes on about, by what we have asked there and what was answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from models import Attachment, Author, Conversation, Mention, MentionState, Post, Reply, ReplyState
from models.lifecycle import OPEN_MENTIONS
from models.posts import IncomingPost, PostKind
from models.status_changes import QUESTIONS

LOOKED_AT = 20
ASKS = ("ask_", *QUESTIONS)
"""How the wordings are called, or begin, that ask something: we do, or the city through us."""
ASKS_WHICH = ("ask_case", "ask_same")
"""Those that ask which case is meant."""
BEGINS = ("start", "new")
ONE_BREATH = timedelta(minutes=5)
"""A pin or a photo that comes so soon after the words, or before them, is a part of what they report."""


def goes_on_in_chat(
    session: Session, conversation: Conversation, author: Author, post: IncomingPost, since: datetime
) -> Mention | None:
    """The mention that a post goes on about; None where it is a new one, or not plain.

    That is the one just begun with a command and nothing else, or told a moment ago in part (words, and now the place
    or a photo, or the other way round); else the one whose question is still open, if only one is; else the newest, if
    we asked something there last. `since`: mentions that rest for longer are not gone on with.
    """
    recent = session.exec(
        select(Mention)
        .where(
            Mention.conversation_id == conversation.id,
            Mention.author_id == author.id,
            Mention.state != MentionState.WITHDRAWN,
            Mention.changed_at >= since,
        )
        .order_by(col(Mention.id).desc())
        .limit(LOOKED_AT)
    ).all()
    if not recent:
        return None
    newest_post = _newest_posts(session, recent)
    last = newest_post.get(recent[0].id)
    if _has_only_begun(last) or (last and _in_one_breath(session, recent, last, post)):
        return recent[0]
    asked = _last_questions(session, recent)
    open_ones = [one for one in recent if one.id in asked and not _answered(asked[one.id], newest_post.get(one.id))]
    which = next((one for one in open_ones if asked[one.id].template_key in ASKS_WHICH), None)
    about = {asked[one.id].request_id or -(one.id or 0): one for one in open_ones}  # of one request the oldest mention
    if which is not None or len(about) == 1:
        return which or next(iter(about.values()))
    return recent[0] if not open_ones and recent[0].id in asked else None


def _newest_posts(session: Session, mentions: Sequence[Mention]) -> dict[int | None, Post]:
    newest = (
        select(func.max(Post.id))
        .where(col(Post.mention_id).in_([one.id for one in mentions]), Post.kind == PostKind.MENTION)
        .group_by(col(Post.mention_id))
    )
    return {post.mention_id: post for post in session.exec(select(Post).where(col(Post.id).in_(newest))).all()}


def _last_questions(session: Session, mentions: Sequence[Mention]) -> dict[int | None, Reply]:
    """The last reply that was sent about each mention, of those where it asks something."""
    newest = (
        select(func.max(Reply.id))
        .where(col(Reply.mention_id).in_([one.id for one in mentions]), Reply.state == ReplyState.SENT)
        .group_by(col(Reply.mention_id))
    )
    sent = session.exec(select(Reply).where(col(Reply.id).in_(newest))).all()
    return {reply.mention_id: reply for reply in sent if reply.template_key.startswith(ASKS)}


def _answered(question: Reply, newest: Post | None) -> bool:
    return newest is not None and question.seen_post_id is not None and (newest.id or 0) > question.seen_post_id


def _has_only_begun(newest: Post | None) -> bool:
    """Whether all that was said last is /start, or /new without the report itself."""
    if newest is None or newest.command not in BEGINS:
        return False
    return newest.command == "start" or len(newest.text.split()) < 2


def _in_one_breath(session: Session, recent: Sequence[Mention], last: Post, post: IncomingPost) -> bool:
    """Whether one of the two is a pin or a photo alone, and nothing was said in between, by us neither."""
    if recent[0].state not in OPEN_MENTIONS or not timedelta(0) <= post.created_at - last.created_at <= ONE_BREATH:
        return False
    shown = select(Attachment.id).where(Attachment.post_id == last.id)
    wordless = not last.text and (last.lat is not None or session.exec(shown.limit(1)).first() is not None)
    if bool(post.text.strip()) != wordless:
        return False
    said = select(Reply.id).where(
        col(Reply.mention_id).in_([one.id for one in recent]), col(Reply.sent_at) >= last.received_at
    )
    return session.exec(said.limit(1)).first() is None
