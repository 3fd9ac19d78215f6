"""Failed deliveries: what stands there, what each button says, and that it does that and nothing else."""

import re
from html import unescape

import pytest

from models import (
    Mention,
    MentionState,
    ReplyState,
    RequestState,
    Role,
    ServiceRequest,
    StaffUser,
)
from models.job_names import SEND_REPLY, SUBMIT_REQUEST
from responders.tray import Retry
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import draft_reply, make_staff
from tests.hark311.console.stuck import AllStuck, make_stuck


@pytest.fixture
def stuck(desk: Running) -> AllStuck:
    with desk.rows() as session:
        return make_stuck(session, NOON)


def _staff(desk: Running, role: Role) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Mara Jennings", role)


@pytest.fixture
def browser(desk: Running) -> Browser:
    return desk.browser_of(_staff(desk, Role.SUPERVISOR))


def _request(desk: Running, request: ServiceRequest) -> ServiceRequest:
    with desk.database.read() as session:
        return session.get_one(ServiceRequest, request.id)


def _said(browser: Browser) -> dict[str, str]:
    """What the page says each button does: "how-id" -> sentence."""
    page = unescape(browser.get("/deliveries").text)
    return dict(re.findall(r'id="does-([a-z_]+-\d+)">([^<]*)<', page))


def test_every_button_says_what_it_will_do(browser: Browser, stuck: AllStuck) -> None:
    assert _said(browser) == {
        f"again-{stuck.refused.id}": "Files it again with Street Works. The city refused it, so it is not there.",
        f"ask-{stuck.doubtful.id}": "Asks the city whether it is there. Files nothing.",
        f"unlisted-{stuck.doubtful.id}": (
            "Files it again: the city's list was read at 11:56 am and does not hold our reference. "
            "Where that list leaves something out, the city gets it twice."
        ),
        f"blind-{stuck.mailed.id}": "Sends the e-mail again. Parks Department may get it twice.",
        f"now-{stuck.waiting.id}": "Tries again now instead of at 12:20 pm. Nothing was filed so far.",
        f"ask_token-{stuck.token.id}": "Asks the city what became of its token. Files nothing.",
    }


def test_the_page_says_how_old_it_is_and_why_it_is_there(browser: Browser, stuck: AllStuck) -> None:
    page = unescape(browser.get("/deliveries").text)
    for said in (
        "Street Works could not be reached.",
        "The city's system refused this request: no such place.",
        "The city answered with a token and has not given it a number since.",
        "Last took a request today 11:00 am.",
        "Last trouble today 11:55 am",
    ):
        assert said in page
    assert re.search(r"approved <time[^>]*>3 h</time> ago", page)


@pytest.mark.parametrize(
    ("which", "how", "state"),
    [
        ("refused", Retry.AGAIN, RequestState.APPROVED),
        ("doubtful", Retry.UNLISTED, RequestState.APPROVED),
        ("mailed", Retry.BLIND, RequestState.APPROVED),
        ("waiting", Retry.NOW, RequestState.APPROVED),
    ],
)
def test_what_is_filed_again_is_due_at_once(
    desk: Running, browser: Browser, stuck: AllStuck, which: str, how: Retry, state: RequestState
) -> None:
    request: ServiceRequest = getattr(stuck, which)
    answer = browser.post(f"/deliveries/{request.id}/retry", "/deliveries", how=how)
    assert answer.status_code == 303
    now = _request(desk, request)
    assert (now.state, now.not_before) == (state, NOON)
    assert desk.nudged(1) == [(SUBMIT_REQUEST, request.id)]


def test_asking_files_nothing(desk: Running, browser: Browser, stuck: AllStuck) -> None:
    browser.post(f"/deliveries/{stuck.doubtful.id}/retry", "/deliveries", how=Retry.ASK)
    browser.post(f"/deliveries/{stuck.token.id}/retry", "/deliveries", how=Retry.ASK_TOKEN)
    assert _request(desk, stuck.doubtful).state == RequestState.UNCERTAIN
    assert _request(desk, stuck.token).state == RequestState.TOKEN_PENDING
    assert desk.nudges == []


def test_a_button_that_would_do_something_else_by_now_does_nothing(
    desk: Running, browser: Browser, stuck: AllStuck
) -> None:
    answer = browser.post(f"/deliveries/{stuck.mailed.id}/retry", "/deliveries", how=Retry.NOW)
    assert (answer.status_code, _request(desk, stuck.mailed).state) == (422, RequestState.UNCERTAIN)
    browser.post(f"/deliveries/{stuck.mailed.id}/has-it", "/deliveries")
    again = browser.post(f"/deliveries/{stuck.mailed.id}/retry", "/deliveries", how=Retry.BLIND)
    assert (again.status_code, _request(desk, stuck.mailed).state) == (422, RequestState.SUBMITTED)


