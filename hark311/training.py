"""The `hark train` commands: day one, learning from labels, versions and going back, labels out and in."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from hark311.terminal import AsJson, Data, err, fail, out, settings_of, stored, told

if TYPE_CHECKING:  # loading them takes longer than --help should
    from classifier.corpus import Example
    from classifier.training.city import Outcome
    from classifier.training.places import Find
    from classifier.training.places import Outcome as PlacesOutcome
    from classifier.training.taught_places import TaughtText
    from hark311.settings import Settings
    from models import Database

app = typer.Typer(help="Make the models, and let them learn from what staff corrected.", no_args_is_help=True)


class Task(StrEnum):
    """What can be trained."""

    CATEGORY = "category"
    INTENT = "intent"
    PLACES = "places"


@app.command(name="day-one")
@told
def day_one(data: Data = None) -> None:
    """Make the models of day one anew from the corpus; about a minute. What the city trained is kept.

    Example: `hark train day-one`
    """
    from classifier.encoder.weights import WeightsMissing
    from classifier.training.day_one import make
    from hark311 import trained

    settings = settings_of("train", data)
    files = trained.files_of(settings)
    with err.status("Making the models of day one...") as status:
        try:
            make(files.folder, lambda step: status.update(f"{step}..."), now=datetime.now(UTC))
        except WeightsMissing as error:
            fail(f"{error} The heads over words are made and work.", 1)
    typer.echo(f"The models of day one are in {files.folder}.")


@app.command()
@told
def category(data: Data = None, as_json: AsJson = False) -> None:
    """Learn which category texts belong to from the labels of this city; refuses a head that is worse.

    Example: `hark train category`
    """
    _train(Task.CATEGORY, data, as_json)


@app.command()
@told
def intent(data: Data = None, as_json: AsJson = False) -> None:
    """Learn what texts want from the labels of this city; refuses a head that is worse.

    Example: `hark train intent --json`
    """
    _train(Task.INTENT, data, as_json)


def _train(task: Task, data: Path | None, as_json: bool) -> None:
    from classifier.model_files import ModelFileTrouble
    from classifier.training.city import TooFewLabels, train
    from hark311 import trained

    settings = settings_of("train", data)
    database = stored(settings)
    files = trained.prepare_models(settings)
    with err.status("Reading the labels...") as status:
        labels, unusable = _labels(database, task)
        try:
            shop = trained.workshop_of(files)
            found = train(files, task, labels, shop, lambda step: status.update(f"{step}..."), now=datetime.now(UTC))
        except TooFewLabels as error:
            fail(str(error))
        except ModelFileTrouble as error:
            fail(str(error))
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"better": found.better, "unusable": unusable}, indent=2))
    else:
        out.print(_compared(found))
        _say(found, unusable)
    if not found.better:
        raise typer.Exit(1)


def _labels(database: "Database", task: Task) -> tuple[list["Example"], int]:
    """The labels that may train, and how many name a service that stands for no category."""
    from sqlmodel import select

    from classifier.corpus import Example
    from classifier.training.day_one import RECIPES
    from hark311 import trained
    from models import LabelTask, Service
    from models.labels import training_labels

    with database.read() as session:
        categories = trained.categories_of(session.exec(select(Service)).all())
        told_labels = list(training_labels(session, LabelTask(task)))
    classes = set(RECIPES[task].classes)
    examples = [
        Example(one.text, categories.get(one.value, one.value), one.language)
        for one in told_labels
        if categories.get(one.value, one.value) in classes
    ]
    return examples, len(told_labels) - len(examples)


def _compared(found: "Outcome") -> Table:
    table = Table(title=f"{found.task}, measured on {found.after.n} labels kept apart")
    for heading in ("", "right first", "right among three", "calibration error"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, one in (("running so far", found.before), ("newly trained", found.after)):
        table.add_row(name, f"{one.top1:.1%}", f"{one.top3:.1%}", f"{one.ece:.3f}")
    return table


def _say(found: "Outcome", unusable: int) -> None:
    if found.better:
        out.print(f"Version {found.version} answers from now on. `hark train rollback {found.task}` goes back.")
    else:
        out.print("The new head is right less often, so it was refused. The one that runs stays; labels are kept.")
    if unusable:
        out.print(f"{unusable} labels name a service that stands for no category. Say which at /services on the desk.")


@app.command()
@told
def places(
    files: Annotated[
        list[Path] | None, typer.Argument(help="JSONL files with text, and locations or spans, to learn from as well.")
    ] = None,
    city: Annotated[
        str, typer.Option(help="Whose gazetteer the rules use; by default that of the setting `city`.")
    ] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Learn how residents name places from the drafts people approved; refuses what is no better than the rules.

    Example: `hark train places`
    """
    from classifier.model_files import ModelFileTrouble
    from classifier.training.city import TooFewLabels
    from classifier.training.places import train
    from hark311 import trained

    settings = settings_of("train", data)
    database = stored(settings)
    held = trained.prepare_models(settings)
    with err.status("Reading the approved drafts...") as status:
        texts, find = _confirmed(database, city or settings.city)
        drafts = len(texts)
        refused = [line for file in files or [] for line in _read_into(texts, file)]
        try:
            found = train(held, texts, find, lambda step: status.update(f"{step}..."), now=datetime.now(UTC))
        except (TooFewLabels, ModelFileTrouble) as error:
            fail(str(error))
    if as_json:
        counts = {"better": found.better, "drafts": drafts, "refused": len(refused)}
        typer.echo(json.dumps(asdict(found) | counts, indent=2))
    else:
        out.print(_compared_places(found))
        _say_places(found)
        for line in refused[:20]:
            err.print(line, style="red", highlight=False, markup=False)
    if not found.better:
        raise typer.Exit(1)


