"""`hark calendars`: when the city works, who answers now, and when a promise would be due."""

import json
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from hark311.terminal import AsJson, Data, fail, out, settings_of, stored, told

app = typer.Typer(help="When the city works on requests, who answers now, and when a promise would be due.")


@app.callback(invoke_without_command=True)
@told
def calendars(context: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """List the calendars: open or closed, who answers now, and when they hand over. Changes nothing.

    Example: `hark calendars --json`
    """
    if context.invoked_subcommand:
        return
    from hark311.console.calendar_queries import cards
    from models import utc_now

    now = utc_now()
    with stored(settings_of("hark", data)).read() as session:
        found: list[dict[str, Any]] = [
            {
                "id": one.calendar.id,
                "name": one.calendar.name,
                "time_zone": one.calendar.time_zone,
                "holidays": " ".join(filter(None, (one.calendar.country, one.calendar.subdivision))),
                "now": one.opens,
                "who_answers": one.answers,
                "stopped": one.stopped,
                "services_promised": one.promises,
            }
            for one in cards(session, now)
        ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("calendar", "time zone", "now", "who answers", "promises")
    for one in found:
        said = f"the clock stands still {one['stopped']}" if one["stopped"] else one["now"]
        table.add_row(one["name"], one["time_zone"], said, one["who_answers"] or "–", str(one["services_promised"]))
    out.print(table if found else "No calendar is set up. A supervisor adds one under Calendars.")


@app.command()
@told
def due(
    service: Annotated[str, typer.Argument(help="service_code, such as SR-ST01.")],
    begins: Annotated[
        str, typer.Option("--from", help="When it is filed, such as 2026-11-20T15:30; without it now.")
    ] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say by when a request filed at a moment would be promised. A moment without an offset is the calendar's own time.

    Example: `hark calendars due SR-ST01 --from 2026-11-20T15:30 --json`
    """
    from hark311.console.calendar_words import promise_words
    from models import ServicePromise, utc_now
    from models.business_time import NeverOpen, due_at
    from models.calendars import timetables

    with stored(settings_of("hark", data)).read() as session:
        promised = session.get(ServicePromise, service)
        if promised is None:
            fail(f"Nothing is promised for {service}: only the date that the city's own system gives counts.", 2)
        hours = timetables(session)[promised.calendar_id]
    start = _moment(begins, hours.zone) if begins else utc_now()
    if start is None:
        fail("A moment is written like 2026-11-20T15:30 or 2026-11-20T15:30-05:00.", 2)
    try:
        at = due_at(hours, start, promised.promise).astimezone(hours.zone)
    except NeverOpen as error:
        fail(str(error), 1)
    if as_json:
        said = {"service_code": service, "promise": promise_words(promised.promise), "from": start.isoformat()}
        typer.echo(json.dumps({**said, "due": at.isoformat()}, indent=2))
    else:
        out.print(f"{promise_words(promised.promise)}: {at:%A, %b} {at.day}, {at:%H:%M} in {hours.zone}")


def _moment(written: str, zone: ZoneInfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)
