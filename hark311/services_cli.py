"""The `hark services` commands: find a city's Open311 endpoint, and keep our services in step with its list."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hark311.terminal import AsJson, Data, fail, of_running, out, stored, told

if TYPE_CHECKING:  # loading the tables takes longer than --help should
    from models import Database
    from responders.city_services import Changes
    from responders.open311 import Open311City

app = typer.Typer(help="The city's services: found, and kept in step.", no_args_is_help=True)

Page = Annotated[str, typer.Argument(help="The city's discovery page, or the site it is at.")]
Fewer = Annotated[bool, typer.Option("--fewer", help="The city really offers less than half of what it did.")]

_SAID = {
    "added": "New",
    "changed": "Changed",
    "back": "Offered again",
    "gone": "Not offered any more",
    "questions": "Questions changed",
    "elsewhere": "Left out, another jurisdiction has this code",
    "unread": "Questions could not be asked",
}


@app.command()
@told
def sync(data: Data = None, fewer: Fewer = False, as_json: AsJson = False) -> None:
    """Ask the city which services it offers and what they ask, and say what changed. The worker does it once a day.

    Example: `hark services sync --json`
    """
    from hark311 import wiring
    from responders.errors import CityUnreachable

    settings = of_running(data)
    try:
        changes = asyncio.run(_sync(stored(settings), wiring.city(settings), fewer=fewer))
    except CityUnreachable as error:
        fail(f"Nothing was changed: {error}.")
    if as_json:
        typer.echo(json.dumps(asdict(changes), indent=2))
        return
    for name, codes in asdict(changes).items():
        if codes:
            out.print(f"{_SAID[name]}: {', '.join(codes)}", highlight=False, markup=False)
    if not changes:
        out.print("Nothing has changed.")


@app.command()
@told
def discover(page: Page, as_json: AsJson = False) -> None:
    """Find a city's production GeoReport v2 endpoint from its discovery page, and say what to set.

    Example: `hark services discover https://311.example.org/discovery`
    """
    from responders.errors import CityUnreachable
    from responders.open311_discovery import discover as find

    try:
        found = asyncio.run(find(page))
    except CityUnreachable as error:
        fail(f"No endpoint was found: {error}.")
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    lines = ["[open311]", f"base_url = {json.dumps(found.base_url)}", f"format = {json.dumps(found.format)}"]
    if not found.production:
        lines.insert(0, "# It offers a test endpoint alone: what is filed there reaches no crew.")
    lines += [f"# {one}" for one in (found.contact, found.key_service) if one]
    for line in lines:
        out.print(" ".join(line.split()), highlight=False, markup=False, soft_wrap=True)


async def _sync(database: "Database", city: "Open311City", *, fewer: bool) -> "Changes":
    from responders.city_services import ServicesInStep

    async with city:
        return await ServicesInStep(database, city).sync(fewer=fewer)
