"""Our own corpus: texts written for this product, one JSON object a line, `TASK.LANGUAGE.jsonl`.

How it was written stands in docs/explanation/corpus.md. `nothing.en.jsonl` holds texts that tell of no problem at all.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what it is: a category code, an intent, or "danger" or "harmless". `weight`: how much it counts."""

    text: str
    value: str
    language: str
    weight: float = 1.0


CATEGORY_LINE_WEIGHT, OTHER_CATEGORY_LINE_WEIGHT = 0.1, 0.05
"""In the intent corpus: the lines written for a category are many, and nearly all of them requests; the more so in
other languages than English, which have few lines written for an intent."""


def categories() -> list[Example]:
    """Texts of every category in every language."""
    return [Example(row["text"], row["category"], row["language"]) for row in _rows("category")]


def intents() -> list[Example]:
    """Texts of every intent, and the category texts with theirs."""
    told = [Example(row["text"], row["intent"], row["language"]) for row in _rows("intent")]
    return told + [
        Example(
            row["text"],
            row["intent"],
            row["language"],
            CATEGORY_LINE_WEIGHT if row["language"] == "en" else OTHER_CATEGORY_LINE_WEIGHT,
        )
        for row in _rows("category")
        if "intent" in row
    ]


def dangers() -> list[Example]:
    """Texts of danger, and texts that only sound like it."""
    return [
        Example(row["text"], "danger" if row["emergency"] else "harmless", row["language"]) for row in _rows("danger")
    ]


def nothings() -> list[str]:
    """Texts that tell of no problem: a place, a greeting, a sigh."""
    return [row["text"] for row in _rows("nothing")]


def _rows(task: str) -> Iterator[dict[str, Any]]:
    for file in sorted(files(__name__).iterdir(), key=lambda one: one.name):
        if file.name.startswith(f"{task}.") and file.name.endswith(".jsonl"):
            with file.open(encoding="utf-8") as lines:
                yield from map(json.loads, lines)
