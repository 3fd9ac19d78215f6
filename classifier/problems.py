"""Several problems in one post: which clauses tell of which, found by the lexicons' strong cues.

Only clauses that name a problem outright count; a second problem that is merely hinted at is left to the person.
"""

from collections.abc import Sequence
from itertools import pairwise

from classifier.answers import Signs
from classifier.category import CategoryScore
from classifier.services import ServiceMap
from classifier.words import STOP
from models import Problem

NAMED_OUTRIGHT = 2.5
"""The score of a category from which a clause is about it: one strong cue, or several plain ones."""
LEAST_LIKELY = 0.03
"""A kind that the whole post makes less likely than this is only what the real problem did ("two flat tires")."""
JOINING = frozenset({"and", "also", "plus", "y", "tambien", "et", "aussi", "e", "tambem", "\u0438", "\u0442\u0430"})


def several_problems(signs: Signs, categories: Sequence[CategoryScore], offered: ServiceMap) -> list[Problem]:
    """The problems of a text that tells of two or more, in its order; empty for one or none."""
    named = [one for one in signs.categories if one.score >= NAMED_OUTRIGHT]
    if len(named) < 2:
        return []
    clauses = _clauses(signs)
    best: dict[tuple[int, int], tuple[float, str]] = {}
    for one in named:
        for clause in clauses:
            weight = sum(weight for weight, places in one.parts if _inside(places, clause))
            if weight >= NAMED_OUTRIGHT and weight > best.get(clause, (0.0, ""))[0]:
                best[clause] = (weight, one.code)
    if len({code for _, code in best.values()}) < 2:
        return []
    likely = {one.code: one.probability for one in categories}
    ruled = {one.code: one.probability for one in signs.categories}
    told: dict[str, Problem] = {}
    for (first, last), (_, code) in sorted(best.items()):
        if likely.get(code, ruled[code]) < LEAST_LIKELY:
            continue
        for service_code in offered.codes_of(code, signs.words)[:1]:
            start, end = signs.words.span(first, last)
            probability = round(likely.get(code, ruled[code]), 4)
            told.setdefault(
                service_code, Problem(service_code=service_code, probability=probability, start=start, end=end)
            )
    return list(told.values()) if len(told) > 1 else []


def _clauses(signs: Signs) -> list[tuple[int, int]]:
    """The text cut at stops and joining words, as (first word, word after the last)."""
    cut = [place for place, form in enumerate(signs.words.forms) if form == STOP or form in JOINING]
    edges = [-1, *cut, len(signs.words.forms)]
    return [(first + 1, last) for first, last in pairwise(edges) if last > first + 1]


def _inside(places: Sequence[tuple[int, int]], clause: tuple[int, int]) -> bool:
    return all(clause[0] <= first and last <= clause[1] for first, last in places)
