"""A report as a page that needs nothing beside it: no script, no other file, no text of a resident."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from classifier.evaluation.measures import Ranked, calibration, risk_coverage
from classifier.evaluation.scoring import Evaluation
from classifier.evaluation.tables import WORDS, figure, plain_measures, skipped_sentences

SIDE = 100.0
"""Length of both axes of a chart, in units of its view box."""
_STEPS = 10
_DRAWN = 400

MEANINGS: Mapping[str, str] = {
    "n": "rows that count",
    "top1": "first guess is the label or a second label of the row",
    "top1_strict": "first guess is the label itself",
    "top3": "one of the first three guesses is right",
    "macro_f1": "mean F1 of the classes with at least 10 rows",
    "ece": "mean distance between what is promised and what is right, in 15 bins of equally many rows",
    "coverage_at_90": "largest share of rows, the surest first, of which 90 % are right",
    "abstained": "too unsure to suggest anything",
    "emergencies": "rows that are an emergency",
    "missed": "emergencies without an alarm",
    "lookalikes": "rows that only sound like an emergency",
    "alarms_on_lookalikes": "share of these with an alarm",
    "figurative": "rows with disaster words as a figure of speech",
    "false_alarms": "share of these with an alarm",
    "spans": "places in the texts",
    "exact_f1": "places found to the code point, of any kind",
    "overlap_f1": "places that overlap count",
    "exact_typed_f1": "places found to the code point, with their kind",
}


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by label, columns by first guess; counts."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def write_report(found: Evaluation, folder: Path, made_at: datetime) -> Path:
    """Writes TASK.html and TASK.json into the folder, over older ones. Raises OSError. Answers with the page."""
    folder.mkdir(parents=True, exist_ok=True)
    values = found.as_dict() | ({"missed_lines": found.missed()} if found.task == "emergency" else {})
    (folder / f"{found.task}.json").write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    page = folder / f"{found.task}.html"
    page.write_text(rendered(found, made_at), "utf-8")
    return page


def rendered(found: Evaluation, made_at: datetime) -> str:
    """The page as HTML."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"figure": figure, "points": _points}
    template = environment.from_string(files("classifier.evaluation").joinpath("page.html").read_text("utf-8"))
    rows = found.ranked()
    bins = calibration(rows)
    curve = risk_coverage(rows)
    return template.render(
        found=found,
        made_at=made_at,
        names=list(plain_measures(found.measures)),
        words=WORDS,
        meanings=MEANINGS,
        bins=[(number, one.n, one.promised, one.right) for number, one in enumerate(bins, start=1)],
        promises=[(one.promised, one.right) for one in bins],
        curve=_thinned(curve),
        steps=_steps(curve),
        confusion=confusion(rows),
        classes=_lines(found.measures.get("per_class", {})),
        languages=_lines(found.measures.get("per_language", {})),
        left_out=skipped_sentences(found),
        side=SIDE,
    )


def confusion(rows: Sequence[Ranked]) -> Confusion:
    """Which label got which first guess, the most frequent labels first.

    A second label that is right counts as the row's own.
    """
    wanted, given = [row.counted_as for row in rows], [row.first for row in rows]
    often = Counter(wanted)
    labels = sorted({*wanted, *given}, key=lambda one: (-often[one], one))
    met = Counter(zip(wanted, given, strict=True))
    return Confusion(tuple(labels), tuple(tuple(met[label, guess] for guess in labels) for label in labels))


def _lines(by: Mapping[str, Mapping[str, float]]) -> list[tuple[str | float, ...]]:
    """A line per class or language, the most frequent first."""
    return [(code, *one.values()) for code, one in sorted(by.items(), key=lambda item: (-item[1]["n"], item[0]))]


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    """Shares across and up as the points of a line; zero is at the bottom left."""
    return " ".join(f"{across * SIDE:.1f},{(1 - up) * SIDE:.1f}" for across, up in pairs)


def _thinned(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """As many points as a picture shows, the last one among them."""
    return list(curve[:: -max(1, len(curve) // _DRAWN)])[::-1]


def _steps(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The curve at about every tenth of the rows, for the table behind the picture."""
    wanted = [step / _STEPS for step in range(1, _STEPS + 1)]
    return list(dict.fromkeys(min(curve, key=lambda one: abs(one[0] - share)) for share in wanted)) if curve else []
