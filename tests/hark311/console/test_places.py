"""Where it is, on the mention page: the place card with its map, choosing a place, and the map's streets."""

import re
from collections.abc import Sequence
from datetime import timedelta
from html import unescape

import pytest
from sqlmodel import col, select

from hark311.console.place_queries import LINES_DRAWN, precision_words
from hark311.product import OfPlace
from hark311.starter import load_templates
from models import AuditEntry, Candidate, Mention, RequestState, ServiceRequest, Understanding
from models.place_layers import active_layers
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import first_post, make_services, understand
from tests.hark311.console.gridtown import (
    ATTRIBUTION,
    CITY,
    SOUTH,
    UP,
    WEST,
    build_town,
    candidate,
    corner,
    make_located,
    two_corners,
)

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def browser(desk: Running) -> Browser:
    return desk.browser_of(desk.staff())


def located(desk: Running, found: Sequence[Candidate] | None = None, **more: object) -> Mention:
    """A mention of a town with streets, whose place may be `found` (two_corners where it is not given)."""
    with desk.rows() as session:
        if not active_layers(session, CITY):
            build_town(session, NOON)
            make_services(session)
        return make_located(session, NOON, two_corners() if found is None else found, **more)  # type: ignore[arg-type]


def page_of(browser: Browser, mention: Mention) -> str:
    return browser.get(f"/mentions/{mention.id}").text


def card_of(browser: Browser, mention: Mention) -> str:
    """The words of the place card, without tags."""
    html = page_of(browser, mention).partition('id="where"')[2].partition("</section>")[0]
    return unescape(" ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL).split()))


def request_of(desk: Running, mention: Mention) -> ServiceRequest:
    with desk.database.read() as session:
        return session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).one()


def buttons(page: str) -> list[str]:
    """The values of the buttons that choose a place."""
    return re.findall(r'name="place" value="(\d+\.\d+)"', page)


def test_the_card_says_what_where_how_exactly_from_what_and_from_which_words(desk: Running, browser: Browser) -> None:
    card = card_of(browser, located(desk, question="Is it N 4th St or N 5th St?", note="The pin lies 66 m away."))
    assert (
        "1 N 4th St & Dovecote St 71 % a crossing · within about 20 m · the city's streets from 4th and Dovecote"
        in card
    )
    assert "2 N 5th St & Dovecote St 66 %" in card
    assert "3 Their pin on the map 90 % within about 40 m" in card
    assert "Ask: Is it N 4th St or N 5th St?" in card
    assert "The pin lies 66 m away." in card


def test_every_kind_of_source_that_knows_a_place_is_named(desk: Running, browser: Browser) -> None:
    found = [candidate("N 4th St & Dovecote St", "intersection", corner(3, 3), source="streets, past_requests")]
    assert "the city's streets and the city's past requests" in card_of(browser, located(desk, found))


def test_what_is_estimated_or_outside_or_without_a_point_is_said(desk: Running, browser: Browser) -> None:
    found = [
        candidate("9900 Alder St", "address", corner(1, 0), estimated=True, note="The highest number known is 1240."),
        candidate("Mill Ln", "street", None),
        candidate("Far Rd & Old Rd", "intersection", (41.0, -76.0), outside=True),
    ]
    card = card_of(browser, located(desk, found))
    assert "Estimated: no house with this number is known on this street. The highest number known is 1240." in card
    assert "Mill Ln 90 % a whole street · no point known" in card
    assert "3 Far Rd" not in card
    assert "Outside the city." in card


def test_a_mention_without_a_place_says_so_and_shows_no_map(desk: Running, browser: Browser) -> None:
    mention = located(desk, [])
    assert "No place was found in what they wrote." in card_of(browser, mention)
    assert "<svg class=" not in page_of(browser, mention).partition('id="where"')[2].partition("</section>")[0]


