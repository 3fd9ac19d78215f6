"""What a chat leaves to do stays in step with its board: nobody who waits is lost, and what is made of it leaves."""

from dataclasses import dataclass

import pytest
from sqlmodel import Session, col, select

from models import AnsweredHow, ChatEntry, ChatLane, ChatState, ChatTask, Database, Post, ReplyState
from models.deletion import forget_post
from responders.chats import board, tasks
from responders.chats.recap_rounds import LOOKED_THROUGH, Recaps
from tests.chats import MadeChat, a_chat, an_entry
from tests.responders.chats.sending import Studio

ONE, TWO, THREE = (
    f"{asked}, without an answer, under Q1" for asked in ("A question", "2 people asked", "3 people asked")
)


@dataclass
class Ended:
    """A chat on X that ended two hours after MORNING, with one question that two more people asked."""

    studio: Studio
    made: MadeChat
    asked: list[int]

    def round(self) -> None:
        Recaps(self.studio.database, self.studio.clock).write()

    @property
    def tasks(self) -> list[ChatTask]:
        with self.studio.database.read() as session:
            return list(session.exec(select(ChatTask).order_by(col(ChatTask.id))).all())

    @property
    def open(self) -> list[tuple[str, int | None]]:
        """What is left to do: the words, and which of those who asked it is about (0: the first)."""
        left = [one for one in self.tasks if one.done_at is None]
        return [(one.words, self.asked.index(one.entry_id or 0)) for one in left]

    def ask(self, session: Session, text: str = "Who sweeps it?", alike: ChatEntry | None = None) -> ChatEntry:
        entry = an_entry(session, self.made, text, question=1, alike=alike)
        self.asked.append(entry.id or 0)
        return entry

    def answer(self, which: int, how: AnsweredHow = AnsweredHow.REPLY) -> None:
        with self.studio.database.write() as session:
            entry = session.get_one(ChatEntry, self.asked[which])
            entry.answered_at, entry.answered_how = self.studio.clock(), how
            session.add(entry)


@pytest.fixture
def ended(either_database: Database) -> Ended:
    studio = Studio(either_database)
    with either_database.write() as session:
        made = a_chat(session, state=ChatState.ENDED)
        made.chat.ended_at = made.chat.changed_at = made.at(120)
        session.add(made.chat)
        session.flush()
        found = Ended(studio, made, [])
        first = found.ask(session)
        for _ in range(2):
            found.ask(session, alike=first)
    studio.clock.now = made.at(121)
    found.round()
    assert found.open == [(THREE, 0)]
    return found


def test_a_post_made_of_a_task_waits_in_the_plan_is_approved_there_and_leaves(ended: Ended) -> None:
    studio, host = ended.studio, ended.made.host.id or 0
    [task] = ended.tasks
    post_id = tasks.follow_up(studio.desk, task.id or 0, host, ended.made.account.id or 0, "en", "It is swept now.")
    studio.approve(post_id, host)
    studio.clock.advance(seconds=11)
    studio.deliver()
    assert studio.network.said == [f"It is swept now. #{ended.made.chat.hashtag}"]
    assert (studio.state(post_id), ended.tasks[0].chat_post_id) == (ReplyState.SENT, post_id)


def test_a_question_heard_after_the_recap_was_drafted_becomes_a_task_once(ended: Ended) -> None:
    with ended.studio.database.write() as session:
        ended.ask(session, "Is there a number to call?")
    for _ in range(2):
        ended.round()
    assert ended.open == [(THREE, 0), (ONE, 3)]


def test_who_asks_the_same_later_is_counted_with_the_task_there_is(ended: Ended) -> None:
    with ended.studio.database.write() as session:
        ended.ask(session, alike=session.get_one(ChatEntry, ended.asked[0]))
    ended.round()
    assert [words for words, _ in ended.open] == ["4 people asked, without an answer, under Q1"]


