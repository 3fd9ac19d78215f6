"""One post on the board with all that an answer to it needs: its thread, the ways, the bank, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from hark311.console.chats import board_cards, board_queries, board_words
from hark311.console.queries import names_of_staff
from hark311.console.thread_queries import folds_of
from models import (
    CHANNELS,
    Account,
    Author,
    Channel,
    ChatAnswer,
    ChatEntry,
    ChatPart,
    ChatQuestion,
    Decision,
    Mention,
    Post,
    Reply,
    ReplyState,
    Review,
    SendAttempt,
    StaffUser,
    Translation,
    TweetChat,
)
from models.chats import RUNS_IT
from models.threads import newest_inbound, newest_versions
from responders.chats.alike import group_of, seen_of
from responders.chats.answering import answer_of, is_fixed, language_of, way_of
from responders.chats.people import part_of
from responders.chats.posting import keys_given
from responders.chats.resting import WAITING
from responders.chats.ways import OpenWay, Way, best_of, ready_words, ways_of
from responders.review import Desk

THREAD_SHOWN = 40
DECIDED: Mapping[Decision, str] = {
    Decision.HANDED_IN: "handed the answer in",
    Decision.RETURNED: "returned the answer",
    Decision.FIRST_KEY: "approved it, as one of the keys",
    Decision.APPROVED: "approved the answer",
    Decision.TAKEN_BACK: "took the answer back",
    Decision.HANDED_OVER: "took it in hand",
    Decision.SAYS_POSTED: "says it is posted",
    Decision.HANDED_BACK: "gave it back unposted",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One post of the thread."""

    who: str
    at: datetime
    text: str
    ours: bool
    gone: bool
    folded: bool
    url: str
    this: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided about an answer, and when."""

    who: str
    what: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alike:
    """A near-identical question as the page shows it. `seen`: which post, which version of it, and up to which post."""

    id: int
    who: str
    words: str
    waits: bool
    seen: str


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What stands in the form. `state`: of the answer that is there; None: nobody has begun one."""

    way: Way
    text: str
    language: str
    revision: int
    state: ReplyState | None
    fixed: bool
    trouble: str
    given: Sequence[str]
    hold_until: datetime | None

    @property
    def waits(self) -> bool:
        """Whether somebody can still write on."""
        return self.state is None or self.state in WAITING


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One post for one person. `can_write`: a guest only what they were given."""

    chat: TweetChat
    entry: ChatEntry
    card: board_cards.Card
    thread: Sequence[Said]
    translation: str
    part: ChatPart | None
    can_write: bool
    can_approve: bool
    ways: Sequence[OpenWay]
    answer: AnswerForm
    seen_post_id: int | None
    group: Sequence[Alike]
    bank: Sequence[ChatAnswer]
    history: Sequence[Decided]
    questions: Sequence[ChatQuestion]
    people: Sequence[board_queries.Person]
    answer_keys: int
    channel: Channel
    limit: int
    unit: str

    @property
    def runs_it(self) -> bool:
        return self.part in RUNS_IT

    @property
    def alike_waiting(self) -> list[Alike]:
        """Those who ask the same and have no answer: what is approved here can be theirs too."""
        return [one for one in self.group if one.waits]

    @property
    def best(self) -> Way | None:
        return best_of(list(self.ways))


def entry_page(session: Session, desk: Desk, chat: TweetChat, entry: ChatEntry, staff: StaffUser) -> EntryPage:
    """The page as it stands now."""
    part, account = part_of(session, chat.id or 0, staff), session.get_one(Account, entry.account_id)
    mention = session.get(Mention, entry.mention_id) if entry.mention_id else None
    guest = part == ChatPart.GUEST
    ours = guest and entry.assigned_to == staff.id
    can_write = mention is not None and (part in RUNS_IT or ours)
    ways = ways_of(session, entry, desk.speaking) if can_write else []
    facts = CHANNELS[account.channel]
    return EntryPage(
        chat=chat,
        entry=entry,
        card=board_cards.card_of(session, chat, entry, desk.speaking, desk.clock()),
        thread=_thread(session, entry, account, desk.clock()),
        translation=_translation(session, entry),
        part=part,
        can_write=can_write,
        can_approve=can_write and (not guest or chat.guests_approve),
        ways=ways,
        answer=_form(session, chat, entry, ways),
        seen_post_id=newest_inbound(session, mention) if mention else None,
        group=_group(session, entry),
        bank=_bank(session, chat, entry) if can_write else [],
        history=_history(session, entry),
        questions=session.exec(
            select(ChatQuestion).where(ChatQuestion.chat_id == chat.id).order_by(col(ChatQuestion.number))
        ).all(),
        people=board_queries.assignable(session, chat.id or 0),
        answer_keys=chat.answer_keys,
        channel=account.channel,
        limit=facts.limit(private=False),
        unit=facts.length_unit,
    )


def _form(session: Session, chat: TweetChat, entry: ChatEntry, ways: Sequence[OpenWay]) -> AnswerForm:
    reply = answer_of(session, entry)
    if reply is not None:
        given = names_of_staff(session, list(keys_given(session, reply)))
        return AnswerForm(
            way=way_of(reply),
            text=reply.text,
            language=reply.language,
            revision=reply.revision,
            state=reply.state,
            fixed=is_fixed(session, reply),
            trouble=_trouble(session, reply),
            given=sorted(given.values()),
            hold_until=reply.not_before if reply.state == ReplyState.APPROVED else None,
        )
    way = best_of(list(ways)) or Way.THREAD
    language = language_of(session, chat, entry.mention_id or 0)
    words = ready_words(session, chat, entry, way)
    return AnswerForm(way, words, language, 0, None, False, "", (), None)


def _trouble(session: Session, reply: Reply) -> str:
    """Why the answer came back, or waits though its time has come."""
    if reply.state == ReplyState.FAILED:
        newest = select(SendAttempt.detail).where(SendAttempt.reply_id == reply.id).order_by(col(SendAttempt.id).desc())
        return session.exec(newest).first() or reply.state_reason
    if reply.state == ReplyState.UNCERTAIN:
        return "Nobody can say yet whether it stands there. It is looked for."
    return reply.held_because if reply.state == ReplyState.APPROVED else ""


def _thread(session: Session, entry: ChatEntry, account: Account, now: datetime) -> list[Said]:
    about = session.get_one(Post, entry.post_id)
    found = session.exec(
        select(Post, Author)
        .outerjoin(Author, col(Author.id) == Post.author_id)
        .where(or_(col(Post.conversation_id) == about.conversation_id, col(Post.id) == about.id))
        .order_by(col(Post.id).desc())
        .limit(THREAD_SHOWN)
    ).all()
    authors = {post.id: author for post, author in found}
    folds = folds_of(session, [post for post, _ in found], now)
    return [
        Said(
            who=author.called if (author := authors[post.id]) else f"@{account.handle}",
            at=post.created_at,
            text=post.text,
            ours=author is None,
            gone=post.deleted_at is not None,
            folded=post.id in folds,
            url=post.url,
            this=post.edit_chain == entry.edit_chain,
        )
        for post in newest_versions([post for post, _ in reversed(found)])
    ]


def _translation(session: Session, entry: ChatEntry) -> str:
    done = select(Translation.text).where(Translation.post_id == entry.post_id, Translation.trouble == "")
    return session.exec(done.order_by(col(Translation.id).desc())).first() or ""


def _group(session: Session, entry: ChatEntry) -> list[Alike]:
    others = group_of(session, entry)
    seen = seen_of(session, others)
    rows = session.exec(
        select(ChatEntry, Author, Post.text)
        .join(Post, col(Post.id) == ChatEntry.post_id)
        .join(Author, col(Author.id) == ChatEntry.author_id)
        .where(col(ChatEntry.id).in_([*seen]))
        .order_by(col(ChatEntry.id))
    ).all()
    return [
        Alike(
            id=one.id or 0,
            who=author.called,
            words=text,
            waits=one.answered_by is None and one.answered_how is None,
            seen=":".join(map(str, (one.id, *seen[one.id or 0]))),
        )
        for one, author, text in rows
    ]


def _bank(session: Session, chat: TweetChat, entry: ChatEntry) -> list[ChatAnswer]:
    """Those for its question first."""
    found = session.exec(
        select(ChatAnswer)
        .where(ChatAnswer.chat_id == chat.id, col(ChatAnswer.approved_at).is_not(None))
        .order_by(col(ChatAnswer.label))
    ).all()
    return sorted(found, key=lambda one: one.question_id is None or one.question_id != entry.question_id)


def _history(session: Session, entry: ChatEntry) -> list[Decided]:
    rows = session.exec(
        select(Review)
        .where(Review.mention_id == entry.mention_id, col(Review.decision).in_(DECIDED))
        .order_by(col(Review.id))
    ).all()
    people = names_of_staff(session, [one.staff_id for one in rows])
    return [
        Decided(people.get(one.staff_id, "Somebody"), DECIDED[one.decision], one.reason, one.at)
        for one in rows
        if one.mention_id is not None
    ]


def held_for(page: EntryPage, now: datetime) -> str:
    """How long the approved answer can still be taken back."""
    until = page.answer.hold_until
    return board_words.lasting(until - now) if until is not None and until > now else ""
