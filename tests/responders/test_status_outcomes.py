"""What a change at the city means: its state, the words of its notes, and where nobody can tell."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.starter import load_status_rules
from models import Outcome, StatusRule, StatusUpdate
from models.open311 import state_of
from responders.status_outcomes import BEGINS, ENDS, STATES, is_closing, judge

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
RULES = load_status_rules()


def heard(status: str = "closed", notes: str = "", **more: Any) -> StatusUpdate:
    given: dict[str, Any] = {"request_id": 1, "change_key": "1", "happened_at": NOW, "noticed_at": NOW}
    return StatusUpdate(**given, status=status, status_notes=notes, **more)


@pytest.mark.parametrize(
    ("status", "notes", "outcome"),
    [
        ("closed", "", None),
        ("closed", "Closed.", None),
        ("closed", "The pothole has been  filled by our crew.", Outcome.FIXED),
        ("closed", "Work NOT completed, crew had to leave.", None),
        ("closed", "Work completed. No further action", None),
        ("closed", "No violation found at this address", Outcome.NO_ACTION),
        ("closed", "Crew was unable to locate the pothole", Outcome.COULD_NOT_FIND),
        ("closed", "Forwarded to PennDOT", Outcome.REFERRED),
        ("closed", "Resurfacing is scheduled for spring", None),
        ("open", "Work is scheduled for Friday", Outcome.SCHEDULED),
        ("open", "The tree has been removed on our side, stump to follow", None),
        ("open", "Please provide the pole number", Outcome.NEEDS_INFORMATION),
        ("open", "Left a voicemail", None),
        ("Fixed - Council", "", Outcome.FIXED),
        ("action_scheduled", "Crew next week", Outcome.SCHEDULED),
        ("not_councils_responsibility", "", Outcome.REFERRED),
        ("unfixable", "", None),
        ("duplicate", "Counts with the other one.", None),
    ],
)
def test_the_outcome_is_what_the_state_or_the_words_say(status: str, notes: str, outcome: Outcome | None) -> None:
    judged = judge(heard(status, notes), RULES)
    assert judged.outcome == outcome
    assert judged.evidence


def test_a_guess_keeps_the_words_it_rests_on() -> None:
    judged = judge(heard(notes="Crew went out on Monday. Hole WAS FILLED with cold patch."), RULES)
    assert (judged.outcome, judged.evidence) == (Outcome.FIXED, "The words “WAS FILLED”.")


def test_a_rule_of_another_destination_does_not_count() -> None:
    rules = [StatusRule(phrase="abated", outcome=Outcome.FIXED, destination="streets", at=NOW)]
    assert judge(heard(notes="Abated."), rules, "water").outcome is None
    assert judge(heard(notes="Abated."), rules, "streets").outcome == Outcome.FIXED
    rules[0].ended_at = NOW
    assert judge(heard(notes="Abated."), rules, "streets").outcome is None


def test_the_request_it_counts_with_is_a_fact_and_a_day_alone_plans_nothing() -> None:
    assert judge(heard(duplicate_of="13075000"), []).outcome == Outcome.DUPLICATE
    assert judge(heard("open", planned_for=NOW), []).outcome is None


def test_what_brings_nothing_new_is_told_from_what_a_person_has_to_read() -> None:
    assert judge(heard("open"), RULES).says_nothing
    assert not judge(heard("closed"), RULES).says_nothing
    assert not judge(heard("open", "something"), RULES).says_nothing


@given(st.text(max_size=200), st.sampled_from(["open", "closed", "", *STATES]))
def test_closed_is_never_called_fixed_without_words_or_a_finer_state(notes: str, status: str) -> None:
    update = heard(status, notes)
    judged = judge(update, RULES)
    assert judged.evidence
    if state_of(status) in STATES:
        return
    if judged.outcome in ENDS:
        assert is_closing(update)
        assert any(one.phrase.split()[0] in notes.casefold() for one in RULES)
    if judged.outcome in BEGINS:
        assert not is_closing(update)
