"""A tweet chat for tests: its plan, its people, what was asked and what residents wrote. All of it is made up."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session, SQLModel, select

from models import (
    Account,
    Author,
    Channel,
    ChatAnswer,
    ChatEntry,
    ChatLane,
    ChatNetwork,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    HeardBy,
    LinkedHow,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    Role,
    StaffUser,
    TweetChat,
    Understanding,
)
from models.posts import PostKind
from models.x_fields import NOT_SUMMONED
from tests.rows import MORNING, a_mention, an_account

_numbers = itertools.count(1)
Row = TypeVar("Row", bound=SQLModel)

MINUTES = (5, 14, 23, 32, 41, 50)
"""When each question is asked, after the start."""
ASKED = (
    "What makes your block feel clean and safe, and what is missing?",
    "Which city service would you like to reach in your own language?",
    "What should be there for young people after school?",
    "How should the city tell you what it does, if you have no internet?",
    "What did neighbors fix together that the city can learn from?",
    "If you could change one thing by summer, what would it be?",
)


@dataclass(frozen=True, slots=True)
class MadeChat:
    """A chat with its account, its questions in their order, and one person of each kind."""

    chat: TweetChat
    account: Account
    questions: Sequence[ChatQuestion]
    host: StaffUser
    moderator: StaffUser
    guest: StaffUser

    @property
    def id(self) -> int:
        return self.chat.id or 0

    def at(self, minute: float) -> datetime:
        """A time of the chat."""
        return self.chat.starts_at + timedelta(minutes=minute)


def a_person(session: Session, name: str, role: Role = Role.APPROVER) -> StaffUser:
    """Somebody who can sign in; who of a chat they are is said with `takes_part`."""
    initials = "".join(word[0] for word in name.split())
    return _added(
        session,
        StaffUser(username=f"chat-person-{next(_numbers)}", display_name=name, initials=initials, role=role),
    )


def takes_part(session: Session, chat: TweetChat, staff: StaffUser, part: ChatPart, shown_as: str = "") -> ChatPerson:
    return _added(
        session,
        ChatPerson(chat_id=chat.id or 0, staff_id=staff.id or 0, part=part, shown_as=shown_as or staff.display_name),
    )


def a_chat(
    session: Session,
    *,
    starts_at: datetime = MORNING,
    state: ChatState = ChatState.LIVE,
    account: Account | None = None,
    asked: int = 2,
    hashtag: str = "",
) -> MadeChat:
    """A chat of six questions on one account; `asked`: so many of them stand already. MORNING is its beginning."""
    number, account = next(_numbers), account or an_account(session, Channel.X)
    chat = _added(
        session,
        TweetChat(
            title="Clean and safe neighborhoods",
            about="An hour with the city on clean streets, languages, youth, and residents without internet.",
            hashtag=hashtag or f"RivertonTalks{number}",
            slug=f"clean-and-safe-{number}",
            starts_at=starts_at,
            state=state,
            opened_at=starts_at if state != ChatState.PLANNED else None,
            languages=["en", "es"],
            changed_at=starts_at,
            made_at=starts_at,
        ),
    )
    _added(session, ChatNetwork(chat_id=chat.id or 0, account_id=account.id or 0))
    questions = [
        _added(
            session,
            ChatQuestion(
                chat_id=chat.id or 0,
                number=at,
                words={"en": words},
                at_seconds=minute * 60,
                asked_at=starts_at + timedelta(minutes=minute) if at <= asked else None,
            ),
        )
        for at, (minute, words) in enumerate(zip(MINUTES, ASKED, strict=True), start=1)
    ]
    host = a_person(session, "Hana Ortiz", Role.APPROVER)
    moderator = a_person(session, "Milo Brandt", Role.CHAT_MODERATOR)
    guest = a_person(session, "Gwen Adeyemi", Role.CHAT_GUEST)
    takes_part(session, chat, host, ChatPart.HOST)
    takes_part(session, chat, moderator, ChatPart.MODERATOR)
    takes_part(session, chat, guest, ChatPart.GUEST, "Gwen Adeyemi, Office of Sanitation")
    return MadeChat(chat, account, questions, host, moderator, guest)


def an_entry(
    session: Session,
    made: MadeChat,
    text: str = "How often are the baskets on the avenue emptied?",
    lane: ChatLane = ChatLane.QUESTION,
    *,
    minute: float = 6,
    question: int | None = None,
    heard_by: HeardBy = HeardBy.MENTION,
    language: str = "en",
    alike: ChatEntry | None = None,
    assigned_to: StaffUser | None = None,
) -> ChatEntry:
    """A resident's post on the board, whose mention rests set aside.

    `heard_by` TAG on X is somebody who only used the hashtag: X does not let us answer them in the thread.
    """
    at = made.at(minute)
    mention = a_mention(session, text, made.account.channel)
    mention.received_at = mention.changed_at = at
    rests = lane not in (ChatLane.SERVICE_REQUEST, ChatLane.EMERGENCY)
    mention.state = MentionState.SET_ASIDE if rests else MentionState.DRAFTED
    mention.needs_understanding = False
    mention.language = language
    mention.account_id, mention.danger = made.account.id or 0, lane == ChatLane.EMERGENCY
    if heard_by == HeardBy.TAG:
        mention.addressed = False
        if made.account.channel == Channel.X:
            mention.may_reply, mention.may_reply_reason = False, NOT_SUMMONED
    post = post_of(session, mention)
    post.account_id, post.created_at, post.received_at = made.account.id or 0, at, at
    session.add_all([mention, post])
    _understood(session, mention, language, at)
    return _added(
        session,
        ChatEntry(
            chat_id=made.id,
            account_id=mention.account_id,
            edit_chain=mention.edit_chain,
            post_id=post.id or 0,
            mention_id=mention.id,
            author_id=mention.author_id,
            heard_by=heard_by,
            said_at=at,
            seen_at=at + timedelta(seconds=2),
            lane=lane,
            lane_why="it asks something",
            question_id=made.questions[question - 1].id if question else None,
            linked_how=LinkedHow.SAID if question else LinkedHow.NONE,
            alike_id=alike.id if alike else None,
            assigned_to=assigned_to.id if assigned_to else None,
            due_at=at + timedelta(seconds=made.chat.answer_within) if assigned_to else None,
        ),
    )


def a_host_entry(session: Session, made: MadeChat, text: str, *, minute: float = 5) -> ChatEntry:
    """A post of our own account on the board."""
    beside = a_mention(session, "a thread", made.account.channel)
    at, number = made.at(minute), f"own-{next(_numbers)}"
    post = _added(
        session,
        Post(
            account_id=made.account.id or 0,
            channel_post_id=number,
            edit_chain=number,
            conversation_id=beside.conversation_id,
            kind=PostKind.OWN,
            text=text,
            created_at=at,
            received_at=at,
        ),
    )
    return _added(
        session,
        ChatEntry(
            chat_id=made.id,
            account_id=made.account.id or 0,
            edit_chain=number,
            post_id=post.id or 0,
            heard_by=HeardBy.TAG,
            said_at=at,
            seen_at=at,
            lane=ChatLane.HOST,
            lane_why="our own account posted it",
        ),
    )


def a_planned_post(
    session: Session,
    made: MadeChat,
    text: str,
    *,
    kind: ChatPostKind = ChatPostKind.QUESTION,
    at_seconds: int | None = None,
    question: int | None = None,
    state: ReplyState = ReplyState.DRAFT,
    language: str = "en",
) -> ChatPost:
    """A post of the plan with its words."""
    asked = made.questions[question - 1] if question else None
    post = _added(
        session,
        ChatPost(
            chat_id=made.id,
            account_id=made.account.id or 0,
            kind=kind,
            language=language,
            question_id=asked.id if asked else None,
            at_seconds=asked.at_seconds if asked and at_seconds is None else at_seconds,
            made_by=made.host.id,
            made_at=made.chat.made_at,
        ),
    )
    _added(
        session,
        Reply(
            chat_post_id=post.id,
            account_id=made.account.id or 0,
            language=language,
            changed_at=made.chat.made_at,
            text=text,
            state=state,
            approved_text=text if state != ReplyState.DRAFT else "",
        ),
    )
    return post


def a_bank_answer(session: Session, made: MadeChat, text: str, *, label: str, fixed: bool = False) -> ChatAnswer:
    """An answer prepared ahead, approved."""
    return _added(
        session,
        ChatAnswer(
            chat_id=made.id,
            label=label,
            text=text,
            fixed=fixed,
            prepared_by=made.host.id,
            prepared_at=made.chat.made_at,
            approved_by=made.host.id,
            approved_at=made.chat.made_at,
        ),
    )


def post_of(session: Session, mention: Mention) -> Post:
    """The one post of a mention made here."""
    return session.exec(select(Post).where(Post.mention_id == mention.id)).one()


def author_of(session: Session, entry: ChatEntry) -> Author:
    """Who wrote what stands on the board."""
    return session.get_one(Author, entry.author_id)


def _understood(session: Session, mention: Mention, language: str, at: datetime) -> None:
    session.add(
        Understanding(
            mention_id=mention.id or 0,
            mention_version=mention.version,
            model_version="rules 1",
            language=language,
            language_probability=0.98,
            created_at=at,
        )
    )


def _added(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
