"""The neighbours card: who reported it already, side by side, and what a person does about it."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from classifier.neighbours.looking import note_neighbours
from models import (
    Channel,
    Mention,
    NeighbourVerdict,
    Reply,
    RequestState,
    ServiceRequest,
)
from models.deletion import forget_post
from tests.hark311.console.conftest import NOON, Browser, Running, token_in
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_services,
    understand,
)

FIRST = "Huge pothole at 5th and Cambria, two cars with flat tires today"
AGAIN = "deep pothole on Cambria by 5th, my tire is flat"


def report(session: Session, text: str, minutes: float, channel: Channel = Channel.X, lat: float = 39.99521) -> Mention:
    """A drafted mention with what was understood of it, so many minutes before noon."""
    mention = make_mention(session, make_account(session, channel), NOON - timedelta(minutes=minutes), text)
    understand(session, mention, first_post(session, mention), NOON)
    draft_request(session, mention, description=text, lat=lat)
    draft_reply(session, mention, "Thanks. It is filed as {number}.")
    note_neighbours(session, [mention.id or 0], NOON)
    return mention


@pytest.fixture
def two(desk: Running) -> tuple[int, int]:
    """A report on X and, twenty minutes later and a few metres off, the same one on Telegram: their ids."""
    with desk.rows() as session:
        make_services(session)
        first = report(session, FIRST, 30)
        again = report(session, AGAIN, 10, Channel.TELEGRAM, lat=39.99530)
        return first.id or 0, again.id or 0


def request_of(desk: Running, mention_id: int) -> ServiceRequest:
    with desk.database.read() as session:
        return session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()


def press(browser: Browser, mention_id: int, label: str) -> int:
    """Press a button of the card by its label, with the whole decision form, as a browser without scripts does."""
    shown = browser.get(f"/mentions/{mention_id}").text
    button = re.search(rf'formaction="/mentions/{mention_id}/([^"]+)"[^>]*>{label}<', shown)
    assert button is not None
    return browser.decide_on(shown, mention_id, button[1]).status_code


def test_the_card_compares_side_by_side_with_reasons(desk: Running, two: tuple[int, int]) -> None:
    page = desk.browser_of(desk.staff()).get(f"/mentions/{two[1]}").text
    card = page[page.index('id="neighbours"') : page.index('id="history-title"')]
    assert "Maybe the same problem" in card
    assert "same kind of problem, 10 m away, 20 minutes apart, says the same in other words" in card
    assert FIRST in card
    assert AGAIN in card
    assert "on X (Twitter)" in card or "on X" in card
    assert request_of(desk, two[0]).reference in card


def test_the_first_report_shows_what_came_later(desk: Running, two: tuple[int, int]) -> None:
    page = desk.browser_of(desk.staff()).get(f"/mentions/{two[0]}").text
    assert "The later one" in page
    assert "Same: join it to this" in page


def test_same_joins_and_keeps_what_was_typed(desk: Running, two: tuple[int, int]) -> None:
    browser = desk.browser_of(desk.staff())
    shown = browser.get(f"/mentions/{two[1]}").text
    path = re.search(rf'formaction="/mentions/{two[1]}/(neighbours/\d+/\d+/same)"', shown)
    assert path is not None
    answer = browser.decide_on(shown, two[1], path[1], reply_text="Thank you, neighbour.")
    assert answer.headers["location"] == f"/mentions/{two[1]}#neighbours"
    assert request_of(desk, two[1]).state == RequestState.JOINED
    assert request_of(desk, two[1]).joined_to_id == request_of(desk, two[0]).id
    with desk.database.read() as session:
        assert session.exec(select(Reply.text).where(Reply.mention_id == two[1])).one() == "Thank you, neighbour."


def test_the_head_and_the_queue_count_followers(desk: Running, two: tuple[int, int]) -> None:
    browser = desk.browser_of(desk.staff())
    press(browser, two[0], "Same: join it to this")
    head = browser.get(f"/mentions/{two[0]}").text
    assert '<span class="num">1</span> other report follows this request' in head
    queue = browser.get("/queue?view=all").text
    assert 'and <span class="num">1</span> more reports it' in queue
    assert f'joined to <span class="num">{request_of(desk, two[0]).reference}</span>' in queue


def test_a_joined_mention_says_what_it_follows_and_can_be_un_joined(desk: Running, two: tuple[int, int]) -> None:
    browser = desk.browser_of(desk.staff())
    press(browser, two[1], "Same: join")
    shown = browser.get(f"/mentions/{two[1]}").text
    assert "and not filed itself" in shown
    assert 'name="file_request"' not in shown
    assert press(browser, two[1], "Un-join") == 303
    assert request_of(desk, two[1]).state == RequestState.IN_REVIEW
    assert 'name="file_request"' in browser.get(f"/mentions/{two[1]}").text


def test_different_is_recorded_and_not_suggested_again(desk: Running, two: tuple[int, int]) -> None:
    browser = desk.browser_of(desk.staff())
    assert press(browser, two[1], "Different") == 303
    assert "Maybe the same problem" not in browser.get(f"/mentions/{two[1]}").text
    with desk.rows() as session:
        note_neighbours(session, [two[1]], NOON)
        verdict = session.exec(select(NeighbourVerdict)).one()
        assert (verdict.relation, verdict.suggested) == ("different", "same")
    for mention_id in two:
        assert "Maybe the same problem" not in browser.get(f"/mentions/{mention_id}").text


def test_related_stays_apart_and_says_who_thinks_so(desk: Running, two: tuple[int, int]) -> None:
    browser = desk.browser_of(desk.staff())
    press(browser, two[1], "Related")
    assert "a person said: related" in browser.get(f"/mentions/{two[1]}").text
    assert request_of(desk, two[1]).state != RequestState.JOINED


def test_a_storm_is_listed_first_and_joined_in_one_act(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        ids = [report(session, FIRST, 60 - number).id or 0 for number in range(8)]
    browser = desk.browser_of(desk.staff())
    assert "Look at all 7, and join them" in browser.get(f"/mentions/{ids[3]}").text
    shown = browser.get(f"/mentions/{ids[3]}/neighbours/alike").text
    listed = re.search(r'name="mention_ids" value="([\d,]+)"', shown)
    assert listed is not None
    assert listed[1] == ",".join(map(str, ids[1:]))
    head = request_of(desk, ids[0]).id
    fields = {"csrf": token_in(shown), "request_id": str(head), "mention_ids": listed[1]}
    assert browser.client.post(f"/mentions/{ids[3]}/neighbours/alike", data=fields).status_code == 303
    assert {request_of(desk, one).joined_to_id for one in ids[1:]} == {head}
    assert '<span class="num">7</span> other reports follow this request' in browser.get(f"/mentions/{ids[0]}").text


def test_what_a_colleague_works_on_is_left_and_named(desk: Running, two: tuple[int, int]) -> None:
    desk.product.desk.claim(two[1], desk.staff("Lou Okafor").id or 0)
    browser = desk.browser_of(desk.staff())
    shown = browser.get(f"/mentions/{two[0]}").text
    fields = {
        "csrf": token_in(shown),
        "request_id": str(request_of(desk, two[0]).id),
        "mention_ids": str(two[1]),
    }
    answer = browser.client.post(f"/mentions/{two[0]}/neighbours/alike", data=fields)
    assert answer.status_code == 409
    assert "Lou Okafor is working on it" in answer.text


def test_a_form_without_the_token_joins_nothing(desk: Running, two: tuple[int, int]) -> None:
    browser = desk.browser_of(desk.staff())
    head = request_of(desk, two[0]).id
    assert browser.client.post(f"/mentions/{two[1]}/neighbours/{two[1]}/{head}/same").status_code == 403
    assert request_of(desk, two[1]).state == RequestState.DRAFT


def test_what_was_typed_is_shown_when_the_thread_moved_on(desk: Running, two: tuple[int, int]) -> None:
    browser = desk.browser_of(desk.staff())
    shown = browser.get(f"/mentions/{two[1]}").text
    with desk.rows() as session:
        session.get_one(Mention, two[1]).version += 1
    head = request_of(desk, two[0]).id
    answer = browser.decide_on(shown, two[1], f"neighbours/{two[1]}/{head}/same", reply_text="A long answer I typed")
    assert answer.status_code == 409
    assert "A long answer I typed" in answer.text
    assert request_of(desk, two[1]).state == RequestState.DRAFT


def test_a_deleted_neighbour_is_gone_from_the_card(desk: Running, two: tuple[int, int]) -> None:
    with desk.rows() as session:
        forget_post(session, first_post(session, session.get_one(Mention, two[0])), "test", "deleted", NOON)
    page = desk.browser_of(desk.staff()).get(f"/mentions/{two[1]}").text
    assert FIRST not in page
    assert "nobody else has reported it, as far as we can tell" in page
    assert 'id="neighbours"' not in page


def test_a_joined_mention_can_be_un_joined_after_the_post_it_follows_was_deleted(
    desk: Running, two: tuple[int, int]
) -> None:
    browser = desk.browser_of(desk.staff())
    press(browser, two[1], "Same: join")
    with desk.rows() as session:
        session.exec(
            select(ServiceRequest).where(ServiceRequest.mention_id == two[0])
        ).one().state = RequestState.SUBMITTED
        forget_post(session, first_post(session, session.get_one(Mention, two[0])), "test", "deleted", NOON)
    shown = browser.get(f"/mentions/{two[1]}").text
    assert "was deleted by its author" in shown
    assert FIRST not in shown
    assert press(browser, two[1], "Un-join") == 303
    assert request_of(desk, two[1]).joined_to_id is None
