"""The board of a chat as its page shows it: lanes of cards, the time bar, what leaves next. A few queries for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from hark311.console.chats import board_words
from hark311.console.chats.board_cards import Card, Cards, names_of, rows_of
from models import (
    ChatLane,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    Reply,
    ReplyState,
    StaffUser,
    TweetChat,
)
from models.chats import RUNS_IT
from responders.chats.leaving import LATE
from responders.chats.people import ends_at
from responders.may_reply import Speaking

SHOWN = 40
"""Cards of one lane; the rest is one link away."""
STACKED_SHOWN = 12
"""The same in lanes that stand above one another: a flood in one must not push the next out of sight."""
ANSWERED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane: the cards shown, and how many more there are. `key`: which number moves a card here."""

    lane: ChatLane
    key: int
    cards: Sequence[Card]
    total: int
    waiting: int = 0

    @property
    def word(self) -> str:
        return board_words.LANES[self.lane]

    @property
    def left_out(self) -> int:
        return self.total - len(self.cards)


@dataclass(frozen=True, slots=True)
class Tick:
    """A question on the time bar: `at` from 0 to 1000 along it."""

    number: int
    at: int
    asked: bool
    skipped: bool
    minute: int


@dataclass(frozen=True, slots=True)
class NextPost:
    """The planned post that leaves next. `held`: why it will not leave by itself then; `question_id`: it asks that."""

    id: int
    question_id: int | None
    kind: str
    text: str
    due_at: datetime
    held: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a post can be given to. `absent`: the host says that they are not there."""

    staff_id: int
    name: str
    guest: bool
    absent: bool


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The whole board for one person. `now_at` from 0 to 1000 along the time bar; `mine`: what a guest is to answer."""

    chat: TweetChat
    part: ChatPart | None
    lanes: Sequence[LaneView]
    mine: Sequence[Card]
    ticks: Sequence[Tick]
    now_at: int
    minute: int
    active: ChatQuestion | None
    following: NextPost | None
    people: Sequence[Person]
    entries: int
    only: int | None = None
    lane: ChatLane | None = None

    def of(self, lane: ChatLane) -> LaneView:
        """One lane of the board."""
        return next(one for one in self.lanes if one.lane == lane)

    @property
    def runs_it(self) -> bool:
        """Whether this person sorts, assigns and runs the schedule."""
        return self.part in RUNS_IT

    @property
    def guest(self) -> bool:
        return self.part == ChatPart.GUEST

    @property
    def ended(self) -> bool:
        return self.chat.state in (ChatState.ENDED, ChatState.CANCELLED)


