"""A recap from its draft to its publication, and what a chat leaves to do, on both databases."""

from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session, select

from classifier.redaction import redact
from models import (
    Account,
    AnsweredHow,
    AuditEntry,
    ChatEntry,
    ChatLane,
    ChatPart,
    ChatPost,
    ChatPostKind,
    ChatRecap,
    ChatState,
    ChatTask,
    ChatTaskKind,
    Database,
    Post,
    Reply,
    ReplyState,
    TweetChat,
)
from models.deletion import forget_post
from responders.chats import recap_publishing, tasks
from responders.chats.recap_rounds import Recaps
from responders.chats.recapping import recap_of
from responders.chats.tasks import TaskFields
from responders.claims import NotYours
from responders.deciding import NotApproved, NotFound
from tests.chats import an_entry
from tests.recapped import NOW, Recapped, a_recapped_chat, find_private, host_of, the_desk
from tests.rows import MORNING

TODAY = NOW.date()
ADDRESS = "https://desk.example"


@pytest.fixture
def ended(either_database: Database) -> tuple[Database, int]:
    """A chat that has ended and whose recap is drafted; the id of the chat."""
    with either_database.write() as session:
        chat_id = a_recapped_chat(session, MORNING).id
    Recaps(either_database, lambda: NOW).write()
    return either_database, chat_id


def of(session: Session) -> Recapped:
    """A new chat with its rows."""
    return a_recapped_chat(session, MORNING)


def test_a_chat_that_ended_gets_its_drafts_and_tasks_once(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    assert Recaps(database, lambda: NOW).write() == 0
    with database.read() as session:
        recaps = session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat_id)).all()
        assert {one.language for one in recaps} == {"en", "es"}
        assert all(one.intro and one.published_at is None for one in recaps)
        [task] = session.exec(select(ChatTask).where(ChatTask.chat_id == chat_id)).all()
        assert (task.kind, task.words) == (ChatTaskKind.UNANSWERED, "A question, without an answer, under Q3")
        assert "underpass" not in task.words


def test_a_chat_that_goes_on_and_ends_again_keeps_its_words_and_gets_new_tasks(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    later = NOW + timedelta(minutes=30)
    with database.write() as session:
        made = session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat_id, ChatRecap.language == "en")).one()
        made.intro = "Our own words."
        chat = made_chat(session, chat_id)
        chat.ended_at = later
        session.add_all([made, chat])
    assert Recaps(database, lambda: later).write() == 1
    assert Recaps(database, lambda: later).write() == 0
    with database.read() as session:
        again = session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat_id, ChatRecap.language == "en")).one()
        assert again.intro == "Our own words."
        assert len(session.exec(select(ChatTask).where(ChatTask.chat_id == chat_id)).all()) == 1


def made_chat(session: Session, chat_id: int) -> TweetChat:
    return session.get_one(TweetChat, chat_id)


