"""The figures of a period in one report: for the supervisor's page, for CSV and for `hark kpis`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from sqlmodel import Session, select

from hark311.kpi_cases import Case
from hark311.kpi_facts import Chosen, Facts, facts_of
from hark311.kpis import Figure, Reckoning, Unit, figures, figures_by, incidents
from models import CHANNELS, Channel, Service

MINUTE, HOUR, DAY = 60, 3600, 86400
BESIDE_EACH_OTHER = 25
"""More groups than that are no comparison any more: the largest are shown, and the CSV file has them all."""


class By(StrEnum):
    """By what the figures are set beside each other."""

    CHANNEL = "channel"
    LANGUAGE = "language"
    SERVICE = "service"
    DAY = "day"


_GROUP_OF: Mapping[By, Callable[[Case], str]] = {
    By.CHANNEL: lambda case: case.channel,
    By.LANGUAGE: lambda case: case.language,
    By.SERVICE: lambda case: case.service_code,
    By.DAY: lambda case: case.day.isoformat(),
}


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one group: what it is called, how many posts and incidents were read."""

    key: str
    name: str
    posts: int
    incidents: int
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period. `read` of `posts` were looked at."""

    chosen: Chosen
    reckoning: Reckoning
    posts: int
    read: int
    incidents: int
    figures: list[Figure]
    by: By
    parts: list[Part]
    days: list[Part]
    posts_by_day: Mapping[date, int]

    @property
    def sampled(self) -> bool:
        return self.read < self.posts


def report_of(session: Session, chosen: Chosen, reckoning: Reckoning, by: By = By.CHANNEL) -> Report:
    """Read the period and reckon every figure, for all of it, by group and by day."""
    facts = facts_of(session, chosen)
    names = _names(session)
    return Report(
        chosen=chosen,
        reckoning=reckoning,
        posts=facts.of,
        read=len(facts.cases),
        incidents=incidents(facts.cases),
        figures=figures(facts.cases, reckoning),
        by=by,
        parts=_parts(facts, by, names[by], reckoning),
        days=_parts(facts, By.DAY, {}, reckoning),
        posts_by_day=facts.by_day,
    )


def _parts(facts: Facts, by: By, names: Mapping[str, str], reckoning: Reckoning) -> list[Part]:
    groups = figures_by(facts.cases, _GROUP_OF[by], reckoning)
    parts = [
        Part(key, names.get(key, key) or "not known", len(cases), incidents(cases), made)
        for key, (cases, made) in groups.items()
    ]
    return parts if by == By.DAY else sorted(parts, key=lambda part: (-part.posts, part.name))


def _names(session: Session) -> Mapping[By, Mapping[str, str]]:
    from hark311.console.words import LANGUAGES

    return {
        By.CHANNEL: {channel.value: facts.label for channel, facts in CHANNELS.items()},
        By.LANGUAGE: {**LANGUAGES, "und": "language unclear"},
        By.SERVICE: dict(session.exec(select(Service.service_code, Service.service_name)).all()),
        By.DAY: {},
    }


def said(figure: Figure, value: float | None) -> str:
    """A value of a figure as people read it."""
    if value is None:
        return "–"
    if figure.measure.unit == Unit.TIME:
        return span(value)
    if figure.measure.unit == Unit.SHARE:
        return f"{100 * value:.0f} %"
    return f"{value:g}"


def span(seconds: float) -> str:
    """A stretch of time with two units at most: "40 s", "12 min", "3 h 20 min", "2 days 4 h"."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        hours, minutes = divmod(whole // MINUTE, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(whole // HOUR, 24)
    called = "1 day" if days == 1 else f"{days} days"
    return f"{called} {hours} h" if hours else called


def as_dict(report: Report) -> dict[str, Any]:
    """What `hark kpis --json` prints. Times in seconds, shares from 0 to 1."""
    period = report.chosen.period
    return {
        "since": period.first.isoformat(),
        "until": period.last.isoformat(),
        "time_zone": str(period.zone),
        "channel": report.chosen.channel,
        "service": report.chosen.service_code or None,
        "language": report.chosen.language or None,
        "within_hours": report.reckoning.within.total_seconds() / HOUR,
        "posts": report.posts,
        "posts_read": report.read,
        "incidents_read": report.incidents,
        "figures": [_figure(one) for one in report.figures],
        "by": report.by,
        "groups": [
            {
                "key": part.key,
                "name": part.name,
                "posts_read": part.posts,
                "incidents_read": part.incidents,
                "figures": [_figure(one) for one in part.figures],
            }
            for part in report.parts
        ],
    }


def _figure(one: Figure) -> dict[str, Any]:
    return {
        "key": one.measure.key,
        "name": one.measure.name,
        "unit": one.measure.unit,
        "number": one.number,
        "median": one.median,
        "p90": one.p90,
        "share": one.share,
        "definition": one.measure.definition,
    }


def rendered(report: Report) -> RenderableType:
    """The report as tables for a person at a terminal."""
    period = report.chosen.period
    title = f"{period.first.isoformat()} to {period.last.isoformat()}: {report.posts:,} posts"
    table = Table("figure", "median or share", "p90", "of so many", title=title)
    for one in report.figures:
        table.add_row(one.measure.name, said(one, one.headline), said(one, one.p90), f"{one.number:,}")
    if report.sampled:
        table.caption = f"Reckoned from an even sample of {report.read:,} posts."
    beside = Table(str(report.by), "posts read", "first response", "answered in time")
    for part in report.parts[:BESIDE_EACH_OTHER]:
        first, answered = part.figures[0], part.figures[1]
        beside.add_row(part.name, f"{part.posts:,}", said(first, first.median), said(answered, answered.share))
    return Group(table, beside)


def channel_named(name: str) -> Channel | None:
    """The channel of this name; None for one there is not."""
    return Channel(name) if name in set(Channel) else None


def day_named(written: str) -> date | None:
    """The day of "2026-11-20"; None for what is none."""
    try:
        return datetime.strptime(written, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the city's calendar
    except ValueError:
        return None
