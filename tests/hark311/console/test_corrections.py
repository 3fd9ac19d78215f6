"""The lines of the evidence card, splitting, and points: forms that work without scripts."""

import re

import pytest
from sqlmodel import Session, col, select

from models import (
    Alarm,
    Candidate,
    Channel,
    EvidenceKind,
    Label,
    LabelTask,
    Mention,
    NeighbourVerdict,
    Reply,
    RequestState,
    Role,
    ServiceRequest,
    Thumbnail,
)
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import (
    add_photo,
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_services,
    make_staff,
    raise_alarm,
    understand,
)
from tests.hark311.console.gridtown import build_town, candidate, corner
from tests.hark311.console.test_neighbours import AGAIN, FIRST, report

SAID = "Deep pothole at 4th and Dovecote, and the street light there is out"


@pytest.fixture
def mention_id(desk: Running) -> int:
    """A drafted mention in Riverton, with a place and a second guess."""
    with desk.rows() as session:
        make_services(session)
        build_town(session, NOON)
        mention = make_mention(session, make_account(session, Channel.TELEGRAM), NOON, SAID)
        read = understand(
            session,
            mention,
            first_post(session, mention),
            NOON,
            probability=0.41,
            marked=[(EvidenceKind.CATEGORY, "pothole"), (EvidenceKind.LOCATION, "4th and Dovecote")],
            runners_up=[("SR-LT03", 0.38)],
        )
        lat, lon = corner(3, 3)
        found = candidate("N 4th St & Dovecote St", "intersection", (lat, lon), precision_m=20, score=0.71)
        other = candidate("N 5th St & Dovecote St", "intersection", corner(4, 3), precision_m=20, score=0.2)
        read.places = [one.model_dump(mode="json") for one in (found, other)]
        session.add(read)
        draft_request(session, mention, address_string=found.name, lat=lat, long=lon)
        draft_reply(session, mention, "Thanks. It is filed as {number}.")
        return mention.id or 0


def line(page: str, task: str) -> str:
    """One line of the card, as the page has it."""
    start = page.index(f'id="line-{task}"')
    return page[start : page.index("</li>", start)]


def act(browser: Browser, mention_id: int, task: str, does: str, **fields: str) -> int:
    shown = browser.get(f"/mentions/{mention_id}").text
    return browser.decide_on(shown, mention_id, f"evidence/{task}", act=does, **fields).status_code


def label(desk: Running, task: LabelTask) -> Label:
    with desk.database.read() as session:
        return session.exec(select(Label).where(Label.task == task)).one()


def requests(session: Session, mention_id: int) -> list[ServiceRequest]:
    wanted = select(ServiceRequest).where(ServiceRequest.mention_id == mention_id).order_by(col(ServiceRequest.part))
    return list(session.exec(wanted).all())


def test_each_line_says_what_how_sure_what_else_and_because_of_which_words(desk: Running, mention_id: int) -> None:
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention_id}").text
    service = line(page, "service")
    assert "Pothole repair" in service
    assert "41 %" in service
    assert "Street light out" in service
    assert ">pothole</mark>" in service
    assert 'data-ev="category"' in page
    place = line(page, "place")
    assert "N 4th St &amp; Dovecote St" in place
    assert ">4th and Dovecote</mark>" in place
    assert [re.search(r'data-key="evidence-(\d)"', line(page, one)) is not None for one in ("intent", "same")] == [
        True
    ] * 2


