"""What each decision at the desk teaches the classifier, in the same transaction."""

from dataclasses import replace

import pytest
from sqlmodel import select

from models import (
    Channel,
    Database,
    Intent,
    Label,
    LabelTask,
    Mention,
    MentionState,
    Service,
    StaffUser,
    Understanding,
)
from models.threads import newest_inbound
from responders.review import Decided, Desk, NotApproved, RequestFields, Said
from tests.rows import MORNING, a_mention, a_reply, a_request


@pytest.fixture
def desk(database: Database) -> Desk:
    with database.write() as session:
        session.add(StaffUser(username="mae", display_name="Mae Jones"))
        session.add(Service(service_code="SR-1", service_name="Pothole repair", category="POTHOLE"))
        session.add(Service(service_code="SR-2", service_name="Lamp out"))
        session.add(Service(service_code="SR-3", service_name="Dog licence"))
    known = {"SR-2": "STREET_LIGHT"}
    return Desk(
        database,
        lambda _channel, text: len(text),
        lambda _text: [],
        clock=lambda: MORNING,
        category_of=lambda service: known.get(service.service_code, service.service_code),
    )


def waiting(desk: Desk, suggested: str | None = "SR-1", intent: Intent | None = Intent.SERVICE_REQUEST) -> int:
    """A drafted mention with what the classifier suggested for it."""
    with desk.database.write() as session:
        mention = a_mention(session, channel=Channel.TELEGRAM)
        mention.state, mention.needs_understanding = MentionState.DRAFTED, False
        a_reply(session, mention)
        request = a_request(session, mention)
        request.service_code, request.address_string = suggested, "5th St & Market St"
        session.add(
            Understanding(
                mention_id=mention.id or 0,
                model_version="model-7",
                language="en",
                intent=intent,
                intent_probability=0.9 if intent else 0.0,
                service_code=suggested,
                service_probability=0.8 if suggested else 0.0,
                abstained=suggested is None,
                created_at=MORNING,
            )
        )
        return mention.id or 0


def decided(desk: Desk, mention_id: int, filed: str | None, said: Said | None = None, reply: bool = True) -> Decided:
    with desk.database.read() as session:
        mention = session.get_one(Mention, mention_id)
        request = RequestFields(filed, "a hole", "5th St & Market St") if filed else None
        text = "Thank you." if reply else None
        return Decided(mention.version, newest_inbound(session, mention), text, "en", request, said)


def approve(desk: Desk, mention_id: int, filed: str | None, said: Said | None = None) -> None:
    desk.claim(mention_id, 1)
    desk.approve(mention_id, 1, decided(desk, mention_id, filed, said))


def labels(desk: Desk, mention_id: int) -> dict[LabelTask, Label]:
    with desk.database.read() as session:
        return {one.task: one for one in session.exec(select(Label).where(Label.mention_id == mention_id)).all()}


def told(desk: Desk, mention_id: int) -> dict[str, tuple[str, str, str]]:
    """task -> (value, source, what was suggested)"""
    found = labels(desk, mention_id)
    return {task: (one.value, one.source.value, one.suggested) for task, one in found.items()}


def test_filing_as_suggested_confirms_the_category(desk: Desk) -> None:
    mention_id = waiting(desk)
    approve(desk, mention_id, "SR-1")
    label = labels(desk, mention_id)[LabelTask.CATEGORY]
    assert told(desk, mention_id) == {"category": ("POTHOLE", "confirmed", "POTHOLE")}
    assert (label.probability, label.model_version, label.language, label.staff_id) == (0.8, "model-7", "en", 1)
    assert (label.channel, label.text, label.at) == (Channel.TELEGRAM, "", MORNING)


def test_filing_with_another_service_corrects_it(desk: Desk) -> None:
    mention_id = waiting(desk)
    approve(desk, mention_id, "SR-2")
    assert told(desk, mention_id) == {"category": ("STREET_LIGHT", "corrected", "POTHOLE")}


def test_a_service_chosen_where_nothing_was_suggested_is_a_correction_of_nothing(desk: Desk) -> None:
    mention_id = waiting(desk, suggested=None)
    approve(desk, mention_id, "SR-3")
    assert told(desk, mention_id) == {"category": ("SR-3", "corrected", "")}
    assert labels(desk, mention_id)[LabelTask.CATEGORY].probability == 0.0


