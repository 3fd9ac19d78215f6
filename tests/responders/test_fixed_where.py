"""Closed without a fix, asked about on every channel: with little room, and where the crew did not find it."""

from models import FixedState, Outcome, ReplyState, RequestState, ServiceRequest
from responders.template_keys import Key
from tests.responders.test_fixed import keyboard, on_telegram, questions, rounds, says
from tests.responders.test_status_replies import news, reported
from tests.town import Town

REASON = (
    "The crew came by on Tuesday, measured it, and found that it is not deep enough for the repair program this year"
)


def told(town: Town, mention_id: int, outcome: Outcome, words: str = "") -> str:
    """The city closes the request so, and its author is told; the key of the wording."""
    with town.database.write() as session:
        session.get_one(ServiceRequest, town.request_of(mention_id).id).status = "closed"
    news(town, mention_id, status="closed", outcome=outcome, status_notes=words)
    town.tell()
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    return town.reply_to(mention_id).template_key


def test_a_closing_with_a_long_reason_is_asked_about_in_the_short_wording(town: Town) -> None:
    post_id, mention_id = reported(town)
    assert told(town, mention_id, Outcome.NO_ACTION, REASON) == Key.STATUS_NO_ACTION_SHORT
    ours = town.simulator.our_replies_on_x(post_id)[-1]
    assert "Not right? Tell us here." in ours["text"]
    assert [one.state for one in questions(town)] == [FixedState.OPEN]
    town.simulator.say_on_x("@Philly311Demo Still not fixed!", author="dee_215", in_reply_to=ours["id"])
    town.hear()
    assert questions(town)[0].state == FixedState.NO
    assert town.request_of(mention_id).waits_again


def test_a_place_told_after_the_crew_did_not_find_it_opens_the_case_again_there(town: Town) -> None:
    post_id, mention_id = reported(town)
    assert told(town, mention_id, Outcome.COULD_NOT_FIND) == Key.STATUS_COULD_NOT_FIND
    ours, filed = town.simulator.our_replies_on_x(post_id)[-1]["id"], town.request_of(mention_id)
    words = "@Philly311Demo thanks, it is at 13th and Locust St, on the north side"
    town.simulator.say_on_x(words, author="dee_215", in_reply_to=ours)
    town.hear()
    again = town.request_of(mention_id)
    assert questions(town)[0].state == FixedState.NO
    assert (again.state, again.reopens_id) == (RequestState.DRAFT, filed.id)
    assert "13th" in again.address_string
    assert (again.lat, again.long) != (filed.lat, filed.long)
    assert f"They say where it is: {again.address_string}." in again.description


def test_under_where_is_it_there_are_no_buttons_and_a_pin_is_an_answer(town: Town) -> None:
    mention_id = on_telegram(town)
    told(town, mention_id, Outcome.COULD_NOT_FIND)
    assert keyboard(town) == []
    assert says(town, None, location={"latitude": 39.9480, "longitude": -75.1610}) == mention_id
    assert questions(town)[0].state == FixedState.NO
    again = town.request_of(mention_id)
    assert (again.lat, again.long) == (39.9480, -75.1610)


def test_what_tells_no_place_is_read_by_a_person_and_the_question_stays_open(town: Town) -> None:
    post_id, mention_id = reported(town)
    told(town, mention_id, Outcome.COULD_NOT_FIND)
    ours = town.simulator.our_replies_on_x(post_id)[-1]["id"]
    town.simulator.say_on_x("@Philly311Demo they should look harder", author="dee_215", in_reply_to=ours)
    town.hear()
    assert questions(town)[0].state == FixedState.OPEN
    assert not town.request_of(mention_id).waits_again


def test_of_a_request_that_is_open_again_nothing_is_asked(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, status="closed", outcome=Outcome.COULD_NOT_FIND)
    town.tell()
    with town.database.write() as session:
        session.get_one(ServiceRequest, town.request_of(mention_id).id).status = "open"
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert town.reply_to(mention_id).template_key == Key.STATUS_COULD_NOT_FIND
    rounds(town)
    assert questions(town) == []
