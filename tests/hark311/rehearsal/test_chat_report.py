"""The score of a chat finds what is lost, doubled, unlinked, late, unapproved and wrongly hidden."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from hark311.rehearsal.chat_counting import Ran, score_of
from hark311.rehearsal.chat_report import ChatScore, sentences
from hark311.rehearsal.chat_residents import Said
from hark311.rehearsal.chat_script import Act, Line, Mark
from hark311.simulator import RunningSimulator
from models import (
    Account,
    Alarm,
    AnsweredHow,
    Channel,
    ChatEntry,
    ChatLane,
    ChatRecap,
    Database,
    Decision,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    Review,
)
from tests.chats import MadeChat, a_chat, a_planned_post, an_entry
from tests.rows import MORNING, a_mention, a_reply

RAN = Ran(speed=60, seconds=70)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with RunningSimulator(tmp_path / "box.db") as running:
        yield running


def said_of(session: Session, entry: ChatEntry, *, question: int | None = None, mark: Mark | None = None) -> Said:
    """The line that an entry is the desk's side of."""
    post = session.get_one(Post, entry.post_id)
    line = Line(f"c{entry.id}", 0, Channel.X, "neighbor1", post.text, lane=entry.lane, question=question, mark=mark)
    return Said(line, post.channel_post_id, 0, 0)


def scored(
    database: Database, simulator: RunningSimulator, made: MadeChat, said: list[Said], ran: Ran = RAN
) -> ChatScore:
    with database.read() as session:
        return score_of(session, made.id, said, simulator, ran)


def with_recap(session: Session, made: MadeChat) -> None:
    for language in made.chat.languages:
        session.add(ChatRecap(chat_id=made.id, language=language, written_at=MORNING, published_at=MORNING))


def test_a_chat_in_which_all_went_well_is_kept(database: Database, simulator: RunningSimulator) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        answer = an_entry(session, made, "A1: the stoop", ChatLane.ANSWER, question=1)
        asked = an_entry(session, made, minute=7)
        asked.answered_at, asked.answered_how = made.at(9), AnsweredHow.REPLY
        session.add(asked)
        said = [said_of(session, answer, question=1), said_of(session, asked)]
    found = scored(database, simulator, made, said)
    assert found.kept, found.broken
    assert (found.posts, found.stored, found.answers, found.answers_linked) == (2, 2, 1, 1)
    assert (found.questions, found.answered, found.median_seconds_to_answer) == (1, 1, 120)
    assert found.lanes_right_share == 1.0
    assert "Answered 1 of 1 questions, median 2:00." in sentences(found)


def test_a_lost_post_is_found(database: Database, simulator: RunningSimulator) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        there = said_of(session, an_entry(session, made))
    found = scored(database, simulator, made, [there, replace(there, post_id="999999")])
    assert (found.posts, found.stored, found.lost) == (2, 1, 1)
    assert found.broken == ["1 posts were lost."]


def test_a_post_that_is_stored_twice_is_found(database: Database, simulator: RunningSimulator) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        said = said_of(session, an_entry(session, made))
        another = Account(name="second ear", channel=Channel.X, handle="Philly311Demo", channel_account_id="312")
        session.add(another)
        session.flush()
        again = an_entry(session, made)
        post = session.get_one(Post, again.post_id)
        post.account_id, post.channel_post_id = another.id or 0, said.post_id
        session.add(post)
    found = scored(database, simulator, made, [said])
    assert found.doubled == 1
    assert found.broken == ["1 posts were stored twice."]


def test_a_post_that_is_not_on_the_board_is_found(database: Database, simulator: RunningSimulator) -> None:
    with database.write() as session:
        made = a_chat(session)
        there = said_of(session, an_entry(session, made))
        beside = a_mention(session, "never on the board")
        bare = replace(there, post_id=beside.edit_chain)
        tagged = replace(bare, line=replace(bare.line, text=f"never on the board #{made.chat.hashtag}"))
    found = scored(database, simulator, made, [there, tagged, bare])
    assert (found.lost, found.not_on_board, found.left_to_queue) == (0, 1, 1)
    assert "1 posts are not on the board." in found.broken


def test_an_answer_under_another_question_or_under_none_is_found(
    database: Database, simulator: RunningSimulator
) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        entries = [an_entry(session, made, "A2", ChatLane.ANSWER, question=number) for number in (2, 1, None)]
        said = [said_of(session, one, question=2) for one in entries]
    found = scored(database, simulator, made, said)
    assert (found.answers, found.answers_linked, found.answers_linked_share) == (3, 1, 0.3333)
    assert found.broken == ["1 of 3 answers belong to their question; 95% should."]


def test_a_deleted_post_is_not_missed_but_its_words_must_be_gone(
    database: Database, simulator: RunningSimulator
) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        said = said_of(session, an_entry(session, made))
        gone = Line("d", 90, Channel.X, "neighbor1", act=Act.DELETE, of=said.line.key)
        unheard = replace(said, post_id="4711", line=replace(said.line, key="unheard"))
        never = Line("e", 91, Channel.X, "neighbor1", act=Act.DELETE, of="unheard")
    lines = [said, replace(said, line=gone), unheard, replace(unheard, line=never)]
    found = scored(database, simulator, made, lines)
    assert (found.lost, found.deleted_still_shown) == (0, 1)
    with database.write() as session:
        post = session.get_one(Post, session.get_one(ChatEntry, int(said.line.key[1:])).post_id)
        post.text = ""
        session.add(post)
    assert scored(database, simulator, made, lines).kept


