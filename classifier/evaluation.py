"""How good a classifier is, on labelled texts. One JSON object a line; the fields each task reads stand in `TASKS`.

A line that cannot be read, or holds no label for the task where it must, is reported with its number and skipped. Rows
whose label a keyword rule chose (`mapping` other than "label") are left out of "category": scoring them would flatter.
Files are scored apart and together, and rows that name their `sample` also by sample.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from classifier.protocol import Classifier, Understood
from classifier.taxonomy import services_of_taxonomy
from models import EvidenceKind, Service

BATCH = 256
NOTHING = "(nothing)"

Row = Mapping[str, Any]
Span = tuple[int, int]


class LabelMissing(ValueError):
    """A row does not hold what the task needs. Says what."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line that was skipped, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: how many rows hold it, how many answers name it, and how well the two agree."""

    rows: int
    answers: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Score:
    """The measures of one set of rows, by name; shares are 0 to 1."""

    name: str
    rows: int
    measures: Mapping[str, float]
    classes: Mapping[str, ClassScore] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found: one score per file and sample, the last one over all rows."""

    task: str
    version: str
    texts_per_second: float
    scores: tuple[Score, ...]
    troubles: tuple[Trouble, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for `--json`."""
        return asdict(self)

    def table(self) -> Table:
        """The report for a terminal: a line per set of rows, then a line per class over all rows."""
        shown = Table(title=f"{self.task}: {self.version}, {self.texts_per_second:.0f} texts/s")
        names = list(self.scores[-1].measures) if self.scores else []
        for heading in ("rows of", "rows", *names):
            shown.add_column(heading, justify="left" if heading == "rows of" else "right")
        for score in self.scores:
            shown.add_row(score.name, str(score.rows), *(f"{score.measures[name]:.3f}" for name in names))
        if self.scores and self.scores[-1].classes:
            shown.add_section()
            for name, one in sorted(self.scores[-1].classes.items(), key=lambda item: (-item[1].rows, item[0])):
                shares = f"precision {one.precision:.2f}  recall {one.recall:.2f}  F1 {one.f1:.2f}"
                shown.add_row(name, str(one.rows), shares)
        if self.troubles:
            shown.caption = f"{len(self.troubles)} lines skipped, first: {self.troubles[0]}"
        return shown


@dataclass(frozen=True, slots=True)
class _Task:
    """`wanted` takes the label from a row: None leaves the row out. `measure` scores labels against answers."""

    wanted: Callable[[Row], Any]
    measure: Callable[
        [Sequence[Row], Sequence[Any], Sequence[Understood]], tuple[dict[str, float], dict[str, ClassScore]]
    ]


def evaluate(
    task: str,
    files: Sequence[Path],
    classifier: Classifier,
    services: Sequence[Service] = (),
) -> Report:
    """Scores a classifier on the rows of these files. `services`: by default one per category.

    Raises KeyError for a task that is not in TASKS, OSError for a file that cannot be opened.
    """
    chosen = TASKS[task]
    troubles: list[Trouble] = []
    sets: list[tuple[str, list[tuple[Row, Any]]]] = [
        (f"{file.parent.name}/{file.name}", list(_labelled(file, chosen, troubles))) for file in files
    ]
    offered = list(services) or services_of_taxonomy()
    rows = [pair for _, pairs in sets for pair in pairs]
    started = time.process_time()
    answers: list[Understood] = []
    for first in range(0, len(rows), BATCH):
        answers += classifier.classify([row["text"] for row, _ in rows[first : first + BATCH]], offered)
    spent = time.process_time() - started
    return Report(
        task=task,
        version=classifier.version,
        texts_per_second=round(len(rows) / spent, 1) if spent else 0.0,
        scores=tuple(_scores(chosen, sets, answers)),
        troubles=tuple(troubles),
    )


