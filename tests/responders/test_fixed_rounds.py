"""Our questions over time, without a channel: asked by hand, answered, changed, deleted, left unanswered."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from models import (
    AuditEntry,
    Database,
    FixedQuestion,
    FixedState,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
)
from models.deletion import forget_post
from models.fixed import closing_time
from models.lifecycle import may
from models.posts import PostKind
from responders.fixed_rounds import FixedRounds
from tests.rows import MORNING, a_mention, a_reply, a_request
from tests.town import Clock

NEW_YORK = ZoneInfo("America/New_York")


class Turned(Clock):
    """A clock that begins on a morning."""

    def __call__(self) -> datetime:
        return MORNING + self.offset


def told(database: Database) -> int:
    """A closed case whose author was told by hand that the city closed it; the mention's id."""
    with database.write() as session:
        mention = a_mention(session)
        mention.state = MentionState.CLOSED
        session.exec(select(Post)).one().created_at = MORNING
        request: ServiceRequest = a_request(session, mention)
        request.state, request.service_request_id, request.status = RequestState.SUBMITTED, "42", "closed"
        reply: Reply = a_reply(session, mention)
        reply.state, reply.template_key, reply.request_id = ReplyState.SENT, "status_fixed", request.id
        reply.sent_at, reply.sent_post_id, reply.seen_post_id = MORNING, "ours", session.exec(select(Post.id)).one()
        return mention.id or 0


def says(session: Session, mention_id: int, text: str, clock: Clock, chain: str) -> None:
    """A version of an answer to our post, in public."""
    mention, number = session.get_one(Mention, mention_id), len(session.exec(select(Post.id)).all())
    post = Post(
        account_id=mention.account_id,
        channel_post_id=f"{chain}-{number}",
        edit_chain=chain,
        conversation_id=mention.conversation_id,
        author_id=mention.author_id,
        mention_id=mention_id,
        kind=PostKind.MENTION,
        in_reply_to="ours",
        text=text,
        created_at=clock(),
        received_at=clock(),
    )
    session.add(post)


def question(database: Database) -> FixedQuestion:
    with database.read() as session:
        return session.exec(select(FixedQuestion)).one()


def test_what_was_told_by_hand_asks_and_silence_closes_it_on_the_citys_day(either_database: Database) -> None:
    told(either_database)
    clock = Turned()
    rounds = FixedRounds(either_database, NEW_YORK, 7, clock)
    rounds.look()
    assert question(either_database).closes_at == closing_time(MORNING, 7, NEW_YORK)
    clock.advance(days=7)
    rounds.look()
    assert question(either_database).state == FixedState.OPEN
    clock.advance(days=1)
    rounds.look()
    assert question(either_database).state == FixedState.SILENT


def test_a_no_brings_the_case_back_and_its_deletion_takes_that_back(either_database: Database) -> None:
    mention_id, clock = told(either_database), Turned()
    rounds = FixedRounds(either_database, NEW_YORK, 7, clock)
    rounds.look()
    clock.advance(hours=1)
    with either_database.write() as session:
        says(session, mention_id, "@us still not fixed", clock, "answer")
    rounds.look()
    assert question(either_database).state == FixedState.NO
    clock.advance(hours=1)
    with either_database.write() as session:
        again = session.exec(select(ServiceRequest).where(col(ServiceRequest.reopens_id).is_not(None))).one()
        assert again.state == RequestState.DRAFT
        forget_post(session, session.exec(select(Post).where(Post.edit_chain == "answer")).one(), "t", "gone", clock())
    rounds.look()
    assert question(either_database).state == FixedState.OPEN
    with either_database.read() as session:
        assert session.get_one(ServiceRequest, again.id).state == RequestState.CANCELLED


@pytest.mark.parametrize("days", [1, 7, 30])
@given(hours=st.integers(0, 24 * 400))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_has_so_many_whole_days_also_where_the_clocks_change(days: int, hours: int) -> None:
    asked_at = MORNING + timedelta(hours=hours)
    closes = closing_time(asked_at, days, NEW_YORK).astimezone(NEW_YORK)
    assert (closes.hour, closes.minute) == (0, 0)
    assert (closes.date() - asked_at.astimezone(NEW_YORK).date()).days == days + 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.sampled_from(["yes", "no", "a longer story", "edit yes", "edit no", "delete", "wait"]), max_size=6
    )
)
def test_whatever_residents_do_the_question_says_what_their_newest_answer_says(
    steps: list[str], migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("fixed") / "hark.db"
    shutil.copy(migrated_file, file)
    database = Database.in_file(file)
    mention_id, clock = told(database), Turned()
    rounds = FixedRounds(database, NEW_YORK, 7, clock)
    rounds.look()
    said: dict[str, str] = {}
    for number, step in enumerate(steps):
        clock.advance(minutes=1)
        with database.write() as session:
            last = list(said)[-1] if said else ""
            if step == "delete" and last:
                for post in session.exec(select(Post).where(Post.edit_chain == last)).all():
                    if post.deleted_at is None:
                        forget_post(session, post, "test", "gone", clock())
                del said[last]
            elif step.startswith("edit") and last:
                said[last] = step.removeprefix("edit ")
                says(session, mention_id, said[last], clock, last)
            elif step not in ("delete", "wait") and not step.startswith("edit"):
                said[f"chain{number}"] = step
                says(session, mention_id, step, clock, f"chain{number}")
        clock.advance(minutes=1)
        rounds.look()
    answers = [one for one in said.values() if one in ("yes", "no")]
    expected = {"yes": FixedState.YES, "no": FixedState.NO}[answers[-1]] if answers else FixedState.OPEN
    assert question(database).state == expected
    with database.read() as session:
        walked = session.exec(select(AuditEntry).where(AuditEntry.about == "FixedQuestion")).all()
        assert all(may("FixedQuestion", one.from_state, one.to_state) for one in walked)
        drafts = session.exec(select(ServiceRequest).where(col(ServiceRequest.reopens_id).is_not(None))).all()
        assert sum(one.state != RequestState.CANCELLED for one in drafts) == (expected == FixedState.NO)
    database.dispose()
