"""A desk with the starter policy, people of every kind, and posts to decide about."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from sqlmodel import Session, col, select

from hark311.starter.moderation import load_policy
from models import (
    Account,
    Channel,
    ChatEntry,
    ChatLane,
    ChatPart,
    ChatPerson,
    Database,
    HeardBy,
    Mention,
    MentionState,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    Post,
    Role,
    StaffUser,
    TweetChat,
)
from responders.may_reply import Speaking
from responders.moderation.acts import Proposal
from responders.review import Desk
from tests.rows import MORNING, a_mention

PAGE = "https://answers.riverton.example"
numbers = count(1)


@dataclass
class Clock:
    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@dataclass
class Stage:
    """What the tests of moderation work with."""

    database: Database
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        with self.database.write() as session:
            if session.exec(select(ModerationClause)).first() is None:
                session.add_all(load_policy(MORNING))
        speaking = {f"test-{channel}": Speaking(status_page=PAGE) for channel in Channel}
        self.desk = Desk(self.database, lambda _, text: len(text), lambda _: [], clock=self.clock, speaking=speaking)

    def without_a_page(self) -> None:
        """A desk that residents cannot reach from outside."""
        self.desk = replace(self.desk, speaking={})

    def staff(self, role: Role = Role.CHAT_MODERATOR) -> int:
        with self.database.write() as session:
            one = StaffUser(username=f"one{next(numbers)}", display_name=role, role=role)
            session.add(one)
            session.flush()
            return one.id or 0

    def mention(
        self,
        text: str = "we will come to your house tonight",
        channel: Channel = Channel.MASTODON,
        state: MentionState = MentionState.SET_ASIDE,
    ) -> int:
        with self.database.write() as session:
            mention = a_mention(session, text, channel)
            mention.state, mention.language = state, "en"
            return mention.id or 0

    def clause(self, code: str = "threats") -> int:
        with self.database.read() as session:
            found = select(ModerationClause.id).where(ModerationClause.code == code, col(ModerationClause.active))
            return session.exec(found).one() or 0

    def proposal(self, mention_id: int | None, kind: ModerationKind = ModerationKind.HIDE, **more: object) -> Proposal:
        wanted = Proposal(kind=kind, clause_id=self.clause(), why="it threatens a neighbour", mention_id=mention_id)
        return replace(wanted, **more)  # type: ignore[arg-type]

    def act(self, act_id: int) -> ModerationAct:
        with self.database.read() as session:
            return session.get_one(ModerationAct, act_id)

    def row(self, mention_id: int) -> Mention:
        with self.database.read() as session:
            return session.get_one(Mention, mention_id)

    def post_of(self, mention_id: int) -> Post:
        with self.database.read() as session:
            return session.exec(select(Post).where(Post.mention_id == mention_id).order_by(col(Post.id))).all()[0]

    def chat(self, host_id: int, part: ChatPart = ChatPart.HOST) -> int:
        with self.database.write() as session:
            chat = TweetChat(
                title="Clean blocks",
                hashtag="CleanBlocks",
                slug=f"clean-{next(numbers)}",
                starts_at=MORNING,
                changed_at=MORNING,
                made_at=MORNING,
            )
            session.add(chat)
            session.flush()
            session.add(ChatPerson(chat_id=chat.id or 0, staff_id=host_id, part=part))
            return chat.id or 0

    def entry(self, chat_id: int, mention_id: int) -> int:
        with self.database.write() as session:
            return an_entry(session, chat_id, session.get_one(Mention, mention_id)).id or 0

    def forget(self, mention_id: int) -> Account:
        """Its author deletes the post."""
        from models.deletion import forget_post

        with self.database.write() as session:
            post = session.exec(select(Post).where(Post.mention_id == mention_id)).one()
            forget_post(session, post, "listener", "deleted on the channel", self.clock())
            return session.get_one(Account, post.account_id)


def an_entry(session: Session, chat_id: int, mention: Mention) -> ChatEntry:
    """A mention on the board of a chat."""
    post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
    entry = ChatEntry(
        chat_id=chat_id,
        account_id=mention.account_id,
        edit_chain=mention.edit_chain,
        post_id=post.id or 0,
        mention_id=mention.id,
        author_id=mention.author_id,
        heard_by=HeardBy.TAG,
        said_at=MORNING,
        seen_at=MORNING,
        lane=ChatLane.ANSWER,
    )
    session.add(entry)
    session.flush()
    return entry
