"""An evaluation for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from classifier.evaluation.rows import Why
from classifier.evaluation.scoring import Evaluation

WORDS: Mapping[str, str] = {
    "n": "rows",
    "top1": "right first",
    "top1_strict": "strictly",
    "top3": "among three",
    "macro_f1": "macro F1",
    "ece": "calibration error",
    "coverage_at_90": "coverage at 90 %",
    "abstained": "abstained",
    "emergencies": "emergencies",
    "recall": "recall",
    "precision": "precision",
    "missed": "missed",
    "lookalikes": "look-alikes",
    "alarms_on_lookalikes": "alarms on them",
    "figurative": "figurative",
    "false_alarms": "false alarms",
    "spans": "places",
    "f1": "F1",
    "exact_f1": "exact F1",
    "overlap_precision": "overlap precision",
    "overlap_recall": "overlap recall",
    "overlap_f1": "overlap F1",
    "exact_typed_f1": "exact F1, kind too",
    "answers": "answers",
}
REASONS: Mapping[Why, str] = {
    Why.NO_GOLD: "without a label for this task",
    Why.MAPPING: "whose label a keyword rule chose",
    Why.EITHER: "that may be read as an emergency or not",
    Why.REAL_DISASTER: "about a real disaster, which need not be an emergency here",
    Why.BROKEN: "that cannot be read",
}


def figure(value: Any) -> str:
    """A measure in plain form: shares with three digits, counts with none, a dash where nothing can be said."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def plain_measures(measures: Mapping[str, Any]) -> dict[str, Any]:
    """The measures that are one figure each."""
    return {name: value for name, value in measures.items() if not isinstance(value, Mapping)}


def skipped_sentences(found: Evaluation) -> list[str]:
    """What was left out, one sentence a reason, then the lines that cannot be read."""
    counts = found.skipped.counts
    sentences = [f"{counts[why]} lines {words}." for why, words in REASONS.items() if counts[why]]
    return sentences + [f"{one.file}, line {one.line}: {one.reason}." for one in found.skipped.broken]


def tables(found: Evaluation) -> RenderableType:
    """The measures by file and over all, then by class and language, then what was left out."""
    parts: list[RenderableType] = [_measures(found)]
    if "per_class" in found.measures:
        parts.append(_by("class", found.measures["per_class"], ("n", "answers", "precision", "recall", "f1")))
    if "per_language" in found.measures:
        parts.append(_by("language", found.measures["per_language"], ("n", "top1")))
    left_out = skipped_sentences(found)
    if left_out:
        parts.append(Text("\n".join(["Left out:", *left_out])))
    return Group(*parts)


def _measures(found: Evaluation) -> Table:
    """Upright, because there are more measures than a terminal is wide: one line a measure, one column a file."""
    shown = Table(title=Text(f"{found.task}: {found.version}, {found.texts_per_second:.0f} texts/s"))
    columns = found.by_part()
    shown.add_column("")
    for name, _ in columns:
        shown.add_column(Text(name.replace("/", "/\n")), justify="right", overflow="fold")
    for name in plain_measures(found.measures):
        shown.add_row(WORDS[name], *(figure(measures.get(name)) for _, measures in columns))
    return shown


def _by(heading: str, rows: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> Table:
    shown = Table()
    shown.add_column(heading)
    for name in names:
        shown.add_column(WORDS[name], justify="right")
    for code, one in sorted(rows.items(), key=lambda item: (-int(item[1]["n"]), item[0])):
        shown.add_row(Text(code), *(figure(one[name]) for name in names))
    return shown
