"""The Places page: what the gazetteer holds, what people call places, and trying a phrase."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlmodel import select

from hark311.gazetteers import GazetteerAtWork
from hark311.product import Located
from models import AuditEntry, Feature, FeatureKind, LayerKind, Role
from models.place_layers import active_layers, add_layer, features_of
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import make_staff
from tests.hark311.console.gridtown import ATTRIBUTION, CITY, build_town, two_corners

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def browser(desk: Running) -> Browser:
    return desk.browser_of(desk.staff())


@pytest.fixture
def supervisor(desk: Running) -> Browser:
    with desk.rows() as session:
        staff = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    return desk.browser_of(staff)


def test_the_places_page_says_what_the_gazetteer_holds_and_from_whom(desk: Running, browser: Browser) -> None:
    with desk.rows() as session:
        layer = build_town(session, NOON)
        layer.rows_read, layer.skipped = 1234, {"no line": 17}
    page = unescape(re.sub(r"<[^>]+>", " ", browser.get("/places").text))
    page = " ".join(page.split())
    assert "97 stretches of streets" in page
    assert "riverton streets the city's streets 1,234 97 17 no line" in page
    assert f"{ATTRIBUTION} CC0" in page
    assert "No gazetteer is at work" in page


def test_an_empty_gazetteer_is_said(browser: Browser) -> None:
    assert "The gazetteer of philadelphia is empty" in browser.get("/places").text


def names_in(desk: Running) -> dict[str, str]:
    with desk.database.read() as session:
        return {one.name: one.other for one in features_of(session, CITY)}


def test_nicknames_are_added_changed_and_removed(desk: Running, supervisor: Browser) -> None:
    for name, meant in (("the  Oval", "N 4th St & Cannery St"), ("el Bloque", "100 block of Elder St")):
        assert supervisor.post("/places/nicknames", was="", name=name, meant=meant).status_code == 303
    assert names_in(desk) == {"the Oval": "N 4th St & Cannery St", "el Bloque": "100 block of Elder St"}
    supervisor.post("/places/nicknames", was="the Oval", name="The Oval", meant="N 5th St & Cannery St")
    assert names_in(desk)["The Oval"] == "N 5th St & Cannery St"
    supervisor.post("/places/nicknames/remove", was="el Bloque")
    assert names_in(desk) == {"The Oval": "N 5th St & Cannery St"}
    supervisor.post("/places/nicknames/remove", was="The Oval")
    assert names_in(desk) == {}
    with desk.database.read() as session:
        assert active_layers(session, CITY) == []
        by = session.exec(select(AuditEntry.by).where(AuditEntry.about == "PlaceLayer")).all()
    assert set(by) == {"staff:1"}


@pytest.mark.parametrize(
    ("was", "name", "meant", "why"),
    [
        ("", "", "Elder St", "What people say is missing."),
        ("", "the Pit", " ", "What it stands for is missing."),
        ("", "x" * 81, "Elder St", "What people say has 81 characters; 80 are the most."),
        ("", "THE OVAL", "Elder St", "is in the list already"),
        ("the Yard", "the Pit", "Elder St", "Somebody changed it meanwhile"),
    ],
)
def test_a_nickname_that_cannot_be_kept_is_refused_with_the_reason(
    desk: Running, supervisor: Browser, was: str, name: str, meant: str, why: str
) -> None:
    supervisor.post("/places/nicknames", was="", name="the Oval", meant="N 4th St & Cannery St")
    answer = supervisor.post("/places/nicknames", was=was, name=name, meant=meant)
    assert answer.status_code == 422
    assert why in answer.text
    assert f'value="{name}"' in answer.text
    assert names_in(desk) == {"the Oval": "N 4th St & Cannery St"}


def test_removing_what_is_gone_is_said(supervisor: Browser) -> None:
    assert "Somebody changed it meanwhile" in supervisor.post("/places/nicknames/remove", was="the Oval").text


def test_nicknames_that_came_with_a_layer_are_listed_but_for_those_the_desk_overrules(
    desk: Running, supervisor: Browser
) -> None:
    with desk.rows() as session:
        came = [
            Feature(FeatureKind.NICKNAME, name, other=meant)
            for name, meant in (("the Oval", "Elder St"), ("K&A", "N 5th St & Alder St"), (HOSTILE, "Elder St"))
        ]
        add_layer(session, CITY, LayerKind.STARTER, "starter", came, now=NOON)
    page = supervisor.get("/places").text
    said = unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))
    assert "3 came with the layers" in said
    assert "K&A N 5th St & Alder St" in said
    assert "<script>alert" not in page
    supervisor.post("/places/nicknames", was="", name="The oval", meant="N 4th St & Cannery St")
    said = " ".join(re.sub(r"<[^>]+>", " ", supervisor.get("/places").text).split())
    assert "2 came with the layers" in said
    assert "the Oval Elder St" not in said


@pytest.mark.parametrize("kind", [LayerKind.STARTER, LayerKind.NICKNAMES])
@pytest.mark.parametrize("desk_first", [True, False])
def test_what_the_desk_calls_a_place_wins_over_what_came_with_a_layer(
    desk: Running, supervisor: Browser, desk_first: bool, kind: LayerKind
) -> None:
    def told() -> None:
        supervisor.post("/places/nicknames", was="", name="the Oval", meant="New Mill")

    if desk_first:
        told()
    with desk.rows() as session:
        starter = [
            Feature(FeatureKind.LANDMARK, "Old Mill", 39.95, -75.15),
            Feature(FeatureKind.LANDMARK, "New Mill", 39.99, -75.10),
            Feature(FeatureKind.NICKNAME, "Oval", other="Old Mill"),
        ]
        add_layer(session, CITY, kind, kind.value, starter, now=NOON + timedelta(days=1))
    if not desk_first:
        told()
    located = GazetteerAtWork(desk.database, CITY).now.locate("trash all over the Oval")
    assert [one.name for one in located.candidates] == ["New Mill"]


def test_only_supervisors_change_nicknames(desk: Running, browser: Browser) -> None:
    assert browser.post("/places/nicknames", was="", name="the Oval", meant="Elder St").status_code == 403
    assert names_in(desk) == {}
    assert "Add a nickname" not in browser.get("/places").text


def test_a_phrase_can_be_tried_and_nothing_of_it_is_kept(start_desk: StartDesk) -> None:
    def locate(text: str) -> Located:
        start = text.index("4th")
        found = [one.model_copy(update={"start": start, "end": len(text)}) for one in two_corners()[:2]]
        return Located([(start, len(text))], found, "N 4th St or N 5th St?", "Two streets fit.")

    desk = start_desk({"locate": locate})
    with desk.rows() as session:
        build_town(session, NOON)
    answer = desk.browser_of(desk.staff()).post("/places/try", phrase=f"hole {HOSTILE} 4th and dovecote")
    assert "<script>alert" not in answer.text
    page = " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
    assert "Names a place: 4th and dovecote" in page
    assert "We would ask: N 4th St or N 5th St?" in page
    assert "Two streets fit." in page
    assert (
        "N 5th St & Dovecote St 66 % a crossing · within about 20 m · the city's streets from 4th and dovecote" in page
    )
    assert '<path class="way' in answer.text


def test_a_phrase_that_names_no_place_is_answered(start_desk: StartDesk) -> None:
    desk = start_desk({"locate": lambda _text: Located([], [])})
    assert "Nothing in it names a place." in desk.browser_of(desk.staff()).post("/places/try", phrase="hello").text


def test_a_place_the_gazetteer_does_not_know_is_told_from_no_place(start_desk: StartDesk) -> None:
    desk = start_desk({"locate": lambda text: Located([(0, len(text))], [])})
    assert "The gazetteer knows none of it." in desk.browser_of(desk.staff()).post("/places/try", phrase="Mill Ln").text
