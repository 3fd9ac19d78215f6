"""The `hark evaluate` command: what a person sees of a measurement."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import Progress

from classifier.corpus import Example
from classifier.evaluation import TASKS, Evaluation, LabelledRows, read_rows, score, tables, write_report
from classifier.evaluation.rows import Right
from classifier.rules import build
from classifier.taxonomy import CATEGORIES
from hark311 import trained, wiring
from hark311.settings import Settings
from hark311.terminal import stored

Fail = Callable[[str, int], NoReturn]


def evaluate(
    settings: Settings,
    task: str,
    files: Sequence[Path],
    city: str = "",
    *,
    as_json: bool,
    report: Path | None,
    fail: Fail,
    progress: Callable[[], Progress],
    out: Console,
    err: Console,
) -> None:
    """Measure the classifier these settings ask for, print the figures, and write the page when asked to.

    `city`: whose gazetteer helps to find places; "" for patterns alone.
    """
    if task not in TASKS:
        every = ", ".join([*TASKS, "resolve", "neighbours", "learning", "length", "chat"])
        fail(f"{task!r} is no task. Choose one of: {every}.", 2)
    labelled = _rows(task, files, fail)
    if report:
        _prepare(report, fail)
    with err.status("Loading the classifier..."):
        places = wiring.places_of(settings, stored(settings), city) if city else None
        classifier = wiring.classifier_of(settings, places)
    if places and not places.version:
        fail(f"{city} has no gazetteer here. See hark places import --help. Nothing was measured.", 2)
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


def learning(
    settings: Settings,
    pool: Sequence[Path],
    test: Sequence[Path],
    labels: int,
    *,
    as_json: bool,
    fail: Fail,
    out: Console,
    err: Console,
) -> None:
    """Play the least-certain-first loop on labelled texts and print its curve. Keeps nothing."""
    from classifier.model_files import ModelFileTrouble
    from classifier.training.learning import learn, without_shared

    if not pool or not test:
        fail("Name the files to learn from with --pool, and the files to measure on with --test.", 2)
    tested = _examples(test, fail)
    learnt = without_shared(_examples(pool, fail), tested)
    if not learnt:
        fail("Every text of the pool is in the test too, so there is nothing to learn from. Nothing was measured.", 1)
    try:
        shop = trained.workshop_of(trained.prepare_models(settings))
    except ModelFileTrouble as error:
        fail(str(error), 1)
    curve = []
    with err.status("Starting...") as status:
        for one in learn(shop, "category", learnt, tested, labels, lambda step: status.update(f"{step}...")):
            curve.append({"labels": one.labels, **asdict(one.figures)})
            if not as_json:
                found = one.figures
                out.print(f"{one.labels:>6} labels: right first {found.top1:.1%}, among three {found.top3:.1%}")
    if as_json:
        typer.echo(json.dumps({"task": "learning", "pool": len(learnt), "test": len(tested), "curve": curve}, indent=2))


def _examples(files: Sequence[Path], fail: Fail) -> list[Example]:
    """Category texts; their language as the row says, else as the rules find."""
    labelled = _rows("category", files, fail)
    rules = build()
    return [
        Example(row.text, row.gold.wanted, row.language or rules.signs(row.text).language)
        for row in labelled.rows
        if isinstance(row.gold, Right) and row.gold.wanted in CATEGORIES
    ]
