"""`hark evaluate resolve` and `hark evaluate neighbours`: where posts are, and who reported it already."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from hark311 import wiring
from hark311.evaluating import Fail
from hark311.settings import Settings
from hark311.terminal import stored

_WORDS: Mapping[str, str] = {
    "n": "posts",
    "located": "located without asking",
    "median_m": "median distance of these, metres",
    "within_100": "of these within 100 m",
    "within_250": "of these within 250 m",
    "within_500": "of these within 500 m",
    "wrong_1km": "of these more than 1 km off",
    "needs_clarification": "asked about",
    "found": "planted repeats found",
    "recall": "recall",
    "same": "of these suggested as the same",
    "first": "of these the best suggestion",
    "readers": "readers",
    "precision": "precision, mean of the readers",
    "all_agree": "right by every reader",
    "same_is_same": "suggested as the same, read as the same",
    "agreement": "readers agree on right or wrong",
}
_COUNTS = frozenset({"n", "found", "readers"})


def resolve(
    settings: Settings,
    files: Sequence[Path],
    city: str,
    ids: Path | None,
    *,
    as_json: bool,
    fail: Fail,
    out: Console,
    err: Console,
) -> None:
    """Resolve texts whose point is known with the gazetteer of a city, and say how far off they are."""
    from classifier.evaluation.resolving import evaluate_resolving_files

    places = wiring.places_of(settings, stored(settings), city)
    with err.status(f"Loading the gazetteer of {city}..."):
        now = places.now
    if not now.version:
        fail(f"{city} has no gazetteer here. See hark places import --help. Nothing was measured.", 2)
    try:
        only = frozenset(ids.read_text("utf-8").split()) if ids else None
        with err.status("Resolving..."):
            found = evaluate_resolving_files(files, now.finder.find, now.resolver, only)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"A file cannot be read ({error}). Nothing was measured.", 2)
    if not found["n"]:
        fail("No line has a text, a lat and a lon, or none is listed. Nothing was measured.", 1)
    _show({"task": "resolve", "city": city, "version": now.version, **found}, as_json, out, "Places resolved")
    if not as_json and (left_out := {why: n for why, n in found["skipped"].items() if why != "lines" and n}):
        out.print("Left out: " + ", ".join(f"{why} {n}" for why, n in left_out.items()), highlight=False)


def neighbours(
    settings: Settings,
    files: Sequence[Path],
    repeats: Path | None,
    pairs: int,
    write: Path | None,
    judged: Sequence[Path],
    *,
    as_json: bool,
    fail: Fail,
    out: Console,
    err: Console,
) -> None:
    """Plant repeats among real reports and see whether they are found; write pairs for readers, and read them back."""
    from classifier.evaluation import neighbours as evaluation

    result: dict[str, Any] = {"task": "neighbours"}
    try:
        if judged:
            result |= evaluation.precision(judged)
        if files:
            with err.status("Reading the reports..."):
                kinds = evaluation.kinds_by(wiring.classifier_of(settings))
                rows = evaluation.read_rows(files, kinds)
            if not rows:
                fail("No line has a text, a lat, a lon and a created time. Nothing was measured.", 1)
            result["rows"] = len(rows)
            if repeats:
                with err.status("Looking for the planted repeats..."):
                    result |= evaluation.recall(rows, evaluation.read_pairs(repeats), kinds)
            if write:
                result["suggested"] = evaluation.write_pairs(rows, write, pairs)
    except (OSError, ValueError) as error:
        fail(f"{error}. Nothing was measured.", 2)
    if len(result) == 1 or (files and not repeats and not write):
        fail("Name reports and --repeats FILE or --out FILE, or the verdicts with --judged FILE.", 2)
    _show(result, as_json, out, "Neighbours")
    if write and not as_json:
        out.print(f"{result['suggested']} suggestions; {write} holds those to judge.", highlight=False)


def _show(found: Mapping[str, Any], as_json: bool, out: Console, title: str) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table(title=title)
    table.add_column("measure")
    table.add_column("figure", justify="right")
    for name, word in _WORDS.items():
        if (value := found.get(name)) is not None:
            table.add_row(word, _figure(name)(value))
    out.print(table)


def _figure(name: str) -> Callable[[float], str]:
    if name in _COUNTS:
        return lambda value: f"{value:,}"
    return (lambda value: f"{value:g}") if name.endswith("_m") else (lambda value: f"{value:.1%}")
