"""The figures of the desk, as docs/explanation/figures.md defines them. Pure: facts of cases in, figures out.

Times are given as median and 90th percentile, never as an average: one post answered after a week must not hide a
hundred answered in minutes.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from hark311.kpi_cases import Answer, Case
from models.business_time import open_between

WITHIN = timedelta(hours=24)
QUIET = timedelta(days=7)
ABANDONED_AFTER = timedelta(hours=72)


class Unit(StrEnum):
    TIME = "time"
    SHARE = "share"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What a figure is reckoned against: the time it is now, and how soon an answer is soon enough."""

    now: datetime
    within: timedelta = WITHIN


Values = Callable[[Case, Reckoning], Iterator[float]]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: what it is called, what exactly it counts, and the values it takes from a case (seconds, 0 or 1).

    `storms_once`: of many posts about one incident only that whose request stands for all is counted.
    """

    key: str
    name: str
    unit: Unit
    definition: str
    values: Values
    storms_once: bool = True
    less_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure of some cases. `number`: of so many values. Times in seconds; a share is 0 to 1; None: no value."""

    measure: Measure
    number: int
    median: float | None = None
    p90: float | None = None
    share: float | None = None

    @property
    def headline(self) -> float | None:
        return self.share if self.measure.unit == Unit.SHARE else self.median


def figure(measure: Measure, cases: Iterable[Case], reckoning: Reckoning) -> Figure:
    """One figure of these cases."""
    counted = (case for case in cases if not (measure.storms_once and case.follows))
    values = sorted(value for case in counted for value in measure.values(case, reckoning))
    if not values:
        return Figure(measure, 0)
    if measure.unit == Unit.SHARE:
        return Figure(measure, len(values), share=sum(values) / len(values))
    return Figure(measure, len(values), median=median(values), p90=p90(values))


def figures(cases: Sequence[Case], reckoning: Reckoning) -> list[Figure]:
    """Every figure of these cases, in the order of MEASURES."""
    return [figure(measure, cases, reckoning) for measure in MEASURES]


