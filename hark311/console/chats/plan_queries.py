"""A chat as the pages of its plan show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlmodel import Session, col, or_, select

from hark311 import chat_people
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.words import REPLY as SIGNS
from hark311.console.words import Sign, language_name
from models import (
    CHANNELS,
    Account,
    Channel,
    ChatAnswer,
    ChatNetwork,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatRecap,
    ChatState,
    Decision,
    Reply,
    ReplyState,
    Review,
    StaffUser,
    TweetChat,
)
from responders.chats.bank import answers_of
from responders.chats.leaving import due_at, judge
from responders.chats.people import ends_at
from responders.chats.planning import networks_of
from responders.chats.posting import WORDED
from responders.chats.questions import questions_of
from responders.chats.run_drafts import run_words
from responders.chats.tags import Clash, clashes
from responders.review import NotFound

PARTS = {
    ChatPart.HOST: "host",
    ChatPart.COHOST: "co-host",
    ChatPart.GUEST: "guest",
    ChatPart.MODERATOR: "moderator",
}
PARTS_DO = {
    ChatPart.HOST: "runs the chat and answers for it",
    ChatPart.COHOST: "runs the chat too, from outside the desk as well",
    ChatPart.GUEST: "writes answers to what they are assigned",
    ChatPart.MODERATOR: "sorts the board, assigns and approves",
}
KINDS = {
    ChatPostKind.ANNOUNCEMENT: "announcement",
    ChatPostKind.OPENING: "opening",
    ChatPostKind.RULES: "rules",
    ChatPostKind.QUESTION: "question",
    ChatPostKind.ANSWER: "answer",
    ChatPostKind.CLOSING: "closing",
    ChatPostKind.FOLLOW_UP: "follow-up",
}
STATES = {
    ChatState.PLANNED: Sign("clock-3", "planned", "act"),
    ChatState.LIVE: Sign("radio-tower", "live", "ok"),
    ChatState.ENDED: Sign("circle-check", "over"),
    ChatState.CANCELLED: Sign("ban", "cancelled", "warn"),
}
SKIPPED = Sign("ban", "skipped")
FIRST_KEY = Sign("contrast", "waits for a key", "act")


@dataclass(frozen=True, slots=True)
class Where:
    """A network of the chat. `account`: its name for people."""

    network: ChatNetwork
    account: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Planned:
    """One post of the run. `at` None: it leaves once approved; `past`: it cannot any more. Lengths as counted there."""

    post: ChatPost
    reply: Reply
    at: datetime | None
    kind: str
    number: int | None
    account: str
    sign: Sign
    length: int
    limit: int
    unit: str
    past: bool
    keys: Mapping[int, str]
    """Who gave the first of two keys to these words: StaffUser.id, and their name."""

    @property
    def moment(self) -> tuple[bool, int]:
        """What it shares with those that leave together with it; one without a time leaves by itself."""
        at = self.post.at_seconds
        return (True, at) if at is not None else (False, self.post.id or 0)

    @property
    def skipped(self) -> bool:
        return self.post.skipped_at is not None

    @property
    def too_long(self) -> bool:
        return self.length > self.limit

    @property
    def open(self) -> bool:
        """Whether it can still be worded and approved."""
        return self.reply.state in WORDED and not self.skipped

    @property
    def waits(self) -> bool:
        """Whether it could be approved as it stands."""
        return self.open and not self.past

    @property
    def in_doubt(self) -> bool:
        """Whether nobody can say if it stands there: a person looks, and says so."""
        return self.reply.state == ReplyState.UNCERTAIN

    @property
    def can_be_taken_back(self) -> bool:
        return self.reply.state == ReplyState.APPROVED

    @property
    def can_be_skipped(self) -> bool:
        return self.reply.state in (*WORDED, ReplyState.APPROVED)


@dataclass(frozen=True, slots=True)
class Moment:
    """What leaves together: the same thing at the same time, once for each account and language."""

    posts: Sequence[Planned]

    def to_approve_by(self, staff_id: int) -> Sequence[Planned]:
        """Those that somebody can still approve."""
        return [one for one in self.posts if one.waits and staff_id not in one.keys]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One answer of the bank."""

    answer: ChatAnswer
    number: int | None
    by: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    """Everything the page of a plan shows."""

    chat: TweetChat
    sign: Sign
    ends_at: datetime
    where: Sequence[Where]
    accounts: Sequence[tuple[int, str]]
    groups: bool
    questions: Sequence[ChatQuestion]
    run: Sequence[Planned]
    clashes: Sequence[Clash]
    people: Sequence[tuple[ChatPerson, StaffUser]]
    bank: Sequence[Prepared]
    recap: bool

    @property
    def planned(self) -> bool:
        return self.chat.state == ChatState.PLANNED

    @property
    def without_words(self) -> list[str]:
        """Languages of the chat in which nothing but the questions is drafted."""
        return [one for one in self.chat.languages if one not in run_words()]

    @property
    def to_approve(self) -> int:
        return sum(one.waits for one in self.run)

    @property
    def moments(self) -> Sequence[Moment]:
        """The run, what leaves together taken together."""
        together = groupby(self.run, key=lambda one: (one.moment, one.post.kind, one.number))
        return [Moment(sorted(posts, key=self._by_language)) for _, posts in together]

    def _by_language(self, one: Planned) -> tuple[int, int, int]:
        languages = self.chat.languages
        said = languages.index(one.post.language) if one.post.language in languages else len(languages)
        return said, one.post.account_id, one.post.id or 0


