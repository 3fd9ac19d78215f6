"""The figures of `benchmarks.places` beside what they have to reach, and as a table for a terminal."""

from collections.abc import Mapping
from typing import Any

from benchmarks.understanding_table import Bar, Sheet, bar_of, sheet_of_bars

Path = tuple[str, ...]

_BARS: tuple[tuple[str, Path, float | None, float | None, bool], ...] = (
    ("places on gold311, overlap F1", ("gold", "overlap_f1"), 0.85, 0.90, True),
    ("places on gold311, exact F1", ("gold", "exact_f1"), 0.72, 0.82, True),
    ("the same by usaddress, exact F1", ("gold", "usaddress", "exact_f1"), None, None, True),
    ("HarveyNER dev, exact typed F1, rules and names", ("harvey", "gazetteer", "exact_typed_f1"), 0.48, 0.55, True),
    ("HarveyNER dev, exact typed F1, trained", ("harvey", "trained", "exact_typed_f1"), 0.60, 0.70, True),
    *(
        line
        for half in ("even_learnt", "odd_learnt")
        for line in (
            (f"Boston, {half}: located", ("boston", half, "located"), 0.80, 0.90, True),
            (f"Boston, {half}: median metres", ("boston", half, "median_m"), 60, 40, False),
            (f"Boston, {half}: within 250 m", ("boston", half, "within_250"), 0.85, 0.92, True),
            (f"Boston, {half}: over 1 km off", ("boston", half, "wrong_1km"), 0.05, 0.02, False),
            (
                f"Boston, {half}: by likeness, within 250 m",
                ("boston", half, "assembled", "within_250"),
                None,
                None,
                True,
            ),
            (f"New Haven, {half}: located", ("new_haven", half, "located"), 0.75, None, True),
            (f"New Haven, {half}: within 250 m", ("new_haven", half, "within_250"), 0.80, None, True),
        )
    ),
    *(
        line
        for which in ("first", "fresh")
        for line in (
            (f"Philadelphia, {which}: right normal form", ("philadelphia", which, "right_form"), 0.92, None, True),
            (f"Philadelphia, {which}: asked where open", ("philadelphia", which, "asked"), 0.95, None, True),
            (
                f"Philadelphia, {which}: false places in 60 posts",
                ("philadelphia", which, "false_places"),
                3,
                None,
                False,
            ),
        )
    ),
    ("neighbours: planted repeats found", ("neighbours", "recall"), 0.90, None, True),
    ("the same by kind and 250 m", ("neighbours", "kind_and_250_m", "recall"), None, None, True),
    ("neighbours: suggestions a post", ("neighbours", "suggestions_a_post"), None, None, False),
    ("the same by kind and 250 m", ("neighbours", "kind_and_250_m", "suggestions_a_post"), None, None, False),
    ("neighbours: right by the readers", ("neighbours", "precision", "precision"), 0.80, None, True),
    ("find and resolve, posts/s on one core", ("speed", "posts_per_second"), 1500, None, True),
    ("gazetteer of 50,000 streets: seconds to load", ("speed", "load_seconds"), 5, None, False),
    ("gazetteer of 50,000 streets: MB more", ("speed", "memory_more_mb"), 150, None, False),
)


def bars(result: Mapping[str, Any]) -> list[Bar]:
    """Every figure that has a bar, in the order of the list of them (issue 4, "Shows")."""
    return [
        bar_of(what, _at(result, path), bar, stretch, at_least=at_least) for what, path, bar, stretch, at_least in _BARS
    ]


def _at(result: Mapping[str, Any], path: Path) -> float | None:
    found: Any = result
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found is None else float(found)


def sheet(result: Mapping[str, Any]) -> Sheet:
    """The figures with their bars; what was left out is said below."""
    machine, speed = result["machine"], result["speed"]
    absent = ", ".join(name.replace("_", " ") for name in result["left_out"])
    caption = (
        f"{machine['processor']}, {machine['cores']} cores, {result['measured_at'].replace('T', ' ')}. "
        f"Speed on {speed['posts']} posts, {speed['segments']} segments; slowest in a hundred {speed['p99_ms']} ms; "
        f"{speed['stored_per_second']} segments stored a second."
    )
    caption += f" Left out, for its posts are absent: {absent}." if absent else ""
    return sheet_of_bars("Places and neighbours", result["bars"], caption)
