"""The stage: one question and one answer in big letters, for a screen in the room where the chat is held."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import HTMLResponse

from hark311.console.chats.board_pages import chat_of
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, ViewingChat
from models import AuditEntry, ChatEntry, ChatQuestion, TweetChat, preference_of
from responders.chats.recap_posts import Row, our_handles, rows_of, spoken

router = APIRouter(prefix="/chats")

CHOSEN = ("chosen for the recap", "put into the recap")
"""AuditEntry.why of the choice, as the board and the page of the recap write it down."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the screen shows. `who` "": nobody is named, for their post can be read in its group alone."""

    chat: TweetChat
    question: ChatQuestion | None
    answer: str = ""
    who: str = ""
    language: str = ""

    @property
    def words(self) -> str:
        """The question in the chat's own language."""
        said = self.question.words if self.question else {}
        return said.get(self.chat.languages[0] if self.chat.languages else "en") or next(iter(said.values()), "")


@router.get("/{chat_id}/stage")
def show_stage(console: ConsoleHere, there: ViewingChat, chat_id: int) -> HTMLResponse:
    with console.product.database.read() as session:
        theme = preference_of(session, there.visitor.id).theme
    return console.page("chats/stage.html", theme=theme, **_context(console, chat_id))


@router.get("/{chat_id}/stage/live")
def show_stage_live(console: ConsoleHere, there: ViewingChat, chat_id: int) -> HTMLResponse:
    """What stands on it now."""
    return console.page("chats/stage_live.html", **_context(console, chat_id))


def _context(console: Console, chat_id: int) -> dict[str, Any]:
    with console.product.database.read() as session:
        stage = stage_of(session, chat_of(session, chat_id), console.product.redact, console.now())
        return {"stage": stage}


def stage_of(session: Session, chat: TweetChat, redact: Callable[[str], str], now: datetime) -> Stage:
    """The question that was asked last, and of the answers to it that everybody may read the one chosen last."""
    question = session.exec(
        select(ChatQuestion)
        .where(ChatQuestion.chat_id == chat.id, col(ChatQuestion.asked_at).is_not(None))
        .order_by(col(ChatQuestion.asked_at).desc())
        .limit(1)
    ).first()
    if question is None:
        return Stage(chat, None)
    rows = rows_of(session, chat, now, col(ChatEntry.question_id) == question.id, col(ChatEntry.chosen).is_(True))
    choices, ours = _choices(session, rows), our_handles(session)
    shown = [
        (choice.id or 0, row, words)
        for row in rows
        if (choice := choices.get(row.entry.id)) is not None
        and row.post.received_at <= choice.at  # what was edited since, nobody has read
        and (words := spoken(row, redact, ours))
    ]
    if not shown:
        return Stage(chat, question)
    _, row, words = max(shown, key=lambda one: one[0])
    return Stage(chat, question, words, _named(row), row.language if row.language != "und" else "")


def _choices(session: Session, rows: Sequence[Row]) -> Mapping[int | None, AuditEntry]:
    """By ChatEntry.id: what tells of its choice, the newest where it was chosen again."""
    found = select(AuditEntry).where(
        AuditEntry.about == "ChatEntry",
        col(AuditEntry.about_id).in_([row.entry.id for row in rows]),
        col(AuditEntry.why).in_(CHOSEN),
    )
    return {one.about_id: one for one in session.exec(found.order_by(col(AuditEntry.id))).all()}


def _named(row: Row) -> str:
    """Who said it, where anybody can read so."""
    if row.ours:
        return f"@{row.account.handle}"
    return row.author.called if row.public and row.author else ""