def _confirmed(database: "Database", city: str) -> tuple[list["TaughtText"], "Find"]:
    """What the approved drafts say about places, and the rules with the gazetteer of a city."""
    from classifier.evaluation.rows import Spot
    from classifier.places.finder import Finder
    from classifier.training.taught_places import taught
    from models.place_labels import confirmed_places
    from models.place_layers import features_of

    with database.read() as session:
        texts = [
            taught(one.text, [Spot(span.start, span.end, span.kind) for span in one.spans])
            for one in confirmed_places(session)
        ]
        return texts, Finder(features_of(session, city)).find


def _read_into(texts: list["TaughtText"], file: Path) -> list[str]:
    """Adds the texts of a file; which lines could not be taken, and why."""
    from classifier.training.taught_places import read_taught

    with file.open(encoding="utf-8", errors="replace") as lines:
        found, refused = read_taught(lines)
    texts += found
    return [f"{file.name} line {one.line}: {one.why}" for one in refused]


def _compared_places(found: "PlacesOutcome") -> Table:
    table = Table(title=f"places, measured on {found.trained.n} texts kept apart, which name {found.trained.spans}")
    for heading in ("", "exact, with the kind", "exact", "overlapping"):
        table.add_column(heading, justify="left" if not heading else "right")
    named = (("rules alone", found.rules), ("running so far", found.running), ("newly trained", found.trained))
    for name, one in named:
        shares = (one.exact_typed_f1, one.exact_f1, one.overlap_f1)
        table.add_row(name, *("" if share is None else f"{share:.3f}" for share in shares))
    return table


def _say_places(found: "PlacesOutcome") -> None:
    if found.better:
        out.print(f"Version {found.version} helps to find places from now on. `hark train rollback places` goes back.")
    else:
        out.print("It finds no more of the places than what runs, so it was refused. Nothing was changed.")


@app.command()
@told
def encoder(
    source: Annotated[
        Path | None, typer.Argument(help="Folder of a Hugging Face encoder; the packaged MiniLM else.")
    ] = None,
    tune: Annotated[bool, typer.Option("--tune", help="First teach it the corpus and this city's labels.")] = False,
    steps: Annotated[int, typer.Option(help="Batches to learn from.", min=1)] = 300,
    data: Data = None,
) -> None:
    """Read sentences with another encoder, or teach it first, and make day one with it. `--tune` needs torch.

    Example: `hark train encoder ./my-encoder`
    """
    from classifier.encoder.graph import NotAnEncoder
    from classifier.encoder.reference import TrainExtraMissing
    from classifier.encoder.weights import WeightsMissing, packaged_weights
    from classifier.training.day_one import make
    from classifier.training.tuning import TooFewExamples
    from hark311 import trained

    settings = settings_of("train", data)
    files = trained.files_of(settings)
    with err.status("Starting...") as status:
        try:
            chosen = source or packaged_weights()
            if tune:
                chosen = _tuned(chosen, settings, steps, lambda step: status.update(f"{step}..."))
            make(files.folder, lambda step: status.update(f"{step}..."), now=datetime.now(UTC), encoder=chosen)
        except (NotAnEncoder, TrainExtraMissing, TooFewExamples, WeightsMissing) as error:
            fail(str(error))
    typer.echo(
        "The encoder reads from now on, and the heads of day one are made for it. Train category and intent anew."
    )


