"""Scoring a classifier: read the rows, ask it, measure the answers per file, per sample and over all."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.evaluation import rows as reading
from classifier.evaluation.findings import alarm_measures, missed_lines, place_measures
from classifier.evaluation.measures import Ranked, ranked_measures
from classifier.evaluation.rows import Labelled, LabelledRows, Right, Row, Skipped
from classifier.protocol import Classifier, Understood
from classifier.taxonomy import services_of_taxonomy
from models import Guess, Service

BATCH = 256

Pair = tuple[Labelled[Any], Understood]
Advance = Callable[[int, int], None]
"""Told after every batch: rows done, rows in all."""


@dataclass(frozen=True, slots=True)
class Task:
    """`gold` takes from a row what is right. `measure` scores answers. `rank` reads one as a ranking, if it is one."""

    gold: Callable[[Row], Any]
    measure: Callable[[Sequence[Pair]], dict[str, Any]]
    rank: Callable[[Pair], Ranked] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The measures of one file, or of one sample of it."""

    file: str
    sample: str
    measures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found. `texts_per_second` is by the clock on the wall, in batches of BATCH."""

    task: str
    version: str
    measures: Mapping[str, Any]
    texts_per_second: float
    skipped: Skipped
    parts: tuple[Part, ...]
    pairs: tuple[Pair, ...]

    def as_dict(self) -> dict[str, Any]:
        """The measures over all files, then the same per file and sample, as plain values."""
        return {
            "task": self.task,
            "version": self.version,
            **self.measures,
            "texts_per_second": self.texts_per_second,
            "skipped": self.skipped.as_dict(),
            "files": [{"file": one.file, "sample": one.sample or None, **one.measures} for one in self.parts],
        }

    def by_part(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The measures of each file and sample by name, and of all rows where there are several files."""
        named = [(f"{one.file} {one.sample}".strip(), one.measures) for one in self.parts]
        several = sum(not one.sample for one in self.parts) > 1
        return [*named, ("all", self.measures)] if several else named

    def ranked(self) -> list[Ranked]:
        """The rows as rankings; none for a task that ranks nothing."""
        rank = TASKS[self.task].rank
        return [rank(pair) for pair in self.pairs] if rank else []

    def missed(self) -> list[dict[str, Any]]:
        """Where emergencies without an alarm stand; none for other tasks."""
        return missed_lines(self.pairs) if self.task == "emergency" else []


def _quiet(_done: int, _all: int) -> None:
    """Tells nobody."""


def evaluate(
    task: str,
    files: Sequence[Path],
    classifier: Classifier,
    services: Sequence[Service] = (),
    advance: Advance = _quiet,
) -> Evaluation:
    """Scores a classifier on the rows of these files. `services`: by default one per category.

    Raises KeyError for a task that is not in TASKS, OSError for a file that cannot be opened.
    """
    return score(read_rows(task, files), classifier, services, advance)


def read_rows(task: str, files: Sequence[Path]) -> LabelledRows[Any]:
    """The rows of these files that count for a task. Raises as `evaluate` does."""
    return reading.read_files(task, files, TASKS[task].gold)


def score(
    labelled: LabelledRows[Any],
    classifier: Classifier,
    services: Sequence[Service] = (),
    advance: Advance = _quiet,
) -> Evaluation:
    """Scores a classifier on rows that were read before. `services`: by default one per category."""
    offered = list(services) or services_of_taxonomy()
    texts = [row.text for row in labelled.rows]
    answers: list[Understood] = []
    spent = 0.0
    for first in range(0, len(texts), BATCH):
        started = time.perf_counter()
        answers += classifier.classify(texts[first : first + BATCH], offered)
        spent += time.perf_counter() - started
        advance(len(answers), len(texts))
    pairs = tuple(zip(labelled.rows, answers, strict=True))
    measure = TASKS[labelled.task].measure
    return Evaluation(
        task=labelled.task,
        version=classifier.version,
        measures=measure(pairs),
        texts_per_second=round(len(texts) / spent, 1) if spent else 0.0,
        skipped=labelled.skipped,
        parts=tuple(_parts(labelled.files, pairs, measure)),
        pairs=pairs,
    )


def _parts(
    files: Sequence[str], pairs: Sequence[Pair], measure: Callable[[Sequence[Pair]], dict[str, Any]]
) -> list[Part]:
    """Each file, and each sample that its rows name."""
    parts = []
    for file in files:
        here = [pair for pair in pairs if pair[0].file == file]
        parts.append(Part(file, "", measure(here)))
        parts += [
            Part(file, sample, measure([pair for pair in here if pair[0].sample == sample]))
            for sample in sorted({row.sample for row, _ in here} - {""})
        ]
    return parts


def category_ranking(answer: Understood) -> tuple[Guess, ...]:
    """Services, best first, also where the classifier abstained: then the runners-up alone."""
    if answer.service_code is None:
        return answer.runners_up
    return (Guess(value=answer.service_code, probability=answer.service_probability), *answer.runners_up)


def intent_ranking(answer: Understood) -> tuple[Guess, ...]:
    """Intents, best first; the suggested one alone where the classifier names no others."""
    if answer.intents or answer.intent is None:
        return answer.intents
    return (Guess(value=answer.intent, probability=answer.intent_probability),)


def _ranked(
    ranking: Callable[[Understood], tuple[Guess, ...]],
    suggested: Callable[[Understood], bool],
    gold: Callable[..., Right],
) -> Task:
    def rank(pair: Pair) -> Ranked:
        row, answer = pair
        right: Right = row.gold
        return Ranked(right.wanted, right.also, ranking(answer), suggested(answer), row.language or answer.language)

    return Task(gold, lambda pairs: ranked_measures([rank(pair) for pair in pairs]), rank)


TASKS: Mapping[str, Task] = {
    "intent": _ranked(intent_ranking, lambda one: one.intent is not None, reading.right_label("intent")),
    "category": _ranked(category_ranking, lambda one: one.service_code is not None, reading.right_label("category")),
    "emergency": Task(reading.danger, alarm_measures),
    "language": _ranked(
        lambda one: (Guess(value=one.language, probability=one.language_probability),),
        lambda one: one.language != "und",
        reading.right_label("language", "lang"),
    ),
    "location": Task(reading.places, place_measures),
}
"""What can be scored. Fields read: intent, category, language (each with NAME_alt), lang, mapping, emergency,
emergency_like, real_disaster, locations or spans, sample."""
