"""When a question counts as asked, where somebody asks it by hand on the network itself."""

from datetime import datetime

import pytest

from models import ChatQuestion, Database, LinkedHow
from responders.chats.on_now import chats_on
from responders.chats.posting import skip_post
from responders.chats.running import look_after
from tests.chats import MadeChat, a_chat, a_host_entry, a_planned_post
from tests.responders.chats.sending import Studio


@pytest.fixture
def studio(either_database: Database) -> Studio:
    return Studio(either_database)


@pytest.fixture
def made(studio: Studio) -> MadeChat:
    with studio.database.write() as session:
        return a_chat(session, asked=0)


def _third(studio: Studio, made: MadeChat) -> ChatQuestion:
    with studio.database.read() as session:
        return session.get_one(ChatQuestion, made.questions[2].id)


def _named_by_hand(studio: Studio, made: MadeChat, minute: float) -> datetime:
    with studio.database.write() as session:
        entry = a_host_entry(session, made, "Q3 then: what should be there for young people?", minute=minute)
        entry.question_id, entry.linked_how = made.questions[2].id, LinkedHow.SAID
        session.add(entry)
        return entry.said_at


def test_a_question_whose_post_was_skipped_was_asked_when_we_named_it_by_hand(studio: Studio, made: MadeChat) -> None:
    with studio.database.write() as session:
        post = a_planned_post(session, made, "Q3: What is there for young people?", question=3).id or 0
    first = _named_by_hand(studio, made, 24)
    _named_by_hand(studio, made, 26)
    studio.clock.advance(minutes=27)
    look_after(studio.database, studio.clock())
    assert _third(studio, made).asked_at is None  # its own post is still to come
    skip_post(studio.desk, post, made.host.id or 0)
    look_after(studio.database, studio.clock())
    assert _third(studio, made).asked_at == first


def test_what_we_say_of_a_question_before_the_chat_asks_nothing_yet(studio: Studio, made: MadeChat) -> None:
    _named_by_hand(studio, made, -30)
    studio.clock.advance(minutes=1)
    look_after(studio.database, studio.clock())
    assert _third(studio, made).asked_at is None


def test_until_then_it_counts_from_the_minute_of_the_plan(studio: Studio, made: MadeChat) -> None:
    with studio.database.write() as session:
        post = a_planned_post(session, made, "Q3: What is there for young people?", question=3).id or 0
    assert _asked_at(studio, made) == float("inf")
    skip_post(studio.desk, post, made.host.id or 0)
    assert _asked_at(studio, made) == made.questions[2].at_seconds / 60


def _asked_at(studio: Studio, made: MadeChat) -> float:
    with studio.database.read() as session:
        (on,) = chats_on(session, made.at(1))
    return dict(on.asked().questions)[3]
