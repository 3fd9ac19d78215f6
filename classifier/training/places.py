"""Learning places from texts in which people confirmed them: fit, measure on texts kept apart, run it if it is better.

Where a rule and the recogniser differ, the one that was right more often on texts neither had seen prevails; that is
measured rule by rule, on halves of the training texts.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from classifier.evaluation.findings import place_measures
from classifier.evaluation.rows import Labelled, Spot
from classifier.model_files import DAY_ONE, OUR_LICENCE, OURS, ModelFiles
from classifier.places.phrases import Place
from classifier.places.recognizer import (
    FORBIDDEN,
    PLACES,
    TAGS,
    Recognizer,
    apart_from,
    class_of,
    load_recognizer,
    tags_of,
)
from classifier.places.word_features import NameOf, features_of, name_number, words_of
from classifier.protocol import Understood
from classifier.training import chain
from classifier.training.city import TooFewLabels, apart
from classifier.training.taught_places import TaughtText, with_made_up_names

LEAST_TEXTS, LEAST_APART = 50, 10
"""Texts that name a place: so many are needed in all, and so many of them among those kept apart."""
LEAST_OFTEN = 2
"""Words that a feature must stand at to count."""
LEAD = 3
"""So many times more often right than wrong, or wrong than right, that it is no chance."""

Find = Callable[[str], list[Place]]
RulesOf = Callable[[Sequence[TaughtText]], Find]
"""The rules, had they known these texts and no others. A city's rules know none of them: its gazetteer is its own."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figures:
    """How well places are found on the texts kept apart. F1, 0 to 1; None where nothing can say."""

    n: int
    spans: int
    exact_typed_f1: float | None
    exact_f1: float | None
    overlap_f1: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to. `version` is "" where it was refused. running: what answered so far."""

    version: str
    texts: int
    rules: Figures
    running: Figures
    trained: Figures

    @property
    def better(self) -> bool:
        return bool(self.version)


def figures(texts: Sequence[TaughtText], find: Find) -> Figures:
    """Measures of finding places in these texts."""
    pairs = [
        (Labelled("", number, one.text, one.places), Understood(places=tuple(find(one.text))))
        for number, one in enumerate(texts)
    ]
    found = place_measures(pairs)
    return Figures(found["n"], found["spans"], found["exact_typed_f1"], found["exact_f1"], found["overlap_f1"])


def train(
    files: ModelFiles, texts: Sequence[TaughtText], find: Find, tell: Tell = lambda _: None, *, now: datetime
) -> Outcome:
    """Fits a recogniser and runs it, if with it more is right than with the rules (`find`) alone and than so far.

    Raises TooFewLabels, and ModelFileTrouble where the running one cannot be read.
    """
    texts = list({one.text: one for one in texts}.values())
    held, teaching = [one for one in texts if apart(one.text)], [one for one in texts if not apart(one.text)]
    naming = sum(bool(one.places) for one in texts)
    if naming < LEAST_TEXTS or sum(bool(one.places) for one in held) < LEAST_APART:
        raise TooFewLabels(
            f"There are {naming} texts with a confirmed place that may train; {LEAST_TEXTS} are needed, {LEAST_APART} "
            "of them among those kept apart for measuring. Nothing was changed."
        )
    fresh = fit(teaching, lambda _: find, tell)
    tell("measuring on the texts kept apart")
    running = load_recognizer(files)
    rules, trained = figures(held, find), figures(held, _with(fresh, find))
    before = figures(held, _with(running, find)) if running else rules
    if (trained.exact_typed_f1 or 0.0) <= max(rules.exact_typed_f1 or 0.0, before.exact_typed_f1 or 0.0):
        return Outcome("", len(texts), rules, before, trained)
    version = now.strftime("%Y%m%dT%H%M%SZ")
    facts = {"labels": len(texts), "exact_typed_f1": trained.exact_typed_f1}
    if DAY_ONE not in files.versions(PLACES):
        save(files, DAY_ONE, Recognizer(), OURS, now=now)
    save(files, version, replace(fresh, facts=facts), f"{len(texts)} texts of this city", now=now)
    files.run(PLACES, version)
    return Outcome(version, len(texts), rules, before, trained)


def _with(made: Recognizer, find: Find) -> Find:
    return lambda text: made.find(text, find(text))


def save(files: ModelFiles, version: str, made: Recognizer, source: str, *, now: datetime) -> None:
    """Writes a recogniser and enters it in the manifest; it does not run yet."""
    name = f"{PLACES}/{version}.npz"
    (files.folder / PLACES).mkdir(parents=True, exist_ok=True)
    fresh = files.folder / f"{name}.new"
    made.save(fresh)
    fresh.replace(files.folder / name)
    files.add(name, {"what": "place recogniser", "source": source, "licence": OUR_LICENCE}, now=now)


def fit(texts: Sequence[TaughtText], rules_of: RulesOf, tell: Tell = lambda _: None) -> Recognizer:
    """A recogniser, and which rules it gives way to."""
    halves = [texts[::2], texts[1::2]]
    votes = Votes()
    for number, (half, other) in enumerate(zip(halves, reversed(halves), strict=True), start=1):
        part = fit_chain(other, partial(_tell_pass, tell, f"weighing the rules, half {number}"))
        find = rules_of(other)
        for one in half:
            votes.count(one, part.read(one.text), find(one.text))
    whole = fit_chain(texts, partial(_tell_pass, tell, "fitting"))
    return replace(whole, firm=votes.firm, dropped=votes.dropped)


def _tell_pass(tell: Tell, step: str, passed: int) -> None:
    tell(f"{step}, pass {passed} of at most {chain.ROUNDS}")


class Votes:
    """How often each rule was right: against a learnt place that overlaps its own, and alone."""

    def __init__(self) -> None:
        self._against: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()

    def count(self, text: TaughtText, learnt: Sequence[Place], ruled: Sequence[Place]) -> None:
        """One text, and what was found in it."""
        gold = set(text.places)
        for place in ruled:
            rivals = [one for one in learnt if not apart_from([place], [one])]
            right = _spot(place) in gold
            if rivals:
                self._against[place.rule] += right - sum(_spot(one) in gold for one in rivals)
            else:
                self._alone[place.rule] += 1 if right else -1

    @property
    def firm(self) -> frozenset[str]:
        """Rules that were right more often than what they stood against."""
        return frozenset(rule for rule, lead in self._against.items() if lead >= LEAD)

    @property
    def dropped(self) -> frozenset[str]:
        """Rules that were wrong more often than right where they stood alone."""
        return frozenset(rule for rule, lead in self._alone.items() if lead <= -LEAD) - self.firm


def _spot(place: Place) -> Spot:
    return Spot(place.start, place.end, class_of(place.kind))


def fit_chain(texts: Sequence[TaughtText], tell: Callable[[int], None] = lambda _: None) -> Recognizer:
    """A recogniser that gives way to no rule.

    A name that is new must be told by the words around it. So while it learns, the name of a place counts as known only
    where another text names it too, and every text is read once more with its names made up.
    """
    made_up = with_made_up_names(texts)
    words = [words_of(one.text) for one in (*texts, *made_up)]
    spans = [[(spot.start, spot.end, spot.kind) for spot in one.places] for one in (*texts, *made_up)]
    naming: dict[int, Counter[str]] = defaultdict(Counter)
    own: list[Counter[tuple[int, str]]] = []
    for read, marked in zip(words, spans, strict=True):
        named = Counter(
            (name_number([word for word in read if word.end > start and word.start < end]), what)
            for start, end, what in marked
        )
        own.append(named)
        for name, what in named:
            naming[name][what] += 1
    listed = [
        one
        for read, named in zip(words, own, strict=True)
        for one in features_of(read, _named_elsewhere(naming, named))
    ]
    tags = [tag for read, marked in zip(words, spans, strict=True) for tag in tags_of(read, marked)]
    counted = Counter(number for one in listed for number in one)
    known = np.array(sorted(number for number, often in counted.items() if often >= LEAST_OFTEN), np.uint32)
    made = chain.fit(
        _matrix(listed, known),
        np.array([TAGS.index(tag) for tag in tags], np.int64),
        [len(read) for read in words],
        FORBIDDEN,
        tell,
    )
    names = {name: classes.most_common(1)[0][0] for name, classes in naming.items()}
    return Recognizer(known, made.weights.astype(np.float32), made.steps.astype(np.float32), names)


def _named_elsewhere(naming: Mapping[int, Counter[str]], own: Mapping[tuple[int, str], int]) -> NameOf:
    def named(number: int) -> str | None:
        classes = naming.get(number)
        if classes is None:
            return None
        left = {what: often - ((number, what) in own) for what, often in classes.items()}
        best = max(left, key=left.__getitem__)
        return best if left[best] else None

    return named


def _matrix(listed: Sequence[Sequence[int]], known: npt.NDArray[np.uint32]) -> csr_matrix:
    column = {int(number): at for at, number in enumerate(known)}
    rows = [sorted({column[number] for number in one if number in column}) for one in listed]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.fromiter((at for row in rows for at in row), np.int64, ends[-1])
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), len(known)))
