"""A list that has not followed what was recorded or asked for here turns nothing back, and a real change does."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from models import (
    Database,
    FixedQuestion,
    FixedState,
    Mention,
    NoticeState,
    Outcome,
    RequestState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    UpdateSource,
)
from models.open311 import RequestShape
from models.status_changes import Change, note_change
from responders.city_news import take_over
from tests.responders.telling import Now, prepared, settled, telling_with
from tests.rows import MORNING, a_reply


def listed(status: str, at: datetime | None, notes: str = "Mended.") -> RequestShape:
    return RequestShape(service_request_id="1", status=status, status_notes=notes, updated_datetime=at)


def filed(session: Session) -> ServiceRequest:
    prepared(session)
    request = session.get_one(ServiceRequest, settled(session, None)[1])
    request.status = "open"
    return request


def test_what_a_department_said_is_done_stays_done_though_the_list_says_open(database: Database) -> None:
    with database.write() as session:
        request = filed(session)
        done = Change("1", UpdateSource.DEPARTMENT, MORNING, "closed", "Mended.", Outcome.FIXED)
        note_change(session, request, done, MORNING)
        request.status, request.status_notes = "closed", "Mended."
        for days, words in ((1, "Mended."), (2, "")):
            at = MORNING + timedelta(days=days)
            assert take_over(session, request, listed("open", at, words), at) is None
            assert request.status == "closed"
        closes = MORNING + timedelta(days=3)
        assert take_over(session, request, listed("closed", closes), closes) is None
        reopens = MORNING + timedelta(days=4)
        opened = take_over(session, request, listed("open", reopens, "Inspected: not done."), reopens)
    assert opened is not None


def test_new_words_or_a_new_date_in_a_list_that_has_not_followed_turn_nothing_back(database: Database) -> None:
    with database.write() as session:
        request = filed(session)
        done = Change("1", UpdateSource.DEPARTMENT, MORNING, "closed", "Mended.", Outcome.FIXED)
        note_change(session, request, done, MORNING)
        request.status, request.status_notes = "closed", "Mended."
        for days in (1, 2, 3):
            at = MORNING + timedelta(days=days)
            said = listed("open", at, "Crew assigned.").model_copy(update={"expected_datetime": at + timedelta(days=9)})
            noted = take_over(session, request, said, at)
            assert noted is None or noted.status == ""
            assert request.status == "closed"


def asked_again(session: Session) -> tuple[ServiceRequest, datetime]:
    """A request that the city closed, of which it took our word that it is not fixed; and when."""
    request = filed(session)
    assert take_over(session, request, listed("closed", MORNING), MORNING)
    asked = MORNING + timedelta(days=2)
    again = ServiceRequest(mention_id=request.mention_id, part=2, reference="H-AGAIN234", changed_at=asked)
    again.reopens_id, again.state, again.service_code = request.id, RequestState.SUBMITTED, "POTHOLE"
    reply = a_reply(session, session.get_one(Mention, request.mention_id))
    session.add_all([again, reply])
    session.flush()
    question = FixedQuestion(
        mention_id=request.mention_id,
        request_id=request.id or 0,
        asked_reply_id=reply.id or 0,
        asked_at=MORNING,
        followed_at=MORNING,
        changed_at=asked,
        state=FixedState.NO,
        reopening_id=again.id,
        reopened_at=asked,
    )
    session.add(question)
    request.status = "open"
    session.flush()
    return request, asked


@pytest.mark.parametrize("dated", [timedelta(days=-2), timedelta(0), timedelta(minutes=40), None])
def test_a_list_that_still_says_closed_after_we_asked_is_no_second_closing(
    database: Database, dated: timedelta | None
) -> None:
    with database.write() as session:
        request, asked = asked_again(session)
        said = listed("closed", None if dated is None else asked + dated)
        assert take_over(session, request, said, asked + timedelta(hours=2)) is None
        assert request.status == "open"


def test_a_new_date_beside_a_stale_closing_does_not_make_the_next_look_a_second_closing(database: Database) -> None:
    with database.write() as session:
        request, asked = asked_again(session)
        said = listed("closed", asked).model_copy(update={"expected_datetime": asked + timedelta(days=5)})
        for minutes in (5, 10, 15):
            noted = take_over(session, request, said, asked + timedelta(minutes=minutes))
            assert noted is None or noted.status == ""
            assert request.status == "open"


@pytest.mark.parametrize("said", ["later", "other words", "open between"])
def test_a_second_closing_is_news(database: Database, said: str) -> None:
    with database.write() as session:
        request, asked = asked_again(session)
        soon = asked + timedelta(minutes=30)
        if said == "open between":
            opened = take_over(session, request, listed("open", soon), soon)
            assert opened is not None
            assert opened.status_notes == ""
            notice = session.exec(select(StatusNotice).where(StatusNotice.update_id == opened.id)).one()
            assert notice.state == NoticeState.SKIPPED
            soon += timedelta(minutes=10)
        elif said == "later":
            soon = asked + timedelta(hours=3)
        words = "Mended with hot asphalt." if said == "other words" else "Mended."
        assert take_over(session, request, listed("closed", soon, words), soon)
        assert request.status == "closed"


def test_a_closing_that_is_heard_after_what_was_recorded_by_hand_is_told(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        request = filed(session)
        planned = Change("1", UpdateSource.STAFF, clock.at, "open", outcome=Outcome.SCHEDULED)
        note_change(session, request, planned, clock.at)
    telling_with(database, clock).tell_all()
    clock.at += timedelta(hours=1)
    with database.write() as session:
        request = session.exec(select(ServiceRequest)).one()
        assert take_over(session, request, listed("closed", MORNING - timedelta(hours=3)), clock.at)
    clock.at += timedelta(minutes=1)
    telling_with(database, clock).tell_all()
    with database.read() as session:
        states = session.exec(
            select(StatusUpdate.source, StatusNotice.state).join(StatusNotice).order_by(StatusNotice.id)  # type: ignore[arg-type]
        ).all()
    assert states == [(UpdateSource.STAFF, NoticeState.SKIPPED), (UpdateSource.CITY, NoticeState.DRAFTED)]