def figures_by(
    cases: Iterable[Case], group_of: Callable[[Case], str], reckoning: Reckoning
) -> Mapping[str, tuple[list[Case], list[Figure]]]:
    """The same for each group, by its name: (its cases, its figures)."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(group_of(case), []).append(case)
    return {name: (groups[name], figures(groups[name], reckoning)) for name in sorted(groups)}


def incidents(cases: Iterable[Case]) -> int:
    """How many incidents these cases are about: a storm is one."""
    return sum(not case.follows for case in cases)


def p90(values: Sequence[float]) -> float:
    """The smallest value that nine of ten do not exceed. `values` rise and are not empty."""
    return values[math.ceil(0.9 * len(values)) - 1]


def _first_reply(case: Case, _: Reckoning) -> Iterator[float]:
    if case.in_scope and case.answers:
        yield _seconds(case.written_at, case.answers[0].sent_at)


def _answered(case: Case, reckoning: Reckoning) -> Iterator[float]:
    deadline = case.written_at + reckoning.within
    answered = bool(case.answers) and case.answers[0].sent_at <= deadline
    if case.in_scope and (answered or deadline <= reckoning.now):
        yield float(answered)


def _by_a_person(case: Case) -> Answer | None:
    answers = case.answers if case.in_scope else ()
    return next((answer for answer in answers if answer.by_a_person), None)


def _first_human(case: Case, _: Reckoning) -> Iterator[float]:
    if answer := _by_a_person(case):
        yield _seconds(case.written_at, answer.sent_at)


def _first_human_open(case: Case, _: Reckoning) -> Iterator[float]:
    if (answer := _by_a_person(case)) and case.hours:
        yield open_between(case.hours, case.written_at, answer.sent_at).total_seconds()


def _outcome(case: Case, _: Reckoning) -> Iterator[float]:
    if case.filed and case.filed.filed_at and case.filed.closed_at:
        yield _seconds(case.filed.filed_at, case.filed.closed_at)


def _outcome_open(case: Case, _: Reckoning) -> Iterator[float]:
    if case.filed and case.filed.filed_at and case.filed.closed_at and case.hours:
        yield open_between(case.hours, case.filed.filed_at, case.filed.closed_at).total_seconds()


def _handled(case: Case, _: Reckoning) -> Iterator[float]:
    if not case.answers or not case.in_hand:
        return
    sent_at = case.answers[0].sent_at
    spans = [(begun, min(ended, sent_at)) for begun, ended in case.in_hand if begun < sent_at]
    if spans:
        yield sum(_seconds(begun, ended) for begun, ended in spans)


def _drafted(case: Case, _: Reckoning) -> Iterator[float]:
    if case.drafted_at:
        yield _seconds(case.heard_at, case.drafted_at)


def _approval(case: Case, _: Reckoning) -> Iterator[float]:
    first = case.answers[0] if case.answers else None
    if first and first.by_a_person and first.approved_at and case.drafted_at:
        yield _seconds(case.drafted_at, first.approved_at)


def _touches(case: Case, _: Reckoning) -> Iterator[float]:
    if case.decided:
        yield float(len(case.in_hand))


def _first_contact(case: Case, reckoning: Reckoning) -> Iterator[float]:
    if case.answers and case.answers[0].sent_at + QUIET <= reckoning.now:
        yield float(not _heard_within(case, case.answers[0].sent_at, QUIET))


def _reopened(case: Case, _: Reckoning) -> Iterator[float]:
    if case.closed:
        yield float(case.reopened)


def _not_fixed(case: Case, _: Reckoning) -> Iterator[float]:
    yield from (float(denied) for denied in case.denied)


def _promise(case: Case, reckoning: Reckoning) -> Iterator[float]:
    filed = case.filed
    if filed is None or filed.promised_at is None:
        return
    if filed.closed_at is not None:
        yield float(filed.closed_at <= filed.promised_at)
    elif filed.promised_at < reckoning.now:
        yield 0.0


def _referred(case: Case, _: Reckoning) -> Iterator[float]:
    if case.answers:
        yield float(any(answer.refers for answer in case.answers))


def _overridden(case: Case, _: Reckoning) -> Iterator[float]:
    yield from (float(one.changed) for one in case.suggestions)


def _located(case: Case, _: Reckoning) -> Iterator[float]:
    if case.filed and case.filed.needs_place:
        yield float(case.filed.placed)


def _merged(case: Case, _: Reckoning) -> Iterator[float]:
    if case.filed:
        yield float(case.filed.follows)


def _abandoned(case: Case, reckoning: Reckoning) -> Iterator[float]:
    for answer in case.answers:
        if answer.asks and answer.sent_at + ABANDONED_AFTER <= reckoning.now:
            yield float(not _heard_within(case, answer.sent_at, ABANDONED_AFTER))


def _heard_within(case: Case, after: datetime, span: timedelta) -> bool:
    return any(after < at <= after + span for at in case.heard)


def _seconds(earlier: datetime, later: datetime) -> float:
    return max(0.0, (later - earlier).total_seconds())


MEASURES: Sequence[Measure] = (
    Measure(
        "first_reply",
        "First response time",
        Unit.TIME,
        "From when the resident wrote to when our first reply stood in the thread, by the wall clock, nights and "
        "weekends included, whether a person approved it or a standing approval. Only what was answered counts here; "
        "what was not shows in the response rate.",
        _first_reply,
    ),
    Measure(
        "response_rate",
        "Response rate",
        Unit.SHARE,
        "Of the posts that were to us and wanted an answer, the share answered within the time chosen, usually 24 h. A "
        "post younger than that and not answered yet is not counted. Everyone who wrote counts, in a storm as well.",
        _answered,
        storms_once=False,
        less_is_better=False,
    ),
    Measure(
        "first_human",
        "First reply by a person",
        Unit.TIME,
        "From when the resident wrote to when the first reply that a person approved stood in the thread, by the wall "
        "clock. What went by a standing approval does not stop this clock.",
        _first_human,
    ),
    Measure(
        "first_human_open",
        "First reply by a person, open hours",
        Unit.TIME,
        "The same in the hours in which the calendar of its service was open, else the city's own calendar: nights, "
        "weekends, holidays and stoppages are left out. Without a calendar nothing counts here.",
        _first_human_open,
    ),
    Measure(
        "outcome",
        "Outcome",
        Unit.TIME,
        "From when the request was filed to when the city closed it, by the wall clock. This is the department's clock "
        "and not the desk's: it begins where the desk's work ends. Only what is closed counts. When it was closed is "
        "when the city says it last changed it.",
        _outcome,
    ),
    Measure(
        "outcome_open",
        "Outcome, open hours",
        Unit.TIME,
        "The same in the hours in which the calendar of its service was open, else the city's own calendar.",
        _outcome_open,
    ),
    Measure(
        "handle_time",
        "Handle time",
        Unit.TIME,
        "How long people had it in hand, from the first opening to the first reply. Time in which nobody held it is "
        "idle and left out; of a claim that ran out, the time after its last prolonging as well.",
        _handled,
    ),
    Measure(
        "time_to_draft",
        "Time to draft",
        Unit.TIME,
        "From when we heard the post to when its draft stood on the desk. No person has a part in it.",
        _drafted,
        storms_once=False,
    ),
    Measure(
        "approval_latency",
        "Approval latency",
        Unit.TIME,
        "From the draft on the desk to the last key that the first reply needed. Replies that went by a standing "
        "approval are left out.",
        _approval,
    ),
    Measure(
        "touches",
        "Touches per case",
        Unit.NUMBER,
        "How often a person took a case in hand before and after it was decided. Only decided cases count.",
        _touches,
    ),
    Measure(
        "first_contact",
        "First-contact resolution",
        Unit.SHARE,
        "Of the cases whose first reply is at least 7 days old, the share whose author wrote nothing more in those "
        "7 days. An answer to a question of ours counts as writing again, but not a yes to whether it is fixed.",
        _first_contact,
        less_is_better=False,
    ),
    Measure(
        "reopened",
        "Reopen rate",
        Unit.SHARE,
        "Of the cases that were closed, the share that came back: the author wrote again, said that it is not fixed, "
        "or a person opened it again. Telling the city's news is no coming back, nor is a yes to whether it is fixed.",
        _reopened,
    ),
    Measure(
        "not_fixed",
        "Not fixed, say residents",
        Unit.SHARE,
        "Of the closings that residents were asked about, the share answered with “not fixed”. A question counts once "
        "it is answered, or closed after silence. Everyone who was asked counts, in a storm as well.",
        _not_fixed,
        storms_once=False,
    ),
    Measure(
        "sla_met",
        "Promise kept (SLA met)",
        Unit.SHARE,
        "Of the filed requests with a promised date, the city's or else that of the service's calendar, the share the "
        "city closed by then. Open ones count as missed once "
        "the date is over, and not before. When it was closed is when the city says it last changed it.",
        _promise,
        less_is_better=False,
    ),
    Measure(
        "referral",
        "Referral",
        Unit.SHARE,
        "Of the answered cases, the share we sent to somebody else: 911 and other lines, by the wording used.",
        _referred,
    ),
    Measure(
        "override",
        "Override rate",
        Unit.SHARE,
        "Of the suggestions of the classifier that a person decided about, the share they changed or refused. Where it "
        "suggested nothing, nothing counts.",
        _overridden,
        storms_once=False,
    ),
    Measure(
        "located",
        "Location resolved",
        Unit.SHARE,
        "Of the requests whose service needs a place, the share that has a point on the map and lacks nothing about "
        "where it is.",
        _located,
        less_is_better=False,
    ),
    Measure(
        "merged",
        "Duplicate merge",
        Unit.SHARE,
        "Of the requests, the share that was joined to another one about the same incident.",
        _merged,
        storms_once=False,
        less_is_better=False,
    ),
    Measure(
        "abandoned",
        "Abandonment, 72 h",
        Unit.SHARE,
        "Of our questions to residents that are at least 72 hours old, the share nobody answered in that time.",
        _abandoned,
        storms_once=False,
    ),
)
BY_KEY: Mapping[str, Measure] = {measure.key: measure for measure in MEASURES}
