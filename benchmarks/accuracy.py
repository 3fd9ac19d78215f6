"""How right our understanding is on the rows of others, and on our own set written apart."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.others_posts import OthersPosts, languages, without_x
from classifier.cascade import FollowingClassifier
from classifier.corpus import Example
from classifier.encoder.runtime import Encoder
from classifier.evaluation import Evaluation, evaluate, score
from classifier.evaluation.measures import Ranked, ranked_measures
from classifier.evaluation.scoring import BATCH, Advance, read_rows
from classifier.features import Floats
from classifier.heads import Head, sure
from classifier.model_files import DAY_ONE, ENCODER, ModelFiles
from classifier.models_at_work import CATEGORY
from classifier.rules import build
from classifier.taxonomy import CATEGORIES
from classifier.training.calibration import sureness
from classifier.training.workshop import probabilities, workshop
from models import Guess

LABELS, DRAWS, KEPT = 50, 10, 5
"""The temperature is fitted anew on so many labels drawn by chance, so many times; guesses kept of each row."""
DIGITS = 4

Tell = Callable[[str], Advance]
"""Hears what is measured next; gives what to call with texts done and texts in all."""


def category(classifier: FollowingClassifier, files: Sequence[Path], tell: Tell) -> dict[str, Any]:
    """Day one: measures over all files, and of each file without the details per class and language."""
    found = evaluate(CATEGORY, files, classifier, advance=tell("category"))
    parts = {one.file: _plain(one.measures) for one in found.parts if not one.sample}
    return {
        **found.measures,
        "texts_per_second": found.texts_per_second,
        "skipped": found.skipped.counts,
        "files": parts,
    }


def intent(classifier: FollowingClassifier, posts: OthersPosts, tell: Tell) -> dict[str, Any]:
    """Intent, a second right one accepted: all rows, those drawn without patterns (`base`), and those not from X."""
    found = evaluate("intent", posts.intents, classifier, advance=tell("intent"))
    rest = score(without_x("intent", posts.intents), classifier, advance=tell("intent without X"))
    return {**found.measures, "samples": _samples(found), "without_x": _plain(rest.measures)}


def danger(classifier: FollowingClassifier, posts: OthersPosts, tell: Tell) -> dict[str, Any]:
    """Alarms: recall, precision, alarms on look-alikes, and on disaster words used as figures of speech."""
    found = evaluate("emergency", posts.dangers, classifier, advance=tell("danger"))
    measures = {**found.measures, "samples": _samples(found)}
    if posts.figurative:
        figures = evaluate("emergency", posts.figurative, classifier, advance=tell("figures of speech"))
        measures |= {name: figures.measures[name] for name in ("figurative", "false_alarms")}
    return measures


def by_language(classifier: FollowingClassifier, tell: Tell) -> dict[str, dict[str, Any]]:
    """Category on our own set written apart, language by language. `coverage`: the share it did not abstain on."""
    measured = {}
    for code, file in languages().items():
        found = evaluate(CATEGORY, [file], classifier, advance=tell(f"category, {code}")).measures
        measured[code] = {
            "n": found["n"],
            "top1": found["top1"],
            "top3": found["top3"],
            "coverage": round(1 - found["abstained"], DIGITS),
        }
    return measured


def calibration(files: ModelFiles, rows_of: Sequence[Path], tell: Tell, seed: int) -> dict[str, Any]:
    """Calibration error of the category with the sureness of day one, and with one fitted on LABELS rows.

    The second is measured on the other rows; mean and largest of DRAWS draws.
    """
    advance = tell("calibration")
    rules, encoder, classes = build(), Encoder(files.folder / ENCODER), list(CATEGORIES)
    rows = [row for row in read_rows(CATEGORY, rows_of).rows if row.gold.wanted in CATEGORIES]
    examples = [Example(row.text, row.gold.wanted, rules.signs(row.text).language) for row in rows]
    shop, head = workshop(files, rules, encoder.encode), Head.load(files.verified(f"{CATEGORY}/{DAY_ONE}.npz"))
    parts = []
    for first in range(0, len(rows), BATCH):
        parts.append(
            probabilities(replace(head, sureness=(1.0, 0.0)), shop.ready(CATEGORY, examples[first : first + BATCH]))
        )
        advance(min(first + BATCH, len(rows)), len(rows))
    plain = np.concatenate(parts)
    wanted = np.array([classes.index(row.gold.wanted) for row in rows], np.int64)

    right = plain.argmax(axis=1) == wanted

    def error(chosen: Sequence[int], line: tuple[float, float]) -> float:
        ranked = [
            Ranked(rows[one].gold.wanted, rows[one].gold.also, _guesses(chances, classes), suggested=True, language="")
            for one, chances in zip(chosen, sure(plain[chosen], *line), strict=True)
        ]
        return float(ranked_measures(ranked)["ece"])

    errors, fits = [], []
    for labels, others in _draws(len(rows), seed):
        fits.append(sureness(plain[labels].max(axis=1), right[labels], head.sureness))
        errors.append(error(others, fits[-1]))
    return {
        "n": len(rows),
        "labels": LABELS,
        "draws": DRAWS,
        "ece_without_labels": error(range(len(rows)), head.sureness),
        "ece_with_labels": round(float(np.mean(errors)), DIGITS),
        "ece_with_labels_worst": round(max(errors), DIGITS),
        "sureness": fits,
    }


def _draws(rows: int, seed: int) -> Iterator[tuple[list[int], list[int]]]:
    """Row numbers to fit on, and all others."""
    dice = random.Random(seed)
    for _ in range(DRAWS):
        order = dice.sample(range(rows), rows)
        yield order[:LABELS], order[LABELS:]


def _guesses(chances: Floats, classes: Sequence[str]) -> tuple[Guess, ...]:
    return tuple(Guess(value=classes[one], probability=float(chances[one])) for one in np.argsort(-chances)[:KEPT])


def _samples(found: Evaluation) -> dict[str, dict[str, Any]]:
    return {one.sample: _plain(one.measures) for one in found.parts if one.sample}


def _plain(measures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in measures.items() if not isinstance(value, Mapping)}