def chat_here(session: Session, chat_id: int) -> TweetChat:
    """The chat. Raises NotFound."""
    chat = session.get(TweetChat, chat_id)
    if chat is None:
        raise NotFound(f"There is no chat {chat_id}.")
    return chat


def post_here(session: Session, chat_id: int, chat_post_id: int) -> ChatPost:
    """A planned post of this chat. Raises NotFound."""
    post = session.get(ChatPost, chat_post_id)
    if post is None or post.chat_id != chat_id:
        raise NotFound("There is no such post in this chat.")
    return post


def name_of_post(session: Session, chat_id: int, chat_post_id: int) -> str:
    """A planned post as people tell it from the others. Raises NotFound."""
    post = post_here(session, chat_id, chat_post_id)
    question = session.get(ChatQuestion, post.question_id)
    what = KINDS[post.kind].capitalize() + (f" {question.number}" if question else "")
    return f"{what}, {named(session.get_one(Account, post.account_id))}, {language_name(post.language)}"


def plan_page(session: Session, console: Console, chat_id: int) -> PlanPage:
    """The plan of one chat. Raises NotFound."""
    chat = chat_here(session, chat_id)
    networks, questions = networks_of(session, chat), questions_of(session, chat)
    ours = session.exec(select(Account).where(col(Account.retired_at).is_(None)).order_by(col(Account.id))).all()
    of_networks = [session.get_one(Account, one.account_id) for one in networks]
    taken = {one.id for one in of_networks}
    left = [one for one in ours if CHANNELS[one.channel].speaks and one.id not in taken]
    recaps = select(ChatRecap.id).where(ChatRecap.chat_id == chat_id, col(ChatRecap.published_at).is_not(None))
    return PlanPage(
        chat=chat,
        sign=STATES[chat.state],
        ends_at=ends_at(chat),
        where=[Where(one, named(of), of.channel) for one, of in zip(networks, of_networks, strict=True)],
        accounts=[(one.id or 0, named(one)) for one in left],
        groups=any(one.channel == Channel.TELEGRAM for one in left),
        questions=questions,
        run=run_of(session, console, chat),
        clashes=clashes(session, chat, networks),
        people=chat_people.people_of(session, chat_id),
        bank=_bank(session, chat, questions),
        recap=session.exec(recaps).first() is not None,
    )