def _tuned(source: Path, settings: "Settings", steps: int, tell: Callable[[str], None]) -> Path:
    """The folder of the taught encoder. Ends the command where it did not get better."""
    from classifier import corpus
    from classifier.training.tuning import fine_tune

    labels = {task.value: _labels(stored(settings), task)[0] for task in (Task.CATEGORY, Task.INTENT)}
    examples = {
        Task.CATEGORY.value: [*corpus.categories(), *labels["category"]],
        Task.INTENT.value: [*corpus.intents(), *labels["intent"]],
    }
    target = settings.data / "taught-encoder"
    found = fine_tune(source, target, examples, steps, tell)
    out.print(found.why)
    if not found.kept:
        raise typer.Exit(1)
    return target


@app.command()
@told
def versions(data: Data = None, as_json: AsJson = False) -> None:
    """List every version of what was trained, and which one answers.

    Example: `hark train versions --json`
    """
    from hark311 import trained

    settings = settings_of("train", data)
    models = trained.TrainedModels(trained.prepare_models(settings))
    held = {task.value: models.versions(task) for task in Task}
    if as_json:
        typer.echo(json.dumps({task: [asdict(one) for one in found] for task, found in held.items()}, default=str))
        return
    table = Table("task", "version", "labels", "right first", "runs")
    for task, found in held.items():
        for one in found:
            right = "" if one.top1 is None else f"{one.top1:.1%}"
            table.add_row(task, one.name, str(one.labels), right, "yes" if one.running else "")
    out.print(table)


@app.command()
@told
def rollback(
    task: Annotated[Task, typer.Argument(help="category, intent or places.")],
    to: Annotated[str, typer.Option(help="The version to go back to; the one before, if none is named.")] = "",
    data: Data = None,
) -> None:
    """Let an earlier version answer again.

    Example: `hark train rollback category --to day-one`
    """
    from classifier.model_files import ModelFileTrouble
    from classifier.training.city import roll_back
    from hark311 import trained

    files = trained.prepare_models(settings_of("train", data))
    try:
        before, now = roll_back(files, task, to or None)
    except ModelFileTrouble as error:
        fail(str(error))
    typer.echo(f"{task}: {now} answers." if before == now else f"{task}: {now} answers instead of {before}.")


@app.command(name="export")
@told
def export_file(
    file: Annotated[Path, typer.Argument(help="JSONL file to write.")],
    data: Data = None,
) -> None:
    """Write the labels that may train into a file, one JSON object a line.

    Example: `hark train export labels.jsonl`
    """
    from models.labels import TRAINED, export_labels

    count = 0
    with stored(settings_of("train", data)).read() as session, file.open("w", encoding="utf-8") as lines:
        for task in TRAINED:
            for line in export_labels(session, task):
                lines.write(line + "\n")
                count += 1
    typer.echo(f"{count} labels are in {file}.")


@app.command(name="import")
@told
def import_file(
    file: Annotated[Path, typer.Argument(help="JSONL file with task, text and value.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take labels from a file: objects with task (category or intent), text, value, and language if known.

    Example: `hark train import labels.jsonl`
    """
    from classifier.taxonomy import CATEGORIES
    from models.labels import import_labels

    with file.open(encoding="utf-8", errors="replace") as lines, stored(settings_of("train", data)).write() as session:
        found = import_labels(session, lines, datetime.now(UTC), categories=CATEGORIES)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        out.print(f"{found.added} labels added, {found.replaced} replaced, {found.duplicates} known already.")
        for one in found.refused[:20]:
            err.print(f"line {one.line}: {one.why}", style="red", highlight=False, markup=False)
        if len(found.refused) > 20:
            err.print(f"and {len(found.refused) - 20} lines more")
    if found.refused:
        raise typer.Exit(1)
