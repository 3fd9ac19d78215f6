"""What a recap holds, read from the database as it stands now: nothing of it is kept, so that nothing outlives a post.

Questions as they were asked, what was chosen of the answers, our own, promises, requests, and the figures.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from models import (
    Account,
    Channel,
    ChatEntry,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatRecap,
    ChatState,
    ChatTask,
    ChatTaskKind,
    Conversation,
    Post,
    Reply,
    ReplyState,
    TweetChat,
)
from models.chat_answers import ASK_TO_TAG
from responders.chats.recap_figures import Figures, figures_of
from responders.chats.recap_posts import Line, Row, lines_of, open_mentions, rows_of, without_names
from responders.chats.recap_requests import FiledRequest, requests_of

Redact = Callable[[str], str]
NAMED = (ChatPart.HOST, ChatPart.COHOST, ChatPart.GUEST)
"""Whom the public reads of; moderators work behind the desk."""


@dataclass(frozen=True, slots=True)
class OurAnswer:
    """What we posted, once it stands: by the words that left."""

    words: str
    language: str
    channel: Channel
    at: datetime
    link: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answer of ours, and who it is for: the chosen ones of `askers` in their words. `asked` may be empty."""

    answer: OurAnswer
    asked: Sequence[Line] = ()
    askers: int = 0


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question, or (`number` 0) what belongs to none. `said`: what was chosen and has no answer of ours."""

    number: int
    words: Mapping[str, str]
    asked_at: datetime | None
    said: Sequence[Line]
    exchanges: Sequence[Exchange]

    def in_language(self, language: str, own: str) -> tuple[str, str]:
        """Its words and the language they are in: the reader's where there are some, else the chat's own."""
        tag = next((tag for tag in (language, own) if self.words.get(tag)), next(iter(self.words), own))
        return self.words.get(tag, ""), tag


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised in public. `overdue`: its day is past and nothing came of it."""

    words: str
    owner: str
    due_on: date | None
    overdue: bool
    done_at: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class RecapFacts:
    """All that a recap tells of a chat, for one language."""

    questions: Sequence[AskedQuestion]
    promises: Sequence[Promise]
    requests: Sequence[FiledRequest]
    people: Sequence[str]
    figures: Figures


def recap_of(
    session: Session,
    chat: TweetChat,
    language: str,
    *,
    redact: Redact,
    find_private: Callable[[str], Sequence[object]],
    today: date,
    now: datetime,
    published_at: datetime | None = None,
) -> RecapFacts:
    """The recap as it stands now. `today`: the city's date; `published_at`: what came in later stands as a link."""
    rows = rows_of(session, chat, now)
    named = select(ChatPerson.shown_as).where(ChatPerson.chat_id == chat.id, col(ChatPerson.part).in_(NAMED))
    people = session.exec(named.order_by(col(ChatPerson.id)))
    return RecapFacts(
        questions=_questions(session, chat, rows, lines_of(session, rows, redact, published_at)),
        promises=promises_of(session, chat, today),
        requests=requests_of(session, rows, language, find_private),
        people=[name for name in people.all() if name],
        figures=figures_of(rows),
    )


def published(session: Session, slug: str) -> tuple[TweetChat, Mapping[str, ChatRecap]] | None:
    """The chat of an address with its published recaps by language, in the order of its languages. None: none."""
    chat = session.exec(select(TweetChat).where(TweetChat.slug == slug)).first()
    if chat is None or chat.state == ChatState.CANCELLED:
        return None
    by_language = {one.language: one for one in recaps_of(session, chat) if one.published_at is not None}
    return (chat, by_language) if by_language else None


def recaps_of(session: Session, chat: TweetChat) -> list[ChatRecap]:
    """The recaps of a chat, in the order of its languages."""
    found = {one.language: one for one in session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat.id)).all()}
    return [found[tag] for tag in [*chat.languages, *sorted(set(found) - set(chat.languages))] if tag in found]


def promises_of(session: Session, chat: TweetChat, today: date) -> list[Promise]:
    """What was promised in a chat, the nearest day first."""
    tasks = session.exec(
        select(ChatTask)
        .where(ChatTask.chat_id == chat.id, ChatTask.kind == ChatTaskKind.PROMISE)
        .order_by(col(ChatTask.due_on), col(ChatTask.id))
    ).all()
    return [
        Promise(
            words=one.words,
            owner=one.owner_name,
            due_on=one.due_on,
            overdue=one.done_at is None and one.due_on is not None and one.due_on < today,
            done_at=one.done_at,
            outcome=one.outcome,
        )
        for one in tasks
    ]


