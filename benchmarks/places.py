"""Where it is and who reported it already: how right and how fast, beside what a user would put together instead.

    python -m benchmarks.places
    python -m benchmarks.places --json --data DIR --judged FILE --judged FILE

DIR of --data holds sets of posts of other people, each a folder with a dev.jsonl (see docs/explanation/
places-measured.md); without it THIRD_PARTY_POSTS names it. Parts whose posts are absent are left out, and said so.
--judged names what readers made of the suggested pairs (see docs/how-to/join-repeats.md). --without-training leaves out
the minutes that `hark train places` takes; its weights are deleted after the run.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import places_found, places_resolved, places_speed, repeats
from benchmarks.others_posts import NAMED_BY, OthersPosts
from benchmarks.places_table import bars, sheet
from benchmarks.understanding import machine

Measure = Callable[[], dict[str, Any] | None]


def run(posts: OthersPosts, judged: Sequence[Path], tell: Callable[[str], None], *, train: bool) -> dict[str, Any]:
    """All figures as plain values; a part is None where its posts are absent."""
    parts: dict[str, Measure] = {
        "speed": lambda: places_speed.measured(posts),
        "gold": lambda: places_found.gold(posts),
        "harvey": lambda: places_found.harvey(posts, train=train),
        "boston": lambda: places_resolved.learnt_half(posts, "boston311"),
        "new_haven": lambda: places_resolved.learnt_half(posts, "scf_newhaven"),
        "philadelphia": places_resolved.philadelphia,
        "neighbours": lambda: repeats.measured(posts, judged),
    }
    result: dict[str, Any] = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    for name, measure in parts.items():
        tell(name.replace("_", " "))
        result[name] = measure()
    return result | {
        "left_out": [name for name in parts if result[name] is None],
        "bars": [asdict(one) for one in bars(result)],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.places", description=__doc__)
    parser.add_argument("--data", type=Path, help=f"folder of the sets of posts; else {NAMED_BY}")
    parser.add_argument("--judged", type=Path, action="append", default=[], help="a reader's verdicts on the pairs")
    parser.add_argument("--without-training", action="store_true", help="leave out `hark train places`")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--markdown", action="store_true", help="print the table for a page")
    options = parser.parse_args(arguments)
    err = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        bar = progress.add_task("Starting", total=None)
        result = run(
            OthersPosts.found(options.data),
            options.judged,
            lambda what: progress.update(bar, description=f"Measuring {what}"),
            train=not options.without_training,
        )
    if options.json:
        print(json.dumps(result, indent=2))
    elif options.markdown:
        print(sheet(result).markdown())
    else:
        Console().print(sheet(result).table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