def test_the_map_draws_the_streets_around_with_names_pins_and_whose_they_are(desk: Running, browser: Browser) -> None:
    page = page_of(browser, located(desk))
    assert page.count('<path class="way') > 8
    for name in ("Dovecote St", "N 2nd St"):
        assert re.search(rf'<text class="map-name"[^>]*>{name}</text>', page)
    assert len(re.findall(r'<g class="pin ', page)) == 3
    assert "1: N 4th St &amp; Dovecote St. 2: N 5th St &amp; Dovecote St. 3: Their pin on the map." in page
    assert f'<p class="map-credit">{ATTRIBUTION}</p>' in page
    assert "100 m · 330 ft" in page


def test_only_the_block_that_is_meant_is_lit(desk: Running, browser: Browser) -> None:
    middle = (corner(3, 2)[0], (corner(3, 2)[1] + corner(4, 2)[1]) / 2)
    mention = located(desk, [candidate("300 block of Cannery St", "block", middle, precision_m=50)])
    page = page_of(browser, mention)
    assert page.count('class="lit"') == 1
    assert page.partition('class="lit" d="')[2].partition('"')[0].count("M") == 1


def test_two_points_without_streets_are_a_plain_plot_and_one_is_no_map(desk: Running, browser: Browser) -> None:
    far = [
        candidate("A St & B St", "intersection", (41.0, -76.0)),
        candidate("C St & B St", "intersection", (41.01, -76.0)),
    ]
    page = page_of(browser, located(desk, far))
    assert "No street is known here: the points alone, north up." in page
    assert '<path class="grid"' in page
    assert "No street is known around this point, so there is no map." in card_of(browser, located(desk, far[:1]))


