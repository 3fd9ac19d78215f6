"""What came of a rehearsed chat, counted from both sides: what the networks show, and what the desk remembers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from hark311.rehearsal.chat_report import ChatScore
from hark311.rehearsal.chat_residents import Said
from hark311.rehearsal.chat_script import Act, Mark
from hark311.simulator import RunningSimulator
from models import (
    Account,
    Alarm,
    Channel,
    ChatEntry,
    ChatLane,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatRecap,
    ModerationAct,
    ModerationClause,
    ModerationState,
    Post,
    Reply,
    ReplyState,
    Review,
    TweetChat,
)
from models.posts import PostKind

ASKS = frozenset({ChatLane.QUESTION, ChatLane.NEEDS_ANSWER})
"""What somebody waits for an answer to."""
REFUSED = (ModerationState.PROPOSED, ModerationState.REFUSED)

Place = tuple[Channel, str]
"""A channel and a post's id on it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How the play went: its pace, what it took on the wall, how late residents wrote, and what the board was late by.

    `on_board`: seconds on the wall from an emergency's post to the moderator's board, by its line's key.
    """

    speed: float
    seconds: float
    behind: float = 0.0
    on_board: Mapping[str, float] | None = None
    waiting: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A line as the desk holds it: how many posts are stored of it, and where it stands on the board."""

    said: Said
    stored: int
    text: str
    entries: Sequence[ChatEntry]


def score_of(session: Session, chat_id: int, said: Iterable[Said], simulator: RunningSimulator, ran: Ran) -> ChatScore:
    """Count. What was said is known from the residents, what stands from the networks, the rest from the desk."""
    chat = session.get_one(TweetChat, chat_id)
    everything = list(said)
    held = _held(session, chat_id, everything)
    gone = {one.line.of for one in everything if one.line.act == Act.DELETE}
    kept = [one for one in held if one.said.line.key not in gone]
    on_board = [(one, one.entries[0]) for one in kept if one.entries]
    answers = [(one, entry) for one, entry in on_board if one.said.line.lane == ChatLane.ANSWER]
    labelled = [(one, entry) for one, entry in on_board if one.said.line.lane is not None and entry.lane_by == "rule"]
    asking = [(one, entry) for one, entry in on_board if one.said.line.lane in ASKS]
    took = [(entry.answered_at - entry.said_at).total_seconds() for _, entry in asking if entry.answered_at]
    wrong = [entry for one, entry in on_board if one.said.line.mark == Mark.WRONG_FACT]
    stood = [(entry.answered_at - entry.said_at).total_seconds() for entry in wrong if entry.answered_at]
    sent, unapproved = _replies(session, chat_id)
    planned = _planned(session, chat_id)
    dangers = [one for one in kept if one.said.line.mark == Mark.EMERGENCY]
    late = [ran.on_board[one.said.line.key] for one in dangers if ran.on_board and one.said.line.key in ran.on_board]
    hidden = _hidden(session, chat_id)
    threats = [one for one in kept if one.said.line.mark == Mark.THREAT]
    return ChatScore(
        posts=len(held),
        stored=sum(one.stored > 0 for one in held),
        lost=sum(one.stored == 0 for one in kept),
        doubled=sum(max(one.stored, len(one.entries)) > 1 for one in kept),
        not_on_board=sum(one.stored > 0 and not one.entries and _told_chat(one, chat) for one in kept),
        left_to_queue=sum(one.stored > 0 and not one.entries and not _told_chat(one, chat) for one in kept),
        deleted_still_shown=sum(bool(one.text) for one in held if one.said.line.key in gone),
        answers=sum(one.said.line.lane == ChatLane.ANSWER for one in kept),
        answers_linked=sum(_asked(session, entry) == one.said.line.question for one, entry in answers),
        labelled=len(labelled),
        lanes_right=sum(entry.lane == one.said.line.lane for one, entry in labelled),
        emergencies=len(dangers),
        emergency_seconds=round(max(late), 2) if dangers and len(late) == len(dangers) else None,
        emergency_acknowledged_seconds=_acknowledged(session, [one for one in dangers if one.entries]),
        questions=len(asking),
        answered=len(took),
        unanswered=len(asking) - len(took),
        median_seconds_to_answer=round(median(took), 1) if took else None,
        wrong_facts=len(wrong),
        wrong_fact_seconds=round(max(stood), 1) if stood else None,
        wrong_facts_standing=len(wrong) - len(stood),
        replies_sent=sent,
        replies_unapproved=unapproved,
        replies_doubled=_doubled(simulator),
        moderation_by_clause=_by_clause(session, chat_id),
        moderated_wrongly=sum(_acted_on(one, hidden) for one in kept if one.said.line.lane != ChatLane.ABUSE),
        threats=len(threats),
        threats_hidden=sum(_acted_on(one, hidden) for one in threats),
        posts_planned=len(planned),
        posts_sent=_sent_of(session, planned),
        posts_skipped=sum(_skipped(session, one) for one in planned),
        recap_languages=list(chat.languages),
        recap_written=sorted(session.exec(select(ChatRecap.language).where(*_published(chat_id))).all()),
        speed=ran.speed,
        behind_seconds=round(ran.behind, 2),
        seconds=round(ran.seconds, 1),
        waiting_at_the_end=list(ran.waiting),
    )


