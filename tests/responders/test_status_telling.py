"""What a status reply says, where and when: languages, private chats, quiet hours, and what may go by itself."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from hark311.starter import load_templates
from models import (
    Conversation,
    Database,
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Reply,
    ReplyState,
    ReplyTemplate,
    ServiceRequest,
    StaffUser,
    StandingApproval,
    StatusNotice,
    UpdateSource,
)
from models.private_moves import PrivateMove
from models.status_changes import Change, following, note_change
from responders.quiet import Quiet, quiet_until
from responders.standing import NotSwitchedOn, switch_on, templates_of
from responders.status_words import SHORTEST_QUOTE, News, tell_news
from tests.responders.telling import Now, prepared, settled, telling_with
from tests.rows import MORNING, a_mention

FIXED_ALONE = "status_fixed"


def told(database: Database, clock: Now, outcome: Outcome | None, **more: Any) -> tuple[int, Reply]:
    """A filed case, the city's news of it, and the reply that was drafted: (mention id, reply)."""
    with database.write() as session:
        prepared(session)
        mention_id, request_id = settled(session, None)
    return mention_id, tell(database, clock, request_id, outcome, **more)


def tell(database: Database, clock: Now, request_id: int, outcome: Outcome | None, **more: Any) -> Reply:
    with database.write() as session:
        request = session.get_one(ServiceRequest, request_id)
        change = Change("1", UpdateSource.CITY, clock.at, "closed", outcome=outcome, **more)
        note_change(session, request, change, clock.at)
    telling_with(database, clock).tell_all()
    with database.read() as session:
        return session.exec(select(Reply)).one()


def test_what_nobody_knows_stays_open_for_a_person(database: Database) -> None:
    _, reply = told(database, Now(), Outcome.REFERRED)
    assert "[agency]" in reply.text