def test_a_map_with_too_many_streets_says_so(desk: Running, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hark311.console.place_queries.LINES_DRAWN", 20)
    page = page_of(browser, located(desk))
    assert "Too wide to draw its streets" in page
    assert '<path class="way' not in page
    assert LINES_DRAWN > 20


def test_residents_words_and_street_names_stay_text_everywhere(desk: Running, browser: Browser) -> None:
    evil = candidate(HOSTILE, "intersection", corner(2, 2), note=HOSTILE, source=HOSTILE)
    text = f"pothole at {HOSTILE}"
    page = page_of(browser, located(desk, [evil], text=text, said=HOSTILE, question=HOSTILE, note=HOSTILE))
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 7
    assert page.count("<script") == page.count("<script src=")


def test_a_chosen_place_stands_in_the_request_and_on_record(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    before, page = request_of(desk, mention), page_of(browser, mention)
    answer = browser.decide_on(page, mention.id or 0, "place", place=buttons(page)[1], reply_text="Half a reply")
    assert answer.headers["location"].endswith("#where")
    request = request_of(desk, mention)
    assert (request.address_string, request.lat, request.long) == ("N 5th St & Dovecote St", *corner(4, 3))
    assert request.missing == []
    assert request.revision > before.revision
    assert request.state == RequestState.IN_REVIEW
    page = page_of(browser, mention)
    assert "in the request" in card_of(browser, mention)
    assert len(buttons(page)) == 2
    assert 'value="N 5th St &amp; Dovecote St"' in page
    assert ">\nHalf a reply</textarea>" in page
    with desk.database.read() as session:
        whys = session.exec(select(AuditEntry.why).where(AuditEntry.about == "ServiceRequest")).all()
    assert "place 2 of 3 chosen" in whys


def test_choosing_keeps_the_service_the_description_and_the_intent(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    page = page_of(browser, mention)
    answer = browser.decide_on(
        page,
        mention.id or 0,
        "place",
        place=buttons(page)[0],
        service_code="SR-LT03",
        description="Dark",
        intent="complaint",
    )
    assert "intent=complaint" in answer.headers["location"]
    request = request_of(desk, mention)
    assert (request.service_code, request.description) == ("SR-LT03", "Dark")


def test_a_reply_that_nobody_touched_follows_the_place_and_the_card_says_so(desk: Running, browser: Browser) -> None:
    with desk.rows() as session:
        session.add_all(load_templates())
    mention = located(desk)
    page = page_of(browser, mention)
    answer = browser.decide_on(page, mention.id or 0, "place", place=buttons(page)[1])
    assert answer.headers["location"].endswith("reply=anew#where")
    page = browser.get(answer.headers["location"]).text
    assert "The reply was drafted anew with this change." in page
    assert "N 5th St &amp; Dovecote St" in page.partition('name="reply_text"')[2].partition("</textarea>")[0]
    assert "drafted anew" not in card_of(browser, mention)


def test_a_reply_that_was_typed_with_the_choice_stays_and_the_card_says_nothing(
    desk: Running, browser: Browser
) -> None:
    with desk.rows() as session:
        session.add_all(load_templates())
    mention = located(desk)
    page = page_of(browser, mention)
    answer = browser.decide_on(page, mention.id or 0, "place", place=buttons(page)[1], reply_text="Half a reply")
    assert "reply=" not in answer.headers["location"]
    page = browser.get(answer.headers["location"]).text
    assert ">\nHalf a reply</textarea>" in page
    assert "drafted anew" not in page


def test_a_question_that_a_person_has_answered_is_not_asked_any_more(desk: Running, browser: Browser) -> None:
    mention = located(desk, question="Is it N 4th St or N 5th St?")
    page = page_of(browser, mention)
    assert "Ask: Is it N 4th St or N 5th St?" in card_of(browser, mention)
    browser.decide_on(page, mention.id or 0, "place", place=buttons(page)[1])
    assert "Ask:" not in card_of(browser, mention)
    browser.decide(mention.id or 0, "place", place="none")
    assert "Ask: Is it N 4th St or N 5th St?" in card_of(browser, mention)


def test_a_whole_street_leaves_the_question_for_its_crossing(desk: Running, browser: Browser) -> None:
    found = [candidate("Mill Ln", "street", None)]
    mention = located(desk, found, question="Which cross street?", missing=("cross_street",))
    browser.decide(mention.id or 0, "place", place=buttons(page_of(browser, mention))[0])
    assert "Ask: Which cross street?" in card_of(browser, mention)


def test_a_request_whose_point_is_not_where_its_name_is_says_so(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    lat, lon = corner(4, 3)
    browser.decide(mention.id or 0, "save", address_string="N 5th St & Dovecote St", lat=str(lat + 0.02), long=str(lon))
    said = "The request names N 5th St & Dovecote St , but its point lies 2.2 km from there."
    assert said in card_of(browser, mention)
    browser.decide(mention.id or 0, "save", lat=str(lat + 0.0005))
    assert "but its point lies" not in card_of(browser, mention)


def test_a_point_that_may_be_anywhere_is_called_a_guess_and_covers_no_map(desk: Running, browser: Browser) -> None:
    note = "outside every known range of house numbers"
    found = [candidate("99999 Alder St", "address", corner(1, 0), estimated=True, precision_m=91_000, note=note)]
    mention = located(desk, found, note=note)
    card = card_of(browser, mention)
    assert "a house number · the point is a guess" in card
    assert card.count("Outside every known range of house numbers.") == 1
    assert 'class="reach"' not in page_of(browser, mention)


def test_a_pin_gives_its_point_and_no_address(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    browser.decide(mention.id or 0, "place", place=buttons(page_of(browser, mention))[2])
    request = request_of(desk, mention)
    assert (request.address_string, request.missing) == ("", [])
    assert (request.lat, request.long) == pytest.approx((corner(3, 3)[0] + 0.0006, corner(3, 3)[1]))
    assert "in the request" in card_of(browser, mention)


def test_a_street_alone_does_not_settle_where_on_it(desk: Running, browser: Browser) -> None:
    mention = located(desk, [candidate("Mill Ln", "street", None)], missing=("cross_street", "which_place"))
    browser.decide(mention.id or 0, "place", place=buttons(page_of(browser, mention))[0])
    request = request_of(desk, mention)
    assert (request.address_string, request.lat, request.missing) == ("Mill Ln", None, ["cross_street"])


def test_a_house_settles_everything_about_the_place(desk: Running, browser: Browser) -> None:
    found = [candidate("12 Alder St", "address", corner(1, 0))]
    mention = located(desk, found, missing=("house_number", "cross_street", "service"))
    browser.decide(mention.id or 0, "place", place=buttons(page_of(browser, mention))[0])
    assert request_of(desk, mention).missing == ["service"]


def test_a_cleared_place_is_missing_again(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    browser.decide(mention.id or 0, "place", place=buttons(page_of(browser, mention))[0])
    assert "Clear the place" in card_of(browser, mention)
    browser.decide(mention.id or 0, "place", place="none")
    request = request_of(desk, mention)
    assert (request.address_string, request.lat, request.long, request.missing) == ("", None, None, ["place"])
    assert "Clear the place" not in card_of(browser, mention)


def test_a_point_typed_by_hand_is_on_the_map_too(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    lat, lon = corner(2, 2)
    browser.decide(mention.id or 0, "save", address_string="Behind the depot", lat=str(lat), long=str(lon))
    page = page_of(browser, mention)
    assert "R: Behind the depot." in page
    assert "what the request says now" in card_of(browser, mention)


def test_those_who_tell_the_same_are_dots_on_the_map(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    other = located(desk, [], text="Hole at 4th and Dovecote!")
    with desk.rows() as session:
        follower = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == other.id)).one()
        mine = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).one()
        follower.joined_to_id, follower.state = mine.id, RequestState.JOINED
        follower.lat, follower.long = corner(3, 4)
    page = page_of(browser, mention)
    assert page.count('<circle class="dot"') == 1
    assert "Dot: @resident" in page
    assert "Small dots are other reports near by." in page


def test_places_of_an_older_reading_are_refused_and_nothing_changes(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    page = page_of(browser, mention)
    with desk.rows() as session:
        mention = session.get_one(Mention, mention.id)
        understand(session, mention, first_post(session, mention), NOON + timedelta(seconds=1))
    answer = browser.decide_on(page, mention.id or 0, "place", place=buttons(page)[0], reply_text="Half a reply")
    assert answer.status_code == 422
    assert "The places were worked out anew meanwhile" in answer.text
    assert "Half a reply" in answer.text
    assert request_of(desk, mention).address_string == ""


@pytest.mark.parametrize("place", ["", "1", "1.99", "9999999.0", "x.y", "1.-1", "٣.٠", "1.0.0"])
def test_a_button_nobody_drew_chooses_nothing(desk: Running, browser: Browser, place: str) -> None:
    mention = located(desk)
    with desk.rows() as session:
        understanding = session.exec(select(Understanding)).one()
    place = place.replace("1.", f"{understanding.id}.", 1)
    assert browser.decide(mention.id or 0, "place", place=place).status_code == 422
    assert request_of(desk, mention).address_string == ""


def test_what_somebody_else_holds_is_theirs_to_place(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    other = desk.browser_of(desk.staff("Lou Okafor"))
    other.decide(mention.id or 0, "claim")
    answer = browser.decide(mention.id or 0, "place", place=buttons(page_of(browser, mention))[0])
    assert answer.status_code == 409
    assert request_of(desk, mention).address_string == ""


def test_the_place_of_a_filed_request_cannot_be_changed(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    page = page_of(browser, mention)
    with desk.rows() as session:
        session.exec(select(ServiceRequest)).one().state = RequestState.SUBMITTED
    assert buttons(page_of(browser, mention)) == []
    answer = browser.decide_on(page, mention.id or 0, "place", place=buttons(page)[0])
    assert "The city has this request already" in answer.text
    assert request_of(desk, mention).address_string == ""


def test_a_mention_without_a_draft_gets_one_with_the_place(desk: Running, browser: Browser) -> None:
    mention = located(desk)
    with desk.rows() as session:
        session.exec(select(ServiceRequest)).one().state = RequestState.CANCELLED
    browser.decide(mention.id or 0, "place", place=buttons(page_of(browser, mention))[0])
    with desk.database.read() as session:
        newest = session.exec(select(ServiceRequest).order_by(col(ServiceRequest.id).desc())).first()
    assert newest is not None
    assert newest.address_string == "N 4th St & Dovecote St"
    assert newest.state != RequestState.CANCELLED


def test_whose_the_place_is_stands_under_it(start_desk: StartDesk) -> None:
    asked = []

    def belongs(lat: float, lon: float, service_code: str | None) -> list[OfPlace]:
        asked.append((lat, lon, service_code))
        return [OfPlace("Council district", "1"), OfPlace("Street", "N 5th St", "the state's road: call PennDOT")]

    desk = start_desk({"responsibility_of": belongs})
    browser = desk.browser_of(desk.staff())
    card = card_of(browser, located(desk))
    assert "Council district 1 Street N 5th St the state's road: call PennDOT" in card
    assert asked == [(*corner(3, 3), "SR-ST01")]


def test_streets_come_as_geojson_for_staff_alone(desk: Running, browser: Browser) -> None:
    located(desk)
    path = f"/map/streets?bbox={WEST},{SOUTH},{WEST + 0.01},{SOUTH + 0.01}"
    answer = browser.get(path)
    streets = answer.json()
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert {one["properties"]["name"] for one in streets["features"]} >= set(UP)
    assert streets["features"][0]["geometry"]["type"] == "LineString"
    assert desk.visitor().get(path).status_code == 303


@pytest.mark.parametrize(
    "bbox", ["", "1,2,3", "a,b,c,d", "0,0,1,1", "1,1,0.99,1.01", "nan,0,nan,0", "0,89.99,0.01,90.01", "0,0,inf,0.01"]
)
def test_a_box_that_is_none_or_too_wide_is_refused(browser: Browser, bbox: str) -> None:
    assert browser.get(f"/map/streets?bbox={bbox}").status_code == 422


def test_streets_are_given_out_at_a_persons_pace(
    desk: Running, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from limits import RateLimitItemPerMinute

    monkeypatch.setattr("hark311.console.map_pages.PER_MINUTE", RateLimitItemPerMinute(2))
    answers = [browser.get("/map/streets?bbox=0,0,0.01,0.01").status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_map_tiles_are_let_in_only_where_the_operator_set_them(start_desk: StartDesk) -> None:
    plain = start_desk().visitor().get("/health").headers["content-security-policy"]
    assert "img-src 'self'" in plain
    assert "data:" not in plain
    desk = start_desk(map_tile_url="https://tiles.example:8443/v1/{z}/{x}/{y}.png", map_attribution="Tiles & Sons")
    policy = desk.visitor().get("/health").headers["content-security-policy"]
    assert "img-src 'self' data: https://tiles.example:8443" in policy.split("; ")
    page = page_of(desk.browser_of(desk.staff()), located(desk))
    assert 'data-tiles="https://tiles.example:8443/v1/{z}/{x}/{y}.png"' in page
    assert "Background: Tiles &amp; Sons" in page


@pytest.mark.parametrize(
    ("metres", "said"),
    [
        (0.0, ""),
        (-3.0, ""),
        (float("nan"), ""),
        (2.0, "within about 5 m"),
        (41.0, "within about 40 m"),
        (123.0, "within about 120 m"),
        (940.0, "within about 950 m"),
        (980.0, "within about 1 km"),
        (1260.0, "within about 1.3 km"),
        (5001.0, "the point is a guess"),
    ],
)
def test_precision_is_said_as_people_say_it(metres: float, said: str) -> None:
    assert precision_words(metres) == said
