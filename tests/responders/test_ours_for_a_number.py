"""A case that was taken without a number of its own, by a department's mail, is told of under ours."""

from models import Outcome, RequestState, ServiceRequest
from models.requests import new_reference
from responders.drafting import Key
from responders.known import earlier_request
from tests.responders.test_asking_status import asks_on_x, happens, reported_on_x
from tests.responders.test_dialogue import LIGHT, POTHOLE, drafted, filed, says, sends
from tests.town import Town


def without_number(town: Town, mention_id: int) -> str:
    """As who takes requests by mail leaves it: taken, and no number came back. Our reference."""
    with town.database.write() as session:
        request = session.merge(town.request_of(mention_id))
        request.service_request_id = None
        assert request.state == RequestState.SUBMITTED
        return request.reference


def closes(town: Town, mention_id: int) -> None:
    """Staff record that it is fixed."""
    happens(town, mention_id, Outcome.FIXED, status="closed")
    with town.database.write() as session:
        session.merge(town.request_of(mention_id)).status = "closed"


def test_a_case_without_a_number_of_the_city_stands_open_and_then_fixed_under_ours(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    ours = without_number(town, mention_id)
    asked = says(town, f"status {ours}")
    assert drafted(town, asked).template_key == Key.STATUS_KNOWN
    assert ours in sends(town, town.mention_of(asked).id)
    closes(town, mention_id)
    assert drafted(town, says(town, f"status {ours}")).template_key == Key.STATUS_FIXED


def test_the_list_of_cases_names_it_by_ours_and_says_when_it_is_closed(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    ours, other = without_number(town, mention_id), filed(town, LIGHT)
    number = str(town.request_of(other).service_request_id)
    closes(town, mention_id)
    lines = drafted(town, says(town, "my cases")).text.splitlines()[1:]
    assert [(ours in line, number in line, "closed" in line) for line in lines] == [
        (False, True, False),
        (True, False, True),
    ]


def test_in_public_their_only_case_is_told_of_in_words_though_the_city_gave_no_number(town: Town) -> None:
    _, mention_id, _ = reported_on_x(town)
    ours = without_number(town, mention_id)
    asked = asks_on_x(town, "what is the status of my request?")
    assert (asked.template_key, asked.request_id) == (Key.STATUS_KNOWN, town.request_of(mention_id).id)
    assert asks_on_x(town, f"status {ours}").template_key == Key.STATUS_KNOWN


def test_what_is_not_taken_yet_waits_whatever_it_is_called(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    ours = without_number(town, mention_id)
    with town.database.write() as session:
        session.merge(town.request_of(mention_id)).state = RequestState.TOKEN_PENDING
    assert "311 is looking at it" in drafted(town, says(town, f"status {ours}")).text


def test_what_opens_a_case_again_without_a_number_stands_under_the_old_one(town: Town) -> None:
    mention_id = filed(town, POTHOLE + " at Broad and Locust")
    ours = without_number(town, mention_id)
    with town.database.write() as session:
        old = town.request_of(mention_id)
        session.add(
            ServiceRequest(
                mention_id=mention_id,
                part=2,
                reference=new_reference(),
                state=RequestState.SUBMITTED,
                changed_at=town.clock(),
                status="open",
                reopens_id=old.id,
            )
        )
    with town.database.read() as session:
        found = earlier_request(session, town.mentions()[0])
        assert found is not None
        assert found.reference == ours