def test_a_correction_is_shown_with_who_and_what_we_had_said(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    assert act(browser, mention_id, "service", "fix", **{"fix-service": "SR-LT03"}) == 303
    service = line(browser.get(f"/mentions/{mention_id}").text, "service")
    assert "Mara Jennings set this" in service
    assert "we had said <bdi>Pothole repair</bdi>" in service
    assert "Street light out</strong>" in service
    with desk.rows() as session:
        assert requests(session, mention_id)[0].service_code == "SR-LT03"


def test_what_was_typed_beside_a_correction_is_kept(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    assert act(browser, mention_id, "language", "fix", **{"fix-language": "es", "reply_text": "My own words."}) == 303
    with desk.rows() as session:
        reply = session.exec(select(Reply).where(Reply.mention_id == mention_id)).one()
        assert (reply.text, reply.language) == ("My own words.", "es")
    assert label(desk, LabelTask.LANGUAGE).value == "es"


def test_accepting_and_refusing_need_no_more_than_a_button(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    assert act(browser, mention_id, "intent", "accept") == 303
    assert label(desk, LabelTask.INTENT).source == "confirmed"
    assert act(browser, mention_id, "place", "reject") == 303
    with desk.rows() as session:
        assert requests(session, mention_id)[0].address_string == ""
    assert act(browser, mention_id, "place", "accept") == 303
    with desk.rows() as session:
        assert requests(session, mention_id)[0].address_string == "N 4th St & Dovecote St"


def test_a_danger_is_lowered_only_with_a_reason(desk: Running, mention_id: int) -> None:
    with desk.rows() as session:
        mention = session.get_one(Mention, mention_id)
        mention.danger = True
        session.add(mention)
        raise_alarm(session, mention, "gas", NOON)
    browser = desk.browser_of(desk.staff())
    assert act(browser, mention_id, "urgency", "fix", **{"fix-urgency": "no_danger"}) == 409
    wanted = {"fix-urgency": "no_danger", "why-urgency": "a film is being shot"}
    assert act(browser, mention_id, "urgency", "fix", **wanted) == 303
    with desk.rows() as session:
        assert not session.get_one(Mention, mention_id).danger
        assert session.exec(select(Alarm)).one().acknowledged_at is not None
    assert "said that it is no danger" in browser.get(f"/mentions/{mention_id}").text


def test_nothing_is_corrected_without_a_token_by_a_viewer_or_by_nonsense(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    assert browser.client.post(f"/mentions/{mention_id}/evidence/intent", data={"act": "accept"}).status_code == 403
    assert act(browser, mention_id, "service", "fix", **{"fix-service": "<script>"}) == 409
    assert act(browser, mention_id, "same", "accept", **{"pair-same": "9.9"}) in (404, 409)
    assert act(browser, mention_id, "place", "fix", **{"fix-place": "0.7"}) == 409
    with desk.rows() as session:
        staff = make_staff(session, "Vera View", Role.VIEWER)
    viewer = desk.browser_of(staff)
    assert 'class="line-do"' not in viewer.get(f"/mentions/{mention_id}").text
    with desk.rows() as session:
        assert session.exec(select(Label)).all() == []


def test_the_line_of_a_neighbour_joins_and_says_who_said_so(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        first, again = report(session, FIRST, 30), report(session, AGAIN, 10, Channel.TELEGRAM, lat=39.99530)
        follower = again.id or 0
    browser = desk.browser_of(desk.staff())
    assert requests_of(desk, first.id or 0)[0].reference in line(browser.get(f"/mentions/{follower}").text, "same")
    assert act(browser, follower, "same", "fix", **{"fix-same": "related"}) == 303
    assert "Mara Jennings said: related" in line(browser.get(f"/mentions/{follower}").text, "same")
    assert act(browser, follower, "same", "accept") == 303
    page = browser.get(f"/mentions/{follower}").text
    assert "joined to" in line(page, "same")
    assert "Decide the one it follows first" in page
    with desk.rows() as session:
        assert session.exec(select(NeighbourVerdict)).one().relation == "same"


def test_a_drafter_is_offered_only_what_they_may_say(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        first, again = report(session, FIRST, 30), report(session, AGAIN, 10, Channel.TELEGRAM, lat=39.99530)
        follower, pair = again.id or 0, f"{again.id}.{requests(session, first.id or 0)[0].id}"
        again.danger = True
        drafter = make_staff(session, "Dee Draft", Role.DRAFTER)
    approvers = desk.browser_of(desk.staff()).get(f"/mentions/{follower}").text
    assert [line(approvers, one).count("<button") for one in ("same", "urgency")] == [3, 2]
    browser = desk.browser_of(drafter)
    page = browser.get(f"/mentions/{follower}").text
    assert "<button" in line(page, "service")
    assert "line-do" not in line(page, "same")
    urgency = line(page, "urgency")
    assert re.findall(r'name="act" value="(\w+)"', urgency) == ["accept"]
    assert "no_danger" not in urgency
    refused = browser.decide_on(page, follower, "evidence/same", act="accept", **{"pair-same": pair})
    assert refused.status_code == 409
    assert "Your role is drafter, which may not approve here. Ask a colleague." in refused.text
    assert "Nothing was changed" in refused.text
    assert "not yours" not in refused.text
    assert requests_of(desk, follower)[0].joined_to_id is None
    assert act(browser, follower, "urgency", "accept") == 303


def requests_of(desk: Running, mention_id: int) -> list[ServiceRequest]:
    with desk.database.read() as session:
        return requests(session, mention_id)


def test_two_reports_stand_side_by_side(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        first, again = report(session, FIRST, 30), report(session, AGAIN, 10, Channel.TELEGRAM, lat=39.99530)
        ids, head = (first.id or 0, again.id or 0), requests(session, first.id or 0)[0].id
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{ids[1]}/compare/{head}").text
    assert FIRST in page
    assert AGAIN in page
    assert "Same: join A to B" in page
    assert browser.get(f"/mentions/{ids[1]}/compare/99999").status_code == 303


def test_a_post_is_split_filled_in_and_put_together_again(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    shown = browser.get(f"/mentions/{mention_id}").text
    assert browser.decide_on(shown, mention_id, "requests", problem="").status_code == 303
    page = browser.get(f"/mentions/{mention_id}").text
    assert "Request 2 from this post" in page
    added = requests_of(desk, mention_id)[1]
    name = f"added-{added.id}-"
    typed = {f"{name}service_code": "SR-LT03", f"{name}description": "The light is out.", f"{name}file": "yes"}
    assert browser.decide_on(page, mention_id, "save", **typed).status_code == 303
    added = requests_of(desk, mention_id)[1]
    assert (added.service_code, added.description) == ("SR-LT03", "The light is out.")
    assert added.address_string == "N 4th St & Dovecote St"
    page = browser.get(f"/mentions/{mention_id}").text
    assert browser.decide_on(page, mention_id, f"requests/{added.id}/put-back").status_code == 303
    assert requests_of(desk, mention_id)[1].state == RequestState.CANCELLED


def test_both_requests_are_approved_with_one_press(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    browser.decide_on(browser.get(f"/mentions/{mention_id}").text, mention_id, "requests", problem="")
    name = f"added-{requests_of(desk, mention_id)[1].id}-"
    typed = {f"{name}service_code": "SR-LT03", f"{name}description": "The light is out.", f"{name}file": "yes"}
    page = browser.get(f"/mentions/{mention_id}").text
    assert browser.decide_on(page, mention_id, "approve", **typed).status_code == 303
    assert [one.state for one in requests_of(desk, mention_id)] == [RequestState.APPROVED] * 2
    with desk.rows() as session:
        reply = session.exec(select(Reply).where(Reply.mention_id == mention_id)).one()
        assert all(one.reference in reply.approved_fallback for one in requests(session, mention_id))


def test_a_point_is_read_by_the_citys_own_streets(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    (south, west), (_, east) = corner(2, 3), corner(3, 3)
    read = browser.get(f"/mentions/{mention_id}/point?lat={south}&lon={(west + east) / 2}").json()
    assert read["words"] == "Dovecote St between N 3rd St and N 4th St"
    at_corner = browser.get(f"/mentions/{mention_id}/point?lat={south}&lon={west}").json()
    assert sorted(at_corner["name"].split(" & ")) == ["Dovecote St", "N 3rd St"]
    assert browser.get(f"/mentions/{mention_id}/point?lat=10&lon=10").json()["words"] == "no street is known here"
    assert browser.get(f"/mentions/{mention_id}/point?lat=nan&lon=10").status_code == 422


def test_a_point_of_ones_own_is_kept_with_its_block(desk: Running, mention_id: int) -> None:
    browser = desk.browser_of(desk.staff())
    (south, west), (_, east) = corner(2, 3), corner(3, 3)
    point = {"lat": f"{south:.6f}", "long": f"{(west + east) / 2:.6f}"}
    shown = browser.get(f"/mentions/{mention_id}").text
    assert browser.decide_on(shown, mention_id, "point", **point).status_code == 303
    request = requests_of(desk, mention_id)[0]
    assert request.address_string == "Dovecote St between N 3rd St and N 4th St"
    assert request.lat == pytest.approx(south, abs=1e-6)
    said = label(desk, LabelTask.PLACE)
    assert (said.source, said.value.partition(" ")[2]) == ("corrected", request.address_string)
    assert browser.decide_on(shown, mention_id, "point", lat="", long="").status_code == 409


def test_the_map_shows_open_requests_near_by_and_how_far_repeats_are_looked_for(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        build_town(session, NOON)
        report(session, FIRST, 30)
        again = report(session, "the lamp on this corner is dark", 10, Channel.TELEGRAM, lat=39.99530)
        found = Candidate(kind="intersection", name="N 5th St & Elder St", lat=39.99530, lon=-75.13912)
        read = understand(session, again, first_post(session, again), NOON)
        read.places = [found.model_dump(mode="json")]
        session.add(read)
        mention = again.id or 0
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention}").text
    assert "Small dots are other reports near by." in page
    assert "Wide circle: repeats are looked for within" in page


def test_a_photo_is_shown_from_our_own_copy_with_its_description(desk: Running, mention_id: int) -> None:
    with desk.rows() as session:
        photo = add_photo(session, first_post(session, session.get_one(Mention, mention_id)), "a hole in the road")
        session.add(
            Thumbnail(attachment_id=photo.id or 0, content=b"\xff\xd8jpeg", width=480, height=360, made_at=NOON)
        )
        photo_id = photo.id or 0
    browser = desk.browser_of(desk.staff())
    assert 'alt="a hole in the road"' in browser.get(f"/mentions/{mention_id}").text
    shown = browser.get(f"/mentions/{mention_id}/photos/{photo_id}")
    assert (shown.headers["content-type"], shown.content) == ("image/jpeg", b"\xff\xd8jpeg")
    assert browser.get(f"/mentions/{mention_id}/photos/{photo_id + 1}").status_code == 404
