"""A person chooses the place: the reply that nobody has touched follows, and a person's words stay."""

import pytest
from sqlmodel import select

from hark311.starter import load_templates
from models import (
    AuditEntry,
    Candidate,
    Database,
    Intent,
    Mention,
    MentionState,
    Need,
    Reply,
    ReplyState,
    ReplyTemplate,
    Role,
    Service,
    ServiceRequest,
    StaffUser,
    Understanding,
    advance,
)
from responders.placing import choose_place, clear_place
from responders.review import Decided, Desk
from responders.suggesting import Suggester
from tests.rows import MORNING, a_mention, a_request

FIFTH, OTHER_FIFTH = "N 5th St & Market St", "S 5th St & Walnut St"
SAID = "a deep pothole at 5th st"


def length_of(_channel: object, text: str) -> int:
    return len(text)


def find_private(_text: str) -> list[str]:
    return []


@pytest.fixture
def desk(database: Database) -> Desk:
    with database.write() as session:
        session.add_all(load_templates())
        session.add(Service(service_code="SR-1", service_name="Pothole", needs=Need.POINT))
        session.add(StaffUser(username="mae", display_name="Mae", role=Role.APPROVER))
    return Desk(database, length_of, find_private, clock=lambda: MORNING)


@pytest.fixture
def mention_id(desk: Desk) -> int:
    """A mention that may be at either of two crossings, drafted, and held by the one person there is."""
    found = [
        Candidate(kind="intersection", name=name, lat=39.95, lon=-75.15, start=SAID.index("5th"), end=len(SAID))
        for name in (FIFTH, OTHER_FIFTH)
    ]
    with desk.database.write() as session:
        mention = a_mention(session, SAID)
        request = a_request(session, mention)
        request.service_code, request.missing = "SR-1", ["which_place"]
        session.add(
            Understanding(
                mention_id=mention.id or 0,
                mention_version=1,
                intent=Intent.SERVICE_REQUEST,
                service_code="SR-1",
                places=[one.model_dump(mode="json") for one in found],
                model_version="test",
                created_at=MORNING,
            )
        )
        advance(session, mention, MentionState.UNDERSTOOD, "test", "read", MORNING)
        mention_id = mention.id or 0
    assert Suggester(desk.database, length_of, find_private).suggest() == [mention_id]
    desk.claim(mention_id, 1)
    return mention_id


def reply(desk: Desk) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply)).one()


def choose(desk: Desk, mention_id: int, index: int) -> bool:
    with desk.database.read() as session:
        read = session.exec(select(Understanding)).one()
    return choose_place(desk, mention_id, 1, read.id or 0, index)


def save(desk: Desk, mention_id: int, text: str) -> None:
    desk.save(mention_id, 1, Decided(1, None, text, "en", None))


def test_the_reply_stops_asking_once_a_person_knows_which(desk: Desk, mention_id: int) -> None:
    assert reply(desk).template_key == "ask_which"
    assert choose(desk, mention_id, 1)
    now = reply(desk)
    assert now.template_key.startswith("filed")
    assert OTHER_FIFTH in now.text
    assert FIFTH not in now.text
    assert (now.state, now.revision) == (ReplyState.IN_REVIEW, 1)
    with desk.database.read() as session:
        assert session.get_one(Mention, mention_id).state == MentionState.IN_REVIEW
        whys = session.exec(select(AuditEntry.why).where(AuditEntry.about == "Reply")).all()
    assert whys[-1] == "drafted anew: the place changed"


def test_another_choice_is_followed_too_and_the_same_one_changes_nothing(desk: Desk, mention_id: int) -> None:
    choose(desk, mention_id, 1)
    assert choose(desk, mention_id, 0)
    assert FIFTH in reply(desk).text
    assert not choose(desk, mention_id, 0)


def test_a_cleared_place_is_asked_for(desk: Desk, mention_id: int) -> None:
    choose(desk, mention_id, 0)
    assert clear_place(desk, mention_id, 1)
    assert reply(desk).template_key == "ask_place"


@pytest.mark.parametrize(
    ("need", "kinds", "missing"),
    [
        (Need.POINT, ("address", "street"), [["service"], ["service", "cross_street"]]),
        (Need.ADDRESS, ("intersection", "address"), [["service", "house_number"], ["service"]]),
        (Need.BLOCK, ("area", "landmark"), [["service", "place"], ["service"]]),
        (Need.NOTHING, ("street", "area"), [["service"], ["service"]]),
    ],
)
def test_what_a_crew_lacks_goes_by_the_place_chosen_last(
    desk: Desk, mention_id: int, need: Need, kinds: tuple[str, str], missing: list[list[str]]
) -> None:
    with desk.database.write() as session:
        session.get_one(Service, "SR-1").needs = need
        session.exec(select(ServiceRequest)).one().missing = ["service", "which_place"]
        read = session.exec(select(Understanding)).one()
        read.places = [{**one, "kind": kind} for one, kind in zip(read.places, kinds, strict=True)]
    lacked = []
    for index in range(2):
        choose(desk, mention_id, index)
        with desk.database.read() as session:
            lacked.append(session.exec(select(ServiceRequest)).one().missing)
    assert lacked == missing


def test_words_of_a_person_stay(desk: Desk, mention_id: int) -> None:
    save(desk, mention_id, "Is it by the bank?")
    assert not choose(desk, mention_id, 0)
    assert not clear_place(desk, mention_id, 1)
    assert reply(desk).text == "Is it by the bank?"


def test_words_that_were_approved_once_stay(desk: Desk, mention_id: int) -> None:
    with desk.database.write() as session:
        session.exec(select(Reply)).one().approved_at = MORNING
    assert not choose(desk, mention_id, 0)
    assert reply(desk).template_key == "ask_which"


def test_where_no_wording_is_left_the_reply_stays_and_the_place_is_taken(
    desk: Desk, mention_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.database.write() as session:
        for template in session.exec(select(ReplyTemplate)).all():
            template.active = False
    before = reply(desk).text
    assert not choose(desk, mention_id, 0)
    assert reply(desk).text == before
    assert "could be drafted anew" in caplog.text
    with desk.database.read() as session:
        assert session.exec(select(ServiceRequest)).one().address_string == FIFTH
