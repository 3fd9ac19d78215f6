"""The score of a storm counts a promise by the city's day, and an approval only where somebody approved."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from hark311.rehearsal.city_at_work import CityAtWork
from hark311.rehearsal.residents import Residents
from hark311.rehearsal.storm import Played
from hark311.rehearsal.storm_report import StormReport, closings, report
from hark311.rehearsal.storm_script import Storm
from hark311.simulator import RunningSimulator
from models import (
    Database,
    Decision,
    NoticeState,
    Outcome,
    ReplyState,
    RequestState,
    Review,
    Role,
    ServiceRequest,
    StaffUser,
    StatusNotice,
    StatusUpdate,
    UpdateSource,
)
from models.status_changes import CLOSED_FIRST
from tests.rows import MORNING, a_mention, a_reply, a_request

CITY = ZoneInfo("America/New_York")
PROMISED = datetime(2026, 11, 20, 18, tzinfo=UTC)
"""One in the afternoon in the city."""
THAT_EVENING = datetime(2026, 11, 21, 3, tzinfo=UTC)
"""Ten in the evening in the city, of the same day there."""
THE_DAY_AFTER = datetime(2026, 11, 21, 6, tzinfo=UTC)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with RunningSimulator(tmp_path / "box.db") as running:
        yield running


def score(database: Database, simulator: RunningSimulator, ended: datetime = THE_DAY_AFTER) -> StormReport:
    storm = Storm([], [], timedelta(hours=1))
    city = CityAtWork(simulator, database, storm, lambda: ended)
    played = Played(storm, Residents(simulator, storm), city, [], MORNING, ended)
    return report(played, simulator, database, CITY, 1)


def promised(session: Session, closed_at: datetime | None) -> ServiceRequest:
    """A filed request with a promise."""
    request = a_request(session, a_mention(session))
    request.state, request.promised_datetime = RequestState.SUBMITTED, PROMISED
    request.status, request.updated_datetime = ("closed", closed_at) if closed_at else ("open", MORNING)
    session.add(request)
    session.flush()
    return request


def apology(session: Session, request: ServiceRequest, state: NoticeState, because: str = "") -> None:
    update = StatusUpdate(
        request_id=request.id or 0,
        change_key=f"late:{state}{because}",
        source=UpdateSource.CALENDAR,
        outcome=Outcome.LATE,
        happened_at=THE_DAY_AFTER,
        noticed_at=THE_DAY_AFTER,
    )
    session.add(update)
    session.flush()
    notice = StatusNotice(
        update_id=update.id or 0,
        mention_id=request.mention_id,
        state=state,
        because=because,
        not_before=THE_DAY_AFTER,
        changed_at=THE_DAY_AFTER,
    )
    session.add(notice)


@pytest.mark.parametrize(("closed_at", "missed"), [(THAT_EVENING, 0), (THE_DAY_AFTER, 1), (None, 1)])
def test_a_promise_is_missed_only_when_its_day_was_over_in_the_city(
    database: Database, simulator: RunningSimulator, closed_at: datetime | None, missed: int
) -> None:
    with database.write() as session:
        promised(session, closed_at)
    assert score(database, simulator).promises_missed == missed


def test_an_open_promise_of_today_is_not_missed_yet(database: Database, simulator: RunningSimulator) -> None:
    with database.write() as session:
        promised(session, None)
    assert score(database, simulator, ended=THAT_EVENING).promises_missed == 0


@pytest.mark.parametrize(
    ("state", "because", "silent"),
    [
        (NoticeState.TOLD, "", 0),
        (NoticeState.SKIPPED, CLOSED_FIRST, 0),
        (NoticeState.SKIPPED, "Not told: rejected on the desk.", 1),
        (NoticeState.PENDING, "", 1),
    ],
)
def test_a_missed_promise_is_silent_unless_they_heard_of_it_or_of_the_closing(
    database: Database, simulator: RunningSimulator, state: NoticeState, because: str, silent: int
) -> None:
    with database.write() as session:
        apology(session, promised(session, None), state, because)
    assert score(database, simulator).promises_missed_silently == silent


def test_a_missed_promise_that_nobody_noted_is_silent(database: Database, simulator: RunningSimulator) -> None:
    with database.write() as session:
        promised(session, None)
    assert score(database, simulator).promises_missed_silently == 1


@pytest.mark.parametrize(("decision", "unapproved"), [(Decision.APPROVED, 0), (Decision.FIRST_KEY, 1)])
def test_a_reply_that_left_with_one_key_of_two_is_unapproved(
    database: Database, simulator: RunningSimulator, decision: Decision, unapproved: int
) -> None:
    with database.write() as session:
        mention = a_mention(session)
        staff = StaffUser(username="ann", display_name="Ann Approver", initials="AA", role=Role.APPROVER)
        reply = a_reply(session, mention)
        reply.state = ReplyState.SENT
        session.add_all([reply, staff])
        session.flush()
        review = Review(
            mention_id=mention.id or 0, reply_id=reply.id, staff_id=staff.id or 0, decision=decision, at=MORNING
        )
        session.add(review)
    assert score(database, simulator).replies_unapproved == unapproved


def test_nothing_is_kept_while_something_still_waits(database: Database, simulator: RunningSimulator) -> None:
    found = score(database, simulator)
    assert found.kept
    assert not replace(found, waiting_at_the_end=["1 mentions"]).kept


def test_a_case_that_was_opened_again_has_two_closings_and_a_second_word_on_one_is_none() -> None:
    said = [(1, 7, "open"), (2, 7, "closed"), (3, 7, "closed"), (4, 8, "closed"), (5, 7, "open"), (6, 7, "closed")]
    assert closings(said) == {2: (7, 1), 3: (7, 1), 4: (8, 1), 6: (7, 2)}
