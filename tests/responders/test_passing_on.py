"""The city asks, the resident answers, a person approves: the answer reaches the city, once, under the old number."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from hark311.simulated import city_of
from models import (
    Destination,
    DestinationKind,
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Post,
    RequestState,
    ServiceRequest,
    StatusNotice,
    UpdateSource,
)
from models.deletion import forget_post
from models.destinations import ServiceDestination
from models.open311 import UpdateShape
from responders.city_again import TAKES_NO_UPDATES
from responders.city_news import hear_update
from responders.deciding import NotApproved
from responders.handing_on import covered
from responders.several import to_tell
from responders.status_deciding import heads_of
from responders.template_keys import Key
from tests.responders.test_asking_status import happens
from tests.responders.test_city_questions import POLE, asked
from tests.responders.test_dialogue import LIGHT, drafted, filed, says, sends
from tests.town import Town

QUESTIONS = [Outcome.NEEDS_INFORMATION, Outcome.COULD_NOT_FIND]


def answers(town: Town, mention_id: int) -> list[ServiceRequest]:
    """What was drafted for the city in a mention, the oldest first."""
    with town.database.read() as session:
        found = select(ServiceRequest).where(
            ServiceRequest.mention_id == mention_id, col(ServiceRequest.answers_city).is_(True)
        )
        return list(session.exec(found.order_by(col(ServiceRequest.id))).all())


def first_of(town: Town, mention_id: int) -> ServiceRequest:
    with town.database.read() as session:
        found = select(ServiceRequest).where(ServiceRequest.mention_id == mention_id, ServiceRequest.part == 1)
        return session.exec(found).one()


def passes_on(town: Town, mention_id: int, *, tick: bool = True, words: str = "") -> None:
    """A person approves the reply, and with it what goes to the city, perhaps in words of their own."""
    town.desk.claim(mention_id, town.staff_id)
    seen = town.seen(mention_id, file_request=False)
    (answer,) = seen.more
    answer = replace(answer, file=tick)
    if words:
        answer = replace(answer, fields=replace(answer.fields, description=words))
    town.desk.approve(mention_id, town.staff_id, replace(seen, more=(answer,)))
    town.deliver()


def told_to_city(town: Town, number: str | None) -> list[dict[str, str]]:
    """The updates that the city has from us about a request."""
    told = httpx.get(f"{town.simulator.open311_url}/servicerequestupdates.json", trust_env=False).json()
    return [one for one in told if one["service_request_id"] == number and one["update_id"].startswith("H-")]


@pytest.mark.parametrize("outcome", QUESTIONS)
def test_an_answer_reaches_the_city_once_approved_and_the_resident_hears_of_it_then(
    town: Town, outcome: Outcome
) -> None:
    mention_id = asked(town, filed(town, LIGHT), outcome)
    number, before = first_of(town, mention_id).service_request_id, len(town.our_messages())
    reply = drafted(town, says(town, POLE))
    (answer,) = answers(town, mention_id)
    assert (answer.state, answer.reopens_id) == (RequestState.DRAFT, first_of(town, mention_id).id)
    assert POLE in answer.description
    assert str(number) in answer.description
    assert reply.template_key == Key.ANSWER_PASSED_ON
    town.deliver()
    assert (told_to_city(town, number), len(town.our_messages())) == ([], before)

    town.simulator.fault("open311", "status", "post_update", status=503, headers={"retry-after": "60"}, times=None)
    passes_on(town, mention_id)
    assert len(town.our_messages()) == before  # nothing is claimed that is not so yet
    town.simulator.clear_faults()
    town.clock.advance(minutes=2)
    town.deliver()
    (told,) = told_to_city(town, number)
    assert (POLE in told["description"], told["status"]) == (True, "OPEN")
    assert answers(town, mention_id)[0].state == RequestState.SUBMITTED
    thanks = town.our_messages()[-1]
    assert thanks.startswith("Thank you for your answer. We have passed it on to the city.")
    assert str(number) in thanks


def test_a_connection_that_breaks_after_the_city_took_it_doubles_nothing(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    number = first_of(town, mention_id).service_request_id
    says(town, POLE)
    town.simulator.fault("open311", "drop_after", "post_update")
    passes_on(town, mention_id)
    for _ in range(3):
        town.clock.advance(minutes=2)
        town.deliver()
    assert len(told_to_city(town, number)) == 1
    assert answers(town, mention_id)[0].state == RequestState.SUBMITTED


def test_what_a_person_changes_is_what_the_city_reads_and_private_details_are_out_before(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    number = first_of(town, mention_id).service_request_id
    says(town, f"{POLE}, call me at 215-555-0142")
    assert "555-0142" not in answers(town, mention_id)[0].description
    passes_on(town, mention_id, words="The pole has number 4711.")
    (told,) = told_to_city(town, number)
    assert told["description"].startswith("The pole has number 4711.")
    assert POLE not in told["description"]


def test_more_that_is_written_before_anybody_decides_goes_with_it(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, POLE)
    says(town, "It stands beside the bakery")
    (answer,) = answers(town, mention_id)
    assert POLE in answer.description
    assert "bakery" in answer.description


def test_a_correction_in_the_thread_goes_on_its_own_after_what_the_city_has(town: Town) -> None:
    post_id = town.simulator.say_on_x(f"@riverton311 {LIGHT}", author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id)
    town.deliver()
    happens(town, mention_id, Outcome.NEEDS_INFORMATION, status="open", status_notes="Which number is on the pole?")
    town.clock.advance(minutes=11)
    town.tell()
    town.approve(mention_id, file_request=False)
    town.deliver()
    number = first_of(town, mention_id).service_request_id
    for words in (POLE, "Sorry, it is 4712"):
        town.clock.advance(minutes=1)
        town.simulator.say_on_x(f"@riverton311 {words}", author="dee_215", in_reply_to=post_id)
        town.hear()
        passes_on(town, mention_id)
        town.clock.advance(minutes=1)
        town.deliver()
    first, second = told_to_city(town, number)
    assert (POLE in first["description"], "4712" in first["description"]) == (True, False)
    assert (POLE in second["description"], "4712" in second["description"]) == (False, True)


def test_who_asks_how_it_stands_has_answered_nothing(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, "/status")
    assert answers(town, mention_id) == []


def test_an_answer_that_is_deleted_is_passed_on_no_more(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, POLE)
    with town.database.write() as session:
        newest = session.exec(select(Post).where(Post.text == POLE)).one()
        forget_post(session, newest, "test", "its author deleted it", town.clock())
    town.hear()
    assert all(POLE not in one.description for one in answers(town, mention_id))
    assert [one.state for one in answers(town, mention_id)] == [RequestState.CANCELLED]


def test_a_city_without_updates_gives_it_back_with_what_to_do(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, POLE)
    city = city_of(town.settings).model_copy(update={"updates": "off"})
    town.settings = town.settings.model_copy(update={"open311": city})
    before = len(town.simulator.city_requests())
    passes_on(town, mention_id)
    (answer,) = answers(town, mention_id)
    assert (answer.state, answer.state_reason) == (RequestState.REFUSED, TAKES_NO_UPDATES)
    assert len(town.simulator.city_requests()) == before  # no new request, which nobody at the city could place
    with town.database.read() as session:
        assert session.get_one(Mention, mention_id).state == MentionState.DRAFTED


def test_what_a_person_puts_aside_is_not_drafted_again_for_the_same_words(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, POLE)
    with pytest.raises(NotApproved, match="says that their answer was passed on"):
        passes_on(town, mention_id, tick=False)
    town.desk.claim(mention_id, town.staff_id)
    seen = town.seen(mention_id, "Thank you.", file_request=False)
    (answer,) = seen.more
    town.desk.approve(mention_id, town.staff_id, replace(seen, more=(replace(answer, file=False),)))
    town.deliver()
    happens(town, mention_id, Outcome.ACCEPTED, status="open", key="then")
    town.clock.advance(minutes=11)
    town.tell()
    sends(town, mention_id, file_request=False)
    says(town, "Thank you very much")
    assert all(POLE not in one.description for one in answers(town, mention_id) if one.state == RequestState.DRAFT)


def test_a_missed_day_of_our_own_calendar_does_not_silence_the_citys_question(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    happens(town, mention_id, Outcome.LATE, status="", key="late", source=UpdateSource.CALENDAR)
    says(town, POLE)
    assert [POLE in one.description for one in answers(town, mention_id)] == [True]


def test_news_that_come_between_take_no_drafted_answer_away(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, POLE)
    happens(town, mention_id, Outcome.NEEDS_INFORMATION, status="open", status_notes="Which pole?", key="again")
    says(town, "Beside the bakery")
    (answer,) = answers(town, mention_id)
    assert (answer.state, POLE in answer.description) == (RequestState.DRAFT, True)
    assert "bakery" in answer.description


def test_passing_an_answer_on_moves_no_promise_and_is_no_request_of_its_own(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    with town.database.write() as session:
        first = session.get_one(ServiceRequest, first_of(town, mention_id).id)
        first.promised_datetime = over = town.clock() - timedelta(days=2)
    says(town, POLE)
    passes_on(town, mention_id)
    assert first_of(town, mention_id).promised_datetime == over
    with town.database.read() as session:
        mention = session.get_one(Mention, mention_id)
        assert [one.id for one in heads_of(session, mention)] == [first_of(town, mention_id).id]
        assert [one.id for one in to_tell(session, mention, [])] == []


def test_a_city_that_opens_a_case_again_by_itself_is_told_of_though_an_answer_was_passed_on(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, POLE)
    passes_on(town, mention_id)
    happens(town, mention_id, Outcome.FIXED, status="closed", key="closed")
    town.clock.advance(days=1)
    with town.database.write() as session:
        first = session.get_one(ServiceRequest, first_of(town, mention_id).id)
        opened = UpdateShape(update_id="1", service_request_id=first.service_request_id or "", status="OPEN")
        noted = hear_update(session, first, opened, town.clock())
        assert noted is not None
        told = session.exec(select(StatusNotice).where(StatusNotice.update_id == noted.id)).all()
    assert [one.state for one in told] == [NoticeState.PENDING]


def test_the_photo_is_part_of_what_two_keys_are_for(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    says(town, POLE)
    with town.database.write() as session:
        answer = session.get_one(ServiceRequest, answers(town, mention_id)[0].id)
        answer.media_url = "https://example.org/1.jpg"
        mention = session.get_one(Mention, mention_id)
        with_it = covered(session, mention)
        answer.with_photo = False
        session.flush()
        assert covered(session, mention) != with_it


def test_an_answer_goes_to_whoever_asked_though_its_service_goes_elsewhere_by_now(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    number = first_of(town, mention_id).service_request_id
    says(town, POLE)
    with town.database.write() as session:
        elsewhere = Destination(name="Lights", kind=DestinationKind.EMAIL, settings_key="mail", changed_at=town.clock())
        session.add(elsewhere)
        session.flush()
        code = first_of(town, mention_id).service_code or ""
        session.add(ServiceDestination(service_code=code, destination_id=elsewhere.id or 0, changed_at=town.clock()))
    passes_on(town, mention_id)
    assert len(told_to_city(town, number)) == 1
