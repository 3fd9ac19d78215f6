"""A tweet chat in a Telegram group that becomes a supergroup goes on there, heard and speaking (invariants 1 and 2)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models import (
    Account,
    AttemptOutcome,
    ChatNetwork,
    ChatPost,
    ChatPostKind,
    ChatState,
    Conversation,
    Reply,
    ReplyState,
    SendAttempt,
    TweetChat,
)
from models.moving import move_conversation
from responders.chats.posting import approve_post, plan_post, words_of
from tests.responders.chats.chats import a_chat, board
from tests.town import Town

GROUP: dict[str, Any] = {"id": -900, "type": "group", "title": "Parks"}


@pytest.fixture
def chat(town: Town) -> int:
    """A live chat in a group of which the bot is shown all; TweetChat.id."""
    town.simulator.settings = replace(town.simulator.settings, telegram_privacy=False)
    town.simulator.restart()
    chat_id = a_chat(town, "telegram")
    with town.database.write() as session:
        session.exec(select(ChatNetwork)).one().conversation_id = str(GROUP["id"])
    return chat_id


def _say(town: Town, text: str, group: int = GROUP["id"]) -> None:
    where = GROUP if group == GROUP["id"] else GROUP | {"id": group, "type": "supergroup"}
    town.simulator.say_on_telegram(text, chat=where, **{"from": {"id": 701, "first_name": "June"}})


def _hear(town: Town) -> None:
    town.listen("telegram")
    town.understand()


def _a_post(town: Town, chat_id: int, text: str) -> int:
    """An approved post that leaves at once; Reply.id."""
    with town.database.write() as session:
        planned = _plan(session, session.get_one(TweetChat, chat_id), text, town)
        reply = words_of(session, planned.id or 0)
        assert reply is not None
        post_id, reply_id, revision = planned.id or 0, reply.id or 0, reply.revision
    approve_post(town.desk, post_id, town.staff_id, revision)
    return reply_id


def _plan(session: Session, chat: TweetChat, text: str, town: Town) -> ChatPost:
    account = session.exec(select(Account).where(Account.name == "telegram")).one()
    return plan_post(
        session,
        chat,
        account_id=account.id or 0,
        kind=ChatPostKind.ANNOUNCEMENT,
        language="en",
        text=text,
        made_by=town.staff_id,
        now=town.clock(),
    )


def _outcomes(town: Town, reply_id: int) -> list[AttemptOutcome | None]:
    with town.database.read() as session:
        tried = select(SendAttempt).where(SendAttempt.reply_id == reply_id).order_by(col(SendAttempt.id))
        return [one.outcome for one in session.exec(tried).all()]


def test_a_live_chat_in_a_group_that_becomes_a_supergroup_goes_on_heard_and_speaking(town: Town, chat: int) -> None:
    _say(town, "A1 more shade")
    _hear(town)
    _say(town, "A1 more water")
    new = town.simulator.migrate_group(GROUP["id"])
    _say(town, "A1 more benches", new)
    _hear(town)
    assert [text for text, _ in board(town, chat)] == ["A1 more shade", "A1 more water", "A1 more benches"]
    reply_id = _a_post(town, chat, "Thank you all.")
    town.deliver(1)
    assert _outcomes(town, reply_id) == [AttemptOutcome.DONE]
    (sent,) = town.simulator.telegram_messages(by="us")
    assert (sent["chat_id"], "Thank you all." in sent["text"]) == (new, True)
    with town.database.read() as session:
        assert [one.channel_conversation_id for one in session.exec(select(Conversation)).all()] == [str(new)]


def test_a_post_that_learns_of_the_move_by_leaving_goes_to_the_new_group_at_its_second_call(
    town: Town, chat: int
) -> None:
    """Nothing of the group was heard yet, so that there is no conversation that could move."""
    _say(town, "when do we begin")
    new = town.simulator.migrate_group(GROUP["id"])
    reply_id = _a_post(town, chat, "We begin now.")
    town.deliver(4)
    assert _outcomes(town, reply_id) == [AttemptOutcome.DEFERRED, AttemptOutcome.DONE]
    assert [one["chat_id"] for one in town.simulator.telegram_messages(by="us")] == [new]
    with town.database.read() as session:
        assert session.get_one(Reply, reply_id).state == ReplyState.SENT


def test_a_move_takes_along_the_chats_of_its_own_account_and_group_alone(town: Town, chat: int) -> None:
    ended = a_chat(town, "telegram", state=ChatState.ENDED, hashtag="OldChat")
    elsewhere = a_chat(town, "telegram", hashtag="OtherChat")
    with town.database.write() as session:
        networks = {one.chat_id: one for one in session.exec(select(ChatNetwork)).all()}
        networks[ended].conversation_id, networks[elsewhere].conversation_id = "-900", "-901"
        account = networks[chat].account_id
    with town.database.write() as session:
        assert not move_conversation(session, account + 1, "-900", "-100902")
        assert not move_conversation(session, account, "-900", "-100900")
    with town.database.read() as session:
        found = {one.chat_id: one.conversation_id for one in session.exec(select(ChatNetwork)).all()}
    assert found == {chat: "-100900", ended: "-100900", elsewhere: "-901"}