def _questions(session: Session, chat: TweetChat, rows: Sequence[Row], lines: Sequence[Line]) -> list[AskedQuestion]:
    by_entry = {one.entry_id: one for one in lines}
    by_question: dict[int | None, list[Exchange]] = defaultdict(list)
    answered = set[int]()
    for question_id, exchange, entry_ids in _exchanges(session, chat, rows, by_entry):
        by_question[question_id].append(exchange)
        answered |= entry_ids
    said: dict[int | None, list[Line]] = defaultdict(list)
    for row in rows:
        line = by_entry.get(row.entry.id or 0)
        if line is not None and line.chosen and not line.ours and line.entry_id not in answered:
            said[row.entry.question_id].append(line)
    asked = select(ChatQuestion).where(
        ChatQuestion.chat_id == chat.id, col(ChatQuestion.asked_at).is_not(None), col(ChatQuestion.skipped_at).is_(None)
    )
    found = [
        AskedQuestion(one.number, one.words, one.asked_at, said.pop(one.id, []), by_question.pop(one.id, []))
        for one in session.exec(asked.order_by(col(ChatQuestion.number))).all()
    ]
    rest_said = sorted((line for some in said.values() for line in some), key=lambda one: one.at)
    rest_told = sorted((one for some in by_question.values() for one in some), key=lambda one: one.answer.at)
    return [*found, AskedQuestion(0, {}, None, rest_said, rest_told)] if rest_said or rest_told else found


def _exchanges(
    session: Session, chat: TweetChat, rows: Sequence[Row], lines: Mapping[int, Line]
) -> list[tuple[int | None, Exchange, set[int]]]:
    """Our answers in the order in which they left: the question, who it is for, and whose entries those are.

    An answer in a thread is no more open than the post above it: under one for followers alone it left as a direct
    message, and under a protected one it tells what nobody may read.
    """
    asked: dict[int, list[ChatEntry]] = defaultdict(list)
    for row in rows:
        if row.entry.answered_by is not None and row.entry.id in lines:
            asked[row.entry.answered_by].append(row.entry)
    numbered, open_ids = _numbered(session, chat), open_mentions(rows)
    found = []
    for reply, link in _sent(session, {*asked, *numbered}):
        entries, post = asked.get(reply.id or 0, []), numbered.get(reply.id or 0)
        if not entries and (post is None or post.entry_id is not None):
            continue  # whoever it was for deleted their post
        above = {one.mention_id for one in entries} & open_ids
        if reply.chat_post_id is None and reply.mention_id not in above:
            continue
        question_id = post.question_id if post and post.question_id else entries[0].question_id if entries else None
        chosen = [line for one in entries if (line := lines[one.id or 0]).chosen]
        exchange = Exchange(_answer(session, reply, link), chosen, len(entries))
        found.append((question_id, exchange, {one.id or 0 for one in entries}))
    return found


def _numbered(session: Session, chat: TweetChat) -> Mapping[int, ChatPost]:
    """Our answers that hang under nobody's post, by Reply.id."""
    rows = session.exec(
        select(Reply.id, ChatPost)
        .join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
        .where(
            ChatPost.chat_id == chat.id,
            ChatPost.kind == ChatPostKind.ANSWER,
            Reply.state == ReplyState.SENT,
            Reply.template_key != ASK_TO_TAG,
        )
    ).all()
    return {reply_id: post for reply_id, post in rows if reply_id}


def _sent(session: Session, reply_ids: set[int]) -> list[tuple[Reply, str]]:
    """Those that stand in public, with their links: what we took down again is gone here as well."""
    rows = session.exec(
        select(Reply, Post, Conversation)
        .outerjoin(Post, (col(Post.account_id) == Reply.account_id) & (col(Post.channel_post_id) == Reply.sent_post_id))
        .outerjoin(Conversation, col(Conversation.id) == Reply.conversation_id)
        .where(col(Reply.id).in_(reply_ids), Reply.state == ReplyState.SENT, Reply.sent_text != "")
        .order_by(col(Reply.sent_at), col(Reply.id))
    ).all()
    return [
        (reply, reply.sent_url or (post.url if post else ""))
        for reply, post, conversation in rows
        if (post is None or post.deleted_at is None) and (conversation is None or not conversation.private)
    ]


def _answer(session: Session, reply: Reply, link: str) -> OurAnswer:
    account = session.get_one(Account, reply.account_id)
    words = without_names(reply.sent_text, frozenset([account.handle]))
    return OurAnswer(words, reply.language, account.channel, reply.sent_at or reply.changed_at, link)
