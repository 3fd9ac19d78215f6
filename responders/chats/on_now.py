"""Which chats are on: within the time around them in which their hashtag is heard and what is said belongs to them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from sqlmodel import Session, col, func, select

from models import ChatEntry, ChatNetwork, ChatPost, ChatPostKind, ChatQuestion, ChatState, ListeningRule, TweetChat
from responders.chats.asked import asking_posts
from responders.chats.reading import Asked

AROUND = timedelta(days=1)
"""Before the start and after the end; an announcement that stands earlier begins it earlier."""
LONGEST = timedelta(days=2)
"""No chat is so long; how far back is looked for those that are on."""


def window(chat: TweetChat, announced_at: datetime | None = None) -> tuple[datetime, datetime]:
    """From when to when a chat is heard. `announced_at`: when its first announcement leaves."""
    begins = chat.starts_at - AROUND
    planned_end = chat.starts_at + timedelta(minutes=chat.minutes, seconds=chat.shifted_seconds)
    return min(begins, announced_at or begins), (chat.ended_at or planned_end) + AROUND


@dataclass(frozen=True, slots=True)
class ChatOn:
    """One chat that is on. `networks` by account; `rules`: the searches for it, ListeningRule.id.

    `posted`: the questions that a post of ours asks or will ask.
    """

    chat: TweetChat
    networks: Mapping[int, ChatNetwork]
    questions: Sequence[ChatQuestion]
    rules: frozenset[int]
    posted: frozenset[int]

    @property
    def id(self) -> int:
        return self.chat.id or 0

    def minute(self, at: datetime) -> float:
        """The minute of the chat; before its start: negative."""
        return (at - self.chat.starts_at).total_seconds() / 60

    def asked(self) -> Asked:
        """When each question was asked. One that we post counts from when it stands, one asked by hand by the plan."""
        return Asked(
            [(one.number, self._asked_at(one)) for one in self.questions if one.skipped_at is None],
            self.chat.grace_seconds / 60,
        )

    def _asked_at(self, question: ChatQuestion) -> float:
        if question.asked_at is not None:
            return self.minute(question.asked_at)
        return inf if question.id in self.posted else (question.at_seconds + self.chat.shifted_seconds) / 60

    def question_id(self, number: int | None) -> int | None:
        """ChatQuestion.id of Qn."""
        return next((one.id for one in self.questions if one.number == number), None)

    def number(self, question_id: int | None) -> int | None:
        """The number of a question."""
        return next((one.number for one in self.questions if one.id == question_id), None)

    def takes_place(self, now: datetime) -> bool:
        """Whether people talk in it at this moment."""
        return self.chat.state == ChatState.LIVE and now >= (self.chat.opened_at or self.chat.starts_at)


def chats_on(session: Session, now: datetime) -> list[ChatOn]:
    """Every chat that is on, the one that takes place first."""
    chats = session.exec(
        select(TweetChat)
        .where(TweetChat.state != ChatState.CANCELLED, TweetChat.starts_at > now - AROUND - LONGEST)
        .order_by(col(TweetChat.starts_at))
    ).all()
    if not chats:
        return []
    announced = announcements(session, [one.id or 0 for one in chats])
    on = [one for one in chats if _is_on(one, announced.get(one.id or 0), now)]
    ids = [one.id or 0 for one in on]
    networks: dict[int, dict[int, ChatNetwork]] = defaultdict(dict)
    for network in session.exec(select(ChatNetwork).where(col(ChatNetwork.chat_id).in_(ids))).all():
        networks[network.chat_id][network.account_id] = network
    questions: dict[int, list[ChatQuestion]] = defaultdict(list)
    asked = select(ChatQuestion).where(col(ChatQuestion.chat_id).in_(ids)).order_by(col(ChatQuestion.number))
    for question in session.exec(asked).all():
        questions[question.chat_id].append(question)
    asks = asking_posts().where(col(ChatPost.chat_id).in_(ids))
    posted = frozenset(one for one in session.exec(asks).all() if one)
    rules: dict[int | None, set[int]] = defaultdict(set)
    searches = select(ListeningRule.chat_id, ListeningRule.id).where(col(ListeningRule.chat_id).in_(ids))
    for chat_id, rule_id in session.exec(searches).all():
        rules[chat_id].add(rule_id or 0)
    found = [ChatOn(one, networks[one.id or 0], questions[one.id or 0], frozenset(rules[one.id]), posted) for one in on]
    return sorted(found, key=lambda one: one.chat.state != ChatState.LIVE)


def spoke_in_chat(session: Session, mention_id: int) -> bool:
    """Whether a mention was said in a chat that takes place or did: whoever uses its tag then has addressed us."""
    said = (
        select(ChatEntry.said_at, TweetChat)
        .join(TweetChat, col(TweetChat.id) == ChatEntry.chat_id)
        .where(ChatEntry.mention_id == mention_id, col(TweetChat.state).in_([ChatState.LIVE, ChatState.ENDED]))
    )
    return any(at <= window(chat)[1] for at, chat in session.exec(said).all())


def announcements(session: Session, chat_ids: Sequence[int]) -> dict[int, datetime]:
    """When the first announcement of each chat leaves, by the plan."""
    rows = session.exec(
        select(ChatPost.chat_id, TweetChat.starts_at, func.min(ChatPost.at_seconds))
        .join(TweetChat, col(TweetChat.id) == ChatPost.chat_id)
        .where(
            col(ChatPost.chat_id).in_(chat_ids),
            ChatPost.kind == ChatPostKind.ANNOUNCEMENT,
            col(ChatPost.at_seconds).is_not(None),
            col(ChatPost.skipped_at).is_(None),
        )
        .group_by(col(ChatPost.chat_id), col(TweetChat.starts_at))
    ).all()
    return {chat_id: starts_at + timedelta(seconds=earliest or 0) for chat_id, starts_at, earliest in rows}


def _is_on(chat: TweetChat, announced_at: datetime | None, now: datetime) -> bool:
    begins, ends = window(chat, announced_at)
    return chat.state == ChatState.LIVE or begins <= now <= ends
