"""advance() lets through what the tables allow, writes it down, and touches nothing else."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from models import (
    AuditEntry,
    Database,
    FixedQuestion,
    FixedState,
    IllegalTransition,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    advance,
)
from models.lifecycle import MACHINES, may
from tests.rows import a_mention, a_reply, a_request

STATES: dict[str, type[MentionState] | type[ReplyState] | type[RequestState] | type[FixedState]] = {
    "Mention": MentionState,
    "Reply": ReplyState,
    "ServiceRequest": RequestState,
    "FixedQuestion": FixedState,
}
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def _row(session: Session, machine: str) -> Mention | Reply | ServiceRequest | FixedQuestion:
    mention = a_mention(session)
    if machine == "Mention":
        return mention
    if machine == "FixedQuestion":
        asked, about = a_reply(session, mention).id or 0, a_request(session, mention).id or 0
        question = FixedQuestion(
            mention_id=mention.id or 0,
            request_id=about,
            asked_reply_id=asked,
            asked_at=NOW,
            followed_at=NOW,
            changed_at=NOW,
        )
        session.add(question)
        return question
    return a_reply(session, mention) if machine == "Reply" else a_request(session, mention)


def test_every_state_of_a_machine_stands_in_its_table_and_only_those() -> None:
    for machine, states in STATES.items():
        assert set(MACHINES[machine]) == set(states)
        for moves in MACHINES[machine].values():
            assert set(moves) <= set(states)


def test_every_state_can_be_reached_from_the_first_one() -> None:
    for machine, states in STATES.items():
        reached, todo = set(), [next(iter(states)).value]
        while todo:
            state = todo.pop()
            if state not in reached:
                reached.add(state)
                todo.extend(MACHINES[machine][state])
        assert reached == {state.value for state in states}


def test_only_a_person_or_proof_can_bring_an_uncertain_reply_back() -> None:
    assert set(MACHINES["Reply"]["uncertain"]) == {"sent", "approved", "cancelled"}
    assert not may("Reply", "uncertain", "sending")


def test_approved_is_reached_only_from_review_or_by_proof_and_deferral() -> None:
    into_approved = {state for state, moves in MACHINES["Reply"].items() if "approved" in moves}
    assert into_approved == {"in_review", "sending", "handed_over", "uncertain"}


@pytest.mark.parametrize("machine", STATES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.data())
def test_a_random_walk_is_legal_exactly_where_the_table_says(
    machine: str, walk: st.DataObject, database: Database
) -> None:
    with database.write() as session:
        row = _row(session, machine)
        session.flush()
        steps = 0
        for _ in range(walk.draw(st.integers(1, 8))):
            before, to = row.state, STATES[machine](walk.draw(st.sampled_from(sorted(MACHINES[machine]))))
            if may(machine, before, to):
                advance(session, row, to, "test", "a step", NOW)
                assert row.state == to
                assert row.state_reason == "a step"
                steps += 1
            else:
                with pytest.raises(IllegalTransition, match="not a legal transition"):
                    advance(session, row, to, "test", "a step", NOW)
                assert row.state == before
        session.flush()
        written = session.exec(
            select(AuditEntry)
            .where(AuditEntry.about == machine, AuditEntry.about_id == row.id)
            .order_by(col(AuditEntry.id))
        ).all()
        assert len(written) == steps
        assert all(may(machine, entry.from_state, entry.to_state) for entry in written)
        session.rollback()


def test_an_illegal_step_leaves_row_and_audit_as_they_were(database: Database) -> None:
    with database.write() as session:
        mention = a_mention(session)
        with pytest.raises(IllegalTransition) as caught:
            advance(session, mention, MentionState.CLOSED, "test", "no", NOW)
        assert (caught.value.machine, caught.value.from_state, caught.value.to_state) == (
            "Mention",
            "received",
            "closed",
        )
        assert mention.state == MentionState.RECEIVED
        assert session.exec(select(AuditEntry)).all() == []
