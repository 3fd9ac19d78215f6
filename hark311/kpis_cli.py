"""`hark kpis`: the figures of the desk at a terminal, or as JSON."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from hark311.terminal import AsJson, Data, fail, out, settings_of, stored, told


@told
def kpis(
    data: Data = None,
    since: Annotated[str, typer.Option(help="First day, such as 2026-11-01; without it the last seven days.")] = "",
    until: Annotated[str, typer.Option(help="Last day; without it today.")] = "",
    channel: Annotated[str, typer.Option(help="This channel alone.")] = "",
    service: Annotated[str, typer.Option(help="This service_code alone.")] = "",
    language: Annotated[str, typer.Option(help="This language alone, such as es.")] = "",
    by: Annotated[str, typer.Option(help="Set beside each other by channel, language, service or day.")] = "channel",
    within: Annotated[int, typer.Option(min=1, help="Hours in which an answer counts as soon enough.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Show how the desk does: response times, rates and promises of a period of at most 92 days. Changes nothing.

    Example: `hark kpis --since 2026-11-01 --by language --json`
    """
    from hark311.danger_figures import danger_figures
    from hark311.kpi_facts import Chosen, period_of
    from hark311.kpi_report import By, as_dict, channel_named, day_named, rendered, report_of
    from hark311.kpis import Reckoning
    from hark311.misdirected import misdirected
    from models import utc_now

    settings, now = settings_of("hark", data), utc_now()
    zone = ZoneInfo(settings.city_time_zone)
    first, last = day_named(since), day_named(until)
    if (since and first is None) or (until and last is None):
        fail("A day is written like 2026-11-20.", 2)
    if channel and channel_named(channel) is None:
        fail(f"There is no channel {channel!r}.", 2)
    if by not in set(By):
        fail(f"Figures are set beside each other by {', '.join(By)}.", 2)
    period = period_of(first, last, now.astimezone(zone).date(), zone)
    chosen = Chosen(period, channel_named(channel), service, language)
    with stored(settings).read() as session:
        report = report_of(session, chosen, Reckoning(now, timedelta(hours=within)), By(by))
        dangers = danger_figures(session, period.begins, period.ends)
        elsewhere = misdirected(session, period.begins, period.ends)
    if as_json:
        more = {"dangers": dangers.as_dict(), "misdirected": [asdict(one) for one in elsewhere]}
        typer.echo(json.dumps(as_dict(report) | more, indent=2))
    else:
        out.print(rendered(report))
        seconds = "" if dangers.seconds is None else f", half of them within {dangers.seconds / 60:.0f} minutes"
        out.print(
            f"Dangers: {dangers.acknowledged} of {dangers.raised} acknowledged{seconds}; {dangers.escalated} escalated."
        )
        out.print(f"Not ours: {sum(one.number for one in elsewhere)} mentions. See `--json` or the page Not ours.")
