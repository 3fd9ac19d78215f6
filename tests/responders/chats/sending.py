"""An outbox for posts of chats without a network: what left is a list, and what happens to a call is chosen."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from models import Channel, ChatPost, ChatPostKind, Database, Reply, ReplyState, SendAttempt
from models.posts import OutgoingPost, SentPost
from responders.chats.posting import approve_post, plan_post, words_of
from responders.errors import SendError
from responders.outbox import Outbox
from responders.protocol import CannotTell, Proof
from responders.review import Desk
from tests.chats import MadeChat
from tests.rows import MORNING

_numbers = itertools.count(1)


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **units: float) -> None:
        """Move on by timedelta's units."""
        self.now += timedelta(**units)


@dataclass
class Network:
    """A channel that keeps what was posted. `trouble`: what the next call ends with; `lands`: whether it was posted."""

    clock: Callable[[], datetime]
    channel: Channel = Channel.X
    posts: list[OutgoingPost] = field(default_factory=list)
    trouble: SendError | None = None
    lands: bool = False
    proof: Proof = field(default_factory=lambda: CannotTell("nobody can tell"))

    def length(self, text: str) -> int:
        return len(text)

    async def send(self, post: OutgoingPost) -> SentPost:
        trouble, self.trouble = self.trouble, None
        if trouble is None or self.lands:
            self.posts.append(post)
        if trouble is not None:
            raise trouble
        return SentPost(f"post-{next(_numbers)}", self.clock(), "https://example.org/post")

    async def find_sent(self, attempt: SendAttempt) -> Proof:
        return self.proof

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @property
    def said(self) -> Sequence[str]:
        """The words that stand there."""
        return [one.text for one in self.posts]


@dataclass
class Studio:
    """A chat with a desk and an outbox on one clock."""

    database: Database
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.network = Network(self.clock)
        self.desk = Desk(
            self.database,
            length_of=lambda _, text: len(text),
            find_private=lambda text: ["phone"] if "555-" in text else [],
            hold=timedelta(seconds=10),
            clock=self.clock,
        )
        self.outbox = Outbox(self.database, {"test-x": self.network}, ZoneInfo("UTC"), clock=self.clock)

    def deliver(self) -> None:
        """Send what is due, once."""
        for reply_id in self.outbox.due():
            asyncio.run(self.outbox.send(reply_id))

    def reply(self, chat_post_id: int) -> Reply:
        with self.database.read() as session:
            found = words_of(session, chat_post_id)
            assert found is not None
            return found

    def state(self, chat_post_id: int) -> ReplyState:
        return self.reply(chat_post_id).state

    def approve(self, chat_post_id: int, staff_id: int) -> None:
        approve_post(self.desk, chat_post_id, staff_id, self.reply(chat_post_id).revision)

    def attempts(self, chat_post_id: int) -> list[SendAttempt]:
        with self.database.read() as session:
            found = select(SendAttempt).join(Reply).where(Reply.chat_post_id == chat_post_id)
            return list(session.exec(found).all())


def a_question(session: Session, made: MadeChat, number: int = 1, text: str = "", **more: Any) -> ChatPost:
    """The planned post of a question, a draft."""
    asked = made.questions[number - 1]
    given: dict[str, Any] = {"at_seconds": asked.at_seconds, "question_id": asked.id, **more}
    return planned(session, made, text or asked.words["en"], **given)


def planned(session: Session, made: MadeChat, text: str, **more: Any) -> ChatPost:
    """A planned post in English by the host; `more` as in plan_post."""
    given: dict[str, Any] = {
        "account_id": made.account.id,
        "kind": ChatPostKind.QUESTION,
        "language": "en",
        "made_by": made.host.id,
        "now": made.chat.made_at,
        **more,
    }
    return plan_post(session, made.chat, text=text, **given)
