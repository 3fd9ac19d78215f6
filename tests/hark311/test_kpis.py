"""The figures of the desk, against cases reckoned by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hark311.kpi_cases import Answer, Case, Filed, Suggestion
from hark311.kpi_report import span
from hark311.kpis import BY_KEY, MEASURES, Figure, Reckoning, figure, figures, figures_by, incidents, p90
from models.business_time import Opening, Timetable

MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LATER = Reckoning(MONDAY + timedelta(days=30))
MINUTE = 60.0


def after(**spans: float) -> datetime:
    return MONDAY + timedelta(**spans)


def a_case(**facts: object) -> Case:
    plain = Case(MONDAY.date(), "x", "en", "SR-ST01", written_at=MONDAY, heard_at=MONDAY, heard=[MONDAY])
    return replace(plain, **facts)  # type: ignore[arg-type]  # a test's own words


def an_answer(at: datetime, **facts: object) -> Answer:
    return replace(Answer(at), **facts)  # type: ignore[arg-type]  # a test's own words


def the(key: str, *cases: Case, reckoning: Reckoning = LATER) -> Figure:
    return figure(BY_KEY[key], cases, reckoning)


def test_first_response_is_the_median_and_p90_of_those_answered() -> None:
    waits = (1, 2, 3, 4, 5, 6, 7, 8, 9, 100)
    cases = [a_case(answers=[an_answer(after(minutes=wait))]) for wait in waits]
    found = the("first_reply", *cases, a_case(), a_case(in_scope=False, answers=[an_answer(after(minutes=900))]))
    assert (found.number, found.median, found.p90) == (10, 5.5 * MINUTE, 9 * MINUTE)


def test_p90_is_a_value_that_occurred() -> None:
    assert p90([7.0]) == 7.0
    assert p90([float(one) for one in range(1, 12)]) == 10.0


def test_a_storm_counts_once_where_the_definition_says_so() -> None:
    head = a_case(answers=[an_answer(after(minutes=10))], filed=Filed())
    storm = [a_case(answers=[an_answer(after(hours=9))], filed=Filed(follows=True)) for _ in range(20)]
    assert the("first_reply", head, *storm).median == 10 * MINUTE
    assert the("response_rate", head, *storm).number == 21
    assert incidents([head, *storm]) == 1
    assert the("merged", head, *storm).share == pytest.approx(20 / 21)


def test_the_response_rate_leaves_out_who_may_still_be_answered_in_time() -> None:
    in_time = a_case(answers=[an_answer(after(hours=3))])
    late = a_case(answers=[an_answer(after(hours=25))])
    never = a_case()
    fresh = a_case(written_at=after(hours=29), heard=[after(hours=29)])
    found = the("response_rate", in_time, late, never, fresh, reckoning=Reckoning(after(hours=30)))
    assert found.number == 3
    assert found.share == pytest.approx(1 / 3)
    sooner = the("response_rate", in_time, late, never, reckoning=Reckoning(after(hours=30), timedelta(hours=1)))
    assert sooner.share == 0.0


def test_handle_time_is_what_people_held_it_before_the_reply_without_the_idle_time() -> None:
    spans = [
        (after(minutes=5), after(minutes=8)),
        (after(minutes=60), after(minutes=70)),
        (after(days=2), after(days=3)),
    ]
    found = the("handle_time", a_case(in_hand=spans, answers=[an_answer(after(minutes=66))]), a_case(in_hand=spans))
    assert (found.number, found.median) == (1, (3 + 6) * MINUTE)


def test_drafting_and_approving_are_told_apart() -> None:
    answers = [an_answer(after(minutes=12), approved_at=after(minutes=11))]
    case = a_case(drafted_at=after(seconds=2), answers=answers)
    alone = a_case(drafted_at=after(seconds=4), answers=[replace(answers[0], by_a_person=False)])
    assert the("time_to_draft", case, alone).median == 3.0
    assert (the("approval_latency", case, alone).number, the("approval_latency", case).median) == (1, 658.0)


def test_touches_are_counted_for_what_is_decided() -> None:
    hand = (after(minutes=1), after(minutes=2))
    cases = [a_case(in_hand=[hand] * often, decided=True) for often in (1, 1, 3)]
    found = the("touches", *cases, a_case(in_hand=[hand] * 9))
    assert (found.number, found.median, found.p90) == (3, 1.0, 3.0)


def test_first_contact_resolves_where_nobody_wrote_again_in_seven_days() -> None:
    answers = [an_answer(after(hours=1))]
    quiet = a_case(answers=answers)
    again = a_case(answers=answers, heard=[MONDAY, after(days=6)])
    much_later = a_case(answers=answers, heard=[MONDAY, after(days=9)])
    young = a_case(answers=[an_answer(after(days=25))])
    found = the("first_contact", quiet, again, much_later, young)
    assert found.number == 3
    assert found.share == pytest.approx(2 / 3)


def test_the_reopen_rate_is_of_what_was_closed() -> None:
    found = the("reopened", a_case(closed=True), a_case(closed=True, reopened=True), a_case())
    assert found.number == 2
    assert found.share == 0.5


def test_a_promise_counts_once_it_is_kept_or_over() -> None:
    promised = after(days=3)
    kept = a_case(filed=Filed(promised_at=promised, closed_at=after(days=2)))
    broken = a_case(filed=Filed(promised_at=promised, closed_at=after(days=4)))
    overdue = a_case(filed=Filed(promised_at=promised))
    open_still = a_case(filed=Filed(promised_at=after(days=60)))
    unknown = a_case(filed=Filed(closed_at=after(days=1)))
    found = the("sla_met", kept, broken, overdue, open_still, unknown)
    assert found.number == 3
    assert found.share == pytest.approx(1 / 3)


def test_the_desk_and_the_department_have_a_clock_each_by_the_wall_and_by_open_hours() -> None:
    hours = Timetable(ZoneInfo("UTC"), {day: (Opening(9 * 60, 17 * 60),) for day in range(5)})
    by_itself, by_mae = an_answer(after(minutes=1), by_a_person=False), an_answer(after(days=1, hours=-5))
    done = Filed(filed_at=after(hours=1), closed_at=after(days=2))
    case = a_case(answers=[by_itself, by_mae], filed=done, hours=hours)
    assert (the("first_reply", case).median, the("first_human", case).median) == (MINUTE, 19 * 60 * MINUTE)
    assert the("first_human_open", case).median == 3 * 60 * MINUTE  # two hours of Monday, one of Tuesday
    assert (the("outcome", case).median, the("outcome_open", case).median) == (47 * 60 * MINUTE, 15 * 60 * MINUTE)
    without = replace(case, hours=None)
    assert [the(key, without).number for key in ("first_human_open", "outcome_open", "outcome")] == [0, 0, 1]
    assert the("first_human", a_case(answers=[by_itself]), a_case(answers=[by_mae], in_scope=False)).number == 0


def test_referrals_overrides_and_places_are_shares_of_their_own() -> None:
    referred = a_case(answers=[an_answer(after(hours=1), refers=True)])
    answered = a_case(answers=[an_answer(after(hours=1))])
    assert the("referral", referred, answered, a_case()).share == 0.5
    suggested = [Suggestion("category", changed) for changed in (True, False, False, False)]
    assert the("override", a_case(suggestions=suggested)).share == 0.25
    requests = [Filed(placed=True), Filed(placed=False), Filed(needs_place=False)]
    assert the("located", *(a_case(filed=one) for one in requests)).share == 0.5


def test_a_question_is_abandoned_after_72_hours_without_an_answer() -> None:
    question = [an_answer(after(hours=1), asks=True)]
    answered = a_case(answers=question, heard=[MONDAY, after(hours=72)])
    too_late = a_case(answers=question, heard=[MONDAY, after(hours=74)])
    silent = a_case(answers=question)
    told = a_case(answers=[an_answer(after(hours=1))])
    fresh = a_case(answers=[an_answer(after(days=29), asks=True)])
    found = the("abandoned", answered, too_late, silent, told, fresh)
    assert found.number == 3
    assert found.share == pytest.approx(2 / 3)


def test_without_cases_no_figure_is_made_up() -> None:
    for one in figures([], LATER):
        assert (one.number, one.median, one.p90, one.share) == (0, None, None, None)


def test_groups_are_set_beside_each_other() -> None:
    quick = a_case(language="en", answers=[an_answer(after(minutes=5))])
    slow = a_case(language="es", answers=[an_answer(after(minutes=50))])
    groups = figures_by([quick, slow, slow], lambda case: case.language, LATER)
    assert {name: len(cases) for name, (cases, _) in groups.items()} == {"en": 1, "es": 2}
    assert [made[0].median for _, made in groups.values()] == [5 * MINUTE, 50 * MINUTE]


def test_every_measure_has_a_key_of_its_own_and_says_what_it_counts() -> None:
    assert len(BY_KEY) == len(MEASURES) == 19
    assert all(measure.definition.endswith(".") for measure in MEASURES)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (720, "12 min"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (86400, "1 day"),
        (187200, "2 days 4 h"),
    ],
)
def test_a_span_is_said_with_two_units_at_most(seconds: float, said: str) -> None:
    assert span(seconds) == said
