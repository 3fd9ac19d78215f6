"""The talk in a chat: what somebody asks of us is done and answered, and an unclear post is put to the right case.

All it knows stands in rows (our replies, Conversation.offered, the posts), so that it goes on after a restart and on
another day. Nothing is sent from here: what it writes is a draft like any other, which a person or a standing approval
lets go. What a command does (stop, forget, a person wanted) is done once, when it is read, and never waits for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    AuditEntry,
    Author,
    Conversation,
    Mention,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    Understanding,
    advance,
    record,
)
from models.commands import Asked, Command, asked
from models.posts import PostKind
from models.requests import new_reference
from models.sorting import sort_mention
from models.threads import posts_of
from responders.asking_status import KEY_OF, StatusAnswers
from responders.cases import cases_of
from responders.claims import open_request
from responders.drafting import (
    DraftedReply,
    Key,
    Missing,
    ReplyContext,
    language_of_reply,
    plain_reply,
)
from responders.forgetting import forget_author
from responders.start_links import apply_link, link_of, service_of

BY = "dialogue"
LIST_HOLDS = timedelta(hours=72)
DONE = {
    Command.STOP: "asked us to stop writing",
    Command.START: "asked us to begin",
    Command.FORGET: "asked us to forget them",
    Command.HUMAN: "asked for a person",
}
"""What a command does at once, as it stands in the audit; the others are only answered."""
UNCLEAR = frozenset({Key.ASK_SERVICE})
UNCLEAR_OF_SEVERAL = frozenset({Key.STATUS_UNKNOWN, Key.STATUS_KNOWN, Key.STATUS_CLOSED, *KEY_OF.values()})


@dataclass(frozen=True, slots=True)
class Talk:
    """One mention and what stands around it, as the dialogue sees it."""

    mention: Mention
    conversation: Conversation
    author: Author
    posts: Sequence[Post]
    asked: Asked | None

    @property
    def newest(self) -> Post:
        return self.posts[-1]

    @property
    def says_something(self) -> bool:
        """Whether there are words, pins or photos beside the commands."""
        private = self.conversation.one_to_one
        asks = [(post, asked(post.text, post.command, private=private)) for post in self.posts]
        return any(one is None or (one.command is Command.NEW and one.argument) for _, one in asks)

    @property
    def only_asks(self) -> Asked | None:
        """What the newest post asks for, unless it is the report itself that follows /new."""
        if self.asked and self.asked.command is Command.NEW and self.asked.argument:
            return None
        return self.asked


def talk_of(session: Session, mention: Mention, newest: Post | None) -> Talk | None:
    """The talk a mention is part of; None in public where nothing is asked for, and where nothing is left of it."""
    if newest is None or not CHANNELS[session.get_one(Account, mention.account_id).channel].speaks:
        return None
    conversation = session.get_one(Conversation, mention.conversation_id)
    wanted = asked(newest.text, newest.command, private=conversation.one_to_one)
    posts = posts_of(session, mention.id or 0) if conversation.one_to_one or wanted or mention.version > 1 else []
    if not conversation.one_to_one and not any(asked(one.text, one.command, private=False) for one in posts):
        return None
    author = session.get_one(Author, mention.author_id)
    return Talk(mention, conversation, author, posts, wanted)


def do_what_is_asked(session: Session, talk: Talk, now: datetime) -> None:
    """Carry out the commands of a mention's posts, each once: stop, begin, forget, call a person, take a link's place.

    More may have been written after one before we read it; it is meant all the same.
    """
    for post in talk.posts:
        if wanted := asked(post.text, post.command, private=talk.conversation.one_to_one):
            _do(session, talk, wanted.command, post, now)


def _do(session: Session, talk: Talk, command: Command, post: Post, now: datetime) -> None:
    author = talk.author
    if command is Command.START and (link := link_of(session, post)) and talk.mention.start_link_id is None:
        talk.mention.start_link_id = link.id
        link.uses += 1
        session.add_all([talk.mention, link])
    why = DONE.get(command)
    if why is None or _was_done(session, post, why):
        return
    record(session, "Post", post.id or 0, BY, why, now)
    match command:
        case Command.STOP:
            author.stopped_at = post.received_at
        case Command.START:
            author.stopped_at = None
        case Command.HUMAN:
            talk.conversation.person_asked_at = now
        case Command.FORGET:
            forget_author(session, author, post, now)
    session.add_all([author, talk.conversation])


def _was_done(session: Session, post: Post, why: str) -> bool:
    return (
        session.exec(
            select(AuditEntry.id).where(
                AuditEntry.about == "Post",
                AuditEntry.about_id == post.id,
                AuditEntry.by == BY,
                AuditEntry.why == why,
            )
        ).first()
        is not None
    )


def drop_request(session: Session, talk: Talk, now: datetime) -> None:
    """A command alone is no report: what the classifier drafted from it is dropped."""
    request = open_request(session, talk.mention)
    if request and talk.only_asks and not talk.says_something and request.state == RequestState.DRAFT:
        advance(session, request, RequestState.CANCELLED, BY, "a command is no report", now)


@dataclass(frozen=True, slots=True)
class Answering:
    """Drafts the dialogue's answers in the words of `context`, whose language is the resident's."""

    session: Session
    talk: Talk
    context: ReplyContext
    status: StatusAnswers

    @property
    def now(self) -> datetime:
        return self.status.now

    def answer(self) -> tuple[DraftedReply, int | None] | None:
        """The answer to a command, and the id of the request it tells about; None where nothing was asked for."""
        wanted = self.talk.only_asks
        if wanted is None:
            return None
        match wanted.command:
            case Command.STATUS:
                return self.status.numbered(wanted.argument) if wanted.argument else self.status.unnumbered()
            case Command.MYCASES:
                return self.status.listed()
            case Command.START:
                return self._started(), None
            case command:
                return plain_reply(self.context, _SAID[command]), None

    def _started(self) -> DraftedReply:
        """A welcome; where a link says what it is about, with that, and for a person to read with its place as well."""
        service, place = service_of(self.session, self.talk.mention.start_link_id)
        if service is None:
            return plain_reply(self.context, Key.ASK_START)
        shape = plain_reply(replace(self.context, service=service), Key.ASK_START_ABOUT)
        listing = self.status.listing(shape.language)
        return replace(shape, text=listing.placed(Key.ASK_START_ABOUT, service, place))

    def offer(self, drafted: DraftedReply) -> DraftedReply | None:
        """Ask which of the author's cases in this chat is meant, where `drafted` shows that it is not clear."""
        talk, key = self.talk, drafted.template_key
        if not talk.conversation.one_to_one or talk.mention.start_link_id or talk.posts[0].command:
            return None
        if key not in UNCLEAR | UNCLEAR_OF_SEVERAL or asked_before(self.session, talk.mention):
            return None
        if asks_already(self.session, talk, self.now):
            return None
        theirs = cases_of(self.session, talk.author.id or 0, self.now, talk.conversation.id)
        by_mention = {one.mention_id: one for one in reversed(theirs) if one.mention_id != talk.mention.id}
        others = list(reversed(by_mention.values()))  # a talk goes on in a mention
        if len(others) < (2 if key in UNCLEAR_OF_SEVERAL else 1):
            return None
        shape = plain_reply(self.context, Key.ASK_CASE)
        listing = self.status.listing(shape.language)
        shown = listing.shown(shape.text, others, Key.CASE_NEW)
        talk.conversation.offered = [one.mention_id for one in shown]
        self.session.add(talk.conversation)
        return listing.draft(shape, shown, Key.CASE_NEW)