def test_the_reason_is_the_citys_without_private_details(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        _, request_id = settled(session, None)
        request = session.get_one(ServiceRequest, request_id)
        notes = "Nobody home, call 215-555-0123 {date}."
        change = Change("1", UpdateSource.CITY, clock.at, "closed", notes, Outcome.NO_ACTION)
        note_change(session, request, change, clock.at)
    telling_with(database, clock, redact=lambda text: text.replace("215-555-0123", "[phone removed]")).tell_all()
    with database.read() as session:
        assert "The reason: Nobody home, call (phone removed) (date). If" in session.exec(select(Reply)).one().text


def test_they_are_told_in_the_language_we_last_spoke_with_them(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        session.add_all(one for one in load_templates() if one.language == "es")
        mention_id, request_id = settled(session, None)
        mention = session.get_one(Mention, mention_id)
        mention.language = "en"
        session.add(mention)
        sent: dict[str, Any] = {"state": ReplyState.SENT, "language": "es", "changed_at": clock.at}
        session.add(Reply(mention_id=mention_id, account_id=mention.account_id, **sent))
        session.flush()
        change = Change("1", UpdateSource.CITY, clock.at, "closed", outcome=Outcome.FIXED)
        note_change(session, session.get_one(ServiceRequest, request_id), change, clock.at)
    telling_with(database, clock).tell_all()
    with database.read() as session:
        drafted = session.exec(select(Reply).where(Reply.state == ReplyState.DRAFT)).one()
        assert (drafted.language, drafted.text[:9]) == ("es", "La ciudad")


def test_who_went_on_in_private_is_told_there(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        mention_id, request_id = settled(session, None)
        mention, arrived = session.get_one(Mention, mention_id), a_mention(session, "here is my address")
        room = session.get_one(Conversation, arrived.conversation_id)
        room.private, arrived.author_id, arrived.account_id = True, mention.author_id, mention.account_id
        move: dict[str, Any] = {"author_id": mention.author_id, "account_id": mention.account_id, "asked_at": clock.at}
        session.add_all([room, arrived, PrivateMove(mention_id=mention_id, arrived_mention_id=arrived.id, **move)])
        room_id = room.id
    assert tell(database, clock, request_id, Outcome.FIXED).conversation_id == room_id


def let_alone(session: Session, clock: Now, key: str = FIXED_ALONE) -> StandingApproval:
    """A supervisor lets a wording go by itself."""
    staff = session.get_one(StaffUser, prepared(session))
    template = session.exec(select(ReplyTemplate).where(ReplyTemplate.key == key, ReplyTemplate.language == "en")).one()
    until = clock.at + timedelta(days=30)
    return switch_on(session, 1, key, "en", seen=template.version, until=until, staff=staff, now=clock.at)


def test_fixed_may_go_by_itself_and_what_has_the_citys_words_may_not(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        mention_id, request_id = settled(session, None)
        let_alone(session, clock)
        with pytest.raises(NotSwitchedOn, match="cannot go by itself"):
            let_alone(session, clock, "status_no_action")
    reply = tell(database, clock, request_id, Outcome.FIXED)
    assert (reply.state, reply.standing_approval_id) == (ReplyState.APPROVED, 1)
    assert "{number}" in reply.approved_text
    with database.read() as session:
        assert session.get_one(Mention, mention_id).state == MentionState.APPROVED


def test_nothing_goes_by_itself_where_there_is_a_danger(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        mention_id, request_id = settled(session, None)
        session.get_one(Mention, mention_id).danger = True
        let_alone(session, clock)
    assert tell(database, clock, request_id, Outcome.FIXED).state == ReplyState.DRAFT


def test_news_wait_for_the_morning_unless_they_are_talking_with_us(database: Database) -> None:
    clock = Now()
    mention_id, reply = told(database, clock, Outcome.FIXED)
    night = Quiet(time(2), time(6), ZoneInfo("America/New_York"))  # MORNING is 3 o'clock there
    with database.write() as session:
        mention = session.get_one(Mention, mention_id)
        later = clock.at + timedelta(hours=2)
        until = quiet_until(session, reply, mention, night, later)
        assert until is not None
        assert until[1] == "Quiet hours: it leaves at 06:00."
        assert quiet_until(session, reply, mention, night, clock.at) is None  # they wrote just now
        assert quiet_until(session, reply, mention, None, later) is None
        for notice in session.exec(select(StatusNotice)).all():
            notice.state = NoticeState.TOLD
        session.flush()
        assert quiet_until(session, reply, mention, night, later) is None  # it tells no news


@pytest.mark.parametrize("limit", [130, 170, 400])
def test_a_long_reason_is_shortened_until_it_fits(database: Database, limit: int) -> None:
    with database.write() as session:
        prepared(session)
        given = News(
            outcome=Outcome.NO_ACTION,
            language="en",
            templates=templates_of(session),
            service=None,
            length=len,
            limit=limit,
            notes="The crew found the place clean. " * 9,
        )
        drafted = tell_news(given)
        assert "The reason: The crew found the place" in drafted.text
        if limit > 130:
            assert len(drafted.text) <= limit
        assert tell_news(replace(given, notes="clean", limit=400)).template_key == "status_no_action"
        assert SHORTEST_QUOTE < 130


def test_a_duplicate_is_told_by_the_number_it_counts_with(database: Database) -> None:
    _, reply = told(database, Now(), Outcome.DUPLICATE, duplicate_of="13070001")
    assert "The number is 13070001." in reply.text


def test_who_counts_with_another_request_hears_the_news_of_that_one(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        first, other = settled(session, None), settled(session, None)
        number = session.get_one(ServiceRequest, other[1]).service_request_id or ""
        change = Change("1", UpdateSource.CITY, clock.at, "closed", outcome=Outcome.DUPLICATE, duplicate_of=number)
        note_change(session, session.get_one(ServiceRequest, first[1]), change, clock.at)
        fixed = Change("2", UpdateSource.CITY, clock.at, "closed", outcome=Outcome.FIXED)
        noted = note_change(session, session.get_one(ServiceRequest, other[1]), fixed, clock.at)
        assert noted is not None
        told = session.exec(select(StatusNotice.mention_id).where(StatusNotice.update_id == noted.id)).all()
        assert set(told) == {first[0], other[0]}


def counts_with(session: Session, own: int, number: str, at: datetime) -> None:
    change = Change(f"with {number}", UpdateSource.CITY, at, "closed", outcome=Outcome.DUPLICATE, duplicate_of=number)
    note_change(session, session.get_one(ServiceRequest, own), change, at)


def test_who_counts_with_one_that_counts_with_another_hears_of_the_last_even_in_a_ring(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        cases = [settled(session, None) for _ in range(3)]
        rows = [session.get_one(ServiceRequest, request_id) for _, request_id in cases]
        for own, other in ((0, 1), (1, 2), (2, 0)):
            counts_with(session, rows[own].id or 0, rows[other].service_request_id or "", clock.at)
        assert {*following(session, rows[2])} == {mention_id for mention_id, _ in cases}


def test_who_counts_with_one_that_is_closed_already_is_told_how_that_one_ended(database: Database) -> None:
    clock = Now()
    with database.write() as session:
        prepared(session)
        first, other = settled(session, None), settled(session, None)
        head = session.get_one(ServiceRequest, other[1])
        head.status = "closed"
        change = Change("2", UpdateSource.CITY, clock.at, "closed", outcome=Outcome.FIXED)
        fixed = note_change(session, head, change, clock.at)
        counts_with(session, first[1], head.service_request_id or "", clock.at + timedelta(minutes=1))
        assert fixed is not None
        closing = fixed.id
    clock.at += timedelta(minutes=2)
    telling_with(database, clock).tell_all()
    with database.read() as session:
        drafted = session.exec(select(Reply.template_key).where(Reply.mention_id == first[0])).one()
        waits = session.exec(
            select(StatusNotice.state).where(StatusNotice.update_id == closing, StatusNotice.mention_id == first[0])
        ).one()
    assert (drafted, waits) == ("status_duplicate", NoticeState.PENDING)


def test_of_one_closed_before_changes_were_kept_no_news_is_promised(database: Database) -> None:
    with database.write() as session:
        prepared(session)
        first, other = settled(session, None), settled(session, None)
        head = session.get_one(ServiceRequest, other[1])
        head.status = "closed"
        counts_with(session, first[1], head.service_request_id or "", MORNING)
    telling_with(database, Now()).tell_all()
    with database.read() as session:
        reply = session.exec(select(Reply).where(Reply.mention_id == first[0])).one()
    assert reply.template_key == "status_duplicate_elsewhere"
