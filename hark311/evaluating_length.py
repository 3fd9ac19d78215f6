"""`hark evaluate length`: how X counts, held against twitter-text's conformance file (YAML)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import typer
import yaml
from rich.console import Console
from rich.table import Table

from models import Channel
from responders.registry import length_of

Fail = Callable[[str, int], NoReturn]

TODAY = "WeightedTweetsWithDiscountedEmojiCounterTest"
"""The group that tells how X counts today (twitter-text v3): an emoji sequence is 2 as a whole. The others are older
ways to count, or test something beside the length; they are counted too, and told apart."""


@dataclass(slots=True)
class Group:
    """The cases of one group: how many, how many we count alike, and where we differ."""

    n: int = 0
    right: int = 0
    wrong: list[dict[str, Any]] = field(default_factory=list)


class NotConformance(Exception):
    """The file is no conformance file; the text says why."""


def length(files: Sequence[Path], *, as_json: bool, fail: Fail, out: Console) -> None:
    """Count every text of the conformance files as X does, and say where the files count otherwise."""
    groups: dict[str, Group] = {}
    for file in files:
        try:
            measure(_read(file), groups)
        except OSError as error:
            fail(f"{file} cannot be read: {error.strerror}. Nothing was measured.", 2)
        except NotConformance as error:
            fail(f"{file} is no conformance file of twitter-text: {error}. Nothing was measured.", 1)
    if TODAY not in groups:
        fail(f"No file has the group {TODAY}, by which X counts today. Nothing was measured.", 1)
    if as_json:
        found = {
            "task": "length",
            "n": groups[TODAY].n,
            "right": groups[TODAY].right,
            "groups": {name: {"n": one.n, "right": one.right} for name, one in groups.items()},
            "wrong": groups[TODAY].wrong,
        }
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("group", "texts", "right")
    for name, one in groups.items():
        table.add_row(f"{name} (today)" if name == TODAY else name, str(one.n), str(one.right))
    out.print(table)
    for wrong in groups[TODAY].wrong:
        out.print(f"{wrong['description']}: {wrong['expected']} expected, {wrong['counted']} counted", markup=False)


def measure(cases: Iterator[tuple[str, str, str, int]], groups: dict[str, Group]) -> None:
    """Add cases (group, description, text, weighted length) to `groups`."""
    for name, description, text, expected in cases:
        group, counted = groups.setdefault(name, Group()), length_of(Channel.X, text)
        group.n += 1
        group.right += counted == expected
        if counted != expected:
            group.wrong.append({"description": description, "expected": expected, "counted": counted})


def _read(file: Path) -> Iterator[tuple[str, str, str, int]]:
    """The cases that say a weighted length. Raises NotConformance and OSError."""
    try:
        read = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        raise NotConformance(f"it is no YAML{f' (line {where.line + 1})' if where else ''}") from None
    tests = read.get("tests") if isinstance(read, Mapping) else None
    if not isinstance(tests, Mapping):
        raise NotConformance("it has no `tests` with groups in it")
    found = [case for name, cases in tests.items() for case in _cases(str(name), cases)]
    return iter(found)


def _cases(name: str, cases: object) -> Iterator[tuple[str, str, str, int]]:
    for number, case in enumerate(cases if isinstance(cases, list) else (), 1):
        expected = case.get("expected") if isinstance(case, Mapping) else None
        if not isinstance(expected, Mapping) or "weightedLength" not in expected:
            continue  # a group about something else, such as valid user names
        text, weight = case.get("text"), expected["weightedLength"]
        if not isinstance(text, str) or not isinstance(weight, int):
            raise NotConformance(f"case {number} of {name} has no text, or no number for its length")
        yield name, str(case.get("description", number)), text, weight
