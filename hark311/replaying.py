"""The `hark replay` command: what a person sees of a replay."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import Progress

from hark311 import wiring
from hark311.replay import NETWORKS, BadLine, Check, Line, Replay, ReplayError, paced, read_lines, settle
from hark311.settings import Settings
from hark311.simulated import simulator_root
from hark311.supervisor import running_pids
from models import Channel

Fail = Callable[[str, int], NoReturn]
SHOWN_BAD_LINES = 20


def replay(
    settings: Settings,
    file: Path,
    channel: str,
    *,
    rate: float,
    limit: int | None,
    check: bool,
    patience: float,
    as_json: bool,
    fail: Fail,
    progress: Callable[[], Progress],
    err: Console,
) -> None:
    """Say the file's lines, tell about broken ones, and count from both sides when asked to."""
    if not settings.simulated:
        fail("Replay speaks on the simulated networks only, and this product has live accounts. Nothing was said.", 2)
    if channel not in tuple(NETWORKS):
        fail(f"{channel!r} is no channel. Choose one of: {', '.join(NETWORKS)}.", 2)
    bad: list[BadLine] = []
    speaker = Replay(simulator_root(settings), Channel(channel), err.print)
    if not running_pids(settings.data) and not speaker.answers():
        fail(f"Nothing runs with {settings.data}. Start it with `hark up`, then repeat the command.", 2)
    try:
        with file.open(encoding="utf-8-sig", errors="surrogateescape") as opened, progress() as bar:
            task = bar.add_task(f"Saying posts on {channel}", total=limit)
            for lines in paced(_good(read_lines(opened, file.name, limit), bad), rate):
                speaker.say(lines)
                bar.advance(task, len(lines))
        found = None
        if check:
            with err.status("Waiting until everything is understood...") as status:
                found = settle(wiring.database_of(settings), speaker, patience, lambda now: status.update(_so_far(now)))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}. {len(speaker.said) or 'No'} lines were said.", 2)
    except ReplayError as error:
        fail(str(error), 1)
    _tell(speaker, found, bad, as_json, err)
    if bad or (found and (found.lost or found.doubled or found.understood < found.sent)):
        raise typer.Exit(1)


def _good(lines: Iterator[Line | BadLine], bad: list[BadLine]) -> Iterator[Line]:
    for line in lines:
        if isinstance(line, BadLine):
            bad.append(line)
        else:
            yield line


def _so_far(now: Check) -> str:
    return f"Waiting: {now.stored} of {now.sent} stored, {now.understood} understood"


def _tell(speaker: Replay, found: Check | None, bad: list[BadLine], as_json: bool, err: Console) -> None:
    for line in bad[:SHOWN_BAD_LINES]:
        err.print(f"line {line.number} {line.reason}; it was left out", markup=False, style="yellow", soft_wrap=True)
    if len(bad) > SHOWN_BAD_LINES:
        err.print(f"and {len(bad) - SHOWN_BAD_LINES} more lines were left out", style="yellow")
    counts = found.as_dict() if found else {"said": len(speaker.said)}
    if as_json:
        typer.echo(json.dumps(counts | ({"left_out": len(bad)} if bad else {})))
    else:
        typer.echo(", ".join(f"{count} {what}" for what, count in counts.items()) + ".")
