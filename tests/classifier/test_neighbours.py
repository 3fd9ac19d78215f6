"""Neighbours: which reports may be about one problem, why, and how they are found in the database."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from classifier.neighbours import Report, compare, likeness, neighbours_of, place_key, reach_of, text_hash
from classifier.neighbours.comparing import METRES_A_DEGREE, round_metres, words_of_hours
from classifier.neighbours.keys import keys_around, keys_of
from classifier.neighbours.looking import note_neighbours
from classifier.neighbours.reach import GROUPS, checked
from classifier.neighbours.texts import forms_of, gist_of
from classifier.taxonomy import CATEGORIES
from models import (
    Channel,
    Database,
    Mention,
    NeighbourKey,
    NeighbourMark,
    NeighbourRelation,
    NeighbourSuggestion,
    NeighbourVerdict,
    RequestState,
    Service,
    ServiceReach,
    ServiceRequest,
    StaffUser,
    Understanding,
)
from models.neighbours import forget_old_marks, in_parts
from tests.rows import MORNING, a_mention, a_request

NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)
HERE = (39.9526, -75.1652)
SAME, RELATED, DIFFERENT = NeighbourRelation.SAME, NeighbourRelation.RELATED, NeighbourRelation.DIFFERENT


def report(
    text: str,
    category: str = "POTHOLE",
    *,
    number: int = 1,
    metres: float | None = 0.0,
    hours: float = 0.0,
    place: str = "",
    precision_m: float = 0.0,
) -> Report:
    """A report so many metres north of a spot, so many hours after noon; metres None: without a point."""
    lat, lon = (None, None) if metres is None else (HERE[0] + metres / METRES_A_DEGREE, HERE[1])
    at = NOON + timedelta(hours=hours)
    kinds = (category,) if category else ()
    words = " ".join(forms_of(text))
    return Report(number, words, at, kinds, lat, lon, precision_m, place_key(place), text_hash(text))


def relation(one: Report, other: Report) -> NeighbourRelation:
    return compare(one, other).relation


HOLE, HOLE_AGAIN = "deep pothole ate my tire by the bakery", "my tire is flat, pothole outside the bakery"


def test_the_same_kind_nearby_in_other_words_is_the_same_and_says_why() -> None:
    found = compare(report(HOLE_AGAIN, metres=40, hours=2), report(HOLE, number=7))
    assert (found.id, found.relation) == (7, SAME)
    assert found.reasons == ("same kind of problem", "40 m away", "2 hours apart", "says the same in other words")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"metres": 40}, SAME),
        ({"metres": 90}, DIFFERENT),
        ({"metres": 90, "precision_m": 60}, SAME),
        ({"hours": 24 * 60}, DIFFERENT),
        ({"category": "GRAFFITI"}, RELATED),  # two kinds are often mixed up
        ({"category": "GRAFFITI", "metres": 80}, DIFFERENT),
    ],
)
def test_kind_distance_and_age_decide(changed: dict[str, float | str], expected: NeighbourRelation) -> None:
    assert relation(report(HOLE_AGAIN, **changed), report(HOLE)) == expected  # type: ignore[arg-type]  # a table of values


def test_the_same_kind_at_the_same_spot_in_no_common_words_is_related_at_most() -> None:
    assert relation(report("bache enorme", metres=20), report("crater wrecked my rim")) == RELATED


def test_two_house_numbers_are_not_the_same_house() -> None:
    found = compare(report("pothole at 814 Larch", metres=20), report("pothole at 960 Larch"))
    assert found.relation == RELATED
    assert found.reasons[-1] == "but they name different numbers"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            "red sedan abandoned here, flat tires",
            "blue sedan abandoned here, flat tires",
            DIFFERENT,
        ),
        ("gray sedan abandoned here for weeks, flat tires", "grey sedan abandoned here for weeks, flat tires", SAME),
        ("abandoned Honda with flat tires", "abandoned Toyota with flat tires", DIFFERENT),
    ],
)
def test_another_car_is_another_problem(one: str, other: str, expected: NeighbourRelation) -> None:
    category = "ABANDONED_VEHICLE"
    assert relation(report(one, category, metres=5), report(other, category)) == expected


def test_a_red_light_is_not_a_red_car() -> None:
    kind = "TRAFFIC_SIGNAL"
    assert relation(report("signal stuck on red at Dell", kind), report("never turns green at Dell", kind)) == SAME


def test_an_outage_reaches_farther_than_a_pole() -> None:
    out = report("power out on our block", "UTILITY", metres=1200), report("no power here at all", "UTILITY")
    pole = report("utility pole leans", "UTILITY", metres=1200), report("leaning utility pole", "UTILITY")
    assert relation(*out) == SAME
    assert relation(*pole) == DIFFERENT


def test_without_a_point_one_place_name_or_nearly_one_text_is_needed() -> None:
    known = report(HOLE, place="5th & Market St")
    assert relation(report(HOLE_AGAIN, metres=None, place="Market and 5th"), known) == SAME
    assert relation(report(HOLE_AGAIN, metres=None, place="Market St"), known) == DIFFERENT
    assert relation(report("RT @philly311 " + HOLE.upper() + "!!", metres=None), known) == SAME
    assert relation(report(HOLE_AGAIN, metres=None), known) == DIFFERENT


def test_a_repost_has_the_hash_of_the_post() -> None:
    post = "Water main broke at 9th and Fitzwater, whole block flooded"
    assert text_hash(f"RT @neighbor: {post.upper()} https://t.co/abc") == text_hash(post)
    assert text_hash(post) != text_hash(post.replace("9th", "8th"))
    assert text_hash("pothole!") == ""


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    alike = likeness(gist_of(one), gist_of(other))
    assert 0 <= alike <= 1 + 1e-9
    assert math.isclose(alike, likeness(gist_of(other), gist_of(one)), abs_tol=1e-9)
    assert text_hash(one) == text_hash(one)


@given(st.floats(-500, 500), st.floats(-500, 500), st.sampled_from(sorted(CATEGORIES)))
def test_whatever_may_be_a_neighbour_is_found_under_a_shared_key(north: float, east: float, category: str) -> None:
    text = "power out, no water, flood and a bad smell of smoke"
    known = report(text, category)
    new = report(text, category, number=2, metres=north)
    new.lon = HERE[1] + east / METRES_A_DEGREE / math.cos(math.radians(HERE[0]))
    new.hash = known.hash = ""
    if compare(new, known).relation != DIFFERENT:
        assert set(keys_around(new)) & set(keys_of(known))


def test_the_table_knows_every_category_and_when_it_was_checked() -> None:
    assert all(reach_of(one).radius_m >= reach_of(one).near_m for one in CATEGORIES)
    assert GROUPS["POTHOLE"] == GROUPS["SIDEWALK"]
    assert 30 <= reach_of("STREET_LIGHT").radius_m <= 60
    assert reach_of("UTILITY").far_m >= 1000
    assert checked().year >= 2026


def test_the_oldest_of_a_storm_is_always_suggested() -> None:
    storm = [report(HOLE, number=number, hours=number / 100) for number in range(1, 40)]
    found = neighbours_of(report(HOLE, number=99, hours=1), storm)
    assert len(found) == 5
    assert 1 in [one.id for one in found]


@pytest.mark.parametrize(("metres", "words"), [(3, "a few metres"), (44, "40 m"), (1180, "1.2 km")])
def test_distances_are_said_as_people_say_them(metres: float, words: str) -> None:
    assert round_metres(metres) == words


@pytest.mark.parametrize(("hours", "words"), [(0.01, "1 minute"), (2.2, "2 hours"), (50, "2 days")])
def test_ages_are_said_as_people_say_them(hours: float, words: str) -> None:
    assert words_of_hours(hours) == words


def understood(mention: Mention) -> Understanding:
    """A pothole, says the classifier."""
    return Understanding(
        mention_id=mention.id or 0, mention_version=1, model_version="test", service_code="POTHOLE", created_at=MORNING
    )


def note(session: Session, text: str, *, channel: Channel = Channel.X, metres: float = 0.0) -> tuple[int, int]:
    """A mention with its understanding and its draft, noted: (mention, request)."""
    if session.get(Service, "POTHOLE") is None:
        session.add(Service(service_code="POTHOLE", service_name="Pothole"))
    mention = a_mention(session, text, channel)
    request = a_request(session, mention)
    request.service_code, request.lat, request.long = "POTHOLE", HERE[0] + metres / METRES_A_DEGREE, HERE[1]
    session.add(understood(mention))
    note_neighbours(session, [mention.id or 0], MORNING)
    return mention.id or 0, request.id or 0


def suggested(session: Session, mention_id: int) -> list[tuple[int, str]]:
    rows = session.exec(select(NeighbourSuggestion).where(NeighbourSuggestion.mention_id == mention_id)).all()
    return [(row.request_id, row.relation) for row in rows]


def test_a_report_on_one_channel_finds_the_one_on_another(either_database: Database) -> None:
    with either_database.write() as session:
        _, first = note(session, HOLE)
        again, _ = note(session, HOLE_AGAIN, channel=Channel.TELEGRAM, metres=30)
        far, _ = note(session, HOLE_AGAIN, metres=400)
        assert suggested(session, again) == [(first, "same")]
        assert suggested(session, far) == []


def test_noting_again_replaces_what_was_suggested(either_database: Database) -> None:
    with either_database.write() as session:
        _, first = note(session, HOLE)
        again, _ = note(session, HOLE_AGAIN)
        note_neighbours(session, [again], MORNING)
        note_neighbours(session, [again], MORNING)
        assert suggested(session, again) == [(first, "same")]


@pytest.mark.parametrize("gone", ["closed", "cancelled", "joined"])
def test_what_is_no_open_request_any_more_is_not_suggested(database: Database, gone: str) -> None:
    with database.write() as session:
        _, first = note(session, HOLE)
        request = session.get_one(ServiceRequest, first)
        if gone == "closed":
            request.state, request.status = RequestState.SUBMITTED, "closed"
        else:
            request.state = RequestState(gone)
        again, _ = note(session, HOLE_AGAIN)
        assert suggested(session, again) == []


def test_a_city_whose_own_radius_is_smaller_is_asked_no_farther(database: Database) -> None:
    with database.write() as session:
        _, first = note(session, HOLE)
        session.add(ServiceReach(service_code="POTHOLE", radius_m=10))
        beside, _ = note(session, HOLE_AGAIN, metres=5)
        far, _ = note(session, HOLE_AGAIN, metres=-30)
        assert (first, "same") in suggested(session, beside)
        assert suggested(session, far) == []


def test_a_service_with_a_radius_of_nothing_is_looked_for_nowhere(database: Database) -> None:
    with database.write() as session:
        note(session, HOLE)
        session.add(ServiceReach(service_code="POTHOLE", radius_m=0))
        again, _ = note(session, HOLE)
        assert suggested(session, again) == []


def test_what_a_person_called_different_is_not_suggested_again(database: Database) -> None:
    with database.write() as session:
        staff = StaffUser(username="mae", display_name="Mae Jones")
        session.add(staff)
        session.flush()
        _, first = note(session, HOLE)
        again, _ = note(session, HOLE_AGAIN)
        session.add(
            NeighbourVerdict(mention_id=again, request_id=first, relation=DIFFERENT, staff_id=staff.id or 0, at=MORNING)
        )
        note_neighbours(session, [again], MORNING)
        assert suggested(session, again) == []


def test_a_mention_with_nothing_to_file_leaves_the_lookup(database: Database) -> None:
    with database.write() as session:
        mention, request = note(session, HOLE)
        session.get_one(ServiceRequest, request).state = RequestState.CANCELLED
        note_neighbours(session, [mention], MORNING)
        assert session.exec(select(NeighbourMark)).all() == []
        assert session.exec(select(NeighbourKey)).all() == []


def test_what_nobody_can_repeat_any_more_leaves_the_lookup_a_few_at_a_time(either_database: Database) -> None:
    with either_database.write() as session:
        open_one, cancelled, closed, old = (note(session, HOLE)[1] for _ in range(4))
        session.get_one(ServiceRequest, cancelled).state = RequestState.CANCELLED
        session.get_one(ServiceRequest, closed).status = "closed"
        session.get_one(NeighbourMark, old).at = MORNING - timedelta(days=91)
        session.flush()
        assert [forget_old_marks(session, MORNING, limit=2) for _ in range(3)] == [2, 1, 0]
        assert session.exec(select(NeighbourMark.request_id)).all() == [open_one]
        assert set(session.exec(select(NeighbourKey.request_id)).all()) == {open_one}


def test_more_values_than_one_query_can_name_are_asked_for_in_parts() -> None:
    parts = list(in_parts(range(1201)))
    assert [len(part) for part in parts] == [500, 500, 201]
    assert [one for part in parts for one in part] == list(range(1201))


def test_a_storm_gathers_around_the_first_and_every_post_is_noted(database: Database) -> None:
    with database.write() as session:
        _, first = note(session, "Water main broke on Alder Ave, the street is under water")
        ids = [note_later(session) for _ in range(128)]
        for start in range(0, len(ids), 64):
            note_neighbours(session, ids[start : start + 64], MORNING)
        heads = session.exec(
            select(NeighbourSuggestion.mention_id).where(NeighbourSuggestion.request_id == first)
        ).all()
    assert sorted(heads) == sorted(ids)


def note_later(session: Session) -> int:
    """A post of the storm that is understood and not noted yet."""
    mention = a_mention(session, "Water main broke on Alder Ave, the street is under water")
    request = a_request(session, mention)
    request.service_code, request.lat, request.long = "POTHOLE", *HERE
    session.add(understood(mention))
    return mention.id or 0


def test_nothing_is_ever_joined_without_a_person(database: Database) -> None:
    with database.write() as session:
        noted = [note(session, HOLE) for _ in range(5)]
        assert session.exec(select(NeighbourSuggestion)).all() != []
        assert {row.state for row in session.exec(select(ServiceRequest)).all()} == {RequestState.DRAFT}
        assert {row.joined_to_id for row in session.exec(select(ServiceRequest)).all()} == {None}
        assert len(session.exec(select(Mention)).all()) == len(noted)
