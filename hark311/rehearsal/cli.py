"""`hark simulate storm`: a night of the desk in minutes, on a clock that is turned."""

import asyncio
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hark311.terminal import AsJson, err, fail, out, told
from models import utc_now

Keep = Annotated[
    Path | None, typer.Option("--keep", help="Keep what was played in this new directory, to look at with `hark up`.")
]


@contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        if keep.exists() and any(keep.iterdir()):
            fail(f"{keep} is not empty. A rehearsal begins with an empty directory; nothing was touched.", 2)
        yield keep
        return
    made = Path(tempfile.mkdtemp(prefix="hark311-rehearsal-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@told
def storm(
    hours: Annotated[float, typer.Option(min=1, max=24, help="Simulated hours of night shift and morning.")] = 6,
    posts: Annotated[int, typer.Option(min=10, max=20_000, help="How many posts.")] = 5000,
    problems: Annotated[int, typer.Option(min=1, max=1000, help="How many problems they are about.")] = 600,
    seed: Annotated[int, typer.Option(help="The same seed plays the same storm.")] = 1,
    keep: Keep = None,
    as_json: AsJson = False,
) -> None:
    """Play a storm through the whole product: thousands of posts, a scripted approver at the desk, a city that closes.

    Nothing leaves this machine. Ends with 1 when a promise of the desk was not kept.

    Example: `hark simulate storm --hours 6 --json`
    """
    from classifier.places.starter import starter_features
    from hark311.rehearsal.clock import SharedClock
    from hark311.rehearsal.stage import Stage
    from hark311.rehearsal.storm import begin, play
    from hark311.rehearsal.storm_report import report, sentences
    from hark311.rehearsal.storm_script import write_storm
    from hark311.settings import load

    logging.getLogger().setLevel(logging.ERROR)
    try:
        script = write_storm(
            list(starter_features("philadelphia")), posts=posts, problems=problems, hours=hours, seed=seed
        )
    except ValueError as error:
        fail(f"This storm cannot be written: {error}.", 2)

    async def night(data: Path) -> bool:
        started, zone = time.monotonic(), ZoneInfo(load(data).city_time_zone)
        clock = SharedClock(begin(utc_now(), zone, script.span))
        with _progress() as progress:
            bar = progress.add_task("the stage is being set", total=1.0)
            async with Stage(data, clock) as stage:
                played = await play(
                    stage, script, lambda what, done: progress.update(bar, description=what, completed=done)
                )
                found = report(played, stage.simulator, stage.database, zone, time.monotonic() - started)
        if as_json:
            typer.echo(json.dumps(found.as_dict(), indent=2))
        else:
            for sentence in sentences(found):
                out.print(sentence)
        return found.kept

    with _directory(keep) as data:
        if not asyncio.run(night(data)):
            raise typer.Exit(1)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True)
