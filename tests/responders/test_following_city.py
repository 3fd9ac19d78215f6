"""What the city does with filed requests is heard once, whichever way it comes, and nothing else is news."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from hark311.simulator import RunningSimulator
from hark311.simulator.open311_wild import Quirk
from models import Database, Outcome, RequestState, ServiceRequest, StatusNotice, StatusUpdate, utc_now
from models.open311 import RequestShape, UpdateShape
from responders.city_facts import copy_facts
from responders.city_news import hear_update, take_over
from responders.following_city import CityFollower
from responders.open311 import Open311City
from tests.responders.filing import a_request, city_of
from tests.rows import a_mention
from tests.rows import a_request as a_row
from tests.town import Clock

WAYS: dict[str, dict[str, Any]] = {
    "by number": {},
    "by update": {"lists_by_update": True},
    "by the updates extension": {"updates": "on", "lists_by_update": True},
}


@pytest.fixture(params=WAYS)
async def city(town_hall: RunningSimulator, request: pytest.FixtureRequest) -> AsyncIterator[Open311City]:
    town_hall.clear_faults()
    async with city_of(town_hall, **WAYS[request.param]) as client:
        yield client


class Filed:
    """A request that the city has, and what follows it."""

    def __init__(self, database: Database, hall: RunningSimulator, city: Open311City) -> None:
        self.database, self.hall, self.clock = database, hall, Clock()
        self.follower = CityFollower(database, city, clock=self.clock)
        self.number, self.row_id = "", 0

    async def file(self) -> "Filed":
        filing = a_request(address_string=f"{datetime.now(UTC).microsecond} Front St")
        self.number = (await self.follower.city.file(filing)).service_request_id
        (facts,) = await self.follower.city.by_ids([self.number])
        with self.database.write() as session:
            row = a_row(session, a_mention(session))
            row.state, row.service_request_id, row.changed_at = RequestState.SUBMITTED, self.number, utc_now()
            row.reference, row.status = filing.reference, facts.status
            row.expected_datetime, row.updated_datetime = facts.expected_datetime, facts.updated_datetime
            self.row_id = row.id or 0
        return self

    async def look(self) -> list[tuple[str, str]]:
        """Ask the city twice; all that is news by now, as (status open or closed, words)."""
        for _ in range(2):
            self.clock.advance(minutes=2)
            await self.follower.refresh()
        return [("open" if one.status == "action_scheduled" else one.status, one.status_notes) for one in self.news()]

    def news(self) -> list[StatusUpdate]:
        with self.database.read() as session:
            return list(session.exec(select(StatusUpdate).order_by(col(StatusUpdate.id))).all())

    def row(self) -> ServiceRequest:
        with self.database.read() as session:
            return session.get_one(ServiceRequest, self.row_id)


@pytest.fixture
async def filed(database: Database, town_hall: RunningSimulator, city: Open311City) -> Filed:
    return await Filed(database, town_hall, city).file()


async def test_a_new_request_that_is_open_is_no_news(filed: Filed) -> None:
    assert await filed.look() == []
    assert filed.row().status == "open"


async def test_each_change_is_noted_once_with_a_promise_to_tell(filed: Filed) -> None:
    filed.hall.change_request(filed.number, status_notes="A crew looks at it on Monday.")
    first = ("open", "A crew looks at it on Monday.")
    assert await filed.look() == [first]
    filed.hall.close_request(filed.number, "Mended.")
    assert await filed.look() == [first, ("closed", "Mended.")]
    row = filed.row()
    assert (row.status, row.status_notes) == ("closed", "Mended.")
    with filed.database.read() as session:
        notices = session.exec(select(StatusNotice)).all()
    assert [one.mention_id for one in notices] == [row.mention_id] * 2


async def test_a_promise_that_moves_is_news_and_plans_no_work(filed: Filed) -> None:
    if not filed.follower.city.lists_by_update:
        filed.clock.advance(minutes=1)
    moved = (filed.row().expected_datetime or utc_now()) + timedelta(days=3)
    filed.hall.change_request(filed.number, expected_datetime=moved.isoformat())
    await filed.look()
    (noted,) = filed.news()
    assert (noted.outcome, noted.planned_for) == (Outcome.ACCEPTED, None)
    assert filed.row().expected_datetime == moved


async def test_what_the_city_opens_again_is_heard_again(filed: Filed) -> None:
    filed.hall.close_request(filed.number, "Mended.")
    await filed.look()
    filed.hall.change_request(filed.number, status="open", status_notes="Opened again.")
    filed.clock.advance(days=2)
    assert await filed.look() == [("closed", "Mended."), ("open", "Opened again.")]


async def test_the_finer_states_of_the_extension_say_what_a_change_means(
    database: Database, town_hall: RunningSimulator
) -> None:
    town_hall.clear_faults()
    async with city_of(town_hall, updates="on") as city:
        filed = await Filed(database, town_hall, city).file()
        town_hall.city_does(filed.number, "schedule")
        town_hall.city_does(filed.number, "duplicate", of="13075399")
        await filed.look()
    scheduled, duplicate = filed.news()
    assert scheduled.outcome == Outcome.SCHEDULED
    assert (duplicate.outcome, duplicate.duplicate_of) == (Outcome.DUPLICATE, "13075399")
    assert filed.row().status == "closed"


async def test_our_own_words_told_back_are_no_news(database: Database, town_hall: RunningSimulator) -> None:
    town_hall.clear_faults()
    async with city_of(town_hall, updates="on") as city:
        filed = await Filed(database, town_hall, city).file()
        await city.post_update(filed.number, f"{filed.row().reference}-1", "OPEN", "Still dark.", utc_now())
        assert await filed.look() == []


async def test_words_in_the_notes_of_a_request_are_news_too(database: Database, town_hall: RunningSimulator) -> None:
    town_hall.clear_faults()
    town_hall.be_wild(Quirk.EXTENDED, Quirk.NUMBERS, Quirk.SINGLE)
    try:
        async with city_of(town_hall) as city:
            filed = await Filed(database, town_hall, city).file()
            town_hall.close_request(filed.number, "Mended.")
            assert await filed.look() == [("closed", "Mended.")]
    finally:
        town_hall.be_wild()


async def test_a_city_that_does_not_answer_changes_nothing_and_is_asked_again(filed: Filed) -> None:
    filed.hall.close_request(filed.number, "Mended.")
    for operation in ("requests", "updates"):
        filed.hall.fault("open311", "html_error", operation, times=None)
    assert await filed.look() == []
    filed.hall.clear_faults()
    assert await filed.look() == [("closed", "Mended.")]


async def test_what_is_closed_before_its_number_is_known_is_news(filed: Filed) -> None:
    with filed.database.write() as session:
        row = session.get_one(ServiceRequest, filed.row_id)
        row.state, row.token, row.status, row.service_request_id = RequestState.TOKEN_PENDING, "t-1", None, None
    filed.hall.close_request(filed.number, "Mended.")
    (facts,) = await filed.follower.city.by_ids([filed.number])
    filed.follower._settle_token(filed.row_id, filed.number, facts)
    assert await filed.look() == [("closed", "Mended.")]


def test_what_is_opened_again_and_closed_with_the_same_words_on_one_day_is_news_each_time(database: Database) -> None:
    began = utc_now() - timedelta(hours=8)
    said = [("open", "A crew is on its way."), ("closed", "Mended."), ("open", ""), ("closed", "Mended.")]
    with database.write() as session:
        request = a_row(session, a_mention(session))
        request.state, request.service_request_id, request.status = RequestState.SUBMITTED, "1", "open"
        for hour, (status, notes) in enumerate(said):
            at = began + timedelta(hours=hour)
            facts = RequestShape(service_request_id="1", status=status, status_notes=notes, updated_datetime=at)
            take_over(session, request, facts, at)
            again = UpdateShape(
                update_id=f"u{hour}", service_request_id="1", status=status, description=notes, updated_datetime=at
            )
            assert hear_update(session, request, again, at) is None
    with database.read() as session:
        heard = session.exec(select(StatusUpdate).order_by(col(StatusUpdate.id))).all()
    assert [one.status for one in heard] == [status for status, _ in said]


def listed(status: str, at: datetime, notes: str = "") -> RequestShape:
    return RequestShape(service_request_id="1", status=status, status_notes=notes, updated_datetime=at)


def updated(status: str, at: datetime, words: str = "") -> UpdateShape:
    given = {"update_id": f"{status}-{at:%H:%M}", "description": words, "updated_datetime": at}
    return UpdateShape.model_validate({"service_request_id": "1", "status": status} | given)


def heard_in(database: Database, *said: RequestShape | UpdateShape, reference: str = "") -> list[Outcome | None]:
    """What a city says of one open request, by either list: the outcomes of what is news."""
    with database.write() as session:
        request = a_row(session, a_mention(session))
        request.state, request.service_request_id, request.status = RequestState.SUBMITTED, "1", "open"
        request.reference = reference or request.reference
        for one in said:
            at = one.updated_datetime or utc_now()
            noted = (
                take_over(session, request, one, at)
                if isinstance(one, RequestShape)
                else hear_update(session, request, one, at)
            )
            assert noted is None or noted.happened_at == at
        return [one.outcome for one in session.exec(select(StatusUpdate).order_by(col(StatusUpdate.id))).all()]


def test_a_step_told_without_words_is_news_on_the_day_of_an_earlier_one(database: Database) -> None:
    at = utc_now() - timedelta(hours=8)
    began = updated("investigating", at)
    planned = updated("action_scheduled", at + timedelta(hours=6))
    assert heard_in(database, began, planned) == [Outcome.ACCEPTED, Outcome.SCHEDULED]


def test_a_finer_state_without_words_says_what_a_bare_closing_meant(database: Database) -> None:
    at = utc_now() - timedelta(hours=8)
    why = updated("no_further_action", at + timedelta(minutes=1))
    bare = updated("closed", at + timedelta(minutes=2))
    assert heard_in(database, listed("closed", at), why, bare) == [None, Outcome.NO_ACTION]


def test_what_the_city_tells_again_in_the_same_words_is_told_once(database: Database) -> None:
    at = utc_now() - timedelta(hours=8)
    again = [updated("fixed", at + timedelta(minutes=minute), "Work completed.") for minute in range(5)]
    assert heard_in(database, *again) == [Outcome.FIXED]


def test_a_duplicate_without_words_or_number_is_news_that_a_person_has_to_read(database: Database) -> None:
    at = utc_now() - timedelta(hours=8)
    assert heard_in(database, listed("closed", at), updated("duplicate", at + timedelta(minutes=1))) == [None, None]


def test_the_same_words_with_an_outcome_that_was_understood_already_are_no_news(database: Database) -> None:
    at = utc_now() - timedelta(hours=8)
    with database.write() as session:
        request = a_row(session, a_mention(session))
        request.state, request.service_request_id, request.status = RequestState.SUBMITTED, "1", "open"
        noted = take_over(session, request, listed("closed", at, "Mended."), at)
        assert noted is not None
        noted.outcome = Outcome.FIXED
        session.add(noted)
        session.flush()
        assert hear_update(session, request, updated("fixed", at, "Mended."), at) is None
        assert hear_update(session, request, updated("no_further_action", at, "Mended."), at) is not None


def test_only_our_own_mark_makes_an_update_ours(database: Database) -> None:
    at = utc_now() - timedelta(hours=8)
    quoted = updated("in_progress", at, "About H-7QK4M2XD: a crew is on its way.")
    ours = updated("open", at + timedelta(minutes=1), "Still dark.\n\n[H-7QK4M2XD-31]")
    assert heard_in(database, quoted, ours, reference="H-7QK4M2XD") == [Outcome.ACCEPTED]


def test_a_city_that_closes_without_a_word_is_not_said_to_mean_what_it_said_before() -> None:
    noted = {"datetime": "2026-11-20T08:00:00-05:00", "description": "A crew is planned for today."}
    told = {"service_request_id": "1", "status": "open", "updated_datetime": "2026-11-20T08:00:00-05:00"}
    request = ServiceRequest(mention_id=1, reference="H-1", changed_at=utc_now())
    copy_facts(request, RequestShape.model_validate(told | {"notes": [noted]}), utc_now())
    assert request.status_notes == "A crew is planned for today."
    closed = told | {"status": "closed", "updated_datetime": "2026-11-20T11:00:00-05:00", "notes": [noted]}
    copy_facts(request, RequestShape.model_validate(closed), utc_now())
    assert (request.status, request.status_notes) == ("closed", "")
