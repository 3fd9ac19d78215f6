"""`hark simulate chat`: a tweet chat with all that makes one difficult, and a score at its end."""

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from hark311.rehearsal.cli import Keep, _directory, _progress
from hark311.terminal import AsJson, Data, fail, of_running, out, stored, told
from models import utc_now

if TYPE_CHECKING:
    from hark311.rehearsal.chat_report import ChatScore
    from hark311.rehearsal.chat_script import ChatScript

From = Annotated[Path | None, typer.Option("--from", help="Play the chat in this file instead of writing one.")]
Record = Annotated[Path | None, typer.Option("--record", help="Keep what was said in this new file.")]
WithStaff = Annotated[
    int | None,
    typer.Option("--with-staff", metavar="CHAT", help="Write into this chat of the product that runs with --data."),
]


@told
def chat(
    speed: Annotated[
        float, typer.Option(min=0.1, max=600, help="So many times as fast as the clock on the wall.")
    ] = 60,
    posts: Annotated[int, typer.Option(min=20, max=5000, help="How many posts.")] = 400,
    seed: Annotated[int, typer.Option(help="The same seed writes the same chat.")] = 1,
    whole: Annotated[
        bool, typer.Option("--whole", help="Below speed 4, play all of it at that speed, not the difficult part alone.")
    ] = False,
    from_file: From = None,
    record: Record = None,
    with_staff: WithStaff = None,
    data: Data = None,
    keep: Keep = None,
    as_json: AsJson = False,
) -> None:
    """Play a tweet chat through the whole product, with a flood, a troll, an emergency, a wrong fact and a guest gone.

    A host, a moderator and two guests work over HTTP alone; or real staff do, with --with-staff. Nothing leaves this
    machine. Ends with 1 when a promise of the desk was not kept. Below speed 4 the difficult quarter of an hour keeps
    that speed, and the rest is played at 60.

    Example: `hark simulate chat --speed 60 --json`
    """
    if record is not None and record.exists():
        fail(f"{record} is there already. Nothing was played.", 2)
    script = _script(from_file, posts, seed)
    logging.getLogger().setLevel(logging.CRITICAL + 1)
    if with_staff is not None:
        found, script, at = _with_staff(with_staff, script, speed, data)
    else:
        with _directory(keep) as directory:
            found, at = asyncio.run(_alone(directory, script, speed, whole))
    if record is not None:
        from hark311.rehearsal.chat_record import recorded

        record.write_text(recorded(script, at), "utf-8")
    _tell(found, as_json)
    if not found.kept and with_staff is None:
        raise typer.Exit(1)


def _script(from_file: Path | None, posts: int, seed: int) -> "ChatScript":
    """The chat in a file, or one that is written. Ends with 2 where there is none."""
    from classifier.places.starter import starter_features
    from hark311.rehearsal.chat_case import model_case
    from hark311.rehearsal.chat_record import BadRecord, read_record
    from hark311.rehearsal.chat_script import corners, write_chat

    if from_file is None:
        return write_chat(model_case(), corners(starter_features("philadelphia")), posts=posts, seed=seed)
    try:
        return read_record(from_file)
    except BadRecord as error:
        fail(f"{from_file} cannot be played. {error}.", 2)


async def _alone(data: Path, script: "ChatScript", speed: float, whole: bool) -> "tuple[ChatScore, dict[str, float]]":
    """The chat with scripted people; the score, and when each line was said."""
    from hark311.rehearsal.chat_cast import cast_of
    from hark311.rehearsal.chat_play import Pacing, Play
    from hark311.rehearsal.chat_residents import Participants
    from hark311.rehearsal.chat_stage import begin, lay_out
    from hark311.rehearsal.clock import PacedClock
    from hark311.rehearsal.stage import Stage
    from hark311.settings import load

    clock = PacedClock(begin(utc_now(), ZoneInfo(load(data).city_time_zone)))
    with _progress() as progress:
        bar = progress.add_task("the stage is being set", total=1.0)
        async with Stage(data, clock) as stage:
            laid = lay_out(stage, script.case)
            participants = Participants(stage.simulator, script, laid.starts_at.timestamp())
            cast = cast_of(stage, laid, script.case, participants)
            play = Play(
                stage,
                clock,
                laid,
                participants,
                Pacing.of(speed, whole=whole),
                cast.people,
                lambda what, done: progress.update(bar, description=what, completed=done),
            )
            started = time.monotonic()
            await play.run()
            found = play.score(speed, time.monotonic() - started, cast.on_board)
    return found, {key: one.at for key, one in participants.said.items()}


def _with_staff(
    chat_id: int, script: "ChatScript", speed: float, data: Path | None
) -> "tuple[ChatScore, ChatScript, dict[str, float]]":
    """The chat with real people at the board of the product that runs; the score, and when each line was said."""
    from hark311.rehearsal.chat_with_staff import NoRehearsal, rehearse

    settings = of_running(data)
    with _progress() as progress:
        bar = progress.add_task("residents write", total=1.0)
        try:
            return rehearse(
                settings,
                stored(settings),
                chat_id,
                script,
                speed,
                lambda what, done: progress.update(bar, description=what, completed=done),
            )
        except NoRehearsal as error:
            fail(f"{error} Nothing was said.", 2)


def _tell(found: "ChatScore", as_json: bool) -> None:
    from hark311.rehearsal.chat_report import sentences

    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
        return
    for sentence in sentences(found):
        out.print(sentence, highlight=False, markup=False, soft_wrap=True)
