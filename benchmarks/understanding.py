"""How right and how fast posts are understood, beside what a user would put together instead; one run, the same rows.

    python -m benchmarks.understanding
    python -m benchmarks.understanding --json --data DIR --models DIR --posts 20000

DIR of --data holds the sets of labelled posts, each a folder with a dev.jsonl (see docs/explanation/
understanding-measured.md); without it THIRD_PARTY_POSTS names it. Where there is none, our own test set stands in, and
the bars do not apply. Without --models the models of day one are made first, which takes a minute. Speed is measured
twice and the better run counts, because other work on the machine only ever slows it.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import accuracy
from benchmarks.assembled import WAYS, Assembled, apart
from benchmarks.others_posts import NAMED_BY, OthersPosts
from benchmarks.throughput import PROCESSES, Throughput, understand
from benchmarks.understanding_table import bars, page, shown
from classifier.cascade import FollowingClassifier
from classifier.evaluation.scoring import Advance
from classifier.model_files import ModelFiles
from classifier.training import day_one

SPEED_RUNS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure on, and how much of it. `posts`: for the speed. `ways`: what else to put beside ours."""

    data: Path | None
    models: Path | None
    posts: int
    seed: int
    ways: Sequence[str]


def run(options: Options, tell: accuracy.Tell) -> dict[str, Any]:
    """All figures as plain values."""
    posts = OthersPosts.found(options.data)
    with _models(options.models, tell) as files:
        # Speed first: this process holds little yet, and the caches of the machine are nobody's.
        speed = fastest(posts.mixed(options.posts, options.seed), files.folder, tell)
        beside = [put_together(name, posts, files.folder, tell) for name in options.ways]
        classifier = FollowingClassifier(files)
        ours = {
            "version": classifier.version,
            "category": accuracy.category(classifier, posts.reports, tell),
            "intent": accuracy.intent(classifier, posts, tell),
            "danger": accuracy.danger(classifier, posts, tell),
            "languages": accuracy.by_language(classifier, tell),
            "calibration": accuracy.calibration(files, posts.reports, tell, options.seed),
            "speed": asdict(speed),
        }
    result = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "on": "others' posts" if posts.folder else "our own test set",
        "ours": ours,
        "assembled": [asdict(one) for one in beside],
    }
    return result | {"bars": [asdict(one) for one in bars(result)]}


def fastest(posts: Sequence[str], models: Path, tell: accuracy.Tell) -> Throughput:
    """The better of SPEED_RUNS runs."""
    runs = []
    for number in range(1, SPEED_RUNS + 1):
        tell(f"understanding {len(posts)} posts with {PROCESSES} processes, run {number}")
        runs.append(understand(posts, models))
    return max(runs, key=lambda one: one.posts_per_second)


def put_together(name: str, posts: OthersPosts, models: Path, tell: accuracy.Tell) -> Assembled:
    """One of the plain ways."""
    tell(WAYS[name].what)
    return apart(name, posts.reports, models, posts.covers())


def machine() -> dict[str, Any]:
    """The processor as Linux names it, and how many of its cores this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {"processor": model, "cores": os.cpu_count(), "python": sys.version.split()[0]}


@contextmanager
def _models(folder: Path | None, tell: accuracy.Tell) -> Iterator[ModelFiles]:
    if folder is not None:
        yield ModelFiles(folder)
        return

    def making(step: str) -> None:
        tell(f"models of day one: {step}")

    with tempfile.TemporaryDirectory(prefix="hark311-understanding-") as scratch:
        yield day_one.make(Path(scratch), making, now=datetime.now(UTC))


@contextmanager
def progress() -> Iterator[accuracy.Tell]:
    """Says on standard error what is measured, and how far it is."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def tell(what: str) -> Advance:
            bar.reset(task, description=what, total=None)
            return lambda done, of: bar.update(task, completed=done, total=of)

        yield tell


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help=f"the folder of the sets (else {NAMED_BY})")
    parser.add_argument("--models", type=Path, help="a folder of models; without it day one is made anew")
    parser.add_argument("--posts", type=int, default=20_000, help="so many for the speed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), default=list(WAYS), help="what to put beside ours")
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument("--json", action="store_true", help="print JSON instead of tables")
    printed.add_argument("--markdown", action="store_true", help="print the tables for the page in docs/explanation")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    told = Console(stderr=True)
    if OthersPosts.found(given.data).folder is None:
        told.print(
            f"There are no sets of labelled posts (--data DIR or {NAMED_BY}); measuring on our own test set alone. "
            "The bars are set for the others' posts and do not apply."
        )
    options = Options(given.data, given.models, given.posts, given.seed, given.ways)
    with progress() as tell:
        result = run(options, tell)
    if given.json:
        json.dump(result, sys.stdout, indent=2)
    elif given.markdown:
        print(page(result))
    else:
        Console().print(shown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
