"""Labelled posts of other people that benchmarks measure on. None of them is in this repository.

The folder is named on the command line, else by THIRD_PARTY_POSTS, else it is `shared/data` beside the repository. Each
set is a folder with a dev.jsonl. Without any, our own test set, written apart from the corpus, is measured on.
"""

import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from classifier.evaluation import LabelledRows, read_rows

ROOT = Path(__file__).parent.parent
WRITTEN_APART = ROOT / "tests" / "classifier" / "written_apart"
NAMED_BY = "THIRD_PARTY_POSTS"
REPORTS = ("scf_newhaven", "scf_georgia", "publicstuff_nyc")
"""Residents' reports to cities, with the category of the city's form. None is from X."""
GOLD, FIGURATIVE = "gold311", "disaster_tweets"
FROM_X = frozenset({"mumbai_tweets", "indian_transport", "disaster_tweets", "crisislex_t26"})
MIXED = (
    "boston311",
    *REPORTS,
    "scf_atl_threads",
    "scf_atl2018_replies",
    "sf311_encampment",
    "mumbai_tweets",
    "bengaluru_civic",
    "indian_transport",
)
"""What the speed is measured on: reports, replies and posts as a listener hears them."""


@dataclass(frozen=True, slots=True)
class OthersPosts:
    """The folder of the sets; `folder` is None where there is none, and then our own test set stands in."""

    folder: Path | None

    @classmethod
    def found(cls, named: Path | None) -> "OthersPosts":
        """Where the sets are, by the order above."""
        by_environment = os.environ.get(NAMED_BY)
        folder = named or (Path(by_environment) if by_environment else ROOT.parent / "shared" / "data")
        return cls(folder if any((folder / one / "dev.jsonl").exists() for one in (*REPORTS, GOLD)) else None)

    @property
    def reports(self) -> list[Path]:
        """Files whose rows have a category."""
        return self._files(REPORTS) or [WRITTEN_APART / "category.en.jsonl"]

    @property
    def intents(self) -> list[Path]:
        """Files whose rows have an intent."""
        return self._files([GOLD]) or [WRITTEN_APART / "intent.en.jsonl"]

    @property
    def dangers(self) -> list[Path]:
        """Files whose rows are emergencies or not."""
        return self._files([GOLD]) or [WRITTEN_APART / "danger.en.jsonl"]

    @property
    def figurative(self) -> list[Path]:
        """Files with disaster words as figures of speech; may be none."""
        return self._files([FIGURATIVE])

    def mixed(self, count: int, seed: int) -> list[str]:
        """Up to `count` different posts of all kinds in an order of chance, the same for the same seed."""
        files = self._files(MIXED) or sorted(WRITTEN_APART.glob("*.jsonl"))
        told = sorted({row["text"] for file in files for row in _lines(file) if isinstance(row.get("text"), str)})
        random.Random(seed).shuffle(told)
        return told[:count]

    def file(self, name: str) -> Path | None:
        """The development file of one set; None where it is absent."""
        return next(iter(self._files([name])), None)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Every row of one set, in the order of its file; none where it is absent."""
        return [row for file in self._files([name]) for row in _lines(file)]

    def ids(self, name: str, listed: str) -> frozenset[str]:
        """The row ids that a list beside one set names."""
        file = self.folder / name / listed if self.folder else None
        return frozenset(file.read_text("utf-8").split()) if file and file.exists() else frozenset()

    def covers(self) -> dict[str, str]:
        """What each category covers in plain words, where the folder says so; else nothing."""
        file = self.folder / "taxonomy.json" if self.folder else None
        if file is None or not file.exists():
            return {}
        return {one["code"]: f"{one['name']}: {one['covers']}" for one in json.loads(file.read_text("utf-8"))}

    def _files(self, sets: Sequence[str]) -> list[Path]:
        if self.folder is None:
            return []
        return [file for one in sets if (file := self.folder / one / "dev.jsonl").exists()]


def languages() -> dict[str, Path]:
    """The category file of each language in our own test set."""
    return {file.name.split(".")[1]: file for file in sorted(WRITTEN_APART.glob("category.*.jsonl"))}


def without_x(task: str, files: Sequence[Path]) -> LabelledRows[Any]:
    """The rows of these files that count for a task and do not come from X."""
    held = read_rows(task, files)
    sources = [row.get("source_set") for file in files for row in _lines(file)]
    names = {row.file for row in held.rows}
    assert len(names) <= 1, "line numbers are told apart within one file"
    return replace(held, rows=tuple(row for row in held.rows if sources[row.line - 1] not in FROM_X))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
