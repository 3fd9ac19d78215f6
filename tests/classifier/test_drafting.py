"""The draft of a service request: the resident's words, the place, and what a crew still needs to know."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.drafting import DESCRIPTION_LIMIT, RequestDraft, describe, draft_request
from classifier.places.resolver import Resolved
from classifier.protocol import Understood
from classifier.redaction import find_private
from models import Candidate, Need, Service
from models.posts import Pin

POTHOLE = Service(service_code="POTHOLE", service_name="Pothole", needs=Need.POINT)
TRASH = Service(service_code="MISSED_TRASH", service_name="Missed trash", needs=Need.BLOCK)
CODE = Service(service_code="PROPERTY_CODE", service_name="Property", needs=Need.ADDRESS)
OTHER = Service(service_code="OTHER", service_name="Other", needs=Need.NOTHING)
PIN = Pin(lat=39.95, lon=-75.16)


def draft(phrase: str = "", service: Service | None = POTHOLE, pin: Pin | None = None) -> RequestDraft:
    return draft_request(Understood(location_phrase=phrase), "pothole", service=service, pin=pin)


@pytest.mark.parametrize(
    ("service", "phrase", "pin", "missing"),
    [
        (POTHOLE, "5th & Market", None, ()),
        (POTHOLE, "1234 Market St", None, ()),
        (POTHOLE, "2300 block of N 5th", None, ()),
        (POTHOLE, "Clark Park", None, ()),
        (POTHOLE, "Maple Ave", None, ("cross_street",)),
        (POTHOLE, "", None, ("place",)),
        (POTHOLE, "", PIN, ()),
        (POTHOLE, "Fishtown", None, ("place",)),
        (POTHOLE, "Fishtown", PIN, ()),
        (TRASH, "2300 block of N 5th", None, ()),
        (TRASH, "Maple Ave", None, ("cross_street",)),
        (TRASH, "Maple Ave", PIN, ()),
        (CODE, "1234 Market St", None, ()),
        (CODE, "5th & Market", None, ("house_number",)),
        (CODE, "", PIN, ("house_number",)),
        (CODE, "", Pin(lat=39.95, lon=-75.16, address="1234 Market St"), ()),
        (CODE, "", None, ("place",)),
        (OTHER, "", None, ()),
        (None, "5th & Market", None, ("service",)),
        (None, "", None, ("service", "place")),
    ],
)
def test_a_draft_says_what_its_service_still_needs(
    service: Service | None, phrase: str, pin: Pin | None, missing: tuple[str, ...]
) -> None:
    # "in Fishtown" is what makes it an area
    assert draft("in " + phrase if phrase == "Fishtown" else phrase, service, pin).missing == missing


def test_a_shared_pin_gives_the_point_and_the_address() -> None:
    drafted = draft("5th & Market", pin=Pin(lat=39.95, lon=-75.16, title="City Hall", address="1400 JFK Blvd"))
    assert (drafted.lat, drafted.long, drafted.address_string) == (39.95, -75.16, "1400 JFK Blvd")


def test_the_first_photo_goes_with_the_request() -> None:
    drafted = draft_request(Understood(), "pothole", photos=["https://example.org/1.jpg", "https://example.org/2.jpg"])
    assert drafted.media_url == "https://example.org/1.jpg"


def test_the_service_code_is_the_suggested_one_or_the_one_a_person_chose() -> None:
    suggested = Understood(service_code="WATER")
    assert draft_request(suggested, "leak").service_code == "WATER"
    assert draft_request(suggested, "leak", service=POTHOLE).service_code == "POTHOLE"


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("@Philly311 pothole on Maple", "pothole on Maple"),
        (".@Philly311 @mayor: pothole", "pothole"),
        ("@city@social.example pothole", "pothole"),
        ("thanks @Philly311, pothole", "thanks @Philly311, pothole"),
        ("pothole, call 215-555-0142", "pothole, call [phone removed]"),
        ("<p>pothole</p><script>alert(1)</script>", "pothole  alert(1)"),
        ("&lt;b&gt;pothole&lt;/b&gt; &amp; rats", "pothole  & rats"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("", ""),
    ],
)
def test_the_description_is_the_residents_own_words_made_safe(text: str, description: str) -> None:
    assert describe(text) == description


def test_only_our_handles_are_stripped_when_they_are_named() -> None:
    assert describe("@Philly311 @jane pothole", our_handles=["@philly311"]) == "@jane pothole"


def test_a_long_post_is_cut_at_a_word() -> None:
    description = describe("pothole " * 2000)
    assert len(description) <= DESCRIPTION_LIMIT
    assert description.endswith("pothole…")


def test_the_address_of_a_draft_is_redacted() -> None:
    assert draft_request(Understood(location_phrase="1234 Pine St, 215-555-0142"), "x").address_string == (
        "1234 Pine St, [phone removed]"
    )


def test_the_citys_own_number_stays_in_the_description() -> None:
    drafted = draft_request(Understood(), "I called 215-686-8686", keep=frozenset({"215-686-8686"}))
    assert drafted.description == "I called 215-686-8686"


@given(
    st.text(alphabet=st.sampled_from(list("<>/ab&lt;gt#60;@ 2155-0!\ud800\x00")), max_size=120) | st.text(max_size=300)
)
def test_no_markup_and_nothing_private_survives(text: str) -> None:
    description = describe(text)
    assert not re.search("<[a-zA-Z!?/]", description)
    assert find_private(description) == []
    description.encode()


HALL = Candidate(kind="pin", name="", lat=39.952, lon=-75.164, precision_m=20, source="pin")
CORNER = Candidate(
    kind="intersection", name="5th St & Market St", lat=39.951, lon=-75.149, precision_m=15, start=11, end=23
)


def resolved_draft(*candidates: Candidate, **more: Any) -> RequestDraft:
    understood = Understood(location_phrase="5th & Market")
    return draft_request(understood, "pothole at 5th & Market", service=POTHOLE, resolved=Resolved(candidates, **more))


def test_what_the_gazetteer_knows_goes_into_the_draft_under_its_one_name() -> None:
    drafted = resolved_draft(CORNER)
    assert (drafted.address_string, drafted.lat, drafted.long) == ("5th St & Market St", 39.951, -75.149)
    assert drafted.missing == ()


def test_a_pin_near_the_words_gives_the_point_and_they_the_name() -> None:
    drafted = resolved_draft(HALL, CORNER)
    assert (drafted.address_string, drafted.lat) == ("5th St & Market St", 39.952)


def test_a_pin_far_from_the_words_leaves_the_place_to_a_person() -> None:
    drafted = resolved_draft(HALL, CORNER, note="the pin and the words are 1.3 km apart", apart=True)
    assert (drafted.lat, drafted.long, drafted.missing) == (None, None, ("which_place",))


def test_an_open_question_leaves_the_point_out() -> None:
    other = CORNER.model_copy(update={"name": "6th St & Market St"})
    drafted = resolved_draft(CORNER, other, needs_clarification=True, question="Which?")
    assert (drafted.address_string, drafted.lat, drafted.missing) == ("5th & Market", None, ("which_place",))


def test_a_street_with_a_point_of_its_middle_is_no_exact_place() -> None:
    street = CORNER.model_copy(update={"kind": "street", "name": "Market St"})
    assert resolved_draft(street).missing == ("cross_street",)
