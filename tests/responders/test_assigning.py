"""Assignment by rule and by hand, and what a shift gives back."""

from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from models import (
    AssignmentRule,
    AuditEntry,
    Database,
    Handover,
    Mention,
    MentionState,
    Role,
    ScopeKind,
    StaffScope,
    StaffUser,
)
from responders.assigning import CannotTake, assign, assign_by_rules
from responders.shifts import HandoverRefused, hand_over, read_handover, unread_handover
from tests.rows import MORNING, a_mention

CITY = ZoneInfo("America/New_York")


def a_person(session: Session, name: str, role: Role = Role.APPROVER) -> StaffUser:
    staff = StaffUser(username=name.lower(), display_name=name, role=role)
    session.add(staff)
    session.flush()
    return staff


def waiting(session: Session, number: int = 1) -> list[Mention]:
    found = [a_mention(session) for _ in range(number)]
    for mention in found:
        mention.state = MentionState.DRAFTED
    return found


def rule_for(session: Session, **fields: object) -> None:
    session.add(AssignmentRule(**{"made_by": 1, "made_at": MORNING, **fields}))  # type: ignore[arg-type]  # a test's own words
    session.flush()


def test_without_rules_everything_is_everybodys(either_database: Database) -> None:
    with either_database.write() as session:
        assert assign_by_rules(session, waiting(session), CITY, MORNING) == 0


def test_a_role_shares_a_batch_evenly_and_the_audit_says_by_which_line(either_database: Database) -> None:
    with either_database.write() as session:
        ann, ben = a_person(session, "Ann"), a_person(session, "Ben")
        rule_for(session, role=Role.APPROVER)
        mentions = waiting(session, 4)
        assert assign_by_rules(session, mentions, CITY, MORNING) == 4
        assert [one.assigned_to for one in mentions] == [ann.id, ben.id, ann.id, ben.id]
        session.flush()
        told = session.exec(select(AuditEntry).where(AuditEntry.by == "assignment")).all()
    assert len(told) == 4
    assert told[0].why.endswith("by rule 1")


def test_what_is_somebodys_stays_theirs_until_they_leave(either_database: Database) -> None:
    with either_database.write() as session:
        ann, ben = a_person(session, "Ann"), a_person(session, "Ben")
        rule_for(session, staff_id=ben.id)
        [mention] = waiting(session)
        mention.assigned_to = ann.id
        assert assign_by_rules(session, [mention], CITY, MORNING) == 0
        ann.active = False
        session.flush()
        assert assign_by_rules(session, [mention], CITY, MORNING) == 1
        assert mention.assigned_to == ben.id


def test_by_hand_it_goes_to_whoever_may_and_looks_after_it(either_database: Database) -> None:
    with either_database.write() as session:
        ann, viewer = a_person(session, "Ann"), a_person(session, "Vi", Role.VIEWER)
        [mention] = waiting(session)
        mention.service_code = "SR-1"
        assert assign(session, mention, ann.id, "staff:1", MORNING)
        assert not assign(session, mention, ann.id, "staff:1", MORNING)
        with pytest.raises(CannotTake, match="Vi may read"):
            assign(session, mention, viewer.id, "staff:1", MORNING)
        session.add(StaffScope(staff_id=ann.id or 0, kind=ScopeKind.SERVICE, value="SR-2"))
        assert assign(session, mention, None, "staff:1", MORNING)
        with pytest.raises(CannotTake, match="another part"):
            assign(session, mention, ann.id, "staff:1", MORNING)
        with pytest.raises(CannotTake, match="any more"):
            assign(session, mention, 99, "staff:1", MORNING)
        assert mention.assigned_to is None


def test_a_shift_hands_over_and_its_work_goes_to_who_is_here(either_database: Database) -> None:
    with either_database.write() as session:
        ann, ben = a_person(session, "Ann"), a_person(session, "Ben")
        rule_for(session, role=Role.APPROVER)
        [mention] = waiting(session)
        mention.assigned_to = ann.id
        with pytest.raises(HandoverRefused):
            hand_over(session, ann, "  ", [], CITY, MORNING, gives_back=True)
        note = hand_over(session, ann, "All calm.", [], CITY, MORNING, gives_back=True)
        assert mention.assigned_to == ben.id
        assert unread_handover(session, ann.id or 0) is None
        assert unread_handover(session, ben.id or 0) is note
        assert read_handover(session, note.id or 0, ben.id or 0, MORNING)
        assert not read_handover(session, note.id or 0, ben.id or 0, MORNING)
        assert unread_handover(session, ben.id or 0) is None
        hand_over(session, ann, "More.", [], CITY, MORNING, gives_back=False)
        assert unread_handover(session, ben.id or 0) is not None
        assert len(session.exec(select(Handover)).all()) == 2
