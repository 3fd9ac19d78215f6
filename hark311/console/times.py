"""Times as people at the desk say them, in the city's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class CityTime:
    """Says times the city's way. Everything it is given is aware; `zone` is the city's."""

    zone: ZoneInfo

    def age(self, then: datetime, now: datetime) -> str:
        """How long ago, as short as it can be read: "now", "14 min", "3 h", "2 days"."""
        seconds = max(0, int((now - then).total_seconds()))
        if seconds < MINUTE:
            return "now"
        if seconds < HOUR:
            return f"{seconds // MINUTE} min"
        if seconds < DAY:
            return f"{seconds // HOUR} h"
        days = seconds // DAY
        return "1 day" if days == 1 else f"{days} days"

    def clock(self, at: datetime) -> str:
        """The time of day: "2:05 pm"."""
        local = at.astimezone(self.zone)
        return f"{local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"

    def moment(self, at: datetime, now: datetime) -> str:
        """Day and time: "today 2:05 pm", "yesterday 9:12 am", "Fri, Nov 20, 9:12 am"."""
        local, today = at.astimezone(self.zone), now.astimezone(self.zone).date()
        if local.date() == today:
            return f"today {self.clock(at)}"
        if local.date() == today - timedelta(days=1):
            return f"yesterday {self.clock(at)}"
        year = f" {local.year}" if local.year != today.year else ""
        return f"{local:%a, %b} {local.day}{year}, {self.clock(at)}"

    def day(self, at: datetime) -> str:
        """A date as people say it: "Friday, Nov 27"."""
        local = at.astimezone(self.zone)
        return f"{local:%A, %b} {local.day}"

    def today(self, now: datetime) -> date:
        """The date it is in the city."""
        return now.astimezone(self.zone).date()

    def calendar(self, day: date, now: datetime) -> str:
        """A date without a time, as short as it can be read: "Nov 3", "Nov 3, 2025"."""
        return f"{day:%b} {day.day}{'' if day.year == self.today(now).year else f', {day.year}'}"