def test_near_identical_questions_leave_one_task(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        for minute in (25, 26):
            an_entry(session, made.made, "Who cleans it?", minute=minute, question=3, alike=made.open)
        assert tasks.write_unanswered(session, made.made.chat, NOW) == 1
        task = session.exec(select(ChatTask)).one()
        assert (task.words, task.entry_id) == ("3 people asked, without an answer, under Q3", made.open.id)


@pytest.mark.parametrize("how", ["answered", "deleted"])
def test_a_task_ends_when_its_question_is_answered_or_gone(ended: tuple[Database, int], how: str) -> None:
    database, _ = ended
    with database.write() as session:
        task = session.exec(select(ChatTask)).one()
        entry = session.get_one(ChatEntry, task.entry_id)
        if how == "answered":
            entry.answered_at, entry.answered_how = NOW, AnsweredHow.REPLY
            session.add(entry)
        else:
            forget_post(session, session.get_one(Post, entry.post_id), "listener", "deleted", NOW)
    Recaps(database, lambda: NOW).write()
    with database.read() as session:
        task = session.exec(select(ChatTask)).one()
        assert task.done_at == NOW
        assert task.outcome == (tasks.ANSWERED if how == "answered" else tasks.GONE)


def test_publishing_is_on_record_and_drafts_one_post_for_each_account(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    host = host_of(database, chat_id)
    for _ in range(2):
        recap_publishing.publish(the_desk(database), chat_id, "en", host, ADDRESS)
    with database.read() as session:
        posts = session.exec(select(ChatPost).where(ChatPost.kind == ChatPostKind.FOLLOW_UP)).all()
        assert len(posts) == 2
        replies = [session.exec(select(Reply).where(Reply.chat_post_id == one.id)).one() for one in posts]
        assert all(f"{ADDRESS}/recap/" in one.text and one.state == ReplyState.DRAFT for one in replies)
        told = session.exec(select(AuditEntry).where(AuditEntry.about == "ChatRecap", AuditEntry.by == f"staff:{host}"))
        assert len(told.all()) == 2


def test_a_guest_publishes_nothing(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    guest = host_of(database, chat_id, ChatPart.GUEST)
    with pytest.raises(NotYours):
        recap_publishing.publish(the_desk(database), chat_id, "en", guest, ADDRESS)
    with pytest.raises(NotYours):
        tasks.promise(the_desk(database), chat_id, guest, TaskFields("A third round", "Sanitation", TODAY))


def test_nothing_is_published_while_the_chat_goes_on(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    with database.write() as session:
        made_chat(session, chat_id).state = ChatState.LIVE
    with pytest.raises(NotApproved, match="has not ended"):
        recap_publishing.publish(the_desk(database), chat_id, "en", host_of(database, chat_id), ADDRESS)


@pytest.mark.parametrize("words", ["", "x" * 2000, "Call 215-555-0142"])
def test_an_introduction_nobody_should_read_is_not_kept(ended: tuple[Database, int], words: str) -> None:
    database, chat_id = ended
    with pytest.raises(NotApproved):
        recap_publishing.keep_intro(the_desk(database), chat_id, "en", host_of(database, chat_id), words)


def test_a_language_without_a_recap_is_not_found(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    with pytest.raises(NotFound):
        recap_publishing.publish(the_desk(database), chat_id, "fr", host_of(database, chat_id), ADDRESS)


def test_a_promise_needs_words_an_office_and_a_day_to_come(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    desk, host = the_desk(database), host_of(database, chat_id)
    with pytest.raises(NotApproved) as refused:
        tasks.promise(desk, chat_id, host, TaskFields("", "", None))
    assert len(refused.value.reasons) == 3
    with pytest.raises(NotApproved, match="past"):
        tasks.promise(desk, chat_id, host, TaskFields("A third round", "Sanitation", TODAY - timedelta(days=1)))
    with pytest.raises(NotApproved, match="private"):
        tasks.promise(desk, chat_id, host, TaskFields("Call 215-555-0142", "Sanitation", TODAY))
    with pytest.raises(NotApproved, match="Nobody"):
        tasks.promise(desk, chat_id, host, TaskFields("A third round", "Sanitation", TODAY, owner_id=99_999))


def test_a_promise_is_overdue_after_its_day_and_tells_what_came_of_it(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    desk, host = the_desk(database), host_of(database, chat_id)
    task_id = tasks.promise(desk, chat_id, host, TaskFields("A third round", "Sanitation", TODAY))
    with database.read() as session:
        assert tasks.overdue_promises(session, TODAY) == 0
        assert tasks.overdue_promises(session, TODAY + timedelta(days=1)) == 1
        assert tasks.tasks(session)[0].id == task_id
    tasks.finish_task(desk, task_id, host, "It began in December.")
    with database.read() as session:
        chat = made_chat(session, chat_id)
        found = recap_of(session, chat, "en", redact=redact, find_private=find_private, today=TODAY, now=NOW)
        assert [(one.words, one.outcome, one.overdue) for one in found.promises] == [
            ("A third round", "It began in December.", False)
        ]
        assert tasks.overdue_promises(session, TODAY + timedelta(days=1)) == 0
    with pytest.raises(NotApproved, match="done"):
        tasks.finish_task(desk, task_id, host, "again")
    tasks.reopen_task(desk, task_id, host)
    tasks.change_task(desk, task_id, host, TaskFields("Two rounds more", "Sanitation", TODAY + timedelta(days=9)))
    with database.read() as session:
        assert session.get_one(ChatTask, task_id).words == "Two rounds more"


def test_a_task_becomes_a_follow_up_post_for_review(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    with database.read() as session:
        task = session.exec(select(ChatTask)).one()
        account = session.exec(select(Account)).first()
        assert account
    post_id = tasks.follow_up(
        the_desk(database), task.id or 0, host_of(database, chat_id), account.id or 0, "en", "The underpass is swept."
    )
    with database.read() as session:
        reply = session.exec(select(Reply).where(Reply.chat_post_id == post_id)).one()
        assert (reply.state, session.get_one(ChatTask, task.id).chat_post_id) == (ReplyState.DRAFT, post_id)


def test_what_was_chosen_is_chosen_by_somebody_who_runs_the_chat(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    host, guest = host_of(database, chat_id), host_of(database, chat_id, ChatPart.GUEST)
    with database.read() as session:
        entry = session.exec(select(ChatEntry).where(ChatEntry.lane == ChatLane.ANSWER)).first()
        assert entry
    choose = partial(recap_publishing.choose, the_desk(database), chat_id, entry.id or 0)
    with pytest.raises(NotYours):
        choose(guest, chosen=True)
    choose(host, chosen=True, told_as={"en": "in short", "es": " "})
    with database.read() as session:
        kept = session.get_one(ChatEntry, entry.id)
        assert (kept.chosen, kept.told_as, kept.version) == (True, {"en": "in short"}, entry.version + 1)
