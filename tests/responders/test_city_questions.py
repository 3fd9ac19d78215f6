"""The city asks something of a resident: the answer reaches the case, and nobody is asked the same twice."""

import pytest

from models import Outcome
from responders.drafting import Key
from tests.responders.test_asking_status import happens
from tests.responders.test_dialogue import LIGHT, POTHOLE, drafted, filed, says, sends
from tests.town import Town

POLE = "The pole number is 4711"


def asked(town: Town, mention_id: int, outcome: Outcome) -> int:
    """The city asks something about a case, and a person tells the resident; the mention's id."""
    happens(town, mention_id, outcome, status="open", status_notes="Which number is on the pole?")
    town.clock.advance(minutes=11)
    town.tell()
    sends(town, mention_id, file_request=False)
    assert town.reply_to(mention_id).template_key.startswith(f"status_{outcome}")
    return mention_id


@pytest.mark.parametrize("outcome", [Outcome.NEEDS_INFORMATION, Outcome.COULD_NOT_FIND])
def test_what_a_resident_writes_after_the_citys_question_goes_on_with_that_case(town: Town, outcome: Outcome) -> None:
    light, pothole = filed(town, LIGHT), filed(town, POTHOLE + " at Broad and Locust")
    asked(town, light, outcome)
    assert town.mention_of(says(town, POLE)).id == light
    sends(town, light, file_request=False)
    assert town.mention_of(says(town, "There is a fallen tree at 5th and Market")).id not in (light, pothole)


@pytest.mark.parametrize("outcome", [Outcome.NEEDS_INFORMATION, Outcome.COULD_NOT_FIND])
def test_who_answered_the_citys_question_is_not_asked_it_again(town: Town, outcome: Outcome) -> None:
    mention_id = asked(town, filed(town, LIGHT), outcome)
    question = drafted(town, says(town, "/status"))
    assert question.template_key.startswith(f"status_{outcome}")
    sends(town, question.mention_id, file_request=False)
    answer = says(town, POLE)
    assert town.mention_of(answer).id == mention_id
    assert not drafted(town, answer).template_key.startswith(f"status_{outcome}")
    sends(town, mention_id, file_request=False)
    assert drafted(town, says(town, "/status")).template_key == Key.STATUS_KNOWN


def test_what_the_city_asks_next_is_asked_though_the_first_was_answered(town: Town) -> None:
    mention_id = asked(town, filed(town, LIGHT), Outcome.NEEDS_INFORMATION)
    answer = says(town, POLE)
    sends(town, mention_id, file_request=False)
    again = {"status": "open", "status_notes": "Is it the tall one?", "key": "again"}
    happens(town, mention_id, Outcome.NEEDS_INFORMATION, **again)
    asks = drafted(town, says(town, "/status"))
    assert "Is it the tall one?" in asks.text
    assert town.mention_of(answer).id == mention_id != asks.mention_id
