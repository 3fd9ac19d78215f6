"""Plays a storm from the first fallen branch to the last closed request, on a turned clock."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hark311 import wiring
from hark311.rehearsal.approver import Approver
from hark311.rehearsal.city_at_work import CityAtWork
from hark311.rehearsal.residents import Residents
from hark311.rehearsal.stage import Stage
from hark311.rehearsal.storm_script import Storm
from models import Role

TICK = timedelta(seconds=20)
A_MINUTE = timedelta(minutes=1)
DECISIONS_A_MINUTE = 40
"""What the person at the desk decides about in a minute: a storm is worked in groups, as the desk offers it."""
PEOPLE = ("Ann Approver", "Ben Approver")
"""Two at the desk: what needs a second key gets it from the other one."""
LONGEST_AFTER = timedelta(hours=3)
"""How long it may go on after the script until nothing waits any more."""
ENDS = time(10, 0)
"""In the city: what is said of a night shift leaves in the morning, when the quiet hours are over."""

Note = Callable[[str, float], None]
"""Told what happens, and how far the play is, 0 to 1."""


def begin(now: datetime, zone: ZoneInfo, span: timedelta) -> datetime:
    """So long before ten in the morning, city time, of the day before `now`: the play is over before it is played."""
    return datetime.combine(now.astimezone(zone).date() - timedelta(days=1), ENDS, zone) - span


@dataclass(slots=True)
class Played:
    """What is left after the play: the stage still stands, for counting."""

    storm: Storm
    residents: Residents
    city: CityAtWork
    approvers: Sequence[Approver]
    began: datetime
    ended: datetime
    waiting: list[str] = field(default_factory=list)


async def play(stage: Stage, storm: Storm, note: Note) -> Played:
    """Play it: residents speak, the worker works, the approver decides, the city plans and closes, the clock turns."""
    began = stage.clock()
    turned_to = stage.clock.turned_to()
    residents, city = Residents(stage.simulator, storm), CityAtWork(stage.simulator, stage.database, storm, stage.clock)
    approvers = [
        Approver(
            stage.settings.desk_url,
            wiring.sign_in_link(stage.settings, stage.database, name, Role.SUPERVISOR),
            initials="".join(part[0] for part in name.split()),
        )
        for name in PEOPLE
    ]
    for approver in approvers:
        await asyncio.to_thread(approver.sign_in)
    await stage.work()
    quiet, last_minute = 0, -1
    while quiet < 3 and stage.clock() - began < storm.span + LONGEST_AFTER:
        passed = stage.clock.turned_to() - turned_to
        await asyncio.to_thread(residents.speak_until, passed)
        await asyncio.to_thread(city.work_until, passed)
        await stage.turn(TICK)
        minute = int(passed // A_MINUTE.total_seconds())
        if minute == last_minute:
            continue
        last_minute = minute
        for approver in approvers:
            await asyncio.to_thread(approver.work, DECISIONS_A_MINUTE // len(approvers))
        approved = sum(one.approved for one in approvers)
        note(f"{stage.clock():%H:%M} UTC · {approved} approved", min(passed / storm.span.total_seconds(), 1))
        over = residents.done and city.done
        quiet = quiet + 1 if over and not city.open_work() else 0
    return Played(storm, residents, city, approvers, began, stage.clock(), city.open_work())
