"""`hark deliveries`: the failed deliveries at a terminal, or as JSON."""

import json
from typing import Any

import typer

from hark311.terminal import AsJson, Data, out, settings_of, stored, told


@told
def deliveries(data: Data = None, as_json: AsJson = False) -> None:
    """List approved requests that did not arrive, with cause and what a retry would do. Ends with 1 if there are any.

    Example: `hark deliveries --json`
    """
    from zoneinfo import ZoneInfo

    from hark311.console.times import CityTime
    from models import utc_now
    from responders.tray import stuck, what_it_does

    settings = settings_of("hark", data)
    now, times = utc_now(), CityTime(ZoneInfo(settings.city_time_zone))
    with stored(settings).read() as session:
        found: list[dict[str, Any]] = [
            {
                "request": one.request.id,
                "reference": one.request.reference,
                "destination": one.place,
                "trouble": one.trouble.value,
                "approved_at": one.since.isoformat(),
                "seconds": round((now - one.since).total_seconds()),
                "cause": one.cause,
                "retries": {how.value: what_it_does(one, how, times.clock) for how in one.retries},
            }
            for one in stuck(session, now)
        ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        out.print("\n\n".join(_line(one) for one in found) or "Everything that was approved arrived.", markup=False)
    if found:
        raise typer.Exit(1)


def _line(one: dict[str, Any]) -> str:
    days, rest = divmod(one["seconds"], 86400)
    age = f"{days} d" if days else f"{rest // 3600} h" if rest >= 3600 else f"{rest // 60} min"
    retries = "".join(f"\n    {how}: {does}" for how, does in one["retries"].items())
    return f"{one['reference']}  {one['destination']}  {one['trouble']}  {age}\n    {one['cause']}{retries}"
