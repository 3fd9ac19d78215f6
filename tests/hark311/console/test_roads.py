"""The page of who keeps which road: read by all, kept right by supervisors, filled from the city's own street data."""

import pytest
from sqlmodel import select

from models import AuditEntry, FeatureKind, LayerKind, PlaceFeature, PlaceLayer, RoadOwner, Role
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import make_staff
from tests.hark311.console.test_evidence import words_of


@pytest.fixture
def roads(desk: Running) -> Running:
    """The state keeps some roads; the street data also know a code that nobody has explained."""
    with desk.rows() as session:
        session.add(
            RoadOwner(code="STATE", name="the state keeps it", ours=False, call="State roads", number="555-0190")
        )
        session.add(RoadOwner(code="CITY", name="the city", ours=True))
        layer = PlaceLayer(
            city="philadelphia", kind=LayerKind.STREETS, name="streets", imported_at=NOON, changed_at=NOON
        )
        session.add(layer)
        session.flush()
        for owner in ("STATE", "FAM/2", "FAM/2", ""):
            session.add(PlaceFeature(layer_id=layer.id or 0, kind=FeatureKind.SEGMENT, name="Elm St", owner=owner))
    return desk


@pytest.fixture
def supervisor(roads: Running) -> Browser:
    with roads.rows() as session:
        staff = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    return roads.browser_of(staff)


def owner(desk: Running, code: str) -> RoadOwner | None:
    with desk.database.read() as session:
        return session.get(RoadOwner, code)


def test_everybody_reads_who_keeps_which_road(roads: Running) -> None:
    page = roads.browser_of(roads.staff()).get("/roads").text
    words = words_of(page)
    assert "the state keeps it STATE State roads 555-0190" in words
    assert "the city mends it" in words
    assert "FAM/2 stands in the city's data, and nobody has said who that is" in words
    assert page.count("nobody has said who that is") == 1
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]


def test_referrals_and_roads_lead_to_each_other(roads: Running) -> None:
    browser = roads.browser_of(roads.staff())
    assert 'href="/roads"' in browser.get("/referrals").text
    assert 'href="/referrals"' in browser.get("/roads").text.partition("<main")[2]


def test_a_supervisor_explains_a_code_of_the_street_data(roads: Running, supervisor: Browser) -> None:
    given = {"name": "the park commission", "call": "Parks", "number": "555-0123", "note": "", "ours": "yes"}
    assert supervisor.post("/roads/FAM%2F2", "/roads", **given).status_code == 303
    made = owner(roads, "FAM/2")
    assert made is not None
    assert 'id="FAM-2"' in supervisor.get("/roads").text
    assert (made.name, made.ours, made.number, made.checked_on) == ("the park commission", True, "555-0123", None)
    assert "nobody has said" not in supervisor.get("/roads").text


def test_a_code_that_stands_in_no_data_is_not_made_up(roads: Running, supervisor: Browser) -> None:
    assert supervisor.post("/roads/MOON", "/roads", name="the moon", ours="no").status_code == 404
    assert owner(roads, "MOON") is None


def test_a_checked_owner_whose_number_changes_is_not_checked_any_more(roads: Running, supervisor: Browser) -> None:
    assert supervisor.post("/roads/STATE/checked", "/roads", number="555-0190").status_code == 303
    kept = owner(roads, "STATE")
    assert kept is not None
    assert kept.checked_on == NOON.date()
    changed = {"name": "the state keeps it", "call": "State roads", "number": "555-0191", "ours": "no"}
    supervisor.post("/roads/STATE", "/roads", **changed)
    kept = owner(roads, "STATE")
    assert kept is not None
    assert (kept.number, kept.checked_on, kept.checked_by) == ("555-0191", None, None)
    with roads.database.read() as session:
        told = [(one.about, one.why) for one in session.exec(select(AuditEntry)).all() if one.about == "RoadOwner"]
    assert told == [("RoadOwner", "STATE: checked 555-0190"), ("RoadOwner", "STATE: changed number")]


def test_a_road_handed_to_the_city_is_on_record(roads: Running, supervisor: Browser) -> None:
    given = {"name": "the state keeps it", "call": "State roads", "number": "555-0190", "ours": "yes"}
    supervisor.post("/roads/STATE", "/roads", **given)
    kept = owner(roads, "STATE")
    assert kept is not None
    assert kept.ours
    with roads.database.read() as session:
        assert session.exec(select(AuditEntry.why).where(AuditEntry.about == "RoadOwner")).all() == [
            "STATE: changed ours"
        ]


def test_an_owner_without_a_name_is_refused(roads: Running, supervisor: Browser) -> None:
    answer = supervisor.post("/roads/STATE", "/roads", name=" ", call="x" * 200, number="", ours="no")
    assert answer.status_code == 422
    assert "Who keeps it is missing." in answer.text
    assert "Who answers has 200 characters; 100 are the most." in answer.text


def test_only_supervisors_change_it(roads: Running) -> None:
    browser = roads.browser_of(roads.staff())
    assert browser.post("/roads/STATE", name="mine", ours="yes").status_code == 403
    assert browser.post("/roads/STATE/checked", number="555-0190").status_code == 403
    kept = owner(roads, "STATE")
    assert kept is not None
    assert kept.name == "the state keeps it"
