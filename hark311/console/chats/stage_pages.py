"""The stage: one question and one answer in big letters, for a screen in the room where the chat is held."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import HTMLResponse

from hark311.console.chats.board_pages import chat_of
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, ViewingChat
from models import Account, AuditEntry, Author, ChatEntry, ChatQuestion, Conversation, Post, TweetChat, preference_of

router = APIRouter(prefix="/chats")


@dataclass(frozen=True, slots=True)
class Stage:
    """What the screen shows. `who` "": nobody is named, for their post cannot be read by anybody."""

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
        return {"stage": stage_of(session, chat_of(session, chat_id))}


def stage_of(session: Session, chat: TweetChat) -> Stage:
    """The question that was asked last, and the answer to it that was chosen last."""
    question = session.exec(
        select(ChatQuestion)
        .where(ChatQuestion.chat_id == chat.id, col(ChatQuestion.asked_at).is_not(None))
        .order_by(col(ChatQuestion.asked_at).desc())
        .limit(1)
    ).first()
    if question is None:
        return Stage(chat, None)
    chosen = session.exec(
        select(ChatEntry, Post)
        .join(Post, col(Post.id) == ChatEntry.post_id)
        .where(
            ChatEntry.chat_id == chat.id,
            ChatEntry.question_id == question.id,
            col(ChatEntry.chosen).is_(True),
            col(ChatEntry.hidden_by).is_(None),
            col(Post.deleted_at).is_(None),
        )
    ).all()
    if not chosen:
        return Stage(chat, question)
    entry, post = max(chosen, key=lambda one: _chosen_in(session, one[0]))
    return Stage(chat, question, post.text, _named(session, entry, post), post.language_hint or "")


def _chosen_in(session: Session, entry: ChatEntry) -> int:
    """The number of the audit entry that tells of its choice: the newest was chosen last."""
    found = select(AuditEntry.id).where(AuditEntry.about == "ChatEntry", AuditEntry.about_id == entry.id)
    return session.exec(found.order_by(col(AuditEntry.id).desc()).limit(1)).first() or 0


def _named(session: Session, entry: ChatEntry, post: Post) -> str:
    """Who said it, where anybody can read so: not of a private talk, nor of an author whose posts are protected."""
    if entry.author_id is None:
        return f"@{session.get_one(Account, entry.account_id).handle}"
    author = session.get_one(Author, entry.author_id)
    if author.protected or session.get_one(Conversation, post.conversation_id).private:
        return ""
    return author.called