def _held(session: Session, chat_id: int, said: Sequence[Said]) -> list[Held]:
    """Every post said for the first time, with what the desk holds of it."""
    rows = session.exec(
        select(Account.channel, Post)
        .join(Account, col(Account.id) == Post.account_id)
        .where(Post.kind == PostKind.MENTION)
    ).all()
    stored: dict[Place, list[Post]] = {}
    edited: dict[Place, list[Post]] = {}
    for channel, post in rows:
        stored.setdefault((Channel(channel), post.channel_post_id), []).append(post)
        if post.edit_chain != post.channel_post_id:
            edited.setdefault((Channel(channel), post.edit_chain), []).append(post)
    entries: dict[tuple[int, str], list[ChatEntry]] = {}
    for entry in session.exec(select(ChatEntry).where(ChatEntry.chat_id == chat_id)).all():
        entries.setdefault((entry.account_id, entry.edit_chain), []).append(entry)
    held = []
    for one in said:
        if one.line.act != Act.POST:
            continue
        place = one.line.network, one.post_id
        found = stored.get(place) or edited.get(place, [])[:1]  # edited before anybody heard it
        chains = {(post.account_id, post.edit_chain) for post in found}
        standing = [entry for chain in chains for entry in entries.get(chain, [])]
        held.append(Held(one, len(found), "".join(post.text for post in found), standing))
    return held


def _published(chat_id: int) -> tuple[ColumnElement[bool], ...]:
    """A recap is written once anybody can read it."""
    return col(ChatRecap.chat_id) == chat_id, col(ChatRecap.published_at).is_not(None)


def _told_chat(one: Held, chat: TweetChat) -> bool:
    """Whether somebody wrote to the chat: with its tag, under its posts, or in its group. Else it may be a report."""
    line = one.said.line
    return f"#{chat.hashtag}" in line.text or line.under is not None or line.network == Channel.TELEGRAM


def _asked(session: Session, entry: ChatEntry) -> int | None:
    """The number of the question an entry belongs to."""
    question = session.get(ChatQuestion, entry.question_id) if entry.question_id is not None else None
    return question.number if question else None


def _acknowledged(session: Session, dangers: Sequence[Held]) -> float | None:
    """How long an emergency waited until somebody said that they had seen it, at most; None: one still waits."""
    took = []
    for one in dangers:
        entry = one.entries[0]
        alarm = session.exec(select(Alarm).where(Alarm.mention_id == entry.mention_id)).first()
        if alarm is None or alarm.acknowledged_at is None:
            return None
        took.append((alarm.acknowledged_at - entry.said_at).total_seconds())
    return round(max(took), 1) if took else None


