"""How far around, and how far back, one looks for the same problem: a table by category, `reach.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files

from classifier.taxonomy import CATEGORIES


@dataclass(frozen=True, slots=True)
class Reach:
    """radius_m: beyond it there are two problems. near_m: within it, kind and time are enough. hours: how far back.

    far_m: the radius where both texts name what reaches far, an outage, a flood or a smell (`far` in telling.toml).
    """

    group: str
    radius_m: float
    near_m: float
    hours: float
    far_m: float = 0.0

    def with_own(self, radius_m: float | None, hours: float | None) -> "Reach":
        """A service's own radius and age, where a supervisor gave it some."""
        radius = self.radius_m if radius_m is None else radius_m
        return replace(
            self, radius_m=radius, near_m=min(self.near_m, radius), hours=self.hours if hours is None else hours
        )


def reach_of(category: str) -> Reach:
    """The reach of a category; that of DEFAULT for any other word."""
    table = _table()
    return table.get(category, table["DEFAULT"])


def checked() -> date:
    """When the table was last gone over."""
    when = _read()["checked"]
    if not isinstance(when, date):
        raise TypeError("reach.toml needs `checked`, a date")
    return when


@cache
def _read() -> Mapping[str, object]:
    return tomllib.loads((files("classifier.neighbours") / "reach.toml").read_text("utf-8"))


@cache
def _table() -> Mapping[str, Reach]:
    return {name: Reach(**row) for name, row in _read().items() if isinstance(row, dict)}


GROUPS: Mapping[str, str] = {category: reach_of(category).group for category in CATEGORIES}
"""Category -> the group it is looked at with."""
