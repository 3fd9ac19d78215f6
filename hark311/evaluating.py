"""The `hark evaluate` command: what a person sees of a measurement."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import Progress

from classifier.evaluation import TASKS, Evaluation, LabelledRows, read_rows, score, tables, write_report
from hark311 import wiring
from hark311.settings import Settings

Fail = Callable[[str, int], NoReturn]


def evaluate(
    settings: Settings,
    task: str,
    files: Sequence[Path],
    *,
    as_json: bool,
    report: Path | None,
    fail: Fail,
    progress: Callable[[], Progress],
    out: Console,
    err: Console,
) -> None:
    """Measure the classifier these settings ask for, print the figures, and write the page when asked to."""
    if task not in TASKS:
        fail(f"{task!r} is no task. Choose one of: {', '.join(TASKS)}.", 2)
    labelled = _rows(task, files, fail)
    if report:
        _prepare(report, fail)
    with err.status("Loading the classifier..."):
        classifier = wiring.classifier_of(settings)
    with progress() as bar:
        shown = bar.add_task(f"Measuring {task}", total=len(labelled.rows))
        found = score(labelled, classifier, advance=lambda done, _: bar.update(shown, completed=done))
    page = _write(found, report, fail) if report else None
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        out.print(tables(found))
    if page:
        err.print(f"The report is {page}", highlight=False, soft_wrap=True)


def _rows(task: str, files: Sequence[Path], fail: Fail) -> LabelledRows[object]:
    try:
        labelled = read_rows(task, files)
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}. Nothing was measured.", 2)
    if not labelled.rows:
        counts = ", ".join(f"{why} {n}" for why, n in labelled.skipped.counts.items()) or "the files are empty"
        first = next((f" {one.file}, line {one.line}: {one.reason}." for one in labelled.skipped.broken), "")
        fail(f"No line has a label that {task} needs ({counts}).{first} Nothing was measured.", 1)
    return labelled


def _prepare(folder: Path, fail: Fail) -> None:
    """A directory that cannot be made is told before minutes are spent."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{folder} cannot hold a report: {error.strerror}. Nothing was measured.", 2)


def _write(found: Evaluation, folder: Path, fail: Fail) -> Path:
    try:
        return write_report(found, folder, datetime.now(UTC))
    except OSError as error:
        fail(f"The report was not written: {error.filename}: {error.strerror}.", 2)