def test_an_emergency_counts_from_the_network_to_the_board_and_until_somebody_has_seen_it(
    database: Database, simulator: RunningSimulator
) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        entry = an_entry(session, made, "gas smell", ChatLane.EMERGENCY, minute=25)
        said = [said_of(session, entry, mark=Mark.EMERGENCY)]
        alarm = Alarm(mention_id=entry.mention_id or 0, rule="gas", raised_at=made.at(25))
        session.add(alarm)
    key = said[0].line.key
    never = scored(database, simulator, made, said)
    assert never.emergency_seconds is None
    assert not never.kept
    late = scored(database, simulator, made, said, replace(RAN, on_board={key: 5.2}))
    assert late.broken == ["An emergency came on the board after 5.2 s; 5 s are the most."]
    with database.write() as session:
        alarm = session.get_one(Alarm, alarm.id)
        alarm.acknowledged_at = made.at(25) + timedelta(seconds=72)
        session.add(alarm)
    quick = scored(database, simulator, made, said, replace(RAN, on_board={key: 0.84}))
    assert quick.kept
    said_so = "The emergency was on the board after 0.8 s; it was acknowledged 1:12 after it was written."
    assert said_so in sentences(quick)


def test_what_left_without_approval_and_what_stands_twice_is_found(
    database: Database, simulator: RunningSimulator
) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        entry = an_entry(session, made)
        said = [said_of(session, entry)]
        a_planned_post(session, made, "Q1: ...", question=1, state=ReplyState.SENT)
        reply = Reply(
            mention_id=entry.mention_id,
            account_id=entry.account_id,
            purpose=Purpose.CHAT,
            state=ReplyState.SENT,
            text="We look into it.",
            changed_at=MORNING,
        )
        session.add(reply)
        a_reply(session, a_mention(session, "elsewhere")).state = ReplyState.SENT
        session.flush()
        session.add(
            Review(
                mention_id=entry.mention_id,
                reply_id=reply.id,
                staff_id=made.host.id or 0,
                decision=Decision.APPROVED,
                at=MORNING,
            )
        )
    found = scored(database, simulator, made, said)
    assert (found.replies_sent, found.replies_unapproved) == (2, 1)
    assert (found.posts_planned, found.posts_sent, found.posts_skipped) == (1, 1, 0)
    assert not found.kept


def test_hiding_a_rude_post_breaks_the_promise_and_hiding_a_threat_does_not(
    database: Database, simulator: RunningSimulator
) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
        threat = an_entry(session, made, "I will hurt you", ChatLane.ABUSE)
        rude = an_entry(session, made, "a clown show", ChatLane.OFF_TOPIC)
        said = [said_of(session, threat, mark=Mark.THREAT), said_of(session, rude, mark=Mark.RUDE)]
        clause = ModerationClause(code="threats", made_at=MORNING)
        session.add(clause)
        session.flush()
        acts = [an_act(made, entry, clause) for entry in (threat, rude)]
        acts[1].state = ModerationState.PROPOSED
        session.add_all(acts)
    found = scored(database, simulator, made, said)
    assert (found.threats, found.threats_hidden, found.moderated_wrongly) == (1, 1, 0)
    assert found.moderation_by_clause == {"threats": 2}
    assert found.kept
    with database.write() as session:
        act = session.get_one(ModerationAct, acts[1].id)
        act.state = ModerationState.IN_FORCE
        session.add(act)
    assert scored(database, simulator, made, said).moderated_wrongly == 1


def an_act(made: MadeChat, entry: ChatEntry, clause: ModerationClause) -> ModerationAct:
    return ModerationAct(
        kind=ModerationKind.HIDE,
        state=ModerationState.IN_FORCE,
        changed_at=MORNING,
        account_id=entry.account_id,
        author_id=entry.author_id or 0,
        mention_id=entry.mention_id,
        chat_id=made.id,
        clause_id=clause.id or 0,
        captured_sha256="0" * 64,
        captured_at=MORNING,
        proposed_by=made.moderator.id or 0,
        proposed_at=MORNING,
        expires_at=MORNING + timedelta(days=30),
    )


def test_a_missing_recap_and_a_machine_that_is_too_slow_are_said(
    database: Database, simulator: RunningSimulator
) -> None:
    with database.write() as session:
        made = a_chat(session)
        session.add(ChatRecap(chat_id=made.id, language="en", written_at=MORNING, published_at=MORNING))
        said = [said_of(session, an_entry(session, made, lane=ChatLane.NEEDS_ANSWER), mark=Mark.WRONG_FACT)]
    found = scored(database, simulator, made, said, replace(RAN, behind=7.3, waiting=["2 replies"]))
    assert found.broken == ["There is no recap in es."]
    told = " ".join(sentences(found))
    assert "did not keep up with speed 60" in told
    assert "1 of 1 wrong facts stood unanswered until the end." in told
    assert "Still waiting at the end: 2 replies." in told
    assert found.as_dict()["kept"] is False


def test_two_posts_of_ours_with_the_same_words_in_one_place_are_one_too_many(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        made = a_chat(session)
        with_recap(session, made)
    with RunningSimulator(tmp_path / "doubled.db") as box:
        first = {"text": "Q1: why?", "author": box.settings.x_handle, "mention": False}
        box.say_many_on_x([first, first])
        found = scored(database, box, made, [])
    assert found.replies_doubled == 1
    assert found.broken == ["1 posts of ours stand twice."]