def run_of(session: Session, console: Console, chat: TweetChat) -> list[Planned]:
    """The posts that leave by the plan, in the order in which they do; those without a time last.

    What answers somebody stands on the board, and here too while nobody can say what became of it.
    """
    rows = session.exec(
        select(ChatPost, Reply, Account)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .join(Account, col(Account.id) == ChatPost.account_id)
        .where(
            ChatPost.chat_id == chat.id,
            or_(col(Reply.state) != ReplyState.CANCELLED, Reply.sent_text != ""),
            or_(col(ChatPost.entry_id).is_(None), col(Reply.state) == ReplyState.UNCERTAIN),
        )
        .order_by(col(ChatPost.id))
    ).all()
    questions, now = {one.id: one for one in questions_of(session, chat)}, console.now()
    keys = _keys(session, [reply.id or 0 for _, reply, _ in rows])
    found = [
        Planned(
            post=post,
            reply=reply,
            at=reply.sent_at or due_at(chat, post),
            kind=KINDS[post.kind],
            number=question.number if question else None,
            account=named(account),
            sign=_sign(post, reply, bool(keys.get(reply.id or 0))),
            length=console.product.desk.length_of(
                account.channel, reply.sent_text or reply.approved_text or reply.text
            ),
            limit=CHANNELS[account.channel].limit(private=False),
            unit=CHANNELS[account.channel].length_unit,
            past=is_past(chat, post, question, now),
            keys=keys.get(reply.id or 0, {}),
        )
        for post, reply, account in rows
        for question in [questions.get(post.question_id)]
    ]
    last = chat.starts_at + timedelta(days=3650)
    order = {kind: place for place, kind in enumerate(ChatPostKind)}
    return sorted(
        found,
        key=lambda one: (due_at(chat, one.post) or one.at or last, order[one.post.kind], one.number or 0, one.post.id),
    )


def is_past(chat: TweetChat, post: ChatPost, question: ChatQuestion | None, now: datetime) -> bool:
    """Whether a post that waits to be approved could not leave any more: its time, its question or its chat is over."""
    asked_no_more = question is not None and question.skipped_at is not None
    return asked_no_more or bool(judge(chat, post, question, chat.made_at, now).back)


def named(account: Account) -> str:
    """An account as people know it."""
    return f"@{account.handle or account.name} on {CHANNELS[account.channel].label}"


def _sign(post: ChatPost, reply: Reply, first_key: bool) -> Sign:
    if post.skipped_at is not None and reply.state in (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.APPROVED):
        return SKIPPED
    if reply.state == ReplyState.IN_REVIEW and first_key:
        return FIRST_KEY
    return SIGNS[reply.state]


def _keys(session: Session, reply_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """Who gave the first of two keys (StaffUser.id, name), by reply."""
    rows = session.exec(
        select(Review)
        .join(Reply, col(Reply.id) == Review.reply_id)
        .where(
            col(Review.reply_id).in_(reply_ids),
            Review.decision == Decision.FIRST_KEY,
            Review.revision == Reply.revision,
        )
    ).all()
    people = names_of_staff(session, [one.staff_id for one in rows])
    found: dict[int, dict[int, str]] = {}
    for one in rows:
        found.setdefault(one.reply_id or 0, {})[one.staff_id] = people.get(one.staff_id, "")
    return found


def _bank(session: Session, chat: TweetChat, questions: Sequence[ChatQuestion]) -> list[Prepared]:
    answers = answers_of(session, chat)
    people = names_of_staff(session, [who for one in answers for who in (one.prepared_by, one.approved_by)])
    numbers = {one.id: one.number for one in questions}
    return [
        Prepared(
            one,
            numbers.get(one.question_id),
            people.get(one.prepared_by or 0, ""),
            people.get(one.approved_by or 0, ""),
        )
        for one in answers
    ]
