"""Who decides: a role without the power, and a scope without the mention, are refused whatever a page let through."""

from collections.abc import Callable

import pytest
from sqlmodel import Session

from models import Database, Mention, MentionState, Role, ScopeKind, StaffScope
from responders.review import Decided, Desk, NotYours
from tests.hark311.console.factories import make_account, make_ready, make_services, make_staff
from tests.rows import MORNING

DECIDED = Decided(seen_version=1, seen_post_id=1, reply_text="A crew is on its way.", language="en", request=None)
DECISIONS: dict[str, Callable[[Desk, int, int], object]] = {
    "approve": lambda desk, mention_id, staff_id: desk.approve(mention_id, staff_id, DECIDED),
    "reject": lambda desk, mention_id, staff_id: desk.reject(mention_id, staff_id, "a joke"),
    "set aside": lambda desk, mention_id, staff_id: desk.set_aside(mention_id, staff_id, "a joke"),
    "take back": lambda desk, mention_id, staff_id: desk.take_back(mention_id, staff_id),
    "open again": lambda desk, mention_id, staff_id: desk.reopen(mention_id, staff_id, "a mistake"),
}


def _waiting(session: Session, role: Role) -> tuple[int, int]:
    make_services(session)
    staff = make_staff(session, role=role)
    return make_ready(session, make_account(session), MORNING).id or 0, staff.id or 0


def _desk(database: Database) -> Desk:
    return Desk(database, lambda _channel, text: len(text), lambda _text: [], clock=lambda: MORNING)


def _state(database: Database, mention_id: int) -> MentionState:
    with database.read() as session:
        return session.get_one(Mention, mention_id).state


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_a_drafter_holds_and_keeps_but_never_decides(
    database: Database, decide: Callable[[Desk, int, int], object]
) -> None:
    with database.write() as session:
        mention_id, drafter = _waiting(session, Role.DRAFTER)
    desk = _desk(database)
    desk.claim(mention_id, drafter)
    desk.save(mention_id, drafter, DECIDED)
    with pytest.raises(NotYours, match="Your role is drafter, which may not approve"):
        decide(desk, mention_id, drafter)
    assert _state(database, mention_id) == MentionState.IN_REVIEW


def test_a_viewer_does_not_even_hold_a_mention(database: Database) -> None:
    with database.write() as session:
        mention_id, viewer = _waiting(session, Role.VIEWER)
    with pytest.raises(NotYours, match="Your role is viewer"):
        _desk(database).claim(mention_id, viewer)


def test_a_mention_of_others_is_not_taken_and_one_in_hand_is_finished(either_database: Database) -> None:
    with either_database.write() as session:
        mention_id, approver = _waiting(session, Role.APPROVER)
        outside = StaffScope(staff_id=approver, kind=ScopeKind.SERVICE, value="SR-TR02")
        session.get_one(Mention, mention_id).service_code = "SR-ST01"
        session.add(outside)
    desk = _desk(either_database)
    with pytest.raises(NotYours, match="other colleagues look after"):
        desk.claim(mention_id, approver)
    with either_database.write() as session:
        session.delete(session.get_one(StaffScope, 1))
    desk.claim(mention_id, approver)
    with either_database.write() as session:
        session.add(StaffScope(staff_id=approver, kind=ScopeKind.SERVICE, value="SR-TR02"))
    desk.reject(mention_id, approver, "a joke between neighbours")
    assert _state(either_database, mention_id) == MentionState.REJECTED