def test_together_only_what_is_never_filed_twice(desk: Running, browser: Browser, stuck: AllStuck) -> None:
    answer = browser.post("/deliveries/retry", "/deliveries", destination=str(stuck.parks.id))
    assert answer.headers["location"] == "/deliveries?done=0&left=1"
    answer = browser.post("/deliveries/retry", "/deliveries", destination="0")
    assert answer.headers["location"] == "/deliveries?done=3&left=0"
    assert _request(desk, stuck.mailed).state == RequestState.UNCERTAIN
    assert _request(desk, stuck.doubtful).state == RequestState.UNCERTAIN
    assert _request(desk, stuck.refused).state == RequestState.APPROVED
    assert "3 are tried again." in browser.get("/deliveries?done=3&left=0").text


def test_what_the_department_says_it_has_lets_the_reply_go(desk: Running, browser: Browser, stuck: AllStuck) -> None:
    with desk.rows() as session:
        mention = session.get_one(Mention, stuck.mailed.mention_id)
        reply = draft_reply(session, mention, "We are on it.", state=ReplyState.APPROVED)
        reply.request_id = stuck.mailed.id
    browser.post(f"/deliveries/{stuck.mailed.id}/has-it", "/deliveries", number="P-77")
    request = _request(desk, stuck.mailed)
    assert (request.state, request.service_request_id, request.status) == (RequestState.SUBMITTED, "P-77", "open")
    assert desk.nudged(1) == [(SEND_REPLY, reply.id)]


def test_the_city_has_it_only_under_a_number(desk: Running, browser: Browser, stuck: AllStuck) -> None:
    answer = browser.post(f"/deliveries/{stuck.doubtful.id}/has-it", "/deliveries")
    assert answer.status_code == 422
    assert "Write the number under which the city has it" in answer.text
    assert _request(desk, stuck.doubtful).state == RequestState.UNCERTAIN


@pytest.mark.parametrize("which", ["refused", "doubtful", "mailed", "waiting", "token"])
def test_taken_up_it_is_in_their_hands(desk: Running, browser: Browser, stuck: AllStuck, which: str) -> None:
    request: ServiceRequest = getattr(stuck, which)
    answer = browser.post(f"/deliveries/{request.id}/take-up", "/deliveries")
    assert answer.headers["location"] == f"/mentions/{request.mention_id}"
    assert desk.mention(request.mention_id).state == MentionState.IN_REVIEW
    assert _request(desk, request).state == RequestState.IN_REVIEW


@pytest.mark.parametrize("which", ["refused", "doubtful", "mailed", "waiting", "token"])
def test_given_up_it_is_filed_nowhere_and_somebody_tells_the_resident(
    desk: Running, browser: Browser, stuck: AllStuck, which: str
) -> None:
    request: ServiceRequest = getattr(stuck, which)
    assert browser.post(f"/deliveries/{request.id}/give-up", "/deliveries").status_code == 422
    with desk.rows() as session:
        mention = session.get_one(Mention, request.mention_id)
        if mention.state == MentionState.APPROVED:
            draft_reply(session, mention, "Your request is {number}.", state=ReplyState.SENT)
    browser.post(f"/deliveries/{request.id}/give-up", "/deliveries", reason="The tree was felled on Monday.")
    assert _request(desk, request).state == RequestState.CANCELLED
    assert desk.mention(request.mention_id).state == MentionState.DRAFTED


def test_an_approver_sees_no_button_for_all_and_a_viewer_none(desk: Running, stuck: AllStuck) -> None:
    approver = desk.browser_of(_staff(desk, Role.APPROVER))
    assert 'action="/deliveries/retry"' not in approver.get("/deliveries").text
    assert approver.post("/deliveries/retry", destination="0").status_code == 403
    viewer = desk.browser_of(_staff(desk, Role.VIEWER))
    assert "/retry" not in viewer.get("/deliveries").text
    assert viewer.post(f"/deliveries/{stuck.mailed.id}/retry", how=Retry.BLIND).status_code == 403


def test_what_somebody_works_on_is_left_to_them(desk: Running, browser: Browser, stuck: AllStuck) -> None:
    other = _staff(desk, Role.APPROVER)
    desk.product.desk.claim(stuck.refused.mention_id, other.id or 0)
    with desk.rows() as session:  # as where it was refused while they had the page open
        session.get_one(ServiceRequest, stuck.refused.id).state = RequestState.REFUSED
    answer = browser.post(f"/deliveries/{stuck.refused.id}/retry", "/deliveries", how=Retry.AGAIN)
    assert answer.status_code == 422
    assert "is working on it" in answer.text


def test_an_empty_tray_says_so(browser: Browser) -> None:
    assert "Everything that was approved arrived." in browser.get("/deliveries").text
