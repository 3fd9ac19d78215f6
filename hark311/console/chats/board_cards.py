"""The cards on the board of a chat: each post with all that its two lines say, for all of them in a few queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from hark311.console.chats import board_words
from hark311.console.thread_queries import Folded, folds_of
from hark311.console.words import Sign
from models import (
    CHANNELS,
    Account,
    AnsweredHow,
    Author,
    ChatEntry,
    ChatLane,
    ChatPerson,
    ChatPost,
    ChatQuestion,
    HeardBy,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    StaffUser,
    Translation,
    TweetChat,
)
from models.chat_answers import ASK_TO_TAG
from responders.chats.entries import CHANGED_SINCE
from responders.may_reply import Ground, MayReply, Speaking, judge, may_reply, speaking_of

WORDS_SHOWN = 280
UNSENT = (
    ReplyState.DRAFT,
    ReplyState.IN_REVIEW,
    ReplyState.FAILED,
    ReplyState.APPROVED,
    ReplyState.SENDING,
    ReplyState.HANDED_OVER,
    ReplyState.UNCERTAIN,
)


@dataclass(frozen=True, slots=True)
class Card:
    """One post on the board. `others`: how many near-identical ones are counted with it; `waits`: for an answer.

    `changed`: it waits again, for its author changed it after it had its answer.
    """

    id: int
    version: int
    lane: ChatLane
    who: str
    channel: str
    words: str
    language: str
    translation: str
    said_at: datetime
    question: int | None
    question_why: str
    lane_why: str
    reposts: int
    assigned: str
    assigned_to: int | None
    due_at: datetime | None
    sign: Sign | None
    waits: bool
    may_not: str
    by_hashtag: bool
    chosen: bool
    gone: bool
    folded: Folded | None
    mention_id: int | None
    changed: bool = False
    others: int = 0

    def late(self, now: datetime) -> bool:
        """Whether whoever it was given to should have answered by now."""
        return self.waits and self.due_at is not None and self.due_at <= now


@dataclass(frozen=True, slots=True)
class Row:
    """One entry with its newest post, who wrote it, our account and the mention behind it."""

    entry: ChatEntry
    post: Post
    author: Author | None
    account: Account
    mention: Mention | None


def card_of(
    session: Session, chat: TweetChat, entry: ChatEntry, speaking: Mapping[str, Speaking], now: datetime
) -> Card:
    """One entry as the board shows it."""
    rows = rows_of(session, chat.id or 0, entry.id)
    numbers = session.exec(select(ChatQuestion.id, ChatQuestion.number).where(ChatQuestion.chat_id == chat.id)).all()
    names = names_of(session, chat.id or 0, {entry.assigned_to})
    return Cards(session, rows, dict(numbers), names, speaking, now).card(rows[0])


def rows_of(session: Session, chat_id: int, entry_id: int | None = None) -> list[Row]:
    """What stands on the board with all it is made from, in the order it came; or one entry alone."""
    one = [] if entry_id is None else [ChatEntry.id == entry_id]
    found = session.exec(
        select(ChatEntry, Post, Author, Mention)
        .join(Post, col(Post.id) == ChatEntry.post_id)
        .outerjoin(Author, col(Author.id) == ChatEntry.author_id)
        .outerjoin(Mention, col(Mention.id) == ChatEntry.mention_id)
        .where(ChatEntry.chat_id == chat_id, *one)
        .order_by(col(ChatEntry.id))
    ).all()
    ids = {row[0].account_id for row in found}
    accounts = {one.id: one for one in session.exec(select(Account).where(col(Account.id).in_(ids))).all()}
    return [Row(entry, post, author, accounts[entry.account_id], mention) for entry, post, author, mention in found]


class Cards:
    """Makes cards of rows; what all of them need is asked for once."""

    def __init__(
        self,
        session: Session,
        rows: Sequence[Row],
        numbers: Mapping[int | None, int],
        names: Mapping[int, str],
        speaking: Mapping[str, Speaking],
        now: datetime,
    ) -> None:
        self._session, self._numbers, self._names, self._speaking = session, numbers, names, speaking
        self._rows = rows
        self._answers = _answers(session, rows)
        self._translated = _translated(session, [row.post.id for row in rows])
        self._folds = folds_of(session, [row.post for row in rows], now)
        self._made: dict[int | None, Card] = {}

    def card(self, row: Row) -> Card:
        """The card of a row; the same one when asked again."""
        if row.entry.id not in self._made:
            self._made[row.entry.id] = self._make(row)
        return self._made[row.entry.id]

    def standing(self) -> list[Card]:
        """The cards of the board, in the order they came: of those that ask nearly the same one that counts the others.

        Those that wait are counted with the first that waits, and those that one answer settles with the first of them:
        what has its answer hides nobody who has none.
        """
        groups: dict[tuple[object, ...], list[Card]] = {}
        for row in self._rows:
            card, entry = self.card(row), row.entry
            groups.setdefault((entry.alike_id or entry.id, card.waits, entry.answered_by), []).append(card)
        return [replace(one[0], others=len(one) - 1) if len(one) > 1 else one[0] for one in groups.values()]

    def _make(self, row: Row) -> Card:
        entry, post = row.entry, row.post
        gone = post.deleted_at is not None or (row.mention is not None and row.mention.state == MentionState.WITHDRAWN)
        answer = self._answers.get(entry.id)
        sign = _sign(entry, answer, gone=gone)
        settled = entry.answered_by is not None or entry.answered_how is not None or gone
        waits = not settled and (entry.lane in board_words.WAITED_FOR or entry.assigned_to is not None)
        return Card(
            id=entry.id or 0,
            version=entry.version,
            lane=entry.lane,
            who=row.author.called if row.author else f"@{row.account.handle}",
            channel=CHANNELS[row.account.channel].label,
            words=post.text[:WORDS_SHOWN],
            language=row.mention.language if row.mention else "",
            translation=self._translated.get(post.id, "")[:WORDS_SHOWN],
            said_at=entry.said_at,
            question=self._numbers.get(entry.question_id),
            question_why=board_words.HOW_LINKED[entry.linked_how],
            lane_why=entry.lane_why,
            reposts=entry.reposts,
            assigned=self._names.get(entry.assigned_to or 0, ""),
            assigned_to=entry.assigned_to,
            due_at=entry.due_at,
            sign=sign,
            waits=waits,
            may_not=self._may_not(row) if waits else "",
            by_hashtag=entry.heard_by == HeardBy.TAG,
            chosen=entry.chosen,
            gone=gone,
            folded=self._folds.get(post.id),
            mention_id=entry.mention_id,
            changed=waits and entry.lane_why == CHANGED_SINCE,
        )

    def _may_not(self, row: Row) -> str:
        """Why they cannot be answered in the thread; "" where they can."""
        verdict = self._verdict(row)
        return "" if verdict.allowed else verdict.reason

    def _verdict(self, row: Row) -> MayReply:
        if row.mention is None or row.author is None:
            return MayReply()
        if row.author.stopped_at is not None or row.author.blocked_us_at is not None:
            return may_reply(self._session, row.mention, self._speaking)  # depends on what they wrote since
        return judge(
            Ground(
                channel=row.account.channel,
                speaking=speaking_of(self._speaking, row.account.name),
                health=row.account.health,
                trouble=row.account.trouble,
                refused_because=row.account.refused_because,
                retired=row.account.retired_at is not None,
                in_chat=True,
                channel_allows=row.mention.may_reply,
                channel_reason=row.mention.may_reply_reason,
                protected=row.author.protected,
            )
        )


def _sign(entry: ChatEntry, answer: Reply | None, *, gone: bool) -> Sign | None:
    if gone:
        return board_words.DELETED
    if entry.hidden_by is not None:
        return board_words.HIDDEN
    if entry.answered_at is not None or entry.answered_how == AnsweredHow.NOT_NEEDED:
        return board_words.ANSWERED[entry.answered_how or AnsweredHow.REPLY]
    if entry.answered_by is not None:
        return board_words.IN_HAND if entry.answered_how == AnsweredHow.BY_HAND else board_words.ON_ITS_WAY
    if answer is None or answer.template_key == ASK_TO_TAG:
        return None
    if answer.state == ReplyState.FAILED:
        return board_words.CAME_BACK
    return board_words.HANDED_IN if answer.state == ReplyState.IN_REVIEW else board_words.BEING_WRITTEN


def _answers(session: Session, rows: Sequence[Row]) -> dict[int | None, Reply]:
    """The answer that is being written to each entry, or is on its way."""
    chat_id = rows[0].entry.chat_id if rows else 0
    under = session.exec(
        select(ChatEntry.id, Reply)
        .join(Reply, col(Reply.mention_id) == ChatEntry.mention_id)
        .where(ChatEntry.chat_id == chat_id, Reply.purpose == Purpose.CHAT, col(Reply.state).in_(UNSENT))
    ).all()
    posted = session.exec(
        select(ChatPost.entry_id, Reply)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .where(ChatPost.chat_id == chat_id, col(ChatPost.entry_id).is_not(None), col(Reply.state).in_(UNSENT))
    ).all()
    return {**dict(posted), **dict(under)}


def _translated(session: Session, post_ids: Sequence[int | None]) -> dict[int | None, str]:
    rows = session.exec(
        select(Translation.post_id, Translation.text).where(
            col(Translation.post_id).in_(post_ids), Translation.text != "", Translation.trouble == ""
        )
    ).all()
    return dict(rows)


def names_of(session: Session, chat_id: int, staff_ids: set[int | None]) -> dict[int, str]:
    """Name by StaffUser.id, of who takes part and of these."""
    shown = session.exec(select(ChatPerson.staff_id, ChatPerson.shown_as).where(ChatPerson.chat_id == chat_id)).all()
    asked = {one for one in staff_ids if one} | {one for one, _ in shown}
    people = session.exec(select(StaffUser.id, StaffUser.display_name).where(col(StaffUser.id).in_(asked))).all()
    return {staff_id or 0: name for staff_id, name in people}
