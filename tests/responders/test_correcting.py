"""What a person says about one suggestion: a label with who and when, and drafts that follow."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from hark311.starter import load_templates
from models import (
    Account,
    Alarm,
    AuditEntry,
    Candidate,
    Channel,
    Database,
    Decision,
    Intent,
    Label,
    LabelSource,
    LabelTask,
    Mention,
    MentionState,
    Need,
    Post,
    Reply,
    Review,
    Role,
    Service,
    ServiceRequest,
    StaffUser,
    Understanding,
    advance,
)
from models.deletion import forget_post
from models.labels import DANGER, NO_DANGER, training_labels
from models.threads import newest_inbound
from responders.claims import NotYours
from responders.correcting import MARKED_BY_A_PERSON, Act, say
from responders.labelling import Said
from responders.placing import choose_point, clear_place, confirm_place
from responders.review import Decided, Desk, NotApproved, RequestFields
from responders.suggesting import Suggester
from tests.rows import MORNING, a_mention, a_request

SAID = "a deep pothole at 5th st"


def length_of(_channel: object, text: str) -> int:
    return len(text)


def find_private(_text: str) -> list[str]:
    return []


@pytest.fixture
def desk(either_database: Database) -> Desk:
    with either_database.write() as session:
        session.add_all(load_templates())
        session.add(Service(service_code="SR-1", service_name="Pothole", needs=Need.POINT, category="POTHOLE"))
        session.add(Service(service_code="SR-2", service_name="Litter", needs=Need.POINT, category="LITTER"))
        for name, role in (("mae", Role.APPROVER), ("dan", Role.DRAFTER)):
            session.add(StaffUser(username=name, display_name=name.title(), role=role))
    return Desk(either_database, length_of, find_private, clock=lambda: MORNING)


def held(desk: Desk, *, channel: Channel = Channel.TELEGRAM, danger: bool = False, staff_id: int = 1) -> int:
    """A drafted mention that the person holds: its id."""
    found = Candidate(kind="intersection", name="N 5th St & Market St", lat=39.95, lon=-75.15, score=0.8)
    with desk.database.write() as session:
        mention = a_mention(session, SAID, channel)
        request = a_request(session, mention)
        request.service_code, request.address_string = "SR-1", found.name
        request.lat, request.long = found.lat, found.lon
        mention.danger, mention.needs_understanding = danger, False
        if danger:
            session.add(Alarm(mention_id=mention.id or 0, rule="gas", raised_at=MORNING))
        session.add(
            Understanding(
                mention_id=mention.id or 0,
                mention_version=1,
                language="en",
                language_probability=0.9,
                intent=Intent.SERVICE_REQUEST,
                intent_probability=0.7,
                service_code="SR-1",
                service_probability=0.41,
                danger=danger,
                places=[found.model_dump(mode="json")],
                model_version="test",
                created_at=MORNING,
            )
        )
        advance(session, mention, MentionState.UNDERSTOOD, "test", "read", MORNING)
        mention_id = mention.id or 0
    assert Suggester(desk.database, length_of, find_private).suggest() == [mention_id]
    desk.claim(mention_id, staff_id)
    return mention_id


def label_of(desk: Desk, task: LabelTask) -> Label:
    with desk.database.read() as session:
        return session.exec(select(Label).where(Label.task == task)).one()


def reply_of(desk: Desk) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply)).one()


def mention_of(desk: Desk, mention_id: int) -> Mention:
    with desk.database.read() as session:
        return session.get_one(Mention, mention_id)


def test_an_accepted_suggestion_is_a_label_with_who_and_when(desk: Desk) -> None:
    mention_id = held(desk)
    assert not say(desk, mention_id, 1, LabelTask.INTENT, Act.ACCEPT)
    label = label_of(desk, LabelTask.INTENT)
    assert (label.value, label.source, label.staff_id, label.at) == ("service_request", "confirmed", 1, MORNING)
    assert (label.suggested, label.probability) == ("service_request", 0.7)


def test_a_corrected_service_goes_into_the_request_and_the_reply_follows(desk: Desk) -> None:
    mention_id = held(desk)
    assert "pothole" in reply_of(desk).text.lower()
    assert say(desk, mention_id, 1, LabelTask.CATEGORY, Act.FIX, "SR-2")
    label = label_of(desk, LabelTask.CATEGORY)
    assert (label.value, label.source, label.suggested, label.probability) == ("LITTER", "corrected", "POTHOLE", 0.41)
    with desk.database.read() as session:
        assert session.exec(select(ServiceRequest)).one().service_code == "SR-2"
    assert "pothole" not in reply_of(desk).text.lower()
    assert mention_of(desk, mention_id).service_code == "SR-2"


def test_a_refused_service_leaves_the_question_open(desk: Desk) -> None:
    mention_id = held(desk)
    assert say(desk, mention_id, 1, LabelTask.CATEGORY, Act.REJECT)
    label = label_of(desk, LabelTask.CATEGORY)
    assert (label.value, label.source) == ("", LabelSource.REJECTED)
    with desk.database.read() as session:
        request = session.exec(select(ServiceRequest)).one()
        assert (request.service_code, request.missing) == (None, ["service"])
        assert list(training_labels(session, LabelTask.CATEGORY)) == []
    assert reply_of(desk).template_key == "ask_service"


def test_a_corrected_intent_changes_the_reply_and_nothing_to_say_empties_it(desk: Desk) -> None:
    mention_id = held(desk)
    assert say(desk, mention_id, 1, LabelTask.INTENT, Act.FIX, Intent.PRAISE)
    assert reply_of(desk).template_key == "praise_thanks"
    assert say(desk, mention_id, 1, LabelTask.INTENT, Act.FIX, Intent.CHATTER)
    assert reply_of(desk).text == ""


def test_a_corrected_language_changes_the_reply_and_its_words(desk: Desk) -> None:
    mention_id = held(desk)
    assert say(desk, mention_id, 1, LabelTask.LANGUAGE, Act.FIX, "es")
    assert reply_of(desk).language == "es"
    assert "Gracias" in reply_of(desk).text
    assert mention_of(desk, mention_id).language == "es"
    assert label_of(desk, LabelTask.LANGUAGE).suggested == "en"


def test_what_somebody_typed_stays_when_the_language_is_corrected(desk: Desk) -> None:
    mention_id = held(desk)
    fields = RequestFields("SR-1", "pothole", "N 5th St & Market St", 39.95, -75.15)
    desk.save(mention_id, 1, Decided(1, None, "My own words.", "en", fields))
    assert not say(desk, mention_id, 1, LabelTask.LANGUAGE, Act.FIX, "es")
    assert (reply_of(desk).text, reply_of(desk).language) == ("My own words.", "es")


def test_a_danger_marked_by_a_person_is_an_alarm(desk: Desk) -> None:
    mention_id = held(desk)
    assert say(desk, mention_id, 1, LabelTask.URGENCY, Act.FIX, DANGER)
    assert mention_of(desk, mention_id).danger
    assert reply_of(desk).template_key == "emergency_911"
    with desk.database.read() as session:
        alarm = session.exec(select(Alarm)).one()
        assert (alarm.rule, alarm.acknowledged_at) == (MARKED_BY_A_PERSON, None)


def test_a_danger_is_lowered_only_with_a_reason_and_on_record(desk: Desk) -> None:
    mention_id = held(desk, danger=True)
    with pytest.raises(NotApproved, match="Say why it is no danger"):
        say(desk, mention_id, 1, LabelTask.URGENCY, Act.FIX, NO_DANGER)
    assert mention_of(desk, mention_id).danger
    say(desk, mention_id, 1, LabelTask.URGENCY, Act.FIX, NO_DANGER, "a film is being shot there")
    assert not mention_of(desk, mention_id).danger
    with desk.database.read() as session:
        review = session.exec(select(Review).where(Review.decision == Decision.NO_DANGER)).one()
        assert (review.reason, review.staff_id) == ("a film is being shot there", 1)
        alarm = session.exec(select(Alarm)).one()
        assert (alarm.acknowledged_by, alarm.acknowledged_at) == (1, MORNING)
        whys = session.exec(select(AuditEntry.why).where(AuditEntry.about == "Alarm")).all()
        assert whys == ["acknowledged: a person says it is no danger"]


def test_a_drafter_marks_a_danger_but_lowers_none(desk: Desk) -> None:
    mention_id = held(desk, danger=True, staff_id=2)
    with pytest.raises(NotYours):
        say(desk, mention_id, 2, LabelTask.URGENCY, Act.FIX, NO_DANGER, "I think so")
    assert mention_of(desk, mention_id).danger


def test_places_leave_labels_that_go_with_the_post(desk: Desk) -> None:
    mention_id = held(desk)
    confirm_place(desk, mention_id, 1)
    assert label_of(desk, LabelTask.PLACE).source == LabelSource.CONFIRMED
    there = Candidate(kind="block", name="1200 block of Market St", lat=39.951, lon=-75.16, source="point")
    assert choose_point(desk, mention_id, 1, there)
    label = label_of(desk, LabelTask.PLACE)
    assert (label.source, label.value) == ("corrected", "39.951000,-75.160000 1200 block of Market St")
    with desk.database.read() as session:
        request = session.exec(select(ServiceRequest)).one()
        assert (request.address_string, request.lat, request.long) == (there.name, there.lat, there.lon)
    clear_place(desk, mention_id, 1)
    assert label_of(desk, LabelTask.PLACE).source == LabelSource.REJECTED
    choose_point(desk, mention_id, 1, there)
    with desk.database.write() as session:
        forget_post(session, session.exec(select(Post)).one(), "listener", "its author deleted it", MORNING)
    assert (label_of(desk, LabelTask.PLACE).value, label_of(desk, LabelTask.PLACE).suggested) == ("", "")


def test_labels_of_posts_on_x_are_kept_and_train_nothing(desk: Desk) -> None:
    mention_id = held(desk, channel=Channel.X)
    say(desk, mention_id, 1, LabelTask.CATEGORY, Act.FIX, "SR-2")
    assert label_of(desk, LabelTask.CATEGORY).channel == Channel.X
    with desk.database.read() as session:
        assert list(training_labels(session, LabelTask.CATEGORY)) == []
        assert session.exec(select(Account)).one().channel == Channel.X


def test_a_decision_later_leaves_the_label_with_who_said_it_first(desk: Desk) -> None:
    mention_id = held(desk)
    say(desk, mention_id, 1, LabelTask.CATEGORY, Act.FIX, "SR-2")
    later = replace(desk, clock=lambda: MORNING + timedelta(minutes=5))
    fields = RequestFields("SR-2", "litter", "N 5th St & Market St", 39.95, -75.15)
    with desk.database.read() as session:
        mention = session.get_one(Mention, mention_id)
        seen = newest_inbound(session, mention)
    said = Said(Intent.SERVICE_REQUEST, "SR-2")
    later.approve(mention_id, 1, Decided(mention.version, seen, None, "en", fields, said))
    assert label_of(desk, LabelTask.CATEGORY).at == MORNING
    assert label_of(desk, LabelTask.INTENT).at == MORNING + timedelta(minutes=5)
