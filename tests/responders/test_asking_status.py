"""Asking how a request stands: by number or in words, in private and in public, and what nobody learns that way."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from hark311 import wiring
from hark311.simulated import city_of
from models import (
    CityNumber,
    Mention,
    NeighbourSuggestion,
    Outcome,
    Reply,
    RequestState,
    ServiceRequest,
    StatusLink,
    UpdateSource,
)
from models.me_too import says_same
from models.status_changes import Change, note_change
from models.status_links import digest
from responders.asked_numbers import AskedNumbers
from responders.asking_status import MOST_NUMBERS
from responders.drafting import Key
from responders.errors import CityUnreachable
from responders.joining import Joiner
from responders.reopening import as_numbered
from responders.suggesting import Drafter
from tests.responders.test_dialogue import LIGHT, POTHOLE, ROSA, drafted, filed, says, sends
from tests.town import Town

US = "@Philly311Demo"
CORNER = "There is a deep pothole at 5th and Market St"


def reported_on_x(town: Town, text: str = CORNER, author: str = "dee_215") -> tuple[str, int, str]:
    """A report on X that was answered with its number: its post, its mention, the number."""
    post = town.simulator.say_on_x(f"{US} {text}", author=author)
    town.hear()
    mention_id = town.mention_of(post).id or 0
    town.approve(mention_id, "Thank you. Your reference number is {number}.")
    town.deliver()
    return post, mention_id, str(town.request_of(mention_id).service_request_id)


def asks_on_x(town: Town, text: str, author: str = "dee_215", **more: Any) -> Reply:
    post = town.simulator.say_on_x(f"{US} {text}", author=author, **more)
    town.hear()
    return drafted(town, post)


def happens(town: Town, mention_id: int, outcome: Outcome, **more: Any) -> None:
    """The city says what comes of the request of a mention."""
    with town.database.write() as session:
        request = as_numbered(session, town.request_of(mention_id))
        now = town.clock()
        given: dict[str, Any] = {"key": f"{outcome}", "source": UpdateSource.CITY, "happened_at": now}
        note_change(session, request, Change(**(given | {"outcome": outcome} | more)), now)


def look_up(town: Town) -> int:
    async def ask() -> int:
        async with wiring.city(town.settings) as city:
            return await AskedNumbers(town.database, city, town.clock).ask()

    return asyncio.run(ask())


def elsewhere(town: Town, description: str = "A light is out") -> str:
    """A request somebody filed with the city itself; its number."""
    form = {"service_code": "STREET_LIGHT", "description": description, "lat": "39.95", "long": "-75.16"}
    form["api_key"] = city_of(town.settings).api_key.get_secret_value()
    answer = httpx.post(f"{town.simulator.open311_url}/requests.json", data=form, trust_env=False)
    return str(answer.json()[0]["service_request_id"])


def test_in_private_the_answer_says_where_and_what_the_city_said_and_waits_for_a_person(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    number = town.request_of(mention_id).service_request_id
    happens(town, mention_id, Outcome.NO_ACTION, status="closed", status_notes="It is a state road {number}")
    with town.database.write() as session:
        session.merge(town.request_of(mention_id)).status = "closed"
    post = says(town, f"status {number}")
    reply = drafted(town, post)
    assert reply.template_key == Key.STATUS_NO_ACTION
    assert "(S Broad St & Locust St)" in reply.text
    assert "It is a state road (number)" in reply.text
    assert reply.request_id == town.request_of(mention_id).id


def test_open_means_planned_for_a_day_where_the_city_has_said_so(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    happens(town, mention_id, Outcome.SCHEDULED, planned_for=town.clock() + timedelta(days=3))
    asked = drafted(town, says(town, "/status"))
    assert asked.template_key == Key.STATUS_SCHEDULED
    assert "{date}" not in asked.text
    town.clock.advance(days=5)
    assert drafted(town, says(town, "/status")).template_key == Key.STATUS_KNOWN


def test_a_number_alone_asks_and_its_spaces_do_not_matter(town: Town) -> None:
    number = str(town.request_of(filed(town, POTHOLE + " at Broad and Locust")).service_request_id)
    filed(town, LIGHT)
    for written in (number, f"#{number}", f"{number[:4]} {number[4:]}", f"status of {number}?"):
        asked = drafted(town, says(town, written))
        assert asked.template_key == Key.STATUS_KNOWN, written
        assert "pothole" in asked.text


def test_of_several_cases_the_list_is_shown_in_private_and_asked_for_in_public(town: Town) -> None:
    filed(town, POTHOLE + " at Broad and Locust")
    filed(town, LIGHT)
    assert drafted(town, says(town, "/status")).template_key == Key.CASES_LIST
    reported_on_x(town)
    reported_on_x(town, "The street light at 9th and Vine St is out")
    assert asks_on_x(town, "status").template_key == Key.PRIVATE_PLEASE
    assert asks_on_x(town, "what is the status of my request?").template_key == Key.STATUS_UNKNOWN


def test_what_was_opened_again_under_a_new_number_and_a_second_request_of_a_post_are_cases(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    with town.database.write() as session:
        first = session.merge(town.request_of(mention_id))
        old, first.status = str(first.service_request_id), "closed"
        facts: dict[str, Any] = {
            "mention_id": mention_id,
            "state": RequestState.SUBMITTED,
            "status": "open",
            "changed_at": town.clock(),
        }
        again: dict[str, Any] = {
            "part": 2,
            "reference": "H-AGAIN222",
            "service_request_id": "77000001",
            "reopens_id": first.id,
        }
        other: dict[str, Any] = {"part": 3, "reference": "H-THEREST2", "service_request_id": "77000002"}
        session.add(ServiceRequest(**facts, **again, service_code="POTHOLE"))
        session.add(ServiceRequest(**facts, **other, service_code="STREET_LIGHT"))
    listed = drafted(town, says(town, "/mycases")).text
    assert "77000001" in listed
    assert "77000002" in listed
    assert old not in listed
    assert drafted(town, says(town, f"/status {old}")).template_key == Key.STATUS_CLOSED
    asked = drafted(town, says(town, "/status 77000002"))
    assert (asked.template_key, "street light" in asked.text) == (Key.STATUS_KNOWN, True)


def test_in_public_the_answer_holds_closed_values_and_nothing_else(town: Town) -> None:
    _, mention_id, number = reported_on_x(town)
    happens(town, mention_id, Outcome.REFERRED, agency="PennDOT", status_notes="Ann was not at home")
    asked = asks_on_x(town, f"status {number}")
    assert asked.template_key == Key.STATUS_KNOWN
    for private in ("5th", "Market", "PennDOT", "Ann", "dee"):
        assert private not in asked.text
    happens(town, mention_id, Outcome.COULD_NOT_FIND, status_notes="Ann was not at home")
    assert asks_on_x(town, "status").template_key == Key.STATUS_COULD_NOT_FIND


def test_in_public_a_private_number_and_an_unknown_one_get_the_same_sentence(town: Town) -> None:
    private = str(town.request_of(filed(town, POTHOLE + " at Broad and Locust", ROSA)).service_request_id)
    said = {asks_on_x(town, f"status {number}").text.removeprefix("@dee_215 ") for number in ("99999999", "H-7QK4M2XD")}
    assert len(said) == 1
    with town.database.write() as session:  # a city that publishes nothing: the two cannot be told apart
        session.add(CityNumber(number=private, asked_at=town.clock(), checked_at=town.clock()))
    asked = asks_on_x(town, f"status {private}")
    assert {asked.text.removeprefix("@dee_215 ")} == said  # X refuses the very same words twice
    assert asked.template_key == Key.STATUS_PRIVATE
    assert asked.request_id is None


def test_ones_own_private_case_is_not_told_of_in_public(town: Town) -> None:
    town.simulator.message_on_x("The street light at 9th and Vine St is out", author="dee_215")
    town.hear()
    mention_id = town.mentions()[-1].id
    town.approve(mention_id)
    town.deliver()
    reference = town.request_of(mention_id).reference
    assert asks_on_x(town, f"status {reference}").template_key == Key.STATUS_PRIVATE


def test_anybody_may_hear_of_a_number_that_we_said_in_public(town: Town) -> None:
    _, _, number = reported_on_x(town)
    asked = asks_on_x(town, f"status {number}", author="sam_kens")
    assert asked.template_key == Key.CASE_OPEN
    assert asked.text.startswith(f"the pothole, number {number}: open.")
    assert "Your" not in asked.text


def test_a_number_of_another_app_is_looked_up_by_a_job_and_answered_then(town: Town) -> None:
    number = elsewhere(town, "A light is out at my house, ask for Ann")
    asked = asks_on_x(town, f"any news on {number}?")
    assert asked.template_key == Key.STATUS_PRIVATE
    assert look_up(town) == 1
    town.understand()
    again = town.reply_to(asked.mention_id)
    assert again.template_key == Key.CASE_OPEN
    assert number in again.text
    assert "Ann" not in again.text
    assert look_up(town) == 0
    town.clock.advance(hours=2)
    look_up(town)
    with town.database.read() as session:
        assert session.exec(select(CityNumber)).all() == []


def test_a_city_that_does_not_answer_is_asked_again_and_then_left(town: Town) -> None:
    class Silent:
        async def by_ids(self, ids: Any) -> Any:
            raise CityUnreachable("the city's system could not be asked")

    asked = asks_on_x(town, "status 99999999")
    for _ in range(5):
        asyncio.run(AskedNumbers(town.database, Silent(), town.clock).ask())
    town.understand()
    assert town.reply_to(asked.mention_id).template_key == Key.STATUS_PRIVATE
    with town.database.read() as session:
        row = session.exec(select(CityNumber)).one()
        assert (row.tries, row.published, row.waiting) == (5, False, [])


def test_an_answer_in_a_telegram_chat_carries_a_link_and_one_on_x_none(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    asks = says(town, "/status")
    text = sends(town, town.mention_of(asks).id, file_request=False)
    token = text.partition("/s/")[2].split()[0]
    with town.database.read() as session:
        links = session.exec(select(StatusLink)).all()
        assert [(one.token_sha256, one.mention_id) for one in links] == [(digest(token), mention_id)]
        everything = " ".join(link.model_dump_json() for link in links)
    assert token not in everything
    reported_on_x(town)
    assert "/s/" not in asks_on_x(town, "status").text


def test_a_draft_written_anew_leaves_one_link_that_works(town: Town) -> None:
    filed(town, POTHOLE + " at Broad and Locust")
    asks = says(town, "/status")
    with town.database.write() as session:
        mention = session.get_one(Mention, town.mention_of(asks).id)
        suggester = town.suggester
        drafter = Drafter(suggester.length_of, suggester.find_private, suggester.zone, suggester.speaking)
        drafter.draft_all_anew(session, [mention], town.clock(), "a test")
    with town.database.read() as session:
        links = session.exec(select(StatusLink).order_by(col(StatusLink.id))).all()
    assert [one.revoked_at is None for one in links] == [False, True]


@pytest.mark.parametrize(
    "text", ["same here", f"{US} +1", "¡Yo también!", "me too, same problem", "我也是。", "저도요"]
)
def test_who_says_no_more_than_me_too_is_understood(text: str) -> None:
    assert says_same(text)


@pytest.mark.parametrize("text", ["1", "same pothole at 5th", "me too, and there is a gas leak", "", US, "+"])
def test_who_says_more_or_less_is_read_by_the_classifier(text: str) -> None:
    assert not says_same(text)


def test_same_here_in_a_thread_is_suggested_to_join_and_answered_with_the_number(town: Town) -> None:
    post, first, number = reported_on_x(town)
    other = town.simulator.say_on_x(f"{US} same here", author="sam_kens", in_reply_to=post)
    town.hear()
    again = town.mention_of(other).id or 0
    head = town.request_of(first)
    with town.database.read() as session:
        suggestion = session.exec(select(NeighbourSuggestion).where(NeighbourSuggestion.mention_id == again)).one()
        assert (suggestion.request_id, suggestion.score) == (head.id, 1.0)
        assert session.exec(select(Reply).where(Reply.mention_id == again)).first() is None
    suggester = town.suggester
    drafter = Drafter(suggester.length_of, suggester.find_private, suggester.zone, suggester.speaking)
    Joiner(town.database, town.clock, drafter).join(again, head.id or 0, town.staff_id)
    reply = town.reply_to(again)
    assert reply.template_key == Key.STATUS_DUPLICATE
    town.approve(again, file_request=False)
    town.deliver()
    assert any(number in text for text in town.our_replies_on_x(other))
    assert town.request_of(again).state == RequestState.JOINED


def test_same_here_under_a_closed_report_or_ones_own_joins_nothing(town: Town) -> None:
    post, first, number = reported_on_x(town)
    town.simulator.say_on_x(f"{US} same here", author="dee_215", in_reply_to=post)
    town.hear()
    town.simulator.close_request(number, "done")
    town.clock.advance(hours=2)
    town.refresh()
    town.simulator.say_on_x(f"{US} same here", author="sam_kens", in_reply_to=post)
    town.hear()
    with town.database.read() as session:
        assert session.exec(select(NeighbourSuggestion)).all() == []
    assert town.request_of(first).status == "closed"


def test_the_reason_is_quoted_and_not_who_gave_it_nor_what_is_private_in_it(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    number = town.request_of(mention_id).service_request_id
    happens(town, mention_id, Outcome.NO_ACTION, status="closed", status_notes="It is a state road", agency="Streets")
    with town.database.write() as session:
        session.merge(town.request_of(mention_id)).status = "closed"
    told = drafted(town, says(town, f"status {number}")).text
    assert "It is a state road" in told
    assert "Streets" not in told
    town.clock.advance(minutes=1)
    happens(town, mention_id, Outcome.NEEDS_INFORMATION, status_notes="Call Ann Lee, 267-555-0134")
    asked = drafted(town, says(town, f"status {number}?"))
    assert "267" not in asked.text
    assert asked.template_key == Key.STATUS_CLOSED


def test_who_tries_numbers_out_does_not_keep_others_waiting(town: Town) -> None:
    says(town, "status " + " ".join(str(13_900_000 + one) for one in range(9)))
    with town.database.read() as session:
        assert len(session.exec(select(CityNumber)).all()) == MOST_NUMBERS
