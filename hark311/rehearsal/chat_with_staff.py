"""A rehearsal for people: residents write into a chat of the product that runs, and real staff sit at its board.

Nothing is played for the staff. What they did is counted at the end from the desk's own database.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import httpx
from sqlmodel import Session, col, select

from hark311.rehearsal.chat_case import AskedAt
from hark311.rehearsal.chat_counting import Ran, score_of
from hark311.rehearsal.chat_report import ChatScore
from hark311.rehearsal.chat_residents import Participants
from hark311.rehearsal.chat_script import ChatScript, Mark
from hark311.settings import Settings
from hark311.simulated import simulator_settings
from hark311.simulator import RunningSimulator
from models import Account, ChatEntry, ChatNetwork, ChatQuestion, ChatState, Database, Post, TweetChat

EVERY = 0.5
AFTERWARDS = 60.0
"""Seconds on the wall after the last line, in which staff may still answer."""

Note = Callable[[str, float], None]


class NoRehearsal(ValueError):
    """Why this chat cannot be rehearsed, in a sentence."""


class AttachedSimulator(RunningSimulator):
    """The simulator of a product that runs, reached over its control API alone."""

    def start(self) -> None:
        """Open a connection."""
        self._client = httpx.Client(base_url=f"{self.url}/control", trust_env=False, timeout=60)

    def stop(self) -> None:
        """Close it."""
        if self._client is not None:
            self._client.close()


def rehearse(
    settings: Settings, database: Database, chat_id: int, script: ChatScript, speed: float, note: Note
) -> tuple[ChatScore, ChatScript, dict[str, float]]:
    """Write the script into a live chat; the score, the script as it was played, and when each line was said.

    Raises NoRehearsal where the product has live accounts, or the chat is not live.
    """
    if not settings.simulated:
        raise NoRehearsal("A rehearsal writes on the simulated networks only, and this product has live accounts.")
    with database.read() as session:
        script = _fitted(session, chat_id, script)
    box = simulator_settings(settings)
    with AttachedSimulator(box.database, box) as simulator:
        began = time.time()
        participants = Participants(simulator, script, began)
        _speak(participants, speed, note)
        said = list(participants.said.values())
        with database.read() as session:
            ran = Ran(speed, time.time() - began, participants.behind, _on_board(session, chat_id, participants))
            found = score_of(session, chat_id, said, simulator, ran)
    at = {key: one.at for key, one in participants.said.items()}
    return replace(found, recap_languages=()), script, at


def _speak(participants: Participants, speed: float, note: Note) -> None:
    began, whole = time.monotonic(), len(participants.script.lines)
    while not participants.done:
        seconds = (time.monotonic() - began) * speed
        try:
            participants.look()
            participants.speak_until(seconds, speed)
        except httpx.TransportError:
            raise NoRehearsal("The simulator does not answer. Start the product with `hark up`.") from None
        note(f"minute {int(seconds // 60)} of the script", len(participants.said) / whole)
        time.sleep(EVERY)
    note("staff may still answer", 1.0)
    time.sleep(AFTERWARDS / max(1.0, speed))


def _fitted(session: Session, chat_id: int, script: ChatScript) -> ChatScript:
    """The script under this chat's hashtag, its questions put when the chat puts them, on the networks it has."""
    chat = session.get(TweetChat, chat_id)
    if chat is None:
        raise NoRehearsal(f"There is no chat {chat_id}.")
    if chat.state != ChatState.LIVE:
        raise NoRehearsal(f"Chat {chat_id} is {chat.state}. Open it on its board first.")
    asked = session.exec(
        select(ChatQuestion).where(ChatQuestion.chat_id == chat_id).order_by(col(ChatQuestion.number))
    ).all()
    if len(asked) != len(script.case.questions):
        raise NoRehearsal(f"The chat has {len(asked)} questions, and the script {len(script.case.questions)}.")
    networks = set(
        session.exec(
            select(Account.channel)
            .join(ChatNetwork, col(ChatNetwork.account_id) == Account.id)
            .where(ChatNetwork.chat_id == chat_id, ChatNetwork.conversation_id == "")
        ).all()
    )
    questions = [AskedAt(one.at_seconds / 60, one.words) for one in asked]
    case = replace(script.case, hashtag=chat.hashtag, title=chat.title, minutes=chat.minutes, questions=questions)
    old, new = f"#{script.case.hashtag}", f"#{chat.hashtag}"
    lines = [replace(one, text=one.text.replace(old, new)) for one in script.lines if one.network in networks]
    if not lines:
        raise NoRehearsal("The chat takes place on no network that the script writes on.")
    return ChatScript(case, lines)


def _on_board(session: Session, chat_id: int, participants: Participants) -> Mapping[str, float]:
    """Seconds from an emergency's post to its place on the board, by the desk's own clock."""
    found: dict[str, float] = {}
    for key, one in participants.said.items():
        if one.line.mark == Mark.EMERGENCY:
            seen = session.exec(
                select(ChatEntry.seen_at)
                .join(Post, col(Post.id) == ChatEntry.post_id)
                .where(ChatEntry.chat_id == chat_id, Post.channel_post_id == one.post_id)
            ).first()
            if seen is not None:
                ago = time.monotonic() - one.wall
                found[key] = max(0.0, (seen - datetime.fromtimestamp(time.time() - ago, UTC)).total_seconds())
    return found
