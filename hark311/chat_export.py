"""The desk's export of a chat: every post with what was decided about it, private details struck out.

X lets one person take away the words of 500 posts a day (its developer policy, redistribution); what is above that
stands as ids and links. Every export is on record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from hark311.console.chats.recap_files import export_figures, export_plan, export_post
from models import (
    AuditEntry,
    Channel,
    ChatAnswer,
    ChatPerson,
    ChatQuestion,
    ChatTask,
    Reply,
    ReplyState,
    StaffUser,
    TweetChat,
    record,
)
from responders.chats.recap_figures import figures_of
from responders.chats.recap_posts import Row, rows_of

X_A_DAY = 500
DAY = timedelta(days=1)
EXPORTED = "exported "


@dataclass(frozen=True, slots=True)
class Export:
    """A chat with all that the desk knows of it."""

    chat: TweetChat
    plan: dict[str, Any]
    figures: dict[str, Any]
    posts: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        return {"chat": self.plan, "figures": self.figures, "posts": self.posts}


def export_chat(session: Session, chat: TweetChat, by: str, redact: Callable[[str], str], now: datetime) -> Export:
    """Read it all, and note who took it: `by` as in the audit ("staff:3", "hark chats")."""
    rows = rows_of(session, chat, now)
    numbers = dict(
        session.exec(select(ChatQuestion.id, ChatQuestion.number).where(ChatQuestion.chat_id == chat.id)).all()
    )
    answers = _answers(session, rows)
    left = X_A_DAY - _taken(session, by, now)
    posts, of_x = [], 0
    for row in rows:
        theirs_on_x = row.account.channel == Channel.X and not row.ours
        words = "" if row.private or (theirs_on_x and of_x >= left) else redact(row.post.text)
        of_x += bool(theirs_on_x and words)
        posts.append(
            export_post(row, numbers.get(row.entry.question_id), words, answers.get(row.entry.answered_by or 0, ""))
        )
    why = f"{len(posts)} posts exported, of X with the words of {of_x}"
    record(session, "TweetChat", chat.id or 0, by, why, now, to_state=f"{EXPORTED}{of_x}")
    return Export(chat, _plan(session, chat), export_figures(figures_of(rows)), posts)


def _answers(session: Session, rows: list[Row]) -> dict[int, str]:
    ids = {row.entry.answered_by for row in rows if row.entry.answered_by and not row.private}
    found = session.exec(
        select(Reply.id, Reply.sent_text).where(col(Reply.id).in_(ids), Reply.state == ReplyState.SENT)
    ).all()
    return {reply_id: words for reply_id, words in found if reply_id}


def _taken(session: Session, by: str, now: datetime) -> int:
    """Words of posts of X that somebody took away in the last day."""
    found = session.exec(
        select(AuditEntry.to_state).where(
            AuditEntry.about == "TweetChat",
            AuditEntry.by == by,
            AuditEntry.at > now - DAY,
            col(AuditEntry.to_state).startswith(EXPORTED),
        )
    ).all()
    return sum(int(one.removeprefix(EXPORTED)) for one in found)


def _plan(session: Session, chat: TweetChat) -> dict[str, Any]:
    tasks = session.exec(select(ChatTask).where(ChatTask.chat_id == chat.id).order_by(col(ChatTask.id))).all()
    owners = session.exec(select(StaffUser).where(col(StaffUser.id).in_({one.owner_id for one in tasks}))).all()
    return export_plan(
        chat,
        session.exec(
            select(ChatQuestion).where(ChatQuestion.chat_id == chat.id).order_by(col(ChatQuestion.number))
        ).all(),
        session.exec(select(ChatPerson).where(ChatPerson.chat_id == chat.id).order_by(col(ChatPerson.id))).all(),
        session.exec(select(ChatAnswer).where(ChatAnswer.chat_id == chat.id).order_by(col(ChatAnswer.id))).all(),
        tasks,
        {one.id: one for one in owners if one.id},
    )
