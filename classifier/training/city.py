"""Learning from a city's own labels: fit anew, measure on labels kept apart, run the better one.

One label in five, chosen by a hash of its text, never trains anything: on these the new head is held against the one
that runs, and a worse one is refused. Temperature and thresholds come from answers on folds that the head was not
fitted on.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from classifier.corpus import Example
from classifier.heads import Head, Tier
from classifier.model_files import ModelFiles
from classifier.taxonomy import DAY_ONE_SHARES
from classifier.training.calibration import LEAST_LABELS, calibration_error, sureness, temperature, thresholds
from classifier.training.day_one import RECIPES, Tell, save_head
from classifier.training.fitting import Material, Recipe, fit
from classifier.training.workshop import Ready, Workshop, probabilities, scores

LABEL_WEIGHT = 2.0
"""A label from the city counts as much as this many texts of the corpus."""
DAY_ONE_LABELS = 100
"""The day-one shares count as this many labels, when the shares of a city's own are reckoned."""
HELD_OUT, FOLDS = 5, 4


class TooFewLabels(Exception):
    """There are not enough labels to learn from, or to tell better from worse. Says how many are needed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How a head measures on the labels kept apart; shares 0 to 1."""

    n: int
    top1: float
    top3: float
    ece: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to. `version` is "" where the new head was refused."""

    task: str
    version: str
    labels: int
    before: Figures
    after: Figures

    @property
    def better(self) -> bool:
        return bool(self.version)


def apart(text: str) -> bool:
    """Whether a text's label is kept for measuring and never trains."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % HELD_OUT == 0


def figures(head: Head, ready: Sequence[Ready]) -> Figures:
    """Right first, right among three, and calibration error, as the cascade would answer."""
    if not ready:
        return Figures(0, 0.0, 0.0, 0.0)
    chances, gold = probabilities(head, ready), np.array([one.wanted for one in ready])
    ranked = np.argsort(-chances, axis=1)
    right = ranked[:, 0] == gold
    return Figures(
        n=len(gold),
        top1=round(float(right.mean()), 4),
        top3=round(float((ranked[:, :3] == gold[:, None]).any(axis=1).mean()), 4),
        ece=round(calibration_error(chances.max(axis=1), right), 4),
    )


def recipe_for(task: str, labels: Sequence[Example]) -> Recipe:
    """The day-one recipe with the shares of this city's labels mixed in."""
    recipe = RECIPES[task]
    if recipe.shares is None:
        return recipe
    total, counted = sum(DAY_ONE_SHARES.values()), Counter(one.value for one in labels)
    mixed = {code: DAY_ONE_LABELS * share / total + counted[code] for code, share in DAY_ONE_SHARES.items()}
    return replace(recipe, shares=mixed)


def fit_on(shop: Workshop, task: str, base: Material, ready: Sequence[Ready], *, calibrate: bool = True) -> Head:
    """A head over corpus and labels, its temperatures and thresholds from folds of the labels where they are enough."""
    recipe = recipe_for(task, [one.label for one in ready])
    head = fit(base.joined(shop.material(task, ready, LABEL_WEIGHT)) if ready else base, recipe)
    return calibrated(shop, task, base, head, recipe, ready) if calibrate and len(ready) >= LEAST_LABELS else head


def calibrated(shop: Workshop, task: str, base: Material, head: Head, recipe: Recipe, ready: Sequence[Ready]) -> Head:
    """The head with temperatures and thresholds from answers of heads that had not seen the label."""
    wanted = np.array([one.wanted for one in ready])
    parts = []
    for number in range(FOLDS):
        inside = [one for place, one in enumerate(ready) if place % FOLDS != number]
        parts.append(fit(base.joined(shop.material(task, inside, LABEL_WEIGHT)), recipe))
    tiers = {}
    for name in ("words", "whole", "others"):
        fitting = [
            place
            for place, one in enumerate(ready)
            if (not one.english if name == "others" else one.english) and (name != "whole" or one.vector is not None)
        ]
        tier: Tier = getattr(head, name)
        if len(fitting) >= LEAST_LABELS:
            told = [
                scores(part, replace(getattr(part, name), temperature=1.0), [ready[place]], vectors=name == "whole")[0]
                for place in fitting
                for part in (parts[place % FOLDS],)
            ]
            tier = replace(tier, temperature=temperature(np.stack(told), wanted[fitting]))
        tiers[name] = tier
    fresh = replace(head, words=tiers["words"], whole=tiers["whole"], others=tiers["others"])
    plain = replace(fresh, sureness=(1.0, 0.0))
    told_plainly = np.stack(
        [probabilities(_at_temperatures_of(parts[place % FOLDS], plain), [one])[0] for place, one in enumerate(ready)]
    )
    right = told_plainly.argmax(axis=1) == wanted
    fresh = replace(fresh, sureness=sureness(told_plainly.max(axis=1), right, recipe.sureness))
    answers = [
        probabilities(_at_temperatures_of(parts[place % FOLDS], fresh), [one])[0] for place, one in enumerate(ready)
    ]
    return replace(fresh, thresholds=thresholds(np.stack(answers), wanted, recipe.threshold))


def _at_temperatures_of(part: Head, like: Head) -> Head:
    return replace(
        part,
        words=replace(part.words, temperature=like.words.temperature),
        whole=replace(part.whole, temperature=like.whole.temperature),
        others=replace(part.others, temperature=like.others.temperature),
        sureness=like.sureness,
    )


def train(
    files: ModelFiles,
    task: str,
    labels: Sequence[Example],
    shop: Workshop,
    tell: Tell = lambda _: None,
    *,
    now: datetime,
) -> Outcome:
    """Fits a head anew on corpus and labels and runs it, unless it is right less often than the one that runs.

    Raises TooFewLabels, and ModelFileTrouble where the running head cannot be read.
    """
    held, taught = [one for one in labels if apart(one.text)], [one for one in labels if not apart(one.text)]
    if len(labels) < LEAST_LABELS or not held:
        raise TooFewLabels(
            f"There are {len(labels)} labels for {task} that may train; {LEAST_LABELS} are needed. Nothing was changed."
        )
    tell(f"reading {len(labels)} labels and the corpus")
    base, tested = shop.corpus_material(task), shop.ready(task, held)
    tell("fitting")
    fresh = fit_on(shop, task, base, shop.ready(task, taught))
    tell("measuring on the labels kept apart")
    running = Head.load(files.verified(f"{task}/{files.running(task)}.npz"))
    before, after = figures(running, tested), figures(fresh, tested)
    if after.top1 < before.top1:
        return Outcome(task, "", len(labels), before, after)
    version = now.strftime("%Y%m%dT%H%M%SZ")
    facts = {"labels": len(labels), "made_at": now.isoformat(timespec="seconds"), **_named(after)}
    save_head(files, task, version, replace(fresh, facts=facts), f"{len(labels)} labels of this city", now=now)
    files.run(task, version)
    return Outcome(task, version, len(labels), before, after)


def _named(measured: Figures) -> dict[str, float]:
    return {"n": measured.n, "top1": measured.top1, "top3": measured.top3, "ece": measured.ece}


def roll_back(files: ModelFiles, task: str, version: str | None = None) -> tuple[str, str]:
    """Lets an earlier version answer again: the one named, else the one before; returns (from, to).

    Raises ModelFileTrouble where there is none.
    """
    running, known = files.running(task), files.versions(task)
    before = known[: known.index(running)] if running in known else known
    target = version or (before[-1] if before else running)
    files.run(task, target)
    return running, target