def _labelled(file: Path, task: _Task, troubles: list[Trouble]) -> Iterator[tuple[Row, Any]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                    raise LabelMissing("no object with a text")
                wanted = task.wanted(row)
            except (ValueError, TypeError, KeyError, IndexError) as error:
                troubles.append(Trouble(f"{file.parent.name}/{file.name}", number, f"{type(error).__name__}: {error}"))
                continue
            if wanted is not None:
                yield row, wanted


def _scores(
    task: _Task, sets: Sequence[tuple[str, list[tuple[Row, Any]]]], answers: Sequence[Understood]
) -> Iterator[Score]:
    triples: list[tuple[Row, Any, Understood]] = []
    at = 0
    for name, pairs in sets:
        here = [
            (row, wanted, answer) for (row, wanted), answer in zip(pairs, answers[at : at + len(pairs)], strict=True)
        ]
        at += len(pairs)
        triples += here
        samples = sorted({str(row["sample"]) for row, _, _ in here if row.get("sample")})
        for sample in samples:
            part = [one for one in here if str(one[0].get("sample")) == sample]
            yield _score(task, f"{name} {sample}", part)
        if len(sets) > 1 or not samples:
            yield _score(task, name, here)
    if len(sets) != 1 or (sets and sets[0][1] and sets[0][1][0][0].get("sample")):
        yield _score(task, "all", triples)


def _score(task: _Task, name: str, triples: Sequence[tuple[Row, Any, Understood]]) -> Score:
    rows = [row for row, _, _ in triples]
    measures, classes = task.measure(rows, [want for _, want, _ in triples], [answer for _, _, answer in triples])
    return Score(name, len(triples), measures, classes)


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _per_class(wanted: Sequence[str], given: Sequence[str]) -> tuple[dict[str, ClassScore], float]:
    """Scores per class, and the macro-F1 over the classes that some row holds."""
    rows, answers = Counter(wanted), Counter(given)
    right = Counter(one for one, other in zip(wanted, given, strict=True) if one == other)
    classes = {
        name: ClassScore(
            rows=rows[name],
            answers=answers[name],
            precision=_share(right[name], answers[name]),
            recall=_share(right[name], rows[name]),
            f1=_share(2 * right[name], rows[name] + answers[name]),
        )
        for name in sorted(rows.keys() | answers.keys())
    }
    return classes, _share(sum(classes[name].f1 for name in rows), len(rows))


def _wanted_category(row: Row) -> str | None:
    if row.get("mapping", "label") != "label":
        return None
    category = row["category"]
    return None if category is None else str(category)


def _measure_category(
    rows: Sequence[Row], wanted: Sequence[str], answers: Sequence[Understood]
) -> tuple[dict[str, float], dict[str, ClassScore]]:
    """top-1 and top-3 count the best guesses whether or not the classifier abstained; coverage is where it did not."""
    ranked = [
        ([one.service_code] if one.service_code else []) + [guess.value for guess in one.runners_up] for one in answers
    ]
    first = [guesses[0] if guesses else NOTHING for guesses in ranked]
    covered = [index for index, one in enumerate(answers) if one.service_code]
    sure = sum(answers[index].service_code == wanted[index] for index in covered)
    classes, macro = _per_class(wanted, first)
    return {
        "top-1": _share(sum(map(str.__eq__, wanted, first)), len(rows)),
        "top-3": _share(sum(one in guesses[:3] for one, guesses in zip(wanted, ranked, strict=True)), len(rows)),
        "macro-F1": macro,
        "coverage": _share(len(covered), len(rows)),
        "right where sure": _share(sure, len(covered)),
        "abstained": _share(sum(one.abstained for one in answers), len(rows)),
    }, classes


def _measure_intent(
    rows: Sequence[Row], wanted: Sequence[str], answers: Sequence[Understood]
) -> tuple[dict[str, float], dict[str, ClassScore]]:
    """ "lenient" also takes the row's second acceptable intent (`intent_alt`)."""
    given = [str(one.intent) if one.intent else NOTHING for one in answers]
    classes, macro = _per_class(wanted, given)
    lenient = sum(
        answer in (want, row.get("intent_alt")) for row, want, answer in zip(rows, wanted, given, strict=True)
    )
    return {
        "top-1": _share(sum(map(str.__eq__, wanted, given)), len(rows)),
        "lenient": _share(lenient, len(rows)),
        "macro-F1": macro,
        "coverage": _share(sum(one != NOTHING for one in given), len(rows)),
        "abstained": _share(sum(one.abstained for one in answers), len(rows)),
    }, classes


def _measure_language(
    rows: Sequence[Row], wanted: Sequence[str], answers: Sequence[Understood]
) -> tuple[dict[str, float], dict[str, ClassScore]]:
    given = [one.language for one in answers]
    classes, macro = _per_class(wanted, given)
    return {
        "top-1": _share(sum(map(str.__eq__, wanted, given)), len(rows)),
        "macro-F1": macro,
        "coverage": _share(sum(one != "und" for one in given), len(rows)),
    }, classes


def _measure_emergency(
    rows: Sequence[Row], wanted: Sequence[bool], answers: Sequence[Understood]
) -> tuple[dict[str, float], dict[str, ClassScore]]:
    """Alarms of the danger rules. Rows whose second acceptable intent is an emergency count for neither side."""
    kept = [
        (row, want, answer.danger)
        for row, want, answer in zip(rows, wanted, answers, strict=True)
        if want or row.get("intent_alt") != "emergency"
    ]
    right = sum(want and alarm for _, want, alarm in kept)
    alarms = sum(alarm for _, _, alarm in kept)
    sounding = [alarm for row, want, alarm in kept if row.get("emergency_like") and not want]
    return {
        "emergencies": float(sum(want for _, want, _ in kept)),
        "recall": _share(right, sum(want for _, want, _ in kept)),
        "precision": _share(right, alarms),
        "alarm rate": _share(alarms, len(kept)),
        "alarms where it only sounds like one": _share(sum(sounding), len(sounding)),
    }, {}


def _wanted_spans(row: Row) -> list[Span]:
    spans = row["locations"] if "locations" in row else row["spans"]
    return [
        (int(one["start"]), int(one["end"])) if isinstance(one, dict) else (int(one[0]), int(one[1])) for one in spans
    ]


def _measure_location(
    rows: Sequence[Row], wanted: Sequence[list[Span]], answers: Sequence[Understood]
) -> tuple[dict[str, float], dict[str, ClassScore]]:
    """Spans untyped: the same to the code point, and touching at all."""
    given = [
        [(one.start, one.end) for one in answer.evidence if one.kind is EvidenceKind.LOCATION] for answer in answers
    ]
    wants, gives = sum(map(len, wanted)), sum(map(len, given))
    same = sum(len(set(want) & set(give)) for want, give in zip(wanted, given, strict=True))
    found = sum(_touching(want, give) for want, give in zip(wanted, given, strict=True))
    true = sum(_touching(give, want) for want, give in zip(wanted, given, strict=True))
    precision, recall = _share(true, gives), _share(found, wants)
    return {
        "spans": float(wants),
        "precision": _share(same, gives),
        "recall": _share(same, wants),
        "F1": _share(2 * same, gives + wants),
        "touching precision": precision,
        "touching recall": recall,
        "touching F1": _share(2 * precision * recall, precision + recall),
    }, {}


def _touching(spans: Sequence[Span], others: Sequence[Span]) -> int:
    return sum(any(start < end_ and start_ < end for start_, end_ in others) for start, end in spans)


def _label(*names: str) -> Callable[[Row], str | None]:
    def wanted(row: Row) -> str | None:
        for name in names:
            if name in row:
                return None if row[name] is None else str(row[name])
        raise LabelMissing(f"none of {', '.join(names)}")

    return wanted


def _wanted_emergency(row: Row) -> bool:
    return str(row["intent"]) == "emergency"


TASKS: Mapping[str, _Task] = {
    "intent": _Task(_label("intent"), _measure_intent),
    "category": _Task(_wanted_category, _measure_category),
    "emergency": _Task(_wanted_emergency, _measure_emergency),
    "language": _Task(_label("language", "lang"), _measure_language),
    "location": _Task(_wanted_spans, _measure_location),
}
"""What can be scored. Fields read: intent, intent_alt, emergency_like, category, mapping, language or lang,
locations or spans."""
