"""`hark page-drill`: a marked test page along all steps, and what of it worked."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

import typer

from hark311.terminal import AsJson, Data, out, settings_of, stored, told


@dataclass(frozen=True, slots=True)
class Drill:
    """What is told in a drill; nobody can mistake it for a danger."""

    step: str
    link: str

    @property
    def headline(self) -> str:
        return f"DRILL, no danger: hark311 tries how it pages {self.step}. Nothing is to be done. {self.link}"

    @property
    def level(self) -> int:
        return 20  # logging.INFO: nobody's alerting is to go off

    @property
    def subject(self) -> str:
        return "Drill, no danger"

    @property
    def letter(self) -> str:
        return f"{self.headline}\n"

    @property
    def facts(self) -> Mapping[str, object]:
        return {"drill": True, "step": self.step, "link": self.link}


@told
def page_drill(data: Data = None, as_json: AsJson = False) -> None:
    """Page every step once with a page marked as a drill, and say what reached whom. Ends with 1 if anything did not.

    Example: `hark page-drill --json`
    """
    from hark311.escalating import ways_of
    from hark311.paging import Step, notifiers, tell
    from models import utc_now
    from models.escalation import steps_of

    settings, now = settings_of("hark", data), utc_now()
    with stored(settings).read() as session:
        steps = [Step("the desk", notifiers(settings.notify))]
        steps += [
            Step(one.name, ways_of(session, one, settings.notify, now, private=settings.simulated))
            for one in steps_of(session)
        ]
    found = []
    for step in steps:
        troubles = asyncio.run(tell(step.ways, Drill(step.name, settings.desk_url)))
        found.append({"step": step.name, "ways": [type(way).__name__ for way in step.ways], "troubles": troubles})
    if as_json:
        typer.echo(json.dumps({"drill": found}, indent=2))
    else:
        for one in found:
            said = "; ".join(one["troubles"]) or "every way worked"
            out.print(f"{one['step']}: {said}", markup=False)
    if any(one["troubles"] for one in found):
        raise typer.Exit(1)
