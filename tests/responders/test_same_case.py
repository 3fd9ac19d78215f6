"""Is it this one? What is offered of an open request near a report, and what follows from each answer."""

from typing import Any

import pytest
from sqlmodel import select

from models import (
    AskedQuestion,
    AskedState,
    Datatype,
    NeighbourRelation,
    NeighbourSuggestion,
    RequestState,
    Service,
    ServiceAttribute,
)
from models.requests import Need
from responders.drafting import Key
from responders.giving_up import Unanswered
from responders.joining import Joiner
from responders.same_case import WHY
from responders.suggesting import Drafter
from tests.town import Town

ANN: dict[str, Any] = {"id": 7001, "first_name": "Ann", "username": "ann_r"}
ROSA: dict[str, Any] = {"id": 7002, "first_name": "Rosa", "username": "rosa_m"}
FIRST = "There is a deep pothole at 5th and Market St, my cousin Annabel fell"
AGAIN = "Huge pothole at Market St and 5th, my tire is gone"


def says(town: Town, text: str | None, sender: dict[str, Any], **more: Any) -> int:
    """A resident writes in their chat, and we hear, understand and draft; the id of the mention it belongs to."""
    said = town.simulator.say_on_telegram(text, sender=sender, **more)
    town.hear()
    return town.mention_of(f"{said['chat_id']}:{said['message_id']}").id or 0


def sends(town: Town, mention_id: int) -> list[str]:
    """A person lets the question go; the buttons under it."""
    town.approve(mention_id, file_request=False)
    town.deliver()
    markup = town.simulator.telegram_messages(by="us")[-1].get("reply_markup") or {}
    return [button["text"] for row in markup.get("keyboard", []) for button in row]


@pytest.fixture
def open_one(town: Town) -> int:
    """Ann's pothole is with the city since three days; the id of her mention."""
    mention_id = says(town, FIRST, ANN)
    town.approve(mention_id)
    town.deliver()
    assert town.request_of(mention_id).state == RequestState.SUBMITTED
    town.clock.advance(days=3)
    return mention_id


def suggestion(town: Town, mention_id: int) -> NeighbourSuggestion:
    with town.database.read() as session:
        return session.exec(select(NeighbourSuggestion).where(NeighbourSuggestion.mention_id == mention_id)).one()


def asked(town: Town, mention_id: int) -> AskedState:
    with town.database.read() as session:
        found = session.exec(select(AskedQuestion.state).where(AskedQuestion.mention_id == mention_id)).one()
        return AskedState(found)


@pytest.mark.parametrize("answer", ["the button", "1", "Yes", "١"])
def test_what_is_open_near_there_is_offered_and_the_one_picked_is_a_suggestion_to_join(
    town: Town, open_one: int, answer: str
) -> None:
    mention_id = says(town, AGAIN, ROSA)
    reply = town.reply_to(mention_id)
    assert reply.template_key == Key.ASK_SAME
    offered = ["1) the pothole (5th St & Market St). Open for: 3 days.", "2) Something new."]
    assert reply.text.splitlines()[1:] == offered
    assert "Ann" not in reply.text
    buttons = sends(town, mention_id)
    assert buttons == offered
    assert says(town, buttons[0] if answer == "the button" else answer, ROSA) == mention_id
    town.understand()
    assert town.request_of(mention_id).state == RequestState.DRAFT, "nobody has joined it yet"
    assert town.reply_to(mention_id).id == reply.id, "its reply is drafted once a person has joined it"
    suggested = suggestion(town, mention_id)
    assert (suggested.relation, suggested.request_id) == (NeighbourRelation.SAME, town.request_of(open_one).id)
    assert suggested.reasons[0] == WHY
    assert asked(town, mention_id) == AskedState.READ
    drafter = Drafter(town.desk.length_of, town.desk.find_private, speaking=town.desk.speaking)
    Joiner(town.database, town.clock, drafter).join(mention_id, town.request_of(open_one).id or 0, town.staff_id)
    assert town.request_of(mention_id).state == RequestState.JOINED
    assert town.reply_to(mention_id).template_key == Key.STATUS_DUPLICATE


@pytest.mark.parametrize("answer", ["2", "no"])
def test_something_new_goes_on_as_a_report_of_its_own_and_nobody_is_asked_twice(
    town: Town, open_one: int, answer: str
) -> None:
    mention_id = says(town, AGAIN, ROSA)
    sends(town, mention_id)
    assert says(town, answer, ROSA) == mention_id
    town.understand()
    assert town.reply_to(mention_id).template_key == Key.FILED
    assert town.request_of(mention_id).description == AGAIN
    assert WHY not in suggestion(town, mention_id).reasons
    assert asked(town, mention_id) == AskedState.READ


def test_a_report_whose_author_does_not_answer_is_filed_on_the_next_day(town: Town, open_one: int) -> None:
    mention_id = says(town, AGAIN, ROSA)
    sends(town, mention_id)
    town.clock.advance(hours=25)
    after = Unanswered(town.database, clock=town.clock)
    assert after.look() == 1
    town.understand()
    assert town.reply_to(mention_id).template_key == Key.FILED
    assert asked(town, mention_id) == AskedState.NO_ANSWER
    town.approve(mention_id)
    town.deliver()
    town.clock.advance(hours=72)
    assert after.look() == 0


@pytest.mark.parametrize("what", ["no person has read it", "a home", "closed"])
def test_what_is_not_for_everybody_is_offered_to_nobody(town: Town, open_one: int, what: str) -> None:
    request = town.request_of(open_one)
    with town.database.write() as session:
        stored = session.merge(request)
        if what == "no person has read it":
            stored.state = RequestState.DRAFT
        elif what == "closed":
            stored.status = "closed"
        else:
            session.get_one(Service, "POTHOLE").needs = Need.ADDRESS
    assert town.reply_to(says(town, AGAIN, ROSA)).template_key != Key.ASK_SAME


def test_in_public_nothing_is_offered(town: Town, open_one: int) -> None:
    post = town.simulator.say_on_x(AGAIN, author="sam_kens")
    town.hear()
    assert town.reply_to(town.mention_of(post).id).template_key == Key.FILED


def test_the_values_of_a_list_are_buttons_and_a_tap_is_the_answer(town: Town) -> None:
    sizes = [{"key": "S", "name": "A hand"}, {"key": "L", "name": "A wheel"}]
    with town.database.write() as session:
        session.add(
            ServiceAttribute(
                service_code="POTHOLE", code="SIZE", datatype=Datatype.SINGLE_VALUE_LIST, required=True, values=sizes
            )
        )
    mention_id = says(town, FIRST, ANN)
    buttons = sends(town, mention_id)
    assert buttons == ["A hand", "A wheel"]
    assert says(town, buttons[1], ANN) == mention_id
    town.understand()
    assert town.request_of(mention_id).attribute == {"SIZE": "L"}
