"""A chat that is over, with something of everything a recap tells of. All of it is made up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from classifier.redaction import redact
from models import (
    Account,
    AnsweredHow,
    Author,
    Channel,
    ChatEntry,
    ChatLane,
    ChatNetwork,
    ChatPart,
    ChatPerson,
    ChatPostKind,
    ChatState,
    ChatTask,
    ChatTaskKind,
    Database,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
)
from models.requests import new_reference
from responders.chats.recap_publishing import write_recaps
from responders.chats.recapping import recaps_of
from responders.review import Desk
from tests.chats import MadeChat, a_chat, a_planned_post, an_entry, author_of
from tests.rows import MORNING, an_account

SAID = "The baskets on our avenue are full by Friday."
ASKED = "How often are they emptied?"
ANSWER = "A2: Twice a week, and a third time from December on."
REPORT = "Deep hole in front of my house, 1234 N 5th St, call 215-555-0142"


@dataclass(frozen=True, slots=True)
class Recapped:
    """The chat, and the entries that tests look at."""

    made: MadeChat
    said: ChatEntry
    asked: ChatEntry
    answered: Reply
    open: ChatEntry
    report: ChatEntry
    request: ServiceRequest
    on_x: ChatEntry

    @property
    def id(self) -> int:
        return self.made.id


def a_recapped_chat(session: Session, starts_at: datetime, *, state: ChatState = ChatState.ENDED) -> Recapped:
    """A chat on Mastodon and X: an answer, a question we answered, one we did not, a report that was filed."""
    mastodon = an_account(session, Channel.MASTODON)
    made = a_chat(session, starts_at=starts_at, state=state, account=mastodon, asked=6)
    if state == ChatState.ENDED:
        made.chat.ended_at = starts_at + timedelta(hours=1)
    said = an_entry(session, made, SAID, ChatLane.ANSWER, minute=6, question=1)
    asked = an_entry(session, made, ASKED, ChatLane.QUESTION, minute=15, question=2)
    unanswered = an_entry(session, made, "Who cleans the underpass?", ChatLane.NEEDS_ANSWER, minute=24, question=3)
    report = an_entry(session, made, REPORT, ChatLane.SERVICE_REQUEST, minute=30)
    on_x = _on_x(session, made)
    reply = Reply(
        mention_id=asked.mention_id,
        account_id=mastodon.id or 0,
        purpose=Purpose.CHAT,
        state=ReplyState.SENT,
        changed_at=made.at(19),
        sent_at=made.at(19),
        text=ANSWER,
        sent_text=ANSWER,
        sent_post_id=f"own-{made.id}",
        sent_url="https://social.example/@city/1",
    )
    session.add(reply)
    session.flush()
    asked.answered_by, asked.answered_how, asked.answered_at = reply.id, AnsweredHow.REPLY, made.at(19)
    request = ServiceRequest(
        mention_id=report.mention_id or 0,
        reference=new_reference(),
        state=RequestState.SUBMITTED,
        changed_at=made.at(40),
        approved_at=made.at(40),
        requested_datetime=made.at(40),
        service_request_id="13075315",
        status="open",
        address_string="1234 N 5th St, Apt 2",
        description=REPORT,
    )
    a_planned_post(session, made, "Q1: ...", kind=ChatPostKind.QUESTION, question=1)
    session.add_all([made.chat, asked, request])
    session.flush()
    return Recapped(made, said, asked, reply, unanswered, report, request, on_x)


def _on_x(session: Session, made: MadeChat) -> ChatEntry:
    """What somebody wrote on X, where the chat takes place too."""
    account: Account = an_account(session, Channel.X)
    session.add(ChatNetwork(chat_id=made.id, account_id=account.id or 0))
    there = MadeChat(made.chat, account, made.questions, made.host, made.moderator, made.guest)
    return an_entry(session, there, "A1 More lights, please.", ChatLane.ANSWER, minute=7, question=1)


def writer(session: Session, entry: ChatEntry) -> Author:
    """Who wrote it."""
    return author_of(session, entry)


PUBLISHED = "clean-and-safe-in-march"
"""The slug of a chat whose recap is published."""


def a_published_recap(session: Session, starts_at: datetime) -> Recapped:
    """The same with its recap published in two languages, a promise that is overdue, and tasks."""
    made = a_recapped_chat(session, starts_at)
    made.made.chat.slug = PUBLISHED
    made.said.chosen = made.asked.chosen = made.on_x.chosen = True
    made.on_x.told_as = {"en": "Somebody asks for more lights."}
    write_recaps(session, made.made.chat, starts_at + timedelta(hours=1))
    session.flush()
    for recap in recaps_of(session, made.made.chat):
        recap.published_at, recap.published_by = starts_at + timedelta(hours=2), made.made.host.id
        session.add(recap)
    session.add(
        ChatTask(
            chat_id=made.id,
            kind=ChatTaskKind.PROMISE,
            words="A third round of the baskets each week",
            owner_name="Office of Sanitation",
            due_on=(starts_at - timedelta(days=2)).date(),
            made_by=made.made.host.id,
            made_at=starts_at,
        )
    )
    session.add_all([made.made.chat, made.said, made.asked, made.on_x])
    session.flush()
    return made


NOW = MORNING + timedelta(hours=2)
"""The clock of `the_desk`: an hour after the end of a chat that began at MORNING."""


def find_private(text: str) -> list[str]:
    return ["phone"] if redact(text) != text else []


def the_desk(database: Database) -> Desk:
    return Desk(database, lambda _, text: len(text), find_private, clock=lambda: NOW)


def host_of(database: Database, chat_id: int, part: ChatPart = ChatPart.HOST) -> int:
    with database.read() as session:
        return session.exec(
            select(ChatPerson.staff_id).where(ChatPerson.chat_id == chat_id, ChatPerson.part == part)
        ).one()
