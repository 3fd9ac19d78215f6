"""How far around, and how far back, repeats of a service are looked for: its own figures, else those of its kind."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from sqlmodel import Session

from classifier.neighbours.keys import SQUARE_M
from classifier.neighbours.reach import reach_of
from models import ServiceReach, record
from models.neighbours import OLDEST

WIDEST_M, OLDEST_DAYS = int(SQUARE_M), OLDEST.days
DAY = 24
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Figures:
    """A radius in metres and an age in hours; None: nobody has said, so the kind of problem decides."""

    radius_m: float | None
    hours: float | None

    @classmethod
    def own(cls, reach: ServiceReach | None) -> Self:
        return cls(reach.radius_m, reach.hours) if reach else cls(None, None)

    @classmethod
    def of_kind(cls, category: str) -> Self:
        """What counts for a kind of problem; for "" and every unknown one, what counts for any."""
        reach = reach_of(category)
        return cls(reach.radius_m, reach.hours)

    def over(self, default: "Figures") -> "Figures":
        """These, and the default's where there are none."""
        return Figures(
            default.radius_m if self.radius_m is None else self.radius_m,
            default.hours if self.hours is None else self.hours,
        )

    @property
    def in_days(self) -> bool:
        return self.hours is not None and self.hours >= 2 * DAY and self.hours % DAY == 0

    @property
    def age(self) -> str:
        """The age as a number, in days where it is whole days; "" for none."""
        if self.hours is None:
            return ""
        return f"{self.hours / DAY if self.in_days else self.hours:g}"

    def __str__(self) -> str:
        if self.radius_m == 0:
            return "looked for nowhere"
        radius = "" if self.radius_m is None else f"{self.radius_m:,.10g} m"
        hours = f"{self.age} {'days' if self.in_days else 'hour' if self.hours == 1 else 'hours'}" if self.age else ""
        return ", ".join(filter(None, (radius, hours))) or "by its kind"


LIMITS = Figures(WIDEST_M, OLDEST_DAYS * DAY)
"""Repeats are looked up no farther off and no further back, whatever a service asks for."""


def read_figures(radius: str, age: str, unit: str) -> tuple[Figures, list[str]]:
    """What somebody typed, empty for the default, with every reason against it. unit: "days", else hours."""
    metres, number = _read(radius), _read(age)
    hours = number * DAY if number is not None and unit == "days" else number
    problems = []
    if radius.strip() and (metres is None or metres > WIDEST_M):
        problems.append(f"The radius must be a number of metres from 0 to {WIDEST_M:,}; 0 looks nowhere.")
    if age.strip() and (hours is None or not 1 <= hours <= OLDEST_DAYS * DAY):
        problems.append(f"The age must be a number from 1 hour to {OLDEST_DAYS} days.")
    return Figures(metres, hours), problems


def keep_figures(
    session: Session, service_code: str, wanted: Figures, *, staff_id: int, today: date, now: datetime
) -> None:
    """Keep a service's own figures, or forget them where none is wanted. The change is on record."""
    reach = session.get(ServiceReach, service_code, with_for_update=True)
    before = Figures.own(reach)
    if before == wanted:
        return
    if wanted == Figures(None, None):
        session.delete(reach)
    else:
        reach = reach or ServiceReach(service_code=service_code)
        reach.radius_m, reach.hours = wanted.radius_m, wanted.hours
        reach.checked_on, reach.checked_by = today, staff_id
        session.add(reach)
    why = f"where repeats of {service_code} are looked for"
    record(session, "ServiceReach", 0, f"staff:{staff_id}", why, now, str(before), str(wanted))


def _read(typed: str) -> float | None:
    return float(typed.strip()) if _NUMBER.fullmatch(typed.strip()) else None