def _replies(session: Session, chat_id: int) -> tuple[int, int]:
    """How many replies and posts of a chat left, and how many of those nobody approved."""
    posts = select(ChatPost.id).where(ChatPost.chat_id == chat_id)
    mentions = select(ChatEntry.mention_id).where(ChatEntry.chat_id == chat_id, col(ChatEntry.mention_id).is_not(None))
    of_chat = col(Reply.chat_post_id).in_(posts) | col(Reply.mention_id).in_(mentions)
    left = select(func.count()).select_from(Reply).where(Reply.state == ReplyState.SENT, of_chat)
    reviewed = select(Review.reply_id).where(col(Review.reply_id).is_not(None))
    return session.exec(left).one(), session.exec(left.where(col(Reply.id).not_in(reviewed))).one()


def _doubled(simulator: RunningSimulator) -> int:
    """How many posts of ours stand a second time: the same words under the same post, or at the top of a network."""
    seen: Counter[tuple[Channel, str, str]] = Counter()
    for one in simulator.x_posts(by="us", limit=10_000):
        if not one["deleted"]:
            seen[Channel.X, one["in_reply_to"] or "", one["text"]] += 1
    for one in simulator.our_replies_on_mastodon():
        seen[Channel.MASTODON, one["in_reply_to"] or "", one["text"]] += 1
    for one in simulator.our_replies_on_bluesky():
        seen[Channel.BLUESKY, one["in_reply_to"] or "", one["text"]] += 1
    for one in simulator.telegram_messages(by="us", limit=10_000):
        if not one["deleted"]:
            seen[Channel.TELEGRAM, f"{one['chat_id']}:{one['reply_to']}", one["text"] or ""] += 1
    return sum(count - 1 for count in seen.values())


def _by_clause(session: Session, chat_id: int) -> dict[str, int]:
    """Acts of moderation by the clause they name."""
    rows = session.exec(
        select(ModerationClause.code, func.count())
        .join(ModerationAct, col(ModerationAct.clause_id) == ModerationClause.id)
        .where(ModerationAct.chat_id == chat_id)
        .group_by(col(ModerationClause.code))
    ).all()
    return dict(sorted((code, count) for code, count in rows))


def _hidden(session: Session, chat_id: int) -> set[int]:
    """The mentions that an act came into force against."""
    rows = select(ModerationAct.mention_id).where(
        ModerationAct.chat_id == chat_id, col(ModerationAct.state).not_in(REFUSED)
    )
    return {one for one in session.exec(rows).all() if one is not None}


def _acted_on(one: Held, hidden: set[int]) -> bool:
    return any(entry.mention_id in hidden for entry in one.entries)


def _planned(session: Session, chat_id: int) -> Sequence[ChatPost]:
    """What was planned to leave by the end of the chat: no answers, and nothing that follows up on it."""
    during = (ChatPost.chat_id == chat_id, col(ChatPost.entry_id).is_(None), ChatPost.kind != ChatPostKind.FOLLOW_UP)
    return session.exec(select(ChatPost).where(*during)).all()


def _reply_of(session: Session, post: ChatPost) -> Reply | None:
    return session.exec(select(Reply).where(Reply.chat_post_id == post.id).order_by(col(Reply.id).desc())).first()


def _sent_of(session: Session, planned: Sequence[ChatPost]) -> int:
    replies = [_reply_of(session, one) for one in planned]
    return sum(one is not None and one.state == ReplyState.SENT for one in replies)


def _skipped(session: Session, post: ChatPost) -> bool:
    question = session.get(ChatQuestion, post.question_id) if post.question_id is not None else None
    return post.skipped_at is not None or (question is not None and question.skipped_at is not None)
