"""What the desk calls outcomes, sources and the states of a promise to tell."""

from hark311.console.words import Sign
from models import NoticeState, Outcome, UpdateSource

OUTCOME = {
    Outcome.ACCEPTED: "accepted",
    Outcome.SCHEDULED: "scheduled",
    Outcome.FIXED: "fixed",
    Outcome.NO_ACTION: "closed (no action)",
    Outcome.DUPLICATE: "a duplicate",
    Outcome.REFERRED: "passed on to others",
    Outcome.COULD_NOT_FIND: "could not be found",
    Outcome.NEEDS_INFORMATION: "the city asks for more",
    Outcome.LATE: "late",
}
SAYABLE = {one: said for one, said in OUTCOME.items() if one is not Outcome.LATE}
"""What a person can say that a change means; being late is counted, not said."""

SOURCE = {
    UpdateSource.CITY: "the city",
    UpdateSource.PARTNER: "a partner",
    UpdateSource.DEPARTMENT: "the department",
    UpdateSource.CALENDAR: "the calendar",
    UpdateSource.STAFF: "somebody here",
}
HEARD_FROM = {UpdateSource.DEPARTMENT: "a department told us", UpdateSource.STAFF: "we saw it ourselves"}

NOTICE = {
    NoticeState.PENDING: Sign("clock-3", "waits to be told", "act"),
    NoticeState.DRAFTED: Sign("circle", "drafted", "act"),
    NoticeState.TOLD: Sign("check", "told", "ok"),
    NoticeState.SKIPPED: Sign("ban", "not told"),
}
UNCLEAR = Sign("circle-question-mark", "waits for a person's word", "warn")
"""A draft that has no words yet, because nobody knows what the change means."""
