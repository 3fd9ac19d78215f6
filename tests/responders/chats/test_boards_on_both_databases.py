"""Searches and boards on SQLite and on PostgreSQL alike: what is locked, counted and grouped there."""

from datetime import timedelta

from sqlmodel import select, text

from models import (
    ChatEntry,
    ChatNetwork,
    ChatQuestion,
    ChatState,
    Database,
    ListeningRule,
    Mention,
    MentionState,
    Post,
    TweetChat,
    advance,
)
from models.posts import PostKind
from responders.chats.entries import Boards
from responders.chats.hearing import keep_hearing
from responders.chats.people import locked_chat
from responders.may_reply import may_reply
from tests.chats import a_chat, an_entry
from tests.responders.chats.chats import READER
from tests.rows import MORNING, a_mention, an_account


def test_a_chat_is_searched_for_and_its_posts_rest_on_the_board_with_their_reposts(either_database: Database) -> None:
    now = MORNING + timedelta(minutes=5)
    with either_database.write() as session:
        account = an_account(session)
        chat = TweetChat(
            title="Parks", hashtag="ParkChat", slug="parks", starts_at=MORNING, changed_at=now, made_at=MORNING
        )
        session.add(chat)
        session.flush()
        session.add_all(
            [
                ChatNetwork(chat_id=chat.id or 0, account_id=account.id or 0),
                ChatQuestion(chat_id=chat.id or 0, number=1, at_seconds=0),
            ]
        )
        advance(session, chat, ChatState.LIVE, "test", "its time has come", now)
        keep_hearing(session, now)
        rule = session.exec(select(ListeningRule)).one()
        mention = a_mention(session, "A1 more trees #ParkChat")
        mention.addressed = False
        advance(session, mention, MentionState.UNDERSTOOD, "test", "understood", now)
        said = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        for number in (1, 2):
            session.add(
                Post(
                    account_id=account.id or 0,
                    channel_post_id=f"rt-{number}",
                    edit_chain=f"rt-{number}",
                    conversation_id=said.conversation_id,
                    author_id=a_mention(session).author_id,
                    kind=PostKind.REPOST,
                    in_reply_to=said.channel_post_id,
                    rule_id=rule.id,
                    created_at=now,
                    received_at=now,
                )
            )
    for _ in range(2):
        with either_database.write() as session:
            boards = Boards(session, READER, now)
            row = session.get_one(Mention, mention.id)
            if row.state == MentionState.UNDERSTOOD:
                assert boards.take(row, None)
            boards.keep_up()
    with either_database.write() as session:
        (one,) = session.exec(select(ChatEntry)).all()
        assert (one.mention_id, one.reposts, one.version) == (mention.id, 2, 1)
        row = session.get_one(Mention, mention.id)
        assert row.state == MentionState.SET_ASIDE
        assert may_reply(session, row, {}).allowed
        session.get_one(TweetChat, chat.id).ended_at = now
        advance(session, session.get_one(TweetChat, chat.id), ChatState.ENDED, "test", "its time is over", now)
        keep_hearing(session, now + timedelta(days=2))
        assert session.get_one(ListeningRule, rule.id).ended_at is not None


def test_nobody_who_pauses_a_chat_waits_for_the_worker_that_sorts_its_board(either_database: Database) -> None:
    if either_database.engine.dialect.name == "sqlite":
        return  # one writes at a time there, whatever they write
    with either_database.write() as session:
        made = a_chat(session)
    now = MORNING + timedelta(minutes=5)
    with either_database.write() as sorting:
        Boards(sorting, READER, now).keep_up()
        with either_database.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '500ms'"))
            pausing = locked_chat(session, made.id)
            pausing.paused_at = now
            session.add(pausing)
            session.flush()
            with either_database.write() as answering:
                answering.execute(text("SET LOCAL lock_timeout = '500ms'"))
                an_entry(answering, made)  # names the chat, and waits for nobody
        with either_database.write() as other:
            boards = Boards(other, READER, now)
            boards.keep_up()  # leaves the chat out, and waits for nobody