def test_without_a_request_only_a_service_chosen_against_the_suggestion_says_anything(desk: Desk) -> None:
    left, changed = waiting(desk), waiting(desk)
    approve(desk, left, None, Said(Intent.QUESTION, "SR-1"))
    approve(desk, changed, None, Said(Intent.QUESTION, "SR-2"))
    assert told(desk, left) == {"intent": ("question", "corrected", "service_request")}
    assert told(desk, changed)["category"] == ("STREET_LIGHT", "corrected", "POTHOLE")


def test_the_intent_is_confirmed_corrected_or_left_open(desk: Desk) -> None:
    confirmed, corrected, unsure, unasked = (waiting(desk) for _ in range(4))
    first = waiting(desk, intent=None)
    approve(desk, confirmed, "SR-1", Said(Intent.SERVICE_REQUEST, "SR-1"))
    approve(desk, corrected, "SR-1", Said(Intent.COMPLAINT, "SR-1"))
    approve(desk, unsure, "SR-1", Said(None, "SR-1"))
    approve(desk, unasked, "SR-1")
    approve(desk, first, "SR-1", Said(Intent.COMPLAINT, "SR-1"))
    assert told(desk, confirmed)["intent"] == ("service_request", "confirmed", "service_request")
    assert told(desk, corrected)["intent"] == ("complaint", "corrected", "service_request")
    assert "intent" not in told(desk, unsure)
    assert "intent" not in told(desk, unasked)
    assert told(desk, first)["intent"] == ("complaint", "corrected", "")


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (None, "chatter"),
        (Said(Intent.SERVICE_REQUEST), "chatter"),  # left as suggested
        (Said(Intent.CHATTER), "chatter"),
        (Said(Intent.PRAISE), "praise"),
        (Said(None), ""),  # "unsure" was chosen
    ],
)
def test_setting_aside_says_chatter_unless_the_person_said_something_else(
    desk: Desk, said: Said | None, value: str
) -> None:
    mention_id = waiting(desk)
    desk.claim(mention_id, 1)
    desk.set_aside(mention_id, 1, "neighbours talking", said)
    assert told(desk, mention_id) == ({"intent": (value, "corrected", "service_request")} if value else {})


def test_closing_confirms_nothing_and_keeps_what_was_changed(desk: Desk) -> None:
    left, changed = waiting(desk), waiting(desk)
    for mention_id, said in ((left, Said(Intent.SERVICE_REQUEST, "SR-1")), (changed, Said(Intent.PRAISE, "SR-2"))):
        desk.claim(mention_id, 1)
        desk.reject(mention_id, 1, "fixed this morning", said)
    assert told(desk, left) == {}
    assert told(desk, changed) == {
        "intent": ("praise", "corrected", "service_request"),
        "category": ("STREET_LIGHT", "corrected", "POTHOLE"),
    }


def test_a_later_decision_replaces_the_label(desk: Desk) -> None:
    mention_id = waiting(desk)
    desk.claim(mention_id, 1)
    desk.set_aside(mention_id, 1, "talk")
    desk.reopen(mention_id, 1, "it was not")
    approve(desk, mention_id, None, Said(Intent.QUESTION))
    assert told(desk, mention_id) == {"intent": ("question", "corrected", "service_request")}


def test_what_is_taken_back_while_held_teaches_nothing(desk: Desk) -> None:
    mention_id = waiting(desk)
    approve(desk, mention_id, "SR-2", Said(Intent.COMPLAINT, "SR-2"))
    desk.take_back(mention_id, 1)
    assert told(desk, mention_id) == {}


def test_a_refused_approval_teaches_nothing(desk: Desk) -> None:
    mention_id = waiting(desk)
    desk.claim(mention_id, 1)
    unseen = replace(decided(desk, mention_id, "SR-1", Said(Intent.PRAISE)), seen_version=99)
    with pytest.raises(NotApproved):
        desk.approve(mention_id, 1, unseen)
    assert told(desk, mention_id) == {}
