"""The supervisor's tables: rows in words, for the page and for a file."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, select

from classifier.taxonomy import CATEGORIES
from hark311.console import supervise_queries, words
from hark311.console.assignment_queries import account_in_words
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.sheets import Cell, Sheet, cell
from hark311.console.supervise_queries import Clock, Conditions
from hark311.kpi_report import Part, Report, said, span
from hark311.kpis import MEASURES, Unit
from models import LabelTask, Service
from responders import standing
from responders.tray import Stuck, Trouble, stuck

TASKS: Mapping[str, str] = {
    LabelTask.CATEGORY: "kind of problem",
    LabelTask.INTENT: "what the author wants",
    LabelTask.URGENCY: "how urgent it is",
    LabelTask.LANGUAGE: "language",
    LabelTask.PLACE: "where it is",
}


def sheets_of(session: Session, console: Console, scope: Conditions) -> dict[str, Sheet]:
    """Every table of the page that says how things stand now, by key."""
    now = console.now()
    made = (
        _desks(session, now, scope),
        _clock("first-reply", "First-reply clock", supervise_queries.first_reply_clock(session, now, scope)),
        _clock("outcome", "Outcome clock", supervise_queries.outcome_clock(session, now)),
        _pending(session, now, scope),
        _deliveries(session, now, scope),
        _overrides(session, now),
        _standing(session, console),
        _held(session, now),
    )
    return {sheet.key: sheet for sheet in made}


def _desks(session: Session, now: datetime, scope: Conditions) -> Sheet:
    found = supervise_queries.desks(session, scope)
    people = names_of_staff(session, [one.staff_id for one in found])
    accounts = supervise_queries.accounts_by_id(session)
    rows = [
        (
            cell(account_in_words(accounts[one.account_id])),
            cell(people.get(one.staff_id or 0, "somebody who left") if one.staff_id else "nobody in particular"),
            cell(one.waiting),
            _age(one.oldest, now),
            cell(one.first),
            _age(one.oldest_first, now) if one.oldest_first else cell(None),
        )
        for one in found
    ]
    columns = (
        "Account",
        "Assigned to",
        "Waiting",
        "Oldest waits (seconds)",
        "Without any reply",
        "Oldest of those (seconds)",
    )
    return Sheet("waiting", "What waits, by desk", columns, rows, "Nothing waits.")


def _clock(key: str, title: str, clocks: Sequence[Clock]) -> Sheet:
    return Sheet(
        key,
        title,
        ("Since or until", "How many"),
        [(cell(one.word), cell(one.number, f"{one.number:,}{'+' if one.more else ''}")) for one in clocks],
    )


def _pending(session: Session, now: datetime, scope: Conditions) -> Sheet:
    rows = [
        (
            cell(one.mention_id, f"#{one.mention_id}", f"/mentions/{one.mention_id}"),
            cell("second key" if one.key else "first key, on a draft"),
            cell(one.who),
            _age(one.since, now),
            cell("danger" if one.danger else ""),
        )
        for one in supervise_queries.pending(session, scope)
    ]
    columns = ("Mention", "Waits for", "Handed on by", "For (seconds)", "Danger")
    return Sheet("pending", "Approvals pending", columns, rows, "Nothing waits for another person.")


def _deliveries(session: Session, now: datetime, scope: Conditions) -> Sheet:
    by_place: dict[str, list[Stuck]] = {}
    for one in stuck(session, now, scope):
        by_place.setdefault(one.place, []).append(one)
    rows = [
        (
            cell(place, href="/deliveries"),
            *(cell(sum(1 for one in found if one.trouble == kind)) for kind in Trouble),
            _age(min(one.since for one in found), now),
        )
        for place, found in by_place.items()
    ]
    columns = ("Destination", *(words.TROUBLE[kind].word.capitalize() for kind in Trouble), "Oldest (seconds)")
    return Sheet("deliveries", "Failed deliveries", columns, rows, "Everything that was approved arrived.")


def _overrides(session: Session, now: datetime) -> Sheet:
    intents = {intent.value: word for intent, word in words.INTENT.items()}
    names: dict[str, str] = {**CATEGORIES, **intents, **words.LANGUAGES, "": "any of them"}
    names |= dict(session.exec(select(Service.service_code, Service.service_name)).all())
    rows = [
        (
            cell(names.get(one.suggested, one.suggested)),
            cell(TASKS.get(one.task, one.task.replace("_", " "))),
            cell(one.decided),
            cell(one.corrected),
            cell(round(one.rate, 4), f"{100 * one.rate:.0f} %"),
        )
        for one in supervise_queries.overrides(session, now)
    ]
    columns = ("Suggested", "About", "Decided", "Changed", "Override rate")
    empty = "Nobody has decided about a suggestion in the last 30 days."
    return Sheet("overrides", "Override rate of each suggestion, last 30 days", columns, rows, empty)


def _standing(session: Session, console: Console) -> Sheet:
    found, book, now = standing.in_force(session), standing.templates_of(session), console.now()
    people = names_of_staff(session, [one.switched_on_by for one in found])
    accounts = supervise_queries.accounts_by_id(session)
    rows = [
        (
            cell(f"{one.template_key.replace('_', ' ')}, version {one.template_version}", href="/standing"),
            cell(words.LANGUAGES.get(one.language, one.language)),
            cell(account_in_words(accounts[one.account_id])),
            cell(people.get(one.switched_on_by, "somebody")),
            cell(one.switched_on_at.isoformat(), console.city_time.moment(one.switched_on_at, now)),
            cell(one.expires_at.isoformat(), console.city_time.moment(one.expires_at, now)),
            cell(standing.why_ended(session, one, book, now) or "goes by itself"),
        )
        for one in found
    ]
    columns = ("Template", "Language", "Account", "Switched on by", "On", "Until", "Now")
    return Sheet("standing", "Templates switched on", columns, rows, "None. A person approves every reply.")


def _held(session: Session, now: datetime) -> Sheet:
    rows = [(cell(one.why), cell(one.number), _age(one.since, now)) for one in supervise_queries.held(session)]
    columns = ("Why", "Replies", "Longest (seconds)")
    return Sheet("held", "Approved and held", columns, rows, "Nothing that is approved is held.")


def _age(then: datetime, now: datetime) -> Cell:
    seconds = max(0, round((now - then).total_seconds()))
    return cell(seconds, span(seconds))


def figures_sheet(report: Report) -> Sheet:
    """Every figure of the period."""
    rows = [
        (
            cell(one.measure.name),
            cell(one.headline if one.headline is None else round(one.headline, 4), said(one, one.headline)),
            cell(one.p90 if one.p90 is None else round(one.p90, 4), said(one, one.p90) if one.p90 is not None else ""),
            cell(one.number),
            cell(one.measure.definition),
        )
        for one in report.figures
    ]
    columns = ("Figure", "Median (seconds) or share", "p90 (seconds)", "Of so many", "What it counts")
    return Sheet("figures", "Figures", columns, rows)


def parts_sheet(report: Report) -> Sheet:
    """The figures of each group beside each other: medians of times, and shares."""
    return _beside("by-" + report.by, f"By {report.by}", report.by.value.capitalize(), report.parts)


def days_sheet(report: Report) -> Sheet:
    """Day by day: what the charts are drawn from."""
    by_day = {part.key: part for part in report.days}
    rows = []
    for day, posts in report.posts_by_day.items():
        part = by_day.get(day.isoformat())
        first, answered = (part.figures[0], part.figures[1]) if part else (None, None)
        rows.append(
            (
                cell(day.isoformat(), f"{day:%b} {day.day}"),
                cell(posts),
                cell(first.median if first else None, said(first, first.median) if first else "–"),
                cell(first.p90 if first else None, said(first, first.p90) if first else "–"),
                cell(answered.share if answered else None, said(answered, answered.share) if answered else "–"),
            )
        )
    columns = ("Day", "Posts", "First response, median", "First response, p90", "Answered in time")
    return Sheet("days", "Day by day", columns, rows)


def _beside(key: str, title: str, first: str, parts: Sequence[Part]) -> Sheet:
    columns = [first, "Posts", "Incidents"]
    for measure in MEASURES:
        columns.append(measure.name)
        if measure.unit == Unit.TIME:
            columns.append(f"{measure.name}, p90")
    rows = []
    for part in parts:
        row = [cell(part.name), cell(part.posts), cell(part.incidents)]
        for one in part.figures:
            value = one.headline
            row.append(cell(None if value is None else round(value, 4), said(one, value)))
            if one.measure.unit == Unit.TIME:
                row.append(cell(one.p90, said(one, one.p90)))
        rows.append(row)
    return Sheet(key, title, columns, rows, "No post came in during this time.")
