"""Chats for tests: one with three questions on the accounts of a town, and a reader of posts nobody is surprised by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    Account,
    ChatEntry,
    ChatLane,
    ChatNetwork,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    Intent,
    LinkedHow,
    Post,
    Reply,
    ReplyState,
    Role,
    StaffUser,
    TweetChat,
    Understanding,
    advance,
)
from responders.chats.reading import Asked, BoardReader, Line
from tests.town import Town

TAG = "ParkChat"


@dataclass(frozen=True)
class Read:
    """What the foreseeable reader says."""

    lane: ChatLane
    lane_why: str
    question: int | None
    how: LinkedHow


def read(line: Line, asked: Asked, understanding: Understanding | None) -> Read:
    """A danger and a report as understood; a question by its mark; else an answer to what is asked then."""
    number = next((int(text[1]) for text in line.text.split() if text[:1] == "A" and text[1:2].isdigit()), None)
    how = LinkedHow.SAID
    if number is None and line.reply_to_question is not None:
        number, how = line.reply_to_question, LinkedHow.PARENT
    if number is None:
        number, how = max((each for each, at in asked.questions if at <= line.minute), default=None), LinkedHow.TIME
    if understanding is not None and understanding.danger:
        return Read(ChatLane.EMERGENCY, "a danger", number, how)
    if understanding is not None and understanding.intent == Intent.SERVICE_REQUEST and number is None:
        return Read(ChatLane.SERVICE_REQUEST, "a report", None, LinkedHow.NONE)
    lane = ChatLane.QUESTION if "?" in line.text else ChatLane.ANSWER
    return Read(lane, "as it is written", number, how if number else LinkedHow.NONE)


def most_alike(text: str, others: Sequence[str]) -> int | None:
    """The same words, the tag apart."""
    wanted = text.replace(f"#{TAG}", "").casefold().split()
    return next((at for at, one in enumerate(others) if one.replace(f"#{TAG}", "").casefold().split() == wanted), None)


READER = BoardReader(read, most_alike)


def a_chat(town: Town, *accounts: str, state: ChatState = ChatState.LIVE, hashtag: str = TAG) -> int:
    """A chat that began a minute ago on these accounts ("x" without any), its first question asked by hand at once."""
    town.suggester.board_reader = READER
    with town.database.write() as session:
        now = town.clock()
        chat = TweetChat(
            title="Our parks",
            hashtag=hashtag,
            slug=f"chat-{hashtag}-{now.timestamp()}",
            starts_at=now - timedelta(minutes=1),
            changed_at=now,
            made_at=now - timedelta(hours=2),
        )
        session.add(chat)
        session.flush()
        for number, seconds in ((1, 0), (2, 1200), (3, 2400)):
            session.add(ChatQuestion(chat_id=chat.id or 0, number=number, words={"en": "What?"}, at_seconds=seconds))
        for name in accounts or ("x",):
            account = session.exec(select(Account).where(Account.name == name)).one()
            session.add(ChatNetwork(chat_id=chat.id or 0, account_id=account.id or 0))
        if state != ChatState.PLANNED:
            advance(session, chat, ChatState.LIVE, "test", "its time has come", now)
            chat.opened_at = now - timedelta(minutes=1)
        if state == ChatState.ENDED:
            advance(session, chat, ChatState.ENDED, "test", "its time is over", now)
            chat.ended_at = now
        session.add(ChatPerson(chat_id=chat.id or 0, staff_id=town.staff_id, part=ChatPart.HOST))
        return chat.id or 0


def a_guest(town: Town, chat_id: int, name: str = "Guest One", *, absent: bool = False) -> int:
    """Somebody with a sign-in of their own in a chat; their StaffUser.id."""
    with town.database.write() as session:
        guest = StaffUser(username=name.lower().replace(" ", "."), display_name=name, role=Role.CHAT_GUEST)
        session.add(guest)
        session.flush()
        gone: datetime | None = town.clock() if absent else None
        session.add(ChatPerson(chat_id=chat_id, staff_id=guest.id or 0, part=ChatPart.GUEST, absent_at=gone))
        return guest.id or 0


def our_question(session: Session, chat_id: int, account: Account, number: int, post_id: str, now: datetime) -> Reply:
    """Qn of ours that stands on an account as `post_id`."""
    question = session.exec(
        select(ChatQuestion).where(ChatQuestion.chat_id == chat_id, ChatQuestion.number == number)
    ).one()
    planned = ChatPost(
        chat_id=chat_id,
        account_id=account.id or 0,
        kind=ChatPostKind.QUESTION,
        question_id=question.id,
        made_at=now,
    )
    session.add(planned)
    session.flush()
    reply = Reply(
        mention_id=None,
        chat_post_id=planned.id,
        account_id=account.id or 0,
        state=ReplyState.SENT,
        changed_at=now,
        sent_post_id=post_id,
        sent_text=f"Q{number}: What?",
        sent_at=now,
    )
    question.asked_at = now
    session.add_all([reply, question])
    return reply


def board(town: Town, chat_id: int) -> list[tuple[str, ChatEntry]]:
    """What stands on a board, with its words, in the order it came."""
    with town.database.read() as session:
        rows = session.exec(
            select(Post.text, ChatEntry)
            .join(Post, col(Post.id) == ChatEntry.post_id)
            .where(ChatEntry.chat_id == chat_id, col(Post.deleted_at).is_(None))
            .order_by(col(ChatEntry.id))
        ).all()
        return [(text, entry) for text, entry in rows]


def entry(town: Town, chat_id: int, words: str) -> ChatEntry:
    """The one entry whose post says these words."""
    (found,) = (one for text, one in board(town, chat_id) if words in text)
    return found