_SAID = {
    Command.NEW: Key.ASK_NEW,
    Command.FORGET: Key.FORGET_DONE,
    Command.HUMAN: Key.HUMAN_COMES,
    Command.STOP: Key.STOP_DONE,
    Command.HELP: Key.HELP,
}


LISTS = (Key.ASK_CASE.value, Key.ASK_SAME.value)
"""The wordings that are followed by a numbered list, whose numbers stand in Conversation.offered."""


def asks_already(session: Session, talk: Talk, now: datetime) -> bool:
    """Whether another list of this chat was drafted or sent lately, and is not answered yet.

    One list at a time: its numbers would mean two things.
    """
    if not talk.conversation.offered:
        return False
    asking = (
        select(Reply.id)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .where(
            Mention.conversation_id == talk.conversation.id,
            Mention.id != talk.mention.id,
            col(Reply.template_key).in_(LISTS),
            Reply.state != ReplyState.CANCELLED,
            Reply.changed_at >= now - LIST_HOLDS,
        )
    )
    return session.exec(asking).first() is not None


def asked_before(session: Session, mention: Mention, key: Key = Key.ASK_CASE) -> Reply | None:
    """Our question which case this mention is about, if it was sent. Nobody is asked twice: a person decides."""
    return session.exec(
        select(Reply)
        .where(Reply.mention_id == mention.id, Reply.template_key == key.value, Reply.state == ReplyState.SENT)
        .order_by(col(Reply.id).desc())
    ).first()


def open_list(session: Session, talk: Talk, key: Key) -> Reply | None:
    """The list that the newest post may pick from: the last of this mention that was sent, if it is of that key."""
    if not talk.conversation.offered or len(talk.posts) < 2:
        return None
    last = session.exec(
        select(Reply)
        .where(
            Reply.mention_id == talk.mention.id,
            col(Reply.template_key).in_(LISTS),
            Reply.state == ReplyState.SENT,
        )
        .order_by(col(Reply.id).desc())
    ).first()
    return last if last is not None and last.template_key == key.value else None


def language_of(session: Session, talk: Talk, understood: str, available: Sequence[str] | frozenset[str]) -> str:
    """The language to answer a command in: of the words with it, of what the author wrote before, of their app."""
    if talk.says_something and understood != "und":
        return understood
    earlier = session.exec(
        select(Understanding.language)
        .join(Mention, col(Mention.id) == Understanding.mention_id)
        .join(Post, col(Post.mention_id) == Mention.id)
        .where(
            Mention.author_id == talk.author.id,
            col(Understanding.language) != "und",
            Post.command == "",
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
        )
        .order_by(col(Understanding.id).desc())
        .limit(1)
    ).first()
    return earlier or language_of_reply(talk.newest.language_hint or "en", available)


def take_from_link(session: Session, talk: Talk, now: datetime) -> None:
    """Fill what the link knows into the request that nobody has touched yet.

    Who came by a link that says what it is about, and writes, reports that: there is a draft even where the words alone
    ("dark for a week") did not make one.
    """
    link_id, mention = talk.mention.start_link_id, talk.mention
    if link_id is None or not talk.says_something:
        return
    made = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id,
            ServiceRequest.part == 1,
            ServiceRequest.state != RequestState.CANCELLED,
        )
    ).first()
    if made is None and service_of(session, link_id)[0] is not None:
        made = ServiceRequest(
            mention_id=mention.id or 0,
            reference=new_reference(),
            changed_at=now,
            description="\n".join(post.text for post in talk.posts if post.text and not post.command),
            missing=[Missing.SERVICE, Missing.PLACE],
        )
        session.add(made)
    if made and made.state == RequestState.DRAFT and made.revision == 1:
        apply_link(session, link_id, made)
        sort_mention(session, mention)
