"""Places in HarveyNER, learnt from its train rows and measured on its dev rows. What is learnt is never kept."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from classifier.places.finder import Finder
from classifier.training.places import Find, figures, fit
from classifier.training.taught_places import TaughtText, taught_row
from models.places import Feature, FeatureKind

DIGITS = 2
_FEATURES = {
    "point": FeatureKind.LANDMARK,
    "area": FeatureKind.AREA,
    "road": FeatureKind.STREET,
    "river": FeatureKind.WATERWAY,
}


def benchmark(
    train_rows: Iterable[Mapping[str, Any]],
    dev_rows: Iterable[Mapping[str, Any]],
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Figures of the rules with a gazetteer of the train rows' names, and of these with a recogniser trained on them.

    Rows hold `text` and `spans`. About a minute on one core.
    """
    teaching, testing = [taught_row(row) for row in train_rows], [taught_row(row) for row in dev_rows]
    rules = rules_of(teaching)
    started = time.process_time()
    trained = fit(teaching, rules_of, tell)
    fitted = time.process_time()
    measured = {
        "rules": asdict(figures(testing, rules)),
        "recogniser_alone": asdict(figures(testing, trained.read)),
        "with_recogniser": asdict(figures(testing, lambda text: trained.find(text, rules(text)))),
    }
    started_reading = time.process_time()
    for one in testing:
        trained.read(one.text)
    spent = time.process_time() - started_reading
    return measured | {
        "fit_seconds": round(fitted - started, DIGITS),
        "milliseconds_a_post": round(1000 * spent / max(len(testing), 1), DIGITS),
    }


def rules_of(texts: Sequence[TaughtText]) -> Find:
    """The rules with a gazetteer of the names that stand in these texts."""
    names = {(spot.kind, one.text[spot.start : spot.end]) for one in texts for spot in one.places}
    return Finder(Feature(_FEATURES[kind], name) for kind, name in sorted(names)).find