def board_of(
    session: Session,
    chat: TweetChat,
    part: ChatPart | None,
    staff_id: int,
    speaking: Mapping[str, Speaking],
    now: datetime,
    *,
    only: int | None = None,
    lane: ChatLane | None = None,
) -> BoardPage:
    """The board as it stands. `only`: answers to this question's number; `lane`: all cards of this lane alone."""
    rows = rows_of(session, chat.id or 0)
    questions = session.exec(
        select(ChatQuestion).where(ChatQuestion.chat_id == chat.id).order_by(col(ChatQuestion.number))
    ).all()
    names = names_of(session, chat.id or 0, {row.entry.assigned_to for row in rows})
    maker = Cards(session, rows, {one.id: one.number for one in questions}, names, speaking, now)
    cards = maker.standing()
    lanes = [_lane(cards, one, at, only, lane) for at, one in enumerate(board_words.LANES, start=1)]
    asked = [one for one in questions if one.asked_at is not None]
    return BoardPage(
        chat=chat,
        part=part,
        lanes=lanes,
        mine=[one for one in map(maker.card, rows) if one.assigned_to == staff_id and one.waits],
        ticks=[_tick(chat, one) for one in questions],
        now_at=_along(chat, (now - chat.starts_at).total_seconds()),
        minute=int((now - chat.starts_at).total_seconds() // 60),
        active=max(asked, key=lambda one: one.asked_at or now, default=None),
        following=following_of(session, chat, now),
        people=assignable(session, chat.id or 0),
        entries=len(rows),
        only=only,
        lane=lane,
    )


def assignable(session: Session, chat_id: int) -> list[Person]:
    """Those a post can be given to, guests first."""
    rows = session.exec(
        select(ChatPerson, StaffUser)
        .join(StaffUser, col(StaffUser.id) == ChatPerson.staff_id)
        .where(ChatPerson.chat_id == chat_id, col(StaffUser.active))
        .order_by(col(ChatPerson.id))
    ).all()
    found = [
        Person(staff.id or 0, staff.display_name, person.part == ChatPart.GUEST, person.absent_at is not None)
        for person, staff in rows
    ]
    return sorted(found, key=lambda one: not one.guest)


def _lane(cards: Sequence[Card], lane: ChatLane, key: int, only: int | None, whole: ChatLane | None) -> LaneView:
    here = [one for one in cards if one.lane == lane]
    if lane == ChatLane.ANSWER and only is not None:
        here = [one for one in here if one.question == only]
    waiting = [one for one in here if one.waits]
    if lane in board_words.WAITED_FOR:
        settled = sorted((one for one in here if not one.waits), key=lambda one: one.said_at, reverse=True)
        shown = [*waiting, *settled] if whole == lane else [*waiting[:SHOWN], *settled[:ANSWERED_SHOWN]]
    else:
        here.reverse()
        shown = here if whole == lane else here[: SHOWN if lane == ChatLane.ANSWER else STACKED_SHOWN]
    return LaneView(lane, key, shown, len(here), len(waiting))


def _tick(chat: TweetChat, question: ChatQuestion) -> Tick:
    seconds = question.at_seconds + (0 if question.asked_at else chat.shifted_seconds)
    if question.asked_at is not None:
        seconds = int((question.asked_at - chat.starts_at).total_seconds())
    return Tick(
        question.number,
        _along(chat, seconds),
        question.asked_at is not None,
        question.skipped_at is not None,
        round(seconds / 60),
    )


def _along(chat: TweetChat, seconds: float) -> int:
    whole = max((ends_at(chat) - chat.starts_at).total_seconds(), chat.minutes * 60, 1)
    return round(1000 * min(1.0, max(0.0, seconds / whole)))


def following_of(session: Session, chat: TweetChat, now: datetime) -> NextPost | None:
    """Of what is planned and has not left, the first; on several accounts it is one post to the eye."""
    waiting = (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.APPROVED)
    until_now = now if chat.paused_at is None else chat.paused_at
    too_late = (until_now - LATE - chat.starts_at).total_seconds() - chat.shifted_seconds
    rows = session.exec(
        select(ChatPost, Reply)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .outerjoin(ChatQuestion, col(ChatQuestion.id) == ChatPost.question_id)
        .where(
            ChatPost.chat_id == chat.id,
            col(ChatPost.at_seconds) >= too_late,
            col(ChatPost.skipped_at).is_(None),
            col(ChatQuestion.skipped_at).is_(None),
            col(Reply.state).in_(waiting),
        )
        .order_by(col(ChatPost.at_seconds), col(ChatPost.id))
        .limit(1)
    ).all()
    if not rows or chat.state in (ChatState.ENDED, ChatState.CANCELLED):
        return None
    post, reply = rows[0]
    due = chat.starts_at + timedelta(seconds=(post.at_seconds or 0) + chat.shifted_seconds)
    held = "" if reply.state == ReplyState.APPROVED else "nobody has approved it yet"
    if chat.paused_at is not None:
        held = "the chat is paused"
    asks = post.question_id if post.kind == ChatPostKind.QUESTION else None
    return NextPost(post.id or 0, asks, board_words.KINDS[post.kind], reply.text, due, held)
