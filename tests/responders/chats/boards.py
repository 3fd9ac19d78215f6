"""A board with one question for tests, and what its people and the outbox do with an answer to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import ChatEntry, Database, Mention, Reply, ReplyState, advance
from models.closing import close_if_settled
from models.threads import newest_inbound
from responders.chats.alike import group_of, seen_of
from responders.chats.answering import answer_of, keep_answer
from responders.chats.approving import Answer, Given, approve_answer
from responders.chats.ways import Way
from responders.review import Desk
from tests.chats import MadeChat, a_chat, an_entry

WORDS = "Twice a day on the avenue, before nine and after six."


@dataclass
class Board:
    """A chat that is on, one question on its board, and the people who decide."""

    desk: Desk
    made: MadeChat
    entry_id: int
    now: list[datetime]

    def entry(self, entry_id: int = 0) -> ChatEntry:
        with self.desk.database.read() as session:
            return session.get_one(ChatEntry, entry_id or self.entry_id)

    def mention(self, entry_id: int = 0) -> Mention:
        with self.desk.database.read() as session:
            return session.get_one(Mention, self.entry(entry_id).mention_id)

    def reply(self, entry_id: int = 0) -> Reply:
        with self.desk.database.read() as session:
            found = answer_of(session, session.get_one(ChatEntry, entry_id or self.entry_id))
            assert found is not None
            return found

    def replies(self) -> list[Reply]:
        with self.desk.database.read() as session:
            return list(session.exec(select(Reply).order_by(col(Reply.id))).all())

    def change(self, what: Callable[[Session], None]) -> None:
        with self.desk.database.write() as session:
            what(session)

    def keep(self, text: str = WORDS, *, way: Way = Way.THREAD, staff_id: int | None = None, entry_id: int = 0) -> None:
        keep_answer(self.desk, entry_id or self.entry_id, staff_id or self.host, way, text, "en")

    def seen(self, text: str = "", *, way: Way = Way.THREAD, entry_id: int = 0) -> Answer:
        """What somebody would approve who has the page open now."""
        reply = self.reply(entry_id)
        with self.desk.database.read() as session:
            newest = newest_inbound(session, self.mention(entry_id))
            others = seen_of(session, group_of(session, self.entry(entry_id)))
        version = self.entry(entry_id).version
        return Answer(way, text or reply.text, "en", version, newest, reply.revision, others_seen=others)

    def approve(self, answer: Answer | None = None, *, staff_id: int | None = None, entry_id: int = 0) -> Given:
        answer = answer or self.seen(entry_id=entry_id)
        return approve_answer(self.desk, entry_id or self.entry_id, staff_id or self.host, answer)

    def leaves(self, reply: Reply, *states: ReplyState) -> None:
        """What the outbox does with a reply."""

        def step(session: Session) -> None:
            row = session.get_one(Reply, reply.id)
            for state in states:
                advance(session, row, state, "outbox", "as the network says", self.now[0])
            close_if_settled(session, row.mention_id or 0, self.now[0])

        self.change(step)

    @property
    def host(self) -> int:
        return self.made.host.id or 0

    @property
    def moderator(self) -> int:
        return self.made.moderator.id or 0

    @property
    def guest(self) -> int:
        return self.made.guest.id or 0


def a_board(database: Database) -> Board:
    """A live chat, one question on its board."""
    with database.write() as session:
        made = a_chat(session)
        entry = an_entry(session, made, question=1)
    now = [made.at(8)]
    desk = Desk(database, lambda _, text: len(text), _private, clock=lambda: now[0])
    return Board(desk, made, entry.id or 0, now)


def _private(text: str) -> list[str]:
    return ["phone"] if "555-01" in text else []