@pytest.mark.parametrize("parted", [False, True])
def test_a_task_goes_on_for_those_who_still_wait_when_one_of_them_is_answered(ended: Ended, parted: bool) -> None:
    """`parted`: whoever approves the answer to the first counts the others by themselves."""
    ended.answer(0)
    if parted:
        with ended.studio.database.write() as session:
            second, third = (session.get_one(ChatEntry, one) for one in ended.asked[1:])
            second.alike_id, third.alike_id = None, second.id
            session.add_all([second, third])
    for _ in range(2):
        ended.round()
    assert ended.open == [(TWO, 1)]
    assert len(ended.tasks) == (2 if parted else 1)
    for which in (1, 2):
        ended.answer(which)
    ended.round()
    assert ended.open == []
    assert ended.tasks[-1].outcome == tasks.ANSWERED


def test_a_task_goes_on_for_those_who_still_wait_when_one_deletes_their_post(ended: Ended) -> None:
    with ended.studio.database.write() as session:
        entry = session.get_one(ChatEntry, ended.asked[0])
        forget_post(session, session.get_one(Post, entry.post_id), "listener", "deleted", ended.studio.clock())
    ended.round()
    assert ended.open == [(TWO, 1)]
    assert ended.tasks[0].outcome == tasks.GONE


def test_those_left_over_long_after_the_chat_get_their_task_too(ended: Ended) -> None:
    ended.studio.clock.advance(days=LOOKED_THROUGH.days + 1)
    ended.answer(0)
    with ended.studio.database.write() as session:
        second, third = (session.get_one(ChatEntry, one) for one in ended.asked[1:])
        second.alike_id, third.alike_id = None, second.id
        session.add_all([second, third])
    ended.round()
    assert ended.open == [(TWO, 1)]


def test_a_question_that_needs_an_answer_after_all_is_a_task_again(ended: Ended) -> None:
    desk, host = ended.studio.desk, ended.made.host.id or 0
    for one in ended.asked:
        board.not_needed(desk, one, host, seen_version=_version(ended, one))
    ended.round()
    assert (ended.open, ended.tasks[0].outcome) == ([], tasks.NOT_NEEDED)
    board.needed_after_all(desk, ended.asked[0], host, seen_version=_version(ended, ended.asked[0]))
    ended.studio.clock.advance(days=3)
    ended.round()
    assert (ended.open, len(ended.tasks)) == ([(ONE, 0)], 1)


def _version(ended: Ended, entry_id: int) -> int:
    with ended.studio.database.read() as session:
        return session.get_one(ChatEntry, entry_id).version


def test_what_somebody_said_was_done_stays_done_whoever_is_answered_later(ended: Ended) -> None:
    [task] = ended.tasks
    tasks.finish_task(ended.studio.desk, task.id or 0, ended.made.host.id or 0, "Told at the meeting.")
    ended.round()
    ended.answer(0)
    ended.round()
    assert [one.outcome for one in ended.tasks] == ["Told at the meeting."]


def test_two_tasks_whose_questions_were_joined_end_as_one(ended: Ended) -> None:
    with ended.studio.database.write() as session:
        other = ended.ask(session, "Which crew sweeps it?")
    ended.round()
    with ended.studio.database.write() as session:
        other = session.get_one(ChatEntry, other.id)
        other.alike_id = ended.asked[0]
        session.add(other)
    ended.answer(0)
    ended.round()
    assert ended.open == [(THREE, 3)]


@pytest.mark.parametrize("why", ["moved", "hidden"])
def test_a_task_ends_when_its_question_wants_no_answer_any_more(ended: Ended, why: str) -> None:
    with ended.studio.database.write() as session:
        for one in ended.asked:
            entry = session.get_one(ChatEntry, one)
            entry.lane = ChatLane.OFF_TOPIC if why == "moved" else entry.lane
            entry.hidden_by = 1 if why == "hidden" else None
            session.add(entry)
    ended.round()
    assert [one.outcome for one in ended.tasks] == [tasks.MOVED if why == "moved" else tasks.HIDDEN]


def test_nothing_is_made_of_a_chat_that_goes_on_again(ended: Ended) -> None:
    with ended.studio.database.write() as session:
        ended.made.chat.state = ChatState.LIVE
        session.add(ended.made.chat)
        ended.ask(session, "Is there a number to call?")
    ended.round()
    assert ended.open == [(THREE, 0)]
