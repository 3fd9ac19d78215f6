"""An answer whether it is fixed that comes after its days: it still belongs to the case, where that is plain."""

from datetime import UTC, datetime, timedelta

from models import FixedState, MentionState, RequestState
from tests.responders.test_fixed import closed, keyboard, mention, on_telegram, questions, rounds, says
from tests.responders.test_status_replies import reported
from tests.town import Town


def silent(town: Town) -> None:
    """The days to answer pass, and nobody does."""
    rounds(town)
    (closes_at,) = [one.closes_at for one in questions(town)]
    assert closes_at is not None
    town.clock.offset = closes_at - datetime.now(UTC) + timedelta(minutes=1)
    rounds(town)
    assert [one.state for one in questions(town)] == [FixedState.SILENT]


def on_x(town: Town) -> tuple[int, str]:
    """A request by X that the city closed, its author told and silent: the mention's id, and that of our question."""
    post_id, mention_id = reported(town)
    closed(town, mention_id)
    silent(town)
    return mention_id, town.simulator.our_replies_on_x(post_id)[-1]["id"]


def answered_on_x(town: Town, words: str, ours: str) -> int:
    said = town.simulator.say_on_x(f"@Philly311Demo {words}", author="dee_215", in_reply_to=ours)
    town.hear()
    return town.mention_of(said).id or 0


def test_not_fixed_under_our_post_after_its_days_opens_the_case_again(town: Town) -> None:
    mention_id, ours = on_x(town)
    assert answered_on_x(town, "Still not fixed!", ours) == mention_id
    assert questions(town)[0].state == FixedState.NO
    assert (town.request_of(mention_id).state, town.request_of(mention_id).waits_again) == (RequestState.DRAFT, True)


def test_a_longer_answer_under_our_post_comes_to_its_case_at_any_time(town: Town) -> None:
    mention_id, ours = on_x(town)
    assert answered_on_x(town, "they filled half of it and went away again", ours) == mention_id
    assert (mention(town, mention_id).state, questions(town)[0].state) == (MentionState.DRAFTED, FixedState.SILENT)


def test_a_late_tap_on_the_button_is_heard(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    no = keyboard(town)[1]
    silent(town)
    assert says(town, no) == mention_id
    assert questions(town)[0].state == FixedState.NO


def test_a_late_word_alone_answers_our_last_word_in_the_chat(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    silent(town)
    assert says(town, "no") == mention_id
    assert questions(town)[0].state == FixedState.NO


def test_a_late_word_alone_is_no_answer_once_we_have_said_something_else_there(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    silent(town)
    town.approve(says(town, "Also graffiti on the wall at 6th and Market St"))
    town.deliver()
    assert says(town, "no") != mention_id
    assert questions(town)[0].state == FixedState.SILENT
