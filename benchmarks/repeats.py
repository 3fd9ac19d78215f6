"""How well repeats are found: planted ones, and what readers made of suggestions; beside kind and distance alone."""

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.others_posts import WRITTEN_APART, OthersPosts
from classifier.cascade import FollowingClassifier
from classifier.evaluation import neighbours
from classifier.evaluation.neighbours import Row
from classifier.neighbours.comparing import metres_between
from hark311.trained import made_at_set_up

SET = "boston311"
SEED = 311
_METRES, _AGE, _ASKED = 250, timedelta(days=90), 300


def measured(posts: OthersPosts, judged: Sequence[Path]) -> dict[str, Any] | None:
    """Recall on repeats of ours planted among real posts; precision by the readers' verdicts in `judged`, if any."""
    file = posts.file(SET)
    if file is None:
        return None
    kinds_of = neighbours.kinds_by(FollowingClassifier(made_at_set_up()))
    rows = neighbours.read_rows([file], kinds_of)
    pairs = neighbours.read_pairs(WRITTEN_APART / "reworded_repeats.jsonl")
    chance = random.Random(SEED)
    asked = chance.sample(rows, min(_ASKED, len(rows)))
    planted = neighbours.planted_among(rows, pairs, kinds_of, random.Random(SEED))
    return {
        "rows": len(rows),
        "suggestions_a_post": round(sum(1 for _ in neighbours.suggested(rows)) / len(rows), 3),
        **neighbours.recall(rows, pairs, kinds_of, seed=SEED),
        "precision": neighbours.precision(judged) if judged else None,
        "kind_and_250_m": {
            "recall": round(sum(_near(again, first) for first, again in planted) / len(planted), 4),
            "suggestions_a_post": round(sum(_near(one, other) for one in asked for other in rows) / len(asked), 3),
        },
    }


def _near(new: Row, known: Row) -> bool:
    """What a user may put together instead: of one kind, within 250 m, in the 90 days before."""
    apart = new.report.at - known.report.at
    if not timedelta(0) <= apart <= _AGE or new.report.id == known.report.id:
        return False
    if not set(new.report.categories[:1]) & set(known.report.categories[:1]):
        return False
    metres = metres_between(new.report, known.report)
    return metres is not None and metres <= _METRES
